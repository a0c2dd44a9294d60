package session

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"minisim/scenarios"
	"minisim/sim/engine"
	"minisim/sim/trace"
)

var seeds = flag.Uint64("seeds", 6, "how many seeds the property tests try")

// open begins a built-in scenario. Its temporary folders go where the test sees what is left behind.
func open(t testing.TB, name string, seed uint64) *Session {
	t.Helper()
	s, err := Open(t.Context(), builtin(t, name, seed), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, s) })
	return s
}

// openServed is open for a run that goes on after its end.
func openServed(t testing.TB, name string, seed uint64) *Session {
	t.Helper()
	in := builtin(t, name, seed)
	in.Served = true
	s, err := Open(t.Context(), in, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, s) })
	return s
}

func closed(t testing.TB, s *Session) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func builtin(t testing.TB, name string, seed uint64) Input {
	t.Helper()
	data, err := scenarios.Files.ReadFile(name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return Input{Name: name, Path: name + ".yaml", File: data, Seed: new(seed)}
}

// eachSeed runs a property for many seeds, and prints the seed of a failure.
func eachSeed(t *testing.T, property func(t *testing.T, seed uint64, dice *rand.Rand)) {
	for seed := range *seeds {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			property(t, seed, rand.New(rand.NewPCG(seed, 1)))
		})
	}
}

// verbs are what the tests type. Some fail, depending on when.
var verbs = []string{
	"kill node worker-1", "start node worker-1", "kill node worker-2", "cordon worker-3", "uncordon worker-3",
	"scale web 5", "delete pod of web", "taint worker-2 team=a:NoSchedule", "wait 7s", "kill master-1", "start master-1",
}

// wander steps on at random and types verbs, for so many rounds.
func wander(t *testing.T, s *Session, dice *rand.Rand, rounds int) {
	t.Helper()
	for range rounds {
		if dice.IntN(3) == 0 {
			if _, err := s.Until(t.Context(), After(time.Duration(dice.IntN(20_000))*time.Millisecond)); err != nil {
				t.Fatal(err)
			}
		}
		for range dice.IntN(60) {
			if _, err := s.Step(); err != nil {
				t.Fatal(err)
			}
		}
		_ = s.Type(t.Context(), verbs[dice.IntN(len(verbs))])
	}
}

// finish plays to the end.
func finish(t testing.TB, s *Session) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = s.Until(t.Context(), End()); err != nil {
			t.Fatal(err)
		}
	}
}

// state is all that must be the same when the same step is reached again.
type state struct {
	Step    uint64
	Hash    string
	Records []trace.Record
	Journal []engine.Entry
	Pending []engine.Scheduled
	End     any
}

func stateOf(s *Session) state {
	return state{s.StepNumber(), s.Hash(), s.Records(0, s.StepNumber()), s.Journal(), s.Pending(1000), s.End()}
}

func equal(t *testing.T, what string, got, want state) {
	t.Helper()
	if got.Step != want.Step || got.Hash != want.Hash {
		t.Fatalf("%s: step %d, hash %s; want step %d, hash %s", what, got.Step, got.Hash, want.Step, want.Hash)
	}
	if len(got.Records) != len(want.Records) {
		t.Fatalf("%s: %d records, want %d", what, len(got.Records), len(want.Records))
	}
	for i := range got.Records {
		if !reflect.DeepEqual(got.Records[i], want.Records[i]) {
			t.Fatalf("%s: record %d: %+v, want %+v", what, i, got.Records[i], want.Records[i])
		}
	}
	if len(got.Journal)+len(want.Journal) > 0 && !reflect.DeepEqual(got.Journal, want.Journal) {
		t.Fatalf("%s: journal %v, want %v", what, got.Journal, want.Journal)
	}
	if !reflect.DeepEqual(got.Pending, want.Pending) || !reflect.DeepEqual(got.End, want.End) {
		t.Fatalf("%s: other work is pending, or another end", what)
	}
}

