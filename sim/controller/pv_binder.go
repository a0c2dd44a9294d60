package controller

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	storage "k8s.io/component-helpers/storage/volume"

	"minisim/sim/api"
	"minisim/sim/component"
)

const pvBinderName = "persistentvolume-binder-controller"

// binderResync is --pvclaimbinder-sync-period: how often a claim that waits is looked at again.
const binderResync = 15 * time.Second

// Indexes over PersistentVolumes.
const (
	byClaimRef   = "claimRef"  // by "namespace/name" of the claim that they name
	byFreeOfType = "available" // those that name no claim, by StorageClass
)

// pvBinder binds claims and volumes to each other. It has one queue for claims,
// its base, and one for volumes.
type pvBinder struct {
	base
	volumes base
	caches  *Caches
	claim   *written[*corev1.PersistentVolumeClaim]
	volume  *written[*corev1.PersistentVolume]
	resync  grid
}

func newPVBinder(p *component.Process, c *Caches) *pvBinder {
	b := &pvBinder{caches: c, claim: newWritten(c.PersistentVolumeClaims), volume: newWritten(c.PersistentVolumes)}
	b.base = newBase(p, pvBinderName, "persistentvolume-controller", api.PersistentVolumeClaims, component.ReconcilerFunc(b.syncClaim))
	b.volumes = newBase(p, pvBinderName+"/volumes", "persistentvolume-controller", api.PersistentVolumes, component.ReconcilerFunc(b.syncVolume))
	c.PersistentVolumes.Index(byClaimRef, func(pv *corev1.PersistentVolume) []string {
		if ref := pv.Spec.ClaimRef; ref != nil {
			return []string{ref.Namespace + "/" + ref.Name}
		}
		return nil
	})
	c.PersistentVolumes.Index(byFreeOfType, func(pv *corev1.PersistentVolume) []string {
		if pv.Spec.ClaimRef != nil {
			return nil
		}
		return []string{storage.GetPersistentVolumeClass(pv)}
	})
	enqueueChanges(c.PersistentVolumes, b.volumes.queue)
	c.PersistentVolumeClaims.OnChange(func(old, claim *corev1.PersistentVolumeClaim) {
		if claim != nil {
			b.queue.Add(api.KeyOf(claim))
		}
		if old != nil && old.Spec.VolumeName != "" && (claim == nil || replaced(old, claim)) {
			b.volumes.queue.Add(api.Key{Name: old.Spec.VolumeName})
		}
	})
	p.OnSync(func() { b.resync = grid{p.Engine.Now(), binderResync} })
	return b
}

// syncClaim brings one claim nearer to being bound.
func (b *pvBinder) syncClaim(key api.Key) error {
	claim, ok := b.claim.get(key)
	if !ok {
		return nil
	}
	if metav1.HasAnnotation(claim.ObjectMeta, storage.AnnBindCompleted) {
		return b.syncBound(claim)
	}
	err := b.syncUnbound(claim)
	if claim, ok := b.claim.get(key); err == nil && ok && claim.DeletionTimestamp == nil && claim.Status.Phase != corev1.ClaimBound {
		now := b.process.Engine.Now()
		b.queue.AddAfter(key, b.resync.after(now)-now)
	}
	return err
}

// syncUnbound looks for a volume for a claim that has none yet.
func (b *pvBinder) syncUnbound(claim *corev1.PersistentVolumeClaim) error {
	if claim.Spec.VolumeName != "" {
		return b.syncPrebound(claim)
	}
	class := b.classOf(claim)
	delayed := class != nil && class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
	pv, err := b.match(claim, delayed)
	if err != nil {
		return err
	}
	if pv != nil {
		why := fmt.Sprintf("the smallest free volume of class %q with room for %s", storage.GetPersistentVolumeClaimClass(claim), claimSize(claim))
		if pv.Spec.ClaimRef != nil {
			why = "the volume is there for this claim: its claimRef names it"
		}
		return b.bind(pv, claim, why)
	}
	if done, err := b.assignDefaultClass(claim); done || err != nil {
		return err
	}
	switch {
	case delayed && !storage.IsDelayBindingProvisioning(claim):
		b.reportWaiting(claim)
	case storage.GetPersistentVolumeClaimClass(claim) != "":
		return b.provision(claim, class)
	default:
		b.recorder.Event(claim, corev1.EventTypeNormal, "FailedBinding", "no persistent volumes available for this claim and no storage class is set")
	}
	return b.setClaimPhase(claim, corev1.ClaimPending, nil)
}

