package scheduler_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/engine"
	"minisim/sim/scheduler"
	"minisim/sim/trace"
)

// bench is a scheduler on an API in memory, with nothing else around it.
type bench struct {
	t         testing.TB
	engine    *engine.Engine
	scheduler *scheduler.Scheduler
	decisions []scheduler.Decision
	rejected  []scheduler.Rejected
	objects   map[*api.Resource]map[api.Key]api.Object
	watches   []*memoryWatch
	revision  int64
	refuse    func(api.Request) error // what a request gets instead of an answer
	binds     int
}

func newBench(t testing.TB, seed uint64) *bench {
	b := &bench{t: t, engine: engine.New(engine.Config{Seed: seed}), objects: make(map[*api.Resource]map[api.Key]api.Object)}
	recorder := trace.NewRecorder(b.engine, nil)
	recorder.Subscribe(func(r trace.Record) {
		if d, ok := r.Body.(scheduler.Decision); ok {
			b.decisions = append(b.decisions, d)
		}
		if r, ok := r.Body.(scheduler.Rejected); ok {
			b.rejected = append(b.rejected, r)
		}
	})
	p := component.NewProcess("kube-scheduler", "default-scheduler", "", b.engine, recorder, b)
	b.scheduler = scheduler.New(p, scheduler.Options{})
	p.Start()
	return b
}

// run lets virtual time pass.
func (b *bench) run(d time.Duration) {
	b.t.Helper()
	if err := b.engine.RunTo(b.engine.Now() + d); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) create(o api.Object) {
	b.t.Helper()
	if _, err := api.Create(b, o); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) patch(o api.Object, change func(api.Object)) {
	b.t.Helper()
	if _, err := api.Patch(b, api.Of(o), api.KeyOf(o), func(o api.Object) error { change(o); return nil }); err != nil {
		b.t.Fatal(err)
	}
}

// remove ends an object at once, without any grace.
func (b *bench) remove(o api.Object) {
	r, key := api.Of(o), api.KeyOf(o)
	old := b.objects[r][key]
	delete(b.objects[r], key)
	b.announce(api.Event{Type: api.Deleted, Object: old})
}

func (b *bench) pod(name string) *v1.Pod {
	b.t.Helper()
	pod, ok := b.objects[api.Pods][api.Key{Namespace: "default", Name: name}].(*v1.Pod)
	if !ok {
		b.t.Fatalf("no pod %s", name)
	}
	return pod
}

// events are the "reason: message" of an object's Events, in order.
func (b *bench) events(name string) []string {
	var list []*v1.Event
	for _, o := range b.objects[api.Events] {
		if e := o.(*v1.Event); e.InvolvedObject.Name == name {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(x, y *v1.Event) int { return cmp.Compare(x.Name, y.Name) })
	var texts []string
	for _, e := range list {
		texts = append(texts, e.Reason+": "+e.Message)
	}
	return texts
}

func (b *bench) Do(r api.Request) (api.Object, error) {
	if b.refuse != nil {
		if err := b.refuse(r); err != nil {
			return nil, err
		}
	}
	old := b.objects[r.Resource][r.Key]
	if r.Verb == api.VerbCreate && r.Subresource == "" {
		o := r.Object.DeepCopyObject().(api.Object)
		o.SetUID(types.UID(fmt.Sprintf("uid-%d", b.revision)))
		return b.put(o), nil
	}
	if old == nil {
		return nil, apierrors.NewNotFound(r.Resource.GroupResource(), r.Key.Name)
	}
	o := old.DeepCopyObject().(api.Object)
	switch {
	case r.Subresource == "binding":
		pod := o.(*v1.Pod)
		if pod.Spec.NodeName != "" {
			return nil, apierrors.NewConflict(r.Resource.GroupResource(), r.Key.Name, fmt.Errorf("pod is already assigned to node %q", pod.Spec.NodeName))
		}
		pod.Spec.NodeName = r.Object.(*v1.Binding).Target.Name
		b.binds++
	case r.Verb == api.VerbPatch:
		if err := r.Change(o); err != nil {
			return nil, err
		}
	case r.Verb == api.VerbDelete:
		now := metav1.NewTime(b.engine.Clock())
		o.SetDeletionTimestamp(&now)
	default:
		return nil, fmt.Errorf("the test's API does not serve %s", r.Verb)
	}
	return b.put(o), nil
}

func (b *bench) put(o api.Object) api.Object {
	r, key := api.Of(o), api.KeyOf(o)
	if b.objects[r] == nil {
		b.objects[r] = make(map[api.Key]api.Object)
	}
	kind := api.Modified
	if b.objects[r][key] == nil {
		kind = api.Added
	}
	b.revision++
	o.SetResourceVersion(fmt.Sprint(b.revision))
	b.objects[r][key] = o
	b.announce(api.Event{Type: kind, Object: o})
	return o
}

func (b *bench) announce(e api.Event) {
	for _, w := range b.watches {
		if w.resource == api.Of(e.Object) {
			w.events = append(w.events, e)
			b.engine.After(time.Millisecond, engine.Work{Actor: w.options.Actor, Kind: "watch", Key: w.options.Name})
		}
	}
}

func (b *bench) List(*api.Resource, api.ListOptions) (api.List, error) { return api.List{}, nil }

func (b *bench) Watch(r *api.Resource, o api.WatchOptions) (api.Watch, error) {
	w := &memoryWatch{resource: r, options: o}
	b.watches = append(b.watches, w)
	return w, nil
}

type memoryWatch struct {
	resource *api.Resource
	options  api.WatchOptions
	events   []api.Event
}

func (w *memoryWatch) Next() (api.Event, bool) {
	if len(w.events) == 0 {
		return api.Event{}, false
	}
	e := w.events[0]
	w.events = w.events[1:]
	return e, true
}

func (w *memoryWatch) Stop() {}

func liveNode(name, cpu string) *v1.Node {
	node := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{v1.LabelHostname: name}}}
	node.Status.Allocatable = v1.ResourceList{v1.ResourceCPU: resource.MustParse(cpu), v1.ResourceMemory: resource.MustParse("8Gi"),
		v1.ResourcePods: resource.MustParse("110")}
	return node
}

func livePod(name, cpu string) *v1.Pod {
	pod := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}}
	pod.Spec.SchedulerName = "default-scheduler"
	pod.Spec.Containers = []v1.Container{{Name: "c", Image: "nginx", Resources: v1.ResourceRequirements{
		Requests: v1.ResourceList{v1.ResourceCPU: resource.MustParse(cpu)}}}}
	return pod
}
