package kinds

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// workloadSelector requires the selector of a workload, and that it selects
// something. what is the kind as messages call it.
func (f *faults) workloadSelector(s *metav1.LabelSelector, what string) {
	if s == nil {
		f.required(specPath, "selector", "")
		return
	}
	f.selector(specPath, "selector", s)
	if len(s.MatchLabels)+len(s.MatchExpressions) == 0 {
		f.invalid(specPath, "selector", s, "empty selector is invalid for "+what)
	}
}

// runsForever validates the template of a workload whose pods do not end.
func (f *faults) runsForever(t *corev1.PodTemplateSpec, what string) {
	p := specPath.Child("template", "spec")
	if t.Spec.RestartPolicy != corev1.RestartPolicyAlways {
		f.add(field.NotSupported(p.Child("restartPolicy"), t.Spec.RestartPolicy, []corev1.RestartPolicy{corev1.RestartPolicyAlways}))
	}
	if t.Spec.ActiveDeadlineSeconds != nil {
		f.forbidden(p, "activeDeadlineSeconds", "activeDeadlineSeconds in "+what+" is not Supported")
	}
}

// intOrPercent validates a number or a share.
func (f *faults) intOrPercent(p *field.Path, child string, v intstr.IntOrString) {
	if v.Type == intstr.String {
		f.messages(p, child, v, validation.IsValidPercent(v.StrVal))
		return
	}
	f.notNegative(p, child, int64(v.IntVal))
}

// atMostAll forbids a share above 100%.
func (f *faults) atMostAll(p *field.Path, child string, v intstr.IntOrString) {
	if n, ok := percent(v); ok && n > 100 {
		f.invalid(p, child, v, "must not be greater than 100%")
	}
}

func percent(v intstr.IntOrString) (int, bool) {
	if v.Type != intstr.String || len(validation.IsValidPercent(v.StrVal)) > 0 {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimSuffix(v.StrVal, "%"))
	return n, err == nil
}

// amount is the number or the share, by whatever it counts.
func amount(v intstr.IntOrString) int {
	if n, ok := percent(v); ok {
		return n
	}
	return v.IntValue()
}

// intOr0 is what an amount that was left out is taken for.
func intOr0(v *intstr.IntOrString) intstr.IntOrString {
	if v == nil {
		return intstr.IntOrString{}
	}
	return *v
}

// count is one of the numbers of replicas in a status.
type count struct {
	name string
	n    int32
}

// counts validates numbers of replicas, none of which may be negative, and none
// of those in parts above the whole.
func (f *faults) counts(whole count, parts ...count) {
	f.notNegative(statusPath, whole.name, int64(whole.n))
	for _, c := range parts {
		f.notNegative(statusPath, c.name, int64(c.n))
	}
	for _, c := range parts {
		if c.n > whole.n {
			f.invalid(statusPath, c.name, c.n, "cannot be greater than status."+whole.name)
		}
	}
}

// notAbove forbids one number to be above another; than is how messages call that.
func (f *faults) notAbove(c, limit count, than string) {
	if c.n > limit.n {
		f.invalid(statusPath, c.name, c.n, "cannot be greater than "+than)
	}
}

// collisions validates the count of collisions of names, which only grows.
func (f *faults) collisions(new, old *int32) {
	notNegativePtr(f, statusPath, "collisionCount", new)
	if old == nil {
		return
	}
	var n int32
	if new != nil {
		n = *new
	}
	if new == nil || n < *old {
		f.invalid(statusPath, "collisionCount", n, "cannot be decremented")
	}
}

// nameInPods remarks upon a workload's name that does not do for a host's name.
func nameInPods(name string) []string {
	if messages := dnsLabel(name); messages != nil {
		return []string{fmt.Sprintf("metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: %v", messages)}
	}
	return nil
}

// changedTemplate remarks upon the template of a workload whose spec has changed.
func changedTemplate(new, old metav1.Object, p *field.Path, t *corev1.PodTemplateSpec) []string {
	if new.GetGeneration() == old.GetGeneration() {
		return nil
	}
	return templateWarnings(p, t)
}

var templatePath = specPath.Child("template")
