package controller

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/engine"
	"minisim/sim/trace"
)

// bench is a cluster without a cluster: an engine, an API in memory, and a
// kubelet for all pods that does what the test tells it to.
type bench struct {
	t       *testing.T
	engine  *engine.Engine
	trace   *trace.Recorder
	records []trace.Record

	objects  map[*api.Resource]map[api.Key]api.Object
	revision int64
	watches  []*fakeWatch
	latency  map[*api.Resource]time.Duration // from a write to its arrival at a watcher
	observe  []func(old, new api.Object)     // called after each write
	requests int
	refuse   func(api.Request) error // what a request gets instead of an answer

	calls map[string]func() // work of the test itself, by key

	ready time.Duration // after which a new pod is ready; below 0 is never
	gone  time.Duration // after which a pod that is being deleted is gone
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, engine: engine.New(engine.Config{}), objects: map[*api.Resource]map[api.Key]api.Object{}, latency: map[*api.Resource]time.Duration{}, calls: map[string]func(){}, ready: time.Second, gone: time.Second}
	b.trace = trace.NewRecorder(b.engine, nil)
	b.trace.Subscribe(func(r trace.Record) { b.records = append(b.records, r) })
	b.engine.Register("kubelet", engine.ActorFunc(b.kubelet))
	b.observe = append(b.observe, func(old, new api.Object) {
		pod, ok := new.(*corev1.Pod)
		switch {
		case !ok:
		case pod.DeletionTimestamp != nil:
			b.engine.OnceAfter(b.gone, engine.Work{Actor: "kubelet", Kind: "gone", Key: api.KeyOf(pod).String()})
		case old == nil && b.ready >= 0:
			b.engine.OnceAfter(b.ready, engine.Work{Actor: "kubelet", Kind: "ready", Key: api.KeyOf(pod).String()})
		}
	})
	return b
}

// process is a process on this API under the name of the controller manager.
func (b *bench) process() *component.Process {
	return component.NewProcess("kube-controller-manager", "controllermanager", "", b.engine, b.trace, b)
}

// start runs a manager without those controllers that expect a kubelet behind each pod.
func (b *bench) start() *Manager {
	m := &Manager{Process: b.process()}
	m.Caches = newCaches(m.Process)
	addWorkloadControllers(m.Process, m.Caches, DefaultOptions())
	m.Process.Start()
	return m
}

func (b *bench) kubelet(w engine.Work) {
	if f := b.calls[w.Key]; w.Kind == "call" {
		f()
		return
	}
	key := api.ParseKey(w.Key)
	pod, ok := b.objects[api.Pods][key].(*corev1.Pod)
	switch {
	case !ok:
	case w.Kind == "ready" && pod.DeletionTimestamp == nil:
		b.setPod(pod.Name, corev1.PodRunning, true)
	case w.Kind == "gone" && pod.DeletionTimestamp != nil:
		if len(pod.Finalizers) > 0 { // it goes with the last of them
			b.engine.OnceAfter(time.Second, w)
			return
		}
		b.remove(api.Pods, key)
	}
}

// later has f called at a virtual time.
func (b *bench) later(at time.Duration, key string, f func()) {
	b.calls[key] = f
	b.engine.At(at, engine.Work{Actor: "kubelet", Kind: "call", Key: key})
}

