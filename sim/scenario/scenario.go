// Package scenario is what a person wants to see happen: the `x-minisim` block of
// a compose file (cluster, timeline, expectations), the verbs (kill, drain, taint,
// scale, …) that the timeline, the prompt and later the screens share, and the
// runner that plays it on a cluster. It acts only as a user can: through the API
// and at the machines' power switches.
package scenario

import (
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"minisim/internal/source"
	"minisim/sim/cluster"
	"minisim/sim/compose"
	"minisim/sim/world"
)

// BlockKey is the extension key of a compose file that holds the scenario.
const BlockKey = "x-minisim"

// Scenario is a compose file made ready to run.
type Scenario struct {
	Name     string // the file's name without its ending
	About    string // one line
	File     *source.File
	Seed     uint64
	Cluster  cluster.Config
	Compose  *compose.Result
	NoBuild  bool                     // the images of `build:` are in no registry
	Programs map[string]world.Program // what the containers of a service do, by compose service
	Timeline []Entry
	Finally  []Expectation
	View     *View         // what the conditions look at
	Until    time.Duration // the run goes on at least so long; 0: until it is settled
}

// Entry is one line of the timeline.
type Entry struct {
	Pos    source.Pos
	At     time.Duration
	Say    string
	Do     []Command
	Expect *Expectation
}

// Expectation is a condition that must hold.
type Expectation struct {
	Pos       source.Pos
	Condition *Condition
	Within    time.Duration // it may become true so much later
	Because   string        // what one learns from it
}

// Options are what a run may choose beside the file.
type Options struct {
	Env      map[string]string // for ${VARIABLES} of the compose file
	Dir      string            // the project's folder, for env_file and bind mounts; "" when there is none
	Profiles []string
	NoBuild  bool // images of `build:` are not built, as if nobody had pushed them
}

// Load reads the scenario out of a compose file. Its error is a source.Diagnostics with every fault.
func Load(name string, f *source.File, o Options) (*Scenario, error) {
	s := &Scenario{Name: name, File: f, Programs: map[string]world.Program{}, View: &View{}, NoBuild: o.NoBuild}
	d := &decoder{file: f, view: s.View}
	if _, block := source.Lookup(f.Root, BlockKey); block != nil {
		d.block(s, block)
	}
	result, err := compose.Translate(compose.Options{File: f, Env: o.Env, Dir: o.Dir, Profiles: o.Profiles})
	faults := d.faults
	if err != nil {
		more, ok := err.(source.Diagnostics)
		if !ok {
			return nil, err
		}
		faults = append(faults, more...)
	}
	s.Compose = result
	s.Cluster.Seed = s.Seed
	s.Cluster.Default()
	if result != nil {
		faults = append(faults, s.check()...)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(s.Timeline, func(a, b Entry) int { return int(a.At - b.At) })
	return s, nil
}

// check finds names in the timeline that do not exist.
func (s *Scenario) check() source.Diagnostics {
	var faults source.Diagnostics
	names := Names{Services: s.Compose.Services}
	names.Machines = append(names.Machines, "master-1")
	for _, w := range s.Cluster.Workers {
		names.Machines = append(names.Machines, w.Name)
	}
	for _, e := range s.Timeline {
		for _, c := range e.Do {
			if err := c.check(names); err != nil {
				faults.Add(c.Pos, "", "%s", err)
			}
		}
	}
	for service := range s.Programs {
		if !slices.Contains(names.Services, service) {
			faults.Add(s.File.At(BlockKey, "services", service), source.DidYouMean(service, names.Services), "there is no service %q in this file", service)
		}
	}
	return faults
}

func (d *decoder) block(s *Scenario, block *yaml.Node) {
	var seed int64
	d.fields(block, BlockKey, map[string]func(*yaml.Node){
		"about":    func(n *yaml.Node) { d.text(n, "about", &s.About) },
		"seed":     func(n *yaml.Node) { d.integer(n, "seed", 0, &seed) },
		"cluster":  func(n *yaml.Node) { d.cluster(n, &s.Cluster) },
		"services": func(n *yaml.Node) { d.programs(n, s) },
		"timeline": func(n *yaml.Node) {
			d.each(n, "timeline", func(n *yaml.Node) { d.entry(n, s) })
		},
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
}

func (d *decoder) programs(n *yaml.Node, s *Scenario) {
	d.entries(n, "services", func(key, value *yaml.Node) {
		var p world.Program
		d.fields(value, "service "+key.Value, map[string]func(*yaml.Node){
			"start": func(n *yaml.Node) { d.duration(n, "start", &p.Start) },
			"exits": func(n *yaml.Node) {
				p.Exits = true
				d.fields(n, "exits", map[string]func(*yaml.Node){
					"after": func(n *yaml.Node) { d.duration(n, "after", &p.After) },
					"code": func(n *yaml.Node) {
						var code int64
						d.integer(n, "code", 0, &code)
						p.ExitCode = int32(code)
					},
				})
			},
		})
		s.Programs[key.Value] = p
	})
}

func (d *decoder) entry(n *yaml.Node, s *Scenario) {
	e := Entry{Pos: d.file.Place(n)}
	var at bool
	var want Expectation
	d.fields(n, "an entry of the timeline", map[string]func(*yaml.Node){
		"at":  func(n *yaml.Node) { at = true; d.duration(n, "at", &e.At) },
		"say": func(n *yaml.Node) { d.text(n, "say", &e.Say) },
		"do": func(n *yaml.Node) {
			if n.Kind == yaml.SequenceNode {
				d.each(n, "do", func(n *yaml.Node) { d.command(n, &e) })
				return
			}
			d.command(n, &e)
		},
		"expect":  func(n *yaml.Node) { want.Pos = d.file.Place(n); want.Condition = d.condition(n) },
		"within":  func(n *yaml.Node) { d.duration(n, "within", &want.Within) },
		"because": func(n *yaml.Node) { d.text(n, "because", &want.Because) },
	})
	if !at {
		d.fault(n, "say when, for example at: 60s", "an entry of the timeline has no time")
	}
	if want.Condition != nil {
		e.Expect = &want
	}
	s.Timeline = append(s.Timeline, e)
}

func (d *decoder) expectation(n *yaml.Node) *Expectation {
	e := Expectation{Pos: d.file.Place(n)}
	if n.Kind == yaml.ScalarNode {
		e.Condition = d.condition(n)
	} else {
		d.fields(n, "an expectation", map[string]func(*yaml.Node){
			"expect":  func(n *yaml.Node) { e.Pos = d.file.Place(n); e.Condition = d.condition(n) },
			"because": func(n *yaml.Node) { d.text(n, "because", &e.Because) },
		})
	}
	if e.Condition == nil {
		return nil
	}
	return &e
}

func (d *decoder) command(n *yaml.Node, e *Entry) {
	var text string
	d.text(n, "do", &text)
	c, err := ParseCommand(text, d.view)
	if err != nil {
		d.fault(n, "", "%s", err)
		return
	}
	c.Pos = d.file.Place(n)
	e.Do = append(e.Do, c)
}
