package scenario

import "errors"

var expectVerb = &Verb{
	Name: "expect", Usage: `expect CONDITION, for example: expect ready("app") == 3`,
	Help: "check a condition (CEL) now; the run fails if it does not hold",
	parse: func(args []string, v *View) (action, error) {
		if args[0] == "" {
			return nil, errors.New("which condition?")
		}
		c, err := ParseCondition(args[0], v)
		return expect{c}, err
	},
}

type expect struct{ condition *Condition }

func (e expect) check(n Names) (err error) {
	e.condition.check(n, func(_ use, fault error) { err = fault })
	return err
}

func (e expect) do(r *Runner) error {
	r.expect(Expectation{Condition: e.condition})
	return nil
}
