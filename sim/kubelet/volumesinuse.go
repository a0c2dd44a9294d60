package kubelet

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// volumesInUse are the attachable volumes that this kubelet uses or wants to
// use, as the Node's status says (volumesInUse): none of them may be detached.
type volumesInUse struct {
	k       *Kubelet
	pods    map[string]int // by unique name, how many pods use it
	waiting []*pod         // for a volume to be attached, in the order in which they came
}

func newVolumesInUse(k *Kubelet) volumesInUse { return volumesInUse{k: k, pods: map[string]int{}} }

func (u *volumesInUse) use(unique string) {
	if u.pods[unique]++; u.pods[unique] == 1 {
		u.k.work(workNode, "", u.k.engine.Now())
	}
}

func (u *volumesInUse) drop(unique string) {
	if u.pods[unique]--; u.pods[unique] == 0 {
		delete(u.pods, unique)
		u.k.work(workNode, "", u.k.engine.Now())
	}
}

func (u *volumesInUse) names() []corev1.UniqueVolumeName {
	var out []corev1.UniqueVolumeName
	for _, name := range slices.Sorted(maps.Keys(u.pods)) {
		out = append(out, corev1.UniqueVolumeName(name))
	}
	return out
}

// known says whether this kubelet has looked at all that is mounted on the
// machine. Until then it leaves the Node's volumesInUse as they are: a volume
// that was mounted before the kubelet's start must not seem to be free.
func (u *volumesInUse) known() bool {
	for _, p := range u.k.running {
		if len(p.box.mounted) > 0 && p.stage < stageStopping && (p.vols == nil || p.vols.unresolved()) {
			return false
		}
	}
	return true
}

// isAttached says whether the attach/detach controller has said that a volume is attached here.
func (u *volumesInUse) isAttached(unique string) bool {
	node := u.k.node()
	return node != nil && slices.ContainsFunc(node.Status.VolumesAttached, func(a corev1.AttachedVolume) bool { return string(a.Name) == unique })
}

func (u *volumesInUse) await(p *pod) {
	if !slices.Contains(u.waiting, p) {
		u.waiting = append(u.waiting, p)
	}
}

// attached wakes the pods that wait, as the Node's status may say something new.
func (u *volumesInUse) attached(node *corev1.Node) {
	if len(node.Status.VolumesAttached) == 0 {
		return
	}
	waiting := u.waiting
	u.waiting = nil
	for _, p := range waiting {
		u.k.wake(p, u.k.engine.Now())
	}
}
