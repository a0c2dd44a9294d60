package plugins

import (
	"fmt"

	storagehelpers "k8s.io/component-helpers/storage/volume"

	"minisim/sim/scheduler/framework"
)

// PreBind asks for the volumes of claims that wait for their first consumer:
// an existing volume is reserved for the claim, else the chosen node is written
// onto it, so that a provisioner makes a volume there. It answers Wait until
// all claims are bound. It is asked again whenever claims change.
func (VolumeBinding) PreBind(c *framework.CycleState, pod *framework.PodInfo, nodeName string, w framework.Writer) *framework.Status {
	if len(pod.Claims) == 0 {
		return nil
	}
	claims, status := sortClaims(c.View, pod)
	if status != nil {
		return bindingUnderWay(c.View, pod, status)
	}
	if len(claims.delayed) == 0 {
		return nil
	}
	node := c.View.Node(nodeName)
	if node == nil {
		return framework.NewStatus(framework.Error, fmt.Sprintf("node %q not found", nodeName))
	}
	plan := planVolumes(c.View, claims, node)
	if plan.reason != "" {
		return framework.NewStatus(framework.Unschedulable, plan.reason)
	}
	for _, claim := range claims.delayed {
		if pv := plan.bind[framework.ObjectKey(claim)]; pv != nil && pv.Spec.ClaimRef == nil {
			if err := w.BindVolume(pv.Name, framework.ObjectKey(claim)); err != nil {
				return framework.Failure(err)
			}
		}
	}
	for _, claim := range plan.provision {
		if claim.Annotations[storagehelpers.AnnSelectedNode] == nodeName {
			continue
		}
		if err := w.SelectNode(framework.ObjectKey(claim), nodeName); err != nil {
			return framework.Failure(err)
		}
	}
	return framework.NewStatus(framework.Wait, "waiting for volumes to be bound")
}

// bindingUnderWay tells a claim that is half bound, to be waited for, from one
// that will not be.
func bindingUnderWay(view *framework.Snapshot, pod *framework.PodInfo, status *framework.Status) *framework.Status {
	for _, key := range pod.Claims {
		claim, ok := view.Claims.Get(key)
		if !ok || claim.DeletionTimestamp != nil {
			return status
		}
	}
	return framework.NewStatus(framework.Wait, "waiting for volumes to be bound")
}
