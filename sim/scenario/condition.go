package scenario

import (
	"errors"
	"fmt"

	"github.com/google/cel-go/cel"
	celast "github.com/google/cel-go/common/ast"
	"go.yaml.in/yaml/v3"

	"minisim/internal/source"
	"minisim/sim/api"
)

// Condition is a yes-or-no question about the cluster, written in CEL.
type Condition struct{ Expression }

// Expression is a question about the cluster, written in CEL. It remembers its
// answer until something is written that the answer derives from.
type Expression struct {
	Text    string
	program cel.Program
	view    *View
	uses    []use
	needs   []*api.Resource

	asked int // the view's number when the answer was found; 0: never
	stamp int64
	value any
	err   error
}

// use is one call of a function of the vocabulary with what it names, where that is written down.
type use struct {
	function *function
	named    []string // a literal for each argument, "" where it is computed
	column   int      // of the call in the expression's first line, from 0; -1: on another line
}

// maxCost bounds what one question may cost, in CEL's units.
const maxCost = 10_000_000

// ParseCondition compiles a condition. Its questions are answered from v.
func ParseCondition(text string, v *View) (*Condition, error) {
	e, issues, err := compile(text, v, true)
	if err != nil {
		return nil, err
	}
	if issues != nil {
		what, hint := plainly(text, firstIssue(issues), functionNames())
		if hint != "" {
			what += "; " + hint
		}
		return nil, fmt.Errorf("%s: %s", text, what)
	}
	return &Condition{*e}, nil
}

// compile reads an expression. Either the issues or the error say what is wrong with it.
func compile(text string, v *View, yesNo bool) (*Expression, *cel.Issues, error) {
	if text == "" {
		return nil, nil, errors.New("an expression is missing")
	}
	env, err := newEnv(v)
	if err != nil {
		return nil, nil, err
	}
	ast, issues := env.Compile(text)
	if issues != nil && issues.Err() != nil {
		return nil, issues, nil
	}
	if t := ast.OutputType(); yesNo && !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		hint := ""
		if t.IsExactType(cel.IntType) {
			hint = "; compare it: " + text + " > 0"
		}
		return nil, nil, fmt.Errorf("%q is not a yes-or-no question, but gives %s%s", text, kindOf(t.String()), hint)
	}
	program, err := env.Program(ast, cel.CostLimit(maxCost))
	if err != nil {
		return nil, nil, err
	}
	e := &Expression{Text: text, program: program, view: v}
	if err := e.study(ast.NativeRep()); err != nil {
		return nil, nil, fmt.Errorf("%q: %w", text, err)
	}
	return e, nil, nil
}

// study finds out which functions an expression uses and what its answer derives from.
func (e *Expression) study(ast *celast.AST) error {
	var fault error
	needs := map[*api.Resource]bool{}
	celast.PostOrderVisit(ast.Expr(), celast.NewExprVisitor(func(x celast.Expr) {
		if x.Kind() != celast.CallKind {
			return
		}
		f := functionNamed(x.AsCall().FunctionName())
		if f == nil || x.AsCall().IsMemberFunction() {
			return
		}
		u := use{function: f, column: -1}
		for _, a := range x.AsCall().Args() {
			text := ""
			if a.Kind() == celast.LiteralKind {
				text, _ = a.AsLiteral().Value().(string)
			}
			u.named = append(u.named, text)
		}
		if at := ast.SourceInfo().GetStartLocation(x.ID()); at.Line() == 1 {
			u.column = max(at.Column()-len(f.name), 0)
		}
		e.uses = append(e.uses, u)
		found := f.needs
		if found == nil && u.named[0] != "" {
			r, err := findResource(u.named[0])
			if err != nil {
				fault = err
				return
			}
			found = []*api.Resource{r}
		} else if found == nil {
			found = api.Resources()
		}
		for _, r := range found {
			needs[r] = true
		}
	}))
	for _, r := range api.Resources() {
		if needs[r] {
			e.needs = append(e.needs, r)
		}
	}
	return fault
}

// check finds literal names that the file does not know.
func (e *Expression) check(n Names, fault func(u use, err error)) {
	for _, u := range e.uses {
		for i, kind := range u.function.takes {
			var err error
			switch name := u.named[i]; {
			case name == "":
			case kind == serviceArg:
				err = known("service", name, n.Services)
			case kind == nodeArg:
				err = known("node", name, n.Machines)
			}
			if err != nil {
				fault(u, err)
			}
		}
	}
}

// Value answers the question. It is an error if it cannot be answered at
// present: nobody to ask, an object that does not exist, a field that is not set yet.
func (e *Expression) Value() (any, error) {
	if e.view == nil {
		return nil, errDown
	}
	stamp := e.view.stamp(e.needs)
	if e.asked == 0 || e.asked != e.view.number || stamp != e.stamp {
		e.asked, e.stamp = e.view.number, stamp
		e.value, e.err = e.evaluate()
	}
	return e.value, e.err
}

func (e *Expression) evaluate() (any, error) {
	if len(e.needs) > 0 {
		if err := e.view.answers(); err != nil {
			return nil, err
		}
	}
	value, _, err := e.program.Eval(map[string]any{})
	if err != nil {
		return nil, err
	}
	return native(value)
}

// Holds answers the question. What cannot be said at present does not hold.
func (c *Condition) Holds() (bool, error) {
	value, err := c.Value()
	if err != nil {
		return false, err
	}
	yes, ok := value.(bool)
	if !ok {
		return false, fmt.Errorf("the answer is %v, neither true nor false", value)
	}
	return yes, nil
}

// condition compiles the CEL expression of a node; faults point into it.
func (d *decoder) condition(n *yaml.Node, what string) *Condition {
	e := d.expression(n, what, `ready("app") == 3`, true)
	if e == nil {
		return nil
	}
	return &Condition{*e}
}

func (d *decoder) expression(n *yaml.Node, what, example string, yesNo bool) *Expression {
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		d.fault(n, "write a CEL expression, for example "+example, "%s must be an expression, this is %s", what, describe(n))
		return nil
	}
	e, issues, err := compile(n.Value, d.view, yesNo)
	if err != nil {
		d.fault(n, "", "%s", err)
		return nil
	}
	if issues == nil {
		d.expressions = append(d.expressions, located{e, n})
		return e
	}
	d.issue(n, issues, functionNames())
	return nil
}

// issue is the first that CEL has against the expression of a node, and points
// into it. known are the names that the expression may use.
func (d *decoder) issue(n *yaml.Node, issues *cel.Issues, known []string) {
	issue := firstIssue(issues)
	column := -1
	if issue.Location.Line() == 1 {
		column = issue.Location.Column()
	}
	what, hint := plainly(n.Value, issue, known)
	d.faults.Add(d.within(n, column), hint, "%q: %s", shorten(n.Value), what)
}

// located is an expression and the node that it stands in.
type located struct {
	*Expression
	node *yaml.Node
}

// within is the place of a column of a node's first line of text; -1 stands for the node itself.
func (d *decoder) within(n *yaml.Node, column int) source.Pos {
	pos := d.file.Place(n)
	if column < 0 || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return pos
	}
	pos.Col += column
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		pos.Col++
	}
	return pos
}

// checkExpressions finds names in expressions that do not exist.
func (d *decoder) checkExpressions(names Names) {
	for _, x := range d.expressions {
		x.check(names, func(u use, err error) {
			d.faults.Add(d.within(x.node, u.column), "", "%s", err)
		})
	}
}
