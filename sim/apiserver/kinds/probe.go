package kinds

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (c *podCheck) probes(p *field.Path, ctr *corev1.Container) {
	if probe := ctr.LivenessProbe; probe != nil {
		c.onceProbe(p.Child("livenessProbe"), probe)
	}
	if probe := ctr.ReadinessProbe; probe != nil {
		readiness := p.Child("readinessProbe")
		c.probe(readiness, probe)
		if probe.TerminationGracePeriodSeconds != nil {
			c.invalid(readiness, "terminationGracePeriodSeconds", probe.TerminationGracePeriodSeconds, "must not be set for readinessProbes")
		}
	}
	if probe := ctr.StartupProbe; probe != nil {
		c.onceProbe(p.Child("startupProbe"), probe)
	}
}

// onceProbe is a probe that one success satisfies.
func (c *podCheck) onceProbe(p *field.Path, probe *corev1.Probe) {
	c.probe(p, probe)
	if probe.SuccessThreshold != 1 {
		c.invalid(p, "successThreshold", probe.SuccessThreshold, "must be 1")
	}
}

func (c *podCheck) probe(p *field.Path, probe *corev1.Probe) {
	c.handler(p, handler{probe.Exec, probe.HTTPGet, probe.TCPSocket, probe.GRPC, nil})
	c.notNegative(p, "initialDelaySeconds", int64(probe.InitialDelaySeconds))
	c.notNegative(p, "timeoutSeconds", int64(probe.TimeoutSeconds))
	c.notNegative(p, "periodSeconds", int64(probe.PeriodSeconds))
	c.notNegative(p, "successThreshold", int64(probe.SuccessThreshold))
	c.notNegative(p, "failureThreshold", int64(probe.FailureThreshold))
	if grace := probe.TerminationGracePeriodSeconds; grace != nil && *grace <= 0 {
		c.invalid(p, "terminationGracePeriodSeconds", *grace, "must be greater than 0")
	}
}

func (c *podCheck) lifecycle(p *field.Path, l *corev1.Lifecycle) {
	if l == nil {
		return
	}
	p = p.Child("lifecycle")
	if h := l.PostStart; h != nil {
		c.handler(p.Child("postStart"), handler{h.Exec, h.HTTPGet, h.TCPSocket, nil, h.Sleep})
	}
	if h := l.PreStop; h != nil {
		c.handler(p.Child("preStop"), handler{h.Exec, h.HTTPGet, h.TCPSocket, nil, h.Sleep})
	}
}

// handler is what a probe or a hook does.
type handler struct {
	exec  *corev1.ExecAction
	http  *corev1.HTTPGetAction
	tcp   *corev1.TCPSocketAction
	grpc  *corev1.GRPCAction
	sleep *corev1.SleepAction
}

func (c *podCheck) handler(p *field.Path, h handler) {
	one := oneType{f: c.faults, p: p, detail: "may not specify more than 1 handler type"}
	if one.is(h.exec != nil, "exec") && len(h.exec.Command) == 0 {
		c.required(p.Child("exec"), "command", "")
	}
	if one.is(h.http != nil, "httpGet") {
		c.httpGet(p.Child("httpGet"), h.http)
	}
	if one.is(h.tcp != nil, "tcpSocket") {
		c.port(p.Child("tcpSocket"), "port", h.tcp.Port)
	}
	if one.is(h.grpc != nil, "grpc") {
		c.port(p.Child("grpc"), "port", intstr.FromInt32(h.grpc.Port))
	}
	if one.is(h.sleep != nil, "sleep") {
		c.sleep(p, h.sleep.Seconds)
	}
	if one.count == 0 {
		c.required(p, "", "must specify a handler type")
	}
}

func (f *faults) httpGet(p *field.Path, a *corev1.HTTPGetAction) {
	f.notEmpty(p, "path", a.Path)
	f.port(p, "port", a.Port)
	ifSetOneOf(f, p, "scheme", &a.Scheme, corev1.URISchemeHTTP, corev1.URISchemeHTTPS)
	for _, header := range a.HTTPHeaders {
		f.rule(p, "httpHeaders", header.Name, validation.IsHTTPHeaderName)
	}
}

// port validates a port's number or name.
func (f *faults) port(p *field.Path, child string, port intstr.IntOrString) {
	if port.Type == intstr.String {
		f.rule(p, child, port.StrVal, portName)
		return
	}
	f.messages(p, child, port.IntValue(), validation.IsValidPortNum(port.IntValue()))
}

// sleep validates how long a hook sleeps: not longer than the pod has to end.
func (c *podCheck) sleep(p *field.Path, seconds int64) {
	grace := c.spec.TerminationGracePeriodSeconds
	if grace != nil && (seconds < 0 || seconds > *grace) {
		c.invalid(p, "sleep", seconds, fmt.Sprintf("must be non-negative and less than terminationGracePeriodSeconds (%d)", *grace))
	}
}
