package kubelet

import (
	"errors"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// heartbeat renews the node's Lease, every 10 s, and reports the Node's status
// when something of it has changed or the last report is 5 min old.
func (k *Kubelet) heartbeat() {
	now := k.engine.Now()
	k.work(workHeartbeat, "", now+nodeLeaseRenew)
	k.cfg.Process.Trace.Then(Heartbeat{Node: k.Name()})
	if node := k.node(); node != nil {
		k.renew(node)
	}
	if now-k.reportedAt >= nodeStatusReportFrequency || k.images != len(k.machine.images) {
		k.work(workNode, "", now)
	}
}

// renew renews the Lease, or takes it over from before the kubelet's start, or creates it.
func (k *Kubelet) renew(node *corev1.Node) {
	client := k.cfg.Process.Client
	var err error
	if k.lease == nil {
		k.lease, err = api.Get[*coordinationv1.Lease](client, api.Leases, api.Key{Namespace: corev1.NamespaceNodeLease, Name: k.Name()})
		if err != nil && !component.Unreachable(err) {
			k.lease, err = api.Create(client, k.newLease(node))
			k.heard(err)
			return
		}
	}
	if err == nil {
		lease := *k.lease // its fields are replaced, not changed
		renewed := metav1.NewMicroTime(k.engine.Clock())
		lease.Spec.RenewTime = &renewed
		lease.Spec.HolderIdentity = &k.cfg.Node.Name
		var stored *coordinationv1.Lease
		if stored, err = api.Update(client, &lease); err == nil {
			k.lease = stored
		}
	}
	if err != nil {
		k.lease = nil // read it again next time
	}
	k.heard(err)
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
		k.tellNode("silent", "its heartbeat does not reach the API server; it tries again every "+seconds(nodeLeaseRenew))
	case err == nil && k.silent:
		k.silent = false
		k.tellNode("heard", "its heartbeat reaches the API server again")
	}
}
