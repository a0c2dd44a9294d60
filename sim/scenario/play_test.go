package scenario

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"minisim/sim/cluster"
	"minisim/sim/trace"
)

// match is a scenario that is being played, with the records of its run.
type match struct {
	*Runner
	t       *testing.T
	records []trace.Record
}

// begin makes a cluster for a scenario and starts it. change may alter the scenario before.
func begin(t *testing.T, text string) *match {
	t.Helper()
	s, err := loadText(t, text)
	if err != nil {
		t.Fatal(err)
	}
	config := s.Cluster
	config.Input = s.Input()
	c, err := cluster.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	m := &match{Runner: NewRunner(s, c), t: t}
	c.Trace.Subscribe(func(r trace.Record) { m.records = append(m.records, r) })
	m.Start()
	return m
}

// to steps until the virtual time has come.
func (m *match) to(at time.Duration) *match {
	m.t.Helper()
	for m.Cluster.Engine.Now() < at {
		if more, err := m.Step(); err != nil || !more {
			m.t.Fatalf("at %s: the run has ended (%v): %v", m.Cluster.Engine.Now(), err, m.End())
		}
	}
	return m
}

// finish steps to the end and gives it.
func (m *match) finish() End {
	m.t.Helper()
	for {
		more, err := m.Step()
		if err != nil {
			m.t.Fatal(err)
		}
		if !more {
			return *m.End()
		}
	}
}

// said is what was told of a kind of record, each with its time: "30s kill node worker-1".
func (m *match) said(kind string) string {
	var lines []string
	for _, r := range m.records {
		if t, ok := r.Body.(trace.Teller); ok && r.Body.Kind() == kind {
			lines = append(lines, fmt.Sprintf("%s %s", r.Time, t.Tell()))
		}
	}
	return strings.Join(lines, "\n")
}

const web3 = `
services:
  web:
    image: nginx
    deploy: {replicas: 3, resources: {reservations: {cpus: '0.1', memory: 32M}}}
x-minisim:
  cluster: {workers: 3, network: {latency: 0s}}
`

func TestEveryPlaysAtItsTimes(t *testing.T) {
	for entry, want := range map[string]string{
		"{every: 10s, times: 3, say: x}":            "10s x\n20s x\n30s x",
		"{at: 5s, every: 10s, times: 2, say: x}":    "5s x\n15s x",
		"{every: 10s, until: 25s, say: x}":          "10s x\n20s x",
		"{at: 10s, every: 10s, until: 10s, say: x}": "10s x",
	} {
		m := begin(t, web3+"  timeline: ["+entry+"]\n")
		m.finish()
		if got := m.said("say"); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", entry, got, want)
		}
	}
	m := begin(t, web3+"  until: 35s\n  timeline: [{every: 10s, say: x}]\n")
	m.finish()
	if got := m.said("say"); got != "10s x\n20s x\n30s x" {
		t.Errorf("without an end of its own: got\n%s", got)
	}
}

// TestWhenIsExact plays an entry in the very step after which its condition is
// true, which no second boundary would hit.
func TestWhenIsExact(t *testing.T) {
	m := begin(t, web3+"  timeline: [{when: 'ready(\"web\") == 3', say: now}]\n")
	var first time.Duration
	for m.said("say") == "" {
		if first == 0 && m.View.Ready("web") == 3 {
			first = m.Cluster.Engine.Now()
		}
		if more, err := m.Step(); err != nil || !more {
			t.Fatal("it was never played", err)
		}
	}
	if got := m.Cluster.Engine.Now(); got != first || first%time.Second == 0 {
		t.Errorf("played at %s, true since %s", got, first)
	}
}

func TestWhenFiresOnceOrAgain(t *testing.T) {
	const fall = "{at: 30s, do: delete pod of web}, {at: 60s, do: delete pod of web}"
	for again, want := range map[string]int{"": 1, ", again: true": 2} {
		m := begin(t, web3+"  timeline: [{at: 20s, when: 'ready(\"web\") < 3', say: less"+again+"}, "+fall+"]\n")
		m.finish()
		if got := strings.Count(m.said("say"), "less"); got != want {
			t.Errorf("again %q: played %d times, want %d:\n%s", again, got, want, m.said("say"))
		}
	}
}

func TestWhenThatNeverComes(t *testing.T) {
	m := begin(t, web3+"  timeline: [{when: 'ready(\"web\") == 4', expect: 'true'}]\n")
	end := m.finish()
	if end.OK() || end.Failed != 1 || !strings.Contains(m.said("missed"), "f.yaml:8:14 was never played") {
		t.Errorf("end %+v, told %q", end, m.said("missed"))
	}
}

// TestWithinIsDecidedAtOnce gives the verdict at the first moment, even if it
// does not last, and at the deadline if there is none.
func TestWithinIsDecidedAtOnce(t *testing.T) {
	m := begin(t, web3+"  timeline:\n    - {at: 2s, expect: 'ready(\"web\") == 1', within: 1m}\n    - {at: 10s, expect: 'ready(\"web\") == 9', within: 7s}\n")
	m.finish()
	verdicts := m.said("verdict")
	if !strings.Contains(verdicts, `ready("web") == 1: holds`) || !strings.Contains(verdicts, `17s expected ready("web") == 9: DOES NOT HOLD`) {
		t.Errorf("verdicts\n%s", verdicts)
	}
}