// syncPrebound binds a claim to the volume that its author has named.
func (b *pvBinder) syncPrebound(claim *corev1.PersistentVolumeClaim) error {
	pv, ok := b.volume.get(api.Key{Name: claim.Spec.VolumeName})
	switch {
	case !ok:
	case pv.Spec.ClaimRef == nil:
		mismatch := unsuitable(pv, claim)
		if mismatch == "" {
			return b.bind(pv, claim, "the claim asks for this volume")
		}
		b.recorder.Eventf(claim, corev1.EventTypeWarning, "VolumeMismatch", "Cannot bind to requested volume %q: %s", pv.Name, mismatch)
	case storage.IsVolumeBoundToClaim(pv, claim):
		return b.bind(pv, claim, "claim and volume name each other")
	default:
		b.recorder.Eventf(claim, corev1.EventTypeWarning, "FailedBinding", "volume %q already bound to a different claim.", pv.Name)
		if metav1.HasAnnotation(claim.ObjectMeta, storage.AnnBoundByController) {
			return fmt.Errorf("invalid binding of claim %q to volume %q: volume already claimed by %q", api.KeyOf(claim), pv.Name, pv.Spec.ClaimRef.Namespace+"/"+pv.Spec.ClaimRef.Name)
		}
	}
	return b.setClaimPhase(claim, corev1.ClaimPending, nil)
}

// unsuitable says why a claim cannot have the volume that it names, "" if it can.
func unsuitable(pv *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) string {
	have, want := pv.Spec.Capacity[corev1.ResourceStorage], claim.Spec.Resources.Requests[corev1.ResourceStorage]
	switch {
	case pv.DeletionTimestamp != nil:
		return "the volume is marked for deletion " + pv.Name
	case have.Value() < want.Value():
		return "requested PV is too small"
	case storage.GetPersistentVolumeClass(pv) != storage.GetPersistentVolumeClaimClass(claim):
		return "storageClassName does not match"
	case storage.CheckVolumeModeMismatches(&claim.Spec, &pv.Spec):
		return "incompatible volumeMode"
	case !storage.CheckAccessModes(claim, pv):
		return "incompatible accessMode"
	}
	return ""
}

