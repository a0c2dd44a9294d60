package controller

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

const attachDetachName = "persistentvolume-attach-detach-controller"

// The original's periods, which no flag changes.
const (
	// maxWaitForUnmount is how long a volume that nobody needs on a node any more
	// stays attached because the node has not said that it is unmounted.
	maxWaitForUnmount = 6 * time.Minute
	// reconcilePeriod is how often the original looks; what must last longer than a time is seen one period after it.
	reconcilePeriod = 100 * time.Millisecond
	// attachTimeout is how long an attachment may take before it is reported.
	attachTimeout = 2 * time.Minute
)

// byAttachedNode is an index over VolumeAttachments, by node.
const byAttachedNode = "node"

// attachDetach attaches volumes to the nodes where pods need them and detaches
// them where none does. Its queue's keys are volumes; the original looks at all
// of them ten times a second.
//
// What is attached is known from the VolumeAttachment objects alone, so a restart
// loses only since when a volume has not been needed.
type attachDetach struct {
	base
	caches     *Caches
	options    Options
	attachment *written[*storagev1.VolumeAttachment]
	node       *written[*corev1.Node]
	places     map[string]map[string]*place         // by volume and node
	gone       map[string][]corev1.UniqueVolumeName // what nodes that are gone had in use at last
}

// place is what must be remembered of a volume on a node.
type place struct {
	attachment string                // the name of the VolumeAttachment that was made for it
	attaching  bool                  // it has been asked for and not reported as done
	overdue    time.Duration         // when that will have taken too long
	failure    storagev1.VolumeError // the driver's last refusal that was reported
	releasing  bool                  // the attachment has been deleted
	unneeded   bool                  // no pod needs the volume there …
	since      time.Duration         // … since then
	kept       bool                  // that it stays until it is unmounted has been told
	conflict   bool                  // that it is attached elsewhere has been reported
}

func newAttachDetach(p *component.Process, c *Caches, o Options) *attachDetach {
	a := &attachDetach{
		caches: c, options: o, attachment: newWritten(c.VolumeAttachments), node: newWritten(c.Nodes),
		places: map[string]map[string]*place{}, gone: map[string][]corev1.UniqueVolumeName{},
	}
	a.base = newBase(p, attachDetachName, "attachdetach-controller", api.PersistentVolumes, a)
	c.VolumeAttachments.Index(byVolume, volumeOf)
	c.VolumeAttachments.Index(byAttachedNode, func(va *storagev1.VolumeAttachment) []string { return []string{va.Spec.NodeName} })
	c.Pods.OnChange(a.podChanged)
	c.Nodes.OnChange(a.nodeChanged)
	c.PersistentVolumeClaims.OnChange(func(old, claim *corev1.PersistentVolumeClaim) {
		if claim != nil && claim.Spec.VolumeName != "" && (old == nil || old.Spec.VolumeName != claim.Spec.VolumeName || old.Status.Phase != claim.Status.Phase) {
			a.queue.Add(api.Key{Name: claim.Spec.VolumeName})
		}
	})
	c.PersistentVolumes.OnChange(func(old, pv *corev1.PersistentVolume) {
		if old == nil || pv == nil || old.Spec.ClaimRef == nil && pv.Spec.ClaimRef != nil {
			o, _ := latest(old, pv)
			a.queue.Add(api.KeyOf(o))
		}
	})
	c.VolumeAttachments.OnChange(func(old, va *storagev1.VolumeAttachment) {
		o, _ := latest(old, va)
		for _, name := range volumeOf(o) {
			a.queue.Add(api.Key{Name: name})
		}
	})
	return a
}

// podChanged looks at the volumes of a pod that has been bound, has ended or is gone.
func (a *attachDetach) podChanged(old, pod *corev1.Pod) {
	o, _ := latest(old, pod)
	if len(o.Spec.Volumes) == 0 || o.Spec.NodeName == "" {
		return
	}
	if old != nil && pod != nil && !replaced(old, pod) && old.Spec.NodeName == pod.Spec.NodeName && needsVolumes(old) == needsVolumes(pod) {
		return
	}
	for _, claim := range claimsOf(o) {
		if c, ok := a.caches.PersistentVolumeClaims.Get(api.ParseKey(claim)); ok && c.Spec.VolumeName != "" {
			a.queue.Add(api.Key{Name: c.Spec.VolumeName})
		}
	}
}

// nodeChanged looks at the volumes attached to a node when something changes that decides about detaching them.
func (a *attachDetach) nodeChanged(old, node *corev1.Node) {
	switch {
	case node == nil:
		a.gone[old.Name] = old.Status.VolumesInUse
	case old == nil:
		delete(a.gone, node.Name)
	case slices.Equal(old.Status.VolumesInUse, node.Status.VolumesInUse) && slices.Equal(old.Status.VolumesAttached, node.Status.VolumesAttached) &&
		nodeReady(old) == nodeReady(node) && outOfService(old) == outOfService(node):
		return
	}
	o, _ := latest(old, node)
	for _, va := range a.caches.VolumeAttachments.By(byAttachedNode, o.Name) {
		for _, name := range volumeOf(va) {
			a.queue.Add(api.Key{Name: name})
		}
	}
	if old == nil { // pods may have been bound to it before it was seen
		for _, pod := range a.caches.Pods.By(byNode, node.Name) {
			a.podChanged(nil, pod)
		}
	}
}

// needsVolumes says whether a pod that is bound still needs its volumes: it has
// not ended, and if it is being deleted, some of its containers still run.
func needsVolumes(pod *corev1.Pod) bool {
	if podTerminal(pod) {
		return false
	}
	return pod.DeletionTimestamp == nil || anyRunning(pod.Status.InitContainerStatuses) ||
		anyRunning(pod.Status.ContainerStatuses) || anyRunning(pod.Status.EphemeralContainerStatuses)
}

