package session

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	appsv1 "k8s.io/api/apps/v1"

	"minisim/sim/api"
)

func until(t *testing.T, s *Session, stop Stop) *Stopped {
	t.Helper()
	more, err := s.Until(t.Context(), stop)
	if err != nil {
		t.Fatal(err)
	}
	if more != (s.Stopped() != nil) {
		t.Fatalf("%s: more %v, but stopped at %v", stop, more, s.Stopped())
	}
	return s.Stopped()
}

func TestStops(t *testing.T) {
	s := open(t, "hello", 1)
	if at := until(t, s, NextOfKind("decision")); at.Record.Body.Kind() != "decision" || at.Record.Step != s.StepNumber() {
		t.Errorf("stopped at %+v", at)
	}
	if at := until(t, s, Decision()); !IsDecision(at.Record.Body) {
		t.Errorf("stopped at %+v", at)
	}
	if until(t, s, At(20*time.Second)); s.Now() != 20*time.Second {
		t.Errorf("it is %s", s.Now())
	}
	if next := s.Pending(1)[0]; next.Time <= 20*time.Second {
		t.Errorf("at %s there is still something to do: %s", s.Now(), next)
	}
	if until(t, s, After(5*time.Second)); s.Now() != 25*time.Second {
		t.Errorf("it is %s", s.Now())
	}
	step := s.StepNumber()
	if until(t, s, When(`ready("hello") > 0`)); s.StepNumber() != step {
		t.Error("it went on though the condition held already")
	}
	if _, err := s.Until(t.Context(), When("nonsense(")); err == nil {
		t.Error("nonsense is a condition")
	}
	if at := until(t, s, End()); at != nil || s.End() == nil {
		t.Errorf("stopped at %v instead of the end", at)
	}
	if more, err := s.Step(); more || err != nil {
		t.Errorf("after the end: %v, %v", more, err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.To(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Until(cancelled, End()); !errors.Is(err, context.Canceled) || s.StepNumber() != 3 {
		t.Errorf("cancelled: %v at step %d", err, s.StepNumber())
	}
}

func TestBreakpoints(t *testing.T) {
	s := open(t, "node-dies", 1)
	for _, text := range []string{"power", `!nodeReady("worker-1") && ready("web") > 0`, "rejected"} {
		if _, err := s.Break(text); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Break("rejectd"); err == nil || !strings.Contains(err.Error(), `did you mean "rejected"`) {
		t.Errorf("a misspelt moment: %v", err)
	}
	for said, meant := range map[string]string{
		"when worker-1 is NotReady": `!nodeReady("worker-1")`, "web ready": `ready("web") > 0`, "web is not ready": `ready("web") < replicas("web")`,
		"a pod is rejected": "rejected", "ask": "ask", "mark": "mark",
	} {
		if b, err := s.Break(said); err != nil || b.String() != meant || !s.Unbreak(b.ID) {
			t.Errorf("%s: %v, %v", said, b, err)
		}
	}
	if _, err := s.Break("worker-9 is ready"); err == nil || !strings.Contains(err.Error(), "did you mean") {
		t.Errorf("a misspelt machine: %v", err)
	}
	until(t, s, At(50*time.Second))
	for s.Now() < 50*time.Second { // machines are switched on, and Pods wait for nodes
		if s.Stopped().Breakpoint == nil {
			t.Fatalf("stopped at %+v", s.Stopped())
		}
		until(t, s, At(50*time.Second))
		if s.Stopped().Breakpoint == nil {
			break
		}
	}
	if at := until(t, s, End()); at.Breakpoint.Moment != "power" || s.Now() != time.Minute {
		t.Errorf("stopped at %+v, %s", at, s.Now())
	}
	if at := until(t, s, End()); at == nil || at.Breakpoint.When == "" || s.Now() < 100*time.Second {
		t.Errorf("stopped at %+v, %s", at, s.Now())
	}
	step := s.StepNumber()
	if err := s.Back(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	for s.StepNumber() < step {
		if until(t, s, End()); s.StepNumber() > step {
			t.Errorf("after the way back it passed the breakpoint: step %d, not %d", s.StepNumber(), step)
		}
	}
	for _, b := range s.Breakpoints() {
		if !s.Unbreak(b.ID) || s.Unbreak(b.ID) {
			t.Errorf("breakpoint %d is not removed once", b.ID)
		}
	}
	if at := until(t, s, End()); at != nil {
		t.Errorf("stopped at %v without breakpoints", at)
	}
}

// TestObjectsInThePast looks at a Deployment's revisions from several steps.
func TestObjectsInThePast(t *testing.T) {
	s := open(t, "hello", 1)
	finish(t, s)
	key := api.Key{Namespace: "default", Name: "hello"}
	history, err := s.History(api.Deployments, key)
	if err != nil || len(history) < 3 {
		t.Fatalf("history %v, %v", history, err)
	}
	ready := func(revision int64) int32 {
		t.Helper()
		o, err := s.Object(api.Deployments, key, revision)
		if err != nil {
			t.Fatal(err)
		}
		return o.(*appsv1.Deployment).Status.ReadyReplicas
	}
	if first, now := ready(history[0].Revision), ready(0); first != 0 || now == 0 {
		t.Errorf("ready replicas: %d at first, %d now", first, now)
	}
	if _, err := s.Object(api.Deployments, key, history[0].Revision-1); !apierrors.IsNotFound(err) {
		t.Errorf("before it was created: %v", err)
	}
	newest := s.Revision()
	if err := s.To(t.Context(), s.StepNumber()/2); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Object(api.Deployments, key, newest); err == nil {
		t.Error("the past knows the future")
	}
	earlier, err := s.History(api.Deployments, key)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range earlier {
		if v.Revision > s.Revision() {
			t.Errorf("the history knows revision %d, now is %d", v.Revision, s.Revision())
		}
	}
}

// TestForkWithAnotherInput changes the file: the fork lives through the same at the same times.
func TestForkWithAnotherInput(t *testing.T) {
	s := open(t, "node-dies", 1)
	until(t, s, At(30*time.Second))
	if err := s.Type(t.Context(), "scale web 4"); err != nil {
		t.Fatal(err)
	}
	until(t, s, At(100*time.Second))
	f, err := s.Fork(t.Context(), func(in *Input) { in.Seed = new(uint64(99)) }, "cordon worker-2")
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, f)
	if len(f.Journal()) != 2 || f.Journal()[0].Time != 30*time.Second || s.Journal()[0].Time != 30*time.Second {
		t.Errorf("journal %v, of the original %v", f.Journal(), s.Journal())
	}
	if f.Now() != s.Now() {
		t.Errorf("the fork stands at %s, the original at %s", f.Now(), s.Now())
	}
	if c := differences(s, f); c.Decision == nil {
		t.Error("another seed makes no difference")
	}
}

// TestForkWithAChangePassesPauses: a fork with a change relives what came from outside at its own time, although the scenario pauses before it.
func TestForkWithAChangePassesPauses(t *testing.T) {
	in := Input{Name: "pause", File: []byte(`services:
  web: {image: nginx, deploy: {replicas: 2}}
x-minisim:
  timeline:
    - {at: 10s, pause: look}
    - {at: 40s, pause: look again}
    - {at: 200s, say: the end}
`)}
	s, err := Open(t.Context(), in, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	for s.Now() < 30*time.Second {
		until(t, s, At(30*time.Second))
	}
	if err := s.Type(t.Context(), "scale web 4"); err != nil {
		t.Fatal(err)
	}
	for s.Now() < 100*time.Second {
		until(t, s, At(100*time.Second))
	}
	f, err := s.Fork(t.Context(), func(in *Input) { in.Seed = new(uint64(99)) })
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, f)
	if at := f.Journal()[0].Time; at != 30*time.Second || f.Now() != s.Now() {
		t.Errorf("what was typed at 30 s came at %s; the fork stands at %s, the original at %s", at, f.Now(), s.Now())
	}
}

// TestDiff finds the first thing that differs.
func TestDiff(t *testing.T) {
	a := open(t, "node-dies", 1)
	until(t, a, At(30*time.Second))
	b, err := a.Fork(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, b)
	if c := differences(a, b); c != (Comparison{}) {
		t.Errorf("a fork differs: %+v", c)
	}
	if err := b.Type(t.Context(), "cordon worker-3"); err != nil {
		t.Fatal(err)
	}
	finish(t, a)
	finish(t, b)
	c := differences(a, b)
	if c.Record == nil || c.Record.B == nil || c.Record.B.Body.Kind() != "verb" {
		t.Errorf("first record: %+v", c.Record)
	}
	if c.Decision == nil || c.Decision.A.Time < time.Minute || c.Decision.At != 3 {
		t.Errorf("first decision: %+v", c.Decision)
	}
}

// TestRecordsAreBounded keeps no more than was asked for, and those of the newest steps.
func TestRecordsAreBounded(t *testing.T) {
	s, err := Open(t.Context(), builtin(t, "hello", 1), Options{Keep: 50})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	finish(t, s)
	all := s.Records(0, s.StepNumber())
	if len(all) < 50 || len(all) > 100 || all[len(all)-1].Body.Kind() != "end" {
		t.Errorf("%d records", len(all))
	}
	if got := s.Records(s.StepNumber()-2, s.StepNumber()-1); len(got) < 2 || got[0].Step != s.StepNumber()-2 || got[len(got)-1].Step != s.StepNumber()-1 {
		t.Errorf("two steps: %v", got)
	}
}

// TestNoWayBack refuses what a durable run cannot do, and goes on.
func TestNoWayBack(t *testing.T) {
	s, err := Open(t.Context(), builtin(t, "hello", 1), Options{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	until(t, s, At(10*time.Second))
	if err := s.Back(t.Context(), 1); !errors.Is(err, ErrNoWayBack) {
		t.Error(err)
	}
	if _, err := s.Fork(t.Context(), nil); !errors.Is(err, ErrNoWayBack) {
		t.Error(err)
	}
	finish(t, s)
}

// TestForgottenWrites winds a run back that has written more than is remembered.
func TestForgottenWrites(t *testing.T) {
	s, err := Open(t.Context(), builtin(t, "hello", 1), Options{Writes: 30})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	finish(t, s)
	if s.past.Remembers() {
		t.Fatal("nothing is forgotten")
	}
	want := stateOf(s)
	for range 2 {
		if err := s.Back(t.Context(), 20); err != nil {
			t.Fatal(err)
		}
		if err := s.Type(t.Context(), "nonsense"); err == nil {
			t.Error("nonsense is a verb")
		}
		finish(t, s)
		equal(t, "the end again", stateOf(s), want)
	}
}

// TestBackToATime goes back to a time of which no record is kept any more.
func TestBackToATime(t *testing.T) {
	s, err := Open(t.Context(), builtin(t, "hello", 1), Options{Keep: 50})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	const early = 2500 * time.Millisecond
	until(t, s, At(early))
	step, hash := s.StepNumber(), s.Hash()
	until(t, s, End())
	if kept := s.Records(0, s.StepNumber()); kept[0].Time <= early {
		t.Fatalf("records from %s on are kept", kept[0].Time)
	}
	if err := s.ToTime(t.Context(), early); err != nil {
		t.Fatal(err)
	}
	if s.Now() != early || s.StepNumber() != step || s.Hash() != hash {
		t.Errorf("at %s, step %d, hash %s; it was step %d, hash %s", s.Now(), s.StepNumber(), s.Hash(), step, hash)
	}
}

// differences compares what two sessions have come to.
func differences(a, b *Session) Comparison {
	return Compare(a.Records(0, a.StepNumber()), b.Records(0, b.StepNumber()))
}
