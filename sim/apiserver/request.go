package apiserver

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"minisim/sim/api"
	"minisim/sim/apiserver/access"
	"minisim/sim/apiserver/admission"
	"minisim/sim/apiserver/custom"
	"minisim/sim/apiserver/kinds"
	"minisim/sim/apiserver/token"
	"minisim/sim/etcdstore"
)

// call is one request on its way through the pipeline, with what the stages
// have found out so far.
type call struct {
	api.Request
	server *Server
	id     Identity

	spoken   *api.Resource // the version of the resource that the request speaks, nil: the present one
	granted  bool          // it is known to be allowed
	rule     string        // what allowed it
	admitted []string      // what admission changed
	outcome  Outcome
	claims   token.Claims
	changes  []change // committed; the watchers are told at the end
	grouped  bool     // its write waits for those of its group, and so does its record
}

// action is what a verb does with a resource or one of its subresources.
type action func(*call) (api.Object, error)

// actions are the verbs of every resource, and those of its subresources.
var actions = map[string]map[api.Verb]action{
	"":         {api.VerbGet: (*call).get, api.VerbCreate: (*call).create, api.VerbUpdate: (*call).update, api.VerbPatch: (*call).patch, api.VerbDelete: (*call).delete},
	"status":   {api.VerbGet: (*call).get, api.VerbUpdate: (*call).update, api.VerbPatch: (*call).patch},
	"scale":    {api.VerbGet: (*call).getScale, api.VerbUpdate: (*call).updateScale, api.VerbPatch: (*call).patchScale},
	"binding":  {api.VerbCreate: (*call).bind},
	"eviction": {api.VerbCreate: (*call).evict},
	"finalize": {api.VerbUpdate: (*call).finalize},
	"token":    {api.VerbCreate: (*call).issue},

	"resize":              {api.VerbGet: (*call).get, api.VerbUpdate: (*call).update, api.VerbPatch: (*call).patch},
	"ephemeralcontainers": {api.VerbGet: (*call).get, api.VerbUpdate: (*call).update, api.VerbPatch: (*call).patch},
}

// serves says whether a resource has a subresource.
func (c *Catalog) serves(r *api.Resource, sub string) bool {
	switch sub {
	case "":
		return true
	case "status":
		return r.Status
	case "scale":
		v := c.Custom(r)
		return scales[r] != nil || v != nil && v.Scales()
	case "binding", "eviction", "resize", "ephemeralcontainers":
		return r == api.Pods
	case "finalize":
		return r == api.Namespaces
	case "token":
		return r == api.ServiceAccounts
	}
	return false
}

// Subresources are those that a resource has, sorted.
func (c *Catalog) Subresources(r *api.Resource) []string {
	var out []string
	for sub := range actions {
		if sub != "" && c.serves(r, sub) {
			out = append(out, sub)
		}
	}
	slices.Sort(out)
	return out
}

// Supports says whether a resource, or a subresource of it, has a verb.
func (c *Catalog) Supports(r *api.Resource, sub string, v api.Verb) bool {
	return c.serves(r, sub) && actions[sub][v] != nil
}

// do takes a request through the pipeline and leaves its record.
func (s *Server) do(id Identity, r api.Request) (api.Object, error) {
	return s.carryOut(&call{Request: r, server: s, id: id, outcome: Read})
}

func (s *Server) carryOut(c *call) (api.Object, error) {
	s.regroup(c.Request)
	o, err := c.find()
	if err == nil {
		o, err = c.run()
	}
	if !c.grouped {
		c.record(err)
	}
	return o, err
}

// find finds the resource that the request is for among those that are served.
func (c *call) find() (api.Object, error) {
	r := c.server.known(c.Resource)
	if r == nil {
		return nil, notServed
	}
	c.Resource = r
	return nil, c.server.reachable(r)
}

func (c *call) run() (api.Object, error) {
	c.understand()
	o, err := c.perform()
	if err != nil {
		return nil, err
	}
	return c.speak(o), nil
}

// perform authorises and carries out.
func (c *call) perform() (api.Object, error) {
	if !c.granted {
		if err := c.authorize(nil); err != nil {
			return nil, err
		}
	}
	if !c.Resource.Stored() {
		return c.passOn()
	}
	act := actions[c.Subresource][c.Verb]
	if !c.server.Catalog().serves(c.Resource, c.Subresource) {
		return nil, apierrors.NewGenericServerResponse(http.StatusNotFound, string(c.Verb), schema.GroupResource{}, "", "", 0, true)
	}
	if act == nil {
		return nil, apierrors.NewMethodNotSupported(c.Resource.GroupResource(), string(c.Verb))
	}
	return act(c)
}

