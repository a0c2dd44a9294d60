package scenario

var startVerb = &Verb{
	Name: "start", Usage: "start node NODE",
	Help: "switch a machine on that was killed",
	parse: func(args []string, _ *View) (action, error) {
		p, rest, err := parsePlace(args)
		if err != nil {
			return nil, err
		}
		return start{p}, tooMany(rest)
	},
}

type start struct{ place }

func (s start) do(r *Runner) error {
	name, err := s.find(r)
	if err != nil {
		return err
	}
	return r.Cluster.Start(name)
}
