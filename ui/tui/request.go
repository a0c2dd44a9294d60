package tui

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"minisim/sim/api"
	"minisim/sim/trace"
)

// Request is the way of one request through the API server, stage by stage. A
// stage that it did not come to is "".
type Request struct {
	From    string   // who asked, and by which program
	May     string   // by which rule they may
	Changed []string // what admission has changed
	Refused string   // why it was not granted
	Valid   string   // what was checked after that
	Etcd    string   // the key and its revision
	Value   []string // how the value has changed
	Tells   string   // who hears of it
}

type requestBody struct {
	Verb        string   `json:"verb"`
	Resource    string   `json:"resource"`
	Subresource string   `json:"subresource"`
	Key         string   `json:"key"`
	User        string   `json:"user"`
	Process     string   `json:"process"`
	Rule        string   `json:"rule"`
	Admission   []string `json:"admission"`
	Outcome     string   `json:"outcome"`
	Revision    int64    `json:"revision"`
	Told        []string `json:"told"`
	Error       string   `json:"error"`
}

// what is what is asked for: "create binding of pod default/app-1".
func (q requestBody) what() string {
	what := q.Resource + " " + q.Key
	if r := api.ByName(q.Resource); r != nil {
		what = r.Singular + " " + podName(q.Key)
	}
	if q.Subresource != "" {
		what = q.Subresource + " of " + what
	}
	return q.Verb + " " + strings.TrimSpace(what)
}

// who is whoever made the request: somebody from outside is known by their program.
func (q requestBody) who(actor string) string {
	if actor == "user" && q.Process != "" && q.Process != actor {
		return q.Process
	}
	return actor
}

func pathOf(r trace.Record) *Path {
	var in requestBody
	if !read(r.Body, "request", &in) {
		return nil
	}
	out := &Path{Who: in.who(r.Actor), What: in.what(), Refused: in.Error, Revision: in.Revision, Told: in.Told}
	if in.Rule != "" {
		out.Stages = append(out.Stages, "allowed by "+in.Rule)
	}
	out.Stages = append(out.Stages, in.Admission...)
	if in.Error == "" && in.Verb != "delete" {
		out.Stages = append(out.Stages, "valid")
	}
	return out
}

// brief is a cause in one line: of a request what was asked for, not its whole way.
func brief(r trace.Record) Line {
	var q requestBody
	if !read(r.Body, "request", &q) {
		return lineOf(r, sentence(r.Body))
	}
	text := "asked the API server: " + q.what()
	switch {
	case q.Error != "":
		text += ", which was refused"
	case q.Revision != 0:
		text += fmt.Sprintf(" (etcd revision %d)", q.Revision)
	}
	l := lineOf(r, text)
	l.Actor = q.who(r.Actor)
	return l
}

// request reads the stages of a request, nil for any other record. It asks etcd
// what the value was before, so the latest answer is kept.
func (c *camera) request(r trace.Record) (*Request, *requestBody) {
	in := &requestBody{}
	if !read(r.Body, "request", in) {
		return nil, nil
	}
	if c.stages.id != r.ID {
		c.stages.id, c.stages.request = r.ID, c.stagesOf(in)
	}
	return c.stages.request, in
}

