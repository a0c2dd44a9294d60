package scheduler

import (
	"time"

	"minisim/sim/scheduler/framework"
)

// The queue's times, as kube-scheduler has them by default.
const (
	// InitialBackoff is how long a pod waits after its first failure; it
	// doubles with each further one …
	InitialBackoff = 1 * time.Second
	// MaxBackoff … up to this.
	MaxBackoff = 10 * time.Second
	// UnschedulableTimeout is how long a rejected pod waits for an event that
	// may help it before it is tried again anyway.
	UnschedulableTimeout = 5 * time.Minute
)

// room is where in the queue a pod is.
type room int

const (
	inActive        room = iota // ready to be scheduled
	inBackoff                   // ready when its back-off is over
	inUnschedulable             // waits for an event that may help it
	inGate                      // held back by a PreEnqueue plugin
)

// waiting is a pod in the queue.
type waiting struct {
	framework.QueuedPod
	room  room
	place int       // in its heap
	until time.Time // end of its back-off
	// previous and next are its neighbours among the rejected pods.
	previous, next *waiting
	// kinds are the sorts of event that may help it.
	kinds framework.EventKinds
}

// queue holds the pods that wait to be scheduled: those that are ready, by the
// profile's order; those that back off, by the end of it; and those that were
// rejected and wait for a change.
type queue struct {
	profiles      map[string]*framework.Profile
	view          *framework.Snapshot
	pods          map[string]*waiting
	active        heap
	backoff       heap
	unschedulable list
	// helped counts the unschedulable pods by the kinds that may help them.
	helped [framework.EventKindCount]int
	order  uint64

	initialBackoff, maxBackoff time.Duration
}

func newQueue(profiles map[string]*framework.Profile, view *framework.Snapshot, sort framework.QueueSortPlugin) *queue {
	q := &queue{profiles: profiles, view: view, pods: make(map[string]*waiting)}
	q.active.less = func(a, b *waiting) bool { return sort.Less(&a.QueuedPod, &b.QueuedPod) }
	q.backoff.less = func(a, b *waiting) bool {
		if !a.until.Equal(b.until) {
			return a.until.Before(b.until)
		}
		return a.Order < b.Order
	}
	return q
}

// add takes in a new pod, or a changed one.
func (q *queue) add(p *framework.PodInfo, now time.Time, cause uint64) {
	old := q.pods[p.Key]
	if old == nil {
		w := &waiting{QueuedPod: framework.QueuedPod{PodInfo: p, Cause: cause}}
		q.stamp(w, now)
		q.pods[p.Key] = w
		q.enqueue(w)
		return
	}
	if framework.SamePod(old.Pod, p.Pod) {
		old.PodInfo.Pod = p.Pod
		return
	}
	q.change(old, p, now, cause)
}

// change gives a waiting pod its new form, which may make it ready.
func (q *queue) change(w *waiting, p *framework.PodInfo, now time.Time, cause uint64) {
	if w.room == inActive || w.room == inBackoff {
		q.leave(w) // its priority may have changed
		w.PodInfo = p
		q.put(w, w.room)
		return
	}
	w.PodInfo = p
	if w.room == inGate {
		w.Cause = cause
		q.enqueue(w)
	} else if q.helps(w, framework.ClusterEvent{Kind: framework.PodUpdated, Pod: p}) {
		q.wake(w, now, cause)
	}
}

func (q *queue) stamp(w *waiting, now time.Time) {
	q.order++
	w.Since, w.Order = now, q.order
}

// enqueue makes a pod ready unless a PreEnqueue plugin holds it back.
func (q *queue) enqueue(w *waiting) {
	if q.profiles[w.Pod.Spec.SchedulerName].Gate(w.PodInfo) != nil {
		q.put(w, inGate)
		return
	}
	q.put(w, inActive)
}

func (q *queue) put(w *waiting, r room) {
	w.room = r
	switch r {
	case inActive:
		q.active.push(w)
	case inBackoff:
		q.backoff.push(w)
	case inUnschedulable:
		q.unschedulable.push(w)
		q.count(w, 1)
	}
}

func (q *queue) leave(w *waiting) {
	switch w.room {
	case inActive:
		q.active.remove(w)
	case inBackoff:
		q.backoff.remove(w)
	case inUnschedulable:
		q.unschedulable.remove(w)
		q.count(w, -1)
	}
}

