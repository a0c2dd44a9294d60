package compose

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"minisim/internal/source"
)

// controlPlane labels and taints the nodes that a swarm calls managers.
const controlPlane = "node-role.kubernetes.io/control-plane"

// constraint is one condition on nodes: "node.labels.zone == a".
type constraint struct {
	key   string
	equal bool
	value string
}

var constraintPattern = regexp.MustCompile(`^\s*([^\s=!]+)\s*(==|!=)\s*(\S(?:.*\S)?)\s*$`)

// constraintKeys are the keys that a constraint may have, apart from labels.
var constraintKeys = []string{"node.id", "node.hostname", "node.role", "node.ip", "node.platform.os", "node.platform.arch"}

// labelPrefixes begin the keys of constraints on labels.
var labelPrefixes = []string{"node.labels.", "engine.labels."}

// parseConstraint reads a constraint, or says what is wrong with it.
func parseConstraint(text string) (constraint, error) {
	m := constraintPattern.FindStringSubmatch(text)
	if m == nil {
		return constraint{}, fmt.Errorf("%q; write KEY==VALUE or KEY!=VALUE", text)
	}
	c := constraint{key: m[1], equal: m[2] == "==", value: m[3]}
	isLabel := slices.ContainsFunc(labelPrefixes, func(p string) bool { return strings.HasPrefix(c.key, p) && c.key != p })
	switch {
	case !isLabel && !slices.Contains(constraintKeys, c.key):
		known := append(slices.Clone(constraintKeys), "node.labels.NAME", "engine.labels.NAME")
		hint := source.DidYouMean(c.key, known)
		if hint == "" {
			hint = "there are " + strings.Join(known, ", ")
		}
		return c, fmt.Errorf("unknown key %q; %s", c.key, hint)
	case c.key == "node.role" && c.value != "manager" && c.value != "worker":
		return c, fmt.Errorf("node.role is manager or worker, not %q", c.value)
	}
	return c, nil
}

// architectures are Docker's names that differ from Kubernetes' names.
var architectures = map[string]string{"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armhf": "arm", "i386": "386", "i686": "386"}

// place maps where pods may run.
func (s *service) place(spec *corev1.PodSpec) {
	if s.Platform != "" {
		s.platform(spec)
	}
	if s.Deploy == nil {
		return
	}
	var term corev1.NodeSelectorTerm
	for i, text := range s.Deploy.Placement.Constraints {
		c, err := parseConstraint(text)
		if err != nil { // only what an extended file brought in; the others were checked
			s.t.faults.Add(s.at("deploy", "placement", "constraints", index(i)), "", "%s", err)
			continue
		}
		s.constrain(c, &term, spec, "deploy", "placement", "constraints", index(i))
	}
	if len(term.MatchExpressions)+len(term.MatchFields) > 0 {
		spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{term}},
		}}
	}
	s.spread(spec)
}

// constrain adds a constraint to the one term, in which all conditions hold together.
func (s *service) constrain(c constraint, term *corev1.NodeSelectorTerm, spec *corev1.PodSpec, path ...string) {
	in := corev1.NodeSelectorOpIn
	if !c.equal {
		in = corev1.NodeSelectorOpNotIn
	}
	label := ""
	switch c.key {
	case "node.hostname":
		label = corev1.LabelHostname
	case "node.platform.os":
		label, c.value = corev1.LabelOSStable, strings.ToLower(c.value)
	case "node.platform.arch":
		label, c.value = corev1.LabelArchStable, architecture(c.value)
	case "node.id":
		term.MatchFields = append(term.MatchFields, corev1.NodeSelectorRequirement{Key: metav1.ObjectNameField, Operator: in, Values: []string{c.value}})
		s.note(Changed, "the node with the swarm ID "+c.value, "the node with that name", "write the node's name", path...)
		return
	case "node.role":
		s.role((c.value == "manager") == c.equal, term, spec, path...)
		return
	case "node.ip":
		s.note(Lost, "nodes by IP address", "Kubernetes selects nodes by labels", "label the nodes", path...)
		return
	default:
		label = c.key
		for _, prefix := range labelPrefixes {
			label = strings.TrimPrefix(label, prefix)
		}
		if strings.HasPrefix(c.key, "engine.") {
			s.note(Changed, "a label of the Docker engine", "the node's label "+label, "label the nodes", path...)
		}
	}
	if len(validation.IsQualifiedName(label)) > 0 || len(validation.IsValidLabelValue(c.value)) > 0 {
		s.note(Lost, fmt.Sprintf("nodes where %s is %s", c.key, c.value), "this is no label that Kubernetes takes", "", path...)
		return
	}
	term.MatchExpressions = append(term.MatchExpressions, corev1.NodeSelectorRequirement{Key: label, Operator: in, Values: []string{c.value}})
}

