package kinds

import corev1 "k8s.io/api/core/v1"

// podSpecShape is how the internal type has the fields of a pod's spec: in
// another order, and what concerns the host's namespaces within the security
// context.
type podSpecShape struct {
	Volumes                       []corev1.Volume
	InitContainers                []corev1.Container
	Containers                    []corev1.Container
	EphemeralContainers           []corev1.EphemeralContainer
	RestartPolicy                 corev1.RestartPolicy
	TerminationGracePeriodSeconds *int64
	ActiveDeadlineSeconds         *int64
	DNSPolicy                     corev1.DNSPolicy
	NodeSelector                  map[string]string
	ServiceAccountName            string
	AutomountServiceAccountToken  *bool
	NodeName                      string
	SecurityContext               *securityShape
	ImagePullSecrets              []corev1.LocalObjectReference
	Hostname                      string
	Subdomain                     string
	SetHostnameAsFQDN             *bool
	Affinity                      *corev1.Affinity
	SchedulerName                 string
	Tolerations                   []corev1.Toleration
	HostAliases                   []corev1.HostAlias
	PriorityClassName             string
	Priority                      *int32
	PreemptionPolicy              *corev1.PreemptionPolicy
	DNSConfig                     *corev1.PodDNSConfig
	ReadinessGates                []corev1.PodReadinessGate
	RuntimeClassName              *string
	Overhead                      corev1.ResourceList
	EnableServiceLinks            *bool
	TopologySpreadConstraints     []corev1.TopologySpreadConstraint
	OS                            *corev1.PodOS
	SchedulingGates               []corev1.PodSchedulingGate
	ResourceClaims                []corev1.PodResourceClaim
	Resources                     *corev1.ResourceRequirements
	HostnameOverride              *string
	SchedulingGroup               *corev1.PodSchedulingGroup
}

// securityShape is how the internal type has a pod's security context.
type securityShape struct {
	HostNetwork              bool
	HostPID                  bool
	HostIPC                  bool
	ShareProcessNamespace    *bool
	HostUsers                *bool
	SELinuxOptions           *corev1.SELinuxOptions
	WindowsOptions           *corev1.WindowsSecurityContextOptions
	RunAsUser                *int64
	RunAsGroup               *int64
	RunAsNonRoot             *bool
	SupplementalGroups       []int64
	SupplementalGroupsPolicy *corev1.SupplementalGroupsPolicy
	FSGroup                  *int64
	FSGroupChangePolicy      *corev1.PodFSGroupChangePolicy
	Sysctls                  []corev1.Sysctl
	SeccompProfile           *corev1.SeccompProfile
	AppArmorProfile          *corev1.AppArmorProfile
	SELinuxChangePolicy      *corev1.PodSELinuxChangePolicy
}

func internalPodSpec(s corev1.PodSpec) podSpecShape {
	return podSpecShape{
		s.Volumes, s.InitContainers, s.Containers, s.EphemeralContainers, s.RestartPolicy, s.TerminationGracePeriodSeconds,
		s.ActiveDeadlineSeconds, s.DNSPolicy, s.NodeSelector, s.ServiceAccountName, s.AutomountServiceAccountToken, s.NodeName,
		internalSecurity(s), s.ImagePullSecrets, s.Hostname, s.Subdomain, s.SetHostnameAsFQDN, s.Affinity, s.SchedulerName,
		s.Tolerations, s.HostAliases, s.PriorityClassName, s.Priority, s.PreemptionPolicy, s.DNSConfig, s.ReadinessGates,
		s.RuntimeClassName, s.Overhead, s.EnableServiceLinks, s.TopologySpreadConstraints, s.OS, s.SchedulingGates,
		s.ResourceClaims, s.Resources, s.HostnameOverride, s.SchedulingGroup,
	}
}

func internalSecurity(s corev1.PodSpec) *securityShape {
	c := s.SecurityContext
	if c == nil {
		c = &corev1.PodSecurityContext{}
	}
	return &securityShape{
		s.HostNetwork, s.HostPID, s.HostIPC, s.ShareProcessNamespace, s.HostUsers, c.SELinuxOptions, c.WindowsOptions,
		c.RunAsUser, c.RunAsGroup, c.RunAsNonRoot, c.SupplementalGroups, c.SupplementalGroupsPolicy, c.FSGroup,
		c.FSGroupChangePolicy, c.Sysctls, c.SeccompProfile, c.AppArmorProfile, c.SELinuxChangePolicy,
	}
}
