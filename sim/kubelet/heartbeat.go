package kubelet

import (
	"errors"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// heartbeat renews the node's Lease, 10 s after it was renewed last, and reports
// the Node's status when something of it has changed or the last report is 5 min
// old. While the Lease cannot be had it is asked for again after ever longer pauses.
func (k *Kubelet) heartbeat() {
	now := k.engine.Now()
	k.cfg.Process.Trace.Then(Heartbeat{Node: k.Name()})
	next := nodeLeaseRenew
	if node := k.node(); node != nil {
		switch err := k.renew(node); {
		case err == nil:
			k.pause = 0
		case k.lease == nil:
			k.pause = min(max(leaseFirstPause, 2*k.pause), leaseMaxPause)
			next = k.pause
		}
	}
	k.work(workHeartbeat, "", now+next)
	if now-k.reportedAt >= nodeStatusReportFrequency || k.images != len(k.machine.images) {
		k.work(workNode, "", now)
	}
}

// renew renews the Lease as it was last seen, or else reads or creates it first.
// It leaves no lease when that has failed.
func (k *Kubelet) renew(node *corev1.Node) (err error) {
	defer func() { k.heard(err) }()
	if k.lease != nil {
		if err = k.updateLease(); err == nil {
			return nil
		}
	}
	created, err := k.ensureLease(node)
	if err != nil || created {
		return err
	}
	return k.updateLease()
}

// ensureLease reads the Lease and creates it if there is none.
func (k *Kubelet) ensureLease(node *corev1.Node) (created bool, err error) {
	client := k.cfg.Process.Client
	k.lease, err = api.Get[*coordinationv1.Lease](client, api.Leases, api.Key{Namespace: corev1.NamespaceNodeLease, Name: k.Name()})
	if apierrors.IsNotFound(err) {
		k.lease, err = api.Create(client, k.newLease(node))
		created = err == nil
	}
	if err != nil {
		k.lease = nil
	}
	return created, err
}

// updateLease tries to write a new renewTime, several times in a row. A server
// that is away is so for all of them: they take no time.
func (k *Kubelet) updateLease() (err error) {
	for range leaseTries {
		lease := *k.lease // its fields are replaced, not changed
		renewed := metav1.NewMicroTime(k.engine.Clock())
		lease.Spec.RenewTime = &renewed
		lease.Spec.HolderIdentity = &k.cfg.Node.Name
		var stored *coordinationv1.Lease
		if stored, err = api.Update(k.cfg.Process.Client, &lease); err == nil {
			k.lease = stored
			return nil
		}
		if apierrors.IsConflict(err) {
			fresh, getErr := api.Get[*coordinationv1.Lease](k.cfg.Process.Client, api.Leases, api.KeyOf(&lease))
			if getErr != nil {
				return getErr
			}
			k.lease = fresh
		} else if component.Unreachable(err) {
			return err
		}
	}
	return err
}

func (k *Kubelet) newLease(node *corev1.Node) *coordinationv1.Lease {
	seconds := int32(nodeLeaseDuration / time.Second)
	now := metav1.NewMicroTime(k.engine.Clock())
	return &coordinationv1.Lease{
		TypeMeta: metav1.TypeMeta{APIVersion: "coordination.k8s.io/v1", Kind: "Lease"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: corev1.NamespaceNodeLease, Name: k.Name(), OwnerReferences: []metav1.OwnerReference{nodeOwner(node)},
		},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: &k.cfg.Node.Name, LeaseDurationSeconds: &seconds, RenewTime: &now},
	}
}

// heard tells when heartbeats begin to be lost, and when they arrive again.
func (k *Kubelet) heard(err error) {
	switch lost := errors.Is(err, api.ErrUnreachable); {
	case lost && !k.silent:
		k.silent = true
		k.tellNode("silent", fmt.Sprintf("its heartbeat does not reach the API server; it tries again after %s, then after pauses twice as long each time, at most %s",
			seconds(leaseFirstPause), seconds(leaseMaxPause)))
	case err == nil && k.silent:
		k.silent = false
		k.tellNode("heard", "its heartbeat reaches the API server again")
	}
}
