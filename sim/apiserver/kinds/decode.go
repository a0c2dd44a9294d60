package kinds

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"

	"minisim/sim/api"
)

// DecodeBody reads the body of a request that wants an object of one kind, which
// the body may therefore leave out; empty makes one. Fields that are unknown or
// written twice are an error if strict, otherwise each is a warning. Nothing is
// filled in; that is for the object's Strategy. The errors are of the sort
// BadRequest with the API server's texts.
func DecodeBody(want schema.GroupVersionKind, empty func() api.Object, data []byte, yaml, strict bool) (api.Object, []string, error) {
	known := table{want, empty}
	format := json.NewSerializerWithOptions(json.DefaultMetaFactory, known, known, json.SerializerOptions{Strict: true, Yaml: yaml})
	decoded, is, err := format.Decode(data, &want, nil)
	if runtime.IsNotRegisteredError(err) && superseded(*is) {
		return nil, nil, otherVersion(*is, want)
	}
	o, warnings, err := lenient(decoded, err, strict)
	if err == nil && is.GroupKind() == want.GroupKind() && is.Version != want.Version {
		return nil, nil, otherVersion(*is, want)
	}
	if err == nil && *is != want {
		err = mismatch(*is, want)
	}
	if err != nil {
		return nil, nil, Unreadable(want, is, data, err)
	}
	o.GetObjectKind().SetGroupVersionKind(want)
	return o, warnings, nil
}

// otherVersion is the error for a kind that the server knows, in a version that is not the request's.
func otherVersion(is, want schema.GroupVersionKind) error {
	return apierrors.NewBadRequest(fmt.Sprintf("the API version in the data (%s) does not match the expected API version (%s)", is.GroupVersion(), want.GroupVersion()))
}

// superseded says whether a kind is served in a newer version only. A real server
// still reads these; their shape is that of the newer version, more or less.
func superseded(is schema.GroupVersionKind) bool {
	return slices.Contains(older[is.GroupVersion().String()], is.Kind)
}

var older = map[string][]string{
	"apps/v1beta1":                       {"ControllerRevision", "Deployment", "StatefulSet"},
	"apps/v1beta2":                       {"ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
	"extensions/v1beta1":                 {"DaemonSet", "Deployment", "Ingress", "NetworkPolicy", "ReplicaSet"},
	"batch/v1beta1":                      {"CronJob"},
	"coordination.k8s.io/v1beta1":        {"Lease"},
	"discovery.k8s.io/v1beta1":           {"EndpointSlice"},
	"networking.k8s.io/v1beta1":          {"Ingress", "IngressClass"},
	"node.k8s.io/v1alpha1":               {"RuntimeClass"},
	"node.k8s.io/v1beta1":                {"RuntimeClass"},
	"policy/v1beta1":                     {"Eviction", "PodDisruptionBudget"},
	"rbac.authorization.k8s.io/v1alpha1": {"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"},
	"rbac.authorization.k8s.io/v1beta1":  {"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"},
	"scheduling.k8s.io/v1alpha1":         {"PriorityClass"},
	"scheduling.k8s.io/v1beta1":          {"PriorityClass"},
	"storage.k8s.io/v1alpha1":            {"VolumeAttachment"},
	"storage.k8s.io/v1beta1":             {"CSINode", "StorageClass", "VolumeAttachment"},
}

// lenient makes warnings of what only a strict decoder minds.
func lenient(decoded runtime.Object, err error, strict bool) (api.Object, []string, error) {
	var warnings []string
	if minded, ok := runtime.AsStrictDecodingError(err); ok && !strict {
		for _, e := range minded.Errors() {
			YAMLWarnings(e, func(text string) { warnings = append(warnings, text) })
		}
		err = nil
	}
	if err != nil {
		return nil, nil, err
	}
	return decoded.(api.Object), warnings, nil
}

// YAMLWarnings tells of each thing that only a strict decoder minds: that of YAML
// gives several as one error of several lines.
func YAMLWarnings(err error, warn func(string)) {
	const several = "yaml: unmarshal errors:\n"
	lines, ok := strings.CutPrefix(strings.TrimPrefix(err.Error(), "error converting YAML to JSON: "), several)
	if !ok {
		warn(err.Error())
		return
	}
	for line := range strings.SplitSeq(lines, "\n") {
		warn(strings.TrimSpace(line))
	}
}

// Mismatch is the error for an object that has become one of another kind, nil if it has not.
func Mismatch(is, want schema.GroupVersionKind) error {
	switch {
	case is == want:
		return nil
	case api.ByKind(is) == nil:
		return runtime.NewNotRegisteredErrForKind(scheme, is)
	}
	return mismatch(is, want)
}

// mismatch is the error for an object of another kind than the request is for.
func mismatch(is, want schema.GroupVersionKind) error {
	return fmt.Errorf("converting (%s.%s) to (%s.%s): unknown conversion", is.Version, is.Kind, Package(want.Group), want.Kind)
}

// Package is the name of the API server's own package for a group, which some of its messages show.
func Package(group string) string {
	if group == "" {
		return "core"
	}
	name, _, _ := strings.Cut(group, ".")
	return name
}

// Unreadable is the error, of the sort BadRequest, for a body that cannot be read as of the kind wanted. is is
// what kind it says it is of, nil if it says nothing.
func Unreadable(want schema.GroupVersionKind, is *schema.GroupVersionKind, data []byte, err error) error {
	if is != nil && is.Kind != "" {
		return apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: %v", is.Kind, is.Version, want.Kind, err))
	}
	return apierrors.NewBadRequest(fmt.Sprintf("the object provided is unrecognized (must be of type %s): %v (%s)", want.Kind, err, summary(data)))
}

// summary is the beginning of a body; in hexadecimal if it does not look like JSON.
func summary(data []byte) string {
	const most = 30
	if len(data) == 0 {
		return "<empty>"
	}
	rest := ""
	first := data[0]
	if len(data) > most {
		data, rest = data[:most], " ..."
	}
	if first == '{' {
		return string(data) + rest
	}
	return hex.EncodeToString(data) + rest
}

// table is the resource table as decoders ask for it, with one kind more.
type table struct {
	kind  schema.GroupVersionKind
	empty func() api.Object
}

// scheme is the place in the API server's source that its messages name where
// this package has the table.
const scheme = "pkg/api/legacyscheme/scheme.go:30"

// New makes an empty object of a kind.
func (t table) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	if t.empty != nil && kind == t.kind {
		return t.empty(), nil
	}
	if r := api.ByKind(kind); r != nil {
		return r.New(), nil
	}
	return nil, runtime.NewNotRegisteredErrForKind(scheme, kind)
}

// ObjectKinds is the kind of an object.
func (table) ObjectKinds(o runtime.Object) ([]schema.GroupVersionKind, bool, error) {
	return []schema.GroupVersionKind{api.Of(o.(api.Object)).GVK()}, false, nil
}

// Recognizes reports whether the table has a kind.
func (t table) Recognizes(kind schema.GroupVersionKind) bool {
	return t.empty != nil && kind == t.kind || api.ByKind(kind) != nil
}
