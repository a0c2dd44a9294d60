package kinds

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// compare says in what a response differs from the answer of a real server, "" if
// in nothing.
func (got response) compare(want answer, r request) string {
	if got.err != nil || want.Code >= 400 {
		return compareErrors(got.err, want)
	}
	// The order of warnings is that of the fields in the body, which the test's
	// JSON has in another order than the body that was sent.
	slices.Sort(got.warnings)
	slices.Sort(want.Warnings)
	if !slices.Equal(got.warnings, want.Warnings) {
		return fmt.Sprintf("warnings\n got %q\nwant %q", got.warnings, want.Warnings)
	}
	text, err := json.Marshal(got.object)
	if err != nil {
		return err.Error()
	}
	var is map[string]any
	if err := json.Unmarshal(text, &is); err != nil {
		return err.Error()
	}
	withoutServers(is)
	if r.Verb != "create" {
		withoutControllers(is, want.Defaulted)
	}
	withoutAllocated(is, want.Defaulted)
	return difference("", is, want.Defaulted)
}

func compareErrors(err error, want answer) string {
	var status *apierrors.StatusError
	if !errors.As(err, &status) {
		return fmt.Sprintf("answers %v instead of %d %s", err, want.Code, want.Message)
	}
	is := status.ErrStatus
	if int(is.Code) != want.Code || string(is.Reason) != want.Reason || !like(want.Message, is.Message) {
		return fmt.Sprintf("error\n got %d %s %s\nwant %d %s %s", is.Code, is.Reason, is.Message, want.Code, want.Reason, want.Message)
	}
	var causes []metav1.StatusCause
	if is.Details != nil {
		causes = is.Details.Causes
	}
	if len(causes) != len(want.Causes) {
		return fmt.Sprintf("%d causes instead of %d", len(causes), len(want.Causes))
	}
	for i, w := range want.Causes {
		if c := causes[i]; string(c.Type) != w.Reason || c.Field != w.Field || !like(w.Message, c.Message) {
			return fmt.Sprintf("cause %d\n got %s %s %s\nwant %s %s %s", i, c.Type, c.Field, c.Message, w.Reason, w.Field, w.Message)
		}
	}
	return ""
}

// withoutServers drops what differs from server to server.
func withoutServers(o map[string]any) {
	meta := o["metadata"].(map[string]any)
	for _, name := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields"} {
		delete(meta, name)
	}
}

// withoutControllers drops what controllers may have written: what the recorder
// dropped, and the time that the scheduler gives to its condition.
func withoutControllers(is, want map[string]any) {
	status, ok := want["status"].(map[string]any)
	if !ok {
		delete(is, "status")
		return
	}
	conditions, _ := status["conditions"].([]any)
	for _, c := range conditions {
		if c := c.(map[string]any); c["lastTransitionTime"] == "<TIME>" {
			c["lastTransitionTime"] = nil
		}
	}
}

// withoutAllocated drops the addresses and ports that the request did not choose.
func withoutAllocated(is, want map[string]any) {
	if is["kind"] != "Service" {
		return
	}
	spec, wanted := is["spec"].(map[string]any), want["spec"].(map[string]any)
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

// difference says where two values differ, "" if nowhere.
func difference(path string, got, want any) string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			break
		}
		for _, k := range sorted(sorted([]string(nil), w), g) {
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

func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

var placeholder = regexp.MustCompile(`<(UID|RV|TIME|HASH5|HASH|IP|SCHEME)>`)

// like reports whether a text is what is wanted, where placeholders stand for
// anything.
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
