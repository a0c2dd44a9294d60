package kinds

import (
	"fmt"
	"math"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// podSpec validates the spec of a pod or of a pod's template, whose parent is at
// path. podName is needed for what the pod's name goes into; a template has none.
func (f *faults) podSpec(path *field.Path, spec *corev1.PodSpec, pod bool, podName string) {
	c := &podCheck{faults: f, spec: spec, path: path, pod: pod}
	if spec.TerminationGracePeriodSeconds == nil {
		c.required(path, "terminationGracePeriodSeconds", "")
	}
	if len(spec.Volumes) > 0 {
		c.checkVolumes(podName)
	}
	c.resourceClaims()
	c.containers()
	if len(spec.InitContainers) > 0 {
		c.initContainers()
	}
	if len(spec.EphemeralContainers) > 0 {
		c.ephemeralContainers()
	}
	if spec.Resources != nil {
		c.podResources(path.Child("resources"), spec.Resources)
	}
	c.hostNetworkPorts()
	oneOf(f, path, "restartPolicy", spec.RestartPolicy, corev1.RestartPolicyAlways, corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever)
	oneOf(f, path, "dnsPolicy", spec.DNSPolicy, corev1.DNSClusterFirstWithHostNet, corev1.DNSClusterFirst, corev1.DNSDefault, corev1.DNSNone)
	c.labels(path, "nodeSelector", spec.NodeSelector)
	if spec.SecurityContext != nil {
		c.podSecurity(path.Child("securityContext"), spec.SecurityContext)
	}
	c.placement()
	c.users()
	c.names()
	c.system()
	c.fileRefVolumes()
}

// placement validates what decides where and with whom the pod may run.
func (c *podCheck) placement() {
	spec, p := c.spec, c.path
	if spec.Affinity != nil {
		c.affinity(spec.Affinity)
	}
	c.dnsConfig()
	for i, gate := range spec.ReadinessGates {
		c.rule(p.Child("readinessGates").Index(i), "conditionType", string(gate.ConditionType), qualifiedName)
	}
	if len(spec.SchedulingGates) > 0 {
		c.schedulingGates(p.Child("schedulingGates"), spec.SchedulingGates)
	}
	if len(spec.TopologySpreadConstraints) > 0 {
		c.spreadConstraints(p.Child("topologySpreadConstraints"), spec.TopologySpreadConstraints)
	}
	c.hostProcess()
}

// users validates a pod whose users are not those of the host: it cannot share
// other things with the host either.
func (c *podCheck) users() {
	if c.sharesUsers() {
		return
	}
	const detail = "when `hostUsers` is false"
	if c.spec.HostNetwork {
		c.forbidden(c.path, "hostNetwork", detail)
	}
	if c.spec.HostPID {
		c.forbidden(c.path, "HostPID", detail)
	}
	if c.spec.HostIPC {
		c.forbidden(c.path, "HostIPC", detail)
	}
	c.eachContainer(func(p *field.Path, ctr *corev1.Container) {
		if len(ctr.VolumeDevices) > 0 {
			c.forbidden(p, "volumeDevices", detail)
		}
	})
}

// names validates the names that the pod gives and refers to.
func (c *podCheck) names() {
	spec, p := c.spec, c.path
	c.hostnameOverride()
	ifGiven(c.faults, p, "serviceAccountName", spec.ServiceAccountName, dnsSubdomain)
	ifGiven(c.faults, p, "nodeName", spec.NodeName, dnsSubdomain)
	if d := spec.ActiveDeadlineSeconds; d != nil && (*d < 1 || *d > math.MaxInt32) {
		c.invalid(p, "activeDeadlineSeconds", *d, validation.InclusiveRangeError(1, math.MaxInt32))
	}
	ifGiven(c.faults, p, "hostname", spec.Hostname, dnsLabel)
	ifGiven(c.faults, p, "subdomain", spec.Subdomain, dnsLabel)
	if len(spec.Tolerations) > 0 {
		c.tolerations(p.Child("tolerations"), spec.Tolerations)
	}
	for i, alias := range spec.HostAliases {
		idx := p.Child("hostAliases").Index(i)
		c.ip(idx.Child("ip"), alias.IP)
		for j, name := range alias.Hostnames {
			c.rule(idx.Child("hostnames").Index(j), "", name, dnsSubdomain)
		}
	}
	ifGiven(c.faults, p, "priorityClassName", spec.PriorityClassName, dnsSubdomain)
	if spec.RuntimeClassName != nil {
		c.rule(p, "runtimeClassName", *spec.RuntimeClassName, dnsSubdomain)
	}
}

func ifGiven(f *faults, p *field.Path, child, value string, rule func(string) []string) {
	if value != "" {
		f.rule(p, child, value, rule)
	}
}

// system validates what is left: preemption, overhead, the operating system.
func (c *podCheck) system() {
	spec, p := c.spec, c.path
	if spec.PreemptionPolicy != nil {
		c.preemptionPolicy(p, *spec.PreemptionPolicy)
	}
	if spec.Overhead != nil {
		c.requirements(p.Child("overhead"), &corev1.ResourceRequirements{Limits: spec.Overhead}, c.containerResourceName, nil)
	}
	if spec.OS == nil {
		return
	}
	switch spec.OS.Name {
	case "":
		c.required(p.Child("os"), "name", "")
	case corev1.Linux:
		c.linuxOnly()
	case corev1.Windows:
		c.windowsOnly()
	default:
		c.add(field.NotSupported(p.Child("os"), spec.OS.Name, []corev1.OSName{corev1.Linux, corev1.Windows}))
	}
}

func (f *faults) preemptionPolicy(p *field.Path, policy corev1.PreemptionPolicy) {
	oneOf(f, p, "preemptionPolicy", policy, corev1.PreemptLowerPriority, corev1.PreemptNever)
}

func (c *podCheck) hostnameOverride() {
	name := c.spec.HostnameOverride
	if name == nil {
		return
	}
	if c.spec.SetHostnameAsFQDN != nil && *c.spec.SetHostnameAsFQDN {
		c.forbidden(c.path, "hostnameOverride", "may not be specified when setHostnameAsFQDN is true")
	}
	if c.spec.HostNetwork {
		c.forbidden(c.path, "hostnameOverride", "may not be specified when hostNetwork is true")
	}
	if len(*name) > 64 {
		c.add(field.TooLong(c.path.Child("hostnameOverride"), "", 64))
	}
	c.rule(c.path, "hostnameOverride", *name, dnsSubdomain)
}

// hostNetworkPorts requires the ports of a pod on the host's network to be the
// host's ports too. A template may leave that to the pod.
func (c *podCheck) hostNetworkPorts() {
	if !c.spec.HostNetwork {
		return
	}
	for i := range c.spec.Containers {
		for j, port := range c.spec.Containers[i].Ports {
			if port.HostPort != port.ContainerPort && (c.pod || port.HostPort != 0) {
				c.invalid(c.path.Child("containers").Index(i).Child("ports").Index(j), "hostPort", port.HostPort,
					"must match `containerPort` when `hostNetwork` is true")
			}
		}
	}
}

// dnsConfig validates the pod's own settings of name resolution.
func (c *podCheck) dnsConfig() {
	d, p := c.spec.DNSConfig, c.path.Child("dnsConfig")
	if c.spec.DNSPolicy == corev1.DNSNone {
		if d == nil {
			c.required(p, "", "must provide `dnsConfig` when `dnsPolicy` is None")
			return
		}
		if len(d.Nameservers) == 0 {
			c.required(p, "nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None")
			return
		}
	}
	if d == nil {
		return
	}
	const servers, paths, chars = 3, 32, 2048
	if len(d.Nameservers) > servers {
		c.invalid(p, "nameservers", d.Nameservers, fmt.Sprintf("must not have more than %v nameservers", servers))
	}
	for i, address := range d.Nameservers {
		c.ip(p.Child("nameservers").Index(i), address)
	}
	if len(d.Searches) > paths {
		c.invalid(p, "searches", d.Searches, fmt.Sprintf("must not have more than %v search paths", paths))
	}
	if len(strings.Join(d.Searches, " ")) > chars {
		c.invalid(p, "searches", d.Searches, fmt.Sprintf("must not have more than %v characters (including spaces) in the search list", chars))
	}
	for i, search := range d.Searches {
		if search != "." {
			c.rule(p.Child("searches").Index(i), "", strings.TrimSuffix(search, "."), validation.IsDNS1123SubdomainWithUnderscore)
		}
	}
	for i, option := range d.Options {
		if option.Name == "" {
			c.required(p.Child("options").Index(i), "", "must not be empty")
		}
	}
}

// eachContainer visits all containers of the spec with their paths.
func (c *podCheck) eachContainer(visit func(*field.Path, *corev1.Container)) {
	eachContainer(c.path, c.spec, visit)
}

func eachContainer(p *field.Path, spec *corev1.PodSpec, visit func(*field.Path, *corev1.Container)) {
	for i := range spec.InitContainers {
		visit(p.Child("initContainers").Index(i), &spec.InitContainers[i])
	}
	for i := range spec.Containers {
		visit(p.Child("containers").Index(i), &spec.Containers[i])
	}
	for i := range spec.EphemeralContainers {
		visit(p.Child("ephemeralContainers").Index(i), (*corev1.Container)(&spec.EphemeralContainers[i].EphemeralContainerCommon))
	}
}
