// Package config turns a KubeSchedulerConfiguration (kube-scheduler's own
// configuration file, kubescheduler.config.k8s.io/v1) into profiles. It is
// pure: text in, profiles or errors out.
//
// What concerns a real program only (leader election, client connection,
// parallelism, metrics) is accepted and has no effect; so is
// percentageOfNodesToScore, since all nodes are always looked at. Extenders are
// refused: they are other programs.
package config

import (
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	configv1 "k8s.io/kube-scheduler/config/v1"
	"sigs.k8s.io/yaml"

	"minisim/internal/fields"
	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/plugins"
)

const (
	apiVersion = "kubescheduler.config.k8s.io/v1"
	kind       = "KubeSchedulerConfiguration"
)

// Config is what a configuration says.
type Config struct {
	// Profiles has one profile per schedulerName, and is never empty.
	Profiles []*framework.Profile
	// InitialBackoff and MaxBackoff are podInitialBackoffSeconds and
	// podMaxBackoffSeconds; 0 where they are not given.
	InitialBackoff, MaxBackoff time.Duration
}

// Load reads a configuration. Errors tell the field that is wrong, each on its
// own (errors.Join).
func Load(text []byte) (*Config, error) {
	raw, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return nil, err
	}
	if err := isConfiguration(raw); err != nil {
		return nil, err
	}
	var c configv1.KubeSchedulerConfiguration
	if err := strictly(raw, &c); err != nil {
		return nil, eachAlone(err)
	}
	if len(c.Extenders) > 0 {
		return nil, errors.New("extenders: minisim calls no other programs")
	}
	out := &Config{}
	faults := out.backoff(&c)
	if len(c.Profiles) == 0 {
		out.Profiles = []*framework.Profile{plugins.DefaultProfile()}
	}
	names := make(map[string]bool)
	for i := range c.Profiles {
		b := newBuilder(&c.Profiles[i], fmt.Sprintf("profiles[%d]", i))
		if names[b.name] {
			b.fault("schedulerName", "%q is the name of an earlier profile", b.name)
		}
		names[b.name] = true
		if p := b.profile(); p != nil {
			out.Profiles = append(out.Profiles, p)
		}
		faults = append(faults, b.faults...)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return out, nil
}

// isConfiguration looks at what a file says that it is, before its fields are read.
func isConfiguration(raw []byte) error {
	var is metav1.TypeMeta
	if _, err := fields.Decode(raw, &is); err != nil {
		return fmt.Errorf("this is no %s: %w", kind, err)
	}
	switch {
	case is.Kind == "":
		return fmt.Errorf("this is no %s: it has no kind; begin with apiVersion: %s and kind: %s", kind, apiVersion, kind)
	case is.Kind != kind:
		return fmt.Errorf("this is a %s, not a %s", is.Kind, kind)
	case is.APIVersion != apiVersion:
		return fmt.Errorf("apiVersion: want %s, not %q", apiVersion, is.APIVersion)
	}
	return nil
}

// strictly reads JSON into a value, which must have every field that is given.
func strictly(raw []byte, into any) error {
	ignored, err := fields.Decode(raw, into)
	if err == nil && len(ignored) > 0 {
		return ignored
	}
	return err
}

// eachAlone makes an error of each field that is wrong.
func eachAlone(err error) error {
	var faults fields.Faults
	if !errors.As(err, &faults) {
		return err
	}
	var all []error
	for _, f := range faults {
		all = append(all, f)
	}
	return errors.Join(all...)
}

func (out *Config) backoff(c *configv1.KubeSchedulerConfiguration) []error {
	var faults []error
	if s := c.PodInitialBackoffSeconds; s != nil {
		if *s < 1 {
			faults = append(faults, fmt.Errorf("podInitialBackoffSeconds: %d is not above 0", *s))
		}
		out.InitialBackoff = time.Duration(*s) * time.Second
	}
	if s := c.PodMaxBackoffSeconds; s != nil {
		out.MaxBackoff = time.Duration(*s) * time.Second
		if out.MaxBackoff < out.InitialBackoff {
			faults = append(faults, fmt.Errorf("podMaxBackoffSeconds: %d is less than podInitialBackoffSeconds", *s))
		}
	}
	return faults
}
