package plugins

import (
	"cmp"
	"fmt"
	"slices"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	storagehelpers "k8s.io/component-helpers/storage/volume"

	"minisim/sim/scheduler/framework"
)

// VolumeBinding keeps pods to nodes that their volumes can be used from: bound
// volumes by their node affinity, claims that wait for their first consumer by
// what can be found or provisioned there. When a node is chosen it has such
// claims bound or provisioned before the pod is.
type VolumeBinding struct{}

var (
	_ framework.PreFilterPlugin = VolumeBinding{}
	_ framework.FilterPlugin    = VolumeBinding{}
	_ framework.PreScorePlugin  = VolumeBinding{}
	_ framework.ScorePlugin     = VolumeBinding{}
	_ framework.PreBindPlugin   = VolumeBinding{}
)

// The reasons of VolumeBinding's filter.
const (
	volumeConflict = "node(s) had volume node affinity conflict"
	noVolumeFound  = "node(s) didn't find available persistent volumes to bind"
	noVolumeSpace  = "node(s) did not have enough free storage"
	volumeGone     = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
)

const volumeBindingKey framework.StateKey = "VolumeBinding"

// podClaims are a pod's claims by what is to be done about them.
type podClaims struct {
	bound, delayed []*v1.PersistentVolumeClaim
	// free are the volumes that a delayed claim might get, wherever they are.
	free []*v1.PersistentVolume
}

// Clone implements framework.StateData; the data does not change.
func (s *podClaims) Clone() framework.StateData { return s }

// Name implements framework.Plugin.
func (VolumeBinding) Name() string { return "VolumeBinding" }

// DependsOn implements framework.Dependent.
func (VolumeBinding) DependsOn(pod *framework.PodInfo) ([]framework.Epoch, bool) {
	return storageIfClaims(pod), true
}

// PreFilter sorts the pod's claims and rejects pods whose claims are missing,
// lost, being deleted, or not bound although they do not wait for a consumer.
func (VolumeBinding) PreFilter(c *framework.CycleState, pod *framework.PodInfo) (map[string]bool, *framework.Status) {
	if len(pod.Claims) == 0 {
		return nil, framework.NewStatus(framework.Skip)
	}
	claims, status := sortClaims(c.View, pod)
	if status != nil {
		return nil, status
	}
	c.Write(volumeBindingKey, claims)
	return nil, nil
}

func sortClaims(view *framework.Snapshot, pod *framework.PodInfo) (*podClaims, *framework.Status) {
	reject := func(format string, args ...any) (*podClaims, *framework.Status) {
		return nil, framework.NewStatus(framework.UnschedulableAndUnresolvable, fmt.Sprintf(format, args...))
	}
	out, immediate := &podClaims{}, false
	for i := range pod.Pod.Spec.Volumes {
		volume := &pod.Pod.Spec.Volumes[i]
		name := framework.ClaimName(pod.Pod, volume)
		if name == "" {
			continue
		}
		claim, ok := view.Claims.Get(pod.Pod.Namespace + "/" + name)
		switch {
		case !ok && volume.Ephemeral != nil:
			return reject("waiting for ephemeral volume controller to create the persistentvolumeclaim %q", name)
		case !ok:
			return nil, claimNotFound(name)
		case claim.Status.Phase == v1.ClaimLost:
			return reject("persistentvolumeclaim %q bound to non-existent persistentvolume %q", name, claim.Spec.VolumeName)
		case claim.DeletionTimestamp != nil:
			return reject("persistentvolumeclaim %q is being deleted", name)
		case volume.Ephemeral != nil && !metav1.IsControlledBy(claim, pod.Pod):
			return reject("PVC %s/%s was not created for pod %[1]s/%[3]s (pod is not owner)", claim.Namespace, claim.Name, pod.Pod.Name)
		}
		class, known := view.StorageClasses.Get(storagehelpers.GetPersistentVolumeClaimClass(claim))
		switch _, settled := claim.Annotations[storagehelpers.AnnBindCompleted]; {
		case claim.Spec.VolumeName != "" && settled:
			out.bound = append(out.bound, claim)
		case claim.Spec.VolumeName == "" && known && waitsForConsumer(class):
			out.delayed = append(out.delayed, claim)
		default:
			immediate = true
		}
	}
	if immediate {
		return reject("pod has unbound immediate PersistentVolumeClaims")
	}
	if len(out.delayed) > 0 {
		out.free = freeVolumes(view, out.delayed)
	}
	return out, nil
}

// freeVolumes lists the volumes that no claim has, or that one of these has.
func freeVolumes(view *framework.Snapshot, claims []*v1.PersistentVolumeClaim) []*v1.PersistentVolume {
	var free []*v1.PersistentVolume
	for _, pv := range view.Volumes.All() {
		if pv.Spec.ClaimRef == nil || slices.ContainsFunc(claims, func(c *v1.PersistentVolumeClaim) bool {
			return storagehelpers.IsVolumeBoundToClaim(pv, c)
		}) {
			free = append(free, pv)
		}
	}
	return free
}

// Filter implements framework.FilterPlugin.
func (VolumeBinding) Filter(c *framework.CycleState, _ *framework.PodInfo, node *framework.NodeInfo) *framework.Status {
	claims := framework.State[*podClaims](c, volumeBindingKey)
	if claims == nil {
		return nil
	}
	var reasons []string
	if plan := planVolumes(c.View, claims, node); plan.reason != "" {
		reasons = append(reasons, plan.reason)
	}
	for _, claim := range claims.bound {
		pv, ok := c.View.Volumes.Get(claim.Spec.VolumeName)
		if !ok {
			reasons = append(reasons, volumeGone)
			break
		}
		if storagehelpers.CheckNodeAffinity(pv, node.Node.Labels) != nil {
			reasons = append(reasons, volumeConflict)
			break
		}
	}
	if len(reasons) == 0 {
		return nil
	}
	return framework.NewStatus(framework.UnschedulableAndUnresolvable, reasons...)
}

