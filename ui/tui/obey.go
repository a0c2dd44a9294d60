package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"minisim/sim/session"
	"minisim/sim/trace"
)

// obey carries out an order. Only ctx's end is an error; others are told.
func (p *player) obey(ctx context.Context, o Order) error {
	p.note, p.noteBad = "", false
	if err := p.carryOut(ctx, o); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p.complain(err)
	}
	return nil
}

func (p *player) carryOut(ctx context.Context, o Order) error {
	if p.interlude.scene != nil && o.Do.moves() {
		return errScene
	}
	if err := p.carry(ctx, o); err != nil {
		return err
	}
	return p.goBack(ctx)
}

func (p *player) carry(ctx context.Context, o Order) error {
	p.lame = nil
	switch o.Do {
	case DoStep:
		p.towards(p.strideStop())
	case DoScheduling:
		p.towards(session.NextOfKind("decision"))
	case DoSame:
		if kind := p.now().camera.kind(); kind != "" {
			p.towards(session.NextOfKind(kind))
		}
	case DoPlay:
		p.begin()
		p.playing = true
	case DoPause:
		p.halt()
	case DoFaster:
		p.pace = p.pace.faster()
		p.say("plays %s", p.pace)
	case DoSlower:
		p.pace = p.pace.slower()
		p.say("plays %s", p.pace)
	case DoStride:
		return p.setStride(o.Text)
	case DoBack:
		return p.to(ctx, p.now().camera.stepBefore(p.stride))
	case DoGo:
		return p.goTo(ctx, o.Text)
	case DoFork:
		return p.fork(ctx)
	case DoSwitch:
		p.change(o.N)
	case DoVerb:
		return p.verb(ctx, o.Text)
	case DoBreak:
		return p.breakAt(o.Text)
	case DoAnswer:
		return p.answer(o.Text)
	case DoList, DoObject, DoEvents, DoWhy, DoSplit, DoClose:
		p.parting = nil
		p.open = o
	}
	return nil
}

// begin is the start of something that moves the run.
func (p *player) begin() {
	p.halt()
	p.strides++
	p.now().camera.tape.mark()
}

func (p *player) towards(stop session.Stop) {
	p.begin()
	p.goal = &stop
}

func (p *player) towardsTime(t time.Duration) {
	p.towards(session.At(t))
	p.until = t
}

func (p *player) strideStop() session.Stop {
	switch p.stride {
	case strideEvent:
		return session.Event()
	case stridePhase:
		return session.Phase()
	}
	return session.Decision()
}

func (p *player) setStride(name string) error {
	if !slices.Contains([]string{strideEvent, strideDecision, stridePhase}, name) {
		return fmt.Errorf("a step can go to the next %s, %s or %s", strideEvent, strideDecision, stridePhase)
	}
	p.stride = name
	p.say("one step goes to the next %s", name)
	return nil
}

// to goes to a step; to an earlier one by playing the run again.
func (p *player) to(ctx context.Context, step uint64) error {
	s := p.now().session
	if step < s.StepNumber() {
		return p.backTo(ctx, fmt.Sprintf("step %d", step), func(s *session.Session) error { return s.To(ctx, step) })
	}
	p.begin()
	return s.To(ctx, step)
}

// backTo goes back.
func (p *player) backTo(ctx context.Context, where string, back func(*session.Session) error) error {
	p.begin()
	f := p.now()
	p.say("winding back to %s …", where)
	p.show() // a long run takes a moment
	p.note = ""
	if err := back(f.session); err != nil {
		return err
	}
	f.camera.rewind()
	return nil
}

// verb carries out what somebody has typed. In the past it makes another future.
func (p *player) verb(ctx context.Context, text string) error {
	future := len(p.now().session.Future())
	p.begin()
	if err := p.now().session.Type(ctx, text); err != nil {
		return err
	}
	p.say("done: %s", text)
	if future > 0 {
		p.say("done: %s; from here on the run goes another way than before", text)
	}
	return nil
}

func (p *player) breakAt(text string) error {
	s := p.now().session
	if text != "" {
		b, err := s.Break(text)
		if err == nil {
			p.say("it will stop at %s", b)
		}
		return err
	}
	for _, b := range s.Breakpoints() {
		s.Unbreak(b.ID)
	}
	p.say("it stops at nothing any more")
	return nil
}

// fork begins another future at the present step.
func (p *player) fork(ctx context.Context) error {
	if len(p.futures) == maxFutures {
		return fmt.Errorf("there are %d futures already", maxFutures)
	}
	p.halt()
	s, err := p.now().session.Fork(ctx, nil)
	if err != nil {
		return err
	}
	f := newFuture(s)
	f.camera.rewind()
	p.futures = append(p.futures, f)
	p.present = len(p.futures) - 1
	p.strides++
	p.say("future %d begins here; what you do in it leaves the others as they are. [ and ] change between them", len(p.futures))
	return nil
}

func (p *player) change(n int) {
	if len(p.futures) == 1 {
		p.say("there is one future only; f makes another")
		return
	}
	p.halt()
	p.strides++
	p.present = (p.present + n + len(p.futures)) % len(p.futures)
}

// goTo goes to a time, a step, a moment or a condition.
func (p *player) goTo(ctx context.Context, text string) error {
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "until "))
	s := p.now().session
	if n, ok := strings.CutPrefix(text, "#"); ok {
		step, err := strconv.ParseUint(n, 10, 64)
		if err != nil {
			return fmt.Errorf("#%s is no step", n)
		}
		return p.to(ctx, step)
	}
	if d, err := time.ParseDuration(strings.TrimPrefix(text, "+")); err == nil {
		switch {
		case strings.HasPrefix(text, "+"):
			p.towardsTime(s.Now() + d)
		case d < s.Now():
			return p.backTo(ctx, seconds(d), func(s *session.Session) error { return s.ToTime(ctx, d) })
		default:
			p.towardsTime(d)
		}
		return nil
	}
	stop, err := p.goalOf(text)
	if err == nil {
		p.towards(stop)
	}
	return err
}

// goalOf reads a goal in words.
func (p *player) goalOf(text string) (session.Stop, error) {
	switch {
	case text == "":
		return session.Stop{}, errors.New("go where? To a time (90s, +30s), a step (#100), a moment (scheduling) or a condition")
	case text == "end":
		return session.NextOfKind("end"), nil
	case text == "scheduling" || text == "next scheduling":
		return session.NextOfKind("decision"), nil
	}
	return p.now().session.Goal(text)
}

// stepBefore is the latest step before the present one at which a stride of this kind stops.
func (c *camera) stepBefore(stride string) uint64 {
	now := c.session.StepNumber()
	if now == 0 {
		return 0
	}
	records := c.session.Records(0, now-1)
	for i := len(records) - 1; i >= 0; i-- {
		if stops(records[i], stride) {
			return records[i].Step
		}
	}
	if len(records) > 0 && records[0].Step > 1 {
		return records[0].Step - 1 // what was before is not kept: there it will be known again
	}
	return 0
}

func stops(r trace.Record, stride string) bool {
	switch stride {
	case strideEvent:
		t, ok := r.Body.(trace.Teller)
		return ok && t.Tell() != ""
	case stridePhase:
		_, work := trace.StepWork(r.Body)
		return !work
	}
	return session.IsDecision(r.Body)
}
