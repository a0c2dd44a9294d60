package kinds

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"minisim/internal/conformance"
	"minisim/sim/api"
	"minisim/sim/apiserver/admission"
)

// server does with requests what the API server's pipeline does around this
// package, as far as one request at a time needs it: patches, admission, what is
// allocated.
type server struct {
	objects  []api.Object
	warnings []string
}

func newServer() *server {
	s := &server{}
	for _, name := range []string{"default", "kube-system", "kube-public", "kube-node-lease"} {
		s.objects = append(s.objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	for _, c := range systemClasses {
		s.objects = append(s.objects, &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: c.name}, Value: c.value})
	}
	return s
}

// Get and Each make the objects known to admission.
func (s *server) Get(r *api.Resource, k api.Key) api.Object {
	for _, o := range s.objects {
		if api.Of(o) == r && api.KeyOf(o) == k {
			return o
		}
	}
	return nil
}

func (s *server) Each(r *api.Resource, namespace string, f func(api.Object) bool) {
	for _, o := range s.objects {
		if api.Of(o) == r && (namespace == "" || o.GetNamespace() == namespace) && !f(o) {
			return
		}
	}
}

// setUp creates an object.
func (s *server) setUp(data []byte) error {
	o, _, err := decode(data, true)
	if err != nil {
		return err
	}
	_, err = s.create(o, api.Of(o), o.GetNamespace())
	return err
}

// target is what a path is of.
type target struct {
	r   *api.Resource
	key api.Key
	sub string
}

func parsePath(path string) target {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if parts[0] == "api" {
		parts = parts[2:] // api, v1
	} else {
		parts = parts[3:] // apis, group, version
	}
	var t target
	if parts[0] == "namespaces" && len(parts) > 2 && parts[2] != "status" {
		t.key.Namespace, parts = parts[1], parts[2:]
	}
	t.r = api.ByName(parts[0])
	if len(parts) > 1 {
		t.key.Name = parts[1]
	}
	if len(parts) > 2 {
		t.sub = parts[2]
	}
	return t
}

// markDeleted begins the deletion of an object that finalizers hold.
func (s *server) markDeleted(path string) {
	t := parsePath(path)
	s.Get(t.r, t.key).SetDeletionTimestamp(&metav1.Time{Time: birth})
}

var birth = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// response is an object and warnings, or an error.
type response struct {
	object   api.Object
	warnings []string
	err      error
}

func (s *server) do(r conformance.Request) (out response) {
	t := parsePath(r.Path)
	data, yaml, strict := r.Data(), strings.HasSuffix(r.ContentType, "/yaml"), r.Query["fieldValidation"] == "Strict"
	if r.Verb == "create" {
		o, warnings, err := DecodeBody(t.r.GVK(), t.r.New, data, yaml, strict)
		if err != nil {
			return response{err: err}
		}
		o, err = s.create(o, t.r, t.key.Namespace)
		warnings = append(warnings, s.warnings...)
		if err == nil && For(t.r).Warnings != nil {
			warnings = append(warnings, For(t.r).Warnings(o)...)
		}
		return response{o, warnings, err}
	}
	old := s.Get(t.r, t.key)
	if old == nil {
		return response{err: errors.New("no object to change")}
	}
	if r.Verb == "patch" {
		if data, out.err = patched(old, t.r, r.ContentType, data); out.err != nil {
			return out
		}
	}
	o, warnings, err := DecodeBody(t.r.GVK(), t.r.New, data, yaml, strict)
	if err != nil {
		return response{err: err}
	}
	o, err = s.update(o, old, t)
	return response{o, warnings, err}
}

func patched(old api.Object, r *api.Resource, contentType string, patch []byte) ([]byte, error) {
	before, err := json.Marshal(old)
	if err != nil {
		return nil, err
	}
	switch types.PatchType(contentType) {
	case types.MergePatchType:
		return jsonpatch.MergePatch(before, patch)
	case types.StrategicMergePatchType:
		return strategicpatch.StrategicMergePatch(before, patch, r.New())
	case types.JSONPatchType:
		p, err := jsonpatch.DecodePatch(patch)
		if err != nil {
			return nil, err
		}
		return p.Apply(before)
	}
	return nil, fmt.Errorf("no patch of type %s", contentType)
}

