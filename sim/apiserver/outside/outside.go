// Package outside carries out the writes that come to the API server from outside
// of the simulation. A write is plain data (Request), so that the journal can
// keep it and a replay can do it again: who asks, for what, and the bytes that
// they sent. What lives here: reading those bytes and handing them to the
// server's pipeline. What does not: HTTP and everything that runs in real time
// (package rest), and reads, which no replay needs.
package outside

import (
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
	"minisim/sim/apiserver"
	"minisim/sim/apiserver/custom"
	"minisim/sim/apiserver/kinds"
	"minisim/sim/engine"
)

// Kind is the kind of outside requests that this package carries out.
const Kind = "api"

// Request is one write, as the journal keeps it.
type Request struct {
	User   string   `json:"user"`
	Groups []string `json:"groups,omitempty"`
	Agent  string   `json:"agent,omitempty"` // the program: "kubectl"

	Verb        api.Verb `json:"verb"` // create, update, patch, delete or deletecollection
	Group       string   `json:"group,omitempty"`
	Version     string   `json:"version"`
	Resource    string   `json:"resource"` // plural
	Subresource string   `json:"subresource,omitempty"`
	Namespace   string   `json:"namespace,omitempty"`
	Name        string   `json:"name,omitempty"`

	ContentType string `json:"contentType,omitempty"` // of Body, without parameters
	Body        []byte `json:"body,omitempty"`

	DryRun     bool                  `json:"dryRun,omitempty"`
	Validation string                `json:"validation,omitempty"` // of fields: metav1.FieldValidationStrict, …Warn, …Ignore
	Manager    string                `json:"manager,omitempty"`    // of fields
	Force      bool                  `json:"force,omitempty"`      // server-side apply
	Delete     *metav1.DeleteOptions `json:"delete,omitempty"`
	Labels     string                `json:"labels,omitempty"` // selectors of a deletecollection
	Fields     string                `json:"fields,omitempty"`
}

// Result is what came of a write that was granted.
type Result struct {
	Object   api.Object   // the object as it is now; the last state of one that is gone; nil where the server says no more than that it is done
	Items    []api.Object // of a deletecollection
	Gone     bool         // Object exists no more
	Created  bool         // Object is new
	Warnings []string     // what the server accepted but remarks upon
}

// Handle has writes from outside carried out by a server.
func Handle(e *engine.Engine, s *apiserver.Server) { e.HandleOutside(Kind, handler{s}) }

// Pack writes a request down for the engine's inbox.
func (r Request) Pack() (engine.Request, error) {
	data, err := json.Marshal(r)
	return engine.Request{Kind: Kind, Data: data}, err
}

type handler struct{ server *apiserver.Server }

// Outside carries out one write. The reply's Value is a Result, its Err what a client gets.
func (h handler) Outside(q engine.Request) engine.Reply {
	var r Request
	if err := json.Unmarshal(q.Data, &r); err != nil {
		return engine.Reply{Err: fmt.Errorf("a write that nobody can read: %w", err)}
	}
	resource := h.server.Catalog().Find(schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Resource})
	if resource == nil {
		return engine.Reply{Err: apierrors.NewNotFound(schema.GroupResource{Group: r.Group, Resource: r.Resource}, r.Name)}
	}
	w := &write{
		Request: r, resource: resource, custom: h.server.Catalog().Custom(resource), server: h.server,
		id: apiserver.Identity{User: r.User, Groups: r.Groups, Process: r.Agent},
	}
	w.client = h.server.Client(w.id, nil)
	if err := w.do(); err != nil {
		return engine.Reply{Err: err}
	}
	return engine.Reply{Value: w.result}
}

// Title implements engine.Titler: "patch deployments/scale default/web".
func (handler) Title(q engine.Request) string {
	var r struct{ Verb, Resource, Subresource, Namespace, Name string } // not the body
	if err := json.Unmarshal(q.Data, &r); err != nil {
		return "a write that nobody can read"
	}
	title := r.Verb + " " + r.Resource
	if r.Subresource != "" {
		title += "/" + r.Subresource
	}
	return title + " " + api.Key{Namespace: r.Namespace, Name: r.Name}.String()
}

