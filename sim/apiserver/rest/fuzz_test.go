package rest

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/internal/conformance"
	"minisim/sim/api"
)

// seeds gives f the requests of the conformance cases.
func seeds(f *testing.F, add func(conformance.Request)) {
	f.Helper()
	for _, folder := range []string{"objects", "server"} {
		cases, err := conformance.Load(folder)
		if err != nil || len(cases) == 0 {
			f.Fatal("no cases", err)
		}
		for _, c := range cases {
			add(c.Request)
		}
	}
}

// FuzzURL reads anything as a URL: what is asked for, the target, the options of all verbs.
func FuzzURL(f *testing.F) {
	seeds(f, func(r conformance.Request) {
		query := ""
		for k, v := range r.Query {
			query += k + "=" + v + "&"
		}
		f.Add(http.MethodGet, r.Path, query)
	})
	f.Add(http.MethodDelete, "/api/v1/watch/namespaces/x/pods/y", "watch=1&limit=-9223372036854775808")
	f.Add(http.MethodPost, "/apis/apps/v1/namespaces//deployments", "dryRun=All&dryRun=&force=&fieldManager=\u0000")
	f.Fuzz(func(t *testing.T, method, path, query string) {
		r, err := http.NewRequest(method, "https://localhost/", http.NoBody)
		if err != nil {
			return
		}
		r.URL.Path, r.URL.RawQuery = path, query
		c := &exchange{r: r, asked: readAsked(r), target: target{resource: api.Pods, namespace: "default"}}
		if c.asked.resource != "" && c.asked.attributes(anonymous, "").Resource == nil {
			t.Errorf("%s: a resource without a row", path)
		}
		if o, err := c.listOptions(); err == nil {
			if _, err := c.selectors(o); err == nil && o.Continue != "" {
				readToken(o.Continue)
			}
		}
		c.logOptions()
		c.negotiate(shapes)
	})
}

// FuzzToken reads anything as a continue token. What can be read has to be what was written.
func FuzzToken(f *testing.F) {
	f.Add(pageToken{tokenVersion, 7, "default/a" + afterKey}.String())
	f.Add(pageToken{tokenVersion, -1, "a"}.String())
	f.Add("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIifQ")
	f.Add("=")
	f.Fuzz(func(t *testing.T, s string) {
		revision, after, err := readToken(s)
		if err != nil {
			return
		}
		again, same, err := readToken(pageToken{tokenVersion, revision, after + afterKey}.String())
		if err != nil || again != revision || same != after {
			t.Errorf("%d %q becomes %d %q (%v)", revision, after, again, same, err)
		}
	})
}

// FuzzHeaders reads anything as the headers that the server looks at.
func FuzzHeaders(f *testing.F) {
	f.Add("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "application/json", "kubectl/v1", "jane", "a,b")
	f.Add("*/*;q=", "multipart/form-data; boundary=", "\x00/", "system:serviceaccount:a:b", "")
	f.Add(strings.Repeat("a/b;q=0.1,", 100), "text/yaml", "", "system:node:", "%zz")
	f.Fuzz(func(t *testing.T, accept, contentType, agentName, user, extra string) {
		r, err := http.NewRequest(http.MethodPost, "https://localhost/api/v1/pods", bytes.NewReader([]byte("{}")))
		if err != nil {
			t.Fatal(err)
		}
		r.Header["Accept"], r.Header["Content-Type"], r.Header["User-Agent"] = []string{accept}, []string{contentType}, []string{agentName}
		r.Header["Impersonate-User"], r.Header["Impersonate-Extra-"+extra] = []string{user}, []string{extra}
		c := &exchange{r: r, asked: readAsked(r), target: target{resource: api.Pods, namespace: "default"}}
		if a, err := c.negotiate(shapes); err == nil && a.info.Serializer == nil {
			t.Errorf("%q: accepted without a way to write it", accept)
		}
		c.read()
		if name := agent(r); len(name) > maxAgent {
			t.Errorf("%q is kept of %q", name, agentName)
		}
		manager(r)
		if u, err := wantedUser(r.Header); err == nil && u != nil && u.Name == "" {
			t.Error("somebody without a name")
		}
		nodeOf(user)
		accountOf(user)
	})
}

// FuzzDeleteOptions reads anything as the options of a deletion, in all forms.
func FuzzDeleteOptions(f *testing.F) {
	seeds(f, func(r conformance.Request) {
		if r.Verb == "delete" || r.Verb == "deletecollection" {
			f.Add(r.Data())
		}
	})
	f.Add([]byte("k8s\x00\n\x11\n\x02v1\x12\x0bDeleteOptions\x12\x02\x08\x01"))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, form := range objectForms {
			var o metav1.DeleteOptions
			if err := decodeDeleteOptions(form, body, &o); err == nil && o.Kind != "" && o.Kind != "DeleteOptions" {
				t.Errorf("a %s is taken for DeleteOptions", o.Kind)
			}
		}
	})
}
