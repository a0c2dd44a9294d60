package kinds

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const (
	weightRange  = "must be in the range 1-100"
	badOperator  = "not a valid selector operator"
	cannotBeNone = "can not be empty"
)

func (c *podCheck) affinity(a *corev1.Affinity) {
	p := c.path.Child("affinity")
	if n := a.NodeAffinity; n != nil {
		np := p.Child("nodeAffinity")
		if n.RequiredDuringSchedulingIgnoredDuringExecution != nil {
			c.nodeSelector(np.Child("requiredDuringSchedulingIgnoredDuringExecution"), n.RequiredDuringSchedulingIgnoredDuringExecution)
		}
		for i := range n.PreferredDuringSchedulingIgnoredDuringExecution {
			term := &n.PreferredDuringSchedulingIgnoredDuringExecution[i]
			idx := np.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i)
			c.weight(idx, term.Weight)
			c.nodeTerm(idx.Child("preference"), &term.Preference, true)
		}
	}
	if a.PodAffinity != nil {
		c.podAffinity(p.Child("podAffinity"), a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution,
			a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if a.PodAntiAffinity != nil {
		c.podAffinity(p.Child("podAntiAffinity"), a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution,
			a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	}
}

func (f *faults) weight(p *field.Path, weight int32) {
	if weight <= 0 || weight > 100 {
		f.invalid(p, "weight", weight, weightRange)
	}
}

func (f *faults) nodeSelector(p *field.Path, s *corev1.NodeSelector) {
	terms := p.Child("nodeSelectorTerms")
	if len(s.NodeSelectorTerms) == 0 {
		f.required(terms, "", "must have at least one node selector term")
	}
	for i := range s.NodeSelectorTerms {
		f.nodeTerm(terms.Index(i), &s.NodeSelectorTerms[i], false)
	}
}

// nodeTerm validates one alternative of a node selector. Of a mere preference
// the values may be anything.
func (f *faults) nodeTerm(p *field.Path, t *corev1.NodeSelectorTerm, anyValue bool) {
	for i := range t.MatchExpressions {
		f.nodeRequirement(p.Child("matchExpressions").Index(i), &t.MatchExpressions[i], anyValue)
	}
	for i := range t.MatchFields {
		f.nodeFieldRequirement(p.Child("matchFields").Index(i), &t.MatchFields[i])
	}
}

func (f *faults) nodeRequirement(p *field.Path, r *corev1.NodeSelectorRequirement, anyValue bool) {
	switch r.Operator {
	case corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn:
		if len(r.Values) == 0 {
			f.required(p, "values", "must be specified when `operator` is 'In' or 'NotIn'")
		}
	case corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist:
		if len(r.Values) > 0 {
			f.forbidden(p, "values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
		}
	case corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt:
		if len(r.Values) != 1 {
			f.required(p, "values", "must be specified single value when `operator` is 'Lt' or 'Gt'")
		}
	default:
		f.invalid(p, "operator", r.Operator, badOperator)
	}
	f.labelKey(p, "key", r.Key)
	for i, v := range r.Values {
		if messages := labelValue(v); !anyValue && messages != nil {
			f.messages(p.Child("values").Index(i), "", v, messages)
		}
	}
}

func (f *faults) nodeFieldRequirement(p *field.Path, r *corev1.NodeSelectorRequirement) {
	switch r.Operator {
	case corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn:
		if len(r.Values) != 1 {
			f.required(p, "values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector")
		}
	default:
		f.invalid(p, "operator", r.Operator, badOperator)
	}
	if r.Key != metav1.ObjectNameField {
		f.invalid(p, "key", r.Key, "not a valid field selector key")
		return
	}
	for i, v := range r.Values {
		f.rule(p.Child("values").Index(i), "", v, dnsSubdomain)
	}
}

func (f *faults) podAffinity(p *field.Path, required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm) {
	for i := range required {
		f.podTerm(p.Child("requiredDuringSchedulingIgnoredDuringExecution").Index(i), &required[i])
	}
	for i := range preferred {
		idx := p.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i)
		f.weight(idx, preferred[i].Weight)
		f.podTerm(idx.Child("podAffinityTerm"), &preferred[i].PodAffinityTerm)
	}
}

func (f *faults) podTerm(p *field.Path, t *corev1.PodAffinityTerm) {
	f.selector(p, "labelSelector", t.LabelSelector)
	f.selector(p, "namespaceSelector", t.NamespaceSelector)
	for _, ns := range t.Namespaces {
		f.rule(p, "namespace", ns, dnsLabel)
	}
	f.matchLabelKeys(p, t.MatchLabelKeys, t.MismatchLabelKeys, t.LabelSelector)
	if t.TopologyKey == "" {
		f.required(p, "topologyKey", cannotBeNone)
	}
	f.labelKey(p, "topologyKey", t.TopologyKey)
}

// matchLabelKeys validates the keys whose values the incoming pod gives. By now
// its values are in the selector, so a key that is there twice was also in the
// selector before.
func (f *faults) matchLabelKeys(p *field.Path, match, mismatch []string, s *metav1.LabelSelector) {
	f.selectorKeys(p.Child("matchLabelKeys"), match, s)
	f.selectorKeys(p.Child("mismatchLabelKeys"), mismatch, s)
	if s != nil && len(match) > 0 {
		seen := sorted(nil, s.MatchLabels)
		for _, e := range s.MatchExpressions {
			if i := slices.Index(match, e.Key); i >= 0 && slices.Contains(seen, e.Key) {
				f.invalid(p.Index(i), "", e.Key, "exists in both matchLabelKeys and labelSelector")
			}
			seen = append(seen, e.Key)
		}
	}
	for i, k := range match {
		if slices.Contains(mismatch, k) {
			f.invalid(p.Child("matchLabelKeys").Index(i), "", k, "exists in both matchLabelKeys and mismatchLabelKeys")
		}
	}
}

func (f *faults) selectorKeys(p *field.Path, keys []string, s *metav1.LabelSelector) {
	if len(keys) > 0 && s == nil {
		f.forbidden(p, "", "must not be specified when labelSelector is not set")
		return
	}
	for i, k := range keys {
		f.labelKey(p.Index(i), "", k)
	}
}

func (f *faults) spreadConstraints(p *field.Path, constraints []corev1.TopologySpreadConstraint) {
	for i := range constraints {
		s, idx := &constraints[i], p.Index(i)
		if s.MaxSkew <= 0 {
			f.invalid(idx, "maxSkew", int64(s.MaxSkew), "must be greater than zero")
		}
		if s.TopologyKey == "" {
			f.required(idx, "topologyKey", cannotBeNone)
		}
		ifSetOneOf(f, idx, "whenUnsatisfiable", &s.WhenUnsatisfiable, corev1.DoNotSchedule, corev1.ScheduleAnyway)
		if slices.ContainsFunc(constraints[i+1:], func(o corev1.TopologySpreadConstraint) bool {
			return o.TopologyKey == s.TopologyKey && o.WhenUnsatisfiable == s.WhenUnsatisfiable
		}) {
			f.duplicate(idx, "{topologyKey, whenUnsatisfiable}", "{"+s.TopologyKey+", "+string(s.WhenUnsatisfiable)+"}")
		}
		f.minDomains(idx, s)
		ifSetOneOf(f, idx, "nodeAffinityPolicy", s.NodeAffinityPolicy, corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore)
		ifSetOneOf(f, idx, "nodeTaintsPolicy", s.NodeTaintsPolicy, corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore)
		f.matchLabelKeys(idx, s.MatchLabelKeys, nil, s.LabelSelector)
		f.selector(idx, "labelSelector", s.LabelSelector)
	}
}

func (f *faults) minDomains(p *field.Path, s *corev1.TopologySpreadConstraint) {
	if s.MinDomains == nil {
		return
	}
	if *s.MinDomains <= 0 {
		f.invalid(p, "minDomains", int64(*s.MinDomains), "must be greater than zero")
	}
	if s.WhenUnsatisfiable != corev1.DoNotSchedule {
		f.invalid(p, "minDomains", s.MinDomains, "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not "+string(s.WhenUnsatisfiable))
	}
}

func (f *faults) tolerations(p *field.Path, tolerations []corev1.Toleration) {
	for i := range tolerations {
		t := &tolerations[i]
		if soundToleration(t) {
			continue
		}
		idx := p.Index(i)
		if t.Key != "" {
			f.labelKey(idx, "key", t.Key)
		}
		if t.Key == "" && t.Operator != corev1.TolerationOpExists {
			f.invalid(idx, "operator", t.Operator, "operator must be Exists when `key` is empty, which means \"match all values and all keys\"")
		}
		if t.TolerationSeconds != nil && t.Effect != corev1.TaintEffectNoExecute {
			f.invalid(idx, "effect", t.Effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
		}
		f.tolerationOperator(idx, t)
		if t.Effect != "" {
			f.taintEffect(idx, t.Effect)
		}
	}
}

// soundToleration lets the tolerations pass that most pods have.
func soundToleration(t *corev1.Toleration) bool {
	return t.Operator == corev1.TolerationOpExists && t.Value == "" && t.Effect == corev1.TaintEffectNoExecute && isQualified(t.Key)
}

func (f *faults) tolerationOperator(p *field.Path, t *corev1.Toleration) {
	switch t.Operator {
	case corev1.TolerationOpEqual, "":
		if messages := labelValue(t.Value); messages != nil {
			f.invalid(p, "operator", t.Value, strings.Join(messages, ";"))
		}
	case corev1.TolerationOpExists:
		if t.Value != "" {
			f.invalid(p, "operator", t.Value, "value must be empty when `operator` is 'Exists'")
		}
	case corev1.TolerationOpLt, corev1.TolerationOpGt: // behind a feature gate that is off
		f.add(field.NotSupported(p.Child("operator"), t.Operator, []corev1.TolerationOperator{
			corev1.TolerationOpEqual, corev1.TolerationOpExists, corev1.TolerationOpLt, corev1.TolerationOpGt}))
	default:
		f.add(field.NotSupported(p.Child("operator"), t.Operator,
			[]corev1.TolerationOperator{corev1.TolerationOpEqual, corev1.TolerationOpExists}))
	}
}

func (f *faults) taintEffect(p *field.Path, effect corev1.TaintEffect) {
	oneOf(f, p, "effect", effect, corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute)
}

func (f *faults) schedulingGates(p *field.Path, gates []corev1.PodSchedulingGate) {
	for i, g := range gates {
		f.rule(p.Index(i), "", g.Name, qualifiedName)
		if slices.Contains(gates[:i], g) {
			f.duplicate(p.Index(i), "", g.Name)
		}
	}
}