// setPod sets the status of a pod in the namespace default as its kubelet would.
func (b *bench) setPod(name string, phase corev1.PodPhase, ready bool) {
	b.t.Helper()
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	_, err := api.PatchStatus(b, api.Pods, api.Key{Namespace: "default", Name: name}, func(pod *corev1.Pod) error {
		pod.Status.Phase = phase
		if pod.Status.PodIP == "" {
			pod.Status.PodIP = fmt.Sprintf("10.0.%d.%d", b.revision/256, b.revision%256)
			pod.Status.PodIPs = []corev1.PodIP{{IP: pod.Status.PodIP}}
		}
		if pod.Status.StartTime == nil {
			pod.Status.StartTime = &metav1.Time{Time: b.engine.Clock()}
		}
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: status, LastTransitionTime: metav1.NewTime(b.engine.Clock())}}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// run lets d of virtual time pass.
func (b *bench) run(d time.Duration) {
	b.t.Helper()
	if err := b.engine.RunTo(b.engine.Now() + d); err != nil {
		b.t.Fatal(err)
	}
}

// told are the sentences of the records of reconciles so far.
func (b *bench) told(controller string) []string {
	var out []string
	for _, r := range b.records {
		if body, ok := r.Body.(component.Reconciled); ok && body.Controller == controller {
			out = append(out, body.Tell())
		}
	}
	return out
}

// events are "reason: message" of the Events on an object, in the order in which they came.
func (b *bench) events(name string) []string {
	var out []string
	for _, o := range b.sorted(api.Events) {
		if ev := o.(*corev1.Event); ev.InvolvedObject.Name == name {
			out = append(out, ev.Reason+": "+ev.Message)
		}
	}
	return out
}

func (b *bench) sorted(r *api.Resource) []api.Object {
	var out []api.Object
	for _, o := range b.objects[r] {
		out = append(out, o)
	}
	slices.SortFunc(out, func(x, y api.Object) int { return api.KeyOf(x).Compare(api.KeyOf(y)) })
	return out
}

// all are the objects of a resource, sorted by key.
func all[T api.Object](b *bench, r *api.Resource) []T {
	var out []T
	for _, o := range b.sorted(r) {
		out = append(out, o.(T))
	}
	return out
}

// get is one object of the namespace default, or of none.
func get[T api.Object](b *bench, r *api.Resource, name string) T {
	b.t.Helper()
	key := api.Key{Name: name}
	if r.Namespaced {
		key.Namespace = "default"
	}
	o, err := api.Get[T](b, r, key)
	if err != nil {
		b.t.Fatal(err)
	}
	return o
}

func add[T api.Object](b *bench, o T) T {
	b.t.Helper()
	if api.Of(o).Namespaced && o.GetNamespace() == "" {
		o.SetNamespace("default")
	}
	stored, err := api.Create(b, o)
	if err != nil {
		b.t.Fatal(err)
	}
	return stored
}

func change[T api.Object](b *bench, o T, f func(T)) T {
	b.t.Helper()
	stored, err := api.Patch(b, api.Of(o), api.KeyOf(o), func(o T) error { f(o); return nil })
	if err != nil {
		b.t.Fatal(err)
	}
	return stored
}

func (b *bench) delete(o api.Object, policy metav1.DeletionPropagation) {
	b.t.Helper()
	if err := api.Delete(b, api.Of(o), api.KeyOf(o), metav1.DeleteOptions{PropagationPolicy: &policy}); err != nil {
		b.t.Fatal(err)
	}
}

// Do carries out a request.
func (b *bench) Do(r api.Request) (api.Object, error) {
	b.requests++
	if b.refuse != nil {
		if err := b.refuse(r); err != nil {
			return nil, err
		}
	}
	key := r.Key
	old := b.objects[r.Resource][key]
	if r.Verb == api.VerbCreate {
		return b.create(r.Resource, r.Object.DeepCopyObject().(api.Object))
	}
	if old == nil {
		return nil, apierrors.NewNotFound(r.Resource.GroupResource(), key.Name)
	}
	if r.Subresource == "scale" {
		return b.scale(r, old)
	}
	switch r.Verb {
	case api.VerbGet:
		return old, nil
	case api.VerbDelete:
		return old, b.deleteRequest(r, old)
	}
	o := old.DeepCopyObject().(api.Object)
	if r.Verb == api.VerbPatch {
		if err := r.Change(o); err != nil {
			return nil, err
		}
	} else {
		o = r.Object.DeepCopyObject().(api.Object)
		if o.GetResourceVersion() != old.GetResourceVersion() {
			return nil, apierrors.NewConflict(r.Resource.GroupResource(), key.Name, fmt.Errorf("the object has been modified"))
		}
	}
	keep := func(field string, from, to api.Object) {
		if f := reflect.ValueOf(to).Elem().FieldByName(field); f.IsValid() {
			f.Set(reflect.ValueOf(from.DeepCopyObject()).Elem().FieldByName(field))
		}
	}
	if r.Subresource == "finalize" {
		if len(o.(*corev1.Namespace).Spec.Finalizers) == 0 {
			b.remove(r.Resource, key)
			return o, nil
		}
	} else if r.Subresource == "status" {
		status := o
		o = old.DeepCopyObject().(api.Object)
		o.SetAnnotations(status.GetAnnotations())
		keep("Status", status, o)
	} else if r.Resource.Status {
		keep("Status", old, o)
	}
	o.SetUID(old.GetUID())
	if o.GetDeletionTimestamp() != nil && len(o.GetFinalizers()) == 0 && r.Resource != api.Pods && r.Resource != api.Namespaces {
		b.remove(r.Resource, key)
		return o, nil
	}
	return b.put(o), nil
}

func (b *bench) create(r *api.Resource, o api.Object) (api.Object, error) {
	if o.GetName() == "" {
		o.SetName(fmt.Sprintf("%s%05d", o.GetGenerateName(), b.revision+1))
	}
	if ns := b.objects[api.Namespaces][api.Key{Name: o.GetNamespace()}]; ns != nil && ns.GetDeletionTimestamp() != nil {
		err := apierrors.NewForbidden(r.GroupResource(), o.GetName(), fmt.Errorf("namespace %s is being terminated", ns.GetName()))
		err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, metav1.StatusCause{Type: corev1.NamespaceTerminatingCause})
		return nil, err
	}
	if b.objects[r][api.KeyOf(o)] != nil {
		return nil, apierrors.NewAlreadyExists(r.GroupResource(), o.GetName())
	}
	o.SetUID(types.UID(fmt.Sprintf("uid-%05d", b.revision+1)))
	o.SetCreationTimestamp(metav1.NewTime(b.engine.Clock()))
	return b.put(o), nil
}

