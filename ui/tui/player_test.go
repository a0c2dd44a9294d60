package tui

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"minisim/sim/api"
	"minisim/sim/apiserver/outside"
	"minisim/sim/cluster"
	"minisim/sim/session"
)

// wait takes Snapshots until one is as wanted.
func wait(t *testing.T, p *player, what string, wanted func(*Snapshot) bool) *Snapshot {
	t.Helper()
	limit := time.After(60 * time.Second)
	var last *Snapshot
	for {
		select {
		case s, ok := <-p.box:
			if !ok {
				t.Fatalf("the player ended before %s", what)
			}
			if last = s; wanted(s) {
				return s
			}
		case <-limit:
			t.Fatalf("never %s; the last Snapshot stands at %s, note %q", what, last.Time, last.Note)
		}
	}
}

// begin starts a player of a scenario, as fast as can be.
func begin(t *testing.T, name string) *player {
	t.Helper()
	p := newPlayer(open(t, name), Pace{Max: true})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		for range p.box {
		}
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		for _, f := range p.futures[1:] {
			f.session.Close()
		}
	})
	return p
}

// TestScreenChangesNothing plays a run with stops, ways back and looks at
// everything: its hash is that of a run that nobody looked at.
func TestScreenChangesNothing(t *testing.T) {
	plain := open(t, "hello")
	if _, err := plain.Until(t.Context(), session.End()); err != nil {
		t.Fatal(err)
	}
	p := begin(t, "hello")
	stopped := func(strides uint64) func(*Snapshot) bool {
		return func(s *Snapshot) bool { return s.Strides == strides && !s.Playing }
	}
	for i, o := range []Order{
		{Do: DoStep}, {Do: DoScheduling}, {Do: DoBack}, {Do: DoSame}, {Do: DoGo, Text: "1s"}, {Do: DoGo, Text: "+2s"}, {Do: DoGo, Text: "hello ready"},
	} {
		p.give(o)
		s := wait(t, p, "stopped", stopped(uint64(i+1)))
		if s.NoteBad {
			t.Fatalf("%+v: %s", o, s.Note)
		}
	}
	for _, o := range []Order{{Do: DoWhy}, {Do: DoEvents}, {Do: DoList}, {Do: DoList, Text: "pods"}, {Do: DoObject, Ref: Ref{Resource: "nodes", Key: "worker-1"}}} {
		p.give(o)
		s := wait(t, p, "opened", func(s *Snapshot) bool { return s.Opened != nil })
		if s.Opened.Error != "" {
			t.Errorf("%+v: %s", o, s.Opened.Error)
		}
	}
	p.give(Order{Do: DoClose})
	p.give(Order{Do: DoPlay})
	s := wait(t, p, "over", func(s *Snapshot) bool { return s.End != nil })
	if !strings.Contains(s.End.Text, plain.Hash()) {
		t.Errorf("the run on the screen ended with\n%s\nwithout it its hash is %s", s.End.Text, plain.Hash())
	}
}

// TestForkOnTheScreen makes two futures that differ.
func TestForkOnTheScreen(t *testing.T) {
	p := begin(t, "hello")
	p.give(Order{Do: DoGo, Text: "3s"})
	wait(t, p, "at 3s", func(s *Snapshot) bool { return s.Strides == 1 && !s.Playing }) // a fork on the way would stop it
	p.give(Order{Do: DoFork})
	p.give(Order{Do: DoVerb, Text: "kill node worker-2"})
	on := func(s *Snapshot) bool { return s.Workers[1].On }
	wait(t, p, "killed", func(s *Snapshot) bool { return s.Branch == 2 && !on(s) })
	p.give(Order{Do: DoSwitch, N: -1})
	wait(t, p, "in the first future, where nothing was killed", func(s *Snapshot) bool { return s.Branch == 1 && on(s) })
}

// TestMistakesAreTold gives orders that cannot be carried out.
func TestMistakesAreTold(t *testing.T) {
	p := begin(t, "hello")
	for text, o := range map[string]Order{
		"no verb":           {Do: DoVerb, Text: "kil node worker-1"},
		"a step can":        {Do: DoStride, Text: "far"},
		"is no step":        {Do: DoGo, Text: "#x"},
		"it ends too early": {Do: DoGo, Text: "((("},
	} {
		p.give(o)
		s := wait(t, p, "told of "+text, func(s *Snapshot) bool { return s.NoteBad })
		if !strings.Contains(strings.ToLower(s.Note), text) {
			t.Errorf("%+v is answered by %q, want %q in it", o, s.Note, text)
		}
		p.give(Order{Do: DoPause})
		wait(t, p, "quiet", func(s *Snapshot) bool { return !s.NoteBad })
	}
}

