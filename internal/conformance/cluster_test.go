package conformance_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"

	"minisim/internal/conformance"
	"minisim/sim/api"
	"minisim/sim/apiserver/rest"
	"minisim/sim/cluster"
)

// town is a cluster like the recorded one, served over HTTP. Its time stands still
// but when a test lets it go on.
type town struct {
	testing.TB
	cluster *cluster.Cluster
	server  *rest.Server
	wake    chan struct{}
	more    string // the continue token of the last list
}

func newTown(t testing.TB) *town {
	t.Helper()
	config := cluster.Config{Seed: 1, Instant: true, Latency: &cluster.Latency{}}
	for i := range 3 {
		config.Workers = append(config.Workers, cluster.Worker{
			Name: fmt.Sprintf("worker-%d", i+1), CPU: resource.MustParse("4"), Memory: resource.MustParse("8Gi"),
		})
	}
	w := &town{TB: t, wake: make(chan struct{}, 1)}
	keys, err := rest.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	config.RootCA = keys.RootCA()
	if w.cluster, err = cluster.New(context.Background(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.cluster.Close() })
	if w.server, err = rest.Start(rest.Config{Engine: w.cluster.Engine, API: w.cluster.API, Keys: keys}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.server.Close() })
	w.cluster.Engine.OnArrival(func() {
		select {
		case w.wake <- struct{}{}:
		default: // it is awake already
		}
	})
	w.cluster.Boot()
	w.pass(5 * time.Second)
	class := &api.Request{Verb: api.VerbDelete, Resource: api.StorageClasses, Key: api.Key{Name: "standard"}}
	if _, err := w.cluster.Admin("kubernetes-admin", "kubectl").Do(*class); err != nil {
		t.Fatal(err) // the recorded cluster has none
	}
	return w
}

// pass lets virtual time go on.
func (w *town) pass(d time.Duration) {
	w.Helper()
	if err := w.cluster.Engine.RunTo(w.cluster.Engine.Now() + d); err != nil {
		w.Fatal(err)
	}
}

var methods = map[string]string{
	"create": http.MethodPost, "post": http.MethodPost, "update": http.MethodPut, "patch": http.MethodPatch, "delete": http.MethodDelete,
	"deletecollection": http.MethodDelete, "get": http.MethodGet, "list": http.MethodGet, "watch": http.MethodGet,
}

// do makes one request and gives its answer.
func (w *town) do(r conformance.Request) conformance.Given {
	w.Helper()
	query := url.Values{}
	for k, v := range r.Query {
		query.Set(k, w.fill(v))
	}
	body := []byte(w.fill(string(r.Data())))
	if strings.HasSuffix(r.ContentType, "yaml") && r.RawBody == "" {
		var err error
		if body, err = yaml.JSONToYAML(body); err != nil {
			w.Fatal(err)
		}
	}
	q := httptest.NewRequest(methods[r.Verb], "https://127.0.0.1:6443"+r.Path+"?"+query.Encode(), bytes.NewReader(body))
	q.Header.Set("User-Agent", "conformance/1.0")
	q.Header.Set("Accept", "application/json")
	if r.ContentType != "" {
		q.Header.Set("Content-Type", r.ContentType)
	}
	for k, v := range r.Headers {
		q.Header.Set(k, w.fill(v))
	}
	w.identify(q, r.Identity)
	answer, done := httptest.NewRecorder(), make(chan struct{})
	go func() {
		w.server.Handler().ServeHTTP(answer, q)
		close(done)
	}()
	w.serve(done)
	g := conformance.Given{Code: answer.Code, Header: answer.Header().Get, Body: answer.Body.Bytes()}
	for _, h := range answer.Header().Values("Warning") {
		g.Warnings = append(g.Warnings, warning(h))
	}
	if token, ok := conformance.At(g.Body, "metadata.continue").(string); ok {
		w.more = token
	}
	return g
}

// serve answers who comes from outside until the request is done.
func (w *town) serve(done <-chan struct{}) {
	for {
		w.cluster.Engine.Serve()
		select {
		case <-done:
			return
		case <-w.wake:
		}
	}
}

// warning is the text in a Warning header: `299 - "text"`.
func warning(header string) string {
	_, quoted, _ := strings.Cut(header, ` "`)
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(strings.TrimSuffix(quoted, `"`))
}

// identify has a request come from somebody: nobody stands for the administrator.
func (w *town) identify(q *http.Request, id *conformance.Identity) {
	subject := pkix.Name{CommonName: "kubernetes-admin", Organization: []string{"system:masters"}}
	q.TLS = &tls.ConnectionState{}
	switch {
	case id == nil:
	case id.Anonymous:
		return
	case id.Bearer != "":
		q.Header.Set("Authorization", "Bearer "+id.Bearer)
		return
	case id.ServiceAccount != "":
		q.Header.Set("Authorization", "Bearer "+w.token(api.ParseKey(id.ServiceAccount)))
		return
	case id.Certificate != "":
		group, user, _ := strings.Cut(strings.TrimPrefix(id.Certificate, "O="), "/CN=")
		subject = pkix.Name{CommonName: user, Organization: []string{group}}
	}
	q.TLS.VerifiedChains = [][]*x509.Certificate{{{Subject: subject}}}
	if id != nil && id.Impersonate != nil {
		q.Header.Set("Impersonate-User", id.Impersonate.User)
		for _, g := range id.Impersonate.Groups {
			q.Header.Add("Impersonate-Group", g)
		}
	}
}