// Explain implements framework.Explainer.
func (p VolumeBinding) Explain(c *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) framework.Cause {
	claims := framework.State[*podClaims](c, volumeBindingKey)
	for _, claim := range claims.bound {
		pv, ok := c.View.Volumes.Get(claim.Spec.VolumeName)
		if !ok {
			return framework.Cause{
				Detail: fmt.Sprintf("volume %s of claim %s does not exist", claim.Spec.VolumeName, claim.Name),
				Trait:  fmt.Sprintf("lacks volume %s, which does not exist", claim.Spec.VolumeName),
			}
		}
		if storagehelpers.CheckNodeAffinity(pv, node.Node.Labels) != nil {
			return framework.Cause{
				Detail: fmt.Sprintf("volume %s of claim %s cannot be used from this node", pv.Name, claim.Name),
				Trait:  fmt.Sprintf("is out of reach of its volume %s", pv.Name),
			}
		}
	}
	if planVolumes(c.View, claims, node).reason == noVolumeSpace {
		return framework.Cause{Detail: "too little storage is left to make a volume there", Trait: "lacks storage for its volumes"}
	}
	return framework.Cause{
		Detail: "no free volume is in reach, and none can be made there",
		Trait:  "has no volume for it, and none can be made there",
	}
}

// volumePlan says, for claims that wait, what would be done on a node.
type volumePlan struct {
	// bind maps claims to existing volumes, by claim key.
	bind map[string]*v1.PersistentVolume
	// provision lists the claims for which a volume is to be made.
	provision []*v1.PersistentVolumeClaim
	// reason tells why the node does not do; "" if it does.
	reason string
}

// planVolumes finds a volume for each claim, the smallest claims first, or a
// class that can make one on the node.
func planVolumes(view *framework.Snapshot, claims *podClaims, node *framework.NodeInfo) volumePlan {
	plan := volumePlan{bind: make(map[string]*v1.PersistentVolume)}
	chosen := make(map[string]*v1.PersistentVolume)
	for _, claim := range bySize(claims.delayed) {
		if selected, ok := claim.Annotations[storagehelpers.AnnSelectedNode]; ok {
			if selected != node.Name {
				return volumePlan{reason: noVolumeFound}
			}
			plan.provision = append(plan.provision, claim)
			continue
		}
		pv, err := storagehelpers.FindMatchingVolume(claim, claims.free, node.Node, chosen, true, true)
		if err == nil && pv != nil {
			chosen[pv.Name] = pv
			plan.bind[framework.ObjectKey(claim)] = pv
			continue
		}
		plan.provision = append(plan.provision, claim)
	}
	for _, claim := range plan.provision {
		if reason := provisionable(view, claim, node); reason != "" {
			return volumePlan{reason: reason}
		}
	}
	return plan
}

func bySize(claims []*v1.PersistentVolumeClaim) []*v1.PersistentVolumeClaim {
	sorted := slices.Clone(claims)
	slices.SortStableFunc(sorted, func(a, b *v1.PersistentVolumeClaim) int {
		x, y := a.Spec.Resources.Requests[v1.ResourceStorage], b.Spec.Resources.Requests[v1.ResourceStorage]
		return cmp.Or(x.Cmp(y), cmp.Compare(framework.ObjectKey(a), framework.ObjectKey(b)))
	})
	return sorted
}

// provisionable tells why a claim's class cannot make a volume for a node; ""
// if it can.
func provisionable(view *framework.Snapshot, claim *v1.PersistentVolumeClaim, node *framework.NodeInfo) string {
	class, ok := view.StorageClasses.Get(storagehelpers.GetPersistentVolumeClaimClass(claim))
	if !ok || class.Provisioner == "" || class.Provisioner == storagehelpers.NotSupportedProvisioner {
		return noVolumeFound
	}
	if !inTopology(class.AllowedTopologies, node.Node) {
		return noVolumeFound
	}
	if !enoughCapacity(view, class, claim, node.Node) {
		return noVolumeSpace
	}
	return ""
}

// inTopology reports whether a node is in one of a class's allowed topologies;
// none given means anywhere.
func inTopology(terms []v1.TopologySelectorTerm, node *v1.Node) bool {
	return len(terms) == 0 || slices.ContainsFunc(terms, func(t v1.TopologySelectorTerm) bool {
		return !slices.ContainsFunc(t.MatchLabelExpressions, func(r v1.TopologySelectorLabelRequirement) bool {
			value, ok := node.Labels[r.Key]
			return !ok || !slices.Contains(r.Values, value)
		})
	})
}

// PreScore implements framework.PreScorePlugin: as by default in Kubernetes,
// free storage does not count.
func (VolumeBinding) PreScore(*framework.CycleState, *framework.PodInfo, []*framework.NodeInfo) *framework.Status {
	return framework.NewStatus(framework.Skip)
}

// Score is not asked, since PreScore skips.
func (VolumeBinding) Score(*framework.CycleState, *framework.PodInfo, *framework.NodeInfo) int64 {
	return 0
}

// Events implements framework.Requeuer.
func (VolumeBinding) Events() framework.EventKinds {
	return framework.Kinds(framework.NodeAdded, framework.NodeLabels, framework.StorageChanged)
}

// Helps implements framework.Requeuer: one of the pod's own claims has changed,
// or something else that volumes depend on.
func (VolumeBinding) Helps(_ *framework.Snapshot, pod *framework.PodInfo, e framework.ClusterEvent) bool {
	return concerns(pod, e)
}
