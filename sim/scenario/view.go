package scenario

import (
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"minisim/internal/source"
	"minisim/sim/api"
	"minisim/sim/world"
)

// View answers questions about a cluster, as a user with all rights would find
// them out with kubectl, but without leaving a trace. A View that no runner has
// been given knows of nothing.
type View struct {
	api    looker
	world  *world.World
	pods   index
	events index
	tally  services
	reason map[string]int64 // how often each reason was reported
	number int              // of the cluster that is looked at, from 1
}

// NewView gives a view of nothing yet; conditions can be compiled for it.
func NewView() *View {
	v := &View{}
	v.pods = index{resource: api.Pods, forget: func() { v.tally = services{} }, count: func(o api.Object, sign int64) { v.tally.count(o, sign) }}
	v.events = index{resource: api.Events, forget: func() { v.reason = map[string]int64{} }, count: func(o api.Object, sign int64) {
		e := o.(*corev1.Event)
		v.reason[e.Reason] += sign * int64(max(e.Count, 1))
	}}
	return v
}

// attach has the view look at a cluster from now on.
func (v *View) attach(l looker, w *world.World) {
	v.api, v.world = l, w
	v.pods.objects, v.events.objects = nil, nil
	v.number++
}

// errDown is what a question gets while no API server answers.
var errDown = errors.New("no API server answers")

// answers says whether there is somebody to ask.
func (v *View) answers() error {
	if v.api == nil || !v.api.Answers() {
		return errDown
	}
	return nil
}

// stamp is another number after each change of one of the resources.
func (v *View) stamp(of []*api.Resource) int64 {
	if v.answers() != nil {
		return -1
	}
	sum := int64(0)
	for _, r := range of {
		sum += v.api.Newest(r)
	}
	return sum
}

// of is the tally of a service's pods.
func (v *View) of(service string) *tally {
	if v.answers() == nil {
		v.pods.follow(v.api)
		if t := v.tally[service]; t != nil {
			return t
		}
	}
	return &tally{}
}

// Pods are the pods of a compose service, sorted by name.
func (v *View) Pods(service string) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, p := range v.of(service).pods {
		pods = append(pods, p)
	}
	slices.SortFunc(pods, func(a, b *corev1.Pod) int { return api.KeyOf(a).Compare(api.KeyOf(b)) })
	return pods
}

// Ready is how many pods of a service are ready and not being deleted.
func (v *View) Ready(service string) int64 { return v.of(service).ready }

// InPhase is how many pods of a service have a phase and are not being deleted.
func (v *View) InPhase(service, phase string) int64 {
	return v.of(service).phases[corev1.PodPhase(phase)]
}

// Replicas is how many pods of a service exist and are not being deleted.
func (v *View) Replicas(service string) int64 { return v.of(service).replicas }

// Terminating is how many pods of a service are being deleted.
func (v *View) Terminating(service string) int64 { return v.of(service).terminating }

// Restarts is the sum of the restart counts of a service's containers.
func (v *View) Restarts(service string) int64 { return v.of(service).restarts }

// NodesOf are the nodes that run ready pods of a service, sorted, each once.
func (v *View) NodesOf(service string) []string {
	nodes := []string{}
	for _, p := range v.of(service).pods {
		if readyPod(p) {
			nodes = append(nodes, p.Spec.NodeName)
		}
	}
	slices.Sort(nodes)
	return slices.Compact(nodes)
}

// NodeReady says whether a node's condition Ready is True.
func (v *View) NodeReady(name string) bool {
	n, ok := v.get(api.Nodes, api.Key{Name: name}).(*corev1.Node)
	return ok && slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}

func (v *View) get(r *api.Resource, k api.Key) api.Object {
	if v.answers() != nil {
		return nil
	}
	return v.api.Get(r, k)
}

// KeptData says whether a ready pod of a service has its volume and found there
// what an earlier pod had written.
func (v *View) KeptData(service string) bool {
	for _, p := range v.Pods(service) {
		if readyPod(p) && slices.ContainsFunc(v.disks(p), func(d *world.Disk) bool {
			return len(d.Writes) > 1 && d.Writes[len(d.Writes)-1].Pod == api.KeyOf(p).String()
		}) {
			return true
		}
	}
	return false
}

// disks are the disks behind a pod's claims.
func (v *View) disks(p *corev1.Pod) []*world.Disk {
	var disks []*world.Disk
	for _, volume := range p.Spec.Volumes {
		if volume.PersistentVolumeClaim == nil {
			continue
		}
		key := api.Key{Namespace: p.Namespace, Name: volume.PersistentVolumeClaim.ClaimName}
		claim, ok := v.get(api.PersistentVolumeClaims, key).(*corev1.PersistentVolumeClaim)
		if !ok {
			continue
		}
		pv, ok := v.get(api.PersistentVolumes, api.Key{Name: claim.Spec.VolumeName}).(*corev1.PersistentVolume)
		if !ok || pv.Spec.CSI == nil {
			continue
		}
		if d := v.world.Disks.Get(pv.Spec.CSI.VolumeHandle); d != nil {
			disks = append(disks, d)
		}
	}
	return disks
}

// Events is how often a reason was reported.
func (v *View) Events(reason string) int64 {
	if v.answers() != nil {
		return 0
	}
	v.events.follow(v.api)
	return v.reason[reason]
}

// Objects are all objects of a resource, as JSON has them, sorted by key.
func (v *View) Objects(resource string) ([]any, error) {
	r, err := findResource(resource)
	if err != nil {
		return nil, err
	}
	if err := v.answers(); err != nil {
		return nil, err
	}
	out := []any{}
	v.api.Each(r, "", func(o api.Object) bool {
		var m map[string]any
		if m, err = plain(o); err == nil {
			out = append(out, m)
		}
		return err == nil
	})
	return out, err
}

// PodObjects are the pods of a service as JSON has them, sorted by name.
func (v *View) PodObjects(service string) ([]any, error) {
	out := []any{}
	for _, p := range v.Pods(service) {
		m, err := plain(p)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// Object is one object, as JSON has it; its namespace is default.
func (v *View) Object(resource, name string) (any, error) {
	r, err := findResource(resource)
	if err != nil {
		return nil, err
	}
	if err := v.answers(); err != nil {
		return nil, err
	}
	k := api.Key{Name: name}
	if r.Namespaced {
		k.Namespace = "default"
	}
	o := v.api.Get(r, k)
	if o == nil {
		return nil, fmt.Errorf("there is no %s", api.Ref(r, k))
	}
	return plain(o)
}

func plain(o api.Object) (map[string]any, error) {
	return runtime.DefaultUnstructuredConverter.ToUnstructured(o)
}

func findResource(name string) (*api.Resource, error) {
	if r := api.ByName(name); r != nil {
		return r, nil
	}
	hint := source.DidYouMean(name, api.Names())
	if hint != "" {
		hint = "; " + hint
	}
	return nil, fmt.Errorf("there is no resource %q%s", name, hint)
}

func readyPod(p *corev1.Pod) bool {
	return p.DeletionTimestamp == nil && slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}