// TestConditionsWaitForAServer does not take silence for zero pods.
func TestConditionsWaitForAServer(t *testing.T) {
	m := begin(t, web3+`  timeline:
    - {at: 20s, do: kill node master-1}
    - {at: 21s, when: 'ready("web") == 0', say: none}
    - {at: 30s, expect: 'replicas("web") == 0'}
    - {at: 40s, do: start node master-1}
    - {at: 50s, expect: 'replicas("web") == 3'}
`)
	m.finish()
	if m.said("say") != "" {
		t.Error("a condition was true while nobody could answer")
	}
	v := m.Verdicts()
	if len(v) != 2 || v[0].Held || v[0].Error != errDown.Error() || !v[1].Held {
		t.Errorf("verdicts %+v", v)
	}
}

// TestLookingLeavesNoTrace plays the same with and without questions that only look.
func TestLookingLeavesNoTrace(t *testing.T) {
	hash := func(more string) string { return begin(t, web3+"  until: 60s\n"+more).finish().Hash }
	with := `  timeline: [{at: 1s, when: 'size(objects("pods")) == 99 || ready("web") == 77 || events("X") > 1', say: never}]` + "\n"
	other := strings.Replace(strings.Replace(with, "77", "78", 1), "never", "nothing", 1)
	a, b := begin(t, web3+"  until: 60s\n"+with), begin(t, web3+"  until: 60s\n"+other)
	x, y := a.finish(), b.finish()
	if x.Steps != y.Steps || x.Hash == y.Hash {
		t.Errorf("a condition must count for the hash and for nothing else: %+v, %+v", x, y)
	}
	words := strings.Replace(with, "never", "something else", 1)
	if hash(with) != hash(words) {
		t.Error("the words of the narration changed the hash")
	}
}

func TestPauseStopsOnlyWhoLooks(t *testing.T) {
	m := begin(t, web3+"  timeline: [{at: 20s, say: look, pause: Here it is., do: scale web 1}]\n")
	var stops []string
	for {
		more, err := m.Step()
		if err != nil {
			t.Fatal(err)
		}
		if s := m.Stopped(); s != nil && more {
			stops = append(stops, s.Text)
			if m.said("verb") != "" {
				t.Error("the command was carried out before the stop")
			}
		}
		if !more {
			break
		}
	}
	if len(stops) != 1 || stops[0] != "Here it is." || !strings.Contains(m.said("verb"), "20s $ scale web 1") {
		t.Errorf("stops %q, verbs %q", stops, m.said("verb"))
	}
}

func TestServicesThatShareAnImage(t *testing.T) {
	m := begin(t, `
services:
  web: {image: shop}
  job: {image: shop}
x-minisim:
  services:
    job: {exits: {after: 1s, code: 3}}
  timeline: [{at: 40s, expect: 'restarts("job") > 0 && restarts("web") == 0 && ready("web") == 1'}]
`)
	if end := m.finish(); !end.OK() {
		t.Error(m.said("verdict"))
	}
}

func TestClusterOfTheBlock(t *testing.T) {
	m := begin(t, `
services:
  web: {image: shop}
  gone: {image: lost:1}
x-minisim:
  cluster:
    zones: [a, b]
    workers: [{count: 2}, {name: special, zone: z, labels: {x: y}}]
    images: {shop: 100Mi, "lost:1": missing}
    network: {latency: 2ms, bandwidth: 10Mi}
  scheduler:
    profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: MostAllocated}}}]}]
  finally: ['ready("web") == 1 && pending("gone") == 1 && events("Failed") > 0']
`)
	var zones []string
	for _, w := range m.Scenario.Cluster.Workers {
		zones = append(zones, w.Name+"="+w.Labels["topology.kubernetes.io/zone"])
	}
	if got := strings.Join(zones, " "); got != "worker-1=a worker-2=b special=z" {
		t.Errorf("zones %s", got)
	}
	if end := m.to(5 * time.Second).finish(); !end.OK() {
		t.Error(m.said("verdict"))
	}
	if !strings.Contains(m.said("pod"), "pulls shop (105 MB at 10.5 MB/s: 10.1 s)") {
		t.Errorf("100Mi at 10Mi/s should take 10 s:\n%s", m.said("pod"))
	}
	if !strings.Contains(m.Scenario.Scheduler, "MostAllocated") || !strings.Contains(string(m.Scenario.Input()), "MostAllocated") {
		t.Error("the scheduler's configuration is not part of the input")
	}
}

// TestNothingIsLeft ends and judges a run in which everything is off before anything was written.
func TestNothingIsLeft(t *testing.T) {
	m := begin(t, `services: {web: {image: nginx}}
x-minisim:
  cluster: {workers: 1}
  timeline:
    - {at: 10ms, do: [kill node worker-1, kill node master-1]}
  finally: [{expect: ready("web") == 1}]
`)
	for {
		more, err := m.Step()
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			break
		}
	}
	if m.End().Failed != 1 {
		t.Errorf("end %+v", m.End())
	}
}
