package scheduler

import (
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	storagehelpers "k8s.io/component-helpers/storage/volume"

	"minisim/sim/api"
	"minisim/sim/scheduler/framework"
)

// writer is what binding plugins write by.
type writer struct{ *Scheduler }

var _ framework.Writer = (*writer)(nil)

// Bind implements framework.Writer through the pods/binding subresource.
func (w *writer) Bind(pod *framework.PodInfo, node string) error {
	return api.Bind(w.process.Client, apiKey(pod.Pod), pod.Pod.UID, node)
}

// SelectNode implements framework.Writer. The view has the change at once, so
// that the next cycle does not ask for it again.
func (w *writer) SelectNode(claimKey, node string) error {
	claim, err := api.Patch(w.process.Client, api.PersistentVolumeClaims, api.ParseKey(claimKey), func(c *v1.PersistentVolumeClaim) error {
		if c.Annotations == nil {
			c.Annotations = make(map[string]string)
		}
		c.Annotations[storagehelpers.AnnSelectedNode] = node
		return nil
	})
	if err == nil {
		w.view.SetObject(claim)
	}
	return err
}

// BindVolume implements framework.Writer: the volume refers to the claim, and
// the volume controller does the rest.
func (w *writer) BindVolume(volume, claimKey string) error {
	claim, ok := w.view.Claims.Get(claimKey)
	if !ok {
		return errGone
	}
	pv, err := api.Patch(w.process.Client, api.PersistentVolumes, api.Key{Name: volume}, func(pv *v1.PersistentVolume) error {
		bound, _, err := storagehelpers.GetBindVolumeToClaim(pv, claim)
		if err != nil {
			return err
		}
		*pv = *bound
		return nil
	})
	if err == nil {
		w.view.SetObject(pv)
	}
	return err
}

// markUnscheduled writes the condition PodScheduled=False and the nominated
// node, if they differ from what the pod has.
func (s *Scheduler) markUnscheduled(pod *v1.Pod, reason, message, nominated string) error {
	condition := v1.PodCondition{
		Type: v1.PodScheduled, Status: v1.ConditionFalse, Reason: reason, Message: message,
		ObservedGeneration: pod.Generation,
	}
	if !conditionDiffers(pod, &condition) && pod.Status.NominatedNodeName == nominated {
		return nil
	}
	_, err := api.PatchStatus(s.process.Client, api.Pods, apiKey(pod), func(p *v1.Pod) error {
		if p.UID != pod.UID {
			return errGone
		}
		setCondition(p, condition, metav1.NewTime(s.now()))
		p.Status.NominatedNodeName = nominated
		return nil
	})
	return err
}

func findCondition(pod *v1.Pod, kind v1.PodConditionType) *v1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == kind {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

func conditionDiffers(pod *v1.Pod, c *v1.PodCondition) bool {
	old := findCondition(pod, c.Type)
	return old == nil || old.Status != c.Status || old.Reason != c.Reason || old.Message != c.Message ||
		old.ObservedGeneration != c.ObservedGeneration
}

// setCondition writes a condition; its transition time is kept while its status
// stays the same.
func setCondition(pod *v1.Pod, c v1.PodCondition, now metav1.Time) {
	c.LastTransitionTime = now
	old := findCondition(pod, c.Type)
	if old == nil {
		pod.Status.Conditions = append(pod.Status.Conditions, c)
		return
	}
	if old.Status == c.Status {
		c.LastTransitionTime = old.LastTransitionTime
	}
	*old = c
}

func apiKey(pod *v1.Pod) api.Key { return api.Key{Namespace: pod.Namespace, Name: pod.Name} }
