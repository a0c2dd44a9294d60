package scenario

import corev1 "k8s.io/api/core/v1"

var cordonVerb = &Verb{
	Name: "cordon", Usage: "cordon NODE | cordon node of SERVICE",
	Help: "let no new pods onto a node (spec.unschedulable)", parse: parseCordon(true),
}

var uncordonVerb = &Verb{
	Name: "uncordon", Usage: "uncordon NODE",
	Help: "let new pods onto a node again", parse: parseCordon(false),
}

func parseCordon(on bool) func([]string, *View) (action, error) {
	return func(args []string, _ *View) (action, error) {
		p, rest, err := parsePlace(args)
		if err != nil {
			return nil, err
		}
		return cordon{p, on}, tooMany(rest)
	}
}

type cordon struct {
	place
	on bool
}

func (c cordon) do(r *Runner) error {
	name, err := c.find(r)
	if err != nil {
		return err
	}
	return patchNode(r, name, func(n *corev1.Node) { n.Spec.Unschedulable = c.on })
}
