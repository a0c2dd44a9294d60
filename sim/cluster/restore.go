package cluster

import (
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"minisim/sim/api"
	"minisim/sim/world"
)

// restore makes a durable cluster carry on where it stopped: the clock at the
// last heartbeat that etcd knows of, the disks as the volumes describe them. The
// objects are there anyway. All machines are on again, as after a power cut.
func (c *Cluster) restore() error {
	admin := c.Admin("kubernetes-admin", actorName)
	leases, err := admin.List(api.Leases, api.ListOptions{})
	if err != nil || len(leases.Items) == 0 {
		return err
	}
	var last time.Time
	for _, o := range leases.Items {
		if t := o.(*coordinationv1.Lease).Spec.RenewTime; t != nil && t.After(last) {
			last = t.Time
		}
	}
	// The next heartbeat was due 10 s later at most: nothing that is stored lies beyond it.
	c.Engine.StartAt(last.Sub(c.Engine.Clock()) + heartbeat)
	c.Resumed = true
	return c.restoreDisks(admin)
}

// heartbeat is how often a kubelet renews its Lease.
const heartbeat = 10 * time.Second

func (c *Cluster) restoreDisks(admin api.Client) error {
	volumes, err := admin.List(api.PersistentVolumes, api.ListOptions{})
	if err != nil {
		return err
	}
	handles := map[string]string{}
	for _, o := range volumes.Items {
		pv := o.(*corev1.PersistentVolume)
		if pv.Spec.CSI == nil {
			continue
		}
		shared := false
		for _, m := range pv.Spec.AccessModes {
			shared = shared || m == corev1.ReadWriteMany || m == corev1.ReadOnlyMany
		}
		handles[pv.Name] = pv.Spec.CSI.VolumeHandle
		c.World.Disks.Create(pv.Spec.CSI.VolumeHandle, pv.Spec.Capacity.Storage().Value(), shared)
		c.World.Disks.Wrote(pv.Spec.CSI.VolumeHandle, world.Write{Pod: "a pod of an earlier run"})
	}
	attachments, err := admin.List(api.VolumeAttachments, api.ListOptions{})
	if err != nil {
		return err
	}
	for _, o := range attachments.Items {
		va := o.(*storagev1.VolumeAttachment)
		if pv := va.Spec.Source.PersistentVolumeName; pv != nil && va.Status.Attached {
			if err := c.World.Disks.Attach(handles[*pv], va.Spec.NodeName); err != nil {
				return err
			}
		}
	}
	return nil
}
