package kinds

import (
	"errors"

	"minisim/sim/api"
)

// Decode reads one object from JSON or YAML and finds its kind in the resource
// table. Unknown and duplicate fields are errors if strict, otherwise warnings.
// The error texts are those of the API server.
func Decode(data []byte, strict bool) (api.Object, []string, error) {
	return nil, nil, errors.New("not yet")
}
