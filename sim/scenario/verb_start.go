package scenario

var startVerb = &Verb{
	Name: "start", Usage: "start node NODE … | start dead node",
	Help: "switch machines on that were killed",
	parse: func(args []string, _ *View) (action, error) {
		p, err := parsePlaces(args)
		return start{p}, err
	},
}

type start struct{ places }

func (s start) do(r *Runner) error { return s.each(r, r.Cluster.Start) }