// authorize finds the rule that allows the request. For lists and watches, f is what they select.
func (c *call) authorize(f fields.Selector) error {
	a := c.attributes()
	a.Fields = f
	d, err := c.server.policy.Authorize(a, c.server)
	c.rule = d.Rule
	return err
}

// attributes are what authorisation has to know of the request.
func (c *call) attributes() access.Attributes {
	return access.Attributes{
		User: c.id.User, Groups: c.id.Groups, Verb: c.Verb, Resource: c.addressed(), Subresource: c.Subresource, Key: c.Key,
	}
}

// admit has admission look at the request, which may change o.
func (c *call) admit(verb api.Verb, o, old api.Object) error {
	changed, err := admission.Admit(c.admission(verb, o, old), c.server)
	c.admitted = append(c.admitted, changed...)
	if err != nil {
		return err
	}
	return c.server.policy.Grants(c.attributes(), o, old)
}

// vet has admission look at the request after validation, when o will not change any more.
func (c *call) vet(verb api.Verb, o, old api.Object) error {
	remarks, err := admission.Validate(c.admission(verb, o, old), c.server)
	c.admitted = append(c.admitted, remarks...)
	return err
}

func (c *call) admission(verb api.Verb, o, old api.Object) *admission.Attributes {
	a := &admission.Attributes{
		User: c.id.User, Groups: c.id.Groups, Verb: verb, Resource: c.Resource, Subresource: c.Subresource,
		Key: c.Key, Object: o, Old: old, Now: c.server.Engine.Clock(), Warn: c.Warn, Generate: c.generate,
	}
	if !c.DryRun {
		a.Charge = c.charge
	}
	return a
}

// generate makes a name for a part of the request's object.
func (c *call) generate(base string) string {
	name := c.Key.Name
	if name == "" && c.Object != nil {
		name = c.Object.GetGenerateName() // its own is yet to be made
	}
	return c.server.rand.name(base, c.Resource.StoreKey(api.Key{Namespace: c.Key.Namespace, Name: name})+" "+base)
}

// charge stores the status of a quota that the request uses some of.
func (c *call) charge(q *corev1.ResourceQuota) error {
	sub := &call{Request: api.Request{Verb: api.VerbUpdate, Resource: api.ResourceQuotas, Subresource: "status", Key: api.KeyOf(q)}, server: c.server, id: c.id}
	it, err := sub.current()
	if err != nil {
		return err
	}
	group := c.server.group
	c.server.group = nil // the next request of the group may use of it, too
	_, err = sub.replace(it, q)
	c.server.group = group
	c.changes = append(c.changes, sub.changes...)
	return err
}

func (c *call) strategy() *kinds.Strategy { return c.server.Strategy(c.addressed()) }

func (c *call) table() *table { return c.server.table(c.Resource) }

// current is the object that the request is about.
func (c *call) current() (*item, error) {
	it := c.table().get(c.Key)
	if it == nil {
		return nil, notFound(c.Resource, c.Key)
	}
	if view := c.server.view(c.Resource); view != nil {
		shown := *it
		shown.object = view(it.object)
		it = &shown
	}
	return it, nil
}

func (c *call) get() (api.Object, error) {
	it, err := c.current()
	if err != nil {
		return nil, err
	}
	return it.object, nil
}

// Get is an object as of now, nil if there is none. It serves authorisation and admission.
func (s *Server) Get(r *api.Resource, k api.Key) api.Object {
	if r = s.known(r); r == nil {
		return nil
	}
	if it := s.table(r).get(k); it != nil {
		return it.object
	}
	return nil
}

// Each calls f for the objects of a namespace ("": all), in the order of their keys,
// until it returns false. It serves authorisation and admission.
func (s *Server) Each(r *api.Resource, namespace string, f func(api.Object) bool) {
	if r = s.known(r); r == nil {
		return
	}
	for _, o := range s.table(r).list(&filter{resource: s.stored(r), namespace: namespace}) {
		if !f(o) {
			return
		}
	}
}

// PodsOn calls f for the pods bound to a node, in the order of their keys, until it returns false.
func (s *Server) PodsOn(node string, f func(api.Object) bool) {
	for _, o := range s.cache.tables[api.Pods].list(&filter{resource: api.Pods, fields: fields.OneTermEqualSelector("spec.nodeName", node), known: fieldsOf[api.Pods]}) {
		if !f(o) {
			return
		}
	}
}

