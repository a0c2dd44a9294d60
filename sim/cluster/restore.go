package cluster

import (
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"minisim/sim/api"
	"minisim/sim/world"
)

// restore makes a durable cluster carry on where it stopped: the clock after all
// that etcd knows of to have happened, the disks as the volumes describe them. The
// objects are there anyway. All machines are on again, as after a power cut.
func (c *Cluster) restore() error {
	var last time.Time
	later := func(t time.Time) {
		if t.After(last) {
			last = t
		}
	}
	for _, r := range api.Resources() {
		c.API.Each(r, "", func(o api.Object) bool {
			later(o.GetCreationTimestamp().Time)
			switch o := o.(type) {
			case *coordinationv1.Lease:
				if t := o.Spec.RenewTime; t != nil {
					later(t.Time)
				}
			case *corev1.Event: // nodes that have fallen silent renew no lease, but somebody reports it
				later(o.LastTimestamp.Time)
			case *corev1.Node:
				for _, c := range o.Status.Conditions {
					later(c.LastTransitionTime.Time)
				}
			}
			return true
		})
	}
	if last.IsZero() {
		return nil // a new folder, or one in which nothing has ever run
	}
	// Where a kubelet lived, its next heartbeat was due 10 s later at most.
	c.Engine.StartAt(last.Sub(c.Engine.Clock()) + heartbeat)
	c.Resumed = true
	return c.restoreDisks()
}

// heartbeat is how often a kubelet renews its Lease.
const heartbeat = 10 * time.Second

func (c *Cluster) restoreDisks() error {
	handles := map[string]string{}
	c.API.Each(api.PersistentVolumes, "", func(o api.Object) bool {
		pv := o.(*corev1.PersistentVolume)
		if pv.Spec.CSI == nil {
			return true
		}
		shared := false
		for _, m := range pv.Spec.AccessModes {
			shared = shared || m == corev1.ReadWriteMany || m == corev1.ReadOnlyMany
		}
		handles[pv.Name] = pv.Spec.CSI.VolumeHandle
		c.World.Disks.Create(pv.Spec.CSI.VolumeHandle, pv.Spec.Capacity.Storage().Value(), shared)
		c.World.Disks.Wrote(pv.Spec.CSI.VolumeHandle, world.Write{Pod: "a pod of an earlier run"})
		return true
	})
	var err error
	c.API.Each(api.VolumeAttachments, "", func(o api.Object) bool {
		va := o.(*storagev1.VolumeAttachment)
		if pv := va.Spec.Source.PersistentVolumeName; pv != nil && va.Status.Attached && handles[*pv] != "" {
			err = c.World.Disks.Attach(handles[*pv], va.Spec.NodeName)
		}
		return err == nil
	})
	return err
}
