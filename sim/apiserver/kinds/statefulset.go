package kinds

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var statefulSets = kind[*appsv1.StatefulSet]{
	name:     labelName,
	defaults: defaultStatefulSet,
	create: func(s *appsv1.StatefulSet) {
		s.Generation = 1
		dropDisabled(&s.Spec.Template.Spec, nil)
		s.Status = appsv1.StatefulSetStatus{}
		dropMaxUnavailable(s, nil)
	},
	update: func(new, old *appsv1.StatefulSet) {
		dropDisabled(&new.Spec.Template.Spec, &old.Spec.Template.Spec)
		new.Status = old.Status
		dropMaxUnavailable(new, old)
		if !apiequality.Semantic.DeepEqual(new.Spec, old.Spec) {
			new.Generation = old.Generation + 1
		}
	},
	status: func(new, old *appsv1.StatefulSet) { new.Spec = old.Spec },
	validate: func(f *faults, s *appsv1.StatefulSet) {
		f.statefulSet(&s.Spec, statefulSetRules{serviceName: true, claims: true, template: true})
	},
	validateUpdate: func(f *faults, new, old *appsv1.StatefulSet) { f.statefulSetUpdate(new, old) },
	validateStatus: func(f *faults, new, old *appsv1.StatefulSet) { f.statefulSetStatus(&new.Status, &old.Status) },
	warnings: func(s *appsv1.StatefulSet) []string {
		return append(templateWarnings(templatePath, &s.Spec.Template), statefulSetWarnings(&s.Spec, "")...)
	},
	updateWarnings: func(new, old *appsv1.StatefulSet) []string {
		return append(changedTemplate(new, old, templatePath, &new.Spec.Template), statefulSetWarnings(&new.Spec, "Spec")...)
	},
}

// statefulSetWarnings remarks upon all but the template. claimField is where
// Kubernetes says that the spec of a claim stands.
func statefulSetWarnings(s *appsv1.StatefulSetSpec, claimField string) (warnings []string) {
	for i := range s.VolumeClaimTemplates {
		p := specPath.Child("volumeClaimTemplates").Index(i)
		warnings = append(warnings, fractionalStorage(at(p, claimField), &s.VolumeClaimTemplates[i].Spec)...)
	}
	if s.RevisionHistoryLimit != nil && *s.RevisionHistoryLimit < 0 {
		warnings = append(warnings, "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended")
	}
	return warnings
}

func defaultStatefulSet(set *appsv1.StatefulSet) {
	s := &set.Spec
	orElse(&s.PodManagementPolicy, appsv1.OrderedReadyPodManagement)
	if s.UpdateStrategy.Type == "" {
		s.UpdateStrategy.Type = appsv1.RollingUpdateStatefulSetStrategyType
		orNew(&s.UpdateStrategy.RollingUpdate, appsv1.RollingUpdateStatefulSetStrategy{})
	}
	if s.UpdateStrategy.Type == appsv1.RollingUpdateStatefulSetStrategyType && s.UpdateStrategy.RollingUpdate != nil {
		orNew(&s.UpdateStrategy.RollingUpdate.Partition, 0)
	}
	orNew(&s.PersistentVolumeClaimRetentionPolicy, appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{})
	orElse(&s.PersistentVolumeClaimRetentionPolicy.WhenDeleted, appsv1.RetainPersistentVolumeClaimRetentionPolicyType)
	orElse(&s.PersistentVolumeClaimRetentionPolicy.WhenScaled, appsv1.RetainPersistentVolumeClaimRetentionPolicyType)
	orNew(&s.Replicas, 1)
	orNew(&s.RevisionHistoryLimit, 10)
	defaultPodSpec(&s.Template.Spec)
	for i := range s.VolumeClaimTemplates {
		c := &s.VolumeClaimTemplates[i]
		c.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"}
		orElse(&c.Status.Phase, corev1.ClaimPending)
		defaultClaimSpec(&c.Spec)
	}
}

// dropMaxUnavailable drops a field whose feature is off in v1.36, unless it was
// there before.
func dropMaxUnavailable(s, old *appsv1.StatefulSet) {
	if old != nil && old.Spec.UpdateStrategy.RollingUpdate != nil && old.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable != nil {
		return
	}
	if rolling := s.Spec.UpdateStrategy.RollingUpdate; rolling != nil {
		rolling.MaxUnavailable = nil
	}
}

// statefulSetRules are the rules that an update may be spared, where what it
// cannot change or did not break is at fault.
type statefulSetRules struct {
	serviceName, claims, template bool
}

