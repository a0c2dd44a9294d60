package kubelet

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
	"minisim/sim/engine"
	"minisim/sim/trace"
)

// fakeServer is just enough of an API server for kubelets: one store, watches
// with a delay of 1 ms, graceful deletion of pods. It keeps no second truth: what
// the tests assert is what it has stored.
type fakeServer struct {
	engine   *engine.Engine
	trace    *trace.Recorder
	revision int64
	objects  map[*api.Resource]map[api.Key]api.Object
	watches  []*fakeWatch
	requests []string   // "verb resource/subresource key" of writes
	last     api.Object // that was deleted
	down     bool
}

func newFakeServer(e *engine.Engine, t *trace.Recorder) *fakeServer {
	return &fakeServer{engine: e, trace: t, objects: map[*api.Resource]map[api.Key]api.Object{}}
}

type fakeWatch struct {
	s       *fakeServer
	r       *api.Resource
	o       api.WatchOptions
	arrived []api.Event
	due     []time.Duration
	stopped bool
}

func (w *fakeWatch) Next() (api.Event, bool) {
	if len(w.arrived) == 0 || w.due[0] > w.s.engine.Now() {
		return api.Event{}, false
	}
	ev := w.arrived[0]
	w.arrived, w.due = w.arrived[1:], w.due[1:]
	return ev, true
}

func (w *fakeWatch) Stop() {
	w.stopped = true
	w.s.watches = slices.DeleteFunc(w.s.watches, func(o *fakeWatch) bool { return o == w })
}

func selects(o api.ListOptions, obj api.Object) bool {
	if o.Namespace != "" && o.Namespace != obj.GetNamespace() {
		return false
	}
	set := fields.Set{"metadata.name": obj.GetName()}
	if p, ok := obj.(*corev1.Pod); ok {
		set["spec.nodeName"] = p.Spec.NodeName
	}
	return o.Fields == nil || o.Fields.Matches(set)
}

func (s *fakeServer) List(r *api.Resource, o api.ListOptions) (api.List, error) {
	if s.down {
		return api.List{}, api.ErrUnreachable
	}
	l := api.List{Revision: s.revision}
	for _, obj := range s.objects[r] {
		if selects(o, obj) {
			l.Items = append(l.Items, obj)
		}
	}
	slices.SortFunc(l.Items, func(a, b api.Object) int { return api.KeyOf(a).Compare(api.KeyOf(b)) })
	return l, nil
}

func (s *fakeServer) Watch(r *api.Resource, o api.WatchOptions) (api.Watch, error) {
	if s.down {
		return nil, api.ErrUnreachable
	}
	w := &fakeWatch{s: s, r: r, o: o}
	s.watches = append(s.watches, w)
	return w, nil
}

func (s *fakeServer) announce(t api.EventType, r *api.Resource, obj api.Object) {
	for _, w := range s.watches {
		if w.r == r && selects(w.o.ListOptions, obj) {
			at := s.engine.Now() + time.Millisecond
			w.arrived, w.due = append(w.arrived, api.Event{Type: t, Object: obj, Revision: s.revision}), append(w.due, at)
			s.engine.At(at, engine.Work{Actor: w.o.Actor, Kind: "watch", Key: w.o.Name})
		}
	}
}

func (s *fakeServer) store(r *api.Resource, obj api.Object, t api.EventType) api.Object {
	s.revision++
	obj.SetResourceVersion(strconv.FormatInt(s.revision, 10))
	k := api.KeyOf(obj)
	if s.objects[r] == nil {
		s.objects[r] = map[api.Key]api.Object{}
	}
	if t == api.Deleted {
		delete(s.objects[r], k)
		s.last = obj
	} else {
		s.objects[r][k] = obj
	}
	value, err := json.Marshal(obj)
	if err != nil {
		panic(err)
	}
	s.trace.Write(r.StoreKey(k), value, s.revision)
	s.announce(t, r, obj)
	return obj
}

func (s *fakeServer) Do(q api.Request) (api.Object, error) {
	if s.down {
		return nil, api.ErrUnreachable
	}
	present := s.objects[q.Resource][q.Key]
	if q.Verb != api.VerbGet {
		name := q.Resource.Name
		if q.Subresource != "" {
			name += "/" + q.Subresource
		}
		s.requests = append(s.requests, fmt.Sprintf("%s %s %s", q.Verb, name, q.Key))
	}
	if q.Subresource == "token" && present != nil {
		return q.Object, nil
	}
	if present == nil && (q.Verb != api.VerbCreate || q.Subresource == "token") {
		return nil, apierrors.NewNotFound(q.Resource.GroupResource(), q.Key.Name)
	}
	switch q.Verb {
	case api.VerbGet:
		return present, nil
	case api.VerbCreate:
		if present != nil {
			return nil, apierrors.NewAlreadyExists(q.Resource.GroupResource(), q.Key.Name)
		}
		obj := q.Object.DeepCopyObject().(api.Object)
		obj.SetUID(types.UID(fmt.Sprintf("uid-%d", s.revision+1)))
		obj.SetCreationTimestamp(metav1.NewTime(s.engine.Clock()))
		obj.SetGeneration(1)
		return s.store(q.Resource, obj, api.Added), nil
	case api.VerbUpdate:
		if q.Object.GetResourceVersion() != present.GetResourceVersion() {
			return nil, apierrors.NewConflict(q.Resource.GroupResource(), q.Key.Name, fmt.Errorf("it has changed"))
		}
		return s.store(q.Resource, q.Object.DeepCopyObject().(api.Object), api.Modified), nil
	case api.VerbPatch:
		obj := present.DeepCopyObject().(api.Object)
		if err := q.Change(obj); err != nil {
			return nil, err
		}
		return s.store(q.Resource, obj, api.Modified), nil
	}
	return nil, s.delete(q, present)
}

func (s *fakeServer) delete(q api.Request, present api.Object) error {
	if u := q.Delete.Preconditions; u != nil && u.UID != nil && *u.UID != present.GetUID() {
		return apierrors.NewConflict(q.Resource.GroupResource(), q.Key.Name, fmt.Errorf("another UID"))
	}
	obj := present.DeepCopyObject().(api.Object)
	pod, ok := obj.(*corev1.Pod)
	grace := int64(30)
	if ok && pod.Spec.TerminationGracePeriodSeconds != nil {
		grace = *pod.Spec.TerminationGracePeriodSeconds
	}
	if q.Delete.GracePeriodSeconds != nil {
		grace = *q.Delete.GracePeriodSeconds
	}
	if !ok || grace == 0 || pod.Spec.NodeName == "" {
		s.store(q.Resource, obj, api.Deleted)
		return nil
	}
	when := metav1.NewTime(s.engine.Clock().Add(time.Duration(grace) * time.Second))
	pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = &when, &grace
	pod.Generation++
	s.store(q.Resource, obj, api.Modified)
	return nil
}
