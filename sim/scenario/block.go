package scenario

import (
	"math"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/resource"

	"minisim/sim/world"
)

// block reads the whole x-minisim block.
func (d *decoder) block(s *Scenario, block *yaml.Node) {
	var seed int64
	d.fields(block, BlockKey, keys{
		"about":     func(n *yaml.Node) { d.text(n, "about", &s.About) },
		"seed":      func(n *yaml.Node) { d.integer(n, "seed", 0, math.MaxInt64, &seed) },
		"cluster":   func(n *yaml.Node) { d.cluster(n, s) },
		"scheduler": func(n *yaml.Node) { d.scheduler(n, s) },
		"services":  func(n *yaml.Node) { d.programs(n, s) },
		"objects":   func(n *yaml.Node) { d.objects(n) },
		"timeline":  func(n *yaml.Node) { d.each(n, "timeline", func(n *yaml.Node) { d.entry(n, s) }) },
		"finally": func(n *yaml.Node) {
			d.each(n, "finally", func(n *yaml.Node) {
				if e := d.expectation(n); e != nil {
					s.Finally = append(s.Finally, *e)
				}
			})
		},
		"until": func(n *yaml.Node) { d.duration(n, "until", &s.Until) },
	})
	s.Seed = uint64(seed)
	for i, e := range s.Timeline {
		if e.Every > 0 && e.Times == 0 && e.Until == 0 && s.Until == 0 {
			d.faults.Add(e.Pos, "add times: or until: to it, or until: to the scenario", "entry %d of the timeline repeats without end, so the run would never end", i+1)
		}
	}
}

// programs reads what the containers of services do.
func (d *decoder) programs(n *yaml.Node, s *Scenario) {
	d.entries(n, "services", func(key, value *yaml.Node) {
		var p world.Program
		if d.fields(value, "the behaviour of a service", keys{
			"start":  func(n *yaml.Node) { d.duration(n, "start", &p.Start) },
			"stop":   func(n *yaml.Node) { d.duration(n, "stop", &p.Stop) },
			"stuck":  func(n *yaml.Node) { d.boolean(n, "stuck", &p.Stuck) },
			"cpu":    func(n *yaml.Node) { p.CPU = d.milli(n, "cpu") },
			"memory": func(n *yaml.Node) { d.bytes(n, "memory", &p.Memory) },
			"load":   func(n *yaml.Node) { s.Loads[key.Value] = d.milli(n, "load") },
			"exits": func(n *yaml.Node) {
				p.Exits = true
				d.fields(n, "exits", keys{
					"after": func(n *yaml.Node) { d.duration(n, "after", &p.After) },
					"code": func(n *yaml.Node) {
						var code int64
						d.integer(n, "code", 0, 255, &code)
						p.ExitCode = int32(code)
					},
				})
			},
		}) {
			s.Programs[key.Value] = p
		}
	})
}

// milli reads an amount of CPU, in thousandths of a core.
func (d *decoder) milli(n *yaml.Node, what string) int64 {
	var q resource.Quantity
	d.quantity(n, what, &q)
	return q.MilliValue()
}