func anyRunning(statuses []corev1.ContainerStatus) bool {
	return slices.ContainsFunc(statuses, func(s corev1.ContainerStatus) bool { return s.State.Terminated == nil && s.State.Waiting == nil })
}

// Reconcile brings the attachments of one volume in line with the pods that need
// it: first what must go, then what must come.
func (a *attachDetach) Reconcile(key api.Key) error {
	pv, ok := a.caches.PersistentVolumes.Get(key)
	if !ok || pv.Spec.CSI == nil {
		delete(a.places, key.Name)
		return nil
	}
	wanted := a.wanted(pv)
	for _, va := range a.attachments(pv) {
		if len(wanted[va.Spec.NodeName]) == 0 {
			if err := a.release(pv, va); err != nil {
				return err
			}
		}
	}
	for _, node := range slices.Sorted(maps.Keys(wanted)) {
		if err := a.provide(pv, node, wanted); err != nil {
			return err
		}
	}
	a.tidy(pv, wanted)
	return nil
}

// wanted are the pods that need a volume, by the node that they are bound to.
func (a *attachDetach) wanted(pv *corev1.PersistentVolume) map[string][]*corev1.Pod {
	ref := pv.Spec.ClaimRef
	if ref == nil {
		return nil
	}
	claim, ok := a.caches.PersistentVolumeClaims.Get(api.Key{Namespace: ref.Namespace, Name: ref.Name})
	if !ok || claim.UID != ref.UID || claim.Spec.VolumeName != pv.Name || claim.Status.Phase != corev1.ClaimBound {
		return nil
	}
	out := map[string][]*corev1.Pod{}
	for _, pod := range a.caches.Pods.By(byClaim, api.KeyOf(claim).String()) {
		node := pod.Spec.NodeName
		_, exists := a.caches.Nodes.Get(api.Key{Name: node})
		_, existed := a.gone[node] // its pods need their volumes until they are gone, too
		if (exists || existed) && needsVolumes(pod) {
			out[node] = append(out[node], pod)
		}
	}
	return out
}

// attachments are those of a volume, sorted by node; those too that the cache has not seen yet.
func (a *attachDetach) attachments(pv *corev1.PersistentVolume) []*storagev1.VolumeAttachment {
	keys := map[api.Key]bool{}
	for _, va := range a.caches.VolumeAttachments.By(byVolume, pv.Name) {
		keys[api.KeyOf(va)] = true
	}
	for _, s := range a.places[pv.Name] {
		keys[api.Key{Name: s.attachment}] = true
	}
	var out []*storagev1.VolumeAttachment
	for key := range keys {
		if va, ok := a.attachment.get(key); ok {
			out = append(out, va)
		}
	}
	slices.SortFunc(out, func(x, y *storagev1.VolumeAttachment) int { return cmp.Compare(x.Spec.NodeName, y.Spec.NodeName) })
	return out
}

// attachmentName is the name that kube-controller-manager and kubelet compute for a volume's attachment to a node.
func attachmentName(pv *corev1.PersistentVolume, node string) string {
	return fmt.Sprintf("csi-%x", sha256.Sum256([]byte(pv.Spec.CSI.VolumeHandle+pv.Spec.CSI.Driver+node)))
}

// uniqueVolumeName is how a node's status names a volume.
func uniqueVolumeName(pv *corev1.PersistentVolume) corev1.UniqueVolumeName {
	return corev1.UniqueVolumeName("kubernetes.io/csi/" + pv.Spec.CSI.Driver + "^" + pv.Spec.CSI.VolumeHandle)
}

func (a *attachDetach) place(pv *corev1.PersistentVolume, node string) *place {
	at := a.places[pv.Name]
	if at == nil {
		at = map[string]*place{}
		a.places[pv.Name] = at
	}
	if at[node] == nil {
		at[node] = &place{attachment: attachmentName(pv, node)}
	}
	return at[node]
}

// tidy forgets places where the volume is neither needed nor attached.
func (a *attachDetach) tidy(pv *corev1.PersistentVolume, wanted map[string][]*corev1.Pod) {
	for node, s := range a.places[pv.Name] {
		if _, ok := a.attachment.get(api.Key{Name: s.attachment}); !ok && len(wanted[node]) == 0 {
			delete(a.places[pv.Name], node)
		}
	}
}

// reported says whether a node's status lists a volume as attached.
func reported(node *corev1.Node, name corev1.UniqueVolumeName) bool {
	return slices.ContainsFunc(node.Status.VolumesAttached, func(v corev1.AttachedVolume) bool { return v.Name == name })
}

// announce puts a volume on the list of attached ones in a node's status, or
// takes it off, and returns the node as it is then. The kubelet mounts only what is on it.
func (a *attachDetach) announce(name string, volume corev1.UniqueVolumeName, attached bool) (*corev1.Node, error) {
	node, err := api.PatchStatus(a.client, api.Nodes, api.Key{Name: name}, func(n *corev1.Node) error {
		list := slices.DeleteFunc(slices.Clone(n.Status.VolumesAttached), func(v corev1.AttachedVolume) bool { return v.Name == volume })
		if attached {
			list = append(list, corev1.AttachedVolume{Name: volume})
			slices.SortFunc(list, func(x, y corev1.AttachedVolume) int { return cmp.Compare(x.Name, y.Name) })
		}
		n.Status.VolumesAttached = list
		return nil
	})
	if err == nil {
		a.node.put(node)
	}
	return node, err
}
