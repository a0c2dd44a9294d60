package scenario

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"minisim/sim/api"
)

var scaleVerb = &Verb{
	Name: "scale", Usage: "scale SERVICE REPLICAS",
	Help: "want another number of pods of a service",
	parse: func(args []string, _ *View) (action, error) {
		if len(args) != 2 {
			return nil, errors.New("which service, and how many pods?")
		}
		n, err := strconv.ParseInt(strings.TrimPrefix(args[1], "--replicas="), 10, 32)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q is not a number of pods", shorten(args[1]))
		}
		w, err := parseWorkload(args[0])
		return scale{w, int32(n)}, err
	},
}

type scale struct {
	workload
	replicas int32
}

func (s scale) do(r *Runner) error {
	return s.change(r, func(o api.Object) error {
		want := replicas(o)
		if want == nil {
			return fmt.Errorf("a %s cannot be scaled", api.Of(o).Singular)
		}
		*want = &s.replicas
		return nil
	})
}
