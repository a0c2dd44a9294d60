package controller

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
	"minisim/sim/component"
)

// podActive says whether a pod counts as a replica: it has not ended and is not being deleted.
func podActive(pod *corev1.Pod) bool {
	return !podTerminal(pod) && pod.DeletionTimestamp == nil
}

// podTerminal says whether all of a pod's containers have ended for good.
func podTerminal(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// podTerminating says whether a pod still runs but is being deleted.
func podTerminating(pod *corev1.Pod) bool {
	return !podTerminal(pod) && pod.DeletionTimestamp != nil
}

func podCondition(pod *corev1.Pod, t corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == t {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

func podReady(pod *corev1.Pod) bool {
	c := podCondition(pod, corev1.PodReady)
	return c != nil && c.Status == corev1.ConditionTrue
}

// podAvailableIn is how long it takes until a pod that stays ready has been so
// for minReady: 0 when it is available now. false when it is not ready.
func podAvailableIn(pod *corev1.Pod, minReady time.Duration, now time.Time) (time.Duration, bool) {
	c := podCondition(pod, corev1.PodReady)
	if c == nil || c.Status != corev1.ConditionTrue {
		return 0, false
	}
	if minReady == 0 {
		return 0, true
	}
	if c.LastTransitionTime.IsZero() {
		return minReady, true
	}
	return max(0, c.LastTransitionTime.Add(minReady).Sub(now)), true
}

// podControl creates and deletes pods for one controller and reports it by Events on their owner.
type podControl struct {
	client   api.Client
	recorder *component.Recorder
}

// create makes a pod from a template, owned by owner. The server completes its name.
func (c podControl) create(t *corev1.PodTemplateSpec, owner api.Object, adjust func(*corev1.Pod)) error {
	pod := podFromTemplate(t, owner)
	if adjust != nil {
		adjust(pod)
	}
	stored, err := api.Create(c.client, pod)
	if err != nil {
		if !component.Unreachable(err) && !namespaceTerminating(err) {
			c.recorder.Eventf(owner, corev1.EventTypeWarning, "FailedCreate", "Error creating: %v", err)
		}
		return err
	}
	c.recorder.Eventf(owner, corev1.EventTypeNormal, "SuccessfulCreate", "Created pod: %v", stored.Name)
	return nil
}

// remove deletes a pod. One that is gone already gives a NotFound error and no Event.
func (c podControl) remove(pod *corev1.Pod, owner api.Object) error {
	err := api.Delete(c.client, api.Pods, api.KeyOf(pod), metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(pod.UID))})
	switch {
	case err == nil:
		c.recorder.Eventf(owner, corev1.EventTypeNormal, "SuccessfulDelete", "Deleted pod: %v", pod.Name)
	case apierrors.IsNotFound(err), component.Unreachable(err):
	default:
		c.recorder.Eventf(owner, corev1.EventTypeWarning, "FailedDelete", "Error deleting: %v", err)
	}
	return err
}

func podFromTemplate(t *corev1.PodTemplateSpec, owner api.Object) *corev1.Pod {
	t = t.DeepCopy()
	return &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: owner.GetNamespace(), GenerateName: owner.GetName() + "-",
			Labels: t.Labels, Annotations: t.Annotations, Finalizers: t.Finalizers,
			OwnerReferences: []metav1.OwnerReference{api.OwnedBy(owner)},
		},
		Spec: t.Spec,
	}
}

func namespaceTerminating(err error) bool {
	return apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
}

// slowStart calls do count times in batches of 1, 2, 4 and so on, so that what
// fails for all fails only once. After a batch with a failure it stops. It
// returns how many calls succeeded and the first failure.
func slowStart(count int, do func() error) (done int, err error) {
	for size := 1; count > 0 && err == nil; size *= 2 {
		for range min(size, count) {
			count--
			switch e := do(); {
			case e == nil:
				done++
			case component.Unreachable(e):
				return done, e
			case err == nil:
				err = e
			}
		}
	}
	return done, err
}

// podUIDs are the UIDs of pods.
func podUIDs(pods []*corev1.Pod) []types.UID {
	out := make([]types.UID, len(pods))
	for i, pod := range pods {
		out[i] = pod.UID
	}
	return out
}