// list answers from the cache.
func (s *Server) list(id Identity, r *api.Resource, o api.ListOptions) (api.List, error) {
	c := &call{Request: api.Request{Verb: api.VerbList, Resource: r, Key: api.Key{Namespace: o.Namespace}}, server: s, id: id, outcome: Read}
	l, err := c.list(o)
	c.record(err)
	return l, err
}

func (c *call) list(o api.ListOptions) (api.List, error) {
	if _, err := c.find(); err != nil {
		return api.List{}, err
	}
	c.understand()
	if err := c.authorize(o.Fields); err != nil {
		return api.List{}, err
	}
	if !c.Resource.Stored() {
		return c.passOnList(o)
	}
	f, err := c.server.newFilter(c.addressed(), o)
	if err != nil {
		return api.List{}, err
	}
	return c.speakList(api.List{Items: c.table().list(f), Revision: c.server.cache.revision}), nil
}

func (s *Server) watch(id Identity, r *api.Resource, o api.WatchOptions) (*watch, error) {
	c := &call{Request: api.Request{Verb: api.VerbWatch, Resource: r, Key: api.Key{Namespace: o.Namespace}}, server: s, id: id, outcome: Read}
	w, err := c.watch(o)
	c.record(err)
	return w, err
}

func (c *call) watch(o api.WatchOptions) (*watch, error) {
	if _, err := c.find(); err != nil {
		return nil, err
	}
	if err := c.authorize(o.Fields); err != nil {
		return nil, err
	}
	if !c.Resource.Stored() {
		return nil, apierrors.NewMethodNotSupported(c.Resource.GroupResource(), string(c.Verb))
	}
	f, err := c.server.newFilter(c.addressed(), o.ListOptions)
	if err != nil {
		return nil, err
	}
	past, err := c.since(o.From, f)
	if err != nil {
		return nil, err
	}
	w := c.server.hub.open(c.id.Process, o, f)
	for _, ev := range past {
		w.send(ev)
	}
	return w, nil
}

// invalid is the error for an object that is refused.
func (c *call) invalid(errs field.ErrorList) error {
	return apierrors.NewInvalid(c.Resource.GVK().GroupKind(), c.Key.Name, errs)
}

// notServed is the error for a resource that is not there.
var notServed = &apierrors.StatusError{ErrStatus: metav1.Status{
	Status: metav1.StatusFailure, Code: http.StatusNotFound, Reason: metav1.StatusReasonNotFound,
	Message: "the server could not find the requested resource", Details: &metav1.StatusDetails{},
}}

// reachable says why the objects of a resource cannot be shown in its version, if they cannot.
func (s *Server) reachable(r *api.Resource) error {
	if e, ok := s.Catalog().entries[r]; ok && !e.version.Reachable() {
		return plain("conversion webhook for %s failed: %v", e.definition.Stored.Resource.GVK(), custom.ErrWebhook)
	}
	return nil
}

// notFound is the error for an object that is not there.
func notFound(r *api.Resource, k api.Key) error {
	return apierrors.NewNotFound(r.GroupResource(), k.Name)
}

var errModified = errors.New("the object has been modified; please apply your changes to the latest version and try again")

// conflict is the error for somebody who has an older version than the present one.
func conflict(r *api.Resource, k api.Key, why error) error {
	return apierrors.NewConflict(r.GroupResource(), k.Name, why)
}

// plain is an error of code 500 without a reason, as errors inside of a real API server come out.
func plain(format string, args ...any) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusInternalServerError, Message: fmt.Sprintf(format, args...),
	}}
}

// storeError is what a client gets for an error of the store.
func storeError(err error, revision int64) error {
	switch {
	case errors.Is(err, etcdstore.ErrCompacted):
		return apierrors.NewResourceExpired("The resourceVersion for the provided list is too old.")
	case errors.Is(err, etcdstore.ErrFuture):
		return tooLarge(revision, 0)
	case errors.Is(err, etcdstore.ErrTooLarge):
		return apierrors.NewRequestEntityTooLargeError(err.Error())
	}
	return plain("%v", err)
}

// tooLarge is the error for a revision that has not come yet.
func tooLarge(want, have int64) error {
	err := apierrors.NewTimeoutError("Too large resource version: "+strconv.FormatInt(want, 10)+", current: "+strconv.FormatInt(have, 10), 1)
	err.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: metav1.CauseTypeResourceVersionTooLarge, Message: "Too large resource version"}}
	return err
}
