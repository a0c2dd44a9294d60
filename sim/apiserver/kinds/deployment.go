package kinds

import (
	appsv1 "k8s.io/api/apps/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var deployments = kind[*appsv1.Deployment]{
	name:     subdomainName,
	defaults: defaultDeployment,
	create: func(d *appsv1.Deployment) {
		d.Generation = 1
		dropDisabled(&d.Spec.Template.Spec, nil)
		d.Status = appsv1.DeploymentStatus{}
	},
	update: func(new, old *appsv1.Deployment) {
		dropDisabled(&new.Spec.Template.Spec, &old.Spec.Template.Spec)
		new.Status = old.Status
		if !apiequality.Semantic.DeepEqual(new.Spec, old.Spec) || !apiequality.Semantic.DeepEqual(new.Annotations, old.Annotations) {
			new.Generation = old.Generation + 1
		}
	},
	status: func(new, old *appsv1.Deployment) {
		new.Spec = old.Spec
		new.Labels = old.Labels
	},
	validate: func(f *faults, d *appsv1.Deployment) { f.deployment(d) },
	validateUpdate: func(f *faults, new, old *appsv1.Deployment) {
		f.metaUpdate(new, old)
		f.deployment(new)
		f.immutable(specPath, "selector", new.Spec.Selector, old.Spec.Selector)
	},
	validateStatus: func(f *faults, new, old *appsv1.Deployment) { f.deploymentStatus(&new.Status, &old.Status) },
	warnings: func(d *appsv1.Deployment) []string {
		return append(nameInPods(d.Name), templateWarnings(templatePath, &d.Spec.Template)...)
	},
	updateWarnings: func(new, old *appsv1.Deployment) []string {
		return changedTemplate(new, old, templatePath, &new.Spec.Template)
	},
}

func defaultDeployment(d *appsv1.Deployment) {
	s := &d.Spec
	orNew(&s.Replicas, 1)
	orElse(&s.Strategy.Type, appsv1.RollingUpdateDeploymentStrategyType)
	if s.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType {
		orNew(&s.Strategy.RollingUpdate, appsv1.RollingUpdateDeployment{})
		orNew(&s.Strategy.RollingUpdate.MaxUnavailable, intstr.FromString("25%"))
		orNew(&s.Strategy.RollingUpdate.MaxSurge, intstr.FromString("25%"))
	}
	orNew(&s.RevisionHistoryLimit, 10)
	orNew(&s.ProgressDeadlineSeconds, 600)
	defaultPodSpec(&s.Template.Spec)
}

func (f *faults) deployment(d *appsv1.Deployment) {
	s := &d.Spec
	notNegativePtr(f, specPath, "replicas", s.Replicas)
	f.workloadSelector(s.Selector, "deployment")
	if err := f.selectsTemplate(specPath, s.Selector, &s.Template); err != nil {
		f.invalid(specPath, "selector", s.Selector, "invalid label selector")
	} else {
		f.podTemplate(templatePath, &s.Template)
		f.runsForever(&s.Template, "ReplicaSet")
	}
	f.deploymentStrategy(specPath.Child("strategy"), &s.Strategy)
	f.notNegative(specPath, "minReadySeconds", int64(s.MinReadySeconds))
	notNegativePtr(f, specPath, "revisionHistoryLimit", s.RevisionHistoryLimit)
	notNegativePtr(f, specPath, "progressDeadlineSeconds", s.ProgressDeadlineSeconds)
	if d := s.ProgressDeadlineSeconds; d != nil && *d <= s.MinReadySeconds {
		f.invalid(specPath, "progressDeadlineSeconds", d, "must be greater than minReadySeconds")
	}
}

func (f *faults) deploymentStrategy(p *field.Path, s *appsv1.DeploymentStrategy) {
	switch s.Type {
	case appsv1.RecreateDeploymentStrategyType:
		if s.RollingUpdate != nil {
			f.forbidden(p, "rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")
		}
	case appsv1.RollingUpdateDeploymentStrategyType:
		if s.RollingUpdate == nil {
			f.required(p, "rollingUpdate", "this should be defaulted and never be nil")
			return
		}
		p = p.Child("rollingUpdate")
		unavailable, surge := intOr0(s.RollingUpdate.MaxUnavailable), intOr0(s.RollingUpdate.MaxSurge)
		f.intOrPercent(p, "maxUnavailable", unavailable)
		f.intOrPercent(p, "maxSurge", surge)
		if amount(unavailable) == 0 && amount(surge) == 0 {
			f.invalid(p, "maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0")
		}
		f.atMostAll(p, "maxUnavailable", unavailable)
	default:
		f.add(field.NotSupported(p, internal{s}, []appsv1.DeploymentStrategyType{appsv1.RecreateDeploymentStrategyType, appsv1.RollingUpdateDeploymentStrategyType}))
	}
}

func (f *faults) deploymentStatus(new, old *appsv1.DeploymentStatus) {
	f.notNegative(statusPath, "observedGeneration", new.ObservedGeneration)
	ready, available := count{"readyReplicas", new.ReadyReplicas}, count{"availableReplicas", new.AvailableReplicas}
	f.counts(count{"replicas", new.Replicas}, count{"updatedReplicas", new.UpdatedReplicas}, ready, available)
	f.notAbove(available, ready, "readyReplicas")
	f.notNegative(statusPath, "unavailableReplicas", int64(new.UnavailableReplicas))
	notNegativePtr(f, statusPath, "terminatingReplicas", new.TerminatingReplicas)
	f.collisions(new.CollisionCount, old.CollisionCount)
}
