package controller

import (
	"fmt"
	"maps"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// step does what may be done now: pods that are missing from the lowest ordinal
// up, those that are too many from the highest down, then those of an old
// template from the highest down. In order, one waits for the one before.
func (s *setSync) step() error {
	ordered := s.set.Spec.PodManagementPolicy != appsv1.ParallelPodManagement
	for i := range s.slots {
		if wait, err := s.fill(i); err != nil || wait && ordered {
			return err
		}
	}
	for _, pod := range s.condemned {
		if err := s.ownClaims(pod); err != nil {
			return err
		}
	}
	first := s.firstUnhealthy()
	for _, pod := range s.condemned {
		if pod.DeletionTimestamp == nil {
			if ordered && !(pod.Status.Phase == corev1.PodRunning && podReady(pod)) && pod != first {
				return nil
			}
			if err := s.remove(pod, fmt.Sprintf("spec.replicas %d", *s.set.Spec.Replicas)); err != nil {
				return err
			}
		}
		if ordered {
			return nil
		}
	}
	return s.replace()
}

// firstUnhealthy is the pod with the lowest ordinal that does not run, is not ready or is being deleted.
func (s *setSync) firstUnhealthy() *corev1.Pod {
	bad := func(pod *corev1.Pod) bool {
		return pod != nil && (pod.DeletionTimestamp != nil || pod.Status.Phase != corev1.PodRunning || !podReady(pod))
	}
	for _, pod := range s.slots {
		if bad(pod) {
			return pod
		}
	}
	for i := len(s.condemned) - 1; i >= 0; i-- {
		if bad(s.condemned[i]) {
			return s.condemned[i]
		}
	}
	return nil
}

// fill sees to one slot. wait says that its pod is not there and available yet.
func (s *setSync) fill(i int) (wait bool, err error) {
	pod := s.slots[i]
	switch {
	case pod == nil:
		return true, s.create(s.first() + i)
	case pod.DeletionTimestamp != nil:
		return true, nil
	case podTerminal(pod):
		reason, what := "RecreatingFailedPod", "failed"
		if pod.Status.Phase == corev1.PodSucceeded {
			reason, what = "RecreatingTerminatedPod", "terminated"
		}
		s.recorder.Eventf(s.set, corev1.EventTypeWarning, reason, "StatefulSet %s/%s is recreating %s Pod %s", s.set.Namespace, s.set.Name, what, pod.Name)
		return true, s.remove(pod, "it has "+what)
	}
	ok, again := s.available(pod)
	if again > 0 {
		s.queue.AddAfter(api.KeyOf(s.set), again)
	}
	if err := s.bringClaims(pod); err != nil {
		return true, err
	}
	return !ok, s.ownClaims(pod)
}

// replace deletes the pods of an old template, one at a time.
func (s *setSync) replace() error {
	if s.set.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType {
		return nil
	}
	for i := len(s.slots) - 1; i >= s.partition(); i-- {
		pod := s.slots[i]
		if pod == nil {
			return nil
		}
		if !s.matchesTemplate(pod) && pod.DeletionTimestamp == nil {
			return s.remove(pod, "it has an old template; the highest number goes first, one at a time")
		}
		if ok, _ := s.available(pod); !ok {
			return nil
		}
	}
	return nil
}

// partition is how many pods, from the lowest ordinal up, keep the current revision.
func (s *setSync) partition() int {
	if r := s.set.Spec.UpdateStrategy.RollingUpdate; r != nil && r.Partition != nil {
		return int(*r.Partition)
	}
	return 0
}

// revisionFor is the revision that the pod with a number is made from.
func (s *setSync) revisionFor(n int) *appsv1.ControllerRevision {
	if n < s.first()+s.partition() {
		return s.current
	}
	return s.update
}

// create makes the pod with a number, and its claims before it.
func (s *setSync) create(n int) error {
	pod, err := s.pod(n)
	if err != nil {
		return err
	}
	if s.staleClaim(pod) {
		return nil
	}
	if err := s.bringClaims(pod); err != nil {
		return err
	}
	key := api.KeyOf(s.set)
	s.tell(key, component.Reconciled{Want: pods(len(s.slots)), Have: fmt.Sprint(s.filled()), Do: "create " + pod.Name, Because: s.orderText()})
	s.expect.expect(key, 1)
	if _, err = api.Create(s.client, pod); err == nil {
		s.recorder.Eventf(s.set, corev1.EventTypeNormal, "SuccessfulCreate", "create Pod %s in StatefulSet %s successful", pod.Name, s.set.Name)
		return nil
	}
	s.expect.created(key)
	if namespaceTerminating(err) {
		return nil
	}
	if !component.Unreachable(err) {
		s.recorder.Eventf(s.set, corev1.EventTypeWarning, "FailedCreate", "create Pod %s in StatefulSet %s failed error: %v", pod.Name, s.set.Name, err)
	}
	return err
}

func (s *setSync) filled() int {
	n := 0
	for _, pod := range s.slots {
		if pod != nil {
			n++
		}
	}
	return n
}

func (s *setSync) orderText() string {
	if s.set.Spec.PodManagementPolicy == appsv1.ParallelPodManagement {
		return "podManagementPolicy Parallel"
	}
	return "podManagementPolicy OrderedReady: all before it are ready"
}

func (s *setSync) remove(pod *corev1.Pod, because string) error {
	key := api.KeyOf(s.set)
	s.tell(key, component.Reconciled{Do: "delete " + pod.Name, Because: because})
	s.expect.expect(key, 0, pod.UID)
	err := api.Delete(s.client, api.Pods, api.KeyOf(pod), metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(pod.UID))})
	if err == nil {
		s.recorder.Eventf(s.set, corev1.EventTypeNormal, "SuccessfulDelete", "delete Pod %s in StatefulSet %s successful", pod.Name, s.set.Name)
		return nil
	}
	s.expect.deleted(key, pod.UID)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if !component.Unreachable(err) {
		s.recorder.Eventf(s.set, corev1.EventTypeWarning, "FailedDelete", "delete Pod %s in StatefulSet %s failed error: %v", pod.Name, s.set.Name, err)
	}
	return err
}

