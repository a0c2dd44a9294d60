package kubelet

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// runContainers looks after the pod's containers: it lets their programs go on,
// asks their probes, carries on with what is under way and starts the next one.
func (p *pod) runContainers() bool {
	for _, c := range p.all {
		p.attend(c)
	}
	if p.overdue() {
		return p.stopFor(verdict{"DeadlineExceeded", "Pod was active on the node longer than the specified deadline"})
	}
	switch p.op.kind {
	case opPull:
		return p.pulling()
	case opStart:
		if p.op.due > p.now() {
			p.at(p.op.due)
			return false
		}
		c := p.op.c
		p.op = operation{}
		p.launch(c)
		return true
	}
	return p.startNext()
}

// attend does what is due in a running container.
func (p *pod) attend(c *container) {
	if !c.alive() {
		return
	}
	r := c.run
	if r.dying && r.endsAt <= min(p.now(), r.does.due) {
		p.exit(c, r.endCode, "", r.endsAt)
		return
	}
	if p.live(c) {
		p.exit(c, r.does.code, "", max(r.does.due, r.started))
		return
	}
	if r.dying {
		p.at(r.endsAt)
	}
	p.at(r.does.due)
	if !r.dying && r.asked != "" && r.asked != c.spec.Image {
		p.tell(c, "stop", "its image was changed to "+c.spec.Image+": it is ended and started anew")
		p.kill(c, fmt.Sprintf("Container %s definition changed, will be restarted", c.spec.Name), p.grace())
	}
	p.ask(c)
}

// overdue says whether the pod's activeDeadlineSeconds are over.
func (p *pod) overdue() bool {
	limit := p.obj.Spec.ActiveDeadlineSeconds
	if limit == nil || p.started == nil {
		return false
	}
	end := p.since(p.started.Time) + time.Duration(*limit)*time.Second
	if end > p.now() {
		p.at(end)
		return false
	}
	p.event(corev1.EventTypeNormal, "DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
	return true
}

// startNext starts the next container that may start: init containers one after
// the other, each to its end (a sidecar: to its start), then all others.
func (p *pod) startNext() bool {
	if p.initialized() {
		for _, c := range p.inits {
			if c.kind == sidecar && p.start(c) {
				return true
			}
		}
	} else {
		for _, c := range p.inits {
			switch {
			case p.hasDone(c):
				continue
			case c.kind == initContainer && !p.fresh(c) && !c.alive() && !p.restarts(c):
				return p.stopFor(verdict{}) // a failed init container fails the pod
			}
			return p.start(c)
		}
	}
	ended := 0
	for _, c := range p.mains {
		if p.start(c) {
			return true
		}
		if c.run != nil && !c.alive() && !p.restarts(c) {
			ended++
		}
	}
	if ended == len(p.mains) {
		return p.stopFor(verdict{})
	}
	return false
}

// initialized says whether the init containers have done their work: once a
// main container has run in this sandbox they are not run again.
func (p *pod) initialized() bool {
	for _, c := range p.mains {
		if c.run != nil && !p.outlived(c) {
			return true
		}
	}
	for _, c := range p.inits {
		if !p.hasDone(c) {
			return false
		}
	}
	return true
}

// hasDone says whether an init container lets the next one begin: it has ended
// well, or as a sidecar it has started.
func (p *pod) hasDone(c *container) bool {
	if c.kind == sidecar {
		return c.alive() && c.started
	}
	return !p.fresh(c) && c.succeeded()
}

// outlived says whether a container's latest run belongs to an earlier sandbox than the present one.
func (p *pod) outlived(c *container) bool { return c.run.started < p.box.since }

// fresh says whether a container has yet to run; an init container has to in each new sandbox.
func (p *pod) fresh(c *container) bool {
	return c.run == nil || c.kind == initContainer && p.outlived(c)
}

// start begins to start a container if it does not run, may run and is not in
// back-off. It says whether something has begun.
func (p *pod) start(c *container) bool {
	if c.alive() {
		return false
	}
	if !p.fresh(c) && (!p.restarts(c) || !p.outlived(c) && p.crashing(c)) {
		return false
	}
	if until, ok := c.pulls.until(c.pulls.updated); ok && until > p.now() {
		p.backOffPull(c, until)
		return false
	}
	if c.retry > p.now() {
		p.at(c.retry)
		return false
	}
	return p.ensureImage(c)
}

// crashing says whether a container that has ended has to wait before it is
// started again, and reports that a moment after its end.
func (p *pod) crashing(c *container) bool {
	until, ok := c.crash.until(c.run.finished)
	if !ok || until <= p.now() {
		return false
	}
	p.at(until)
	if c.noticed {
		return true
	}
	if at := c.run.finished + settleTime; at > p.now() {
		p.at(at)
		return true
	}
	c.noticed = true
	full := fmt.Sprintf("%s_%s(%s)", p.key.Name, p.key.Namespace, p.obj.UID)
	p.containerEvent(c, corev1.EventTypeWarning, "BackOff", fmt.Sprintf("Back-off restarting failed container %s in pod %s", c.spec.Name, full))
	p.wait(c, "CrashLoopBackOff", fmt.Sprintf("back-off %s restarting failed container=%s pod=%s", c.crash.delay, c.spec.Name, full))
	p.tell(c, "backoff", fmt.Sprintf("keeps ending, so it is started again only after a back-off of %s (doubled each time, at most %s)",
		seconds(c.crash.delay), seconds(maxBackoff)))
	return true
}

// wait notes why a container does not run.
func (p *pod) wait(c *container, reason, message string) {
	c.waiting = &corev1.ContainerStateWaiting{Reason: reason, Message: message}
	p.changeNow()
}

// create makes the container of an image that is there, unless what its
// environment is made of is missing.
func (p *pod) create(c *container) bool {
	if err := p.checkEnvironment(c); err != nil {
		p.containerEvent(c, corev1.EventTypeWarning, "Failed", "Error: "+err.Error())
		if c.waiting == nil || c.waiting.Message != err.Error() {
			p.tell(c, "wait", "cannot be created: "+err.Error()+"; tries again every "+seconds(syncRetry))
			p.wait(c, "CreateContainerConfigError", err.Error())
		}
		c.retry = p.now() + syncRetry
		p.at(c.retry)
		return false
	}
	n := uint64(0)
	if c.run != nil {
		n = uint64(c.run.attempt) + 1
	}
	p.op = operation{kind: opStart, c: c, due: p.now() + p.k.take(startTime, p.name+"/"+c.spec.Name, "start", n)}
	return true
}
