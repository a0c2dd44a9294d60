package kinds

import (
	"encoding/json"

	appsv1 "k8s.io/api/apps/v1"
)

var controllerRevisions = kind[*appsv1.ControllerRevision]{
	name: subdomainName,
	validate: func(f *faults, r *appsv1.ControllerRevision) {
		f.notNegative(nil, "revision", r.Revision)
		f.revisionData(r.Data.Raw)
	},
	validateUpdate: func(f *faults, new, old *appsv1.ControllerRevision) {
		f.metaUpdate(new, old)
		f.meta(new, true, subdomainName)
		f.notNegative(nil, "revision", new.Revision)
		f.immutable(nil, "data", new.Data, old.Data)
	},
}

// revisionData requires an object in JSON, which a patch is made from.
func (f *faults) revisionData(raw []byte) {
	var v any
	if raw == nil {
		f.required(nil, "data", "data is mandatory")
		return
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		f.invalid(nil, "data", "<value omitted>", "error parsing data: "+err.Error())
		return
	}
	switch v.(type) {
	case nil:
		f.required(nil, "data", "data is mandatory")
	case map[string]any:
	default:
		f.required(nil, "data", "data must be a valid JSON object")
	}
}
