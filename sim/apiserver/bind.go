package apiserver

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"minisim/sim/api"
)

// bind assigns a pod to a node. It is the guard against two nodes: a pod that has
// one keeps it.
func (c *call) bind() (api.Object, error) {
	b, ok := c.Object.(*corev1.Binding)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("not a Binding object: %T", c.Object))
	}
	if b.Name != c.Key.Name {
		return nil, apierrors.NewBadRequest("name in URL does not match name in Binding object")
	}
	b = b.DeepCopy()
	if err := c.admit(api.VerbCreate, b, nil); err != nil {
		return nil, err
	}
	if k := b.Target.Kind; k != "" && k != "Node" {
		return nil, plain(`target.kind: Unsupported value: %q: supported values: "Node", "<empty>"`, k)
	}
	if b.Target.Name == "" {
		return nil, plain("target.name: Required value")
	}
	it, err := c.current()
	if err != nil {
		return nil, err
	}
	pod := it.object.(*corev1.Pod)
	if err := c.bindable(b, it, pod); err != nil {
		return nil, err
	}
	pod = pod.DeepCopy()
	pod.Spec.NodeName = b.Target.Name
	for k, v := range b.Annotations {
		metav1.SetMetaDataAnnotation(&pod.ObjectMeta, k, v)
	}
	for k, v := range b.Labels {
		metav1.SetMetaDataLabel(&pod.ObjectMeta, k, v)
	}
	setPodCondition(pod, corev1.PodCondition{
		Type: corev1.PodScheduled, Status: corev1.ConditionTrue, ObservedGeneration: pod.Generation, LastTransitionTime: c.server.now(),
	})
	if _, err := c.replace(it, pod); err != nil {
		return nil, err
	}
	return nil, nil
}

// bindable says why a pod cannot be bound.
func (c *call) bindable(b *corev1.Binding, it *item, pod *corev1.Pod) error {
	if b.UID != "" && b.UID != pod.UID {
		return c.otherUID(b.UID, pod.UID)
	}
	if v := b.ResourceVersion; v != "" && v != pod.ResourceVersion {
		return conflict(c.Resource, c.Key, fmt.Errorf(
			"StorageError: invalid object, Code: 4, Key: %s, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: ResourceVersion in precondition: %s, ResourceVersion in object meta: %s",
			c.Resource.StoreKey(c.Key), v, pod.ResourceVersion))
	}
	var why error
	switch {
	case pod.DeletionTimestamp != nil:
		why = fmt.Errorf("pod %s is being deleted, cannot be assigned to a host", pod.Name)
	case pod.Spec.NodeName != "":
		why = fmt.Errorf("pod %s is already assigned to node %q", pod.Name, pod.Spec.NodeName)
	case len(pod.Spec.SchedulingGates) > 0:
		why = fmt.Errorf("pod %s has non-empty .spec.schedulingGates", pod.Name)
	default:
		return nil
	}
	return apierrors.NewConflict(schema.GroupResource{Resource: "pods/binding"}, pod.Name, why)
}

// setPodCondition sets one condition; its transition time stays if the status does.
func setPodCondition(pod *corev1.Pod, c corev1.PodCondition) {
	for i := range pod.Status.Conditions {
		if old := &pod.Status.Conditions[i]; old.Type == c.Type {
			if old.Status == c.Status {
				c.LastTransitionTime = old.LastTransitionTime
			}
			*old = c
			return
		}
	}
	pod.Status.Conditions = append(pod.Status.Conditions, c)
}
