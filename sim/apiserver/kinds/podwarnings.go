package kinds

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// podWarnings remarks upon a pod's name and spec.
func podWarnings(pod *corev1.Pod) []string {
	var warnings []string
	if messages := dnsLabel(pod.Name); messages != nil {
		warnings = append(warnings, fmt.Sprintf("metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: %v", messages))
	}
	return append(warnings, specWarnings(nil, &pod.Spec, &pod.ObjectMeta)...)
}

// templateWarnings remarks upon the template of pods at a path.
func templateWarnings(p *field.Path, t *corev1.PodTemplateSpec) []string {
	return specWarnings(p, &t.Spec, &t.ObjectMeta)
}

// remarks collects warnings about a pod or a template at path, nil for a pod.
type remarks struct {
	path *field.Path
	spec *corev1.PodSpec
	meta *metav1.ObjectMeta
	list []string
}

func specWarnings(p *field.Path, spec *corev1.PodSpec, meta *metav1.ObjectMeta) []string {
	r := &remarks{path: p, spec: spec, meta: meta}
	r.placement()
	r.oldAnnotations()
	r.oldVolumes()
	r.volumePaths()
	r.duplicates()
	r.overhead()
	r.containers()
	r.ports()
	if grace := spec.TerminationGracePeriodSeconds; grace != nil && *grace < 0 {
		r.say(r.child("terminationGracePeriodSeconds"), "must be >= 0; negative values are invalid and will be treated as 1")
	}
	r.affinityTerms()
	return r.list
}

// child is the path of a field below the spec.
func (r *remarks) child(names ...string) *field.Path {
	return at(r.path, "spec").Child(names[0], names[1:]...)
}

func (r *remarks) say(p *field.Path, format string, args ...any) {
	r.list = append(r.list, p.String()+": "+fmt.Sprintf(format, args...))
}

// deprecatedLabel is what is said of a node's label that has another name now.
func deprecatedLabel(key string) (string, bool) {
	since := map[string]string{
		corev1.LabelFailureDomainBetaZone: "v1.17", corev1.LabelFailureDomainBetaRegion: "v1.17", corev1.LabelInstanceType: "v1.17",
		"beta.kubernetes.io/os": "v1.14", "beta.kubernetes.io/arch": "v1.14",
	}
	if now, ok := betaLabels[key]; ok {
		return fmt.Sprintf("deprecated since %s; use %q instead", since[key], now), true
	}
	return "", false
}

func (r *remarks) placement() {
	for _, k := range sorted(nil, r.spec.NodeSelector) {
		if text, ok := deprecatedLabel(k); ok {
			r.say(r.child("nodeSelector").Key(k), "%s", text)
		}
	}
	if a := nodeAffinity(r.spec); a != nil {
		p := r.child("affinity", "nodeAffinity")
		for i, term := range requiredTerms(a) {
			r.nodeTerm(p.Child("requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms").Index(i), &term)
		}
		for i, term := range a.PreferredDuringSchedulingIgnoredDuringExecution {
			r.nodeTerm(p.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i).Child("preference"), &term.Preference)
		}
	}
	for i, c := range r.spec.TopologySpreadConstraints {
		p := r.child("topologySpreadConstraints").Index(i)
		if text, ok := deprecatedLabel(c.TopologyKey); ok {
			r.say(p.Child("topologyKey"), "%s is %s", c.TopologyKey, text)
		}
		if c.LabelSelector == nil {
			r.say(p.Child("labelSelector"), "a null labelSelector results in matching no pod")
		}
	}
}

func (r *remarks) nodeTerm(p *field.Path, t *corev1.NodeSelectorTerm) {
	for i, e := range t.MatchExpressions {
		if text, ok := deprecatedLabel(e.Key); ok {
			r.say(p.Child("matchExpressions").Index(i).Child("key"), "%s is %s", e.Key, text)
		}
	}
}

