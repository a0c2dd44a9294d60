package kinds

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// podCheck validates the spec of a pod or of a pod's template.
type podCheck struct {
	*faults
	spec *corev1.PodSpec
	path *field.Path // of the spec
	pod  bool        // it is a pod, not a template
	// volumes are the sound volumes; what mounts another mounts none.
	volumes []*corev1.Volume
}

func (c *podCheck) volume(name string) *corev1.Volume {
	for _, v := range c.volumes {
		if v.Name == name {
			return v
		}
	}
	return nil
}

// sharesUsers reports whether the pod's users are those of the host.
func (c *podCheck) sharesUsers() bool { return c.spec.HostUsers == nil || *c.spec.HostUsers }

func (c *podCheck) containers() {
	p := c.path.Child("containers")
	if len(c.spec.Containers) == 0 {
		c.required(p, "", "")
		return
	}
	for i := range c.spec.Containers {
		ctr := &c.spec.Containers[i]
		idx := p.Index(i)
		c.container(idx, ctr)
		if named(c.spec.Containers[:i], ctr.Name) {
			c.duplicate(idx, "name", ctr.Name)
		}
		c.lifecycle(idx, ctr.Lifecycle)
		c.probes(idx, ctr)
		c.containerRestart(idx, ctr)
	}
	c.portConflicts(p, c.spec.Containers, 0)
}

func (c *podCheck) initContainers() {
	p := c.path.Child("initContainers")
	for i := range c.spec.InitContainers {
		ctr := &c.spec.InitContainers[i]
		idx := p.Index(i)
		c.container(idx, ctr)
		c.initRestart(idx, ctr)
		if ctr.Name != "" && named(c.spec.InitContainers[:i], ctr.Name) || named(c.spec.Containers, ctr.Name) {
			c.duplicate(idx, "name", ctr.Name)
		}
		c.portConflicts(p, c.spec.InitContainers[i:i+1], 0)
		if isSidecar(ctr) {
			c.lifecycle(idx, ctr.Lifecycle)
			c.probes(idx, ctr)
		} else {
			c.runsOnce(idx, ctr)
		}
	}
}

// runsOnce forbids an init container what only one that goes on running can have.
func (c *podCheck) runsOnce(p *field.Path, ctr *corev1.Container) {
	const detail = "may not be set for init containers without restartPolicy=Always"
	if ctr.Lifecycle != nil {
		c.forbidden(p, "lifecycle", detail)
	}
	if ctr.LivenessProbe != nil {
		c.forbidden(p, "livenessProbe", detail)
	}
	if ctr.ReadinessProbe != nil {
		c.forbidden(p, "readinessProbe", detail)
	}
	if ctr.StartupProbe != nil {
		c.forbidden(p, "startupProbe", detail)
	}
	for i, policy := range ctr.ResizePolicy {
		if policy.RestartPolicy == corev1.RestartContainer {
			c.invalid(p.Child("resizePolicy").Index(i), "restartPolicy", policy.RestartPolicy, "must not be set to 'RestartContainer' for non-sidecar initContainers")
		}
	}
}

