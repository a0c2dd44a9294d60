package scenario

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/google/cel-go/cel"
	celast "github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/ext"
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation"

	"minisim/internal/source"
	"minisim/sim/cluster"
)

// Rule is a scheduling rule of the scenario's own: a filter, a score or both,
// each one CEL expression about `node`, `pod` and `nodeInfo`.
type Rule struct {
	Name   string `json:"name"`             // in tables, beside kube-scheduler's plugins
	Filter string `json:"filter,omitempty"` // true: the node will do
	Reason string `json:"reason,omitempty"` // why a node does not do
	Score  string `json:"score,omitempty"`  // 0 to 100, more is better
	Weight int64  `json:"weight,omitempty"` // what the score is multiplied by

	filter, score *ruleExpression
}

// What bounds a rule.
const (
	// ruleCost is the most that one answer may cost, in CEL's units.
	ruleCost = 100_000
	// maxRules is how many rules a scenario may have.
	maxRules = 20
)

// ruleExpression is a compiled expression with what it looks at.
type ruleExpression struct {
	text            string
	program         cel.Program
	pod, node, info bool // the variables that it uses
	pods            bool // of nodeInfo, which take long to make
}

// rules reads the list of rules under a scheduler's configuration.
func (d *decoder) rules(file *source.File, n *yaml.Node, s *Scenario) {
	inFile := *d
	inFile.file, inFile.faults = file, nil
	inFile.each(n, "rules", func(n *yaml.Node) { inFile.rule(n, s) })
	if len(s.Rules) > maxRules {
		inFile.fault(n, "", "there may be at most %d rules, these are %d", maxRules, len(s.Rules))
	}
	d.faults, d.warnings = append(d.faults, inFile.faults...), inFile.warnings
	for _, r := range s.Rules {
		s.Cluster.Rules = append(s.Cluster.Rules, cluster.Rule{Name: r.Name, Weight: r.Weight, New: r.plugin})
	}
}

func (d *decoder) rule(n *yaml.Node, s *Scenario) {
	r := Rule{Weight: 1}
	named := n
	if !d.fields(n, "a rule", keys{
		"name":   func(n *yaml.Node) { named = n; d.text(n, "name", &r.Name) },
		"filter": func(n *yaml.Node) { r.Filter, r.filter = n.Value, d.ruleExpression(n, "filter", cel.BoolType) },
		"reason": func(n *yaml.Node) { d.text(n, "reason", &r.Reason) },
		"score": func(n *yaml.Node) {
			r.Score, r.score = n.Value, d.ruleExpression(n, "score", cel.IntType, cel.DoubleType)
		},
		"weight": func(n *yaml.Node) { d.integer(n, "weight", 1, 100, &r.Weight) },
	}) {
		return
	}
	switch problems := validation.IsCIdentifier(r.Name); {
	case r.Name == "":
		d.fault(n, "add name: and what it is to be called in tables", "a rule has no name")
	case len(problems) > 0:
		d.fault(named, "write for example QuietNodes", "the rule's name %q: %s", shorten(r.Name), problems[0])
	case cluster.IsPlugin(r.Name):
		d.fault(named, "", "%s is the name of one of kube-scheduler's plugins", r.Name)
	case slices.ContainsFunc(s.Rules, func(o Rule) bool { return o.Name == r.Name }):
		d.fault(named, "", "two rules are called %s", r.Name)
	}
	if r.Filter == "" && r.Score == "" {
		d.fault(n, "write filter:, score: or both", "a rule needs a filter or a score")
	}
	r.Reason = cmp.Or(r.Reason, "node(s) didn't satisfy rule "+r.Name)
	s.Rules = append(s.Rules, r)
}

// ruleExpression compiles an expression that gives one of some types; nil after a fault.
func (d *decoder) ruleExpression(n *yaml.Node, what string, types ...*cel.Type) *ruleExpression {
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		d.fault(n, "write a CEL expression about node, pod and nodeInfo", "%s must be an expression, this is %s", what, describe(n))
		return nil
	}
	object := cel.MapType(cel.StringType, cel.DynType)
	env, err := cel.NewEnv(cel.Variable("node", object), cel.Variable("pod", object), cel.Variable("nodeInfo", object),
		cel.CrossTypeNumericComparisons(true), ext.Strings(), ext.Math())
	if err != nil {
		d.fault(n, "", "%s: %s", what, err)
		return nil
	}
	ast, issues := env.Compile(n.Value)
	if issues != nil && issues.Err() != nil {
		d.issue(n, issues, []string{"node", "pod", "nodeInfo"})
		return nil
	}
	t := ast.OutputType()
	if !t.IsExactType(cel.DynType) && !slices.ContainsFunc(types, t.IsExactType) {
		d.fault(n, "", "%s: %q must give %s, but gives %s", what, shorten(n.Value), typeNames(types), t)
		return nil
	}
	program, err := env.Program(ast, cel.CostLimit(ruleCost))
	if err != nil {
		d.fault(n, "", "%s: %s", what, err)
		return nil
	}
	e := &ruleExpression{text: n.Value, program: program}
	e.study(ast.NativeRep())
	return e
}

func typeNames(types []*cel.Type) string {
	text := types[0].String()
	for _, t := range types[1:] {
		text += " or " + t.String()
	}
	return text
}

// study finds out what an expression looks at.
func (e *ruleExpression) study(ast *celast.AST) {
	selected := 0 // uses of nodeInfo that name a field of it
	used := 0
	celast.PostOrderVisit(ast.Expr(), celast.NewExprVisitor(func(x celast.Expr) {
		switch x.Kind() {
		case celast.IdentKind:
			switch x.AsIdent() {
			case "pod":
				e.pod = true
			case "node":
				e.node = true
			case "nodeInfo":
				e.info = true
				used++
			}
		case celast.SelectKind:
			if o := x.AsSelect().Operand(); o.Kind() == celast.IdentKind && o.AsIdent() == "nodeInfo" {
				selected++
				e.pods = e.pods || x.AsSelect().FieldName() == "pods"
			}
		}
	}))
	e.pods = e.pods || used > selected
}

// plugin makes the plugin for one scheduler.
func (r Rule) plugin() *cluster.CustomPlugin {
	p := &cluster.CustomPlugin{PluginName: r.Name, NodeOnly: true}
	var m memory
	if r.filter != nil {
		p.NodeOnly = p.NodeOnly && !r.filter.pod
		p.Final = !r.filter.info
		p.Reject = func(pod *cluster.PodInfo, node *cluster.NodeInfo) string {
			answer, err := r.filter.ask(&m, pod, node)
			if err != nil {
				return fmt.Sprintf("rule %s cannot be answered: %s", r.Name, err)
			}
			if yes, ok := answer.(bool); !ok {
				return fmt.Sprintf("rule %s cannot be answered: it gives neither true nor false", r.Name)
			} else if !yes {
				return r.Reason
			}
			return ""
		}
	}
	if r.score != nil {
		p.NodeOnly = p.NodeOnly && !r.score.pod
		p.Rate = func(pod *cluster.PodInfo, node *cluster.NodeInfo) int64 {
			answer, err := r.score.ask(&m, pod, node)
			if err != nil {
				return 0
			}
			return points(answer)
		}
	}
	return p
}

// points is a score as a whole number from 0 to 100; what is no number is 0.
func points(answer any) int64 {
	switch n := answer.(type) {
	case int64:
		return n
	case uint64:
		return int64(min(n, 100))
	case float64:
		if math.IsNaN(n) {
			return 0
		}
		return int64(min(max(n, 0), 100))
	}
	return 0
}
