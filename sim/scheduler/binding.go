package scheduler

import (
	"errors"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
	"minisim/sim/engine"
	"minisim/sim/scheduler/framework"
)

// binding is a pod whose node is chosen and whose binding is under way.
type binding struct {
	*waiting
	node    string
	profile *framework.Profile
	state   *framework.CycleState
	since   time.Duration // virtual time at which the node was chosen
	told    bool          // that it waits
}

// reserve runs the Reserve and Permit plugins.
func (b *binding) reserve() *framework.Status {
	for _, plugin := range b.profile.Reserves {
		if status := plugin.Reserve(b.state, b.PodInfo, b.node); !status.OK() {
			return status
		}
	}
	for _, plugin := range b.profile.Permits {
		if status := plugin.Permit(b.state, b.PodInfo, b.node); !status.OK() {
			return status
		}
	}
	return nil
}

func (b *binding) unreserve() {
	for i := len(b.profile.Reserves) - 1; i >= 0; i-- {
		b.profile.Reserves[i].Unreserve(b.state, b.PodInfo, b.node)
	}
}

// bind runs the PreBind plugins and then the first Bind plugin. Where a PreBind
// plugin has to wait, the pod keeps its place on the node meanwhile.
func (s *Scheduler) bind(b *binding) {
	w := &writer{s}
	for _, plugin := range b.profile.PreBinds {
		status := plugin.PreBind(b.state, b.PodInfo, b.node, w)
		if status.OK() {
			continue
		}
		if status.Code == framework.Wait && s.process.Engine.Now()-b.since < bindTimeout {
			s.wait(b, plugin.Name(), status)
			return
		}
		s.bindFailed(b, status.While(fmt.Sprintf("running PreBind plugin %q", plugin.Name())))
		return
	}
	delete(s.binding, b.Key)
	plugin := b.profile.Binds[0]
	if status := plugin.Bind(b.PodInfo, b.node, w); !status.OK() {
		s.bindFailed(b, status.While(fmt.Sprintf("running Bind plugin %q", plugin.Name())))
		return
	}
	s.process.Events.Event(b.Pod, v1.EventTypeNormal, "Scheduled", fmt.Sprintf("Successfully assigned %s to %s", b.Key, b.node))
}

func (s *Scheduler) wait(b *binding, plugin string, status *framework.Status) {
	if !b.told {
		b.told = true
		s.process.Trace.Then(Waiting{Pod: b.Key, Node: b.node, Plugin: plugin, Reason: status.Message()})
	}
	s.binding[b.Key] = b
	s.process.Engine.Once(b.since+bindTimeout, engine.Work{Actor: s.process.Name, Kind: workPreBind, Key: b.Key})
}

// resume asks the PreBind plugins of a pod again.
func (s *Scheduler) resume(key string) {
	if b := s.binding[key]; b != nil {
		b.state = framework.NewCycleState(s.view)
		s.bind(b)
	}
	s.kick()
}

// bindFailed takes the pod off its node again and puts it back into the queue.
func (s *Scheduler) bindFailed(b *binding, status *framework.Status) {
	delete(s.binding, b.Key)
	b.unreserve()
	if placed, node := s.view.Placed(b.Key); placed != nil && node == b.node {
		s.view.RemovePod(b.Key)
		s.happened(framework.ClusterEvent{Kind: framework.PodRemoved, Pod: placed})
	}
	reason := v1.PodReasonSchedulerError
	if status.Rejected() {
		reason = v1.PodReasonUnschedulable
	}
	message := "binding rejected: " + status.Message()
	s.process.Trace.Then(Rejected{Pod: b.Key, Node: b.node, Message: message, Stopped: errors.Is(status.Cause, api.ErrStopped)})
	s.failed(b.waiting, nil, reason, message, s.view.NominatedNode(b.Key))
}

// lost notes a write that did not come through; the next cycle repairs it.
func (s *Scheduler) lost(err error) {
	if !apierrors.IsNotFound(err) {
		s.process.Trace.Add(Rejected{Message: err.Error(), Stopped: errors.Is(err, api.ErrStopped)})
	}
}