func (s *server) create(o api.Object, r *api.Resource, namespace string) (api.Object, error) {
	k := For(r)
	if r.Namespaced && o.GetNamespace() == "" {
		o.SetNamespace(namespace)
	}
	if k.Default != nil {
		k.Default(o)
	}
	key := api.KeyOf(o)
	a := s.attributes(api.VerbCreate, target{r: r, key: key}, o, nil)
	if _, err := admission.Admit(a, s); err != nil {
		return nil, err
	}
	if base := o.GetGenerateName(); base != "" && o.GetName() == "" {
		o.SetName(generate(base))
	}
	o.SetUID("00000000-0000-0000-0000-000000000001")
	o.SetDeletionTimestamp(nil)
	o.SetDeletionGracePeriodSeconds(nil)
	o.SetSelfLink("")
	o.SetCreationTimestamp(metav1.Time{Time: birth})
	if k.PrepareForCreate != nil {
		k.PrepareForCreate(o)
	}
	if svc, ok := o.(*corev1.Service); ok {
		allocate(svc)
	}
	if errs := k.Validate(o); len(errs) > 0 {
		return nil, invalid(r, o, errs)
	}
	if _, err := admission.Validate(a, s); err != nil {
		return nil, err
	}
	o.SetResourceVersion("1")
	s.objects = append(s.objects, o)
	return o, nil
}

func (s *server) update(o, old api.Object, t target) (api.Object, error) {
	k := For(t.r)
	if k.Default != nil {
		k.Default(o)
	}
	o.SetUID(old.GetUID())
	o.SetCreationTimestamp(old.GetCreationTimestamp())
	if o.GetResourceVersion() == "" && !k.NeedsVersion {
		o.SetResourceVersion(old.GetResourceVersion())
	}
	prepare, validate := k.PrepareForUpdate, k.ValidateUpdate
	if t.sub == "status" {
		prepare, validate = k.PrepareForStatusUpdate, k.ValidateStatusUpdate
	} else if t.sub != "" {
		return nil, fmt.Errorf("no subresource %s", t.sub)
	}
	prepare(o, old)
	a := s.attributes(api.VerbUpdate, t, o, old)
	if _, err := admission.Admit(a, s); err != nil {
		return nil, err
	}
	if svc, ok := o.(*corev1.Service); ok {
		allocate(svc)
	}
	if errs := validate(o, old); len(errs) > 0 {
		return nil, invalid(t.r, o, errs)
	}
	_, err := admission.Validate(a, s)
	return o, err
}

func (s *server) attributes(verb api.Verb, t target, o, old api.Object) *admission.Attributes {
	return &admission.Attributes{
		Verb: verb, Resource: t.r, Subresource: t.sub, Key: t.key, Object: o, Old: old,
		Now: birth, Warn: func(text string) { s.warnings = append(s.warnings, text) }, Generate: generate,
	}
}

func generate(base string) string { return base + "abcde" }

// allocate gives a service what it did not choose.
func allocate(s *corev1.Service) {
	if needsClusterIP(s) && s.Spec.ClusterIP == "" {
		s.Spec.ClusterIP, s.Spec.ClusterIPs = "10.96.0.7", []string{"10.96.0.7"}
	}
	if needsNodePort(s) {
		for i := range s.Spec.Ports {
			orElse(&s.Spec.Ports[i].NodePort, 30007+int32(i))
		}
	}
	if needsHealthCheck(s) {
		orElse(&s.Spec.HealthCheckNodePort, 30006)
	}
}

func invalid(r *api.Resource, o api.Object, errs field.ErrorList) error {
	return apierrors.NewInvalid(r.GVK().GroupKind(), o.GetName(), errs)
}