// statefulSet validates what is wanted.
func (f *faults) statefulSet(s *appsv1.StatefulSetSpec, rules statefulSetRules) {
	switch s.PodManagementPolicy {
	case "":
		f.required(specPath, "podManagementPolicy", "")
	case appsv1.OrderedReadyPodManagement, appsv1.ParallelPodManagement:
	default:
		f.invalid(specPath, "podManagementPolicy", s.PodManagementPolicy, "must be 'OrderedReady' or 'Parallel'")
	}
	f.statefulSetStrategy(&s.UpdateStrategy)
	if policy := s.PersistentVolumeClaimRetentionPolicy; policy != nil {
		p := specPath.Child("persistentVolumeClaimRetentionPolicy")
		for _, r := range []struct {
			name   string
			policy appsv1.PersistentVolumeClaimRetentionPolicyType
		}{{"whenDeleted", policy.WhenDeleted}, {"whenScaled", policy.WhenScaled}} {
			ifSetOneOf(f, p, r.name, &r.policy,
				appsv1.RetainPersistentVolumeClaimRetentionPolicyType, appsv1.DeletePersistentVolumeClaimRetentionPolicyType)
		}
	}
	if rules.claims {
		for i := range s.VolumeClaimTemplates {
			f.claimSpec(specPath.Child("volumeClaimTemplates").Index(i).Child("spec"), &s.VolumeClaimTemplates[i].Spec, false)
		}
	}
	notNegativePtr(f, specPath, "replicas", s.Replicas)
	f.notNegative(specPath, "minReadySeconds", int64(s.MinReadySeconds))
	if s.Ordinals != nil {
		f.notNegative(specPath, "ordinals.start", int64(s.Ordinals.Start))
	}
	if rules.serviceName && s.ServiceName != "" {
		f.rule(specPath, "serviceName", s.ServiceName, dnsLabel)
	}
	f.workloadSelector(s.Selector, "statefulset")
	if err := f.selectsTemplate(specPath, s.Selector, &s.Template); err != nil {
		f.invalid(specPath, "selector", s.Selector, "")
	} else {
		if rules.template {
			f.podTemplate(templatePath, setTemplate(s))
		}
		f.labels(templatePath, "labels", s.Template.Labels) // Kubernetes says it twice
		f.annotations(templatePath, "annotations", s.Template.Annotations)
		f.podAnnotations(templatePath, s.Template.Annotations, &s.Template.Spec)
	}
	f.runsForever(&s.Template, "StatefulSet")
}

// setTemplate is the template as the controller completes it: the host's name and
// domain are its own, and each claim is a volume.
func setTemplate(s *appsv1.StatefulSetSpec) *corev1.PodTemplateSpec {
	if s.Template.Spec.Subdomain == "" && s.Template.Spec.Hostname == "" && len(s.VolumeClaimTemplates) == 0 {
		return &s.Template
	}
	t := s.Template
	t.Spec.Subdomain, t.Spec.Hostname, t.Spec.Volumes = "", "", nil
	claimed := map[string]bool{}
	for i := range s.VolumeClaimTemplates {
		name := s.VolumeClaimTemplates[i].Name
		if claimed[name] {
			continue
		}
		claimed[name] = true
		t.Spec.Volumes = append(t.Spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name},
		}})
	}
	for _, v := range s.Template.Spec.Volumes {
		if !claimed[v.Name] {
			t.Spec.Volumes = append(t.Spec.Volumes, v)
		}
	}
	return &t
}

func (f *faults) statefulSetStrategy(s *appsv1.StatefulSetUpdateStrategy) {
	p := specPath.Child("updateStrategy")
	switch rolling := s.RollingUpdate; s.Type {
	case "":
		f.required(p, "", "")
	case appsv1.OnDeleteStatefulSetStrategyType:
		if rolling != nil {
			f.invalid(p, "rollingUpdate", internal{rolling}, "only allowed for updateStrategy 'RollingUpdate'")
		}
	case appsv1.RollingUpdateStatefulSetStrategyType:
		if rolling == nil {
			return
		}
		p = p.Child("rollingUpdate")
		notNegativePtr(f, p, "partition", rolling.Partition)
		if most := rolling.MaxUnavailable; most != nil {
			f.intOrPercent(p, "maxUnavailable", *most)
			if amount(*most) == 0 {
				f.invalid(p, "maxUnavailable", *most, "cannot be 0")
			}
			f.atMostAll(p, "maxUnavailable", *most)
		}
	default:
		f.invalid(p, "", internal{s}, "must be 'RollingUpdate' or 'OnDelete'")
	}
}

func (f *faults) statefulSetUpdate(new, old *appsv1.StatefulSet) {
	f.metaUpdate(new, old)
	was := &faults{}
	was.statefulSet(&old.Spec, statefulSetRules{template: true})
	f.statefulSet(&new.Spec, statefulSetRules{template: len(was.list) == 0})
	same := new.Spec.DeepCopy()
	same.Replicas = old.Spec.Replicas
	same.Template = old.Spec.Template
	same.UpdateStrategy = old.Spec.UpdateStrategy
	same.MinReadySeconds = old.Spec.MinReadySeconds
	same.Ordinals = old.Spec.Ordinals
	same.RevisionHistoryLimit = old.Spec.RevisionHistoryLimit
	same.PersistentVolumeClaimRetentionPolicy = old.Spec.PersistentVolumeClaimRetentionPolicy
	if !apiequality.Semantic.DeepEqual(*same, old.Spec) {
		f.forbidden(nil, "spec", "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "+
			"'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden")
	}
}

func (f *faults) statefulSetStatus(new, old *appsv1.StatefulSetStatus) {
	ready, available := count{"readyReplicas", new.ReadyReplicas}, count{"availableReplicas", new.AvailableReplicas}
	f.counts(count{"replicas", new.Replicas}, ready, count{"currentReplicas", new.CurrentReplicas}, count{"updatedReplicas", new.UpdatedReplicas}, available)
	f.notNegative(statusPath, "observedGeneration", new.ObservedGeneration)
	f.notAbove(available, ready, "status.readyReplicas")
	f.collisions(new.CollisionCount, old.CollisionCount)
}
