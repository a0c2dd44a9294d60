package component

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/engine"
)

// Recorder writes Events as client-go's recorder does: one that says the same of
// the same object again raises the count of the first. Events are written after
// the work that caused them, and one that cannot be written is lost, as in Kubernetes.
// Those that a process reports at about the same time share a transaction.
type Recorder struct {
	process *Process
	source  corev1.EventSource
	seen    map[digest]seenEvent
	waiting []waitingEvent
	last    time.Time
	offset  time.Duration
}

type eventKey struct {
	ref                   corev1.ObjectReference
	kind, reason, message string
}

// digest stands for what an Event says and of which object: the texts themselves,
// of all Events that may come again, would be a tenth of a large cluster's memory.
type digest [16]byte

func (k eventKey) digest() digest {
	var b []byte
	for _, s := range [...]string{
		k.ref.Kind, k.ref.Namespace, k.ref.Name, string(k.ref.UID), k.ref.APIVersion, k.ref.ResourceVersion, k.ref.FieldPath,
		k.kind, k.reason, k.message,
	} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	sum := sha256.Sum256(b)
	return digest(sum[:len(digest{})])
}

type seenEvent struct {
	name  string
	count int32
}

type waitingEvent struct {
	eventKey
	at    metav1.Time
	cause uint64
}

// eventDelay is the virtual time from a process's first Event that waits to the
// writing of all that wait. In client-go a goroutine writes them behind the
// component's back, one by one and at a limited rate (a kubelet's: 50 a second).
const eventDelay = 100 * time.Millisecond

// maxSeen bounds the memory for events that may come again (client-go keeps 4096).
const maxSeen = 4096

// NewRecorder gives a process a recorder whose Events name source ("replicaset-controller", "kubelet")
// and, where it matters, the host.
func NewRecorder(p *Process, source, host string) *Recorder {
	r := &Recorder{process: p, source: corev1.EventSource{Component: source, Host: host}, seen: map[digest]seenEvent{}}
	h := fnv.New32a()
	h.Write([]byte(p.Name + "/" + source + "/" + host))
	r.offset = time.Duration(h.Sum32() % uint32(time.Millisecond))
	p.recorders = append(p.recorders, r)
	return r
}

// Event reports something about o. kind is corev1.EventTypeNormal or EventTypeWarning.
func (r *Recorder) Event(o api.Object, kind, reason, message string) {
	ref := api.ObjectReference(o)
	ref.ResourceVersion = ""
	r.EventFor(ref, kind, reason, message)
}

// Eventf is Event with a format.
func (r *Recorder) Eventf(o api.Object, kind, reason, format string, args ...any) {
	r.Event(o, kind, reason, fmt.Sprintf(format, args...))
}

// EventFor is Event for an object that is known by reference only.
func (r *Recorder) EventFor(ref corev1.ObjectReference, kind, reason, message string) {
	e := r.process.Engine
	r.waiting = append(r.waiting, waitingEvent{eventKey{ref, kind, reason, message}, metav1.NewTime(e.Clock()), e.Cause()})
	e.OnceAfter(eventDelay, engine.Work{Actor: r.process.Name, Kind: "events"})
}

func (r *Recorder) flush() {
	waiting := r.waiting
	r.waiting = nil
	for _, w := range waiting {
		before := r.process.Engine.SetCause(w.cause)
		r.write(w.eventKey, w.at)
		r.process.Engine.SetCause(before)
	}
}

func (r *Recorder) write(k eventKey, now metav1.Time) {
	ns := cmp.Or(k.ref.Namespace, metav1.NamespaceDefault)
	d := k.digest()
	if s, ok := r.seen[d]; ok {
		s.count++
		_, err := api.Patch(r.process.Client, api.Events, api.Key{Namespace: ns, Name: s.name}, func(ev *corev1.Event) error {
			ev.Count, ev.LastTimestamp = s.count, now
			return nil
		})
		if err == nil {
			r.seen[d] = s
			return
		}
		delete(r.seen, d) // it has expired: write it anew
	}
	ev := &corev1.Event{
		TypeMeta:       metav1.TypeMeta{APIVersion: "v1", Kind: "Event"},
		ObjectMeta:     metav1.ObjectMeta{Namespace: ns, Name: fmt.Sprintf("%s.%x", k.ref.Name, r.stamp(now.Time))},
		InvolvedObject: k.ref, Type: k.kind, Reason: k.reason, Message: k.message, Source: r.source,
		FirstTimestamp: now, LastTimestamp: now, Count: 1,
		ReportingController: r.source.Component, ReportingInstance: r.source.Host,
	}
	if _, err := api.Create(r.process.Client, ev); err != nil {
		return
	}
	if len(r.seen) >= maxSeen {
		clear(r.seen)
	}
	r.seen[d] = seenEvent{name: ev.Name, count: 1}
}

// stamp is an instant in nanoseconds, made unique within this recorder
// and moved by a fraction of a millisecond that differs from recorder to recorder:
// in virtual time many of them report at one instant.
func (r *Recorder) stamp(t time.Time) int64 {
	t = t.Add(r.offset)
	if !t.After(r.last) {
		t = r.last.Add(1)
	}
	r.last = t
	return t.UnixNano()
}
