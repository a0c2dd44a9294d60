package rest

import (
	"errors"
	"net/http"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"minisim/sim/api"
	"minisim/sim/apiserver"
	"minisim/sim/apiserver/access"
)

// review is a question to the server in the form of an object that is never stored.
type review struct {
	resource string
	kind     schema.GroupVersionKind
	answer   func(*exchange, runtime.Object) error // fills in the status
}

func (r review) describe() metav1.APIResource {
	return metav1.APIResource{Name: r.resource, SingularName: r.resource[:len(r.resource)-1], Kind: r.kind.Kind, Verbs: metav1.Verbs{"create"}}
}

// reviews are the questions that are answered: who am I, and may I?
var reviews = []review{
	{"selfsubjectreviews", authenticationv1.SchemeGroupVersion.WithKind("SelfSubjectReview"), whoAmI},
	{"selfsubjectaccessreviews", authorizationv1.SchemeGroupVersion.WithKind("SelfSubjectAccessReview"), mayI},
	{"selfsubjectrulesreviews", authorizationv1.SchemeGroupVersion.WithKind("SelfSubjectRulesReview"), whatMayI},
	{"subjectaccessreviews", authorizationv1.SchemeGroupVersion.WithKind("SubjectAccessReview"), mayThey},
}

// review finds what answers a question, nil if the path asks none.
func (c *exchange) review(gv schema.GroupVersion, parts []string) func() error {
	for _, v := range reviews {
		if v.kind.GroupVersion() == gv && len(parts) == 1 && parts[0] == v.resource {
			return func() error { return c.answerReview(v) }
		}
	}
	return nil
}

func (c *exchange) answerReview(v review) error {
	return c.take(route{http.MethodPost: func() error {
		contentType, body, err := c.read()
		if err != nil {
			return err
		}
		info, ok := serializerOf(contentType)
		if !ok {
			return unknownForm(objectForms)
		}
		o, is, err := info.Serializer.Decode(body, &v.kind, nil)
		if err != nil && !runtime.IsStrictDecodingError(err) {
			return badRequest(err)
		}
		if *is != v.kind {
			return badRequest(errors.New("it must be a " + v.kind.Kind))
		}
		if err := v.answer(c, o); err != nil {
			return err
		}
		o.GetObjectKind().SetGroupVersionKind(v.kind)
		return c.plainly(http.StatusCreated, o)
	}})
}

func whoAmI(c *exchange, o runtime.Object) error {
	r := o.(*authenticationv1.SelfSubjectReview)
	now, err := c.now(c.r.Context())
	r.CreationTimestamp = metav1.NewTime(now)
	r.Status.UserInfo = c.user.info()
	return err
}

func mayI(c *exchange, o runtime.Object) error {
	r := o.(*authorizationv1.SelfSubjectAccessReview)
	errs := questions(r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes)
	if err := refusedReview(append(errs, bare(r.ObjectMeta, "must be empty")...)); err != nil {
		return err
	}
	var err error
	r.Status, err = c.decide(c.user, r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes)
	return err
}

func mayThey(c *exchange, o runtime.Object) error {
	r := o.(*authorizationv1.SubjectAccessReview)
	errs := append(questions(r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes), somebody(r.Spec)...)
	if err := refusedReview(append(errs, bare(r.ObjectMeta, "must be empty")...)); err != nil {
		return err
	}
	var err error
	r.Status, err = c.decide(User{Name: r.Spec.User, Groups: r.Spec.Groups}, r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes)
	return err
}

// questions are the faults of what is asked for.
func questions(a *authorizationv1.ResourceAttributes, other *authorizationv1.NonResourceAttributes) (errs field.ErrorList) {
	spec := field.NewPath("spec")
	switch {
	case a != nil && other != nil:
		errs = append(errs, field.Invalid(spec.Child("nonResourceAttributes"), other, "cannot be specified in combination with resourceAttributes"))
	case a == nil && other == nil:
		errs = append(errs, field.Invalid(spec.Child("resourceAttributes"), other, "exactly one of nonResourceAttributes or resourceAttributes must be specified"))
	}
	return errs
}

// somebody is the fault of a question about nobody.
func somebody(s authorizationv1.SubjectAccessReviewSpec) (errs field.ErrorList) {
	if s.User == "" && len(s.Groups) == 0 {
		errs = append(errs, field.Invalid(field.NewPath("spec", "user"), s.User, "at least one of user or group must be specified"))
	}
	return errs
}

// bare is the fault of a question with metadata: it is never stored.
func bare(m metav1.ObjectMeta, why string) (errs field.ErrorList) {
	m.ManagedFields = nil
	if !apiequality.Semantic.DeepEqual(metav1.ObjectMeta{}, m) {
		errs = append(errs, field.Invalid(field.NewPath("metadata"), m, why))
	}
	return errs
}

// refusedReview is the error for a question with faults. Its kind has no name, as in Kubernetes.
func refusedReview(errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(schema.GroupKind{Group: authorizationv1.GroupName}, "", errs)
}

// whatMayI lists the rules that hold for the user in a namespace.
func whatMayI(c *exchange, o runtime.Object) error {
	r := o.(*authorizationv1.SelfSubjectRulesReview)
	if r.Spec.Namespace == "" {
		return apierrors.NewBadRequest("no namespace on request")
	}
	rules, err := look(c.r.Context(), c.bridge, func() ([]rbacv1.PolicyRule, error) { return c.visitor().Rules(r.Spec.Namespace), nil })
	if err != nil {
		return err
	}
	r.Status = authorizationv1.SubjectRulesReviewStatus{ResourceRules: []authorizationv1.ResourceRule{}, NonResourceRules: []authorizationv1.NonResourceRule{}}
	for _, rule := range rules {
		if len(rule.Resources) > 0 {
			r.Status.ResourceRules = append(r.Status.ResourceRules, authorizationv1.ResourceRule{
				Verbs: rule.Verbs, APIGroups: rule.APIGroups, Resources: rule.Resources, ResourceNames: rule.ResourceNames,
			})
		}
		if len(rule.NonResourceURLs) > 0 {
			r.Status.NonResourceRules = append(r.Status.NonResourceRules, authorizationv1.NonResourceRule{Verbs: rule.Verbs, NonResourceURLs: rule.NonResourceURLs})
		}
	}
	return nil
}

// decide says whether a user may do something.
func (c *exchange) decide(u User, a *authorizationv1.ResourceAttributes, other *authorizationv1.NonResourceAttributes) (authorizationv1.SubjectAccessReviewStatus, error) {
	var asks access.Attributes
	if other != nil {
		asks = access.Attributes{Verb: api.Verb(other.Verb), Path: other.Path}
	} else {
		asks = access.Attributes{Verb: api.Verb(a.Verb), Resource: resourceOf(a), Subresource: a.Subresource, Key: api.Key{Namespace: a.Namespace, Name: a.Name}}
	}
	var status authorizationv1.SubjectAccessReviewStatus
	_, err := look(c.r.Context(), c.bridge, func() (any, error) {
		reason, err := c.bridge.api.Visitor(apiserver.Identity{User: u.Name, Groups: u.Groups}).Authorize(asks)
		status.Allowed, status.Reason = err == nil, reason
		return nil, nil
	})
	return status, err
}

// resourceOf is the resource that is asked about, which need not exist.
func resourceOf(a *authorizationv1.ResourceAttributes) *api.Resource {
	for _, r := range api.Resources() {
		if r.Group == a.Group && r.Name == a.Resource {
			return r
		}
	}
	return &api.Resource{Group: a.Group, Version: a.Version, Name: a.Resource}
}
