package kinds

import (
	appsv1 "k8s.io/api/apps/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
)

var replicaSets = kind[*appsv1.ReplicaSet]{
	name: subdomainName,
	defaults: func(r *appsv1.ReplicaSet) {
		orNew(&r.Spec.Replicas, 1)
		defaultPodSpec(&r.Spec.Template.Spec)
	},
	create: func(r *appsv1.ReplicaSet) {
		r.Generation = 1
		dropDisabled(&r.Spec.Template.Spec, nil)
		r.Status = appsv1.ReplicaSetStatus{}
	},
	update: func(new, old *appsv1.ReplicaSet) {
		dropDisabled(&new.Spec.Template.Spec, &old.Spec.Template.Spec)
		new.Status = old.Status
		if !apiequality.Semantic.DeepEqual(new.Spec, old.Spec) {
			new.Generation = old.Generation + 1
		}
	},
	status:   func(new, old *appsv1.ReplicaSet) { new.Spec = old.Spec },
	validate: func(f *faults, r *appsv1.ReplicaSet) { f.replicaSet(r) },
	validateUpdate: func(f *faults, new, old *appsv1.ReplicaSet) {
		f.metaUpdate(new, old)
		f.replicaSet(new)
		f.immutable(specPath, "selector", new.Spec.Selector, old.Spec.Selector)
	},
	validateStatus: func(f *faults, new, _ *appsv1.ReplicaSet) { f.replicaSetStatus(&new.Status) },
	warnings: func(r *appsv1.ReplicaSet) []string {
		return append(nameInPods(r.Name), templateWarnings(templatePath, &r.Spec.Template)...)
	},
	updateWarnings: func(new, old *appsv1.ReplicaSet) []string {
		return changedTemplate(new, old, templatePath, &new.Spec.Template)
	},
}

func (f *faults) replicaSet(r *appsv1.ReplicaSet) {
	s := &r.Spec
	notNegativePtr(f, specPath, "replicas", s.Replicas)
	f.notNegative(specPath, "minReadySeconds", int64(s.MinReadySeconds))
	f.workloadSelector(s.Selector, "deployment")
	if err := f.selectsTemplate(specPath, s.Selector, &s.Template); err != nil {
		f.invalid(specPath, "selector", s.Selector, "invalid label selector")
		return
	}
	f.podTemplate(templatePath, &s.Template)
	f.runsForever(&s.Template, "ReplicaSet")
}

func (f *faults) replicaSetStatus(s *appsv1.ReplicaSetStatus) {
	ready, available := count{"readyReplicas", s.ReadyReplicas}, count{"availableReplicas", s.AvailableReplicas}
	f.counts(count{"replicas", s.Replicas}, count{"fullyLabeledReplicas", s.FullyLabeledReplicas}, ready, available)
	f.notNegative(statusPath, "observedGeneration", s.ObservedGeneration)
	f.notAbove(available, ready, "readyReplicas")
	notNegativePtr(f, statusPath, "terminatingReplicas", s.TerminatingReplicas)
}
