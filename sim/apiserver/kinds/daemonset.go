package kinds

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var daemonSets = kind[*appsv1.DaemonSet]{
	name:     subdomainName,
	defaults: defaultDaemonSet,
	create: func(d *appsv1.DaemonSet) {
		d.Generation = 1
		dropDisabled(&d.Spec.Template.Spec, nil)
		d.Status = appsv1.DaemonSetStatus{}
		setTemplateGeneration(d, 1)
	},
	update: updateDaemonSet,
	status: func(new, old *appsv1.DaemonSet) {
		new.Spec = old.Spec
		if n, ok := old.Annotations[appsv1.DeprecatedTemplateGeneration]; ok { // a field of the spec, inside of a server
			metav1.SetMetaDataAnnotation(&new.ObjectMeta, appsv1.DeprecatedTemplateGeneration, n)
		}
	},
	validate: func(f *faults, d *appsv1.DaemonSet) { f.daemonSet(&d.Spec) },
	validateUpdate: func(f *faults, new, old *appsv1.DaemonSet) {
		f.metaUpdate(new, old)
		f.immutable(specPath, "selector", new.Spec.Selector, old.Spec.Selector)
		f.daemonSet(&new.Spec)
	},
	validateStatus: func(f *faults, new, old *appsv1.DaemonSet) { f.daemonSetStatus(&new.Status, &old.Status) },
	warnings:       func(d *appsv1.DaemonSet) []string { return templateWarnings(templatePath, &d.Spec.Template) },
	updateWarnings: func(new, old *appsv1.DaemonSet) []string {
		if new.Annotations[appsv1.DeprecatedTemplateGeneration] == old.Annotations[appsv1.DeprecatedTemplateGeneration] {
			return nil
		}
		return templateWarnings(templatePath, &new.Spec.Template)
	},
}

func defaultDaemonSet(d *appsv1.DaemonSet) {
	s := &d.Spec
	orElse(&s.UpdateStrategy.Type, appsv1.RollingUpdateDaemonSetStrategyType)
	if s.UpdateStrategy.Type == appsv1.RollingUpdateDaemonSetStrategyType {
		orNew(&s.UpdateStrategy.RollingUpdate, appsv1.RollingUpdateDaemonSet{})
		orNew(&s.UpdateStrategy.RollingUpdate.MaxUnavailable, intstr.FromInt32(1))
	}
	if s.UpdateStrategy.RollingUpdate != nil { // inside of a server it is no pointer
		orNew(&s.UpdateStrategy.RollingUpdate.MaxSurge, intstr.FromInt32(0))
	}
	orNew(&s.RevisionHistoryLimit, 10)
	defaultPodSpec(&s.Template.Spec)
}

// updateDaemonSet counts changes of the spec, and of the template apart, in the
// annotation that was once a field.
func updateDaemonSet(new, old *appsv1.DaemonSet) {
	dropDisabled(&new.Spec.Template.Spec, &old.Spec.Template.Spec)
	new.Status = old.Status
	generation, _ := strconv.ParseInt(old.Annotations[appsv1.DeprecatedTemplateGeneration], 10, 64)
	if !apiequality.Semantic.DeepEqual(new.Spec.Template, old.Spec.Template) {
		generation++
	}
	setTemplateGeneration(new, generation)
	if !apiequality.Semantic.DeepEqual(new.Spec, old.Spec) {
		new.Generation = old.Generation + 1
	}
}

func setTemplateGeneration(d *appsv1.DaemonSet, n int64) {
	if d.Annotations == nil {
		d.Annotations = map[string]string{}
	}
	d.Annotations[appsv1.DeprecatedTemplateGeneration] = strconv.FormatInt(n, 10)
}

func (f *faults) daemonSet(s *appsv1.DaemonSetSpec) {
	f.selector(specPath, "selector", s.Selector)
	_ = f.selectsTemplate(specPath, s.Selector, &s.Template) // a selector that cannot be understood was told above
	if s.Selector != nil && len(s.Selector.MatchLabels)+len(s.Selector.MatchExpressions) == 0 {
		f.invalid(specPath, "selector", s.Selector, "empty selector is invalid for daemonset")
	}
	f.podTemplate(templatePath, &s.Template)
	f.runsForever(&s.Template, "DaemonSet")
	f.notNegative(specPath, "minReadySeconds", int64(s.MinReadySeconds))
	f.daemonSetStrategy(specPath.Child("updateStrategy"), &s.UpdateStrategy)
	notNegativePtr(f, specPath, "revisionHistoryLimit", s.RevisionHistoryLimit)
}

func (f *faults) daemonSetStrategy(p *field.Path, s *appsv1.DaemonSetUpdateStrategy) {
	switch s.Type {
	case appsv1.OnDeleteDaemonSetStrategyType:
	case appsv1.RollingUpdateDaemonSetStrategyType:
		if s.RollingUpdate == nil {
			f.required(p, "rollingUpdate", "")
			return
		}
		p = p.Child("rollingUpdate")
		unavailable, surge := intOr0(s.RollingUpdate.MaxUnavailable), intOr0(s.RollingUpdate.MaxSurge)
		f.intOrPercent(p, "maxUnavailable", unavailable)
		f.intOrPercent(p, "maxSurge", surge)
		f.atMostAll(p, "maxUnavailable", unavailable)
		f.atMostAll(p, "maxSurge", surge)
		switch u, s := amount(unavailable) != 0, amount(surge) != 0; {
		case u && s:
			f.invalid(p, "maxSurge", surge, "may not be set when maxUnavailable is non-zero")
		case !u && !s:
			f.required(p, "maxUnavailable", "cannot be 0 when maxSurge is 0")
		}
	default:
		f.add(field.NotSupported(p, internal{s}, []appsv1.DaemonSetUpdateStrategyType{
			appsv1.RollingUpdateDaemonSetStrategyType, appsv1.OnDeleteDaemonSetStrategyType}))
	}
}

func (f *faults) daemonSetStatus(new, old *appsv1.DaemonSetStatus) {
	for _, c := range []count{
		{"currentNumberScheduled", new.CurrentNumberScheduled}, {"numberMisscheduled", new.NumberMisscheduled},
		{"desiredNumberScheduled", new.DesiredNumberScheduled}, {"numberReady", new.NumberReady},
	} {
		f.notNegative(statusPath, c.name, int64(c.n))
	}
	f.notNegative(statusPath, "observedGeneration", new.ObservedGeneration)
	for _, c := range []count{
		{"updatedNumberScheduled", new.UpdatedNumberScheduled}, {"numberAvailable", new.NumberAvailable}, {"numberUnavailable", new.NumberUnavailable},
	} {
		f.notNegative(statusPath, c.name, int64(c.n))
	}
	f.collisions(new.CollisionCount, old.CollisionCount)
}
