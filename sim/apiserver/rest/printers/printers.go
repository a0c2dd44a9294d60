// Package printers shows objects as rows of a table, with the columns that
// kubectl prints for each kind against a real API server. Everything here is a
// pure function of the objects and of the date from which ages are counted. One
// file per family of kinds.
package printers

import (
	"reflect"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"minisim/sim/api"
)

// printer is how objects of one kind are shown.
type printer struct {
	columns []metav1.TableColumnDefinition
	cells   func(o api.Object, now time.Time) []any
	marks   func(o api.Object) []metav1.TableRowCondition // nil: none
}

// Table shows objects of one resource. The rows have no Object.
func Table(r *api.Resource, objects []api.Object, now time.Time) *metav1.Table {
	p, ok := printers[reflect.TypeOf(r.New())]
	if !ok {
		p = plain
	}
	t := &metav1.Table{ColumnDefinitions: p.columns, Rows: make([]metav1.TableRow, len(objects))}
	for i, o := range objects {
		t.Rows[i].Cells = p.cells(o, now)
		if p.marks != nil {
			t.Rows[i].Conditions = p.marks(o)
		}
	}
	return t
}

// printers finds the printer of a type.
var printers = func() map[reflect.Type]printer {
	all := map[reflect.Type]printer{}
	for _, family := range []map[reflect.Type]printer{workloads, pods, nodes, network, storage, policies, plainKinds, measured} {
		for t, p := range family {
			all[t] = p
		}
	}
	return all
}()

// of makes a printer of a function over the kind's own type.
func of[T api.Object](columns []metav1.TableColumnDefinition, cells func(T, time.Time) []any) printer {
	return printer{columns: columns, cells: func(o api.Object, now time.Time) []any { return cells(o.(T), now) }}
}

// columns reads "Name|Ready|IP*|…": an asterisk marks a column of the wide
// output, a hash a whole number, a question mark a yes or no. doc finds what a column is about.
func columns(names string, doc map[string]string) []metav1.TableColumnDefinition {
	var out []metav1.TableColumnDefinition
	for name := range strings.SplitSeq(names, "|") {
		c := metav1.TableColumnDefinition{Name: strings.TrimRight(name, "*#?"), Type: "string"}
		switch {
		case strings.Contains(name, "#"):
			c.Type = "integer"
		case strings.Contains(name, "?"):
			c.Type = "boolean"
		}
		if strings.HasSuffix(name, "*") {
			c.Priority = 1
		}
		switch c.Name {
		case "Name":
			c.Format, c.Description = "name", metaDoc["name"]
		case "Age":
			c.Description = metaDoc["creationTimestamp"]
		default:
			c.Description = doc[c.Name]
		}
		out = append(out, c)
	}
	return out
}

var metaDoc = metav1.ObjectMeta{}.SwaggerDoc()

// plain shows objects of kinds for which Kubernetes has no printer of their own.
var plain = of([]metav1.TableColumnDefinition{
	{Name: "Name", Type: "string", Format: "name", Description: metaDoc["name"]},
	{Name: "Created At", Type: "date", Description: metaDoc["creationTimestamp"]},
}, func(o api.Object, _ time.Time) []any {
	return []any{o.GetName(), o.GetCreationTimestamp().UTC().Format(time.RFC3339)}
})

// age is how long ago an object was created.
func age(o metav1.Object, now time.Time) string { return since(o.GetCreationTimestamp(), now) }

// since is how long ago something was, in the few characters that kubectl has for it.
func since(t metav1.Time, now time.Time) string {
	if t.IsZero() {
		return unknown
	}
	return duration.HumanDuration(now.Sub(t.Time))
}

// What stands for nothing.
const (
	none    = "<none>"
	unset   = "<unset>"
	unknown = "<unknown>"
)

func or(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}

// value is what p points to, or else instead.
func value[T any](p *T, instead T) T {
	if p == nil {
		return instead
	}
	return *p
}

// text is what p points to as a string.
func text[T ~string](p *T, instead string) string {
	if p == nil {
		return instead
	}
	return string(*p)
}

// containers are the names and the images of containers.
func containers(list []corev1.Container) (names, images string) {
	var n, i []string
	for _, c := range list {
		n, i = append(n, c.Name), append(i, c.Image)
	}
	return strings.Join(n, ","), strings.Join(i, ",")
}

// few joins up to three words and says how many more there are.
func few(words []string) string {
	const most = 3
	if len(words) == 0 {
		return unset
	}
	if len(words) <= most {
		return strings.Join(words, ",")
	}
	return strings.Join(words[:most], ",") + " + " + itoa(len(words)-most) + " more..."
}

func sorted(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}
