package compose

import (
	"fmt"
	"net"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// invalid finds what the API server would refuse. It holds the rules of Kubernetes' validation that a translation can
// break, because that code is no library.
func invalid(objects []Object) []string {
	c := checker{seen: map[string]bool{}}
	for _, o := range objects {
		kind := o.GetObjectKind().GroupVersionKind()
		c.where = kind.Kind + " " + o.GetName()
		if kind.Kind == "" || kind.Version == "" || o.Why == "" || o.Service == "" || o.Pos.Line == 0 {
			c.add("is incomplete: %v", o)
		}
		if key := kind.Kind + "/" + o.GetName(); c.seen[key] {
			c.add("is there twice")
		} else {
			c.seen[key] = true
		}
		c.metadata(o.GetLabels(), o.GetAnnotations())
		if o.GetNamespace() != "default" || o.GetLabels()["app"] == "" {
			c.add("namespace %q, labels %v", o.GetNamespace(), o.GetLabels())
		}
		c.object(o.Resource)
	}
	return c.faults
}

type checker struct {
	where  string
	seen   map[string]bool
	faults []string
}

func (c *checker) add(format string, args ...any) {
	c.faults = append(c.faults, c.where+": "+fmt.Sprintf(format, args...))
}

func (c *checker) check(what, value string, problems []string) {
	for _, p := range problems {
		c.add("%s %q: %s", what, value, p)
	}
}

func (c *checker) metadata(labels, annotations map[string]string) {
	for key, value := range labels {
		c.check("label", key, validation.IsQualifiedName(key))
		c.check("label value", value, validation.IsValidLabelValue(value))
	}
	for key := range annotations {
		c.check("annotation", key, validation.IsQualifiedName(strings.ToLower(key)))
	}
}

func (c *checker) object(r Resource) {
	switch o := r.(type) {
	case *appsv1.Deployment:
		c.check("name", o.Name, validation.IsDNS1123Label(o.Name))
		c.pod(o.Spec.Template, corev1.RestartPolicyAlways)
		if u := o.Spec.Strategy.RollingUpdate; u != nil && u.MaxSurge.IntValue() == 0 && u.MaxUnavailable.IntValue() == 0 && u.MaxSurge.StrVal == "" && u.MaxUnavailable.StrVal == "" {
			c.add("maxSurge and maxUnavailable are both 0")
		}
		if o.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType && o.Spec.Strategy.RollingUpdate != nil {
			c.add("Recreate with rollingUpdate")
		}
		if d := o.Spec.ProgressDeadlineSeconds; d != nil && *d <= o.Spec.MinReadySeconds {
			c.add("progressDeadlineSeconds %d, minReadySeconds %d", *d, o.Spec.MinReadySeconds)
		}
		if *o.Spec.Replicas < 0 || o.Spec.MinReadySeconds < 0 {
			c.add("negative")
		}
	case *appsv1.StatefulSet:
		c.pod(o.Spec.Template, corev1.RestartPolicyAlways)
	case *appsv1.DaemonSet:
		c.pod(o.Spec.Template, corev1.RestartPolicyAlways)
	case *batchv1.Job:
		c.pod(o.Spec.Template, o.Spec.Template.Spec.RestartPolicy)
		if p := o.Spec.Template.Spec.RestartPolicy; p != corev1.RestartPolicyNever && p != corev1.RestartPolicyOnFailure {
			c.add("restartPolicy %s", p)
		}
		if *o.Spec.BackoffLimit < 0 {
			c.add("negative backoffLimit")
		}
	case *corev1.Service:
		c.service(o)
	case *corev1.ConfigMap:
		c.check("name", o.Name, validation.IsDNS1123Subdomain(o.Name))
		size := 0
		for key, value := range o.Data {
			c.check("key", key, validation.IsConfigMapKey(key))
			size += len(value)
		}
		for key, value := range o.BinaryData {
			c.check("key", key, validation.IsConfigMapKey(key))
			size += len(value)
		}
		if size > 1<<20 {
			c.add("%d bytes", size)
		}
	case *corev1.Secret:
		for key, value := range o.Data {
			c.check("key", key, validation.IsConfigMapKey(key))
			if len(value) > 1<<20 {
				c.add("%d bytes", len(value))
			}
		}
	case *corev1.PersistentVolumeClaim:
		if size := o.Spec.Resources.Requests[corev1.ResourceStorage]; size.Sign() <= 0 {
			c.add("size %s", size.String())
		}
	default:
		c.add("unexpected type %T", r)
	}
}

func (c *checker) service(s *corev1.Service) {
	c.check("name", s.Name, validation.IsDNS1035Label(s.Name))
	if s.Spec.Type == corev1.ServiceTypeExternalName {
		c.check("externalName", s.Spec.ExternalName, validation.IsDNS1123Subdomain(s.Spec.ExternalName))
		return
	}
	if len(s.Spec.Ports) == 0 && s.Spec.ClusterIP != corev1.ClusterIPNone {
		c.add("no ports, and not headless")
	}
	names, numbers := map[string]bool{}, map[string]bool{}
	for _, p := range s.Spec.Ports {
		c.check("port name", p.Name, validation.IsDNS1123Label(p.Name))
		c.check("port", fmt.Sprint(p.Port), validation.IsValidPortNum(int(p.Port)))
		c.check("target", p.TargetPort.String(), validation.IsValidPortNum(p.TargetPort.IntValue()))
		number := fmt.Sprint(p.Port, p.Protocol)
		if names[p.Name] || numbers[number] {
			c.add("port %s or %s twice", p.Name, number)
		}
		names[p.Name], numbers[number] = true, true
		if p.Protocol != corev1.ProtocolTCP && p.Protocol != corev1.ProtocolUDP && p.Protocol != corev1.ProtocolSCTP {
			c.add("protocol %q", p.Protocol)
		}
		if p.AppProtocol != nil {
			c.check("appProtocol", *p.AppProtocol, validation.IsQualifiedName(*p.AppProtocol))
		}
	}
}

func (c *checker) pod(template corev1.PodTemplateSpec, want corev1.RestartPolicy) {
	c.metadata(template.Labels, template.Annotations)
	spec := template.Spec
	if p := spec.RestartPolicy; p != "" && p != want {
		c.add("restartPolicy %s", p)
	}
	if *spec.TerminationGracePeriodSeconds < 0 {
		c.add("negative grace period")
	}
	volumes := map[string]bool{}
	for _, v := range spec.Volumes {
		c.check("volume", v.Name, validation.IsDNS1123Label(v.Name))
		if volumes[v.Name] {
			c.add("volume %s twice", v.Name)
		}
		volumes[v.Name] = true
		if h := v.HostPath; h != nil && (!strings.HasPrefix(h.Path, "/") || strings.Contains(h.Path+"/", "/../")) {
			c.add("hostPath %q", h.Path)
		}
	}
	names, inUse := map[string]bool{}, map[string]bool{}
	for _, container := range slices.Concat(spec.InitContainers, spec.Containers) {
		if names[container.Name] {
			c.add("container %s twice", container.Name)
		}
		names[container.Name] = true
		c.container(container, volumes, inUse, spec)
	}
	c.podHost(spec)
}

func (c *checker) podHost(spec corev1.PodSpec) {
	if spec.Hostname != "" {
		c.check("hostname", spec.Hostname, validation.IsDNS1123Label(spec.Hostname))
	}
	if spec.RuntimeClassName != nil {
		c.check("runtimeClassName", *spec.RuntimeClassName, validation.IsDNS1123Subdomain(*spec.RuntimeClassName))
	}
	for _, alias := range spec.HostAliases {
		if net.ParseIP(alias.IP) == nil {
			c.add("host alias %q", alias.IP)
		}
		for _, name := range alias.Hostnames {
			c.check("host alias", name, validation.IsDNS1123Subdomain(name))
		}
	}
	if d := spec.DNSConfig; d != nil && len(d.Nameservers) > 3 {
		c.add("%d name servers", len(d.Nameservers))
	}
	for key, value := range spec.NodeSelector {
		c.metadata(map[string]string{key: value}, nil)
	}
	if a := spec.Affinity; a != nil && a.NodeAffinity != nil {
		for _, term := range a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
			for _, e := range term.MatchExpressions {
				c.check("affinity", e.Key, validation.IsQualifiedName(e.Key))
				for _, v := range e.Values {
					c.check("affinity", v, validation.IsValidLabelValue(v))
				}
			}
		}
	}
	keys := map[string]bool{}
	for _, s := range spec.TopologySpreadConstraints {
		key := s.TopologyKey + string(s.WhenUnsatisfiable)
		if s.MaxSkew <= 0 || keys[key] || s.MinDomains != nil && s.WhenUnsatisfiable != corev1.DoNotSchedule {
			c.add("topology spread %v", s)
		}
		keys[key] = true
		c.check("topology key", s.TopologyKey, validation.IsQualifiedName(s.TopologyKey))
	}
}

