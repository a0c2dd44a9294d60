package rest

import (
	"context"
	"errors"
	"fmt"
	"log"
	"runtime/debug"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/apiserver"
	"minisim/sim/apiserver/outside"
	"minisim/sim/engine"
)

// bridge is the only way from a handler's goroutine into the simulation.
type bridge struct {
	engine *engine.Engine
	api    *apiserver.Server // for visits only
	closed chan struct{}     // when the cluster is served no more
	faults *log.Logger       // hears of panics
}

var errClosed = errors.New("the simulation has ended")

// visit has f look at the cluster between two steps, and waits until it has. f
// may still run after an error: it must leave alone what its caller then uses.
// As f changes nothing, its panic ends no simulation, but becomes an error.
func (b *bridge) visit(ctx context.Context, f func()) error {
	var err error
	done := b.engine.Visit(func() { err = b.guarded(f) })
	select {
	case <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-b.closed:
		return errClosed
	}
}

// leave is a visit that nobody waits for.
func (b *bridge) leave(f func()) {
	b.engine.Visit(func() { _ = b.guarded(f) })
}

// guarded runs f, and makes an error of its panic.
func (b *bridge) guarded(f func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = b.panicked(p)
		}
	}()
	f()
	return nil
}

// panicked is the error for a client whose request has panicked with p. Where, is
// for the log: it is called while the stack still says so.
func (b *bridge) panicked(p any) error {
	b.faults.Printf("a request has panicked: %v\n%s", p, debug.Stack())
	return apierrors.NewInternalError(fmt.Errorf("this request caused the apiserver to panic: %v", p))
}

// write has a write carried out as a step of its own, and waits for what comes
// of it. A client that goes away takes nothing back.
func (b *bridge) write(ctx context.Context, r outside.Request) (outside.Result, error) {
	q, err := r.Pack()
	if err != nil {
		return outside.Result{}, err
	}
	select {
	case reply := <-b.engine.Submit(q):
		result, _ := reply.Value.(outside.Result)
		return result, reply.Err
	case <-ctx.Done():
		return outside.Result{}, context.Cause(ctx)
	case <-b.closed:
		return outside.Result{}, errClosed
	}
}

// look is a visit that gives something back.
func look[T any](ctx context.Context, b *bridge, f func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	got := make(chan answer, 1) // f may be late: nobody waits for it then
	if err := b.visit(ctx, func() {
		v, err := f()
		got <- answer{v, err}
	}); err != nil {
		var none T
		return none, err
	}
	a := <-got
	return a.value, a.err
}
