package controller

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// By persistentVolumeClaimRetentionPolicy claims get owners, and the garbage
// collector deletes them with these: the set, to go with it, or the pod, to go
// with one that is above the number of replicas.

func (s *setSync) deletesClaims() (whenDeleted, whenScaled bool) {
	p := deref(s.set.Spec.PersistentVolumeClaimRetentionPolicy)
	return p.WhenDeleted == appsv1.DeletePersistentVolumeClaimRetentionPolicyType,
		p.WhenScaled == appsv1.DeletePersistentVolumeClaimRetentionPolicyType
}

// claimOwners are the owner references that a pod's claim should have. A claim
// that something else controls is left to that.
func (s *setSync) claimOwners(claim *corev1.PersistentVolumeClaim, pod *corev1.Pod) []metav1.OwnerReference {
	refs := slices.DeleteFunc(slices.Clone(claim.OwnerReferences), func(r metav1.OwnerReference) bool {
		return r.UID == s.set.UID || r.UID == pod.UID
	})
	n, _ := ordinal(s.set, pod)
	surplus := n < s.first() || n >= s.first()+len(s.slots)
	whenDeleted, whenScaled := s.deletesClaims()
	switch {
	case slices.ContainsFunc(refs, func(r metav1.OwnerReference) bool { return deref(r.Controller) }):
	case whenScaled && surplus:
		refs = append(refs, api.OwnedBy(pod))
	case whenDeleted:
		refs = append(refs, api.OwnedBy(s.set))
	}
	return refs
}

// ownClaims gives the claims of a pod the owners that the policy asks for.
func (s *setSync) ownClaims(pod *corev1.Pod) error {
	for i := range s.set.Spec.VolumeClaimTemplates {
		claim, ok := s.claims.Get(api.Key{Namespace: s.set.Namespace, Name: claimName(&s.set.Spec.VolumeClaimTemplates[i], pod)})
		if !ok {
			continue
		}
		refs := s.claimOwners(claim, pod)
		if equality.Semantic.DeepEqual(refs, claim.OwnerReferences) {
			continue
		}
		s.tell(api.KeyOf(s.set), component.Reconciled{Do: "change the owner of claim " + claim.Name, Because: "persistentVolumeClaimRetentionPolicy: it goes with its owner"})
		claim = claim.DeepCopy()
		claim.OwnerReferences = refs
		stored, err := api.Update(s.client, claim)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		wrote(s.writes, api.KeyOf(s.set), s.claims, stored)
	}
	return nil
}

// staleClaim says whether a pod that is to be made has a claim that goes with
// the pod that had its name before: the new one has to wait until it is gone.
func (s *setSync) staleClaim(pod *corev1.Pod) bool {
	if _, whenScaled := s.deletesClaims(); !whenScaled {
		return false
	}
	return slices.ContainsFunc(s.set.Spec.VolumeClaimTemplates, func(t corev1.PersistentVolumeClaim) bool {
		claim, ok := s.claims.Get(api.Key{Namespace: s.set.Namespace, Name: claimName(&t, pod)})
		return ok && slices.ContainsFunc(claim.OwnerReferences, func(r metav1.OwnerReference) bool {
			return r.Kind == "Pod" && r.Name == pod.Name && r.UID != pod.UID
		})
	})
}

// claimGone has those sets reconciled that may wait for a claim to go.
func (c *statefulSets) claimGone(old, new *corev1.PersistentVolumeClaim) {
	if old != nil && (new == nil || replaced(old, new)) && len(old.OwnerReferences) > 0 {
		selecting(c.list, bySelector, old.Namespace, old.Labels, func(s *appsv1.StatefulSet) { c.queue.Add(api.KeyOf(s)) })
	}
}
