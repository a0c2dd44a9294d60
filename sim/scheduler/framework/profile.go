package framework

import (
	"fmt"
	"slices"
)

// DefaultSchedulerName is the profile that pods without a schedulerName ask for.
const DefaultSchedulerName = "default-scheduler"

// Profile is an ordered choice of plugins with weights: what one
// spec.schedulerName stands for.
type Profile struct {
	// Name is the schedulerName that pods ask for it by.
	Name string
	// Plugins are all plugins, in order.
	Plugins []Plugin
	// QueueSort orders the queue; the first enabled wins.
	QueueSort   QueueSortPlugin
	PreEnqueue  []PreEnqueuePlugin
	PreFilters  []PreFilterPlugin
	Filters     []FilterPlugin
	PostFilters []PostFilterPlugin
	PreScores   []PreScorePlugin
	Scores      []WeightedScore
	Reserves    []ReservePlugin
	Permits     []PermitPlugin
	PreBinds    []PreBindPlugin
	Binds       []BindPlugin
}

// WeightedScore is a score plugin with the factor its normalised score gets.
type WeightedScore struct {
	ScorePlugin
	Weight int64
}

// Weighted is a plugin with its score's weight; 0 leaves its score out.
type Weighted struct {
	Plugin
	Weight int64
}

// NewProfile puts each plugin at every extension point it implements, in the
// given order.
func NewProfile(name string, plugins ...Weighted) (*Profile, error) {
	p := &Profile{Name: name}
	for _, w := range plugins {
		p.Enable(w)
	}
	return p, p.Check()
}

// With returns a copy of the profile with further plugins, after the others.
func (p *Profile) With(plugins ...Weighted) (*Profile, error) {
	c := *p
	c.Plugins, c.PreEnqueue = slices.Clip(p.Plugins), slices.Clip(p.PreEnqueue)
	c.PreFilters, c.Filters, c.PostFilters = slices.Clip(p.PreFilters), slices.Clip(p.Filters), slices.Clip(p.PostFilters)
	c.PreScores, c.Scores = slices.Clip(p.PreScores), slices.Clip(p.Scores)
	c.Reserves, c.Permits = slices.Clip(p.Reserves), slices.Clip(p.Permits)
	c.PreBinds, c.Binds = slices.Clip(p.PreBinds), slices.Clip(p.Binds)
	for _, w := range plugins {
		c.Enable(w)
	}
	return &c, c.Check()
}

// Check reports what a profile lacks to be of use, or has too much.
func (p *Profile) Check() error {
	seen := make(map[string]bool)
	for _, plugin := range p.Plugins {
		if seen[plugin.Name()] {
			return fmt.Errorf("profile %q: plugin %s is enabled twice", p.Name, plugin.Name())
		}
		seen[plugin.Name()] = true
	}
	if p.QueueSort == nil || len(p.Binds) == 0 {
		return fmt.Errorf("profile %q: a queue sort plugin and a bind plugin are needed", p.Name)
	}
	return nil
}

// Enable puts a plugin at every extension point it implements, after the
// others. The queue is sorted by the first that can.
func (p *Profile) Enable(w Weighted) {
	p.Plugins = append(p.Plugins, w.Plugin)
	if x, ok := w.Plugin.(QueueSortPlugin); ok && p.QueueSort == nil {
		p.QueueSort = x
	}
	p.PreEnqueue = appendIf(p.PreEnqueue, w.Plugin)
	p.PreFilters = appendIf(p.PreFilters, w.Plugin)
	p.Filters = appendIf(p.Filters, w.Plugin)
	p.PostFilters = appendIf(p.PostFilters, w.Plugin)
	if x, ok := w.Plugin.(ScorePlugin); ok && w.Weight > 0 {
		p.Scores = append(p.Scores, WeightedScore{x, w.Weight})
		p.PreScores = appendIf(p.PreScores, w.Plugin)
	}
	p.Reserves = appendIf(p.Reserves, w.Plugin)
	p.Permits = appendIf(p.Permits, w.Plugin)
	p.PreBinds = appendIf(p.PreBinds, w.Plugin)
	p.Binds = appendIf(p.Binds, w.Plugin)
}

// Gate returns the first objection of the PreEnqueue plugins to looking at a
// pod at all; nil if there is none.
func (p *Profile) Gate(pod *PodInfo) *Status {
	for _, plugin := range p.PreEnqueue {
		if status := plugin.PreEnqueue(pod); !status.OK() {
			return status.by(plugin.Name())
		}
	}
	return nil
}

// appendIf appends plugin if it implements the extension point T.
func appendIf[T Plugin](list []T, plugin Plugin) []T {
	if x, ok := plugin.(T); ok {
		return append(list, x)
	}
	return list
}