// isSidecar reports whether an init container runs as long as the pod does.
func isSidecar(ctr *corev1.Container) bool {
	return ctr.RestartPolicy != nil && *ctr.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

func named(containers []corev1.Container, name string) bool {
	for i := range containers {
		if containers[i].Name == name {
			return true
		}
	}
	return false
}

// container is what holds for containers of all sorts.
func (c *podCheck) container(p *field.Path, ctr *corev1.Container) {
	c.require(p, "name", ctr.Name, dnsLabel)
	c.notEmpty(p, "image", ctr.Image)
	oneOf(c.faults, p, "terminationMessagePolicy", ctr.TerminationMessagePolicy,
		corev1.TerminationMessageReadFile, corev1.TerminationMessageFallbackToLogsOnError)
	if len(ctr.Ports) > 0 {
		c.ports(p.Child("ports"), ctr.Ports)
	}
	if len(ctr.Env) > 0 {
		c.env(p.Child("env"), ctr.Env)
	}
	if len(ctr.EnvFrom) > 0 {
		c.envFrom(p.Child("envFrom"), ctr.EnvFrom)
	}
	if len(ctr.VolumeMounts) > 0 {
		c.mounts(p.Child("volumeMounts"), ctr)
	}
	if len(ctr.VolumeDevices) > 0 {
		c.devices(p.Child("volumeDevices"), ctr)
	}
	oneOf(c.faults, p, "imagePullPolicy", ctr.ImagePullPolicy, corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever)
	if r := &ctr.Resources; len(r.Limits)+len(r.Requests)+len(r.Claims) > 0 {
		c.requirements(p.Child("resources"), r, c.containerResourceName, c.spec.ResourceClaims)
	}
	if len(ctr.ResizePolicy) > 0 {
		c.resizePolicy(p.Child("resizePolicy"), ctr.ResizePolicy)
	}
	if ctr.SecurityContext != nil {
		c.containerSecurity(p.Child("securityContext"), ctr.SecurityContext)
	}
}

func (f *faults) ports(p *field.Path, ports []corev1.ContainerPort) {
	for i, port := range ports {
		idx := p.Index(i)
		if port.Name != "" {
			if messages := portName(port.Name); len(messages) > 0 {
				f.messages(idx, "name", port.Name, messages)
			} else if portNamed(ports[:i], port.Name) {
				f.duplicate(idx, "name", port.Name)
			}
		}
		if port.ContainerPort == 0 {
			f.required(idx, "containerPort", "")
		} else {
			f.messages(idx, "containerPort", port.ContainerPort, validation.IsValidPortNum(int(port.ContainerPort)))
		}
		if port.HostPort != 0 {
			f.messages(idx, "hostPort", port.HostPort, validation.IsValidPortNum(int(port.HostPort)))
		}
		f.protocol(idx, port.Protocol)
	}
}

func portNamed(ports []corev1.ContainerPort, name string) bool {
	for i := range ports {
		if ports[i].Name == name {
			return true
		}
	}
	return false
}

func (f *faults) protocol(p *field.Path, protocol corev1.Protocol) {
	oneOf(f, p, "protocol", protocol, corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP)
}

// portConflicts lets no two containers have the same port of the host.
func (f *faults) portConflicts(p *field.Path, containers []corev1.Container, first int) {
	var seen map[string]bool
	for i := range containers {
		for j, port := range containers[i].Ports {
			if port.HostPort == 0 {
				continue
			}
			if seen == nil {
				seen = map[string]bool{}
			}
			key := string(port.Protocol) + "/" + port.HostIP + "/" + strconv.Itoa(int(port.HostPort))
			if seen[key] {
				f.duplicate(p.Index(first+i).Child("ports").Index(j), "hostPort", key)
			}
			seen[key] = true
		}
	}
}

func (c *podCheck) resizePolicy(p *field.Path, policies []corev1.ContainerResizePolicy) {
	seen := map[corev1.ResourceName]bool{}
	for i, policy := range policies {
		if seen[policy.ResourceName] {
			c.duplicate(p.Index(i), "", policy.ResourceName)
		}
		seen[policy.ResourceName] = true
		oneOf(c.faults, p, "", policy.ResourceName, corev1.ResourceCPU, corev1.ResourceMemory)
		oneOf(c.faults, p, "", policy.RestartPolicy, corev1.NotRequired, corev1.RestartContainer)
		if c.spec.RestartPolicy == corev1.RestartPolicyNever && policy.RestartPolicy != corev1.NotRequired {
			c.invalid(p, "", policy.RestartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'")
		}
	}
}

// initRestart is containerRestart but for sidecars, whose policy has no rules.
func (c *podCheck) initRestart(p *field.Path, ctr *corev1.Container) {
	switch {
	case ctr.RestartPolicy != nil:
		c.containerRestart(p, ctr)
	case len(ctr.RestartPolicyRules) > 0: // they are not looked at without it
		c.required(p, "restartPolicy", restartRulesNeedPolicy)
	}
}

const restartRulesNeedPolicy = "must specify restartPolicy when restart rules are used"

// containerRestart validates a container's own policy of restarts and its rules.
func (c *podCheck) containerRestart(p *field.Path, ctr *corev1.Container) {
	if ctr.RestartPolicy == nil && len(ctr.RestartPolicyRules) == 0 {
		return
	}
	if ctr.RestartPolicy == nil {
		c.required(p, "restartPolicy", restartRulesNeedPolicy)
	}
	ifSetOneOf(c.faults, p, "restartPolicy", ctr.RestartPolicy,
		corev1.ContainerRestartPolicyAlways, corev1.ContainerRestartPolicyNever, corev1.ContainerRestartPolicyOnFailure)
	if n := len(ctr.RestartPolicyRules); n > 20 {
		c.add(field.TooMany(p.Child("restartPolicyRules"), n, 20))
	}
	for i, rule := range ctr.RestartPolicyRules {
		idx := p.Child("restartPolicyRules").Index(i)
		ifSetOneOf(c.faults, idx, "action", &rule.Action, corev1.ContainerRestartRuleActionRestart, corev1.ContainerRestartRuleActionRestartAllContainers)
		if rule.ExitCodes == nil {
			c.required(idx, "exitCodes", "must be specified")
			continue
		}
		codes := idx.Child("exitCodes")
		ifSetOneOf(c.faults, codes, "operator", &rule.ExitCodes.Operator,
			corev1.ContainerRestartRuleOnExitCodesOpIn, corev1.ContainerRestartRuleOnExitCodesOpNotIn)
		if n := len(rule.ExitCodes.Values); n > 255 {
			c.add(field.TooMany(codes.Child("values"), n, 255))
		}
	}
}

// trimmedImages forbids pods, but not templates, spaces around an image.
func (f *faults) trimmedImages(p *field.Path, containers []corev1.Container) {
	for i := range containers {
		f.trimmedImage(p.Index(i), containers[i].Image)
	}
}

func (f *faults) trimmedImage(p *field.Path, image string) {
	if image != strings.TrimSpace(image) {
		f.invalid(p, "image", image, "must not have leading or trailing whitespace")
	}
}
