package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"minisim/sim/api"
	"minisim/sim/apiserver/outside"
)

var errBadInclude = errors.New("includeObject may be None, Metadata or Object")

// maxManager is the longest name of a field manager, in bytes.
const maxManager = 128

// write has a write carried out and answers with what came of it.
func (c *exchange) write() error {
	if refused := c.refusal(); refused != nil {
		return refused
	}
	a, err := c.negotiate(shapesOfObject)
	if err != nil {
		return err
	}
	q, err := c.writing()
	if err != nil {
		return err
	}
	result, err := c.server.bridge.write(c.r.Context(), q)
	if err != nil {
		return err
	}
	c.warn(result.Warnings)
	return c.written(a, q, result)
}

// writing reads a write off the request.
func (c *exchange) writing() (outside.Request, error) {
	t, p := c.target, c.query()
	q := outside.Request{
		User: c.user.Name, Groups: c.user.Groups, Agent: agent(c.r),
		Group: t.resource.Group, Version: t.resource.Version, Resource: t.resource.Name,
		Subresource: t.subresource, Namespace: t.namespace, Name: t.name,
		Manager: p.Get("fieldManager"), Force: flag(p, "force"),
	}
	var err error
	if q.Verb, err = c.verb(); err != nil {
		return q, err
	}
	if q.ContentType, q.Body, err = c.read(); err != nil {
		return q, err
	}
	if q.DryRun, err = dryRun(p["dryRun"]); err != nil {
		return q, err
	}
	if q.Validation, err = validation(p); err != nil {
		return q, err
	}
	if len(q.Manager) > maxManager || strings.ContainsFunc(q.Manager, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return q, apierrors.NewBadRequest("fieldManager: Invalid value: it may have up to 128 characters, all of which can be printed")
	}
	if q.ContentType == string(types.ApplyYAMLPatchType) {
		if q.Manager == "" {
			return q, apierrors.NewBadRequest("PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch")
		}
	} else if q.Force {
		return q, apierrors.NewBadRequest("PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch")
	}
	if q.Manager == "" {
		q.Manager = q.Agent
	}
	if q.Verb == api.VerbDelete || q.Verb == outside.DeleteCollection {
		return c.deleting(q)
	}
	return q, nil
}

// verb is the verb of the request's method for its target.
func (c *exchange) verb() (api.Verb, error) {
	t := c.target
	switch {
	case c.r.Method == http.MethodPost && (t.name == "" || t.subresource != ""):
		return api.VerbCreate, nil
	case c.r.Method == http.MethodPut && t.name != "":
		return api.VerbUpdate, nil
	case c.r.Method == http.MethodPatch && t.name != "":
		return api.VerbPatch, nil
	case c.r.Method == http.MethodDelete && t.name != "":
		return api.VerbDelete, nil
	case c.r.Method == http.MethodDelete && (t.namespace != "" || !t.resource.Namespaced):
		return outside.DeleteCollection, nil
	}
	return "", apierrors.NewMethodNotSupported(t.resource.GroupResource(), strings.ToLower(c.r.Method))
}

// read reads the body, which is bounded.
func (c *exchange) read() (contentType string, body []byte, err error) {
	body, err = io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return "", nil, apierrors.NewRequestEntityTooLargeError("limit is 3145728")
	}
	if err != nil {
		return "", nil, badRequest(err)
	}
	header := c.r.Header.Get("Content-Type")
	if header == "" {
		return outside.JSON, body, nil
	}
	contentType, _, err = mime.ParseMediaType(header)
	if err != nil {
		return "", nil, apierrors.NewGenericServerResponse(http.StatusUnsupportedMediaType, c.r.Method, c.target.resource.GroupResource(), c.target.name, err.Error(), 0, true)
	}
	if contentType == "application/x-yaml" || contentType == "text/yaml" {
		contentType = outside.YAML
	}
	return contentType, body, nil
}

