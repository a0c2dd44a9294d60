package scenario

var killVerb = &Verb{
	Name: "kill", Usage: "kill node NODE | kill node of SERVICE",
	Help: "cut the power of a machine, a worker or a master: it falls silent",
	parse: func(args []string, _ *View) (action, error) {
		p, rest, err := parsePlace(args)
		if err != nil {
			return nil, err
		}
		return kill{p}, tooMany(rest)
	},
}

type kill struct{ place }

func (k kill) do(r *Runner) error {
	name, err := k.find(r)
	if err != nil {
		return err
	}
	return r.Cluster.Kill(name)
}
