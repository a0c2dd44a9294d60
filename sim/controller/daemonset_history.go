package controller

import (
	appsv1 "k8s.io/api/apps/v1"
)

// templateGenerationLabel has, on a daemon's pod, how often the template had changed when the pod was made.
const templateGenerationLabel = "pod-template-generation"

// remember keeps the present template.
func (s *daemonSync) remember() (err error) {
	s.history = &templateHistory{
		base: &s.base, cache: s.revisions, owner: s.set, selector: s.set.Spec.Selector, template: &s.set.Spec.Template,
		collisions: s.set.Status.CollisionCount, label: appsv1.DefaultDaemonSetUniqueLabelKey,
		hash: func(_ []byte, collisions *int32) string { return templateHash(&s.set.Spec.Template, collisions) },
	}
	s.revision, err = s.history.present()
	return err
}

// hash is the label by which pods of the present template are known.
func (s *daemonSync) hash() string {
	return s.revision.Labels[appsv1.DefaultDaemonSetUniqueLabelKey]
}

// forgetOld deletes what revisionHistoryLimit does not allow. Old revisions of
// pods that run count against it, but are not deleted.
func (s *daemonSync) forgetOld() error {
	live := map[string]bool{}
	for _, on := range s.byNode {
		for _, pod := range on {
			live[pod.Labels[appsv1.DefaultDaemonSetUniqueLabelKey]] = true
		}
	}
	count := 0
	var old []*appsv1.ControllerRevision
	for _, r := range s.history.all {
		if r.Name == s.revision.Name {
			continue
		}
		count++
		if !live[r.Labels[appsv1.DefaultDaemonSetUniqueLabelKey]] {
			old = append(old, r)
		}
	}
	return s.history.trim(old, count, s.set.Spec.RevisionHistoryLimit)
}
