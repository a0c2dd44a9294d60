package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"minisim/internal/source"
	"minisim/sim/api"
	"minisim/sim/session"
	"minisim/sim/trace"
)

// back goes some decisions back, or to the beginning if there are not so many.
func (p *player) back(args string) (*session.Stop, error) {
	n := 1
	if args != "" {
		var err error
		if n, err = strconv.Atoi(args); err != nil || n < 1 {
			return nil, fmt.Errorf("b %s: how many decisions? A number above 0", args)
		}
	}
	var steps []uint64
	records := p.session.Records(0, p.session.StepNumber())
	for _, r := range records {
		if r.Step < p.session.StepNumber() && session.IsDecision(r.Body) {
			steps = append(steps, r.Step)
		}
	}
	steps = slices.Compact(steps)
	switch {
	case n <= len(steps):
	case len(records) > 0 && records[0].ID > 1:
		return nil, errors.New("so many decisions are not kept; g #STEP goes to any step")
	default:
		return nil, p.toStep(0)
	}
	return nil, p.toStep(steps[len(steps)-n])
}

// toStep goes to a step, and tells where that is if it was back.
func (p *player) toStep(step uint64) error {
	if step >= p.session.StepNumber() {
		return p.session.To(p.ctx, step)
	}
	return p.backTo(func() error { return p.session.To(p.ctx, step) })
}

// backTo goes back, and tells where to.
func (p *player) backTo(back func() error) error {
	err := back()
	p.runner = p.session.Runner()
	if p.door != nil {
		p.door.follow(p.session.Cluster())
	}
	if err != nil {
		return err
	}
	p.say("back at step %d, %ss", p.session.StepNumber(), clock(p.session.Now()))
	for _, r := range p.session.Last() {
		if t, ok := r.Body.(trace.Teller); ok && t.Tell() != "" {
			p.text.Record(r)
		}
	}
	return nil
}

// until goes on until a condition holds, or to a moment.
func (p *player) until(args string) (*session.Stop, error) {
	stop, err := p.session.Goal(args)
	if err != nil {
		return nil, err
	}
	if stop.Holds(p.session) {
		return nil, errors.New("that holds now")
	}
	return &stop, nil
}

// goal goes to a time or a step, back too, or until a condition holds.
func (p *player) goal(args string) (*session.Stop, error) {
	if number, ok := strings.CutPrefix(args, "#"); ok {
		step, err := strconv.ParseUint(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s is no number of a step", args)
		}
		return nil, p.toStep(step)
	}
	if span, ok := strings.CutPrefix(args, "+"); ok {
		d, err := time.ParseDuration(span)
		if err != nil || d < 0 {
			return nil, fmt.Errorf("%s is no span of time; write for example +30s", args)
		}
		return new(session.After(d)), nil
	}
	if t, ok := parseTime(args); ok {
		if t >= p.session.Now() {
			return new(session.At(t)), nil
		}
		return nil, p.backTo(func() error { return p.session.ToTime(p.ctx, t) })
	}
	return p.until(args)
}

// parseTime reads a virtual time, in seconds if nothing else is said.
func parseTime(text string) (time.Duration, bool) {
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		text += "s"
	}
	t, err := time.ParseDuration(text)
	return t, err == nil && t >= 0
}

// breakpoints lists, adds or deletes them.
func (p *player) breakpoints(args string) (*session.Stop, error) {
	if args == "" {
		for _, b := range p.session.Breakpoints() {
			p.say("  %d  %s", b.ID, b)
		}
		return nil, nil
	}
	if rest, ok := strings.CutPrefix(args, "delete "); ok {
		id, err := strconv.Atoi(strings.TrimSpace(rest))
		if err != nil || !p.session.Unbreak(id) {
			return nil, fmt.Errorf("there is no breakpoint %s", rest)
		}
		return nil, nil
	}
	b, err := p.session.Break(args)
	if err == nil {
		p.say("breakpoint %d: %s", b.ID, b)
	}
	return nil, err
}

// object shows an object at a revision, and at which revisions it changed.
func (p *player) object(args string) (*session.Stop, error) {
	words := strings.Fields(args)
	if len(words) < 2 || len(words) > 3 {
		return nil, errors.New("which object? For example: o deployment web, or o pod web-1 120 for revision 120")
	}
	r := api.ByName(words[0])
	if r == nil {
		return nil, fmt.Errorf("there is no resource %q; %s", words[0], source.DidYouMean(words[0], api.Names()))
	}
	key := api.ParseKey(words[1])
	if r.Namespaced && key.Namespace == "" {
		key.Namespace = "default"
	}
	revision := int64(0)
	if len(words) == 3 {
		var err error
		if revision, err = strconv.ParseInt(words[2], 10, 64); err != nil || revision < 1 {
			return nil, fmt.Errorf("%s is no revision", words[2])
		}
	}
	history, err := p.session.History(r, key)
	if err != nil {
		return nil, err
	}
	o, err := p.session.Object(r, key, revision)
	if err == nil {
		var text []byte
		if text, err = yaml.Marshal(o); err == nil {
			p.say("%s", strings.TrimSpace(string(text)))
		}
	}
	if len(history) > 0 {
		p.say("revisions: %s", revisions(history))
	}
	return nil, err
}

func revisions(history []session.Version) string {
	var words []string
	for _, v := range history {
		word := strconv.FormatInt(v.Revision, 10)
		if v.Deleted {
			word += " (deleted)"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}
