package apiserver

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/apiserver/access"
)

// Outcome is what came of a request.
type Outcome string

// The outcomes of requests that were granted. Those that were not bear the
// reason of their Status: "Conflict", "Forbidden", "Invalid", "NotFound", ….
const (
	Read      Outcome = "read"
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged" // it would have changed nothing, so nothing was written
	Deleting  Outcome = "deleting"  // marked as to be deleted; a grace period or finalizers hold it
	Deleted   Outcome = "deleted"
	DryRun    Outcome = "dry run"
	Issued    Outcome = "issued" // a token, of which nothing is stored
)

// Request is the record of one request's way through the server, stage by stage.
type Request struct {
	Verb        api.Verb `json:"verb"`
	Resource    string   `json:"resource"` // "deployments.apps"
	Subresource string   `json:"subresource,omitempty"`
	Key         string   `json:"key,omitempty"`
	User        string   `json:"user"`
	Process     string   `json:"process,omitempty"`
	Rule        string   `json:"rule,omitempty"`      // what allowed it
	Admission   []string `json:"admission,omitempty"` // what admission changed
	Outcome     Outcome  `json:"outcome"`
	Revision    int64    `json:"revision,omitempty"` // the (last) revision written
	Told        []string `json:"told,omitempty"`     // processes whose watches get it, sorted
	Routine     bool     `json:"routine,omitempty"`  // a lease, a heartbeat, an Event
	Error       string   `json:"error,omitempty"`

	// Event is what an Event says that is written by the request.
	Event *EventText `json:"event,omitempty"`

	singular string
}

// EventText is what an Event says.
type EventText struct {
	Type    string `json:"type"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	Object  string `json:"object"` // "Pod default/web-1"
	Count   int32  `json:"count"`
}

// Kind is "request".
func (Request) Kind() string { return "request" }

// maxTold is how many watchers Tell names.
const maxTold = 4

// Tell follows the request from the right to make it to those who hear of it.
// Reads, routine and requests that changed nothing are not worth a sentence.
//
//	create deployment default/app: allowed (system:masters), defaulted, valid → etcd revision 41 → told kube-controller-manager
func (r Request) Tell() string {
	if r.quiet() || r.everyday() {
		return ""
	}
	return r.sentence()
}

// Murmur tells of the everyday requests and of Events, too.
func (r Request) Murmur() string {
	if e := r.Event; e != nil && r.Error == "" {
		return fmt.Sprintf("event %s %s for %s (%d): %s", e.Type, e.Reason, e.Object, e.Count, e.Message)
	}
	if r.quiet() {
		return ""
	}
	return r.sentence()
}

// everyday says whether a request is told of by whoever makes it: a component
// that keeps an object up to date, or learns that its copy was an old one.
func (r Request) everyday() bool {
	switch r.Outcome {
	case Outcome(metav1.StatusReasonConflict), Outcome(metav1.StatusReasonAlreadyExists), Outcome(metav1.StatusReasonNotFound):
		return r.Rule != access.Masters
	}
	keepsUp := r.Verb == api.VerbUpdate || r.Verb == api.VerbPatch ||
		r.Resource == api.Endpoints.String() // which repeat what EndpointSlices say
	return r.Error == "" && keepsUp && r.Rule != access.Masters
}

func (r Request) sentence() string {
	s := r.what() + ": "
	if r.Error != "" {
		return s + r.Error
	}
	s += "allowed (" + r.Rule + ")"
	for _, a := range r.Admission {
		s += ", " + a
	}
	if r.Verb != api.VerbDelete && r.Subresource == "" {
		s += ", defaulted"
	}
	if r.Verb != api.VerbDelete {
		s += ", valid"
	}
	if r.Outcome == DryRun {
		return s + " → dry run, nothing written"
	}
	if r.Outcome == Deleting {
		s += ", marked for deletion"
	}
	s += fmt.Sprintf(" → etcd revision %d", r.Revision)
	switch n := len(r.Told); {
	case n > maxTold:
		s += fmt.Sprintf(" → told %s and %d others", strings.Join(r.Told[:maxTold], ", "), n-maxTold)
	case n > 0:
		s += " → told " + strings.Join(r.Told, ", ")
	}
	return s
}

// quiet says whether nobody needs to hear of the request: but for those that the
// server refuses, reads are a component's own business.
func (r Request) quiet() bool {
	switch r.Verb {
	case api.VerbGet, api.VerbList, api.VerbWatch:
		return r.Outcome != Outcome(metav1.StatusReasonForbidden)
	}
	return r.Routine || r.Outcome == Unchanged || r.Outcome == Issued
}

func (r Request) what() string {
	s := string(r.Verb) + " "
	if r.Subresource != "" {
		s += r.Subresource + " of "
	}
	return s + r.singular + " " + r.Key
}

// record puts a finished request into the trace and the hash, and makes it the
// cause of what its watchers will hear.
func (c *call) record(err error) {
	s := c.server
	c.count(err)
	rec := Request{
		Verb: c.Verb, Resource: c.Resource.String(), Subresource: c.Subresource, Key: c.Key.String(),
		User: c.id.User, Process: c.id.Process, Rule: c.rule, Admission: c.admitted,
		Outcome: c.outcome, singular: c.Resource.Singular,
	}
	if err != nil {
		rec.Outcome, rec.Error = outcomeOf(err), err.Error()
	}
	var told []delivery
	if len(c.changes) > 0 {
		rec.Routine = true
		rec.Revision = c.changes[len(c.changes)-1].revision
		for _, ch := range c.changes {
			told = append(told, s.hub.concerned(ch)...)
			rec.Routine = rec.Routine && routine(ch)
			if ev, ok := ch.new.(*corev1.Event); ok {
				rec.Event = eventText(ev)
			}
		}
		for _, d := range told {
			if d.watch.sink != nil {
				continue // an account of the run does not depend on who looks on
			}
			if i, ok := slices.BinarySearch(rec.Told, d.watch.process); !ok {
				rec.Told = slices.Insert(rec.Told, i, d.watch.process)
			}
		}
		if !rec.Routine {
			s.Engine.Touch()
		}
	}
	resource := c.Resource.Name
	if c.Subresource != "" {
		resource += "/" + c.Subresource
	}
	s.Trace.Request(c.id.User, string(c.Verb), resource, rec.Key, string(rec.Outcome))
	id := s.Trace.Add(rec)
	before := s.Engine.SetCause(id)
	for _, d := range told {
		d.watch.send(d.event)
	}
	s.Engine.SetCause(before)
}

func eventText(ev *corev1.Event) *EventText {
	o := ev.InvolvedObject
	return &EventText{
		Type: ev.Type, Reason: ev.Reason, Message: ev.Message, Count: max(ev.Count, 1),
		Object: o.Kind + " " + api.Key{Namespace: o.Namespace, Name: o.Name}.String(),
	}
}

func outcomeOf(err error) Outcome {
	if reason := apierrors.ReasonForError(err); reason != metav1.StatusReasonUnknown {
		return Outcome(reason)
	}
	return "Error"
}
