package custom

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/client-go/util/jsonpath"

	"minisim/sim/api"
)

var metaDoc = metav1.ObjectMeta{}.SwaggerDoc()

// byAge is the column of a version that names none.
var byAge = []apiextensionsv1.CustomResourceColumnDefinition{{
	Name: "Age", Type: "date", Description: metaDoc["creationTimestamp"], JSONPath: ".metadata.creationTimestamp",
}}

// Table shows objects with the columns that the definition names. now is the date
// from which ages are counted. The rows have no Object. Anybody may call it.
func (v *Version) Table(objects []api.Object, now time.Time) *metav1.Table {
	columns := v.spec.AdditionalPrinterColumns
	if len(columns) == 0 {
		columns = byAge
	}
	t := &metav1.Table{
		ColumnDefinitions: []metav1.TableColumnDefinition{{Name: "Name", Type: "string", Format: "name", Description: metaDoc["name"]}},
		Rows:              make([]metav1.TableRow, len(objects)),
	}
	for i, o := range objects {
		t.Rows[i].Cells = []any{o.GetName()}
	}
	for _, c := range columns {
		path, err := find(c.JSONPath)
		if err != nil {
			return t // as Kubernetes does: the columns up to the one that nobody understands
		}
		d := metav1.TableColumnDefinition{Name: c.Name, Type: c.Type, Format: c.Format, Description: c.Description, Priority: c.Priority}
		if d.Description == "" {
			d.Description = "Custom resource definition column (in JSONPath format): " + c.JSONPath
		}
		t.ColumnDefinitions = append(t.ColumnDefinitions, d)
		for i, o := range objects {
			t.Rows[i].Cells = append(t.Rows[i].Cells, cell(path, c.Type, content(o), now))
		}
	}
	return t
}

func find(path string) (*jsonpath.JSONPath, error) {
	p := jsonpath.New("").AllowMissingKeys(true)
	return p, p.Parse("{" + path + "}")
}

// cell is what stands at a path, as a column of the type shows it; nil for nothing.
func cell(path *jsonpath.JSONPath, kind string, object map[string]any, now time.Time) any {
	found, err := path.FindResults(object)
	if err != nil || len(found) == 0 || len(found[0]) == 0 {
		return nil
	}
	value := found[0][0].Interface()
	if kind == "string" {
		var b bytes.Buffer
		if path.PrintResults(&b, []reflect.Value{reflect.ValueOf(value)}) != nil {
			return nil
		}
		return b.String()
	}
	return shown(kind, value, now)
}

func shown(kind string, value any, now time.Time) any {
	switch v := value.(type) {
	case bool:
		if kind == "boolean" {
			return v
		}
	case int64:
		return number(kind, float64(v), v)
	case float64:
		return number(kind, v, int64(v))
	case json.Number:
		f, _ := v.Float64()
		return number(kind, f, int64(f))
	case string:
		if kind == "date" {
			return age(v, now)
		}
	}
	return nil
}

func number(kind string, f float64, i int64) any {
	switch kind {
	case "integer":
		return i
	case "number":
		return f
	}
	return nil
}

func age(text string, now time.Time) string {
	var t metav1.Time
	switch err := t.UnmarshalQueryParameter(text); {
	case err != nil:
		return "<invalid>"
	case t.IsZero():
		return "<unknown>"
	}
	return duration.HumanDuration(now.Sub(t.Time))
}

// selectableField is a field by which objects can be selected.
type selectableField struct {
	name string
	path *jsonpath.JSONPath // nil: nobody understands it
}

func selectable(fields []apiextensionsv1.SelectableField) []selectableField {
	var out []selectableField
	for _, f := range fields {
		s := selectableField{name: strings.TrimPrefix(f.JSONPath, ".")}
		if path, err := find(f.JSONPath); err == nil {
			s.path = path
		}
		out = append(out, s)
	}
	return out
}

// Fields are the fields besides name and namespace by which objects can be selected.
func (v *Version) Fields() map[string]func(api.Object) string {
	out := map[string]func(api.Object) string{}
	for _, f := range v.fields {
		out[f.name] = f.value
	}
	return out
}

func (f selectableField) value(o api.Object) string {
	if f.path == nil {
		return ""
	}
	found, err := f.path.FindResults(content(o))
	if err != nil || len(found) == 0 || len(found[0]) == 0 {
		return ""
	}
	if value := found[0][0].Interface(); value != nil {
		return fmt.Sprint(value)
	}
	return ""
}
