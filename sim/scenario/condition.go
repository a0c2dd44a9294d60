package scenario

import (
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"go.yaml.in/yaml/v3"
)

// Condition is a yes-or-no question about the cluster, written in CEL.
type Condition struct {
	Text    string
	program cel.Program
	view    *View
}

// functions is one function of the language of conditions.
type functions struct {
	name, help string
	args       []*cel.Type
	result     *cel.Type
	call       func(v *View, args []ref.Val) (any, error)
}

// vocabulary is all functions that a condition may use, beside CEL's own.
var vocabulary = []functions{
	{"ready", "how many pods of a service are ready", one, cel.IntType, func(v *View, a []ref.Val) (any, error) { return v.Ready(str(a[0])), nil }},
	{"running", "how many pods of a service have the phase Running", one, cel.IntType, func(v *View, a []ref.Val) (any, error) { return v.InPhase(str(a[0]), "Running"), nil }},
	{"pending", "how many pods of a service have the phase Pending", one, cel.IntType, func(v *View, a []ref.Val) (any, error) { return v.InPhase(str(a[0]), "Pending"), nil }},
	{"replicas", "how many pods of a service there are that are not being deleted", one, cel.IntType, func(v *View, a []ref.Val) (any, error) { return v.Replicas(str(a[0])), nil }},
	{"terminating", "how many pods of a service are being deleted", one, cel.IntType, func(v *View, a []ref.Val) (any, error) { return v.Terminating(str(a[0])), nil }},
	{"restarts", "how often containers of a service's pods were started again", one, cel.IntType, func(v *View, a []ref.Val) (any, error) { return v.Restarts(str(a[0])), nil }},
	{"nodes", "the names of the nodes that ready pods of a service run on, sorted", one, cel.ListType(cel.StringType), func(v *View, a []ref.Val) (any, error) { return v.NodesOf(str(a[0])), nil }},
	{"nodeReady", "whether a node's condition Ready is True", one, cel.BoolType, func(v *View, a []ref.Val) (any, error) { return v.NodeReady(str(a[0])), nil }},
	{"keptData", "whether a ready pod of a service has found on its disk what an earlier pod wrote", one, cel.BoolType, func(v *View, a []ref.Val) (any, error) { return v.KeptData(str(a[0])), nil }},
	{"events", "how many Events have a reason, repetitions counted", one, cel.IntType, func(v *View, a []ref.Val) (any, error) { return v.Events(str(a[0])), nil }},
	{"objects", `all objects of a resource: objects("pods").exists(p, p.status.phase == "Failed")`, one, cel.ListType(cel.DynType), func(v *View, a []ref.Val) (any, error) { return v.Objects(str(a[0])) }},
	{"object", `one object: object("deployment", "app").status.readyReplicas`, []*cel.Type{cel.StringType, cel.StringType}, cel.DynType, func(v *View, a []ref.Val) (any, error) { return v.Object(str(a[0]), str(a[1])) }},
}

var one = []*cel.Type{cel.StringType}

func str(v ref.Val) string { s, _ := v.Value().(string); return s }

// Vocabulary lists the functions that conditions may use, with what each says.
func Vocabulary() []string {
	var lines []string
	for _, f := range vocabulary {
		var args []string
		for _, t := range f.args {
			args = append(args, t.String())
		}
		lines = append(lines, fmt.Sprintf("%s(%s) %s: %s", f.name, strings.Join(args, ", "), f.result, f.help))
	}
	return lines
}

func newEnv(v *View) (*cel.Env, error) {
	var options []cel.EnvOption
	for _, f := range vocabulary {
		options = append(options, cel.Function(f.name, cel.Overload(f.name+"_of", f.args, f.result,
			cel.FunctionBinding(func(args ...ref.Val) ref.Val {
				value, err := f.call(v, args)
				if err != nil {
					return types.NewErr("%s", err)
				}
				return types.DefaultTypeAdapter.NativeToValue(value)
			}))))
	}
	return cel.NewEnv(options...)
}

// maxConditionCost bounds what one question may cost, in CEL's units.
const maxConditionCost = 10_000_000

// ParseCondition compiles a condition. Its questions are answered from v.
func ParseCondition(text string, v *View) (*Condition, error) {
	c, issues, err := compile(text, v)
	if err != nil {
		return nil, err
	}
	if issues != nil && issues.Err() != nil {
		return nil, fmt.Errorf("%q: %s", text, issues.Errors()[0].Message)
	}
	return c, nil
}

func compile(text string, v *View) (*Condition, *cel.Issues, error) {
	env, err := newEnv(v)
	if err != nil {
		return nil, nil, err
	}
	ast, issues := env.Compile(text)
	if issues != nil && issues.Err() != nil {
		return nil, issues, nil
	}
	if t := ast.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		return nil, nil, fmt.Errorf("%q is not a yes-or-no question, but gives %s", text, t)
	}
	program, err := env.Program(ast, cel.CostLimit(maxConditionCost))
	if err != nil {
		return nil, nil, err
	}
	return &Condition{Text: text, program: program, view: v}, nil, nil
}

// Holds answers the question. What cannot be said at present (an object that
// does not exist, a field that is not set yet) does not hold.
func (c *Condition) Holds() (bool, error) {
	value, _, err := c.program.Eval(map[string]any{})
	if err != nil {
		return false, err
	}
	yes, ok := value.Value().(bool)
	if !ok {
		return false, fmt.Errorf("the answer is %v, neither true nor false", value.Value())
	}
	return yes, nil
}

// condition compiles the CEL expression of a node; faults point into it.
func (d *decoder) condition(n *yaml.Node) *Condition {
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		d.fault(n, `write a CEL expression, for example ready("app") == 3`, "expect must be a condition, this is %s", describe(n))
		return nil
	}
	c, issues, err := compile(n.Value, d.view)
	if err != nil {
		d.fault(n, "", "%s", err)
		return nil
	}
	if issues == nil {
		return c
	}
	for _, issue := range issues.Errors() {
		pos := d.file.Place(n)
		if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 && issue.Location.Line() == 1 {
			pos.Col += issue.Location.Column()
			if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
				pos.Col++
			}
		}
		message, _, _ := strings.Cut(issue.Message, "\n")
		d.faults.Add(pos, "functions: "+functionNames(), "%q: %s", n.Value, message)
	}
	return nil
}

func functionNames() string {
	var names []string
	for _, f := range vocabulary {
		names = append(names, f.name)
	}
	return strings.Join(names, ", ")
}
