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
	condition *Condition
	since     time.Duration
}

func (w *wait) check(Names) error { return nil }

func (w *wait) do(r *Runner) error {
	w.since = r.Cluster.Engine.Now()
	return nil
}

func (w *wait) finished(r *Runner) (bool, error) {
	passed := r.Cluster.Engine.Now() - w.since
	if w.condition == nil {
		return passed >= w.span, nil
	}
	if yes, _ := w.condition.Holds(); yes {
		return true, nil
	}
	if passed > MaxWait {
		return false, fmt.Errorf("%s has not come true within %s", w.condition.Text, MaxWait)
	}
	return false, nil
}
