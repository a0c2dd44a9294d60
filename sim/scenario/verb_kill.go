package scenario

import "errors"

var killVerb = &Verb{
	Name: "kill", Usage: "kill node NODE … | kill node of SERVICE",
	Help: "cut the power of machines, workers or masters: they fall silent",
	parse: func(args []string, _ *View) (action, error) {
		if len(args) > 0 && args[0] == "pod" {
			return nil, errors.New("only machines have power; for a pod there are crash pod and delete pod")
		}
		p, err := parsePlaces(args)
		return kill{p}, err
	},
}

type kill struct{ places }

func (k kill) do(r *Runner) error { return k.each(r, r.Cluster.Kill) }
