package kubelet

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/trace"
	"minisim/sim/world"
)

// puller pulls images, one after the other (serializeImagePulls): the first of
// the queue is under way.
type puller struct {
	queue []*pull
}

type pull struct {
	p     *pod
	c     *container
	began time.Duration
	done  time.Duration // never while it waits for its turn
	cause trace.ID      // of what becomes of it: why it was asked for, then its own beginning
}

// ensureImage sees to it that a container's image is on the machine, then that
// the container is created. It says whether something has begun.
func (p *pod) ensureImage(c *container) bool {
	c.image = p.k.cfg.World.Images.LookupFor(p.obj.Labels["app"], c.spec.Image)
	if _, err := world.Normal(c.spec.Image); err != nil {
		text := fmt.Sprintf("Failed to apply default image tag %q: couldn't parse image name %q: %v", c.spec.Image, c.spec.Image, err)
		return p.imageFails(c, "InspectFailed", "InvalidImageName", text)
	}
	_, present := p.k.machine.images[c.image.Name]
	switch policy := pullPolicy(c); {
	case policy == corev1.PullNever && !present:
		text := fmt.Sprintf("Container image %q is not present with pull policy of Never", c.spec.Image)
		return p.imageFails(c, "ErrImageNeverPull", "ErrImageNeverPull", text)
	case present && policy != corev1.PullAlways:
		p.containerEvent(c, corev1.EventTypeNormal, "Pulled", fmt.Sprintf("Container image %q already present on machine and can be accessed by the pod", c.spec.Image))
		return p.create(c)
	case p.k.cfg.Instant && !c.image.Missing:
		return p.create(c)
	}
	p.containerEvent(c, corev1.EventTypeNormal, "Pulling", fmt.Sprintf("Pulling image %q", c.spec.Image))
	p.op = operation{kind: opPull, c: c}
	c.asked = p.now()
	p.k.puller.add(p, c)
	return true
}

func pullPolicy(c *container) corev1.PullPolicy {
	if c.spec.ImagePullPolicy == "" {
		return corev1.PullIfNotPresent
	}
	return c.spec.ImagePullPolicy
}

// imageFails notes that a container cannot have its image, for a reason that
// trying again soon does not change.
func (p *pod) imageFails(c *container, event, reason, text string) bool {
	p.containerEvent(c, corev1.EventTypeWarning, event, text)
	p.containerEvent(c, corev1.EventTypeWarning, "Failed", "Error: "+reason)
	if c.waiting == nil || c.waiting.Reason != reason {
		p.tell(c, "wait", text)
		p.wait(c, reason, text)
	}
	c.retry = p.now() + syncRetry
	p.at(c.retry)
	return false
}

// add queues a pull and begins it if none is under way.
func (u *puller) add(p *pod, c *container) {
	j := &pull{p: p, c: c, done: never}
	u.queue = append(u.queue, j)
	if first := u.queue[0]; first != j {
		p.tell(c, "wait", fmt.Sprintf("waits with %s: images are pulled one at a time on a node, and %s is under way", c.spec.Image, first.c.spec.Image))
	}
	j.cause = p.k.engine.Cause()
	if len(u.queue) == 1 {
		u.begin()
	}
}

