package controller

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// provide has a volume attached to a node where pods need it.
func (a *attachDetach) provide(pv *corev1.PersistentVolume, node string, wanted map[string][]*corev1.Pod) error {
	s := a.place(pv, node)
	s.unneeded, s.kept = false, false
	var here *storagev1.VolumeAttachment
	var elsewhere []*storagev1.VolumeAttachment
	for _, va := range a.attachments(pv) {
		if va.Spec.NodeName == node {
			here = va
		} else {
			elsewhere = append(elsewhere, va)
		}
	}
	switch {
	case here != nil && (here.DeletionTimestamp != nil || s.releasing):
		return nil // it must be gone before it can be made anew
	case here != nil && here.Status.Attached:
		return a.succeed(pv, node, s, wanted[node])
	case here != nil:
		a.await(pv, here, s, wanted[node])
		return nil
	case len(elsewhere) > 0 && !multiAttach(pv):
		a.refuse(pv, node, s, elsewhere, wanted)
		return nil
	}
	return a.attach(pv, node, s, wanted[node])
}

// attach asks the driver to attach a volume.
func (a *attachDetach) attach(pv *corev1.PersistentVolume, node string, s *place, pods []*corev1.Pod) error {
	a.tell(api.KeyOf(pv), component.Reconciled{Do: "attach it to " + node, Because: fmt.Sprintf("%s bound to it uses the volume", tellPods(pods))})
	va, err := api.Create(a.client, &storagev1.VolumeAttachment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "storage.k8s.io/v1", Kind: "VolumeAttachment"},
		ObjectMeta: metav1.ObjectMeta{Name: s.attachment},
		Spec: storagev1.VolumeAttachmentSpec{
			Attacher: pv.Spec.CSI.Driver, NodeName: node, Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: &pv.Name},
		},
	})
	switch {
	case err == nil:
		a.attachment.put(va)
	case !apierrors.IsAlreadyExists(err):
		return err
	}
	*s = place{attachment: s.attachment}
	a.expect(pv, s)
	return nil
}

// expect begins to wait for the driver.
func (a *attachDetach) expect(pv *corev1.PersistentVolume, s *place) {
	s.attaching, s.overdue = true, a.process.Engine.Now()+attachTimeout
	a.queue.AddAfter(api.KeyOf(pv), attachTimeout)
}

// await reports what goes wrong while the driver attaches a volume.
func (a *attachDetach) await(pv *corev1.PersistentVolume, va *storagev1.VolumeAttachment, s *place, pods []*corev1.Pod) {
	if !s.attaching {
		a.expect(pv, s)
	}
	why := ""
	switch e := va.Status.AttachError; {
	case e != nil && (e.Message != s.failure.Message || !e.Time.Equal(&s.failure.Time)):
		s.failure, why = *e, e.Message
	case a.process.Engine.Now() >= s.overdue:
		a.expect(pv, s)
		why = fmt.Sprintf("timed out waiting for external-attacher of %s CSI driver to attach volume %s", va.Spec.Attacher, pv.Spec.CSI.VolumeHandle)
	default:
		a.queue.AddAfter(api.KeyOf(pv), s.overdue-a.process.Engine.Now())
		return
	}
	for _, pod := range pods {
		a.recorder.Eventf(pod, corev1.EventTypeWarning, "FailedAttachVolume", "AttachVolume.Attach failed for volume %q : %s", pv.Name, why)
	}
}

// succeed tells the node that a volume is attached.
func (a *attachDetach) succeed(pv *corev1.PersistentVolume, name string, s *place, pods []*corev1.Pod) error {
	if node, ok := a.node.get(api.Key{Name: name}); ok && !reported(node, uniqueVolumeName(pv)) {
		a.tell(api.KeyOf(pv), component.Reconciled{Do: "tell " + name + " that it is attached", Because: "a kubelet mounts only what its node's status.volumesAttached lists"})
		if _, err := a.announce(name, uniqueVolumeName(pv), true); err != nil {
			return notFoundIsFine(err)
		}
	}
	if s.attaching {
		s.attaching = false
		for _, pod := range pods {
			a.recorder.Eventf(pod, corev1.EventTypeNormal, "SuccessfulAttachVolume", "AttachVolume.Attach succeeded for volume %q ", pv.Name)
		}
	}
	return nil
}

// refuse reports, once, that a volume that can be attached to one node only is
// attached to another. While it is still being attached or detached there it just waits.
func (a *attachDetach) refuse(pv *corev1.PersistentVolume, node string, s *place, elsewhere []*storagev1.VolumeAttachment, wanted map[string][]*corev1.Pod) {
	var users []*corev1.Pod
	for _, va := range elsewhere {
		if !va.Status.Attached || va.DeletionTimestamp != nil || a.place(pv, va.Spec.NodeName).releasing {
			return
		}
		users = append(users, wanted[va.Spec.NodeName]...)
	}
	if s.conflict {
		return
	}
	s.conflict = true
	message := "Volume is already exclusively attached to one node and can't be attached to another"
	if len(users) > 0 {
		message = "Volume is already used by pod(s) " + strings.Join(podNames(users), ", ")
	}
	a.tell(api.KeyOf(pv), component.Reconciled{
		Do: fmt.Sprintf("Multi-Attach: keep %s on %s waiting", tellPods(wanted[node]), node), Because: a.tellConflict(pv, elsewhere[0].Spec.NodeName, users),
	})
	for _, pod := range wanted[node] {
		a.recorder.Eventf(pod, corev1.EventTypeWarning, "FailedAttachVolume", "Multi-Attach error for volume %q %s", pv.Name, message)
	}
}

// tellConflict explains why a volume cannot leave the node that it is attached to.
func (a *attachDetach) tellConflict(pv *corev1.PersistentVolume, holder string, users []*corev1.Pod) string {
	why := fmt.Sprintf("it is %s and attached to %s", pv.Spec.AccessModes[0], holder)
	node, ok := a.node.get(api.Key{Name: holder})
	silent := !ok || !nodeReady(node)
	if len(users) > 0 {
		why += ", where " + tellPods(users) + " needs it"
	}
	if !silent {
		return why
	}
	why += "; nobody has vouched that this machine is off, so something there may still write to it. "
	switch s := a.place(pv, holder); {
	case a.options.DisableForceDetachOnTimeout:
		why += "It is never detached by force (disable-force-detach-on-timeout)"
	case len(users) > 0:
		why += fmt.Sprintf("Detaching begins %s after that pod is gone (maxWaitForUnmountDuration)", tellDuration(maxWaitForUnmount))
	default:
		why += fmt.Sprintf("It is detached by force after %s (maxWaitForUnmountDuration %s)", tellInstant(s.since+maxWaitForUnmount), tellDuration(maxWaitForUnmount))
	}
	return why + ", and at once with the taint " + corev1.TaintNodeOutOfService
}

func podNames(pods []*corev1.Pod) []string {
	out := make([]string, len(pods))
	for i, pod := range pods {
		out[i] = pod.Name
	}
	return out
}

// tellPods names pods of one namespace: "pod default/a", "pods default/a, default/b".
func tellPods(pods []*corev1.Pod) string {
	var out []string
	for _, pod := range pods {
		out = append(out, api.KeyOf(pod).String())
	}
	if len(out) == 1 {
		return "pod " + out[0]
	}
	return "pods " + strings.Join(out, ", ")
}
