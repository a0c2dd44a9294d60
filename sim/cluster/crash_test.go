package cluster

import (
	"testing"
	"time"

	"minisim/sim/trace"
)

// TestAFreshProgramDoesNotCrashForTheOneBefore: the machine of a program that is
// about to crash goes off and on at that very instant.
func TestAFreshProgramDoesNotCrashForTheOneBefore(t *testing.T) {
	c, err := New(t.Context(), Config{Workers: []Worker{{Name: "worker-1"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Boot()
	if err := c.Engine.RunTo(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	const name = "kubelet/worker-1"
	p, _ := c.programOf(name)
	crash := func() {
		t.Helper()
		if err := c.StopAfter(name, 0); err != nil {
			t.Fatal(err)
		}
		for end := c.Engine.Now() + time.Minute; !p.dying && c.Engine.Now() < end; {
			if _, err := c.Engine.Step(); err != nil {
				t.Fatal(err)
			}
		}
		if !p.dying {
			t.Fatal("it makes no request at which it could crash")
		}
	}
	crashes := 0
	c.Trace.Subscribe(func(r trace.Record) {
		if _, ok := r.Body.(Crash); ok {
			crashes++
		}
	})

	crash()
	if err := c.Kill("worker-1"); err != nil {
		t.Fatal(err)
	}
	if err := c.Start("worker-1"); err != nil {
		t.Fatal(err)
	}
	starts := p.starts
	if err := c.Engine.RunTo(c.Engine.Now() + time.Minute); err != nil {
		t.Fatal(err)
	}
	if crashes != 0 || p.starts != starts {
		t.Errorf("the fresh program has crashed %d times and was started %d times more", crashes, p.starts-starts)
	}

	crash()
	if err := c.Engine.RunTo(c.Engine.Now() + time.Minute); err != nil {
		t.Fatal(err)
	}
	if crashes != 1 || p.starts != starts+1 {
		t.Errorf("left alone it has crashed %d times and was started %d times more, want 1 and 1", crashes, p.starts-starts)
	}
}
