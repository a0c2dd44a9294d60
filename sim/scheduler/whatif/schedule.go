// Package whatif answers questions about a cluster by running the scheduler on
// it, or on a changed copy of it: what would become of each pending pod, how
// many more of a pod fit, and what would make a pod fit. It is pure; it changes
// no cluster but its own copies.
package whatif

import (
	"cmp"
	"slices"

	"minisim/sim/scheduler/framework"
)

// Schedule decides on each pending pod by itself, as if the others were not
// there, with every node in the record. profile maps a schedulerName to its
// profile; pods of other schedulers are left out.
func Schedule(view *framework.Snapshot, pending []*framework.PodInfo, profiles map[string]*framework.Profile) []*framework.Decision {
	var decisions []*framework.Decision
	for _, pod := range pending {
		if profile := profiles[pod.Pod.Spec.SchedulerName]; profile != nil {
			decisions = append(decisions, framework.Decide(profile.Evaluate(view, pod)).Table())
		}
	}
	return decisions
}

// ScheduleInTurn decides on the pending pods one after the other, by priority
// and then in the given order; each takes its place before the next is looked
// at. Victims of a preemption are not removed. Among equally good nodes the
// first by name is taken. Pods with scheduling gates take no place.
func ScheduleInTurn(view *framework.Snapshot, pending []*framework.PodInfo, profiles map[string]*framework.Profile) []*framework.Decision {
	decisions, _ := inTurn(view, pending, profiles)
	return decisions
}

// inTurn also returns the cluster as it is in the end.
func inTurn(view *framework.Snapshot, pending []*framework.PodInfo, profiles map[string]*framework.Profile) ([]*framework.Decision, *framework.Snapshot) {
	view = view.Clone()
	queue := slices.Clone(pending)
	slices.SortStableFunc(queue, func(a, b *framework.PodInfo) int { return cmp.Compare(b.Priority, a.Priority) })
	evaluators := make(map[string]*framework.Evaluator)
	var decisions []*framework.Decision
	for _, pod := range queue {
		name := pod.Pod.Spec.SchedulerName
		if profiles[name] == nil {
			continue
		}
		if evaluators[name] == nil {
			evaluators[name] = framework.NewEvaluator(profiles[name], view)
		}
		verdict := framework.Decide(evaluators[name].Evaluate(pod))
		decisions = append(decisions, verdict.Table())
		if profiles[name].Gate(pod) != nil {
			continue
		}
		if node := verdict.Node(); node != nil {
			view.Unnominate(pod.Key)
			view.AddPod(pod, node.Name)
		} else if p := verdict.Preemption; p != nil && p.Nominated != "" {
			view.Nominate(pod, p.Nominated)
		}
	}
	return decisions, view
}
