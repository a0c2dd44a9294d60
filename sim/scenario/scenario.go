// Package scenario is what a person wants to see happen: the `x-minisim` block of
// a compose file (cluster, timeline, questions, expectations), the verbs (kill,
// drain, taint, scale, …) that the timeline, the prompt and the screens share,
// and the runner that plays it on a cluster. It acts only as a user can: through
// the API and at the machines' power switches. What must not live here: how a
// run is shown, and whom the answers to its questions come from.
package scenario

import (
	"time"

	"minisim/internal/source"
	"minisim/sim/cluster"
	"minisim/sim/compose"
	"minisim/sim/world"
)

// BlockKey is the extension key of a compose file that holds the scenario.
const BlockKey = "x-minisim"

// Scenario is a compose file made ready to run.
type Scenario struct {
	Name      string // the file's name without its ending
	About     string // one line
	File      *source.File
	Seed      uint64
	Cluster   cluster.Config
	Scheduler string // the KubeSchedulerConfiguration as JSON; "": the default one
	Rules     []Rule // scheduling rules of its own
	Images    []Image
	Compose   *compose.Result
	NoBuild   bool                     // the images of `build:` are in no registry
	Logs      map[string][]world.Line  // what they write, by compose service; nothing depends on it
	Programs  map[string]world.Program // what the containers of a service do, by compose service
	Loads     map[string]int64         // the work that comes in for a service, in thousandths of a core, by compose service
	Timeline  []Entry                  // in the order of the file
	Finally   []Expectation
	View      *View              // what the expressions look at
	Until     time.Duration      // the run goes on at least so long; 0: until it is settled
	Warnings  source.Diagnostics // what is not wrong, but hardly meant so
}

// Entry is one line of the timeline. It plays at one time, at every so many, or when something becomes true.
type Entry struct {
	Pos    source.Pos
	At     time.Duration // when, or with Every and When: from when on
	Timed  bool          // At was given
	Every  time.Duration // 0: once
	Times  int64         // with Every: so often; 0: any number of times
	Until  time.Duration // with Every: not after this; 0: without end
	When   *Condition    // it plays when this becomes true
	Again  bool          // with When: each time, not only the first
	Say    string        // Markdown
	Pause  *string       // stop here for somebody who watches, and say this; nil: do not
	Ask    *Question
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
	Dir      string            // the project's folder, for env_file, bind mounts and a scheduler's file; "" when there is none
	Profiles []string
	NoBuild  bool // images of `build:` are not built, as if nobody had pushed them
}

// Load reads the scenario out of a compose file. Its error is a source.Diagnostics with every fault.
func Load(name string, f *source.File, o Options) (*Scenario, error) {
	d := &decoder{file: f, dir: o.Dir}
	return d.load(name, o)
}

func (d *decoder) load(name string, o Options) (*Scenario, error) {
	s := &Scenario{Name: name, File: d.file, Programs: map[string]world.Program{}, Logs: map[string][]world.Line{}, Loads: map[string]int64{}, View: NewView(), NoBuild: o.NoBuild}
	d.view = s.View
	if _, block := source.Lookup(d.file.Root, BlockKey); block != nil {
		d.block(s, source.Resolve(block))
	}
	result, err := compose.Translate(compose.Options{File: d.file, Env: o.Env, Dir: o.Dir, Profiles: o.Profiles})
	if err != nil {
		more, ok := err.(source.Diagnostics)
		if !ok {
			return nil, err
		}
		d.faults = append(d.faults, more...)
	}
	s.Compose = result
	if result != nil {
		result.Objects = append(result.Objects, d.more...)
	}
	s.Cluster.Seed = s.Seed
	s.Cluster.Default()
	if result != nil {
		d.check(s)
	}
	s.Warnings = d.warnings.Sorted()
	if err := d.faults.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// check finds names in commands, questions and expressions that do not exist.
func (d *decoder) check(s *Scenario) {
	names := Names{Services: s.Compose.Services, Machines: []string{"master-1"}}
	for _, w := range s.Cluster.Workers {
		names.Machines = append(names.Machines, w.Name)
	}
	for _, e := range s.Timeline {
		for _, c := range e.Do {
			if err := c.check(names); err != nil {
				d.faults.Add(c.Pos, "", "%s", err)
			}
		}
		if e.Ask != nil && e.Ask.answer != nil {
			if err := e.Ask.answer.check(names); err != nil {
				d.faults.Add(e.Ask.answerPos, "", "%s", err)
			}
		}
	}
	d.checkExpressions(names)
	for service := range s.Logs { // those of Programs are among them; the faults are sorted by place in the end
		if err := known("service", service, names.Services); err != nil {
			d.faults.Add(d.file.At(BlockKey, "services", service), "", "%s", err)
		}
	}
	d.checkTimes(s)
}

// checkTimes warns of what comes after the end.
func (d *decoder) checkTimes(s *Scenario) {
	for _, e := range s.Timeline {
		if s.Until > 0 && e.At > s.Until {
			d.warnings.Add(e.Pos, "", "this entry is never reached: the run ends at %s (until:)", s.Until)
		}
	}
}