// pod is the pod with a number, as it should be: its name, and volumes for its own claims.
func (s *setSync) pod(n int) (*corev1.Pod, error) {
	revision := s.revisionFor(n)
	template, err := templateIn(revision)
	if err != nil {
		return nil, err
	}
	pod := podFromTemplate(template, s.set)
	pod.GenerateName = ""
	pod.Name = fmt.Sprintf("%s-%d", s.set.Name, n)
	own := map[string]string{
		appsv1.StatefulSetPodNameLabel: pod.Name, appsv1.PodIndexLabel: strconv.Itoa(n), appsv1.ControllerRevisionHashLabelKey: revision.Name,
	}
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	maps.Copy(pod.Labels, own)
	pod.Spec.Hostname, pod.Spec.Subdomain = pod.Name, s.set.Spec.ServiceName
	claims := map[string]bool{}
	var volumes []corev1.Volume
	for i := range s.set.Spec.VolumeClaimTemplates {
		t := &s.set.Spec.VolumeClaimTemplates[i]
		claims[t.Name] = true
		volumes = append(volumes, corev1.Volume{Name: t.Name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claimName(t, pod)},
		}})
	}
	for _, v := range pod.Spec.Volumes {
		if !claims[v.Name] { // a claim takes the place of a volume of its name
			volumes = append(volumes, v)
		}
	}
	pod.Spec.Volumes = volumes
	return pod, nil
}

func claimName(t *corev1.PersistentVolumeClaim, pod *corev1.Pod) string {
	return t.Name + "-" + pod.Name
}

// bringClaims makes those claims of a pod that are missing. They outlive the pod, unless the policy says otherwise.
func (s *setSync) bringClaims(pod *corev1.Pod) error {
	for i := range s.set.Spec.VolumeClaimTemplates {
		t := &s.set.Spec.VolumeClaimTemplates[i]
		key := api.Key{Namespace: s.set.Namespace, Name: claimName(t, pod)}
		if _, ok := s.claims.Get(key); ok {
			continue
		}
		c := t.DeepCopy()
		c.ObjectMeta = metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name, Labels: c.Labels, Annotations: c.Annotations}
		if c.Labels == nil {
			c.Labels = map[string]string{}
		}
		maps.Copy(c.Labels, s.set.Spec.Selector.MatchLabels)
		c.Status = corev1.PersistentVolumeClaimStatus{}
		s.tell(api.KeyOf(s.set), component.Reconciled{Do: "create claim " + c.Name, Because: "volumeClaimTemplates: each pod has its own"})
		stored, err := api.Create(s.client, c)
		if apierrors.IsAlreadyExists(err) {
			continue
		}
		if err != nil {
			return err
		}
		wrote(s.writes, api.KeyOf(s.set), s.claims, stored)
		s.recorder.Eventf(s.set, corev1.EventTypeNormal, "SuccessfulCreate", "create Claim %s Pod %s in StatefulSet %s success", c.Name, pod.Name, s.set.Name)
	}
	return nil
}
