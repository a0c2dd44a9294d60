package controller

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// The finalizers that keep storage while it is in use.
const (
	claimFinalizer  = "kubernetes.io/pvc-protection"
	volumeFinalizer = "kubernetes.io/pv-protection"
)

// protection keeps claims that pods use and volumes that are bound from being
// deleted, by a finalizer that it takes off when the use ends.
type protection struct {
	base
	volumes base
	caches  *Caches
}

func newProtection(p *component.Process, c *Caches) *protection {
	g := &protection{caches: c}
	g.base = newBase(p, "persistentvolumeclaim-protection-controller", "pvc-protection-controller", api.PersistentVolumeClaims, component.ReconcilerFunc(g.syncClaim))
	g.volumes = newBase(p, "persistentvolume-protection-controller", "pv-protection-controller", api.PersistentVolumes, component.ReconcilerFunc(g.syncVolume))
	enqueueChanges(c.PersistentVolumeClaims, g.queue)
	enqueueChanges(c.PersistentVolumes, g.volumes.queue)
	c.Pods.OnChange(func(old, pod *corev1.Pod) {
		if old == nil || pod != nil && !replaced(old, pod) {
			return
		}
		for _, claim := range claimsOf(old) {
			g.queue.Add(api.ParseKey(claim))
		}
	})
	return g
}

func (g *protection) syncClaim(key api.Key) error {
	claim, ok := g.caches.PersistentVolumeClaims.Get(key)
	if !ok {
		return nil
	}
	protected := slices.Contains(claim.Finalizers, claimFinalizer)
	switch {
	case claim.DeletionTimestamp == nil && !protected:
		return notFoundIsFine(withFinalizers(g.base, claim, append(slices.Clone(claim.Finalizers), claimFinalizer)))
	case claim.DeletionTimestamp == nil || !protected:
		return nil
	}
	used, err := g.used(claim)
	if used || err != nil {
		return err
	}
	g.tell(key, component.Reconciled{Do: "let it go (remove finalizer " + claimFinalizer + ")", Because: "it is being deleted, and no pod that has a node uses it"})
	return notFoundIsFine(withFinalizers(g.base, claim, removed(claim.Finalizers, claimFinalizer)))
}

// used says whether a pod that is bound to a node uses a claim. Before it says no
// it asks the server, in case the cache lags behind.
func (g *protection) used(claim *corev1.PersistentVolumeClaim) (bool, error) {
	uses := func(pod *corev1.Pod) bool {
		return pod.Spec.NodeName != "" && slices.Contains(claimsOf(pod), api.KeyOf(claim).String())
	}
	if slices.ContainsFunc(g.caches.Pods.By(byClaim, api.KeyOf(claim).String()), uses) {
		return true, nil
	}
	list, err := g.client.List(api.Pods, api.ListOptions{Namespace: claim.Namespace})
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(list.Items, func(o api.Object) bool { return uses(o.(*corev1.Pod)) }), nil
}

func (g *protection) syncVolume(key api.Key) error {
	pv, ok := g.caches.PersistentVolumes.Get(key)
	if !ok {
		return nil
	}
	protected := slices.Contains(pv.Finalizers, volumeFinalizer)
	switch {
	case pv.DeletionTimestamp == nil && !protected:
		return notFoundIsFine(withFinalizers(g.volumes, pv, append(slices.Clone(pv.Finalizers), volumeFinalizer)))
	case pv.DeletionTimestamp == nil || !protected || pv.Status.Phase == corev1.VolumeBound:
		return nil
	}
	g.volumes.tell(key, component.Reconciled{Do: "let it go (remove finalizer " + volumeFinalizer + ")", Because: "it is being deleted, and no claim is bound to it"})
	return notFoundIsFine(withFinalizers(g.volumes, pv, removed(pv.Finalizers, volumeFinalizer)))
}

// withFinalizers updates an object to have these finalizers. The roles of these
// controllers grant updates and no patches: one that is late conflicts and is tried again.
func withFinalizers[T api.Object](b base, o T, finalizers []string) error {
	o = o.DeepCopyObject().(T)
	o.SetFinalizers(finalizers)
	_, err := api.Update(b.client, o)
	return err
}
