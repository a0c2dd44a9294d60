package controller

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// driverCaches are what the storage driver's controllers see of the cluster.
type driverCaches struct {
	Claims      *component.Cache[*corev1.PersistentVolumeClaim]
	Volumes     *component.Cache[*corev1.PersistentVolume]
	Classes     *component.Cache[*storagev1.StorageClass]
	Attachments *component.Cache[*storagev1.VolumeAttachment]
}

// byVolume is an index over VolumeAttachments, by the name of the PersistentVolume.
const byVolume = "volume"

func newDriverCaches(p *component.Process) *driverCaches {
	c := &driverCaches{
		Claims:      informer[*corev1.PersistentVolumeClaim](p, api.PersistentVolumeClaims),
		Volumes:     informer[*corev1.PersistentVolume](p, api.PersistentVolumes),
		Classes:     informer[*storagev1.StorageClass](p, api.StorageClasses),
		Attachments: informer[*storagev1.VolumeAttachment](p, api.VolumeAttachments),
	}
	c.Attachments.Index(byVolume, volumeOf)
	return c
}

func volumeOf(va *storagev1.VolumeAttachment) []string {
	if name := va.Spec.Source.PersistentVolumeName; name != nil {
		return []string{*name}
	}
	return nil
}

// The finalizers by which the driver keeps objects until the storage system has followed.
const provisionerFinalizer = "external-provisioner.volume.kubernetes.io/finalizer"

var attacherFinalizer = "external-attacher/" + strings.ReplaceAll(DriverName, ".", "-")

// The pauses between the attempts at one thing that the storage system refuses,
// as external-provisioner and external-attacher have them (--retry-interval-start, --retry-interval-max).
const (
	driverRetryStart = time.Second
	driverRetryMax   = 5 * time.Minute
)

// calls are requests to the storage system that are under way: each takes its
// time, and after a failure there is a pause. What is under way is forgotten when the program stops.
type calls struct {
	process *component.Process
	under   map[string]*call
}

type call struct {
	done     time.Duration // when the answer comes, or the pause is over
	failures int
	waiting  bool // an answer is awaited
}

func newCalls(p *component.Process) *calls { return &calls{process: p, under: map[string]*call{}} }

// begin starts a call that takes d. It returns how long the answer, or the end of
// a pause after a failure, is still away: 0 means that the answer is there now.
// started is true when this is a new attempt.
func (c *calls) begin(name string, d time.Duration) (wait time.Duration, started bool) {
	now := c.process.Engine.Now()
	k := c.under[name]
	if k == nil {
		k = &call{}
		c.under[name] = k
	}
	if !k.waiting && now >= k.done {
		k.waiting, k.done, started = true, now+d, true
	}
	return k.done - now, started
}

// failed notes that the answer was a refusal, and returns the pause before the next attempt.
func (c *calls) failed(name string) time.Duration {
	k := c.under[name]
	pause := driverRetryMax
	if k.failures < 9 { // 1 s << 9 is above the maximum
		pause = min(driverRetryStart<<k.failures, driverRetryMax)
	}
	k.failures++
	k.waiting, k.done = false, c.process.Engine.Now()+pause
	return pause
}

// end forgets a call: it has succeeded or is of no interest any more.
func (c *calls) end(name string) { delete(c.under, name) }