func (c *checker) container(container corev1.Container, volumes, inUse map[string]bool, spec corev1.PodSpec) {
	c.check("container", container.Name, validation.IsDNS1123Label(container.Name))
	if container.Image == "" || container.Image != strings.TrimSpace(container.Image) {
		c.add("image %q", container.Image)
	}
	paths := map[string]bool{}
	for _, m := range container.VolumeMounts {
		if !volumes[m.Name] || m.MountPath == "" || strings.Contains(m.MountPath, ":") || paths[m.MountPath] || strings.HasPrefix(m.SubPath, "/") || strings.Contains(m.SubPath, "..") {
			c.add("mount %v", m)
		}
		paths[m.MountPath] = true
	}
	for _, e := range container.Env {
		c.check("env", e.Name, validation.IsRelaxedEnvVarName(e.Name))
	}
	ports := map[string]bool{}
	for _, p := range container.Ports {
		key := fmt.Sprint(p.ContainerPort, p.Protocol)
		if ports[key] || spec.HostNetwork && p.HostPort != p.ContainerPort {
			c.add("port %v", p)
		}
		ports[key] = true
		if host := fmt.Sprint("host ", p.HostPort, p.Protocol, p.HostIP); p.HostPort != 0 && inUse[host] {
			c.add("host port %v twice", p)
		} else {
			inUse[host] = true
		}
	}
	for name, limit := range container.Resources.Limits {
		request, ok := container.Resources.Requests[name]
		if limit.Sign() < 0 || ok && request.Cmp(limit) > 0 {
			c.add("request %s of %s over limit %s", request.String(), name, limit.String())
		}
		if strings.Contains(string(name), "/") && request.Cmp(limit) != 0 {
			c.add("extended resource %s: request is not limit", name)
		}
	}
	c.probes(container)
	c.security(container)
	if l := container.Lifecycle; l != nil && l.StopSignal != nil && spec.OS == nil {
		c.add("stopSignal without os")
	}
}

func (c *checker) probes(container corev1.Container) {
	for _, p := range []*corev1.Probe{container.ReadinessProbe, container.LivenessProbe, container.StartupProbe} {
		if p != nil && (p.PeriodSeconds < 1 || p.TimeoutSeconds < 1 || p.FailureThreshold < 1 || len(p.Exec.Command) == 0) {
			c.add("probe %v", p)
		}
	}
}

func (c *checker) security(container corev1.Container) {
	s := container.SecurityContext
	if s == nil {
		return
	}
	privileged := s.Privileged != nil && *s.Privileged || s.Capabilities != nil && slices.Contains(s.Capabilities.Add, "SYS_ADMIN")
	if privileged && s.AllowPrivilegeEscalation != nil && !*s.AllowPrivilegeEscalation {
		c.add("privileged without allowPrivilegeEscalation")
	}
	for _, m := range container.VolumeMounts {
		if p := m.MountPropagation; p != nil && *p == corev1.MountPropagationBidirectional && (s.Privileged == nil || !*s.Privileged) {
			c.add("Bidirectional without privileged")
		}
	}
}
