package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Given is an answer that is to be compared.
type Given struct {
	Code     int
	Warnings []string
	Header   func(string) string // nil: headers are not compared
	Body     []byte
}

// Compare says in what a given answer to a request differs from the case's, "" if in nothing.
func (c *Case) Compare(g Given) string { return c.compare(c.Request, c.Answer, g) }

// CompareAfter is Compare for the i-th further request.
func (c *Case) CompareAfter(i int, g Given) string {
	return c.compare(c.After[i], c.Answer.After[i], g)
}

func (c *Case) compare(r Request, want Answer, g Given) string {
	if g.Code != want.Code {
		return fmt.Sprintf("code %d instead of %d: %s", g.Code, want.Code, short(g.Body))
	}
	// The order of warnings is that of the fields in the body, which the test's
	// JSON has in another order than the body that was sent.
	slices.Sort(g.Warnings)
	warnings := slices.Sorted(slices.Values(want.Warnings))
	if !slices.Equal(g.Warnings, warnings) {
		return fmt.Sprintf("warnings\n got %q\nwant %q", g.Warnings, warnings)
	}
	if g.Header != nil {
		if d := want.headers(g.Header); d != "" {
			return d
		}
	}
	if want.Text != nil {
		return difference("text", string(g.Body), *want.Text)
	}
	if want.Events != nil {
		return want.events(g.Body)
	}
	var is map[string]any
	if err := json.Unmarshal(g.Body, &is); err != nil {
		return fmt.Sprintf("%v in %s", err, short(g.Body))
	}
	switch {
	case want.Version != nil:
		return difference("version", map[string]any{"major": is["major"], "minor": is["minor"]}, plain(want.Version))
	case want.List != nil:
		return want.list(is)
	case want.Defaulted != nil:
		return c.object(r, is, want.Defaulted)
	}
	return want.status(is)
}

func short(body []byte) string {
	const most = 400
	return string(body[:min(len(body), most)])
}

func (want Answer) headers(header func(string) string) string {
	if want.RetryAfter != nil && header("Retry-After") != strconv.Itoa(*want.RetryAfter) {
		return fmt.Sprintf("header Retry-After %q instead of %d", header("Retry-After"), *want.RetryAfter)
	}
	for name, value := range map[string]*string{"Allow": want.Allow, "Content-Type": want.ContentType} {
		if value == nil {
			continue
		}
		if got := header(name); got != *value {
			return fmt.Sprintf("header %s %q instead of %q", name, got, *value)
		}
	}
	return ""
}

// status compares a Status.
func (want Answer) status(is map[string]any) string {
	text := func(key string) string { s, _ := is[key].(string); return s }
	if text("reason") != want.Reason || !like(want.Message, text("message")) || want.Status != "" && text("status") != want.Status {
		return fmt.Sprintf("status\n got %s %s\nwant %s %s", text("reason"), text("message"), want.Reason, want.Message)
	}
	details, _ := is["details"].(map[string]any)
	given, _ := details["causes"].([]any)
	var causes []any
	for _, w := range want.Causes {
		cause := map[string]any{}
		for key, value := range map[string]string{"reason": w.Reason, "field": w.Field, "message": w.Message} {
			if value != "" {
				cause[key] = value
			}
		}
		causes = append(causes, cause)
	}
	if d := difference("causes", given, causes); d != "" && len(given)+len(causes) > 0 {
		return d
	}
	for _, key := range slices.Sorted(maps.Keys(want.Details)) {
		if d := difference("details."+key, details[key], want.Details[key]); d != "" {
			return d
		}
	}
	return ""
}

func (want Answer) list(is map[string]any) string {
	if is["kind"] != want.List.Kind || is["apiVersion"] != want.List.APIVersion {
		return fmt.Sprintf("a list of kind %v %v", is["apiVersion"], is["kind"])
	}
	names := []string{}
	items, _ := is["items"].([]any)
	for _, o := range items {
		names = append(names, o.(map[string]any)["metadata"].(map[string]any)["name"].(string))
	}
	if len(names)+len(want.List.Names) > 0 && !slices.Equal(names, want.List.Names) {
		return fmt.Sprintf("names %v instead of %v", names, want.List.Names)
	}
	meta, _ := is["metadata"].(map[string]any)
	token, _ := meta["continue"].(string)
	if (token != "") != (want.List.Continue != "") {
		return fmt.Sprintf("continue %q", token)
	}
	left, ok := meta["remainingItemCount"].(float64)
	if ok != (want.List.RemainingItemCount != nil) || ok && int64(left) != *want.List.RemainingItemCount {
		return fmt.Sprintf("remainingItemCount %v", meta["remainingItemCount"])
	}
	return ""
}

func (want Answer) events(body []byte) string {
	var got []any
	for line := range strings.Lines(string(body)) {
		var e Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			return err.Error()
		}
		got = append(got, e)
	}
	if len(got) != len(want.Events) {
		return fmt.Sprintf("%d events instead of %d: %s", len(got), len(want.Events), short(body))
	}
	for i, w := range want.Events {
		g := got[i].(Event)
		if g.Type != w.Type {
			return fmt.Sprintf("event %d is %s instead of %s", i, g.Type, w.Type)
		}
		for _, key := range slices.Sorted(maps.Keys(w.Object)) {
			value := g.Object[key]
			if meta, ok := g.Object["metadata"].(map[string]any); ok && value == nil {
				value = meta[key]
			}
			if d := difference(fmt.Sprintf("event %d, %s", i, key), value, w.Object[key]); d != "" {
				return d
			}
		}
	}
	return ""
}

