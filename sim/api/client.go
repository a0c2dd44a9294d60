package api

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// Verb is what a request wants done, in the words of Kubernetes' authorisation.
type Verb string

// The verbs.
const (
	VerbGet    Verb = "get"
	VerbList   Verb = "list"
	VerbWatch  Verb = "watch"
	VerbCreate Verb = "create"
	VerbUpdate Verb = "update"
	VerbPatch  Verb = "patch"
	VerbDelete Verb = "delete"

	// VerbDeleteCollection deletes all objects that selectors match.
	VerbDeleteCollection Verb = "deletecollection"
)

// Request is one request to the API server that concerns one object.
type Request struct {
	Verb        Verb
	Resource    *Resource
	Subresource string // "", "status", "binding", "eviction", "scale"
	Key         Key    // may be left empty where Object has it

	// Object is what to create or to update to; for the subresource binding a
	// *corev1.Binding, for eviction a *policyv1.Eviction. The server does not
	// keep or change it.
	Object Object

	// Patch is a patch in wire form, of the type PatchType.
	Patch     []byte
	PatchType types.PatchType
	// Change is a patch in process: it is given a copy of the present object and
	// changes it. Like a patch without resourceVersion it never conflicts.
	// Exactly one of Patch and Change is set for VerbPatch.
	Change func(Object) error

	// Unknown is what becomes of fields in Patch that the kind does not have or that
	// are there twice: metav1.FieldValidationStrict, …Warn or …Ignore, which "" stands for.
	Unknown string
	Warn    func(string) // is told of them for Warn; nil: nobody is

	Manager string // who the fields that are written belong to, where the object's fields have owners; "": the user
	Force   bool   // for server-side apply: take fields away from other owners

	Delete metav1.DeleteOptions // for VerbDelete
	DryRun bool
}

// ListOptions select what is listed or watched.
type ListOptions struct {
	Namespace string          // "" is all
	Labels    labels.Selector // nil is everything
	Fields    fields.Selector // nil is everything; metadata.name, metadata.namespace and what Kubernetes supports per resource (pods: spec.nodeName, status.phase, …)
}

// List is the answer to a list: the objects, sorted by key, and the revision of
// the store at which they were read. The objects are shared and must not be changed.
type List struct {
	Items    []Object
	Revision int64
}

// WatchOptions say what is watched, from when, and who is woken.
type WatchOptions struct {
	ListOptions
	From  int64  // only what comes after this revision; as a List gave it
	Actor string // the engine's actor that is woken by work of the kind "watch" …
	Name  string // … with this key, once for each event
}

// EventType is what happened to a watched object.
type EventType string

// The types of events. Closed ends a watch: the connection was lost or the
// watcher was too slow; list and watch again.
const (
	Added    EventType = "ADDED"
	Modified EventType = "MODIFIED"
	Deleted  EventType = "DELETED"
	Closed   EventType = "CLOSED"
)

// Event is one thing that happened to a watched object. Object is shared and must not be changed.
type Event struct {
	Type     EventType
	Object   Object // the state after the change; for Deleted the last state
	Revision int64
	Err      error // for Closed: why
}

// Watch is a stream of events in the order of their revisions. Each is announced
// by one piece of work to the actor; Next takes it.
type Watch interface {
	// Next takes the next event that has arrived, false if there is none.
	Next() (Event, bool)
	// Stop ends the watch; what was under way is dropped.
	Stop()
}

// Client is how a component talks to the API server: as one user, over one
// link that may be down. Errors are *apierrors.StatusError as a real client gets them,
// or ErrUnreachable, or ErrStopped.
type Client interface {
	Do(Request) (Object, error)
	List(*Resource, ListOptions) (List, error)
	Watch(*Resource, WatchOptions) (Watch, error)
}

// Grouper is a Client that can write several things in one transaction.
type Grouper interface {
	// Together has the writes of the requests that f makes share as few
	// transactions as may be. It is for what nobody waits for: an object that f
	// gets back has no resourceVersion yet, and a write that is refused in the end
	// is told of in the trace only.
	Together(f func())
}

