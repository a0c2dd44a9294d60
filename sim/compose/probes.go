package compose

import (
	"fmt"
	"math"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	corev1 "k8s.io/api/core/v1"
)

// Docker's defaults for a health check.
const (
	defaultInterval      = 30 * time.Second
	defaultTimeout       = 30 * time.Second
	defaultRetries       = 3
	defaultStartInterval = 5 * time.Second
)

// probes maps the health check: readiness always, liveness only where Swarm would replace an unhealthy container
// (plain compose only shows it as unhealthy), a startup probe for the time that it has to start.
func (s *service) probes(c *corev1.Container) {
	check := s.HealthCheck
	if check == nil || check.Disable {
		return
	}
	command := s.healthCommand(check)
	if command == nil {
		return
	}
	probe := func(interval time.Duration, failures int32) *corev1.Probe {
		return &corev1.Probe{
			ProbeHandler:     corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: command}},
			PeriodSeconds:    s.probeSeconds(interval, "interval"),
			TimeoutSeconds:   s.probeSeconds(orDefault(check.Timeout, defaultTimeout), "timeout"),
			FailureThreshold: failures,
		}
	}
	retries := int32(defaultRetries)
	if check.Retries != nil && *check.Retries > 0 {
		retries = int32(min(*check.Retries, math.MaxInt32))
	}
	interval := orDefault(check.Interval, defaultInterval)
	c.ReadinessProbe = probe(interval, retries)
	if s.Deploy != nil {
		c.LivenessProbe = probe(interval, retries)
		s.note(Changed, "an unhealthy task is replaced by a new one", "the kubelet restarts the container in the same pod", "", "healthcheck")
	}
	if start := durationOf(check.StartPeriod); start > 0 {
		every := orDefault(check.StartInterval, defaultStartInterval)
		times := int64((start+every-1)/every) + int64(retries)
		c.StartupProbe = probe(every, int32(min(times, math.MaxInt32)))
		s.note(Changed, fmt.Sprintf("failures in the first %s do not count", start),
			"a startup probe: a container that is not healthy by then is restarted", "", "healthcheck", "start_period")
	}
}

// healthCommand is what the probe runs, nil for no probe.
func (s *service) healthCommand(check *types.HealthCheckConfig) []string {
	if len(check.Test) == 0 {
		s.note(Lost, "runs the health check of the image", "Kubernetes does not know the image's HEALTHCHECK", "write its test here", "healthcheck")
		return nil
	}
	switch check.Test[0] {
	case "CMD":
		return check.Test[1:]
	case "CMD-SHELL":
		return []string{"/bin/sh", "-c", check.Test[1]}
	}
	return nil // NONE
}

func orDefault(d *types.Duration, otherwise time.Duration) time.Duration {
	if v := durationOf(d); v > 0 {
		return v
	}
	return otherwise
}

// probeSeconds rounds up to whole seconds, which is all that Kubernetes takes.
func (s *service) probeSeconds(d time.Duration, key string) int32 {
	if d%time.Second != 0 {
		s.note(Changed, "checks with fractions of a second", "whole seconds, rounded up", "", "healthcheck", key)
	}
	return max(1, seconds(d))
}