// write is one write under way.
type write struct {
	Request
	resource *api.Resource
	custom   *custom.Version // of a custom resource, otherwise nil
	server   *apiserver.Server
	id       apiserver.Identity
	client   api.Client
	result   Result
}

func (w *write) do() error {
	switch w.Verb {
	case api.VerbCreate, api.VerbUpdate:
		return w.put()
	case api.VerbPatch:
		return w.patch()
	case api.VerbDelete:
		return w.delete(w.key())
	case api.VerbDeleteCollection:
		return w.deleteCollection()
	}
	return apierrors.NewMethodNotSupported(w.resource.GroupResource(), string(w.Verb))
}

func (w *write) key() api.Key { return api.Key{Namespace: w.Namespace, Name: w.Name} }

// request is the part that all writes of one object share.
func (w *write) request() api.Request {
	return api.Request{
		Verb: w.Verb, Resource: w.resource, Subresource: w.Subresource, Key: w.key(), DryRun: w.DryRun,
		Unknown: w.Validation, Manager: w.Manager, Force: w.Force, Warn: w.warn,
	}
}

func (w *write) warn(text string) { w.result.Warnings = append(w.result.Warnings, text) }

// put creates or replaces an object.
func (w *write) put() error {
	o, err := w.decode()
	if err != nil {
		return err
	}
	switch {
	case o.GetNamespace() == "" || !w.resource.Namespaced:
		o.SetNamespace(w.Namespace) // the path says it
	case o.GetNamespace() != w.Namespace:
		return apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	q := w.request()
	q.Object = o
	if w.Verb == api.VerbCreate && q.Key.Name == "" {
		q.Key.Name = o.GetName()
	}
	if w.Verb == api.VerbUpdate {
		if err := w.named(o); err != nil {
			return err
		}
	}
	return w.finish(q)
}

// named completes and checks the name of an object that is put under a name.
func (w *write) named(o api.Object) error {
	switch o.GetName() {
	case w.Name:
		return nil
	case "":
		return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s based on URL) was undeterminable: name must be provided", w.Name))
	}
	return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s) does not match the name on the URL (%s)", o.GetName(), w.Name))
}

func (w *write) patch() error {
	q := w.request()
	q.Patch, q.PatchType = w.Body, types.PatchType(w.ContentType)
	return w.finish(q)
}

// finish has the pipeline carry out a write, and collects what came of it.
func (w *write) finish(q api.Request) error {
	before := w.server.Get(w.resource.Present(), q.Key)
	o, err := w.client.Do(q)
	if err != nil {
		return err
	}
	w.result.Object = o
	w.result.Created = q.Verb == api.VerbCreate || before == nil
	if w.Subresource == "" && o != nil {
		w.remark(o, before)
	}
	return nil
}

// remark collects what the server has to say about an object that it has accepted.
func (w *write) remark(now, before api.Object) {
	k := w.server.Strategy(w.resource.Present())
	switch {
	case before != nil && k.WarningsOnUpdate != nil:
		w.result.Warnings = append(w.result.Warnings, k.WarningsOnUpdate(kinds.ToPresent(now), before)...)
	case k.Warnings != nil:
		w.result.Warnings = append(w.result.Warnings, k.Warnings(kinds.ToPresent(now))...)
	}
}

// delete deletes one object.
func (w *write) delete(k api.Key) error {
	q := w.request()
	q.Key, q.Verb = k, api.VerbDelete
	if w.Delete != nil {
		q.Delete = *w.Delete
	}
	o, err := w.client.Do(q)
	if err != nil {
		return err
	}
	now := w.server.Get(w.resource.Present(), k)
	gone := now == nil || now.GetUID() != o.GetUID()
	w.result.Object, w.result.Gone = o, gone || w.DryRun && o.GetDeletionTimestamp() == nil // what would go is shown as it is
	return nil
}

// deleteCollection deletes what the selectors match.
func (w *write) deleteCollection() error {
	o := api.ListOptions{Namespace: w.Namespace}
	var err error
	if o.Labels, err = labels.Parse(w.Labels); err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	if o.Fields, err = fields.ParseSelector(w.Fields); err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	opts := metav1.DeleteOptions{}
	if w.Delete != nil {
		opts = *w.Delete
	}
	w.result.Items, err = w.server.DeleteCollection(w.id, w.resource, o, opts, w.DryRun)
	return err
}