// token has the server issue a token.
func (w *town) token(account api.Key) string {
	given := w.do(conformance.Request{Verb: "post", Path: "/api/v1/namespaces/" + account.Namespace + "/serviceaccounts/" + account.Name + "/token", RawBody: `{}`})
	token, _ := conformance.At(given.Body, "status.token").(string)
	if token == "" {
		w.Fatalf("no token for %s: %s", account, given.Body)
	}
	return token
}

var variable = regexp.MustCompile(`<(rv|uid) of ([^>]+)>`)

// fill puts what is so now into the place of variables.
func (w *town) fill(text string) string {
	text = strings.ReplaceAll(text, "<continue of the answer before>", w.more)
	return variable.ReplaceAllStringFunc(text, func(v string) string {
		m := variable.FindStringSubmatch(v)
		field := map[string]string{"rv": "metadata.resourceVersion", "uid": "metadata.uid"}[m[1]]
		value, _ := conformance.At(w.do(conformance.Request{Verb: "get", Path: m[2]}).Body, field).(string)
		return value
	})
}

// create makes an object of a case's setup.
func (w *town) create(o json.RawMessage) error {
	var is struct {
		APIVersion, Kind string
		Metadata         struct{ Namespace string }
	}
	if err := json.Unmarshal(o, &is); err != nil {
		return err
	}
	group := "/apis/" + is.APIVersion
	if is.APIVersion == "v1" {
		group = "/api/v1"
	}
	r := api.ByName(is.Kind)
	if r == nil {
		return fmt.Errorf("no kind %s", is.Kind)
	}
	path := group
	if r.Namespaced {
		path += "/namespaces/" + is.Metadata.Namespace
	}
	g := w.do(conformance.Request{Verb: "create", Path: path + "/" + r.Name, ContentType: "application/json", Body: o})
	if g.Code != http.StatusCreated {
		return fmt.Errorf("%d %s", g.Code, g.Body)
	}
	return nil
}

// prepare does a step before the request.
func (w *town) prepare(s conformance.Step) error {
	switch {
	case s.Compact:
		w.pass(time.Minute) // so that there is a history to forget
		return w.cluster.Store.(interface{ Compact(int64) error }).Compact(w.cluster.API.Revision())
	case s.Path == "":
		w.pass(time.Duration(s.Sleep * float64(time.Second)))
		return nil
	}
	const patience = 120 // virtual seconds
	for range patience {
		g := w.do(s.Request)
		switch u := s.Until; {
		case u == nil && g.Code >= 400:
			return fmt.Errorf("%d %s", g.Code, g.Body)
		case u == nil, u.Code == g.Code && u.Field == "":
			return nil
		case u.Field != "" && fmt.Sprint(conformance.At(g.Body, u.Field)) == fmt.Sprint(u.Value):
			return nil
		}
		w.pass(time.Second)
	}
	return fmt.Errorf("%s %s did not become %v", s.Path, s.Until.Field, s.Until.Value)
}

// run is what is wrong with the answers to a case, "" if nothing.
func (w *town) run(c *conformance.Case) string {
	for _, o := range c.Setup {
		if err := w.create(o); err != nil {
			return "setup: " + err.Error()
		}
		w.pass(time.Second)
	}
	for _, s := range c.Before {
		if err := w.prepare(s); err != nil {
			return "before: " + err.Error()
		}
	}
	if d := c.Compare(w.do(c.Request)); d != "" {
		return d
	}
	for i, r := range c.After {
		if d := c.CompareAfter(i, w.do(r)); d != "" {
			return fmt.Sprintf("after %d: %s", i, d)
		}
	}
	return ""
}

func TestCluster(t *testing.T) {
	total, equal := 0, 0
	shared := newTown(t)
	for _, folder := range []string{"objects", "server"} {
		cases, err := conformance.Load(folder)
		if err != nil || len(cases) == 0 {
			t.Fatal("no cases", err)
		}
		for i := range cases {
			c := &cases[i]
			total++
			t.Run(c.Name, func(t *testing.T) {
				w := shared
				if !c.Traceless() {
					w = newTown(t)
				}
				wrong := w.run(c)
				if wrong == "" {
					equal++
				}
				switch why := differs[c.Name]; {
				case why == "" && wrong != "":
					t.Error(wrong)
				case why != "" && wrong == "":
					t.Errorf("answers as it should; take it off the list (%s)", why)
				}
			})
		}
	}
	t.Logf("%d of %d answers are those of a real API server", equal, total)
}