func (r *remarks) oldAnnotations() {
	if len(r.meta.Annotations) == 0 {
		return
	}
	p := at(r.path, "metadata").Child("annotations")
	for _, old := range []struct{ key, text string }{
		{"scheduler.alpha.kubernetes.io/critical-pod", `non-functional in v1.16+; use the "priorityClassName" field instead`},
		{"security.alpha.kubernetes.io/sysctls", `non-functional in v1.11+; use the "sysctls" field instead`},
		{"security.alpha.kubernetes.io/unsafe-sysctls", `non-functional in v1.11+; use the "sysctls" field instead`},
	} {
		if _, ok := r.meta.Annotations[old.key]; ok {
			r.say(p.Key(old.key), "%s", old.text)
		}
	}
}

func (r *remarks) oldVolumes() {
	for i := range r.spec.Volumes {
		v, p := &r.spec.Volumes[i], r.child("volumes").Index(i)
		for _, old := range []struct {
			set         bool
			child, text string
		}{
			{v.PhotonPersistentDisk != nil, "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"},
			{v.GitRepo != nil, "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"},
			{v.ScaleIO != nil, "scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
			{v.Flocker != nil, "flocker", "deprecated in v1.22, non-functional in v1.25+"},
			{v.StorageOS != nil, "storageOS", "deprecated in v1.22, non-functional in v1.25+"},
			{v.Quobyte != nil, "quobyte", "deprecated in v1.22, non-functional in v1.25+"},
			{v.Glusterfs != nil, "glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
			{v.CephFS != nil, "cephfs", "deprecated in v1.28, non-functional in v1.31+"},
			{v.RBD != nil, "rbd", "deprecated in v1.28, non-functional in v1.31+"},
		} {
			if old.set {
				r.say(p.Child(old.child), "%s", old.text)
			}
		}
		if v.Ephemeral != nil && v.Ephemeral.VolumeClaimTemplate != nil {
			r.list = append(r.list, fractionalStorage(p.Child("ephemeral", "volumeClaimTemplate", "spec"), &v.Ephemeral.VolumeClaimTemplate.Spec)...)
		}
	}
}

func (r *remarks) duplicates() {
	for i, alias := range r.spec.HostAliases {
		if slices.ContainsFunc(r.spec.HostAliases[:i], func(o corev1.HostAlias) bool { return o.IP == alias.IP }) {
			r.say(r.child("hostAliases").Index(i).Child("ip"), "duplicate ip %q", alias.IP)
		}
	}
	for i, secret := range r.spec.ImagePullSecrets {
		if slices.Contains(r.spec.ImagePullSecrets[:i], secret) {
			r.say(r.child("imagePullSecrets").Index(i).Child("name"), "duplicate name %q", secret.Name)
		}
	}
	for i, secret := range r.spec.ImagePullSecrets {
		if secret.Name == "" {
			r.say(r.child("imagePullSecrets").Index(i).Child("name"), "invalid empty name %q", secret.Name)
		}
	}
}

func (r *remarks) overhead() {
	r.list = append(r.list, fractional(r.child("overhead"), r.spec.Overhead, corev1.ResourceMemory)...)
	r.list = append(r.list, fractional(r.child("overhead"), r.spec.Overhead, corev1.ResourceEphemeralStorage)...)
}

// fractional remarks upon a number of bytes that is not whole.
func fractional(p *field.Path, list corev1.ResourceList, name corev1.ResourceName) []string {
	if q, ok := list[name]; ok && q.MilliValue()%1000 != 0 {
		return []string{fmt.Sprintf("%s: fractional byte value %q is invalid, must be an integer", p.Key(string(name)), q.String())}
	}
	return nil
}

func (r *remarks) containers() {
	annotations := at(r.path, "metadata").Child("annotations")
	if _, ok := r.meta.Annotations[corev1.SeccompPodAnnotationKey]; ok && (r.spec.SecurityContext == nil || r.spec.SecurityContext.SeccompProfile == nil) {
		r.say(annotations.Key(corev1.SeccompPodAnnotationKey), `non-functional in v1.27+; use the "seccompProfile" field instead`)
	}
	eachContainer(at(r.path, "spec"), r.spec, func(p *field.Path, c *corev1.Container) {
		if len(r.meta.Annotations) > 0 {
			r.profiles(annotations, c)
		}
		for _, name := range []corev1.ResourceName{corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
			r.list = append(r.list, fractional(p.Child("resources", "limits"), c.Resources.Limits, name)...)
			r.list = append(r.list, fractional(p.Child("resources", "requests"), c.Resources.Requests, name)...)
		}
		r.hidden(p, c.Env)
	})
}

// profiles remarks upon annotations that fields have replaced.
func (r *remarks) profiles(annotations *field.Path, c *corev1.Container) {
	key := corev1.SeccompContainerAnnotationKeyPrefix + c.Name
	if _, ok := r.meta.Annotations[key]; ok && (c.SecurityContext == nil || c.SecurityContext.SeccompProfile == nil) {
		r.say(annotations.Key(key), `non-functional in v1.27+; use the "seccompProfile" field instead`)
	}
	key = corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix + c.Name
	if _, ok := r.meta.Annotations[key]; ok && r.path != nil && appArmorOf(r.spec.SecurityContext, c) == nil {
		r.say(annotations.Key(key), `deprecated since v1.30; use the "appArmorProfile" field instead`)
	}
}

// hidden remarks upon variables that hide others of the same name, unless they
// build upon them.
func (r *remarks) hidden(p *field.Path, env []corev1.EnvVar) {
	for i, v := range env {
		if !slices.ContainsFunc(env[:i], func(o corev1.EnvVar) bool { return o.Name == v.Name }) {
			continue
		}
		ref := "$(" + v.Name + ")"
		if v.ValueFrom != nil || v.Value == ref || !strings.Contains(v.Value, ref) {
			r.say(p.Child("env").Index(i), "hides previous definition of %q, which may be dropped when using apply", v.Name)
		}
	}
}

// ports remarks upon ports that two containers have, as far as it is no fault.
func (r *remarks) ports() {
	type place struct {
		path *field.Path
		port corev1.ContainerPort
	}
	var before []place
	eachContainer(at(r.path, "spec"), r.spec, func(p *field.Path, c *corev1.Container) {
		for i, port := range c.Ports {
			here := p.Child("ports").Index(i)
			if port.HostIP != "" && port.HostPort == 0 {
				r.say(here, "hostIP set without hostPort: %+v", port)
			}
			for _, other := range before {
				if other.port.ContainerPort != port.ContainerPort || other.port.Protocol != port.Protocol {
					continue
				}
				switch sameIP := port.HostIP == other.port.HostIP; {
				case sameIP && port.HostPort == other.port.HostPort:
					r.say(here, "duplicate port definition with %s", other.path)
				case port.HostPort == 0 || other.port.HostPort == 0:
					r.say(here, "overlapping port definition with %s", other.path)
				case port.HostPort == other.port.HostPort && (port.HostIP == "" || other.port.HostIP == ""):
					r.say(here, "dangerously ambiguous port definition with %s", other.path)
				}
			}
			before = append(before, place{here, port})
		}
	})
}

func (r *remarks) affinityTerms() {
	a := r.spec.Affinity
	if a == nil {
		return
	}
	if a.PodAffinity != nil {
		r.podTerms(r.child("affinity", "podAffinity"), a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution, a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if a.PodAntiAffinity != nil {
		r.podTerms(r.child("affinity", "podAntiAffinity"), a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution, a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	}
}

func (r *remarks) podTerms(p *field.Path, required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm) {
	const text = "a null labelSelector results in matching no pod"
	for i := range required {
		if required[i].LabelSelector == nil {
			r.say(p.Child("requiredDuringSchedulingIgnoredDuringExecution").Index(i).Child("labelSelector"), text)
		}
	}
	for i := range preferred {
		if preferred[i].PodAffinityTerm.LabelSelector == nil {
			r.say(p.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i).Child("podAffinityTerm", "labelSelector"), text)
		}
	}
}