func (q *queue) count(w *waiting, delta int) {
	for k := range framework.EventKindCount {
		if w.kinds.Has(k) {
			q.helped[k] += delta
		}
	}
}

// remove forgets a pod.
func (q *queue) remove(key string) {
	if w := q.pods[key]; w != nil {
		q.leave(w)
		delete(q.pods, key)
	}
}

// pop takes the first ready pod out of the queue, or returns nil.
func (q *queue) pop() *waiting {
	w := q.active.peek()
	if w != nil {
		q.active.remove(w)
		delete(q.pods, w.Key)
		w.Attempts++
	}
	return w
}

// rejected puts a pod back that some plugins rejected. It waits for an event
// that may help one of them; if none is known it is tried again after its
// back-off.
func (q *queue) rejected(w *waiting, plugins map[string]bool, now time.Time) {
	q.pods[w.Key] = w
	q.stamp(w, now)
	w.until = now.Add(q.backoffOf(w.Attempts))
	w.RejectedBy = plugins
	if len(plugins) == 0 {
		q.put(w, inBackoff)
		return
	}
	w.kinds = q.interests(w)
	q.put(w, inUnschedulable)
}

// backoffOf is the initial back-off after the first attempt, then twice as long
// each time, up to the maximum.
func (q *queue) backoffOf(attempts int) time.Duration {
	d := q.initialBackoff
	for i := 1; i < attempts && d < q.maxBackoff; i++ {
		d *= 2
	}
	return min(d, q.maxBackoff)
}

// interests unites what the plugins that rejected a pod can be helped by.
func (q *queue) interests(w *waiting) framework.EventKinds {
	var kinds framework.EventKinds
	q.eachRejector(w, func(r framework.Requeuer) bool {
		if r == nil {
			kinds = framework.AllKinds
		} else {
			kinds |= r.Events()
		}
		return false
	})
	return kinds
}

// eachRejector calls f for each plugin that rejected a pod, with nil for one
// that does not say what helps it, until f returns true.
func (q *queue) eachRejector(w *waiting, f func(framework.Requeuer) bool) bool {
	for _, plugin := range q.profiles[w.Pod.Spec.SchedulerName].Plugins {
		if w.RejectedBy[plugin.Name()] {
			r, _ := plugin.(framework.Requeuer)
			if f(r) {
				return true
			}
		}
	}
	return false
}

func (q *queue) helps(w *waiting, e framework.ClusterEvent) bool {
	return q.eachRejector(w, func(r framework.Requeuer) bool {
		return r == nil || r.Events().Has(e.Kind) && r.Helps(q.view, w.PodInfo, e)
	})
}

// event wakes the rejected pods that a change may help: at once if their
// back-off is over, else when it is.
func (q *queue) event(e framework.ClusterEvent, now time.Time, cause uint64) {
	if q.helped[e.Kind] == 0 {
		return
	}
	var woken []*waiting
	for w := q.unschedulable.first; w != nil; w = w.next {
		if w.kinds.Has(e.Kind) && q.helps(w, e) {
			woken = append(woken, w)
		}
	}
	for _, w := range woken {
		q.wake(w, now, cause)
	}
}

func (q *queue) wake(w *waiting, now time.Time, cause uint64) {
	q.leave(w)
	w.Cause = cause
	if w.until.After(now) {
		q.put(w, inBackoff)
		return
	}
	q.enqueue(w)
}

// release makes pods ready whose back-off is over, and tries those again that
// have waited too long for an event.
func (q *queue) release(now time.Time, cause uint64) {
	for w := q.backoff.peek(); w != nil && !w.until.After(now); w = q.backoff.peek() {
		q.backoff.remove(w)
		q.enqueue(w)
	}
	for w := q.unschedulable.first; w != nil && !w.Since.Add(UnschedulableTimeout).After(now); w = q.unschedulable.first {
		q.wake(w, now, cause)
	}
}

// due is when release has something to do next; false if never.
func (q *queue) due() (time.Time, bool) {
	var at time.Time
	if w := q.backoff.peek(); w != nil {
		at = w.until
	}
	if w := q.unschedulable.first; w != nil {
		if flush := w.Since.Add(UnschedulableTimeout); at.IsZero() || flush.Before(at) {
			at = flush
		}
	}
	return at, !at.IsZero()
}
