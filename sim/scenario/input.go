package scenario

import (
	"encoding/json"
	"fmt"
	"time"

	"minisim/sim/cluster"
	"minisim/sim/compose"
	"minisim/sim/world"
)

// Input is the scenario in resolved form, for the run's hash: all that can
// decide something. Two files that differ in comments, in the order of keys or
// in what they tell and ask have the same one.
func (s *Scenario) Input() []byte {
	type entry struct {
		At     time.Duration
		Do     []string
		Expect string
		Within time.Duration
		Every  time.Duration `json:",omitempty"`
		Times  int64         `json:",omitempty"`
		Until  time.Duration `json:",omitempty"`
		When   string        `json:",omitempty"`
		Again  bool          `json:",omitempty"`
	}
	in := struct {
		Masters   int
		Workers   []cluster.Worker
		Latency   *cluster.Latency
		Scheduler string  `json:",omitempty"`
		Rules     []Rule  `json:",omitempty"`
		Images    []Image `json:",omitempty"`
		Objects   []compose.Resource
		Builds    []string
		NoBuild   bool
		Programs  map[string]world.Program
		Loads     map[string]int64 `json:",omitempty"`
		Metrics   bool             `json:",omitempty"`
		Timeline  []entry
		Finally   []string
		Until     time.Duration
	}{
		Masters: s.Cluster.Masters, Workers: s.Cluster.Workers, Latency: s.Cluster.Latency, Scheduler: s.Scheduler, Rules: s.Rules, Images: s.Images,
		Programs: s.Programs, Loads: s.Loads, Metrics: s.Cluster.Metrics, Until: s.Until, NoBuild: s.NoBuild,
	}
	for _, o := range s.Compose.Objects {
		in.Objects = append(in.Objects, o.Resource)
	}
	for _, b := range s.Compose.Builds {
		in.Builds = append(in.Builds, b.Image)
	}
	for _, e := range s.Timeline {
		t := entry{At: e.At, Every: e.Every, Times: e.Times, Until: e.Until, Again: e.Again}
		for _, c := range e.Do {
			t.Do = append(t.Do, c.Text)
		}
		if e.When != nil {
			t.When = e.When.Text
		}
		if e.Expect != nil {
			t.Expect, t.Within = e.Expect.Condition.Text, e.Expect.Within
		}
		in.Timeline = append(in.Timeline, t)
	}
	for _, e := range s.Finally {
		in.Finally = append(in.Finally, e.Condition.Text)
	}
	b, err := json.Marshal(in)
	if err != nil {
		panic(fmt.Sprintf("scenario: the resolved input cannot be written: %v", err)) // plain data: it can
	}
	return b
}
