package scenario

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

var waitVerb = &Verb{
	Name: "wait", Usage: "wait 30s | wait until CONDITION",
	Help: "let virtual time pass before the next command",
	parse: func(args []string, v *View) (action, error) {
		text := args[0]
		if text == "" {
			return nil, errors.New("how long?")
		}
		if expr, ok := strings.CutPrefix(text, "until "); ok {
			c, err := ParseCondition(expr, v)
			return &wait{condition: c}, err
		}
		d, err := parseDuration(text)
		return &wait{span: d}, err
	},
}

// MaxWait bounds `wait until`, so that a run whose condition never comes true ends.
const MaxWait = time.Hour

type wait struct {
	span      time.Duration
	condition *Condition // nil: for the span
	since     time.Duration
	met       bool
}

func (w *wait) check(n Names) (err error) {
	if w.condition != nil {
		w.condition.check(n, func(_ use, fault error) { err = fault })
	}
	return err
}

func (w *wait) do(r *Runner) error {
	w.since = r.Cluster.Engine.Now()
	return nil
}

func (w *wait) finished(r *Runner) (bool, error) {
	if w.noticed() {
		return true, nil
	}
	over := r.Cluster.Engine.Now() >= w.next(0)
	if over && w.condition != nil {
		return false, fmt.Errorf("%s has not come true within %s", w.condition.Text, MaxWait)
	}
	return over, nil
}

func (w *wait) noticed() bool {
	if !w.met && w.condition != nil {
		w.met, _ = w.condition.Holds()
	}
	return w.met
}

func (w *wait) next(time.Duration) time.Duration {
	if w.condition != nil {
		return w.since + MaxWait
	}
	return w.since + w.span
}
