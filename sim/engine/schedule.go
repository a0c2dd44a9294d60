package engine

import (
	"fmt"
	"time"
)

// At queues work for the virtual time t (now, if t has passed). Work for an
// actor that is not registered is dropped: nobody hears it.
func (e *Engine) At(t time.Duration, w Work) { e.push(t, w) }

// After queues work for d from now.
func (e *Engine) After(d time.Duration, w Work) { e.push(e.now+d, w) }

// Once queues work for t unless the same work waits already; if it waits for a
// later time it is moved forward to t.
func (e *Engine) Once(t time.Duration, w Work) {
	if it, ok := e.once[w]; ok && e.alive(it) {
		if t = max(t, e.now); t < it.at {
			it.at, it.cause = t, e.cause
			e.seq++
			it.seq = e.seq
			e.queue.fix(it)
		}
		return
	}
	if it := e.push(t, w); it != nil {
		it.once = true
		e.once[w] = it
	}
}

// OnceAfter is Once for d from now.
func (e *Engine) OnceAfter(d time.Duration, w Work) { e.Once(e.now+d, w) }

// Cancel takes back work that Once has queued, and says whether there was any.
func (e *Engine) Cancel(w Work) bool {
	it, ok := e.once[w]
	if !ok {
		return false
	}
	delete(e.once, w)
	e.queue.remove(it)
	return e.alive(it)
}

// Due is when work that Once has queued will be done.
func (e *Engine) Due(w Work) (time.Duration, bool) {
	it, ok := e.once[w]
	if !ok || !e.alive(it) {
		return 0, false
	}
	return it.at, true
}

func (e *Engine) push(t time.Duration, w Work) *item {
	r := e.actors[w.Actor]
	if r == nil {
		return nil
	}
	e.seq++
	it := &item{work: w, at: max(t, e.now), seq: e.seq, gen: r.gen, cause: e.cause}
	e.queue.push(it)
	if e.queue.len() > e.limits.QueueItems {
		e.fail(fmt.Sprintf("more than %d pieces of work wait", e.limits.QueueItems), w)
	}
	return it
}

func (e *Engine) alive(it *item) bool {
	r := e.actors[it.work.Actor]
	return r != nil && r.gen == it.gen
}

// Next is the time of the next work, without doing it; false when there is none.
func (e *Engine) Next() (Scheduled, bool) {
	it := e.peek()
	if it == nil {
		return Scheduled{}, false
	}
	return Scheduled{it.work, it.at}, true
}

func (e *Engine) peek() *item {
	for {
		it := e.queue.peek()
		if it == nil || e.alive(it) {
			return it
		}
		e.queue.pop()
		if e.once[it.work] == it {
			delete(e.once, it.work)
		}
	}
}

// Pending lists up to n pieces of work to come, the earliest first.
func (e *Engine) Pending(n int) []Scheduled {
	var out []Scheduled
	for _, it := range e.queue.sorted() {
		if len(out) == n {
			break
		}
		if e.alive(it) {
			out = append(out, Scheduled{it.work, it.at})
		}
	}
	return out
}
