package controller

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/world"
)

// attacher is the driver's external-attacher: it connects disks to machines and
// disconnects them as VolumeAttachments ask for it.
type attacher struct {
	base
	volumes base
	caches  *driverCaches
	seen    *written[*storagev1.VolumeAttachment]
	disks   *world.Disks
	options StorageOptions
	calls   *calls
	done    map[api.Key]types.UID // attachments that were let go and are still in the cache
}

func newAttacher(p *component.Process, c *driverCaches, d *world.Disks, o StorageOptions) *attacher {
	a := &attacher{caches: c, seen: newWritten(c.Attachments), disks: d, options: o, calls: newCalls(p), done: map[api.Key]types.UID{}}
	a.base = newBase(p, "external-attacher", DriverName, api.VolumeAttachments, component.ReconcilerFunc(a.syncAttachment))
	a.volumes = newBase(p, "external-attacher/volumes", DriverName, api.PersistentVolumes, component.ReconcilerFunc(a.syncVolume))
	enqueueChanges(c.Volumes, a.volumes.queue)
	c.Attachments.OnChange(func(old, va *storagev1.VolumeAttachment) {
		o, _ := latest(old, va)
		a.queue.Add(api.KeyOf(o))
		if va == nil {
			for _, name := range volumeOf(old) {
				a.volumes.queue.Add(api.Key{Name: name})
			}
		}
	})
	return a
}

// say leaves a record under the name of the volume that an attachment is about: its own is a mere hash.
func (a *attacher) say(va *storagev1.VolumeAttachment, r component.Reconciled) {
	r.Controller, r.Resource, r.Key = a.name, api.VolumeAttachments.Singular, va.Name
	for _, name := range volumeOf(va) {
		r.Resource, r.Key = api.PersistentVolumes.Singular, name
	}
	a.process.Trace.Then(r)
}

// syncAttachment attaches or detaches one disk.
func (a *attacher) syncAttachment(key api.Key) error {
	va, ok := a.seen.get(key)
	switch {
	case !ok || va.Spec.Attacher != DriverName:
		a.calls.end("attach " + key.String())
		a.calls.end("detach " + key.String())
		delete(a.done, key)
		return nil
	case va.DeletionTimestamp != nil:
		a.calls.end("attach " + key.String())
		return a.detach(va)
	case !va.Status.Attached:
		a.calls.end("detach " + key.String())
		return a.attach(va)
	}
	return nil
}

// attach connects a disk to a machine and says so in the attachment's status.
func (a *attacher) attach(va *storagev1.VolumeAttachment) error {
	key, name := api.KeyOf(va), "attach "+va.Name
	pv, err := a.claimObjects(va)
	if err != nil {
		return err
	}
	wait, started := a.calls.begin(name, a.options.AttachTime)
	if started {
		a.say(va, component.Reconciled{Do: fmt.Sprintf("attach its disk to %s, which takes %s", va.Spec.NodeName, tellDuration(a.options.AttachTime))})
	}
	if wait > 0 {
		a.queue.AddAfter(key, wait)
		return nil
	}
	if err := a.disks.Attach(pv.Spec.CSI.VolumeHandle, va.Spec.NodeName); err != nil {
		pause := a.calls.failed(name)
		a.say(va, component.Reconciled{Do: "report that the storage refuses it, and try again in " + tellDuration(pause), Because: err.Error()})
		a.queue.AddAfter(key, pause)
		return a.status(va, func(s *storagev1.VolumeAttachmentStatus) {
			s.AttachError = &storagev1.VolumeError{Time: a.now(), Message: "rpc error: code = FailedPrecondition desc = " + err.Error()}
		})
	}
	a.say(va, component.Reconciled{Do: "report that its disk is attached to " + va.Spec.NodeName})
	if err := a.status(va, func(s *storagev1.VolumeAttachmentStatus) { s.Attached, s.AttachError = true, nil }); err != nil {
		return err
	}
	a.calls.end(name)
	return nil
}

func (a *attacher) status(va *storagev1.VolumeAttachment, change func(*storagev1.VolumeAttachmentStatus)) error {
	return a.note(api.PatchStatus(a.client, api.VolumeAttachments, api.KeyOf(va), func(va *storagev1.VolumeAttachment) error {
		change(&va.Status)
		return nil
	}))
}