// TestBackAndForwardAgain goes back some steps and forward again: everything is as before.
func TestBackAndForwardAgain(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64, dice *rand.Rand) {
		s := open(t, "node-dies", seed)
		wander(t, s, dice, 8)
		for range 4 {
			want := stateOf(s)
			n := dice.Uint64N(want.Step + 10)
			if err := s.Back(t.Context(), n); err != nil {
				t.Fatal(err)
			}
			if got := s.StepNumber(); got != want.Step-min(n, want.Step) {
				t.Fatalf("%d steps back from %d is %d", n, want.Step, got)
			}
			if dice.IntN(2) == 0 { // once more from there
				if err := s.Back(t.Context(), 5); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.To(t.Context(), want.Step); err != nil {
				t.Fatal(err)
			}
			equal(t, "forward again", stateOf(s), want)
		}
		finish(t, s)
	})
}

// TestBackIsWhatItWas stops at a step, goes on, and comes back.
func TestBackIsWhatItWas(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64, dice *rand.Rand) {
		s := open(t, "node-dies", seed)
		wander(t, s, dice, 4)
		want := stateOf(s)
		wander(t, s, dice, 4)
		end := stateOf(s)
		if err := s.To(t.Context(), want.Step); err != nil {
			t.Fatal(err)
		}
		equal(t, "back", stateOf(s), want)
		finish(t, s)
		if err := s.To(t.Context(), end.Step); err != nil {
			t.Fatal(err)
		}
		if s.Hash() != end.Hash {
			t.Fatalf("the end of the journal: hash %s, want %s", s.Hash(), end.Hash)
		}
	})
}

// TestTypingInThePastCutsTheFuture compares a run that was wound back and went
// another way with one that went that way at once.
func TestTypingInThePastCutsTheFuture(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64, dice *rand.Rand) {
		s, straight := open(t, "node-dies", seed), open(t, "node-dies", seed)
		wander(t, s, dice, 3)
		journal, step := s.Journal(), s.StepNumber()
		wander(t, s, dice, 3)
		if err := s.To(t.Context(), step); err != nil {
			t.Fatal(err)
		}
		if s.Newest() <= step {
			t.Fatalf("the newest step is %d", s.Newest())
		}
		if len(s.Future()) != 3 {
			t.Fatalf("the future has %d entries, want 3", len(s.Future()))
		}
		straight.play.script = journal
		if err := straight.To(t.Context(), step); err != nil {
			t.Fatal(err)
		}
		for _, x := range []*Session{s, straight} {
			_ = x.Type(t.Context(), "kill node worker-3")
			if len(x.Future()) != 0 || x.Newest() != x.StepNumber() {
				t.Fatal("there is a future left")
			}
			for range 100 {
				if _, err := x.Step(); err != nil {
					t.Fatal(err)
				}
			}
		}
		equal(t, "the other way", stateOf(s), stateOf(straight))
		if err := s.Back(t.Context(), 50); err != nil { // the new past is a past as well
			t.Fatal(err)
		}
		finish(t, s)
		finish(t, straight)
		equal(t, "its end", stateOf(s), stateOf(straight))
	})
}

// TestForkWithoutAChange is the original, and each goes on by itself.
func TestForkWithoutAChange(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64, dice *rand.Rand) {
		s := open(t, "node-dies", seed)
		wander(t, s, dice, 5)
		f, err := s.Fork(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer closed(t, f)
		equal(t, "the fork", stateOf(f), stateOf(s))
		_ = f.Type(t.Context(), "cordon worker-1")
		finish(t, s)
		before := stateOf(s)
		finish(t, f)
		equal(t, "the original", stateOf(s), before)
	})
}

// TestNothingIsLeft looks for temporary folders after each way to leave a session.
func TestNothingIsLeft(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s, err := Open(t.Context(), builtin(t, "hello", 1), Options{})
	if err != nil {
		t.Fatal(err)
	}
	finish(t, s)
	folders := func(when string, want int) {
		t.Helper()
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != want {
			t.Errorf("%s: %d folders, want %d", when, len(left), want)
		}
	}
	folders("running", 1)
	for _, n := range []uint64{1, 40, 1000} {
		if err := s.Back(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		folders("back", 1)
	}
	if err := s.To(t.Context(), 40); err != nil {
		t.Fatal(err)
	}
	if err := s.Type(t.Context(), "kill node worker-1"); err != nil {
		t.Fatal(err)
	}
	folders("cut", 1)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Back(cancelled, 1); err == nil {
		t.Error("a cancelled way back succeeds")
	}
	if _, err := s.Fork(cancelled, nil); err == nil {
		t.Error("a cancelled fork succeeds")
	}
	folders("cancelled", 1)
	closed(t, s)
	folders("closed", 0)
}
