package rest_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	openapiv2 "github.com/google/gnostic-models/openapiv2"
	"google.golang.org/protobuf/proto"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/internal/conformance"
)

// ask makes a bare request, with a token if there is one, and gives the code and the body.
func (w *town) ask(method, path, token, body string, change ...func(*http.Request)) (int, string, http.Header) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), method, "https://"+w.server.Address()+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for _, f := range change {
		f(r)
	}
	insecure := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer insecure.CloseIdleConnections()
	answer, err := insecure.RoundTrip(r)
	if err != nil {
		w.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		w.Fatal(err)
	}
	return answer.StatusCode, string(data), answer.Header
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// TestWhoMayDoWhat knocks at the door in the ways that it should and should not open to.
func TestWhoMayDoWhat(t *testing.T) {
	w := build(t, config(), 10)
	const pods = "/api/v1/namespaces/default/pods"
	for name, c := range map[string]struct {
		method, path, token, body string
		change                    func(*http.Request)
		code                      int
		says                      string
	}{
		"health for all":          {path: "/healthz", code: 200, says: "ok"},
		"version for all":         {path: "/version", code: 200, says: `"v1.36.3"`},
		"nothing else":            {path: pods, code: 403, says: `User \"system:anonymous\" cannot list`},
		"nor discovery":           {path: "/apis", code: 403, says: `cannot get path \"/apis\"`},
		"a token":                 {path: pods, token: "secret", code: 200, says: "PodList"},
		"a wrong token":           {path: pods, token: "secrets", code: 401},
		"a scheme in lower case":  {path: pods, change: header("Authorization", "bearer secret"), code: 200},
		"another scheme":          {path: pods, change: header("Authorization", "Basic YTpi"), code: 403, says: `User \"system:anonymous\" cannot list`},
		"one who may not":         {path: pods, token: "weak", code: 403, says: `User \"nobody\" cannot list resource \"pods\"`},
		"another Host":            {path: pods, token: "secret", change: func(r *http.Request) { r.Host = "evil.example" }, code: 403},
		"a Host like our own":     {path: pods, token: "secret", change: func(r *http.Request) { r.Host = "kubernetes.default.evil.example" }, code: 403},
		"our own Host":            {path: pods, token: "secret", change: func(r *http.Request) { r.Host = "Kubernetes.default.svc:6443" }, code: 200},
		"another Origin":          {path: pods, token: "secret", change: header("Origin", "https://evil.example"), code: 403},
		"our own Origin":          {path: pods, token: "secret", change: header("Origin", "http://localhost:8080"), code: 200},
		"acting for another":      {path: pods, token: "secret", change: header("Impersonate-User", "jane"), code: 403, says: `User \"jane\" cannot`},
		"not everybody may":       {path: pods, token: "weak", change: header("Impersonate-User", "jane"), code: 403, says: "cannot impersonate"},
		"groups without a user":   {path: pods, token: "secret", change: header("Impersonate-Group", "x"), code: 400},
		"a way that is none":      {path: "/api/v1/nonsense", token: "secret", code: 404, says: "could not find the requested resource"},
		"a path upwards":          {path: "/api/v1/namespaces/../../x", token: "secret", code: 404},
		"a form that is none":     {path: pods, token: "secret", change: header("Accept", "image/png"), code: 406},
		"a body of no known form": {method: "POST", path: pods, token: "secret", body: "x", change: header("Content-Type", "text/html"), code: 415},
		"too large a body":        {method: "POST", path: pods, token: "secret", body: strings.Repeat(" ", 4<<20), code: 413},
		"half an object":          {method: "POST", path: pods, token: "secret", body: `{"kind":"Pod"`, code: 400},
		"no object":               {method: "POST", path: pods, token: "secret", code: 400},
		"another kind":            {method: "POST", path: pods, token: "secret", body: `{"kind":"Service","apiVersion":"v1","metadata":{"name":"x"}}`, code: 400},
		"a wrong verb":            {method: "POST", path: pods + "/x", token: "secret", body: "{}", code: 405},
		"a bad dryRun":            {method: "POST", path: pods + "?dryRun=Some", token: "secret", body: "{}", code: 422},
		"a bad limit":             {path: pods + "?limit=x", token: "secret", code: 400},
		"a bad version":           {path: pods + "?resourceVersion=x", token: "secret", code: 400},
		"a bad label selector":    {path: pods + "?labelSelector=a%3D%3D%3Db%2C%2C", token: "secret", code: 400},
		"a process":               {method: "POST", path: pods + "/x/exec", token: "secret", code: 404},
		"watch, both ways":        {path: pods + "?watch=1&sendInitialEvents=true", token: "secret", code: 422, says: "resourceVersionMatch"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.method == "" {
				c.method = "GET"
			}
			if c.change == nil {
				c.change = func(*http.Request) {}
			}
			code, body, _ := w.ask(c.method, c.path, c.token, c.body, c.change)
			if code != c.code || !strings.Contains(body, c.says) {
				t.Errorf("got %d %s, want %d … %s", code, body, c.code, c.says)
			}
			var s metav1.Status
			if code >= 400 && (json.Unmarshal([]byte(body), &s) != nil || s.Kind != "Status" || int(s.Code) != code) {
				t.Errorf("the refusal is no Status: %s", body)
			}
		})
	}
}

