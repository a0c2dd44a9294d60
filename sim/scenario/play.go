package scenario

import (
	"fmt"
	"strconv"
	"time"

	"minisim/sim/engine"
)

// The kinds of the user's work that a timeline makes. Their keys are indices into it.
const (
	timeWork  = "timeline" // the time of an entry has come
	whenWork  = "when"     // its condition has become true
	actWork   = "act"      // it goes on after a stop
	markWork  = "mark"     // its question can be marked
	checkWork = "check"    // commands and expectations are to be looked at
)

// progress is how far the run has come with an entry of the timeline.
type progress struct {
	holding bool // the run does not end before it
	armed   bool // its condition is watched
	was     bool // what the condition said last
	played  int64
}

// Stop is a place where somebody who watches wants to stop: between the step
// that has set it and the next one.
type Stop struct {
	Paused   bool
	Text     string    // of the pause, Markdown; may be empty
	Question *Question // nil: none is asked

	step uint64
}

// Stopped is the stop that the last step came to, nil if it came to none. Whoever
// does not care for it just goes on.
func (r *Runner) Stopped() *Stop {
	if r.stop != nil && r.stop.step == r.Cluster.Engine.Steps() {
		return r.stop
	}
	return nil
}

func (r *Runner) waits(w engine.Work) bool {
	_, yes := r.Cluster.Engine.Due(w)
	return yes
}

func (r *Runner) work(kind string, i int) engine.Work {
	return engine.Work{Actor: Actor, Kind: kind, Key: strconv.Itoa(i)}
}

// plan queues the entries of the timeline whose time is known.
func (r *Runner) plan() {
	e := r.Cluster.Engine
	r.entries = make([]progress, len(r.Scenario.Timeline))
	for i := range r.Scenario.Timeline {
		entry, p := &r.Scenario.Timeline[i], &r.entries[i]
		at := entry.At
		if r.Cluster.Resumed && at <= e.Now() && entry.When == nil { // an earlier run has done it
			if entry.Every == 0 {
				r.skipped = append(r.skipped, fmt.Sprintf("at %s (%s)", entry.At, entry.Pos))
				continue
			}
			p.played = int64((e.Now()-at)/entry.Every) + 1
			at += time.Duration(p.played) * entry.Every
			if !entry.repeats(p.played, at) {
				continue
			}
		}
		if entry.When != nil && !entry.Timed {
			p.armed = true
			continue
		}
		p.holding = entry.Every == 0 || entry.Times > 0 || entry.Until > 0
		if p.holding {
			r.left++
		}
		e.At(at, r.work(timeWork, i))
	}
}

// repeats says whether an entry that was played so often is played once more at a time.
func (e *Entry) repeats(played int64, at time.Duration) bool {
	return e.Every > 0 && (e.Times == 0 || played < e.Times) && (e.Until == 0 || at <= e.Until)
}

// release lets the run end without an entry.
func (r *Runner) release(p *progress) {
	if p.holding {
		p.holding = false
		r.left--
	}
}

// reach does what is to be done at the time of an entry.
func (r *Runner) reach(i int) {
	entry, p := &r.Scenario.Timeline[i], &r.entries[i]
	if entry.When != nil {
		p.armed = true // follow looks at the end of this step
		r.release(p)
		return
	}
	p.played++
	if next := r.Cluster.Engine.Now() + entry.Every; entry.repeats(p.played, next) {
		r.Cluster.Engine.At(next, r.work(timeWork, i))
	} else {
		r.release(p)
	}
	r.play(i)
}

// play tells and asks what an entry has to tell and to ask, and then acts. When
// somebody may want to stop in between, acting is a step of its own.
func (r *Runner) play(i int) {
	entry := &r.Scenario.Timeline[i]
	if entry.Say != "" {
		r.Cluster.Trace.Then(Said{entry.Say})
	}
	if entry.Ask == nil && entry.Pause == nil {
		r.act(i)
		return
	}
	r.stop = &Stop{Question: entry.Ask, step: r.Cluster.Engine.Steps()}
	if entry.Pause != nil {
		r.stop.Paused, r.stop.Text = true, *entry.Pause
	}
	if entry.Ask != nil {
		r.exam.ask(r, i)
	}
	r.queued++
	r.Cluster.Engine.After(0, r.work(actWork, i))
}

// act carries out the commands of an entry and begins to wait for what it expects.
func (r *Runner) act(i int) {
	entry := &r.Scenario.Timeline[i]
	if len(entry.Do) > 0 {
		r.sequences = append(r.sequences, &sequence{commands: renewed(entry.Do, r.View)})
	}
	if x := entry.Expect; x != nil {
		r.waiting = append(r.waiting, &waiting{Expectation: *x, deadline: r.Cluster.Engine.Now() + x.Within})
	}
	r.check()
	if entry.Ask != nil {
		r.exam.wait(r, i)
	}
}

// follow looks, after each step, whether anything has become true that somebody
// waits for, and whether the run is over. It only looks; what follows from it is
// work of the same instant.
func (r *Runner) follow() {
	for i := range r.entries {
		p := &r.entries[i]
		if !p.armed {
			continue
		}
		entry := &r.Scenario.Timeline[i]
		holds, _ := entry.When.Holds()
		if holds && !p.was {
			p.armed = entry.Again
			p.played++
			if w := r.work(whenWork, i); !r.waits(w) {
				r.queued++
				r.Cluster.Engine.OnceAfter(0, w) // once, so that the engine's limit stops an entry that wakes itself for ever
			}
		}
		p.was = holds
	}
	wake := false
	for _, s := range r.sequences {
		wake = s.noticed() || wake
	}
	for _, w := range r.waiting {
		wake = w.noticed() || wake
	}
	if wake {
		r.Cluster.Engine.OnceAfter(0, engine.Work{Actor: Actor, Kind: checkWork})
	}
	r.exam.follow(r)
	r.conclude()
}

// tellMissed tells of entries whose condition has never become true. What they
// expect does not hold, for nobody could look.
func (r *Runner) tellMissed() {
	for i := range r.entries {
		entry := &r.Scenario.Timeline[i]
		if entry.When == nil || r.entries[i].played > 0 {
			continue
		}
		r.Cluster.Trace.Add(Missed{Place: entry.Pos.String(), When: entry.When.Text})
		if entry.Expect != nil {
			r.verdict(*entry.Expect, false, errMissed)
		}
	}
}
