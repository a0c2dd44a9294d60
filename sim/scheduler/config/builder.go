package config

import (
	"fmt"
	"maps"
	"slices"

	configv1 "k8s.io/kube-scheduler/config/v1"

	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/plugins"
)

// known are real plugins that minisim does without; naming them does nothing.
var known = []string{"DynamicResources", "NodeDeclaredFeatures", "GangScheduling", "DeferredPodScheduling", "TopologyPlacementGenerator", "PodGroupPodsCount"}

// all stands for every plugin in a list of disabled ones.
const all = "*"

// builder makes one profile and notes what is wrong with it.
type builder struct {
	source *configv1.KubeSchedulerProfile
	name   string
	path   string
	made   map[string]framework.Plugin // one of each, with its arguments
	named  map[string]bool             // at a single extension point
	faults []error
}

func newBuilder(source *configv1.KubeSchedulerProfile, path string) *builder {
	b := &builder{source: source, path: path, name: framework.DefaultSchedulerName, made: make(map[string]framework.Plugin), named: make(map[string]bool)}
	if source.SchedulerName != nil {
		b.name = *source.SchedulerName
	}
	for _, w := range plugins.Defaults() {
		b.made[w.Name()] = w.Plugin
	}
	b.configure()
	return b
}

func (b *builder) fault(field, format string, args ...any) {
	b.faults = append(b.faults, fmt.Errorf("%s.%s: %s", b.path, field, fmt.Sprintf(format, args...)))
}

// plugin finds a plugin by its name; nil if there is none.
func (b *builder) plugin(field, name string) framework.Plugin {
	if p := b.made[name]; p != nil {
		return p
	}
	if !slices.Contains(known, name) {
		b.fault(field, "there is no plugin %q; there are %v", name, slices.Sorted(maps.Keys(b.made)))
	}
	return nil
}

// profile builds the profile, or returns nil after a fault.
func (b *builder) profile() *framework.Profile {
	sets := b.source.Plugins
	if sets == nil {
		sets = &configv1.Plugins{}
	}
	p := &framework.Profile{Name: b.name}
	for _, w := range b.multiPoint(sets.MultiPoint) {
		p.Enable(w)
	}
	b.points(p, sets)
	if len(b.faults) > 0 {
		return nil
	}
	if err := p.Check(); err != nil {
		b.fault("plugins", "%v", err)
		return nil
	}
	return p
}

// multiPoint merges the defaults with plugins.multiPoint: disabled ones go,
// enabled ones replace a default in its place or come last.
func (b *builder) multiPoint(set configv1.PluginSet) []framework.Weighted {
	const field = "plugins.multiPoint"
	enabled := make(map[string]configv1.Plugin)
	for i, e := range set.Enabled {
		if _, twice := enabled[e.Name]; twice {
			b.fault(fmt.Sprintf("%s.enabled[%d]", field, i), "%s is enabled twice", e.Name)
		}
		enabled[e.Name] = e
	}
	var list []framework.Weighted
	for _, w := range plugins.Defaults() {
		e, again := enabled[w.Name()]
		if !again && disables(set, w.Name()) {
			continue
		}
		delete(enabled, w.Name())
		if again && disables(set, w.Name()) {
			enabled[w.Name()] = e // taken out and put in again: it comes last
			continue
		}
		list = append(list, framework.Weighted{Plugin: b.made[w.Name()], Weight: weightOf(e, w.Weight)})
	}
	for i, e := range set.Enabled {
		if _, left := enabled[e.Name]; !left {
			continue
		}
		if p := b.plugin(fmt.Sprintf("%s.enabled[%d]", field, i), e.Name); p != nil {
			list = append(list, framework.Weighted{Plugin: p, Weight: weightOf(e, 1)})
		}
	}
	return list
}

func disables(set configv1.PluginSet, name string) bool {
	return slices.ContainsFunc(set.Disabled, func(p configv1.Plugin) bool { return p.Name == name || p.Name == all })
}

// weightOf is the weight that is given, else the usual one.
func weightOf(p configv1.Plugin, usual int64) int64 {
	if p.Weight == nil || *p.Weight == 0 {
		return usual
	}
	return int64(*p.Weight)
}