// begin starts the first pull of the queue. Its length is known now: what is on
// the machine already is not moved again.
func (u *puller) begin() {
	if len(u.queue) == 0 {
		return
	}
	j := u.queue[0]
	k, img := j.p.k, j.c.image
	// It may be another pod's end of a pull that has it begin: what is told of
	// each pod follows from what was told of that pod.
	defer k.engine.SetCause(k.engine.SetCause(j.cause))
	j.began = k.engine.Now()
	d := manifestTime
	_, present := k.machine.images[img.Name]
	switch {
	case img.Missing:
		k.tellLasting(j.p.name, j.c.spec.Name, "pull", "asks the registry for "+j.c.spec.Image, d)
	case present:
		k.tellLasting(j.p.name, j.c.spec.Name, "pull", fmt.Sprintf("asks the registry for %s, which is on this machine already: %s", j.c.spec.Image, seconds(d)), d)
	default:
		d += time.Duration(float64(img.Bytes) / float64(k.cfg.Node.Bandwidth) * float64(time.Second)).Truncate(time.Millisecond)
		k.tellLasting(j.p.name, j.c.spec.Name, "pull", fmt.Sprintf("pulls %s (%s at %s/s: %s)", j.c.spec.Image,
			megabytes(img.Bytes), megabytes(k.cfg.Node.Bandwidth), seconds(d)), d)
	}
	j.cause = k.engine.Cause()
	j.done = j.began + d
	k.wake(j.p, j.done)
}

// take removes the pull of a pod if it is done (or unwanted: drop) and begins the next one.
func (u *puller) take(p *pod, drop bool) *pull {
	for i, j := range u.queue {
		if j.p != p {
			continue
		}
		if !drop && j.done > p.now() {
			p.at(j.done)
			return nil
		}
		u.queue = append(u.queue[:i:i], u.queue[i+1:]...)
		if !drop && !j.c.image.Missing {
			img := j.c.image
			p.k.machine.images[img.Name] = &image{img.Name, img.Digest, img.Bytes}
		}
		if i == 0 {
			u.begin()
		}
		return j
	}
	return nil
}

// pulling carries on with the pull that is under way.
func (p *pod) pulling() bool {
	j := p.k.puller.take(p, false)
	if j == nil {
		return false
	}
	c := j.c
	p.op = operation{}
	p.k.engine.SetCause(j.cause)
	if c.image.Missing {
		p.pullFails(c)
		return true
	}
	p.containerEvent(c, corev1.EventTypeNormal, "Pulled", fmt.Sprintf("Successfully pulled image %q in %v (%v including waiting). Image size: %d bytes.",
		c.spec.Image, (p.now()-j.began).Truncate(time.Millisecond), (p.now()-c.asked).Truncate(time.Millisecond), c.image.Bytes))
	c.pulls = backoff{}
	p.create(c)
	return true
}

// pullFails reports a failed pull; the next try comes after a back-off.
func (p *pod) pullFails(c *container) {
	text := fmt.Sprintf("rpc error: code = NotFound desc = failed to pull and unpack image %q: failed to resolve reference %q: %s: not found",
		c.image.Name, c.image.Name, c.image.Name)
	p.containerEvent(c, corev1.EventTypeWarning, "Failed", fmt.Sprintf("Failed to pull image %q: %s", c.spec.Image, text))
	p.containerEvent(c, corev1.EventTypeWarning, "Failed", "Error: ErrImagePull")
	p.wait(c, "ErrImagePull", text)
	c.pulls.next(p.now(), p.now())
	c.noticed = false
	p.tell(c, "backoff", fmt.Sprintf("ErrImagePull: the registry has no %s; ImagePullBackOff: asks again after %s (doubled each time, at most %s)",
		c.spec.Image, seconds(c.pulls.delay), seconds(maxBackoff)))
}

// backOffPull reports, a moment after a failed pull, that the next one has to wait.
func (p *pod) backOffPull(c *container, until time.Duration) {
	p.at(until)
	if c.noticed {
		return
	}
	if at := c.pulls.updated + settleTime; at > p.now() {
		p.at(at)
		return
	}
	c.noticed = true
	p.containerEvent(c, corev1.EventTypeNormal, "BackOff", fmt.Sprintf("Back-off pulling image %q", c.spec.Image))
	p.containerEvent(c, corev1.EventTypeWarning, "Failed", "Error: ImagePullBackOff")
	p.wait(c, "ImagePullBackOff", fmt.Sprintf("Back-off pulling image %q: %s: %s", c.spec.Image, "ErrImagePull", c.waiting.Message))
}
