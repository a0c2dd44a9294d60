package scenario

import (
	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
)

// looker is what a view needs of the API server: looking that leaves no record.
type looker interface {
	Answers() bool
	Newest(*api.Resource) int64
	Changed(r *api.Resource, after int64) ([]api.Key, bool)
	Get(*api.Resource, api.Key) api.Object
	Each(r *api.Resource, namespace string, f func(api.Object) bool)
}

// index follows one resource: after a write it looks at what was written only,
// so that a question about a large cluster costs no more than one about a small one.
type index struct {
	resource *api.Resource
	seen     int64
	objects  map[api.Key]api.Object // nil: nothing was looked at yet
	forget   func()
	count    func(o api.Object, sign int64) // o has come (1) or gone (-1)
}

func (x *index) follow(l looker) {
	newest := l.Newest(x.resource)
	if x.objects != nil && newest == x.seen {
		return
	}
	keys, known := l.Changed(x.resource, x.seen)
	if x.objects == nil || !known {
		x.objects = map[api.Key]api.Object{}
		x.forget()
		l.Each(x.resource, "", func(o api.Object) bool {
			x.put(api.KeyOf(o), o)
			return true
		})
	} else {
		for _, k := range keys {
			x.put(k, l.Get(x.resource, k))
		}
	}
	x.seen = newest
}

func (x *index) put(k api.Key, o api.Object) {
	if before := x.objects[k]; before != nil {
		x.count(before, -1)
		delete(x.objects, k)
	}
	if o != nil {
		x.count(o, 1)
		x.objects[k] = o
	}
}

// tally is what there is of one service's pods.
type tally struct {
	pods                                   map[api.Key]*corev1.Pod
	ready, replicas, terminating, restarts int64
	phases                                 map[corev1.PodPhase]int64 // of those that are not being deleted
}

// services counts pods by compose service.
type services map[string]*tally

func (s services) count(o api.Object, sign int64) {
	p := o.(*corev1.Pod)
	service := p.Labels[appLabel]
	t := s[service]
	if t == nil {
		t = &tally{pods: map[api.Key]*corev1.Pod{}, phases: map[corev1.PodPhase]int64{}}
		s[service] = t
	}
	if sign > 0 {
		t.pods[api.KeyOf(p)] = p
	} else {
		delete(t.pods, api.KeyOf(p))
	}
	if readyPod(p) {
		t.ready += sign
	}
	if p.DeletionTimestamp != nil {
		t.terminating += sign
	} else {
		t.replicas += sign
		t.phases[p.Status.Phase] += sign
	}
	for _, c := range p.Status.ContainerStatuses {
		t.restarts += sign * int64(c.RestartCount)
	}
}