// Together has the requests of f written in one transaction, or as ever by a
// client that is no Grouper.
func Together(c Client, f func()) {
	if g, ok := c.(Grouper); ok {
		g.Together(f)
		return
	}
	f()
}

// Discoverer is a Client that knows what the server serves at present.
type Discoverer interface {
	// Discover gives the resources that are served, custom ones in all versions.
	Discover() ([]*Resource, error)
}

// Discover gives what is served: of a client that is no Discoverer, the resource table.
func Discover(c Client) ([]*Resource, error) {
	if d, ok := c.(Discoverer); ok {
		return d.Discover()
	}
	return Resources(), nil
}

// Preferred are the resources among those served that stand for all objects: of a custom resource its preferred version.
func Preferred(c Client) ([]*Resource, error) {
	served, err := Discover(c)
	var out []*Resource
	seen := map[string]bool{}
	for _, r := range served {
		if r.Stored() && r.Present() == r && !seen[r.Folder] {
			seen[r.Folder] = true
			out = append(out, r)
		}
	}
	return out, err
}

// ErrUnreachable is what a request gets whose server or link is down.
var ErrUnreachable = errors.New("connection refused")

// ErrStopped is what every request of a program gets that has been stopped in
// the middle of its work. Whatever it still does is lost with it.
var ErrStopped = errors.New("the program has been stopped")

// Get reads one object. The result is shared and must not be changed.
func Get[T Object](c Client, r *Resource, k Key) (T, error) {
	return as[T](c.Do(Request{Verb: VerbGet, Resource: r, Key: k}))
}

// Create stores a new object and returns it as it was stored.
func Create[T Object](c Client, o T) (T, error) {
	return as[T](c.Do(Request{Verb: VerbCreate, Resource: Of(o), Key: KeyOf(o), Object: o}))
}

// Update replaces an object but for its status; it conflicts when o's resourceVersion is not the present one.
func Update[T Object](c Client, o T) (T, error) {
	return as[T](c.Do(Request{Verb: VerbUpdate, Resource: Of(o), Key: KeyOf(o), Object: o}))
}

// UpdateStatus replaces an object's status and nothing else; it conflicts as Update does.
func UpdateStatus[T Object](c Client, o T) (T, error) {
	return as[T](c.Do(Request{Verb: VerbUpdate, Resource: Of(o), Subresource: "status", Key: KeyOf(o), Object: o}))
}

// Patch changes the present state of an object, without regard to resourceVersion.
func Patch[T Object](c Client, r *Resource, k Key, change func(T) error) (T, error) {
	return patch(c, r, k, "", change)
}

// PatchStatus changes the present status of an object, without regard to resourceVersion.
func PatchStatus[T Object](c Client, r *Resource, k Key, change func(T) error) (T, error) {
	return patch(c, r, k, "status", change)
}

func patch[T Object](c Client, r *Resource, k Key, sub string, change func(T) error) (T, error) {
	return as[T](c.Do(Request{Verb: VerbPatch, Resource: r, Subresource: sub, Key: k, Change: func(o Object) error {
		return change(o.(T))
	}}))
}

// Delete asks for an object to be deleted, by default with the resource's own grace period and background propagation.
func Delete(c Client, r *Resource, k Key, o metav1.DeleteOptions) error {
	_, err := c.Do(Request{Verb: VerbDelete, Resource: r, Key: k, Delete: o})
	return err
}

// Bind assigns a pod to a node through the binding subresource. uid guards
// against a pod of the same name that is another one.
func Bind(c Client, pod Key, uid types.UID, node string) error {
	b := &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: uid},
		Target:     corev1.ObjectReference{Kind: "Node", Name: node},
	}
	_, err := c.Do(Request{Verb: VerbCreate, Resource: Pods, Subresource: "binding", Key: pod, Object: b})
	return err
}

func as[T Object](o Object, err error) (T, error) {
	var none T
	if err != nil {
		return none, err
	}
	t, ok := o.(T)
	if !ok {
		return none, fmt.Errorf("the server answered with a %T", o)
	}
	return t, nil
}