// object compares an object, but for what differs from server to server.
func (c *Case) object(r Request, is, want map[string]any) string {
	withoutServers(is, c.ManagedBy)
	if rows, ok := is["rows"].([]any); ok {
		for _, row := range rows {
			if o, ok := row.(map[string]any)["object"].(map[string]any); ok {
				withoutServers(o, false)
			}
		}
	}
	if r.Verb != "create" {
		withoutControllers(is, want)
	}
	withoutAllocated(is, want)
	return difference("", is, want)
}

func withoutServers(o map[string]any, keepManaged bool) {
	meta, ok := o["metadata"].(map[string]any)
	if !ok {
		return
	}
	for _, name := range []string{"uid", "resourceVersion", "creationTimestamp"} {
		delete(meta, name)
	}
	managed, _ := meta["managedFields"].([]any)
	if !keepManaged {
		delete(meta, "managedFields")
	}
	for _, m := range managed {
		delete(m.(map[string]any), "time")
	}
}

// withoutControllers drops what controllers may have written: what the recorder
// dropped, and the time that the scheduler gives to its condition.
func withoutControllers(is, want map[string]any) {
	if annotations, ok := at(is, "metadata.annotations").(map[string]any); ok {
		const revision = "deployment.kubernetes.io/revision"
		if wanted, _ := at(want, "metadata.annotations").(map[string]any); wanted[revision] == nil {
			delete(annotations, revision)
		}
		if len(annotations) == 0 {
			delete(is["metadata"].(map[string]any), "annotations")
		}
	}
	if spec, ok := is["spec"].(map[string]any); ok && is["kind"] == "Pod" && at(want, "spec.nodeName") == nil {
		delete(spec, "nodeName")
	}
	if is["kind"] == "Scale" {
		if status, ok := is["status"].(map[string]any); ok {
			delete(status, "replicas")
		}
	}
	status, ok := want["status"].(map[string]any)
	if !ok {
		delete(is, "status")
		return
	}
	conditions, _ := status["conditions"].([]any)
	for _, c := range conditions {
		if c, ok := c.(map[string]any); ok && c["lastTransitionTime"] == "<TIME>" {
			delete(c, "lastTransitionTime")
		}
	}
	conditions, _ = at(is, "status.conditions").([]any)
	for _, c := range conditions {
		if c, ok := c.(map[string]any); ok && len(status) > 0 {
			delete(c, "lastTransitionTime")
		}
	}
}

// withoutAllocated drops the addresses and ports that the request did not choose.
func withoutAllocated(is, want map[string]any) {
	if is["kind"] != "Service" {
		return
	}
	spec, _ := is["spec"].(map[string]any)
	wanted, _ := want["spec"].(map[string]any)
	for _, name := range []string{"clusterIP", "clusterIPs", "healthCheckNodePort"} {
		if _, ok := wanted[name]; !ok {
			delete(spec, name)
		}
	}
	ports, _ := spec["ports"].([]any)
	chosen, _ := wanted["ports"].([]any)
	for i := range min(len(ports), len(chosen)) {
		if _, ok := chosen[i].(map[string]any)["nodePort"]; !ok {
			delete(ports[i].(map[string]any), "nodePort")
		}
	}
}

// At is the value at a dotted path of an object in JSON, nil if there is none.
func At(body []byte, path string) any {
	var o map[string]any
	if json.Unmarshal(body, &o) != nil {
		return nil
	}
	return at(o, path)
}

// at goes down a dotted path; a name with dots in it may be its end, and a number
// is the place in a list, counted from 0.
func at(o map[string]any, path string) any {
	if v, ok := o[path]; ok {
		return v
	}
	first, rest, more := strings.Cut(path, ".")
	if !more {
		return nil
	}
	next := o[first]
	if list, ok := next.([]any); ok {
		first, rest, more = strings.Cut(rest, ".")
		i, err := strconv.Atoi(first)
		if err != nil || i < 0 || i >= len(list) {
			return nil
		}
		if next = list[i]; !more {
			return next
		}
	}
	down, ok := next.(map[string]any)
	if !ok {
		return nil
	}
	return at(down, rest)
}

// difference says where two values differ, "" if nowhere.
func difference(path string, got, want any) string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			break
		}
		keys := slices.Sorted(maps.Keys(w))
		for k := range g {
			if _, ok := w[k]; !ok {
				keys = append(keys, k)
			}
		}
		slices.Sort(keys)
		for _, k := range keys {
			if d := difference(path+"."+k, g[k], w[k]); d != "" {
				return d
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			break
		}
		for i := range w {
			if d := difference(fmt.Sprintf("%s[%d]", path, i), g[i], w[i]); d != "" {
				return d
			}
		}
		return ""
	case string:
		if g, ok := got.(string); ok && like(w, g) {
			return ""
		}
	}
	if reflect.DeepEqual(got, want) {
		return ""
	}
	return fmt.Sprintf("%s\n got %v\nwant %v", path, show(got), show(want))
}

func plain(m map[string]string) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

var placeholder = regexp.MustCompile(`<(UID|RV|TIME|HASH5|HASH|IP|SCHEME|AGE|CONTINUE|SERVER)>`)

// like says whether a text is what is wanted, where placeholders stand for anything.
func like(want, got string) bool {
	if want == got || !placeholder.MatchString(want) {
		return want == got
	}
	parts := placeholder.Split(want, -1)
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("(?s)^" + strings.Join(parts, ".+") + "$").MatchString(got)
}
