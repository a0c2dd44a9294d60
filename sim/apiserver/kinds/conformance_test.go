package kinds

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// differs are the cases that this package alone does not answer as a real API
// server does, and why.
var differs = map[string]string{
	"166-pod-resize-memory-limit-removed":      subresource,
	"168-pod-ephemeral-containers-accepted":    subresource,
	"190-configmap-namespace-mismatch":         pipeline,
	"192-configmap-resource-version-on-create": pipeline,
	"200-namespace-psa-level-bad":              podSecurity,
	"302-service-node-port-taken":              allocation,
	"306-service-cluster-ip-outside":           allocation,
	"308-service-cluster-ip-taken":             allocation,
	"464-pod-psa-baseline-privileged":          podSecurity,
	"468-deployment-psa-warn-template":         podSecurity,
	"492-node-capacity-by-status":              "an agent had filled in the node's status before the request was made",
}

const (
	subresource = "there are no rules for this subresource"
	pipeline    = "the pipeline around this package finds this fault"
	podSecurity = "there is no admission by the pod security standards"
	allocation  = "whoever allocates addresses and ports finds this fault"
)

// conformanceCase is a file of testdata/conformance; its README says what is in it.
type conformanceCase struct {
	Setup   []json.RawMessage
	Before  []struct{ Verb, Path string }
	Request request
	Answer  answer
}

type request struct {
	Verb, Path, ContentType string
	Query                   map[string]string
	Body                    json.RawMessage
	RawBody                 string
}

func (r request) data() []byte {
	if r.RawBody != "" {
		return []byte(r.RawBody)
	}
	return r.Body
}

type answer struct {
	Code      int
	Reason    string
	Message   string
	Causes    []cause
	Warnings  []string
	Defaulted map[string]any
}

type cause struct{ Reason, Field, Message string }

func TestConformance(t *testing.T) {
	files, err := filepath.Glob("testdata/conformance/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, err := parseCase(text)
			if err != nil {
				t.Fatal(err)
			}
			wrong := c.run()
			switch why := differs[name]; {
			case why == "" && wrong != "":
				t.Error(wrong)
			case why != "" && wrong == "":
				t.Errorf("answers as it should; take it off the list (%s)", why)
			}
		})
	}
	for name := range differs {
		if !slices.Contains(files, filepath.Join("testdata", "conformance", name+".yaml")) {
			t.Errorf("there is no case %s", name)
		}
	}
}

// parseCase reads a case. Its YAML is of version 1.2, where y and n are not booleans.
func parseCase(text []byte) (c conformanceCase, err error) {
	var any map[string]any
	if err := yaml.Unmarshal(text, &any); err != nil {
		return c, err
	}
	asJSON, err := json.Marshal(any)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(asJSON, &c)
}

// run makes the requests of a case and says what is wrong with the last answer.
func (c *conformanceCase) run() string {
	s := newServer()
	for _, o := range c.Setup {
		if err := s.setUp(o); err != nil {
			return "setup: " + err.Error()
		}
	}
	for _, b := range c.Before {
		if b.Verb == "delete" {
			s.markDeleted(b.Path)
		}
	}
	got := s.do(c.Request)
	return got.compare(c.Answer, c.Request)
}