// note remembers the answer to a write of an attachment, which may be gone already.
func (a *attacher) note(va *storagev1.VolumeAttachment, err error) error {
	if err == nil {
		a.seen.put(va)
	}
	return notFoundIsFine(err)
}

// claimObjects puts the driver's finalizer on the attachment and its volume, so
// that neither disappears while the disk is attached, and returns the volume.
func (a *attacher) claimObjects(va *storagev1.VolumeAttachment) (*corev1.PersistentVolume, error) {
	var pv *corev1.PersistentVolume
	for _, name := range volumeOf(va) {
		pv, _ = a.caches.Volumes.Get(api.Key{Name: name})
	}
	if pv == nil || pv.Spec.CSI == nil {
		return nil, fmt.Errorf("attachment %s names no volume that is known", va.Name)
	}
	if !slices.Contains(pv.Finalizers, attacherFinalizer) {
		if pv.DeletionTimestamp != nil {
			return nil, fmt.Errorf("PersistentVolume %q is marked for deletion", pv.Name)
		}
		if _, err := addFinalizer(a.client, pv, attacherFinalizer); err != nil {
			return nil, err
		}
	}
	if !slices.Contains(va.Finalizers, attacherFinalizer) {
		if err := a.note(addFinalizer(a.client, va, attacherFinalizer)); err != nil {
			return nil, err
		}
	}
	return pv, nil
}

// detach disconnects a disk and lets the attachment go.
func (a *attacher) detach(va *storagev1.VolumeAttachment) error {
	key, name := api.KeyOf(va), "detach "+va.Name
	if !slices.Contains(va.Finalizers, attacherFinalizer) || a.done[key] == va.UID {
		return nil
	}
	var handle string
	for _, volume := range volumeOf(va) {
		if pv, ok := a.caches.Volumes.Get(api.Key{Name: volume}); ok && pv.Spec.CSI != nil {
			handle = pv.Spec.CSI.VolumeHandle
		}
	}
	wait, started := a.calls.begin(name, a.options.DetachTime)
	if started {
		a.say(va, component.Reconciled{Do: fmt.Sprintf("detach its disk from %s, which takes %s", va.Spec.NodeName, tellDuration(a.options.DetachTime))})
	}
	if wait > 0 {
		a.queue.AddAfter(key, wait)
		return nil
	}
	a.disks.Detach(handle, va.Spec.NodeName)
	a.say(va, component.Reconciled{Do: "report that its disk is detached from " + va.Spec.NodeName})
	if err := a.status(va, func(s *storagev1.VolumeAttachmentStatus) { s.Attached, s.DetachError = false, nil }); err != nil {
		return err
	}
	if err := a.note(dropFinalizer(a.client, va, attacherFinalizer)); err != nil {
		return err
	}
	a.done[key] = va.UID
	a.calls.end(name)
	return nil
}

// syncVolume lets a volume go that is being deleted once nothing of it is attached.
func (a *attacher) syncVolume(key api.Key) error {
	pv, ok := a.caches.Volumes.Get(key)
	if !ok || pv.DeletionTimestamp == nil || !slices.Contains(pv.Finalizers, attacherFinalizer) || a.caches.Attachments.CountBy(byVolume, pv.Name) > 0 {
		return nil
	}
	_, err := dropFinalizer(a.client, pv, attacherFinalizer)
	return notFoundIsFine(err)
}

// addFinalizer puts a finalizer on an object that has none of this name.
func addFinalizer[T api.Object](c api.Client, o T, name string) (T, error) {
	return api.Patch(c, api.Of(o), api.KeyOf(o), func(o T) error {
		if !slices.Contains(o.GetFinalizers(), name) {
			o.SetFinalizers(append(slices.Clone(o.GetFinalizers()), name))
		}
		return nil
	})
}

// dropFinalizer takes a finalizer off an object.
func dropFinalizer[T api.Object](c api.Client, o T, name string) (T, error) {
	return api.Patch(c, api.Of(o), api.KeyOf(o), func(o T) error {
		o.SetFinalizers(removed(o.GetFinalizers(), name))
		return nil
	})
}