// syncBound sees to it that a bound claim still has its volume.
func (b *pvBinder) syncBound(claim *corev1.PersistentVolumeClaim) error {
	if claim.Spec.VolumeName == "" {
		return b.lose(claim, "ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!")
	}
	pv, ok := b.volume.get(api.Key{Name: claim.Spec.VolumeName})
	switch {
	case !ok:
		return b.lose(claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!")
	case pv.Spec.ClaimRef == nil || pv.Spec.ClaimRef.UID == claim.UID:
		return b.bind(pv, claim, "the binding was not finished")
	}
	return b.lose(claim, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly")
}

func (b *pvBinder) lose(claim *corev1.PersistentVolumeClaim, reason, message string) error {
	if claim.Status.Phase == corev1.ClaimLost {
		return nil
	}
	if err := b.setClaimPhase(claim, corev1.ClaimLost, nil); err != nil {
		return err
	}
	b.recorder.Event(claim, corev1.EventTypeWarning, reason, message)
	return nil
}

// match finds the volume that fits a claim best: one that names the claim, else
// the smallest that is large enough among those with the fewest access modes that suffice.
func (b *pvBinder) match(claim *corev1.PersistentVolumeClaim, delayed bool) (*corev1.PersistentVolume, error) {
	cached := append(b.caches.PersistentVolumes.By(byClaimRef, api.KeyOf(claim).String()),
		b.caches.PersistentVolumes.By(byFreeOfType, storage.GetPersistentVolumeClaimClass(claim))...)
	modes := map[int][]*corev1.PersistentVolume{}
	var counts []int
	for _, pv := range cached {
		if pv, _ = b.volume.get(api.KeyOf(pv)); storage.CheckAccessModes(claim, pv) {
			n := len(pv.Spec.AccessModes)
			modes[n] = append(modes[n], pv)
			counts = append(counts, n)
		}
	}
	slices.Sort(counts)
	for _, n := range slices.Compact(counts) {
		pv, err := storage.FindMatchingVolume(claim, modes[n], nil, nil, delayed, true)
		if pv != nil || err != nil {
			return pv, err
		}
	}
	return nil, nil
}

func (b *pvBinder) classOf(claim *corev1.PersistentVolumeClaim) *storagev1.StorageClass {
	class, _ := b.caches.StorageClasses.Get(api.Key{Name: storage.GetPersistentVolumeClaimClass(claim)})
	return class
}

// assignDefaultClass gives a claim that was made before there was a default StorageClass the default one.
func (b *pvBinder) assignDefaultClass(claim *corev1.PersistentVolumeClaim) (bool, error) {
	if storage.PersistentVolumeClaimHasClass(claim) {
		return false, nil
	}
	var best *storagev1.StorageClass
	for _, c := range b.caches.StorageClasses.List() {
		if c.Annotations[defaultClassAnnotation] == "true" && (best == nil || best.CreationTimestamp.Before(&c.CreationTimestamp)) {
			best = c
		}
	}
	if best == nil {
		return false, nil
	}
	claim = claim.DeepCopy()
	claim.Spec.StorageClassName = &best.Name
	b.tell(api.KeyOf(claim), component.Reconciled{Do: "give it the StorageClass " + best.Name, Because: "it names none, and this is the default"})
	return true, b.updateClaim(claim)
}

// reportWaiting says that a claim waits until a pod that uses it has a node.
func (b *pvBinder) reportWaiting(claim *corev1.PersistentVolumeClaim) {
	var pods []string
	for _, pod := range b.caches.Pods.By(byClaim, api.KeyOf(claim).String()) {
		if pod.Spec.NodeName == "" && !podTerminal(pod) {
			pods = append(pods, pod.Name)
		}
	}
	switch len(pods) {
	case 0:
		b.recorder.Event(claim, corev1.EventTypeNormal, "WaitForFirstConsumer", "waiting for first consumer to be created before binding")
	case 1:
		b.recorder.Eventf(claim, corev1.EventTypeNormal, "WaitForPodScheduled", "waiting for pod %s to be scheduled", pods[0])
	default:
		b.recorder.Eventf(claim, corev1.EventTypeNormal, "WaitForPodScheduled", "waiting for pods %s to be scheduled", strings.Join(pods, ","))
	}
}

// provision asks the driver of a claim's class to make a volume for it.
func (b *pvBinder) provision(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) error {
	if class == nil {
		b.recorder.Eventf(claim, corev1.EventTypeWarning, "ProvisioningFailed", "storageclass.storage.k8s.io %q not found", storage.GetPersistentVolumeClaimClass(claim))
		return nil
	}
	if strings.HasPrefix(class.Provisioner, "kubernetes.io/") {
		b.recorder.Eventf(claim, corev1.EventTypeWarning, "ProvisioningFailed", "no volume plugin matched name: %s", class.Provisioner)
		return nil
	}
	if claim.Annotations[storage.AnnStorageProvisioner] != class.Provisioner {
		claim = claim.DeepCopy()
		metav1.SetMetaDataAnnotation(&claim.ObjectMeta, storage.AnnBetaStorageProvisioner, class.Provisioner)
		metav1.SetMetaDataAnnotation(&claim.ObjectMeta, storage.AnnStorageProvisioner, class.Provisioner)
		b.tell(api.KeyOf(claim), component.Reconciled{
			Want: "a volume of class " + class.Name, Have: "none that fits", Do: "ask " + class.Provisioner + " to make one",
			Because: fmt.Sprintf("the class has the provisioner %s and the volumeBindingMode %s", class.Provisioner, bindingMode(class)),
		})
		if err := b.updateClaim(claim); err != nil {
			return err
		}
	}
	b.recorder.Eventf(claim, corev1.EventTypeNormal, "ExternalProvisioning",
		"Waiting for a volume to be created either by the external provisioner '%s' or manually by the system administrator. "+
			"If volume creation is delayed, please verify that the provisioner is running and correctly registered.", class.Provisioner)
	return nil
}

func bindingMode(class *storagev1.StorageClass) storagev1.VolumeBindingMode {
	if class.VolumeBindingMode == nil {
		return storagev1.VolumeBindingImmediate
	}
	return *class.VolumeBindingMode
}

func claimSize(claim *corev1.PersistentVolumeClaim) string {
	q := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	return q.String()
}
