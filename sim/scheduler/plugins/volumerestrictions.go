package plugins

import (
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"

	"minisim/sim/scheduler/framework"
)

// VolumeRestrictions rejects nodes where a disk is mounted that cannot be
// mounted twice, and every node while another pod uses a claim with access mode
// ReadWriteOncePod.
type VolumeRestrictions struct{}

var (
	_ framework.PodTracker   = VolumeRestrictions{}
	_ framework.FilterPlugin = VolumeRestrictions{}
)

var (
	diskTaken  = reject("VolumeRestrictions", framework.Unschedulable, "node(s) had no available disk")
	claimTaken = reject("VolumeRestrictions", framework.Unschedulable,
		"node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode")
)

const oncePodKey framework.StateKey = "VolumeRestrictions"

// oncePod counts the uses, by other pods, of the pod's ReadWriteOncePod claims.
type oncePod struct {
	claims []string
	pods   []int64 // that use each of them
	// trial is what a trial counts in their place, as kube-scheduler does: 1 for
	// each claim in use, however many use it, and each pod that comes or goes.
	trial int64
}

// Clone implements framework.StateData.
func (s *oncePod) Clone() framework.StateData {
	c := *s
	if c.pods != nil {
		c.pods, c.trial = nil, s.uses()
	}
	return &c
}

// uses is how many of the claims are in use.
func (s *oncePod) uses() int64 {
	uses := s.trial
	for _, pods := range s.pods {
		uses += min(pods, 1)
	}
	return uses
}

// Name implements framework.Plugin.
func (VolumeRestrictions) Name() string { return "VolumeRestrictions" }

// DependsOn implements framework.Dependent. With claims it matters who uses
// them elsewhere.
func (VolumeRestrictions) DependsOn(pod *framework.PodInfo) ([]framework.Epoch, bool) {
	return nil, len(pod.Claims) == 0
}

// PreFilter implements framework.PreFilterPlugin.
func (VolumeRestrictions) PreFilter(c *framework.CycleState, pod *framework.PodInfo) (map[string]bool, *framework.Status) {
	s := framework.State[*oncePod](c, oncePodKey)
	if s == nil {
		s = &oncePod{}
		for i := range pod.Pod.Spec.Volumes {
			source := pod.Pod.Spec.Volumes[i].PersistentVolumeClaim
			if source == nil {
				continue
			}
			claim, ok := c.View.Claims.Get(pod.Pod.Namespace + "/" + source.ClaimName)
			if !ok {
				return nil, claimNotFound(source.ClaimName)
			}
			if slices.Contains(claim.Spec.AccessModes, v1.ReadWriteOncePod) {
				s.claims = append(s.claims, framework.ObjectKey(claim))
			}
		}
		s.pods = make([]int64, len(s.claims))
		for _, n := range c.View.Nodes() {
			if slices.ContainsFunc(s.claims, func(key string) bool { return n.Claims[key] > 0 }) {
				for _, other := range n.Pods {
					s.track(other, 1)
				}
			}
		}
		c.Write(oncePodKey, s)
	}
	if s.uses() == 0 && !slices.ContainsFunc(pod.Pod.Spec.Volumes, exclusiveDisk) {
		return nil, framework.NewStatus(framework.Skip)
	}
	return nil, nil
}

func claimNotFound(name string) *framework.Status {
	return framework.NewStatus(framework.UnschedulableAndUnresolvable, fmt.Sprintf("persistentvolumeclaim %q not found", name))
}

// TrackPod implements framework.PodTracker.
func (VolumeRestrictions) TrackPod(c *framework.CycleState, _, other *framework.PodInfo, _ *framework.NodeInfo, delta int64) {
	if s := framework.State[*oncePod](c, oncePodKey); s != nil {
		s.track(other, delta)
	}
}

func (s *oncePod) track(other *framework.PodInfo, delta int64) {
	for i, key := range s.claims {
		switch {
		case !slices.Contains(other.Claims, key):
		case s.pods == nil:
			s.trial += delta
		default:
			s.pods[i] += delta
		}
	}
}

// Filter implements framework.FilterPlugin.
func (VolumeRestrictions) Filter(c *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) *framework.Status {
	for i := range pod.Pod.Spec.Volumes {
		volume := &pod.Pod.Spec.Volumes[i]
		if !exclusiveDisk(*volume) {
			continue
		}
		for _, other := range node.Pods {
			if slices.ContainsFunc(other.Pod.Spec.Volumes, func(o v1.Volume) bool { return disksClash(volume, &o) }) {
				return diskTaken
			}
		}
	}
	if s := framework.State[*oncePod](c, oncePodKey); s != nil && s.uses() > 0 {
		return claimTaken
	}
	return nil
}

// Explain implements framework.Explainer.
func (p VolumeRestrictions) Explain(c *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) framework.Cause {
	if p.Filter(c, pod, node) == diskTaken {
		return framework.Cause{Detail: "a pod on the node has mounted a disk that this pod wants too", Trait: "has a disk mounted that it wants too"}
	}
	claims := strings.Join(framework.State[*oncePod](c, oncePodKey).claims, " and ")
	text := fmt.Sprintf("%s is ReadWriteOncePod and in use by another pod", claims)
	return framework.Cause{Detail: text, Trait: "fails since " + text}
}

func exclusiveDisk(v v1.Volume) bool {
	return v.GCEPersistentDisk != nil || v.AWSElasticBlockStore != nil || v.RBD != nil || v.ISCSI != nil
}

// disksClash reports whether two volumes are the same disk in a way that one
// node cannot mount both.
func disksClash(a, b *v1.Volume) bool {
	switch {
	case a.GCEPersistentDisk != nil && b.GCEPersistentDisk != nil:
		x, y := a.GCEPersistentDisk, b.GCEPersistentDisk
		return x.PDName == y.PDName && !(x.ReadOnly && y.ReadOnly)
	case a.AWSElasticBlockStore != nil && b.AWSElasticBlockStore != nil:
		return a.AWSElasticBlockStore.VolumeID == b.AWSElasticBlockStore.VolumeID
	case a.ISCSI != nil && b.ISCSI != nil:
		return a.ISCSI.IQN == b.ISCSI.IQN && !(a.ISCSI.ReadOnly && b.ISCSI.ReadOnly)
	case a.RBD != nil && b.RBD != nil:
		x, y := a.RBD, b.RBD
		shared := slices.ContainsFunc(x.CephMonitors, func(m string) bool { return slices.Contains(y.CephMonitors, m) })
		return shared && x.RBDPool == y.RBDPool && x.RBDImage == y.RBDImage && !(x.ReadOnly && y.ReadOnly)
	}
	return false
}

// Events implements framework.Requeuer.
func (VolumeRestrictions) Events() framework.EventKinds {
	return framework.Kinds(framework.NodeAdded, framework.PodRemoved, framework.StorageChanged)
}

// Helps implements framework.Requeuer: a pod that shared a claim or a disk has
// gone.
func (VolumeRestrictions) Helps(_ *framework.Snapshot, pod *framework.PodInfo, e framework.ClusterEvent) bool {
	if e.Pod == nil {
		return concerns(pod, e)
	}
	if slices.ContainsFunc(e.Pod.Claims, func(key string) bool { return slices.Contains(pod.Claims, key) }) {
		return true
	}
	return slices.ContainsFunc(e.Pod.Pod.Spec.Volumes, exclusiveDisk)
}
