package kinds

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/internal/conformance"
)

// differs are the cases that this package alone does not answer as a real API
// server does, and why.
var differs = map[string]string{
	"166-pod-resize-memory-limit-removed":      subresource,
	"168-pod-ephemeral-containers-accepted":    subresource,
	"190-configmap-namespace-mismatch":         pipeline,
	"192-configmap-resource-version-on-create": pipeline,
	"302-service-node-port-taken":              allocation,
	"306-service-cluster-ip-outside":           allocation,
	"308-service-cluster-ip-taken":             allocation,
	"492-node-capacity-by-status":              "an agent had filled in the node's status before the request was made",
}

const (
	subresource = "there are no rules for this subresource"
	pipeline    = "the pipeline around this package finds this fault"
	allocation  = "whoever allocates addresses and ports finds this fault"
)

func TestConformance(t *testing.T) {
	cases, err := conformance.Load("objects")
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			wrong := run(&c)
			switch why := differs[c.Name]; {
			case why == "" && wrong != "":
				t.Error(wrong)
			case why != "" && wrong == "":
				t.Errorf("answers as it should; take it off the list (%s)", why)
			}
		})
	}
	for name := range differs {
		if !slices.ContainsFunc(cases, func(c conformance.Case) bool { return c.Name == name }) {
			t.Errorf("there is no case %s", name)
		}
	}
}

// run makes the requests of a case and says what is wrong with the last answer.
func run(c *conformance.Case) string {
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
	given := conformance.Given{Code: c.Answer.Code, Warnings: got.warnings}
	var answer any = got.object
	if got.err != nil {
		var status *apierrors.StatusError
		if !errors.As(got.err, &status) {
			return got.err.Error()
		}
		given.Code, given.Warnings, answer = int(status.ErrStatus.Code), nil, status.ErrStatus
	} else if c.Answer.Code >= 400 {
		return "no fault is found"
	}
	var err error
	if given.Body, err = json.Marshal(answer); err != nil {
		return err.Error()
	}
	return c.Compare(given)
}
