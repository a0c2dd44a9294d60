package controller

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// release has a volume detached from a node where no pod needs it, as soon as
// nothing there can write to it any more: the kubelet has unmounted it, somebody
// has vouched that the machine is off, or it has been silent for long enough.
func (a *attachDetach) release(pv *corev1.PersistentVolume, va *storagev1.VolumeAttachment) error {
	now, name := a.process.Engine.Now(), va.Spec.NodeName
	s := a.place(pv, name)
	if !s.unneeded {
		s.unneeded, s.since = true, now
	}
	if va.DeletionTimestamp != nil || s.releasing {
		return nil
	}
	node, exists := a.node.get(api.Key{Name: name})
	inUse := a.gone[name]
	healthy, off := false, false
	if exists {
		inUse, healthy, off = node.Status.VolumesInUse, nodeReady(node), outOfService(node)
	}
	expired := now-s.since > maxWaitForUnmount && !a.options.DisableForceDetachOnTimeout
	mounted := slices.Contains(inUse, uniqueVolumeName(pv))
	if mounted && !off && (healthy || !expired) {
		a.keep(pv, name, s, healthy)
		return nil
	}
	why := "no pod there needs it any more, and it is not mounted"
	switch {
	case !exists && !mounted:
		why = "no pod needs it there, and the node is gone"
	case mounted && off:
		why = fmt.Sprintf("taint %s says that the machine is off, so nothing there can write to it", corev1.TaintNodeOutOfService)
	case mounted:
		why = fmt.Sprintf("not needed since %s, and the node has not said that it is unmounted: maxWaitForUnmountDuration %s is over, it is detached by force", tellInstant(s.since), tellDuration(maxWaitForUnmount))
	}
	a.tell(api.KeyOf(pv), component.Reconciled{Do: "detach it from " + name, Because: why})
	safe, err := a.withdraw(pv, name, off || expired)
	if err != nil || !safe {
		return err
	}
	if err := api.Delete(a.client, api.VolumeAttachments, api.KeyOf(va), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	s.releasing, s.attaching = true, false
	return nil
}

// withdraw tells a node that a volume is no longer attached. Unless that does not
// matter, it then makes sure that the kubelet has not begun to use it meanwhile; if it has, the volume stays.
func (a *attachDetach) withdraw(pv *corev1.PersistentVolume, name string, anyway bool) (bool, error) {
	volume := uniqueVolumeName(pv)
	node, err := a.announce(name, volume, false)
	switch {
	case apierrors.IsNotFound(err):
		return true, nil
	case err != nil:
		return false, err
	case anyway || !slices.Contains(node.Status.VolumesInUse, volume):
		return true, nil
	}
	_, err = a.announce(name, volume, true)
	return false, err
}

// keep leaves a volume attached that may still be mounted, and says why where that may take long.
func (a *attachDetach) keep(pv *corev1.PersistentVolume, name string, s *place, healthy bool) {
	if healthy {
		return // its kubelet is about to unmount it and will say so
	}
	wait := s.since + maxWaitForUnmount + reconcilePeriod - a.process.Engine.Now()
	if !a.options.DisableForceDetachOnTimeout {
		a.queue.AddAfter(api.KeyOf(pv), max(wait, time.Duration(0)))
	}
	if s.kept {
		return
	}
	s.kept = true
	until := fmt.Sprintf("it is detached by force after %s (maxWaitForUnmountDuration %s), and at once with the taint %s",
		tellInstant(s.since+maxWaitForUnmount), tellDuration(maxWaitForUnmount), corev1.TaintNodeOutOfService)
	if a.options.DisableForceDetachOnTimeout {
		until = "it is detached only with the taint " + corev1.TaintNodeOutOfService + " (disable-force-detach-on-timeout)"
	}
	a.tell(api.KeyOf(pv), component.Reconciled{
		Do: "leave it attached to " + name, Because: "no pod there needs it, but the node is silent and has not said that it is unmounted; " + until,
	})
}
