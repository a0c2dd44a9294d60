package cluster

import (
	"fmt"

	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/plugins"
)

// What a scheduling rule of one's own is made of.
type (
	// CustomPlugin is a filter, a score or both.
	CustomPlugin = plugins.Custom
	// PodInfo and NodeInfo are what it is asked about.
	PodInfo  = framework.PodInfo
	NodeInfo = framework.NodeInfo
)

// Rule is a scheduling rule that is added to every profile, after its plugins.
type Rule struct {
	Name   string
	Weight int64 // of its score, 1–100
	// New makes the plugin for one scheduler, so that what it remembers stays there.
	New func() *CustomPlugin
}

// IsPlugin says whether one of kube-scheduler's plugins has a name.
func IsPlugin(name string) bool {
	for _, w := range plugins.Defaults() {
		if w.Name() == name {
			return true
		}
	}
	return false
}

// addRules puts the rules into copies of the scheduler's profiles.
func (c *Config) addRules() error {
	if len(c.Rules) == 0 {
		return nil
	}
	profiles := c.Scheduler.Profiles
	if len(profiles) == 0 {
		profiles = []*framework.Profile{plugins.DefaultProfile()}
	}
	c.Scheduler.Profiles = nil
	for _, p := range profiles {
		var added []framework.Weighted
		for _, r := range c.Rules {
			added = append(added, framework.Weighted{Plugin: r.New(), Weight: r.Weight})
		}
		with, err := p.With(added...)
		if err != nil {
			return fmt.Errorf("scheduler: %w", err)
		}
		c.Scheduler.Profiles = append(c.Scheduler.Profiles, with)
	}
	c.Rules = nil
	return nil
}
