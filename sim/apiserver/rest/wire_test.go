package rest_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestWire makes requests with faults that the recorded cases do not have; what
// is to come of them stands in Kubernetes' own handlers.
func TestWire(t *testing.T) {
	w := build(t, config(), 10)
	const maps = "/api/v1/namespaces/default/configmaps"
	const json, merge, apply = "application/json", "application/merge-patch+json", "application/apply-patch+yaml"
	if code, body, _ := w.ask("POST", maps, "secret", `{"metadata":{"name":"a"},"data":{"k":"v"}}`); code != http.StatusCreated {
		t.Fatal(code, body)
	}
	for name, c := range map[string]struct {
		method, path, form, body string
		code                     int
		says                     string
	}{
		"a generated name that is given": {"POST", maps, json, `{"metadata":{"name":"a","generateName":"b-"}}`, 409, "was not able to generate a unique name"},
		"a version from before":          {"POST", "/apis/apps/v1/namespaces/default/deployments", json, `{"apiVersion":"apps/v1beta1","kind":"Deployment"}`, 400, "the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)"},
		"no name to put":                 {"PUT", maps + "/a", json, `{"data":{}}`, 400, "(a based on URL) was undeterminable: name must be provided"},
		"another namespace to put to":    {"PUT", maps + "/a", json, `{"metadata":{"name":"a","namespace":"b"}}`, 400, "the namespace of the provided object does not match"},
		"another object to put":          {"PUT", maps + "/a", json, `{"metadata":{"name":"a","uid":"b"}}`, 409, "Precondition failed: UID in precondition: b"},
		"a cluster's object with one":    {"POST", "/api/v1/namespaces?dryRun=All", json, `{"metadata":{"name":"n","namespace":"b"}}`, 201, `"name":"n"`},
		"another kind by a patch":        {"PATCH", maps + "/a", merge, `{"kind":"Secret"}`, 422, "converting (v1.Secret) to (core.ConfigMap): unknown conversion"},
		"another object by a patch":      {"PATCH", maps + "/a", merge, `{"metadata":{"uid":"b"}}`, 422, "field is immutable"},
		"no patch in a patch":            {"PATCH", maps + "/a", merge, `[]`, 400, "error decoding patch: json: cannot unmarshal array"},
		"no form of a patch":             {"PATCH", maps + "/a", "", `{}`, 415, "415: Unsupported Media Type"},
		"another kind applied":           {"PATCH", maps + "/a?fieldManager=x", apply, `{"apiVersion":"v1","kind":"Secret"}`, 400, "invalid object type: /v1, Kind=Secret"},
		"a field applied twice":          {"PATCH", maps + "/a?fieldManager=x&fieldValidation=Strict", apply, "apiVersion: v1\nkind: ConfigMap\ndata: {a: b, a: c}", 400, "error strict decoding YAML"},
		"force without apply":            {"PATCH", maps + "/a?force=false", merge, `{}`, 422, "force: Forbidden: may not be specified for non-apply patch"},
		"all maps of all namespaces":     {"DELETE", "/api/v1/configmaps", "", "", 405, "does not allow this method"},
		"all namespaces":                 {"DELETE", "/api/v1/namespaces", "", "", 405, "does not allow this method"},
		"a way of deleting":              {"DELETE", maps + "/a?propagationPolicy=Sideways", "", "", 422, `supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"`},
		"a seconds of grace":             {"DELETE", maps + "/a?gracePeriodSeconds=x", "", "", 400, `strconv.ParseInt: parsing \"x\": invalid syntax`},
		"options of another kind":        {"DELETE", maps + "/a", json, `{"kind":"Pod","apiVersion":"v1"}`, 400, `no kind \"Pod\" is registered`},
		"a token of no page":             {"GET", maps + "?continue=x", "", "", 400, "invalid continue token: continue key is not valid"},
		"a token and a version":          {"GET", maps + "?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0&resourceVersion=5", "", "", 400, "specifying resource version is not allowed when using continue"},
		"a version to come":              {"GET", maps + "?resourceVersion=99999999", "", "", 504, "Too large resource version"},
		"a watch from no version":        {"GET", maps + "?watch=1&resourceVersion=x", "", "", 500, `resourceVersion: Invalid value: \"x\"`},
		"a watch from what is to come":   {"GET", maps + "?watch=1&resourceVersion=99999999&timeoutSeconds=1", "", "", 200, ""},
		"a list as one thing":            {"GET", maps, "accept:application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "", 406, "the requested object is a list (*core.ConfigMapList)"},
		"rows with what":                 {"GET", maps + "?includeObject=Some", "accept:application/json;as=Table;v=v1;g=meta.k8s.io", "", 400, "Unable to convert to Table as requested"},
		"a field of a job":               {"GET", "/apis/batch/v1/jobs?fieldSelector=spec.x=1", "", "", 400, `field label \"spec.x\" not supported for Job`},
		"a group that is not":            {"GET", "/apis/x.example/v1/things", "", "", 404, "404 page not found"},
		"a watch of old":                 {"GET", "/api/v1/watch/namespaces/default/configmaps/a?timeoutSeconds=1", "", "", 200, `"type":"ADDED"`},
		"what a node says":               {"GET", "/api/v1/nodes/worker-1/proxy/metrics", "", "", 400, "simulated containers run no processes"},
		"the end of a log":               {"GET", "/api/v1/namespaces/default/pods/x/log?tailLines=-1", "", "", 422, "tailLines: Invalid value: -1"},
	} {
		t.Run(name, func(t *testing.T) {
			kind, form := "Content-Type", c.form
			if rest, ok := strings.CutPrefix(form, "accept:"); ok {
				kind, form = "Accept", rest
			}
			code, body, _ := w.ask(c.method, c.path, "secret", c.body, header(kind, form))
			if code != c.code || !strings.Contains(body, c.says) {
				t.Errorf("%d %s", code, body)
			}
		})
	}
}

// TestActingForOthers has somebody act for others by each of the rules that allow it.
func TestActingForOthers(t *testing.T) {
	w := build(t, config(), 10)
	grant := func(name, rules string) {
		t.Helper()
		for path, body := range map[string]string{
			"clusterroles":        `{"metadata":{"name":"` + name + `"},"rules":[` + rules + `]}`,
			"clusterrolebindings": `{"metadata":{"name":"` + name + `"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"` + name + `"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"nobody"}]}`,
		} {
			if code, answer, _ := w.ask("POST", "/apis/rbac.authorization.k8s.io/v1/"+path, "secret", body); code != 201 {
				t.Fatal(code, answer)
			}
		}
	}
	who := func(headers ...string) string {
		t.Helper()
		_, body, _ := w.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "weak", "{}", func(r *http.Request) {
			for i := 0; i < len(headers); i += 2 {
				r.Header.Add(headers[i], headers[i+1])
			}
		})
		return body
	}
	const refused = `cannot impersonate-on:user-info:create resource \"selfsubjectreviews\"`
	if got := who("Impersonate-User", "jane"); !strings.Contains(got, refused) {
		t.Errorf("without a role: %s", got)
	}
	grant("plain", `{"verbs":["impersonate"],"apiGroups":[""],"resources":["users"],"resourceNames":["jane"]}`)
	if got := who("Impersonate-User", "jane"); !strings.Contains(got, `"username":"jane","groups":["system:authenticated"]`) {
		t.Errorf("by the oldest way: %s", got)
	}
	if got := who("Impersonate-User", "jane", "Impersonate-Group", "system:masters"); !strings.Contains(got, refused) {
		t.Errorf("with a group that is not granted: %s", got)
	}
	if got := who("Impersonate-User", "bob"); !strings.Contains(got, refused) {
		t.Errorf("another user: %s", got)
	}
	grant("extras", `{"verbs":["impersonate:user-info"],"apiGroups":["authentication.k8s.io"],"resources":["users"],"resourceNames":["jim"]},
		{"verbs":["impersonate-on:user-info:create"],"apiGroups":["authentication.k8s.io"],"resources":["selfsubjectreviews"]}`)
	for range 20 { // of several faults always the same one is told
		if got := who("Impersonate-User", "jim", "Impersonate-Extra-B", "y", "Impersonate-Extra-A", "x"); !strings.Contains(got, `userextras/a`) {
			t.Fatalf("with two things that are not granted: %s", got)
		}
	}
	grant("nodes", `{"verbs":["impersonate:arbitrary-node"],"apiGroups":["authentication.k8s.io"],"resources":["nodes"]},
		{"verbs":["impersonate-on:arbitrary-node:create"],"apiGroups":["authentication.k8s.io"],"resources":["selfsubjectreviews"]}`)
	if got := who("Impersonate-User", "system:node:worker-1"); !strings.Contains(got, `"groups":["system:nodes","system:authenticated"]`) {
		t.Errorf("for a node: %s", got)
	}
	grant("accounts", `{"verbs":["impersonate:serviceaccount"],"apiGroups":["authentication.k8s.io"],"resources":["serviceaccounts"]},
		{"verbs":["impersonate-on:serviceaccount:create"],"apiGroups":["authentication.k8s.io"],"resources":["selfsubjectreviews"]}`)
	if got := who("Impersonate-User", "system:serviceaccount:shop:default"); !strings.Contains(got, `"system:serviceaccounts:shop"`) {
		t.Errorf("for a service account: %s", got)
	}
}

func TestDeprecatedResourcesWarn(t *testing.T) {
	w := build(t, config(), 10)
	const want = `299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"`
	for path, warns := range map[string]bool{
		"/api/v1/endpoints": true,
		"/api/v1/namespaces/default/endpoints/kubernetes":       true,
		"/apis/discovery.k8s.io/v1/endpointslices":              false,
		"/apis/autoscaling/v1/horizontalpodautoscalers":         false,
		"/api/v1/namespaces/default/endpoints?watch=1&limit=x1": true,
	} {
		_, _, header := w.ask("GET", path, "secret", "")
		if got := header.Values("Warning"); warns && (len(got) != 1 || got[0] != want) || !warns && len(got) > 0 {
			t.Errorf("%s: %q", path, got)
		}
	}
}
