package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"minisim/sim/cluster"
)

// answer is where the right answer to a question comes from: literal, computed or fact.
type answer interface {
	check(Names) error // finds names that do not exist in the file
}

// literal is one of a question's choices.
type literal string

func (literal) check(Names) error { return nil }

// computed is an expression; its names are checked with all others.
type computed struct{ *Expression }

func (computed) check(Names) error { return nil }

// fact is something about the next decision of the scheduler on a pod of a service.
type fact struct {
	form    *factForm
	node    string // that the fact is about, if it is about one
	service string
}

// factForm is one kind of fact, and how it is read off a decision.
type factForm struct {
	words string // before "next pod of SERVICE"; NODE stands for a node's name
	help  string
	read  func(d cluster.Decision, node string) (string, error)
}

// none is the answer where a decision has found nothing.
const none = "none"

var factTable = []*factForm{
	{"node of", "the node that it chooses; none if the pod fits nowhere", func(d cluster.Decision, _ string) (string, error) {
		if d.Winner == "" {
			return none, nil
		}
		return d.Winner, nil
	}},
	{"score of", "the winner's total; none if the pod fits nowhere", func(d cluster.Decision, _ string) (string, error) {
		if d.Winner == "" {
			return none, nil
		}
		return strconv.FormatInt(d.WinnerTotal, 10), nil
	}},
	{"feasible nodes of", "how many nodes the pod fits on", func(d cluster.Decision, _ string) (string, error) {
		return strconv.Itoa(d.Feasible), nil
	}},
	{"rule against NODE for", "the plugin that rejects a node first; none if the node is feasible", func(d cluster.Decision, node string) (string, error) {
		for _, n := range d.Nodes {
			if n.Name != node {
				continue
			}
			if n.Feasible {
				return none, nil
			}
			return n.Plugin, nil
		}
		return "", errors.New("the decision does not tell of node " + node)
	}},
}

// Facts lists what can be asked of the scheduler's next decision, with what each says.
func Facts() []string {
	var lines []string
	for _, f := range factTable {
		lines = append(lines, f.words+" next pod of SERVICE: "+f.help)
	}
	return lines
}

func factForms() string {
	var forms []string
	for _, f := range factTable {
		forms = append(forms, f.words+" next pod of SERVICE")
	}
	return strings.Join(forms, ", ")
}

const nextPod = "next pod of"

func isFact(text string) bool {
	return strings.Contains(strings.Join(strings.Fields(text), " "), nextPod)
}

func parseFact(text string) (*fact, error) {
	before, service, _ := strings.Cut(strings.Join(strings.Fields(text), " "), nextPod)
	f := &fact{service: strings.TrimSpace(service)}
	have := strings.Fields(before)
	for _, form := range factTable {
		want := strings.Fields(form.words)
		node := ""
		if slices.EqualFunc(want, have, func(w, h string) bool {
			if w == "NODE" {
				node = h
				return true
			}
			return w == h
		}) {
			f.form, f.node = form, node
		}
	}
	if f.form == nil || f.service == "" || strings.Contains(f.service, " ") {
		return nil, fmt.Errorf("%q cannot be asked of a decision; there are %s", shorten(text), factForms())
	}
	return f, nil
}

func (f *fact) check(n Names) error {
	if f.node != "" {
		if err := known("node", f.node, n.Machines); err != nil {
			return err
		}
	}
	return known("service", f.service, n.Services)
}

// truth writes the value of an expression as somebody would answer.
func truth(value any) string {
	switch v := value.(type) {
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case []any:
		var parts []string
		for _, e := range v {
			parts = append(parts, truth(e))
		}
		if len(parts) == 0 {
			return none
		}
		return strings.Join(parts, ", ")
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return fmt.Sprint(value)
}

// right compares what somebody answered with the truth. The parts of a list may come in any order.
func right(given, truth string) bool {
	if same(given, truth) {
		return true
	}
	switch plainWords(truth) {
	case "yes":
		return slices.Contains([]string{"y", "true"}, plainWords(given))
	case "no":
		return slices.Contains([]string{"n", "false"}, plainWords(given))
	}
	a, b := parts(given), parts(truth)
	return len(b) > 1 && slices.Equal(a, b)
}

// parts are the sorted members of a list that is written with commas.
func parts(s string) []string {
	var out []string
	for _, p := range strings.Split(s, ",") {
		if p = plainWords(p); p != "" {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// native is the Go value of an answer of CEL: bool, int64, uint64, float64, string, or a list of them.
func native(v ref.Val) (any, error) {
	list, ok := v.(traits.Lister)
	if !ok {
		return v.Value(), nil
	}
	out := []any{}
	for it := list.Iterator(); it.HasNext() == types.True; {
		e, err := native(it.Next())
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}
