package scenario

import corev1 "k8s.io/api/core/v1"

var cordonVerb = &Verb{
	Name: "cordon", Usage: "cordon NODE … | cordon node of SERVICE",
	Help: "let no new pods onto nodes (spec.unschedulable)", parse: parseCordon(true),
}

var uncordonVerb = &Verb{
	Name: "uncordon", Usage: "uncordon NODE …",
	Help: "let new pods onto nodes again", parse: parseCordon(false),
}

func parseCordon(on bool) func([]string, *View) (action, error) {
	return func(args []string, _ *View) (action, error) {
		p, err := parsePlaces(args)
		return cordon{p, on}, err
	}
}

type cordon struct {
	places
	on bool
}

func (c cordon) do(r *Runner) error {
	return c.each(r, func(name string) error {
		return patchNode(r, name, func(n *corev1.Node) { n.Spec.Unschedulable = c.on })
	})
}
