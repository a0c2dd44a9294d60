package scenario

// places are several machines.
type places []place

// parsePlaces takes "[node] NAME NAME …" or what else parsePlace understands.
func parsePlaces(args []string) (places, error) {
	p, rest, err := parsePlace(args)
	if err != nil {
		return nil, err
	}
	all := places{p}
	for len(rest) > 0 && p.name != "" { // "of SERVICE" and "dead node" stand for one
		if p, rest, err = parsePlace(rest); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, tooMany(rest)
}

func (ps places) check(n Names) error {
	for _, p := range ps {
		if err := p.check(n); err != nil {
			return err
		}
	}
	return nil
}

// each does something with each machine's name, up to the first error.
func (ps places) each(r *Runner, do func(name string) error) error {
	for _, p := range ps {
		name, err := p.find(r)
		if err != nil {
			return err
		}
		if err := do(name); err != nil {
			return err
		}
	}
	return nil
}
