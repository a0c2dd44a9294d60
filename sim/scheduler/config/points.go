package config

import (
	"fmt"

	configv1 "k8s.io/kube-scheduler/config/v1"

	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/plugins"
)

// points applies what the configuration says of single extension points, which
// goes before what multiPoint says.
func (b *builder) points(p *framework.Profile, sets *configv1.Plugins) {
	queueSort := []framework.QueueSortPlugin{}
	if p.QueueSort != nil {
		queueSort = append(queueSort, p.QueueSort)
	}
	queueSort = edit(b, "queueSort", sets.QueueSort, queueSort)
	p.QueueSort = nil
	if len(queueSort) > 0 {
		p.QueueSort = queueSort[0]
	}
	p.PreEnqueue = edit(b, "preEnqueue", sets.PreEnqueue, p.PreEnqueue)
	p.PreFilters = edit(b, "preFilter", sets.PreFilter, p.PreFilters)
	p.Filters = edit(b, "filter", sets.Filter, p.Filters)
	p.PostFilters = edit(b, "postFilter", sets.PostFilter, p.PostFilters)
	p.PreScores = edit(b, "preScore", sets.PreScore, p.PreScores)
	p.Reserves = edit(b, "reserve", sets.Reserve, p.Reserves)
	p.Permits = edit(b, "permit", sets.Permit, p.Permits)
	p.PreBinds = edit(b, "preBind", sets.PreBind, p.PreBinds)
	p.Binds = edit(b, "bind", sets.Bind, p.Binds)
	b.scores(p, sets.Score)
	b.complete(p)
}

// complete adds to p.Plugins those that came in at a single point only.
func (b *builder) complete(p *framework.Profile) {
	there := make(map[string]bool)
	for _, plugin := range p.Plugins {
		there[plugin.Name()] = true
	}
	for _, w := range plugins.Defaults() {
		if plugin := b.made[w.Name()]; !there[w.Name()] && b.named[w.Name()] {
			p.Plugins = append(p.Plugins, plugin)
		}
	}
}

// edit changes one extension point: disabled plugins go; enabled ones come
// first if multiPoint has them too, else last.
func edit[T framework.Plugin](b *builder, point string, set configv1.PluginSet, list []T) []T {
	var first, kept, last []T
	there := make(map[string]bool)
	named := make(map[string]bool)
	for _, p := range list {
		there[p.Name()] = true
	}
	for i, e := range set.Enabled {
		field := fmt.Sprintf("plugins.%s.enabled[%d]", point, i)
		p := b.plugin(field, e.Name)
		if p == nil {
			continue
		}
		x, ok := p.(T)
		switch {
		case !ok:
			b.fault(field, "%s does nothing at this extension point", e.Name)
		case named[e.Name]:
			b.fault(field, "%s is enabled twice", e.Name)
		case there[e.Name]:
			first = append(first, x)
		default:
			last = append(last, x)
		}
		named[e.Name], b.named[e.Name] = true, true
	}
	for _, p := range list {
		if !named[p.Name()] && !disables(set, p.Name()) {
			kept = append(kept, p)
		}
	}
	return append(append(first, kept...), last...)
}

// scores does what edit does, with weights.
func (b *builder) scores(p *framework.Profile, set configv1.PluginSet) {
	weights := make(map[string]int64)
	var list []framework.ScorePlugin
	for _, w := range p.Scores {
		weights[w.Name()] = w.Weight
		list = append(list, w.ScorePlugin)
	}
	for _, e := range set.Enabled {
		usual := weights[e.Name]
		if usual == 0 {
			usual = 1
		}
		weights[e.Name] = weightOf(e, usual)
	}
	p.Scores = nil
	for _, plugin := range edit(b, "score", set, list) {
		p.Scores = append(p.Scores, framework.WeightedScore{ScorePlugin: plugin, Weight: weights[plugin.Name()]})
	}
}
