package controller

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// scale sets the size of a ReplicaSet, notes the Deployment's size on it and goes
// on with what the server made of it. It does nothing when all is as it should be.
func (r *rollout) scale(set **appsv1.ReplicaSet, n int32, because string) error {
	rs := *set
	want := *r.d.Spec.Replicas
	old := *rs.Spec.Replicas
	if old == n && !needReplicasAnnotations(rs, want, want+r.maxSurge()) {
		return nil
	}
	rs = rs.DeepCopy()
	rs.Spec.Replicas = &n
	setReplicasAnnotations(rs, want, want+r.maxSurge())
	direction := "up"
	if n < old {
		direction = "down"
	}
	if old == n {
		r.tell(api.KeyOf(r.d), component.Reconciled{Report: true, Do: fmt.Sprintf("note on replica set %s that %s are wanted", rs.Name, pods(int(want)))})
	} else {
		r.tellDo(fmt.Sprintf("scale %s replica set %s from %d to %d", direction, rs.Name, old, n), because)
	}
	stored, err := api.Update(r.client, rs)
	if err != nil {
		return err
	}
	r.keep(set, stored)
	if old != n {
		r.recorder.Eventf(r.d, corev1.EventTypeNormal, "ScalingReplicaSet", "Scaled %s replica set %s from %d to %d", direction, rs.Name, old, n)
	}
	return nil
}

func setReplicasAnnotations(rs *appsv1.ReplicaSet, desired, most int32) {
	if rs.Annotations == nil {
		rs.Annotations = map[string]string{}
	}
	rs.Annotations[desiredReplicasAnnotation] = strconv.Itoa(int(desired))
	rs.Annotations[maxReplicasAnnotation] = strconv.Itoa(int(most))
}

func needReplicasAnnotations(rs *appsv1.ReplicaSet, desired, most int32) bool {
	return rs.Annotations[desiredReplicasAnnotation] != strconv.Itoa(int(desired)) ||
		rs.Annotations[maxReplicasAnnotation] != strconv.Itoa(int(most))
}

// replicasAnnotation reads desired-replicas or max-replicas; false if it is missing or no number.
func replicasAnnotation(rs *appsv1.ReplicaSet, name string) (int32, bool) {
	n, err := strconv.ParseInt(rs.Annotations[name], 10, 32)
	return int32(n), err == nil
}

// resized says whether spec.replicas has changed since the ReplicaSets were last
// scaled: then they are resized first and the rollout goes on afterwards.
func (r *rollout) resized() bool {
	return slices.ContainsFunc(active(r.all()), func(rs *appsv1.ReplicaSet) bool {
		desired, ok := replicasAnnotation(rs, desiredReplicasAnnotation)
		return ok && desired != *r.d.Spec.Replicas
	})
}

func active(sets []*appsv1.ReplicaSet) []*appsv1.ReplicaSet {
	return slices.DeleteFunc(slices.Clone(sets), func(rs *appsv1.ReplicaSet) bool { return *rs.Spec.Replicas == 0 })
}

// resize gives the ReplicaSets their share of spec.replicas without carrying the rollout on.
func (r *rollout) resize() error {
	if err := r.scaleToSize(); err != nil {
		return err
	}
	if r.d.Spec.Paused {
		if err := r.cleanUp(); err != nil {
			return err
		}
	}
	return r.reportCounts()
}