func (c *camera) stagesOf(in *requestBody) *Request {
	q := &Request{From: in.User, Changed: in.Admission, Refused: in.Error}
	if in.Process != "" && in.Process != in.User {
		q.From += ", with the program " + in.Process
	}
	switch in.Rule {
	case "":
	case "system:masters":
		q.May = "yes: the group system:masters may do everything"
	case "node authorizer":
		q.May = "yes, the node authorizer says: it concerns the kubelet's own machine"
	default:
		q.May = "yes, by the role " + in.Rule
	}
	if in.Error != "" {
		return q
	}
	switch {
	case in.Outcome == "dry run":
		q.Valid = "valid; a dry run ends here, nothing is written"
	case in.Revision == 0:
		q.Valid = "valid; it changes nothing, so nothing is written"
	case in.Verb != "delete":
		q.Valid = "defaults filled in, every field checked: valid"
	}
	if in.Revision == 0 {
		return q
	}
	q.Etcd = fmt.Sprintf("revision %d", in.Revision)
	if r := api.ByName(in.Resource); r != nil {
		key := api.ParseKey(in.Key)
		q.Etcd = fmt.Sprintf("%s, revision %d", r.StoreKey(key), in.Revision)
		q.Value = c.changes(r, key, in.Revision)
	}
	q.Tells = "nobody: no program watches this"
	if len(in.Told) > 0 {
		q.Tells = told(in.Told, false) + ". Each hears of it in some milliseconds of the cluster's time"
	}
	return q
}

// maxChanges is how many changed fields of a value are shown.
const maxChanges = 5

// changes says how the value of a key changed with a revision.
func (c *camera) changes(r *api.Resource, key api.Key, revision int64) []string {
	versions, err := c.session.History(r, key)
	if err != nil {
		return nil
	}
	var before, after map[string]string
	for _, v := range versions {
		switch {
		case v.Revision == revision && v.Deleted:
			return []string{"it is gone"}
		case v.Revision == revision:
			after = c.leaves(r, key, v.Revision)
		case v.Revision < revision && !v.Deleted:
			before = c.leaves(r, key, v.Revision)
		case v.Revision < revision:
			before = nil
		}
	}
	switch {
	case after == nil:
		return nil
	case before == nil:
		return []string{"new: y shows it"}
	}
	fields := maps.Clone(before)
	maps.Copy(fields, after)
	var out []string
	for _, f := range slices.Sorted(maps.Keys(fields)) {
		if before[f] != after[f] {
			out = append(out, fmt.Sprintf("%s: %s → %s", f, orNothing(before[f]), orNothing(after[f])))
		}
	}
	if n := len(out) - maxChanges; n > 0 {
		out = append(out[:maxChanges], fmt.Sprintf("and %d more; y shows it whole", n))
	}
	return out
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return cut(s, 40, "…")
}

// leaves are the fields of an object at a revision with their values, but for
// those that change with every write.
func (c *camera) leaves(r *api.Resource, key api.Key, revision int64) map[string]string {
	o, err := c.session.Object(r, key, revision)
	if err != nil {
		return nil
	}
	data, err := json.Marshal(o)
	if err != nil {
		return nil
	}
	var tree map[string]any
	if json.Unmarshal(data, &tree) != nil {
		return nil
	}
	if meta, ok := tree["metadata"].(map[string]any); ok {
		for _, name := range []string{"managedFields", "resourceVersion", "generation"} {
			delete(meta, name)
		}
	}
	out := map[string]string{}
	flatten("", tree, out)
	return out
}

func flatten(path string, v any, out map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		for name, child := range v {
			flatten(strings.TrimPrefix(path+"."+name, "."), child, out)
		}
	case []any:
		for i, child := range v {
			flatten(fmt.Sprintf("%s[%d]", path, i), child, out)
		}
	default:
		out[path] = fmt.Sprint(v)
	}
}

// requestLines are the stages in the order in which a request passes them.
func requestLines(q *Request, n int) []line {
	var out []line
	add := func(name, value string, p paint) {
		if value != "" {
			out = append(out, field(name, value, p, n)...)
		}
	}
	add("who", q.From, paint{role: who})
	add("may they", q.May, paint{})
	add("admission", strings.Join(q.Changed, ", "), paint{})
	add("refused", q.Refused, paint{role: bad})
	add("checks", q.Valid, paint{})
	add("etcd", q.Etcd, paint{role: good})
	for i, v := range q.Value {
		name := ""
		if i == 0 {
			name = "value"
		}
		out = append(out, field(name, v, paint{}, n)...)
	}
	add("tells", q.Tells, paint{role: who})
	return out
}
