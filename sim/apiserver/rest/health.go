package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"

	"k8s.io/apimachinery/pkg/version"
)

// KubernetesVersion is the release whose API and rules are served.
const KubernetesVersion = "v1.36.3"

// version says which Kubernetes this is.
func (c *exchange) version() error {
	parts := strings.Split(strings.TrimPrefix(KubernetesVersion, "v"), ".")
	return c.json(version.Info{
		Major: parts[0], Minor: parts[1], GitVersion: KubernetesVersion, GitTreeState: "clean",
		EmulationMajor: parts[0], EmulationMinor: parts[1], MinCompatibilityMajor: parts[0], MinCompatibilityMinor: parts[1],
		GoVersion: runtime.Version(), Compiler: runtime.Compiler, Platform: runtime.GOOS + "/" + runtime.GOARCH,
	})
}

// health says whether the server works: whether the engine lets visitors in, and
// the machine of the API server has power.
func (c *exchange) health() error {
	_, err := look(c.r.Context(), c.bridge, func() (any, error) { return nil, c.bridge.api.Up() })
	if err != nil {
		return err
	}
	text := "ok"
	if c.query().Has("verbose") {
		text = fmt.Sprintf("[+]ping ok\n[+]etcd ok\n%s check passed\n", strings.Trim(c.r.URL.Path, "/"))
	}
	c.body(http.StatusOK, "text/plain; charset=utf-8", []byte(text))
	return nil
}

// paths lists what can be asked for.
func (c *exchange) paths() error {
	paths := []string{"/api", "/api/v1", "/apis"}
	for _, g := range c.groups() {
		if g.name != "" {
			paths = append(paths, "/apis/"+g.name, "/apis/"+g.name+"/"+g.version)
		}
	}
	paths = append(paths, "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version")
	return c.json(map[string][]string{"paths": paths})
}

// json answers with what is no Kubernetes object.
func (c *exchange) json(v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	c.body(http.StatusOK, "application/json", data)
	return nil
}
