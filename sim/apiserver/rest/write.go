package rest

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/apiserver/outside"
)

// write has a write carried out and answers with what came of it.
func (c *exchange) write() error {
	a, err := c.negotiate(shapes)
	if err != nil {
		return err
	}
	q, err := c.writing()
	if err != nil {
		return err
	}
	result, err := c.bridge.write(c.r.Context(), q)
	if err != nil {
		return err
	}
	c.warn(result.Warnings)
	return c.written(a, q, result)
}

// writing reads a write off the request.
func (c *exchange) writing() (q outside.Request, err error) {
	t := c.target
	q = outside.Request{
		User: c.user.Name, Groups: c.user.Groups, Agent: agent(c.r),
		Group: t.resource.Group, Version: t.resource.Version, Resource: t.resource.Name,
		Subresource: t.subresource, Namespace: t.namespace, Name: t.name, Verb: c.verb(),
	}
	if q.ContentType, q.Body, err = c.read(); err != nil {
		return q, err
	}
	if q.Verb == api.VerbDelete || q.Verb == api.VerbDeleteCollection {
		return q, c.deleteOptions(&q)
	}
	return q, c.writeOptions(&q)
}

// verb is the verb of the request's method for its target, which has been found to take it.
func (c *exchange) verb() api.Verb {
	if c.r.Method == http.MethodDelete && c.target.name == "" {
		return api.VerbDeleteCollection
	}
	return verbsOf[c.r.Method]
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
	if c.r.Method == http.MethodPatch {
		return plainType(header), body, nil // which is known to be one of patchTypes
	}
	if header == "" {
		header = outside.JSON
	}
	contentType, _, err = mime.ParseMediaType(header)
	switch {
	case err == nil && slices.Contains(objectForms, contentType):
		return contentType, body, nil
	case c.r.Method == http.MethodDelete && len(body) == 0:
		return "", nil, nil
	}
	return "", nil, unknownForm(objectForms)
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
	case q.Verb == api.VerbDeleteCollection:
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
