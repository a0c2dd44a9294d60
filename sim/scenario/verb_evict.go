package scenario

var evictVerb = &Verb{
	Name: "evict", Usage: "evict pod NAME | evict pod of SERVICE",
	Help: "ask for a pod to go, as drain does: a PodDisruptionBudget may refuse it",
	parse: func(args []string, _ *View) (action, error) {
		p, err := parsePod(args)
		return evictPod{p}, err
	},
}

type evictPod struct{ place }

func (e evictPod) check(n Names) error { return checkPod(e.place, n) }

func (e evictPod) do(r *Runner) error {
	pod, err := e.findPod(r)
	if err != nil {
		return err
	}
	return evict(r.client, pod)
}