func architecture(name string) string {
	name = strings.ToLower(name)
	if known := architectures[name]; known != "" {
		return known
	}
	return name
}

// role puts pods on control-plane nodes, whose taint they must tolerate, or keeps them off.
func (s *service) role(manager bool, term *corev1.NodeSelectorTerm, spec *corev1.PodSpec, path ...string) {
	operator := corev1.NodeSelectorOpDoesNotExist
	if manager {
		s.note(Changed, "runs on the swarm's managers",
			"it wants nodes with the label "+controlPlane+" and tolerates their taint: kubeadm's masters are such nodes, but in minisim masters are no nodes, so that its pods stay Pending",
			"leave the constraint out, or give a worker this label", path...)
		operator = corev1.NodeSelectorOpExists
		spec.Tolerations = append(spec.Tolerations, corev1.Toleration{Key: controlPlane, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule})
	}
	term.MatchExpressions = append(term.MatchExpressions, corev1.NodeSelectorRequirement{Key: controlPlane, Operator: operator})
}

// platform maps "os/arch[/variant]".
func (s *service) platform(spec *corev1.PodSpec) {
	os, arch, hasArch := strings.Cut(strings.ToLower(s.Platform), "/")
	if !hasArch {
		os, arch = "linux", os
	}
	arch, variant, _ := strings.Cut(arch, "/")
	arch = architecture(arch)
	if len(validation.IsValidLabelValue(os)) > 0 || len(validation.IsValidLabelValue(arch)) > 0 || os == "" || arch == "" {
		s.note(Lost, "runs on "+s.Platform, "this is no platform", "", "platform")
		return
	}
	if variant != "" {
		s.note(Changed, "runs on "+s.Platform, "nodes are not told apart by the variant "+variant, "", "platform")
	}
	spec.NodeSelector = map[string]string{corev1.LabelOSStable: os, corev1.LabelArchStable: arch}
}

// spread maps preferences and max_replicas_per_node.
func (s *service) spread(spec *corev1.PodSpec) {
	selector := &metav1.LabelSelector{MatchLabels: s.labels()}
	seen := map[string]bool{}
	for i, preference := range s.Deploy.Placement.Preferences {
		key := preference.Spread
		for _, prefix := range labelPrefixes {
			key = strings.TrimPrefix(key, prefix)
		}
		if preference.Spread == "node.hostname" {
			key = corev1.LabelHostname
		}
		if seen[key] || len(validation.IsQualifiedName(key)) > 0 {
			s.note(Lost, "spreads over "+preference.Spread, "this is no new label to spread over", "", "deploy", "placement", "preferences", index(i))
			continue
		}
		seen[key] = true
		spec.TopologySpreadConstraints = append(spec.TopologySpreadConstraints, corev1.TopologySpreadConstraint{
			MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.ScheduleAnyway, LabelSelector: selector,
		})
	}
	if most := s.Deploy.Placement.MaxReplicas; most > 0 {
		// With fewer nodes than minDomains the scheduler takes the emptiest node to have no pod, so the skew is the
		// number of pods on a node.
		everywhere := int32(math.MaxInt32)
		spec.TopologySpreadConstraints = append(spec.TopologySpreadConstraints, corev1.TopologySpreadConstraint{
			MaxSkew: int32(min(most, math.MaxInt32)), TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.DoNotSchedule,
			LabelSelector: selector, MinDomains: &everywhere,
		})
		s.note(Changed, fmt.Sprintf("at most %d replicas on a node", most), "a topology spread constraint by host name, which counts the pods of an old version too", "",
			"deploy", "placement", "max_replicas_per_node")
	}
}

// onDifferentNodes keeps pods with the same labels on different nodes.
func onDifferentNodes(affinity *corev1.Affinity, labels map[string]string) *corev1.Affinity {
	if affinity == nil {
		affinity = &corev1.Affinity{}
	}
	affinity.PodAntiAffinity = &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
		LabelSelector: &metav1.LabelSelector{MatchLabels: labels}, TopologyKey: corev1.LabelHostname,
	}}}
	return affinity
}
