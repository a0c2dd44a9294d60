package scheduler

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	v1 "k8s.io/api/core/v1"

	"minisim/sim/scheduler/framework"
)

// scheduleNext takes the first ready pod through one scheduling cycle.
func (s *Scheduler) scheduleNext() {
	s.scheduled = false
	if w := s.queue.pop(); w != nil {
		s.process.Engine.SetCause(w.Cause)
		s.schedule(w)
	}
	s.kick()
}

func (s *Scheduler) schedule(w *waiting) {
	if w.Terminating() {
		s.process.Events.Event(w.Pod, v1.EventTypeWarning, "FailedScheduling",
			fmt.Sprintf("skip schedule deleting pod: %s", w.Key))
		return
	}
	evaluation := s.evaluators[w.Pod.Spec.SchedulerName].Evaluate(w.PodInfo)
	evaluation.Draw = func(purpose string, n int) int {
		return s.process.Engine.Intn(n, s.process.Name, w.Key, purpose, uint64(w.Attempts))
	}
	verdict := framework.Decide(evaluation)
	s.process.Trace.Then(newDecision(verdict, w))
	if verdict.Node() == nil {
		s.noNode(w, verdict)
		return
	}
	s.assume(w, verdict.Node().Name)
}

// assume counts the pod on its node before the API server has confirmed it, and
// goes on to bind it.
func (s *Scheduler) assume(w *waiting, node string) {
	pod := *w.Pod
	pod.Spec.NodeName = node
	info := *w.PodInfo
	info.Pod = &pod
	s.view.Unnominate(w.Key)
	s.view.AddPod(&info, node)
	b := &binding{waiting: w, node: node, profile: s.profiles[w.Pod.Spec.SchedulerName], since: s.process.Engine.Now()}
	b.state = framework.NewCycleState(s.view)
	if status := b.reserve(); !status.OK() {
		s.bindFailed(b, status)
		return
	}
	s.bind(b)
}

// noNode handles a pod that fits nowhere: it makes room if that is possible,
// puts the pod back into the queue and tells everybody why.
func (s *Scheduler) noNode(w *waiting, v framework.Verdict) {
	nominated := s.view.NominatedNode(w.Key)
	if p := v.Preemption; p != nil {
		switch {
		case p.Nominated != "":
			if err := s.preempt(w, p); err != nil {
				s.failed(w, nil, v1.PodReasonSchedulerError, err.Error(), nominated)
				return
			}
			nominated = p.Nominated
		case p.Clears:
			nominated = ""
		}
	}
	message := framework.FailureMessage(v.FilterMessage(), v.Preemption)
	s.failed(w, v.Rejectors(), v1.PodReasonUnschedulable, message, nominated)
}

// failed puts a pod back into the queue and writes an Event and the pod's
// condition PodScheduled. plugins are those that rejected it; none means that
// something went wrong and the pod is tried again after a back-off.
func (s *Scheduler) failed(w *waiting, plugins map[string]bool, reason, message, nominated string) {
	current, exists := s.pods.Get(apiKey(w.Pod))
	if !exists || current.UID != w.Pod.UID || current.Spec.NodeName != "" {
		return // it has gone or somebody else has bound it
	}
	if !framework.SamePod(current, w.Pod) {
		w.PodInfo = framework.NewPodInfo(current)
	} else {
		w.PodInfo.Pod = current
	}
	s.queue.rejected(w, plugins, s.now())
	s.view.Nominate(w.PodInfo, nominated)
	s.process.Events.Event(w.Pod, v1.EventTypeWarning, "FailedScheduling", shorten(message))
	if err := s.markUnscheduled(w.Pod, reason, message, nominated); err != nil {
		s.lost(err)
	}
}

// shorten keeps an Event's message within the 1024 bytes that the API allows.
func shorten(message string) string {
	const limit, mark = 1024, " ..."
	if len(message) <= limit {
		return message
	}
	return message[:limit-len(mark)] + mark
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// errGone says that what a write was about is no more.
var errGone = errors.New("gone")