// put stores an object and tells the watchers.
func (b *bench) put(o api.Object) api.Object {
	r, key := api.Of(o), api.KeyOf(o)
	old := b.objects[r][key]
	if spec := reflect.ValueOf(o).Elem().FieldByName("Spec"); spec.IsValid() {
		if old == nil {
			o.SetGeneration(1)
		} else if !reflect.DeepEqual(spec.Interface(), reflect.ValueOf(old).Elem().FieldByName("Spec").Interface()) {
			o.SetGeneration(old.GetGeneration() + 1)
		}
	}
	if b.objects[r] == nil {
		b.objects[r] = map[api.Key]api.Object{}
	}
	b.revision++
	o.SetResourceVersion(fmt.Sprint(b.revision))
	b.objects[r][key] = o
	b.announce(old, o)
	return o
}

func (b *bench) remove(r *api.Resource, key api.Key) {
	old := b.objects[r][key]
	if old == nil {
		return
	}
	delete(b.objects[r], key)
	b.revision++
	b.announce(old, nil)
}

func (b *bench) announce(old, new api.Object) {
	ev := api.Event{Type: api.Modified, Object: new, Revision: b.revision}
	switch {
	case old == nil:
		ev.Type = api.Added
	case new == nil:
		ev.Type, ev.Object = api.Deleted, old
	}
	for _, w := range b.watches {
		if w.resource == api.Of(ev.Object) {
			w.due = max(w.due, b.engine.Now()+b.latency[w.resource])
			w.events = append(w.events, ev)
			b.engine.At(w.due, engine.Work{Actor: w.options.Actor, Kind: "watch", Key: w.options.Name})
		}
	}
	for _, f := range b.observe {
		f(old, new)
	}
}

func (b *bench) deleteRequest(r api.Request, old api.Object) error {
	o := old.DeepCopyObject().(api.Object)
	if p := r.Delete.Preconditions; p != nil && p.UID != nil && *p.UID != o.GetUID() {
		return apierrors.NewConflict(r.Resource.GroupResource(), r.Key.Name, fmt.Errorf("uid mismatch"))
	}
	if p := r.Delete.PropagationPolicy; p != nil && *p != metav1.DeletePropagationBackground {
		finalizer := metav1.FinalizerDeleteDependents
		if *p == metav1.DeletePropagationOrphan {
			finalizer = metav1.FinalizerOrphanDependents
		}
		o.SetFinalizers(append(o.GetFinalizers(), finalizer))
	}
	force := r.Delete.GracePeriodSeconds != nil && *r.Delete.GracePeriodSeconds == 0
	if ns, ok := o.(*corev1.Namespace); ok {
		ns.Status.Phase = corev1.NamespaceTerminating
	} else if len(o.GetFinalizers()) == 0 && (r.Resource != api.Pods || force) {
		b.remove(r.Resource, r.Key)
		return nil
	}
	if o.GetDeletionTimestamp() == nil {
		now := metav1.NewTime(b.engine.Clock())
		o.SetDeletionTimestamp(&now)
		b.put(o)
	}
	return nil
}

// List lists by namespace and labels.
func (b *bench) List(r *api.Resource, o api.ListOptions) (api.List, error) {
	list := api.List{Revision: b.revision}
	for _, item := range b.sorted(r) {
		if (o.Namespace == "" || o.Namespace == item.GetNamespace()) && (o.Labels == nil || o.Labels.Matches(labels.Set(item.GetLabels()))) {
			list.Items = append(list.Items, item)
		}
	}
	return list, nil
}

type fakeWatch struct {
	bench    *bench
	resource *api.Resource
	options  api.WatchOptions
	events   []api.Event
	due      time.Duration
}

// Watch watches a whole resource.
func (b *bench) Watch(r *api.Resource, o api.WatchOptions) (api.Watch, error) {
	w := &fakeWatch{bench: b, resource: r, options: o}
	b.watches = append(b.watches, w)
	return w, nil
}

func (w *fakeWatch) Next() (api.Event, bool) {
	if len(w.events) == 0 {
		return api.Event{}, false
	}
	ev := w.events[0]
	w.events = w.events[1:]
	return ev, true
}

func (w *fakeWatch) Stop() {
	w.bench.watches = slices.DeleteFunc(w.bench.watches, func(o *fakeWatch) bool { return o == w })
}
