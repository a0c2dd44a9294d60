package controller

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// roll takes the next step of a rolling update: either more new pods or fewer old ones.
func (r *rollout) roll() error {
	if err := r.bringUp(); err != nil || r.newSet == nil {
		return err
	}
	if scaled, err := r.growNew(); err != nil || scaled {
		return orElse(err, r.report)
	}
	if scaled, err := r.shrinkOld(); err != nil || scaled {
		return orElse(err, r.report)
	}
	return r.finish()
}

// recreate takes the next step of an update that ends all old pods before it makes new ones.
func (r *rollout) recreate() error {
	scaled := false
	for i := range r.oldSets {
		if *r.oldSets[i].Spec.Replicas > 0 {
			if err := r.scale(&r.oldSets[i], 0, "strategy Recreate: old pods end before new ones start"); err != nil {
				return err
			}
			scaled = true
		}
	}
	if scaled || r.oldPodsRun() {
		return r.report()
	}
	if err := r.bringUp(); err != nil || r.newSet == nil {
		return err
	}
	if err := r.scale(&r.newSet, *r.d.Spec.Replicas, "strategy Recreate: no old pod runs any more"); err != nil {
		return err
	}
	return r.finish()
}

// finish cleans up after a rollout that is complete, and reports.
func (r *rollout) finish() error {
	if complete(r.d, &r.d.Status) {
		if err := r.cleanUp(); err != nil {
			return err
		}
	}
	return r.report()
}

func orElse(err error, f func() error) error {
	if err != nil {
		return err
	}
	return f()
}

// oldPodsRun says whether pods of old ReplicaSets exist that have not ended.
func (r *rollout) oldPodsRun() bool {
	for _, rs := range r.oldSets {
		if rs.Status.Replicas > 0 {
			return true
		}
		for _, pod := range r.pods.By(byOwner, string(rs.UID)) {
			if pod.Status.Phase != corev1.PodFailed && pod.Status.Phase != corev1.PodSucceeded {
				return true
			}
		}
	}
	return false
}

// growNew scales the new ReplicaSet towards spec.replicas.
func (r *rollout) growNew() (scaled bool, err error) {
	have, want := *r.newSet.Spec.Replicas, *r.d.Spec.Replicas
	switch {
	case have == want:
		return false, nil
	case have > want:
		return true, r.scale(&r.newSet, want, fmt.Sprintf("spec.replicas %d", want))
	}
	n := r.newSetSize(have)
	if n == have {
		return false, nil
	}
	return true, r.scale(&r.newSet, n, r.surgeText())
}

// newSetSize is how many pods the new ReplicaSet, which has some, may want now:
// together with what the old ones want no more than spec.replicas and maxSurge.
// Old pods that are still to be deleted do not count.
func (r *rollout) newSetSize(have int32) int32 {
	want := *r.d.Spec.Replicas
	if r.d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		return want
	}
	room := want + r.maxSurge() - have - size(r.oldSets)
	return have + max(0, min(room, want-have))
}

// shrinkOld scales the old ReplicaSets down as far as maxUnavailable allows:
// first pods that are not available anyway, then those that are.
func (r *rollout) shrinkOld() (scaled bool, err error) {
	if size(r.oldSets) == 0 {
		return false, nil
	}
	minAvailable := *r.d.Spec.Replicas - r.maxUnavailable()
	newUnavailable := *r.newSet.Spec.Replicas - r.newSet.Status.AvailableReplicas
	room := size(r.all()) - minAvailable - newUnavailable
	if room <= 0 {
		return false, nil
	}
	unhealthy, err := r.shrink(room, func(rs *appsv1.ReplicaSet) int32 {
		return *rs.Spec.Replicas - rs.Status.AvailableReplicas
	}, "its pods are not available anyway")
	if err != nil {
		return false, err
	}
	var available int32
	for _, rs := range r.all() {
		available += rs.Status.AvailableReplicas
	}
	healthy, err := r.shrink(available-minAvailable, func(rs *appsv1.ReplicaSet) int32 {
		return *rs.Spec.Replicas
	}, r.unavailableText())
	return unhealthy+healthy > 0, err
}

// shrink takes up to room pods from the old ReplicaSets, the oldest first, from each at most as many as spare says.
func (r *rollout) shrink(room int32, spare func(*appsv1.ReplicaSet) int32, because string) (taken int32, err error) {
	for i, rs := range r.oldSets {
		n := min(room-taken, spare(rs), *rs.Spec.Replicas)
		if n <= 0 {
			continue
		}
		if err := r.scale(&r.oldSets[i], *rs.Spec.Replicas-n, because); err != nil {
			return taken, err
		}
		taken += n
	}
	return taken, nil
}

// size is the sum of spec.replicas.
func size(sets []*appsv1.ReplicaSet) int32 {
	var n int32
	for _, rs := range sets {
		n += *rs.Spec.Replicas
	}
	return n
}

// fenceposts are maxSurge, rounded up, and maxUnavailable, rounded down; not both
// are 0, for then no update could begin.
func (r *rollout) fenceposts() (surge, unavailable int32) {
	rolling := r.d.Spec.Strategy.RollingUpdate
	if r.d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType || rolling == nil {
		return 0, 0
	}
	want := int(*r.d.Spec.Replicas)
	s := scaled(rolling.MaxSurge, want, true)
	u := scaled(rolling.MaxUnavailable, want, false)
	if s == 0 && u == 0 {
		u = 1
	}
	return int32(s), int32(u)
}

// scaled is a number or a percentage of n; 0 when it is not set.
func scaled(v *intstr.IntOrString, n int, up bool) int {
	out, err := intstr.GetScaledValueFromIntOrPercent(intstr.ValueOrDefault(v, intstr.FromInt32(0)), n, up)
	if err != nil {
		return 0 // the API lets in nothing else than numbers and percentages
	}
	return out
}

func (r *rollout) maxSurge() int32 {
	surge, _ := r.fenceposts()
	return surge
}

func (r *rollout) maxUnavailable() int32 {
	_, unavailable := r.fenceposts()
	return min(unavailable, *r.d.Spec.Replicas)
}

func (r *rollout) surgeText() string {
	rolling := r.d.Spec.Strategy.RollingUpdate
	if rolling == nil || size(r.oldSets) == 0 {
		return fmt.Sprintf("spec.replicas %d", *r.d.Spec.Replicas)
	}
	return fencepostText("maxSurge", rolling.MaxSurge, *r.d.Spec.Replicas, r.maxSurge()) +
		fmt.Sprintf(", at most %s in all", pods(int(*r.d.Spec.Replicas+r.maxSurge())))
}

func (r *rollout) unavailableText() string {
	rolling := r.d.Spec.Strategy.RollingUpdate
	if rolling == nil {
		return ""
	}
	return fencepostText("maxUnavailable", rolling.MaxUnavailable, *r.d.Spec.Replicas, r.maxUnavailable()) +
		fmt.Sprintf(", at least %d available", *r.d.Spec.Replicas-r.maxUnavailable())
}

// fencepostText is for example "maxSurge 25% of 3 = 1".
func fencepostText(name string, v *intstr.IntOrString, replicas, n int32) string {
	if v != nil && v.Type == intstr.String {
		return fmt.Sprintf("%s %s of %d = %d", name, v.StrVal, replicas, n)
	}
	return fmt.Sprintf("%s %d", name, n)
}
