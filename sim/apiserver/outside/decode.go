package outside

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"minisim/sim/api"
	"minisim/sim/apiserver/kinds"
)

// The forms in which a body may come.
const (
	JSON     = "application/json"
	YAML     = "application/yaml"
	Protobuf = "application/vnd.kubernetes.protobuf"
)

// bodies are the subresources whose body is of another kind than the resource.
var bodies = map[string]struct {
	kind schema.GroupVersionKind
	make func() api.Object
}{
	"scale":    {autoscalingv1.SchemeGroupVersion.WithKind("Scale"), func() api.Object { return &autoscalingv1.Scale{} }},
	"binding":  {corev1.SchemeGroupVersion.WithKind("Binding"), func() api.Object { return &corev1.Binding{} }},
	"token":    {authenticationv1.SchemeGroupVersion.WithKind("TokenRequest"), func() api.Object { return &authenticationv1.TokenRequest{} }},
	"eviction": {policyv1.SchemeGroupVersion.WithKind("Eviction"), func() api.Object { return &policyv1.Eviction{} }},
}

// BodyKind is the kind that the body of a request for a resource or one of its subresources has.
func BodyKind(r *api.Resource, subresource string) schema.GroupVersionKind {
	if b, ok := bodies[subresource]; ok {
		return b.kind
	}
	return r.GVK()
}

// Decode reads the body of a request that is no write, with remarks on what in it its kind does not know.
func (r Request) Decode(of *api.Resource) (api.Object, []string, error) {
	w := &write{Request: r, resource: of}
	o, err := w.decode()
	return o, w.result.Warnings, err
}

// decode reads the request's body.
func (w *write) decode() (api.Object, error) {
	switch w.ContentType {
	case JSON, YAML, "":
		return w.decodeText()
	case Protobuf:
		if w.custom == nil || w.Subresource == "scale" {
			return w.decodeProtobuf()
		}
		return nil, unknownFormat(JSON, YAML)
	}
	return nil, unknownFormat(JSON, YAML, Protobuf)
}

func unknownFormat(known ...string) error {
	return apierrors.NewGenericServerResponse(http.StatusUnsupportedMediaType, "", schema.GroupResource{}, "", UnknownForm(known), 0, false)
}

// UnknownForm is what Kubernetes says of a body that is in none of the known forms.
func UnknownForm(known []string) string {
	return "the body of the request was in an unknown format - accepted media types include: " + strings.Join(known, ", ")
}

func (w *write) decodeText() (api.Object, error) {
	strict, yaml := w.Validation == metav1.FieldValidationStrict, w.ContentType == YAML
	empty := w.resource.New
	if b, other := bodies[w.Subresource]; other {
		empty = b.make
	}
	var o api.Object
	var warnings []string
	var err error
	if _, other := bodies[w.Subresource]; w.custom != nil && !other {
		o, warnings, err = w.custom.Decode(w.Body, yaml, strict)
	} else {
		o, warnings, err = kinds.DecodeBody(BodyKind(w.resource, w.Subresource), empty, w.Body, yaml, strict)
	}
	if err == nil && w.Validation != metav1.FieldValidationIgnore {
		w.result.Warnings = append(w.result.Warnings, warnings...)
	}
	return o, err
}

// protobufMagic opens a body in protobuf, which goes on with a runtime.Unknown.
var protobufMagic = []byte("k8s\x00")

func (w *write) decodeProtobuf() (api.Object, error) {
	kind := BodyKind(w.resource, w.Subresource)
	bad := func(why error) error {
		return apierrors.NewBadRequest(fmt.Sprintf("the object provided is unrecognized (must be of type %s): %v", kind.Kind, why))
	}
	rest, ok := bytes.CutPrefix(w.Body, protobufMagic)
	if !ok {
		return nil, bad(fmt.Errorf("provided data does not appear to be a protobuf message, expected prefix %v", protobufMagic))
	}
	var u runtime.Unknown
	if err := u.Unmarshal(rest); err != nil {
		return nil, bad(err)
	}
	if is := schema.FromAPIVersionAndKind(u.APIVersion, u.Kind); u.Kind != "" && is != kind {
		return nil, bad(fmt.Errorf("it is a %s", is))
	}
	o := w.resource.New()
	if b, other := bodies[w.Subresource]; other {
		o = b.make()
	}
	if err := o.(interface{ Unmarshal([]byte) error }).Unmarshal(u.Raw); err != nil {
		return nil, bad(err)
	}
	o.GetObjectKind().SetGroupVersionKind(kind)
	return o, nil
}
