package kubelet

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// killed is the exit code of what SIGKILL has ended.
const killed = 137

// stopForDeletion begins to end the pod because it is being, or has been, deleted.
func (p *pod) stopForDeletion() bool {
	if p.stage == stageNew {
		p.recall()
		if !p.box.running() && !p.gone {
			p.tell(nil, "stop", "is to be deleted, and nothing of it runs on "+p.k.Name()+": its end is reported, so that the API server can forget it")
		}
	}
	return p.stopFor(verdict{})
}

// stopFor begins to end all that runs of the pod: because it is deleted, because
// all of its containers are done, or for the reason given.
func (p *pod) stopFor(why verdict) bool {
	p.cancel()
	p.stage, p.verdict = stageStopping, why
	p.stopGrace = p.grace()
	p.stopsBy = p.now() + p.stopGrace
	if p.leaving() || why.reason != "" {
		what := "is being deleted"
		if why.reason != "" {
			what = "has to end (" + why.message + ")"
		}
		if p.box.running() {
			p.tell(nil, "stop", fmt.Sprintf("%s: its containers get SIGTERM and have %s (terminationGracePeriodSeconds) to end", what, seconds(p.grace())))
		}
	}
	return true
}

// cancel takes back what is under way.
func (p *pod) cancel() {
	if p.op.kind == opPull {
		p.k.puller.take(p, true)
	}
	p.op = operation{}
}

// stopContainers ends the containers: first the init container that runs and the
// main ones, all at once; then the sidecars, the last one first.
func (p *pod) stopContainers() bool {
	if g := p.grace(); g < p.stopGrace { // a second deletion asks for more haste
		p.stopGrace, p.stopsBy = g, min(p.stopsBy, p.now()+g)
	}
	for _, c := range p.all {
		if c.kind != sidecar && c.alive() && !c.run.dying {
			p.kill(c, "Stopping container "+c.spec.Name, p.stopsBy-p.now())
		}
	}
	alive := p.attendAll()
	for i := len(p.inits) - 1; i >= 0 && !alive; i-- {
		c := p.inits[i]
		if c.kind != sidecar || !c.alive() {
			continue
		}
		if !c.run.dying {
			p.kill(c, "Stopping container "+c.spec.Name, p.stopsBy-p.now())
			p.attend(c)
		}
		alive = c.alive()
	}
	if alive {
		return false
	}
	p.end()
	return false
}

// attendAll lets the dying containers go on and says whether any that is no sidecar is alive.
func (p *pod) attendAll() (alive bool) {
	for _, c := range p.all {
		if c.alive() && c.run.dying && c.run.endsAt > p.stopsBy+minimumGrace {
			c.run.endsAt, c.run.endCode = p.stopsBy, killed
		}
		p.attend(c)
		alive = alive || c.kind != sidecar && c.alive()
	}
	return alive
}

// kill ends one container: its preStop hook, SIGTERM, and SIGKILL when the grace
// period is over. message is that of the Event.
func (p *pod) kill(c *container, message string, grace time.Duration) {
	if c.run.dying {
		return
	}
	p.containerEvent(c, corev1.EventTypeNormal, "Killing", message)
	r, now := c.run, p.now()
	r.dying, grace = true, max(grace, 0)
	hook := min(preStop(c.spec.Lifecycle, p.key.Namespace), grace)
	left := max(grace-hook, minimumGrace)
	stop := r.does.stop
	if stop == 0 {
		stop = p.k.take(stopTime, p.name+"/"+c.spec.Name, "stop", uint64(r.attempt))
	}
	if r.does.stuck || stop > left {
		r.endsAt, r.endCode = now+hook+left, killed
		p.tell(c, "stop", fmt.Sprintf("does not listen to SIGTERM, so it gets SIGKILL in %s", seconds(hook+left)))
	} else {
		r.endsAt, r.endCode = now+hook+stop, 0
	}
	if hook > 0 {
		r.log.tell(now, fmt.Sprintf("its preStop hook runs for %s", seconds(hook)))
	}
	r.log.plan(now+hook, 0, tellerMark+"gets SIGTERM")
	p.at(r.endsAt)
}

// preStop is how long a preStop hook takes: a sleep, or a command that is simulated; others take no time.
func preStop(l *corev1.Lifecycle, namespace string) time.Duration {
	if l == nil || l.PreStop == nil {
		return 0
	}
	if l.PreStop.Sleep != nil {
		return time.Duration(l.PreStop.Sleep.Seconds) * time.Second
	}
	if l.PreStop.Exec == nil {
		return 0
	}
	script, _ := parseCommand(l.PreStop.Exec.Command, namespace)
	var sum time.Duration
	for _, in := range script {
		switch {
		case in.kind == doSleep && in.d < 0:
			return never
		case in.kind == doSleep:
			sum += in.d
		}
	}
	return sum
}
