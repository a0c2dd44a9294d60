package kubelet

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/world"
)

type containerKind int

const (
	mainContainer containerKind = iota
	initContainer               // runs to its end before the next one starts
	sidecar                     // an init container with restartPolicy Always
)

// container is what the kubelet knows of one container of a pod.
type container struct {
	spec *corev1.Container
	kind containerKind
	path string // in the pod, for Events: spec.containers{redis}
	run  *run   // the latest run, nil if there was none

	waiting *corev1.ContainerStateWaiting // why it does not run, nil: because it has not been its turn or has ended
	crash   backoff
	pulls   backoff
	image   world.Image
	asked   time.Duration // when its image was asked for
	noticed bool          // the back-off after its latest end, or after the failed pull, was reported
	retry   time.Duration // not before this time after an error of its configuration

	started bool // running, and its startup probe has succeeded
	ready   bool
	probes  []*probe
}

func newContainer(spec *corev1.Container, init bool) *container {
	c := &container{spec: spec, path: "spec.containers{" + spec.Name + "}"}
	if init {
		c.kind, c.path = initContainer, "spec.initContainers{"+spec.Name+"}"
		if spec.RestartPolicy != nil && *spec.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			c.kind = sidecar
		}
	}
	return c
}

func (c *container) alive() bool { return c.run != nil && c.run.alive }

// succeeded says whether the latest run has ended well.
func (c *container) succeeded() bool { return c.run != nil && !c.run.alive && c.run.code == 0 }

// recall takes up a container from before this kubelet started: it still runs,
// or it ended with the machine and nobody saw it, or the API alone knows of it.
func (c *container) recall(p *pod, s *corev1.ContainerStatus) {
	r := c.run
	if r == nil {
		if s.ContainerID == "" {
			return
		}
		r = &run{id: s.ContainerID, attempt: s.RestartCount, lost: s.State.Terminated == nil}
		c.run, p.box.runs[c.spec.Name] = r, r
		if t := s.State.Terminated; t != nil {
			r.code, r.reason = t.ExitCode, t.Reason
			r.started, r.finished = p.since(t.StartedAt.Time), p.since(t.FinishedAt.Time)
		} else if s.State.Running != nil {
			r.started = p.since(s.State.Running.StartedAt.Time)
		}
	}
	if r.lost {
		r.lost, r.code, r.reason, r.finished = false, 255, "Unknown", p.now()
	}
	if r.alive {
		c.adopt(p, s)
	}
}

// adopt carries on with a container that runs: what the API was told of it last stays so.
func (c *container) adopt(p *pod, s *corev1.ContainerStatus) {
	c.image = world.Image{Name: c.run.image.name, Digest: c.run.image.digest, Bytes: c.run.image.bytes}
	c.ready = s.Ready
	c.started = s.Started != nil && *s.Started
	c.probes = p.newProbes(c)
	for _, b := range c.probes {
		// A kubelet that has just started spreads the first rounds over their periods.
		b.origin = p.now() + p.k.take(span{0, b.period()}, p.name+"/"+c.spec.Name, b.kind.String(), uint64(c.run.attempt))
		b.next = b.round(p.now())
		b.result = b.kind == livenessProbe || b.kind == readinessProbe && c.ready || b.kind == startupProbe && c.started
	}
}

func (p *pod) since(t time.Time) time.Duration { return p.now() - p.k.engine.Since(t) }

// restarts says whether a container that has ended is to run again.
func (p *pod) restarts(c *container) bool {
	policy := p.obj.Spec.RestartPolicy
	switch {
	case c.kind == sidecar:
		return true
	case c.spec.RestartPolicy != nil:
		for _, rule := range c.spec.RestartPolicyRules {
			if rule.Action == corev1.ContainerRestartRuleActionRestart && rule.ExitCodes != nil && matches(rule.ExitCodes, c.run.code) {
				return true
			}
		}
		policy = corev1.RestartPolicy(*c.spec.RestartPolicy)
	}
	switch policy {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return c.run.code != 0
	}
	return c.kind != initContainer || c.run.code != 0
}

func matches(codes *corev1.ContainerRestartRuleOnExitCodes, code int32) bool {
	in := false
	for _, v := range codes.Values {
		in = in || v == code
	}
	return in == (codes.Operator == corev1.ContainerRestartRuleOnExitCodesOpIn)
}

// launch is the moment at which a container starts to run.
func (p *pod) launch(c *container) {
	now := p.now()
	r := &run{
		id: p.k.containerID(p.name, c), asked: c.spec.Image, image: image{name: c.image.Name, digest: c.image.Digest, bytes: c.image.Bytes},
		started: now, alive: true, does: programOf(c.spec, p.obj, c.image, now), log: newLog(now, p.k.cfg.World.Images.LogFor(p.obj.Labels[appLabel], c.spec.Image)),
	}
	task := p.asTask(c, &r.does)
	if c.run != nil {
		r.attempt = c.run.attempt + 1
		r.before, r.previous = p.terminated(c.run), c.run
		c.run.previous = nil
		c.crash.next(c.run.finished, now)
	}
	c.run, p.box.runs[c.spec.Name] = r, r
	c.waiting, c.noticed = nil, false
	c.probes = p.newProbes(c)
	c.started = !c.has(startupProbe)
	c.ready = c.started && !c.has(readinessProbe)
	p.containerEvent(c, corev1.EventTypeNormal, "Created", "Container created")
	p.containerEvent(c, corev1.EventTypeNormal, "Started", "Container started")
	p.change()
	text := "runs " + c.spec.Image
	if r.attempt > 0 {
		text = fmt.Sprintf("runs %s again (restart %d)", c.spec.Image, r.attempt)
	}
	p.tell(c, "start", text+task)
	p.introduce(c)
}

// exit notes that a container's run has ended at a time.
func (p *pod) exit(c *container, code int32, reason string, at time.Duration) {
	r := c.run
	if reason == "" {
		reason = "Completed"
		if code != 0 {
			reason = "Error"
		}
	}
	r.alive, r.dying, r.code, r.reason, r.finished = false, false, code, reason, at
	c.started, c.ready, c.probes, c.noticed = false, false, nil, false
	p.changeNow()
	text := fmt.Sprintf("has ended with exit code %d", code)
	if code == 0 {
		text = "has ended (exit code 0)"
	}
	r.log.end(at, text)
	p.tell(c, "exit", text)
}

// terminated is how a run that has ended is shown.
func (p *pod) terminated(r *run) *corev1.ContainerStateTerminated {
	return &corev1.ContainerStateTerminated{
		ExitCode: r.code, Reason: r.reason, StartedAt: p.stamp(r.started), FinishedAt: p.stamp(r.finished), ContainerID: r.id,
	}
}

const hexDigits = "0123456789abcdef"

// containerID is an identifier as containerd gives them: 64 hexadecimal digits.
func (k *Kubelet) containerID(pod string, c *container) string {
	b := append(make([]byte, 0, 80), "containerd://"...)
	n := uint64(0)
	if c.run != nil {
		n = uint64(c.run.attempt+1) << 3
	}
	for i := range uint64(4) {
		x := k.engine.Rand("kubelet", pod+"/"+c.spec.Name, k.Name(), n<<2+i+uint64(k.engine.Now())<<16)
		for range 16 {
			b = append(b, hexDigits[x&15])
			x >>= 4
		}
	}
	return string(b)
}
