package kubelet

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

type probeKind int

const (
	startupProbe probeKind = iota
	livenessProbe
	readinessProbe
)

func (k probeKind) String() string { return [...]string{"Startup", "Liveness", "Readiness"}[k] }

// probe is one probe of a running container.
type probe struct {
	kind   probeKind
	spec   *corev1.Probe
	origin time.Duration // its rounds are this, this + periodSeconds and so on
	from   time.Duration // initialDelaySeconds are over
	next   time.Duration // the round that asks; never while its answer cannot change
	good   int32         // answers in a row
	bad    int32
	result bool
}

// newProbes are the probes of a container that starts now. Their workers ask in
// rounds: of startup and liveness since the pod's containers were begun with,
// of readiness since the kubelet saw the container run, which has it ask at once.
// A round before initialDelaySeconds are over is left out; readiness and liveness
// begin when the startup probe has succeeded.
func (p *pod) newProbes(c *container) []*probe {
	now := p.now()
	var out []*probe
	add := func(kind probeKind, spec *corev1.Probe, origin time.Duration) {
		if spec == nil {
			return
		}
		b := &probe{kind: kind, spec: spec, result: kind == livenessProbe, origin: origin,
			from: c.run.started + time.Duration(spec.InitialDelaySeconds)*time.Second}
		b.next = b.round(now)
		out = append(out, b)
	}
	seen := now + p.k.take(relistTime, p.name+"/"+c.spec.Name, "relist", uint64(c.run.attempt))
	add(startupProbe, c.spec.StartupProbe, p.probed)
	add(livenessProbe, c.spec.LivenessProbe, p.probed)
	add(readinessProbe, c.spec.ReadinessProbe, seen)
	return out
}

func (b *probe) period() time.Duration {
	return max(time.Duration(b.spec.PeriodSeconds)*time.Second, time.Second)
}

// round is the first one that asks and is not before t.
func (b *probe) round(t time.Duration) time.Duration {
	t = max(t, b.from)
	if t <= b.origin {
		return b.origin
	}
	return b.origin + (t-b.origin+b.period()-1)/b.period()*b.period()
}

func (c *container) has(kind probeKind) bool {
	for _, b := range c.probes {
		if b.kind == kind {
			return true
		}
	}
	return false
}

// ask asks the probes that are due. One whose answer cannot change any more
// sleeps until the container does.
func (p *pod) ask(c *container) {
	for _, b := range c.probes {
		if b.kind != startupProbe && !c.started || b.kind == startupProbe && c.started || c.run.dying && b.kind != readinessProbe {
			continue
		}
		for b.next <= p.now() {
			problem, good := p.question(c, b)
			p.answer(c, b, problem, good)
			if !c.alive() || c.run.dying {
				break
			}
		}
		p.at(b.next)
	}
}

// question asks once: what is wrong, and whether nothing is. A command that is
// understood answers for itself, whatever the container's program does.
func (p *pod) question(c *container, b *probe) (problem string, good bool) {
	if exec := b.spec.Exec; exec != nil {
		if script, ok := parseCommand(exec.Command, p.key.Namespace); ok {
			if code, lasts, ok := foretell(script); ok {
				limit := time.Duration(max(b.spec.TimeoutSeconds, 1)) * time.Second
				if lasts >= limit {
					return fmt.Sprintf("command timed out: %q timed out after %s", strings.Join(exec.Command, " "), limit), false
				}
				return "", code == 0
			}
		}
	}
	if c.run.does.answers <= p.now() {
		return "", true
	}
	return p.failure(c, b.spec), false
}

