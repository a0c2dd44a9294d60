package cluster

import (
	"minisim/sim/scheduler"
	"minisim/sim/scheduler/config"
)

// Decision is the trace's record of a scheduling decision, for rooms that see
// the scheduler through its records only.
type Decision = scheduler.Decision

// What a scheduler's configuration begins with.
const (
	SchedulerAPIVersion = "kubescheduler.config.k8s.io/v1"
	SchedulerKind       = "KubeSchedulerConfiguration"
)

// ParseScheduler reads a KubeSchedulerConfiguration, YAML or JSON. Each fault is
// an error of its own that begins with the path of the field.
func ParseScheduler(text []byte) (scheduler.Options, []error) {
	c, err := config.Load(text)
	if err != nil {
		if all, ok := err.(interface{ Unwrap() []error }); ok {
			return scheduler.Options{}, all.Unwrap()
		}
		return scheduler.Options{}, []error{err}
	}
	return scheduler.Options{Profiles: c.Profiles, InitialBackoff: c.InitialBackoff, MaxBackoff: c.MaxBackoff}, nil
}
