package rest

import (
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme"
	listvalidation "k8s.io/apimachinery/pkg/apis/meta/internalversion/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"minisim/sim/api"
	"minisim/sim/apiserver/outside"
)

// parameters reads the URL's parameters into options of the API. Parameters that
// the options do not have mean nothing.
func (c *exchange) parameters(into runtime.Object) error {
	if err := scheme.ParameterCodec.DecodeParameters(c.query(), metav1.SchemeGroupVersion, into); err != nil {
		return badRequest(err)
	}
	return nil
}

// invalid is the error for options of a kind that contradict themselves, nil if they do not.
func invalid(kind string, errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: kind}, "", errs)
}

// listOptions are the parameters of a list, a watch or the deletion of a collection.
func (c *exchange) listOptions() (o internalversion.ListOptions, err error) {
	if err := c.parameters(&o); err != nil {
		return o, err
	}
	o.Watch = o.Watch || c.target.watched
	internalversion.SetListOptionsDefaults(&o, true)
	return o, invalid("ListOptions", listvalidation.ValidateListOptions(&o, true))
}

// writeOptions notes what the parameters say of how a create, update or patch is to be done.
func (c *exchange) writeOptions(q *outside.Request) error {
	o := &metav1.PatchOptions{} // has the fields of the other two
	var err error
	switch q.Verb {
	case api.VerbCreate:
		var create metav1.CreateOptions
		if err = c.parameters(&create); err == nil {
			err = invalid("CreateOptions", validation.ValidateCreateOptions(&create))
		}
		o.DryRun, o.FieldManager, o.FieldValidation = create.DryRun, create.FieldManager, create.FieldValidation
	case api.VerbUpdate:
		var update metav1.UpdateOptions
		if err = c.parameters(&update); err == nil {
			err = invalid("UpdateOptions", validation.ValidateUpdateOptions(&update))
		}
		o.DryRun, o.FieldManager, o.FieldValidation = update.DryRun, update.FieldManager, update.FieldValidation
	default:
		if err = c.parameters(o); err == nil {
			err = invalid("PatchOptions", validation.ValidatePatchOptions(o, types.PatchType(q.ContentType)))
		}
	}
	q.DryRun, q.Manager, q.Force = len(o.DryRun) > 0, o.FieldManager, o.Force != nil && *o.Force
	if q.Validation = o.FieldValidation; q.Validation == "" {
		q.Validation = metav1.FieldValidationWarn
	}
	if q.Manager == "" {
		q.Manager = manager(c.r)
	}
	return err
}

// deleteOptions reads the options of a deletion: from the body or, when there is none, from the parameters.
func (c *exchange) deleteOptions(q *outside.Request) error {
	if q.Verb == api.VerbDeleteCollection {
		o, err := c.listOptions()
		if err != nil {
			return err
		}
		q.Labels, q.Fields = text(o.LabelSelector), text(o.FieldSelector)
	}
	o := &metav1.DeleteOptions{}
	err := c.parameters(o)
	if len(q.Body) > 0 {
		*o = metav1.DeleteOptions{}
		err = decodeDeleteOptions(q.ContentType, q.Body, o)
	}
	if err != nil {
		return err
	}
	if err := invalid("DeleteOptions", validation.ValidateDeleteOptions(o)); err != nil {
		return err
	}
	q.DryRun = len(o.DryRun) > 0
	o.TypeMeta, o.DryRun = metav1.TypeMeta{}, nil
	q.Body, q.ContentType, q.Delete = nil, "", o
	return nil
}

// text is a selector as it is written, "" for none.
func text(selector interface {
	Empty() bool
	String() string
}) string {
	if selector == nil || selector.Empty() {
		return ""
	}
	return selector.String()
}

// decodeDeleteOptions reads the body of a deletion. Clients call its kind by the
// group of what they delete, by the core group or not at all.
func decodeDeleteOptions(contentType string, body []byte, o *metav1.DeleteOptions) error {
	info, ok := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), contentType)
	if !ok {
		return unknownForm(objectForms)
	}
	kind := metav1.SchemeGroupVersion.WithKind("DeleteOptions")
	kind.Group = ""
	decoded, _, err := scheme.Codecs.DecoderToVersion(info.Serializer, kind.GroupVersion()).Decode(body, &kind, o)
	switch {
	case err != nil:
		return badRequest(err)
	case decoded != runtime.Object(o):
		return apierrors.NewBadRequest("decoded object cannot be converted to DeleteOptions")
	}
	return nil
}

// unknownForm is the error for a body in a form that nobody here reads.
func unknownForm(known []string) error {
	err := routeError(http.StatusUnsupportedMediaType, outside.UnknownForm(known))
	return err
}