func dryRun(values []string) (bool, error) {
	for _, v := range values {
		if v != metav1.DryRunAll {
			return false, apierrors.NewBadRequest(`dryRun: Unsupported value: "` + v + `": supported values: "All"`)
		}
	}
	return len(values) > 0, nil
}

func validation(q url.Values) (string, error) {
	switch v := q.Get("fieldValidation"); v {
	case "":
		return metav1.FieldValidationWarn, nil
	case metav1.FieldValidationIgnore, metav1.FieldValidationWarn, metav1.FieldValidationStrict:
		return v, nil
	default:
		return "", apierrors.NewBadRequest(`fieldValidation: Unsupported value: "` + v + `": supported values: "Ignore", "Strict", "Warn"`)
	}
}

// deleting reads the options of a deletion: from the body or, when there is none, from the parameters.
func (c *exchange) deleting(q outside.Request) (outside.Request, error) {
	p := c.query()
	o := &metav1.DeleteOptions{}
	if len(q.Body) > 0 {
		if err := readDeleteOptions(q.ContentType, q.Body, o); err != nil {
			return q, err
		}
	} else if err := metav1.Convert_url_Values_To_v1_DeleteOptions(&p, o, nil); err != nil {
		return q, badRequest(err)
	}
	dry, err := dryRun(o.DryRun)
	if err != nil {
		return q, err
	}
	q.DryRun = q.DryRun || dry
	o.TypeMeta, o.DryRun = metav1.TypeMeta{}, nil
	q.Body, q.ContentType, q.Delete = nil, "", o
	if q.Verb == outside.DeleteCollection {
		q.Labels, q.Fields = p.Get("labelSelector"), p.Get("fieldSelector")
	}
	return q, nil
}

// readDeleteOptions reads the body of a deletion. Clients call its kind by the
// group of what they delete, by the core group or not at all.
func readDeleteOptions(contentType string, body []byte, o *metav1.DeleteOptions) error {
	var err error
	switch contentType {
	case outside.JSON:
		err = json.Unmarshal(body, o)
	case outside.YAML:
		err = yaml.Unmarshal(body, o)
	case outside.Protobuf:
		var u runtime.Unknown
		if err = u.Unmarshal(bytes.TrimPrefix(body, []byte("k8s\x00"))); err == nil {
			err = o.Unmarshal(u.Raw)
			o.Kind = u.Kind
		}
	default:
		return apierrors.NewGenericServerResponse(http.StatusUnsupportedMediaType, "delete", schema.GroupResource{}, "", contentType, 0, true)
	}
	if err == nil && o.Kind != "" && o.Kind != "DeleteOptions" {
		err = errors.New("expected DeleteOptions, got " + o.Kind)
	}
	if err != nil {
		return badRequest(err)
	}
	return nil
}

// returned are the resources of which a deletion gives back the last state and
// not only the word that it is done.
var returned = []*api.Resource{
	api.Pods, api.Services, api.ServiceAccounts, api.PersistentVolumes, api.PersistentVolumeClaims, api.Namespaces,
	api.StorageClasses, api.VolumeAttachments, api.CSINodes,
}

// written answers for a write that was granted.
func (c *exchange) written(a accepted, q outside.Request, result outside.Result) error {
	r := c.target.resource
	code := http.StatusOK
	if result.Created {
		code = http.StatusCreated
	}
	switch {
	case q.Verb == outside.DeleteCollection:
		list, err := listOf(r, result.Items, metav1.ListMeta{})
		if err != nil {
			return err
		}
		c.answer(code, a, list)
		return nil
	case result.Object == nil:
		c.answer(code, a, done(int32(code), nil))
		return nil
	case q.Verb == api.VerbDelete && result.Gone && !slices.Contains(returned, r):
		o := result.Object
		c.answer(code, a, done(0, &metav1.StatusDetails{Name: o.GetName(), Group: r.Group, Kind: r.Name, UID: o.GetUID()}))
		return nil
	}
	return c.send(code, a, result.Object)
}