func TestKubeconfigIsPrivate(t *testing.T) {
	w := build(t, config(), 10)
	info, err := os.Stat(w.file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// TestForms asks for one thing in all forms.
func TestForms(t *testing.T) {
	w := build(t, config(), 10)
	const nodes = "/api/v1/nodes"
	for accept, want := range map[string]string{
		"application/json":                    `"kind":"NodeList"`,
		"application/yaml":                    "kind: NodeList",
		"application/vnd.kubernetes.protobuf": "k8s\x00",
		"application/json;as=Table;v=v1;g=meta.k8s.io,application/json":    `"kind":"Table"`,
		"application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io": `"kind":"PartialObjectMetadataList"`,
		"text/html, */*;q=0.5": `"kind":"NodeList"`,
	} {
		code, body, _ := w.ask("GET", nodes, "secret", "", header("Accept", accept))
		if code != 200 || !strings.Contains(body, want) || !strings.Contains(body, "worker-2") {
			t.Errorf("%s: %d %.300s", accept, code, body)
		}
	}
	code, body, h := w.ask("GET", "/apis", "secret", "", header("Accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"))
	if code != 200 || !strings.Contains(h.Get("Content-Type"), "as=APIGroupDiscoveryList") || !strings.Contains(body, `"deployments"`) {
		t.Errorf("aggregated discovery: %d %s %.300s", code, h, body)
	}
	if code, body, _ := w.ask("GET", "/api/v1", "secret", ""); code != 200 || !strings.Contains(body, `"pods/eviction"`) {
		t.Errorf("plain discovery: %d %.300s", code, body)
	}
	code, body, _ = w.ask("GET", "/openapi/v3/apis/apps/v1", "secret", "")
	if code != 200 || !json.Valid([]byte(body)) || !strings.Contains(body, "io.k8s.api.apps.v1.DeploymentStrategy") || !strings.Contains(body, "fieldValidation") {
		t.Errorf("OpenAPI: %d %.300s", code, body)
	}
}

// TestOpenAPISecond asks for OpenAPI v2 as kubectl does, as a person does, again, in a form that there is not, and as nobody in particular.
func TestOpenAPISecond(t *testing.T) {
	w := build(t, config(), 10)
	code, body, h := w.ask("GET", "/openapi/v2", "secret", "")
	if code != 200 || !json.Valid([]byte(body)) || !strings.Contains(body, "#/definitions/io.k8s.api.apps.v1.DeploymentStrategy") {
		t.Errorf("JSON: %d %.300s", code, body)
	}
	if code, body, _ := w.ask("GET", "/openapi/v2", "secret", "", header("If-None-Match", h.Get("ETag"))); code != 304 || body != "" {
		t.Errorf("again: %d %.300s", code, body)
	}
	code, body, h = w.ask("GET", "/openapi/v2", "secret", "", header("Accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"))
	var document openapiv2.Document
	if err := proto.Unmarshal([]byte(body), &document); code != 200 || err != nil || h.Get("Content-Type") != "application/com.github.proto-openapi.spec.v2.v1.0+protobuf" {
		t.Fatalf("protobuf: %d %v %v %.300q", code, err, h, body)
	}
	if len(document.GetPaths().GetPath()) < 50 || len(document.GetDefinitions().GetAdditionalProperties()) < 300 {
		t.Errorf("protobuf: %d paths, %d definitions", len(document.GetPaths().GetPath()), len(document.GetDefinitions().GetAdditionalProperties()))
	}
	if code, body, _ := w.ask("GET", "/openapi/v2", "secret", "", header("Accept", "text/html")); code != 406 {
		t.Errorf("a form that there is not: %d %.300s", code, body)
	}
	second, _, _ := w.ask("GET", "/openapi/v2", "", "")
	if third, _, _ := w.ask("GET", "/openapi/v3", "", ""); second != third || second == 200 {
		t.Errorf("anonymous: %d, and v3 %d", second, third)
	}
}

// TestUnknownFields sends a field that there is not, in the three ways to treat it.
func TestUnknownFields(t *testing.T) {
	w := build(t, config(), 10)
	const path = "/api/v1/namespaces/default/configmaps"
	send := func(name, how string) (int, string, http.Header) {
		body := `{"metadata":{"name":"` + name + `"},"date":{}}`
		return w.ask("POST", path+"?fieldValidation="+how, "secret", body)
	}
	if code, body, _ := send("a", "Strict"); code != 400 || !strings.Contains(body, `unknown field \"date\"`) {
		t.Errorf("strict: %d %s", code, body)
	}
	if code, _, h := send("b", "Warn"); code != 201 || !strings.Contains(h.Get("Warning"), `299 - "unknown field \"date\""`) {
		t.Errorf("warn: %d %q", code, h.Get("Warning"))
	}
	if code, _, h := send("c", "Ignore"); code != 201 || h.Get("Warning") != "" {
		t.Errorf("ignore: %d %q", code, h.Get("Warning"))
	}
	for how, want := range map[string]int{"Strict": 422, "Warn": 200, "Ignore": 200} {
		code, body, _ := w.ask("PATCH", path+"/b?fieldValidation="+how, "secret", `{"date":{}}`, header("Content-Type", "application/merge-patch+json"))
		if code != want {
			t.Errorf("patch, %s: %d %s", how, code, body)
		}
	}
}

// FuzzRequests asks for anything in any form: the server must answer and live on.
func FuzzRequests(f *testing.F) {
	for _, path := range []string{
		"/api/v1/pods?limit=2&continue=x", "/api/v1/pods?watch=1&timeoutSeconds=1&resourceVersion=0", "/apis/apps/v1/namespaces/default/deployments/x/scale",
		"/api/v1/namespaces/default/pods?fieldSelector=a!=b&labelSelector=a%20in%20(b)", "/openapi/v3/api/v1", "/api/v1/pods?resourceVersionMatch=Exact&resourceVersion=3",
	} {
		f.Add("GET", path, "application/json", []byte(nil))
	}
	f.Add("POST", "/api/v1/namespaces/default/pods", "application/vnd.kubernetes.protobuf", []byte("k8s\x00\n\t\n\x02v1\x12\x03Pod\x12\x00"))
	f.Add("PATCH", "/api/v1/namespaces/kube-system", "application/apply-patch+yaml", []byte("a: {b"))
	f.Add("PATCH", "/api/v1/nodes/worker-1?fieldManager=x", "application/apply-patch+yaml", []byte("kind: Node\napiVersion: v1\nspec: {taints: [{key: 1}]}"))
	f.Add("DELETE", "/api/v1/namespaces/default/pods?propagationPolicy=x", "application/yaml", []byte("kind: DeleteOptions\ngracePeriodSeconds: x"))
	f.Add("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "application/json", []byte(`{"spec":{}}`))
	methods := map[string]string{"create": "POST", "post": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE", "deletecollection": "DELETE"}
	for _, folder := range []string{"objects", "server"} {
		cases, err := conformance.Load(folder)
		if err != nil {
			f.Fatal(err)
		}
		for _, c := range cases {
			if method := methods[c.Request.Verb]; method != "" {
				f.Add(method, c.Request.Path, c.Request.ContentType, c.Request.Data())
			}
		}
	}
	w := build(f, config(), 1000)
	handler := w.server.Handler()
	f.Fuzz(func(t *testing.T, method, path, contentType string, body []byte) {
		r, err := http.NewRequest(method, "https://localhost/", bytes.NewReader(body))
		if err != nil {
			return
		}
		u, err := r.URL.Parse(path)
		if err != nil || strings.Contains(u.RawQuery, "watch") && !strings.Contains(u.RawQuery, "timeoutSeconds=1&") {
			return
		}
		r.URL, r.Host = u, "localhost"
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Authorization", "Bearer secret")
		answer := &sheet{header: http.Header{}}
		handler.ServeHTTP(answer, r)
		if answer.code == 0 || strings.Contains(answer.body.String(), "apiserver to panic") {
			t.Errorf("%s %s: %d %s", method, path, answer.code, answer.body.String())
		}
	})
}

// sheet takes an answer down.
type sheet struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (s *sheet) Header() http.Header         { return s.header }
func (s *sheet) WriteHeader(code int)        { s.code = code }
func (s *sheet) Write(b []byte) (int, error) { return s.body.Write(b) }