func (r *rollout) scaleToSize() error {
	if only := r.onlyOrLatest(); only != nil {
		return r.scale(only, *r.d.Spec.Replicas, fmt.Sprintf("spec.replicas %d", *r.d.Spec.Replicas))
	}
	if r.saturated() {
		for i := range r.oldSets {
			if *r.oldSets[i].Spec.Replicas > 0 {
				if err := r.scale(&r.oldSets[i], 0, "the new replica set has all pods that it needs"); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if r.d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		return nil
	}
	return r.scaleInProportion()
}

// onlyOrLatest is the one ReplicaSet that has pods, or the newest if none has;
// nil if several have or there is none.
func (r *rollout) onlyOrLatest() **appsv1.ReplicaSet {
	var only **appsv1.ReplicaSet
	for _, set := range r.slots() {
		if *(*set).Spec.Replicas == 0 {
			continue
		}
		if only != nil {
			return nil
		}
		only = set
	}
	switch {
	case only != nil:
		return only
	case r.newSet != nil:
		return &r.newSet
	case len(r.oldSets) > 0:
		return &r.oldSets[len(r.oldSets)-1]
	}
	return nil
}

// slots are the places of all ReplicaSets, so that scaling can put the new state there.
func (r *rollout) slots() []**appsv1.ReplicaSet {
	var out []**appsv1.ReplicaSet
	for i := range r.oldSets {
		out = append(out, &r.oldSets[i])
	}
	if r.newSet != nil {
		out = append(out, &r.newSet)
	}
	return out
}

// saturated says whether the new ReplicaSet has all pods that the Deployment wants, available.
func (r *rollout) saturated() bool {
	if r.newSet == nil {
		return false
	}
	desired, ok := replicasAnnotation(r.newSet, desiredReplicasAnnotation)
	want := *r.d.Spec.Replicas
	return ok && *r.newSet.Spec.Replicas == want && desired == want && r.newSet.Status.AvailableReplicas == want
}

// scaleInProportion spreads a change of spec.replicas in the middle of a rollout
// over all ReplicaSets that have pods, each by its share, so that less is at risk
// should the new template be bad. What rounding leaves goes to the largest.
func (r *rollout) scaleInProportion() error {
	slots := slices.DeleteFunc(r.slots(), func(set **appsv1.ReplicaSet) bool { return *(*set).Spec.Replicas == 0 })
	var allowed, have int32
	if *r.d.Spec.Replicas > 0 {
		allowed = *r.d.Spec.Replicas + r.maxSurge()
	}
	for _, set := range slots {
		have += *(*set).Spec.Replicas
	}
	add := allowed - have
	slices.SortStableFunc(slots, func(a, b **appsv1.ReplicaSet) int {
		age := olderFirst(*a, *b)
		if add > 0 {
			age = -age
		}
		return cmp.Or(-cmp.Compare(*(*a).Spec.Replicas, *(*b).Spec.Replicas), age)
	})
	sizes := make([]int32, len(slots))
	var added int32
	for i, set := range slots {
		share := r.share(*set, add, added)
		sizes[i] = *(*set).Spec.Replicas + share
		added += share
	}
	for i, set := range slots {
		if i == 0 && add != 0 {
			sizes[i] = max(0, sizes[i]+add-added)
		}
		if err := r.scale(set, sizes[i], fmt.Sprintf("its share of spec.replicas %d and maxSurge %d", *r.d.Spec.Replicas, r.maxSurge())); err != nil {
			return err
		}
	}
	return nil
}

// share is a ReplicaSet's part of add, of which added has been given out.
func (r *rollout) share(rs *appsv1.ReplicaSet, add, added int32) int32 {
	if add == 0 || add == added {
		return 0
	}
	part := r.fraction(rs)
	if add > 0 {
		return min(part, add-added)
	}
	return max(part, add-added)
}

// fraction is by how much a ReplicaSet changes if its share of all pods stays what it was.
func (r *rollout) fraction(rs *appsv1.ReplicaSet) int32 {
	if *r.d.Spec.Replicas == 0 {
		return -*rs.Spec.Replicas
	}
	before, ok := replicasAnnotation(rs, maxReplicasAnnotation)
	if !ok || before == 0 {
		before = r.d.Status.Replicas
	}
	if before == 0 {
		return 0
	}
	// rounded to the nearest, in whole numbers
	most := int64(*r.d.Spec.Replicas + r.maxSurge())
	n := (2*int64(*rs.Spec.Replicas)*most + int64(before)) / (2 * int64(before))
	return int32(n) - *rs.Spec.Replicas
}
