package outside

import (
	"testing"

	"minisim/sim/api"
)

func TestTitle(t *testing.T) {
	for want, r := range map[string]Request{
		"patch deployments/scale default/web": {Verb: api.VerbPatch, Resource: "deployments", Subresource: "scale", Namespace: "default", Name: "web", Body: []byte("long")},
		"delete nodes worker-1":               {Verb: api.VerbDelete, Resource: "nodes", Name: "worker-1"},
	} {
		q, err := r.Pack()
		if err != nil {
			t.Fatal(err)
		}
		if got := (handler{}).Title(q); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
