package tui

import (
	"context"
	"errors"

	"minisim/sim/session"
)

// pair are the two futures that are compared: the present one and the one before
// it, or the first and the second. second is the index of the later one.
func (p *player) pair() (sides [2]*future, second int) {
	second = max(p.present, 1)
	return [2]*future{p.futures[second-1], p.futures[second]}, second
}

// partner is the future that moves together with the present one while the two
// are looked at side by side; nil: there is none.
func (p *player) partner() *future {
	if p.open.Do != DoSplit || len(p.futures) == 1 {
		return nil
	}
	sides, _ := p.pair()
	if sides[0] == p.now() {
		return sides[1]
	}
	return sides[0]
}

// behind says whether the partner has still to come to the present virtual time.
func (p *player) behind() bool {
	f := p.partner()
	return f != nil && f != p.lame && f.session.Now() < p.now().session.Now() && f.session.End() == nil
}

// catchUp brings the partner a little nearer to the present virtual time, past
// all places where the scenario pauses or asks something.
func (p *player) catchUp(ctx context.Context) error {
	f := p.partner()
	short, cancel := context.WithTimeout(ctx, slice)
	defer cancel()
	_, err := f.session.Until(short, session.At(p.now().session.Now()))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && !errors.Is(err, context.DeadlineExceeded):
		p.complain(err)
		p.lame = f
	}
	return nil
}

// goBack winds the partner back to the present virtual time if it is later.
func (p *player) goBack(ctx context.Context) error {
	f := p.partner()
	now := p.now().session.Now()
	if f == nil || f.session.Now() <= now {
		return nil
	}
	p.lame = nil
	if err := f.session.ToTime(ctx, now); err != nil {
		return err
	}
	f.camera.rewind()
	return nil
}

// abreast shows two futures as they are at present.
func (p *player) abreast() *Opened {
	o := p.compared()
	if o.Split == nil {
		return o
	}
	shown, split := *o, *o.Split
	sides, _ := p.pair()
	for i, f := range sides {
		split.Sides[i].Picture = f.camera.take()
		split.Sides[i].Present = f == p.now()
	}
	shown.Split = &split
	return &shown
}

// apart are the machines and pods that are not the same in two futures.
func apart(a, b *Snapshot) map[string]bool {
	type place struct {
		machine string
		state   State
	}
	lit := map[string]bool{}
	var pods [2]map[string]place
	var machines [2]map[string]Machine
	for i, s := range []*Snapshot{a, b} {
		pods[i], machines[i] = map[string]place{}, map[string]Machine{}
		eachPod(s, func(machine string, p Pod) { pods[i][p.Key] = place{machine, p.State} })
		eachMachine(s, func(m Machine) { machines[i][m.Name] = m })
	}
	for i := range pods {
		for key, at := range pods[i] {
			if pods[1-i][key] != at {
				lit["pod "+key] = true
			}
		}
		for name, m := range machines[i] {
			if other, ok := machines[1-i][name]; !ok || differs(m, other) {
				lit["machine "+name] = true
			}
		}
	}
	return lit
}