// answer takes the answer to one question.
func (p *pod) answer(c *container, b *probe, problem string, good bool) {
	b.next += b.period()
	if good {
		b.bad, b.good = 0, b.good+1
		if b.good < max(b.spec.SuccessThreshold, 1) {
			return
		}
		b.next = never
		if !b.result {
			b.result = true
			p.passes(c, b)
		}
		return
	}
	b.good, b.bad = 0, b.bad+1
	p.containerEvent(c, corev1.EventTypeWarning, "Unhealthy", fmt.Sprintf("%s probe failed: %s", b.kind, problem))
	if b.bad < max(b.spec.FailureThreshold, 1) {
		return
	}
	p.fails(c, b)
}

// passes is the moment at which a probe begins to succeed.
func (p *pod) passes(c *container, b *probe) {
	p.changeNow()
	switch b.kind {
	case startupProbe:
		c.started = true
		c.ready = !c.has(readinessProbe)
		for _, other := range c.probes {
			if other == b {
				continue
			}
			if other.kind == readinessProbe {
				other.origin = p.now() // a container that has just started up is asked at once
			}
			other.next = other.round(p.now())
			p.at(other.next)
		}
		p.tell(c, "started", "has started up: its startup probe succeeds")
	case readinessProbe:
		c.ready = true
		p.tell(c, "ready", "is ready: its readiness probe succeeds")
	}
}

// fails is the moment at which a probe has failed often enough.
func (p *pod) fails(c *container, b *probe) {
	if b.kind == readinessProbe {
		if c.ready {
			c.ready = false
			p.changeNow()
			p.tell(c, "unready", "is not ready any more: its readiness probe fails")
		}
		b.result = false
		return
	}
	kind := "liveness"
	if b.kind == startupProbe {
		kind = "startup"
	}
	again := ""
	if p.obj.Spec.RestartPolicy != corev1.RestartPolicyNever || c.kind == sidecar {
		again = ", will be restarted"
	}
	p.tell(c, "unhealthy", fmt.Sprintf("has failed its %s probe %d times in a row: it is ended%s", kind, b.bad, again))
	p.kill(c, fmt.Sprintf("Container %s failed %s probe%s", c.spec.Name, kind, again), p.probeGrace(b))
}

func (p *pod) probeGrace(b *probe) time.Duration {
	if s := b.spec.TerminationGracePeriodSeconds; s != nil {
		return time.Duration(max(*s, 1)) * time.Second
	}
	return p.grace()
}

// failure is what a probe says of a program that does not answer yet. What an
// exec probe's command prints is not known: it prints nothing here.
func (p *pod) failure(c *container, spec *corev1.Probe) string {
	ip := p.box.ip.String()
	refused := func(host string, port int32) string {
		return "dial tcp " + net.JoinHostPort(host, strconv.Itoa(int(port))) + ": connect: connection refused"
	}
	switch {
	case spec.HTTPGet != nil:
		host, port := spec.HTTPGet.Host, c.port(spec.HTTPGet.Port.StrVal, spec.HTTPGet.Port.IntVal)
		if host == "" {
			host = ip
		}
		scheme := "http"
		if spec.HTTPGet.Scheme == corev1.URISchemeHTTPS {
			scheme = "https"
		}
		return fmt.Sprintf("Get %q: %s", scheme+"://"+net.JoinHostPort(host, strconv.Itoa(int(port)))+spec.HTTPGet.Path, refused(host, port))
	case spec.TCPSocket != nil:
		host := spec.TCPSocket.Host
		if host == "" {
			host = ip
		}
		return refused(host, c.port(spec.TCPSocket.Port.StrVal, spec.TCPSocket.Port.IntVal))
	case spec.GRPC != nil:
		return fmt.Sprintf("timeout: failed to connect service %q within %ds: context deadline exceeded",
			net.JoinHostPort(ip, strconv.Itoa(int(spec.GRPC.Port))), max(spec.TimeoutSeconds, 1))
	}
	return ""
}

// port resolves a port by its name among the container's ports.
func (c *container) port(name string, number int32) int32 {
	for _, port := range c.spec.Ports {
		if name != "" && port.Name == name {
			return port.ContainerPort
		}
	}
	return number
}
