package scenario

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"minisim/internal/source"
	"minisim/sim/api"
	"minisim/sim/world"
)

// View answers questions about a cluster, as a user with all rights would find
// out with kubectl. A View without a client knows nothing; the runner sets it.
type View struct {
	client api.Client
	world  *world.World
}

func (v *View) list(r *api.Resource, o api.ListOptions) []api.Object {
	if v.client == nil {
		return nil
	}
	list, err := v.client.List(r, o)
	if err != nil {
		return nil
	}
	return list.Items
}

// Pods are the pods of a compose service, sorted by name.
func (v *View) Pods(service string) []*corev1.Pod {
	var pods []*corev1.Pod
	selector := labels.SelectorFromSet(labels.Set{appLabel: service})
	for _, o := range v.list(api.Pods, api.ListOptions{Labels: selector}) {
		pods = append(pods, o.(*corev1.Pod))
	}
	return pods
}

func (v *View) count(service string, is func(*corev1.Pod) bool) int64 {
	n := int64(0)
	for _, p := range v.Pods(service) {
		if is(p) {
			n++
		}
	}
	return n
}

// Ready is how many pods of a service are ready and not being deleted.
func (v *View) Ready(service string) int64 { return v.count(service, readyPod) }

// InPhase is how many pods of a service have a phase and are not being deleted.
func (v *View) InPhase(service, phase string) int64 {
	return v.count(service, func(p *corev1.Pod) bool {
		return p.DeletionTimestamp == nil && string(p.Status.Phase) == phase
	})
}

// Replicas is how many pods of a service exist and are not being deleted.
func (v *View) Replicas(service string) int64 {
	return v.count(service, func(p *corev1.Pod) bool { return p.DeletionTimestamp == nil })
}

// Terminating is how many pods of a service are being deleted.
func (v *View) Terminating(service string) int64 {
	return v.count(service, func(p *corev1.Pod) bool { return p.DeletionTimestamp != nil })
}

// Restarts is the sum of the restart counts of a service's containers.
func (v *View) Restarts(service string) int64 {
	n := int64(0)
	for _, p := range v.Pods(service) {
		for _, c := range p.Status.ContainerStatuses {
			n += int64(c.RestartCount)
		}
	}
	return n
}

// NodesOf are the nodes that run ready pods of a service, sorted, each once.
func (v *View) NodesOf(service string) []string {
	nodes := []string{}
	for _, p := range v.Pods(service) {
		if readyPod(p) {
			nodes = append(nodes, p.Spec.NodeName)
		}
	}
	slices.Sort(nodes)
	return slices.Compact(nodes)
}

// NodeReady says whether a node's condition Ready is True.
func (v *View) NodeReady(name string) bool {
	for _, o := range v.list(api.Nodes, api.ListOptions{}) {
		if o.GetName() == name {
			return slices.ContainsFunc(o.(*corev1.Node).Status.Conditions, func(c corev1.NodeCondition) bool {
				return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
			})
		}
	}
	return false
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
		claim, err := api.Get[*corev1.PersistentVolumeClaim](v.client, api.PersistentVolumeClaims, key)
		if err != nil {
			continue
		}
		pv, err := api.Get[*corev1.PersistentVolume](v.client, api.PersistentVolumes, api.Key{Name: claim.Spec.VolumeName})
		if err != nil || pv.Spec.CSI == nil {
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
	n := int64(0)
	for _, o := range v.list(api.Events, api.ListOptions{}) {
		if ev := o.(*corev1.Event); ev.Reason == reason {
			n += int64(max(ev.Count, 1))
		}
	}
	return n
}

// Objects are all objects of a resource, as JSON has them.
func (v *View) Objects(resource string) ([]any, error) {
	r, err := findResource(resource)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, o := range v.list(r, api.ListOptions{}) {
		m, err := plain(o)
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
	if v.client == nil {
		return nil, fmt.Errorf("there is no cluster yet")
	}
	k := api.Key{Name: name}
	if r.Namespaced {
		k.Namespace = "default"
	}
	o, err := v.client.Do(api.Request{Verb: api.VerbGet, Resource: r, Key: k})
	if err != nil {
		return nil, err
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
