package scenario

import (
	"math"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/resource"

	"minisim/internal/source"
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
		lines := []world.Line{}
		if !d.fields(value, "the behaviour of a service", keys{
			"start":  func(n *yaml.Node) { d.duration(n, "start", &p.Start) },
			"stop":   func(n *yaml.Node) { d.duration(n, "stop", &p.Stop) },
			"stuck":  func(n *yaml.Node) { d.boolean(n, "stuck", &p.Stuck) },
			"log":    func(n *yaml.Node) { d.each(n, "log", func(n *yaml.Node) { d.line(n, &lines) }) },
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
			return
		}
		s.Logs[key.Value] = lines
		if len(lines) == 0 || len(pairs(source.Resolve(value))) > 1 { // lines alone change nothing in what it does
			s.Programs[key.Value] = p
		}
	})
}

// leastEvery is the shortest time after which a line may come again.
const leastEvery = 100 * time.Millisecond

// line reads a line of a log: its text, or that and when it is written.
func (d *decoder) line(n *yaml.Node, to *[]world.Line) {
	var l world.Line
	after, said := false, true
	if n.Kind == yaml.ScalarNode {
		d.text(n, "a line", &l.Text)
	} else if said = false; d.fields(n, "a line", keys{
		"line":  func(n *yaml.Node) { said = true; d.text(n, "line", &l.Text) },
		"after": func(n *yaml.Node) { after = d.duration(n, "after", &l.After) },
		"every": func(n *yaml.Node) {
			if d.duration(n, "every", &l.Every) && l.Every < leastEvery {
				d.fault(n, "", "every must be at least %s", leastEvery)
			}
		},
	}) && !said {
		d.fault(n, "add line: and its text", "a line of a log has no text")
	}
	if !after {
		l.After = l.Every
	}
	if strings.ContainsAny(l.Text, "\r\n") {
		d.fault(n, "make a list item of each line", "a line of a log must be one line")
	}
	*to = append(*to, l)
}

// milli reads an amount of CPU, in thousandths of a core.
func (d *decoder) milli(n *yaml.Node, what string) int64 {
	var q resource.Quantity
	d.quantity(n, what, &q)
	return q.MilliValue()
}
