package scenario

var killVerb = &Verb{
	Name: "kill", Usage: "kill node NODE … | kill node of SERVICE",
	Help: "cut the power of machines, workers or masters: they fall silent",
	parse: func(args []string, _ *View) (action, error) {
		p, err := parsePlaces(args)
		return kill{p}, err
	},
}

type kill struct{ places }

func (k kill) do(r *Runner) error { return k.each(r, r.Cluster.Kill) }