// TestBreakpointStopsPlaying plays up to a breakpoint.
func TestBreakpointStopsPlaying(t *testing.T) {
	p := begin(t, "hello")
	p.give(Order{Do: DoBreak, Text: "decision"})
	p.give(Order{Do: DoPlay})
	s := wait(t, p, "stopped", func(s *Snapshot) bool { return !s.Playing && s.Step > 0 })
	if s.Now.Decision == nil || len(s.Breakpoints) != 1 || s.End != nil {
		t.Errorf("stopped at %+v with breakpoints %q", s.Now.Line, s.Breakpoints)
	}
}

// TestNobodyWaits fills the orders up while nobody plays, and the mailbox while
// nobody looks.
func TestNobodyWaits(t *testing.T) {
	p := newPlayer(open(t, "hello"), Pace{})
	for range maxOrders {
		if !p.give(Order{Do: DoPause}) {
			t.Fatal("there should be room")
		}
	}
	if p.give(Order{Do: DoPause}) {
		t.Error("more orders than can wait")
	}
	for i := range 100 {
		p.box.put(&Snapshot{Step: uint64(i)})
	}
	if s := <-p.box; s.Step != 99 {
		t.Errorf("the mailbox holds step %d, not the latest", s.Step)
	}
}

// TestPace checks how long steps are delayed.
func TestPace(t *testing.T) {
	for _, c := range []struct {
		pace Pace
		want time.Duration
	}{
		{Pace{}, 2*lineTime + time.Second},
		{Pace{}.faster(), lineTime + time.Second/2},
		{Pace{}.slower(), 4*lineTime + 2*time.Second},
		{Pace{Speed: 60}, time.Second},
		{Pace{Speed: 60}.faster(), time.Second / 2},
		{Pace{Max: true}, 0},
		{Pace{Max: true}.slower(), 2*lineTime + time.Second},
	} {
		if got := c.pace.delay(2, 0, time.Minute); got != c.want {
			t.Errorf("%s: %s, want %s", c.pace, got, c.want)
		}
	}
}

// TestBreakdownIsAnError has the simulation panic: the player ends with an error
// that says where, and the screen hears of its end.
func TestBreakdownIsAnError(t *testing.T) {
	p := newPlayer(open(t, "hello"), Pace{})
	p.futures[0].camera = nil
	err := p.run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "broken down") || !strings.Contains(err.Error(), "player.go") {
		t.Errorf("the player ends with %v", err)
	}
	if _, ok := <-p.box; ok {
		t.Error("the screen is not told")
	}
}

// TestServed has somebody write to a cluster that stands still on the screen: the
// write is shown with its stages, and nothing else happens before the next step.
func TestServed(t *testing.T) {
	s := open(t, "hello")
	wake := make(chan struct{}, 1)
	p := newPlayer(s, Pace{Max: true})
	followed := 0
	p.server = &Server{Wake: wake, Way: "export KUBECONFIG=somewhere", Attend: func(*session.Session) bool { return false }, Follow: func(c *cluster.Cluster) {
		followed++
		c.Engine.OnArrival(func() { wake <- struct{}{} })
	}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.run(ctx) }()
	defer func() {
		cancel()
		for range p.box {
		}
		<-done
	}()
	p.give(Order{Do: DoGo, Text: "6s"})
	before := wait(t, p, "at 6s", func(s *Snapshot) bool { return s.Time == 6*time.Second && !s.Playing })

	body := []byte(`{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"hello","namespace":"default"},"spec":{"replicas":3}}`)
	q, err := outside.Request{
		User: "kubernetes-admin", Groups: []string{"system:masters"}, Agent: "kubectl", Verb: api.VerbUpdate,
		Group: "apps", Version: "v1", Resource: "deployments", Subresource: "scale", Namespace: "default", Name: "hello", ContentType: outside.JSON, Body: body,
	}.Pack()
	if err != nil {
		t.Fatal(err)
	}
	reply := before.Step
	answered := s.Cluster().Engine.Submit(q)
	after := wait(t, p, "the write", func(s *Snapshot) bool { return s.Step == reply+1 })
	if r := <-answered; r.Err != nil {
		t.Fatal(r.Err)
	}
	if after.Time != before.Time || after.Playing {
		t.Errorf("the write took time: %s", after.Time)
	}
	l := Look{Width: 120, Height: 40, Lit: changed(before, after)}
	got := draw(after, &l, NewTheme(true, Unicode)).plain()
	for _, want := range []string{"kubectl update scale of deployment hello", "system:masters", "/registry/deployments/default/hello", "spec.replicas: 1 → 3", "export KUBECONFIG=somewhere"} {
		if !strings.Contains(got, want) {
			t.Errorf("the screen does not show %q:\n%s", want, got)
		}
	}
	p.give(Order{Do: DoStep})
	wait(t, p, "somebody acts on it", func(s *Snapshot) bool {
		return s.Now.Reconcile != nil && s.Now.Reconcile.Controller == "deployment-controller"
	})
	p.give(Order{Do: DoGo, Text: "3s"})
	wait(t, p, "back", func(s *Snapshot) bool { return s.Time <= 3*time.Second })
	p.give(Order{Do: DoPause})
	wait(t, p, "told", func(s *Snapshot) bool { return followed == 2 })
}
