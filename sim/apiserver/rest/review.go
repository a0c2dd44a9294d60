package rest

import (
	"errors"
	"net/http"
	"slices"

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
	"minisim/sim/apiserver/kinds"
	"minisim/sim/apiserver/outside"
)

// review is a question to the server in the form of an object that is never stored.
type review struct {
	resource   string
	namespaced bool
	kind       schema.GroupVersionKind
	answer     func(*exchange, runtime.Object) error // fills in the status
}

func (r review) describe() metav1.APIResource {
	return metav1.APIResource{Name: r.resource, SingularName: r.resource[:len(r.resource)-1], Namespaced: r.namespaced, Kind: r.kind.Kind, Verbs: metav1.Verbs{"create"}}
}

// reviews are the questions that are answered: who am I, whose token is this, and who may do what?
var reviews = []review{
	{"selfsubjectreviews", false, authenticationv1.SchemeGroupVersion.WithKind("SelfSubjectReview"), whoAmI},
	{"tokenreviews", false, authenticationv1.SchemeGroupVersion.WithKind("TokenReview"), whoseToken},
	{"selfsubjectaccessreviews", false, authorizationv1.SchemeGroupVersion.WithKind("SelfSubjectAccessReview"), mayI},
	{"selfsubjectrulesreviews", false, authorizationv1.SchemeGroupVersion.WithKind("SelfSubjectRulesReview"), whatMayI},
	{"localsubjectaccessreviews", true, authorizationv1.SchemeGroupVersion.WithKind("LocalSubjectAccessReview"), mayTheyHere},
	{"subjectaccessreviews", false, authorizationv1.SchemeGroupVersion.WithKind("SubjectAccessReview"), mayThey},
}

// review finds what answers a question, nil if the path asks none.
func (c *exchange) review(gv schema.GroupVersion, parts []string) func() error {
	namespace := ""
	if len(parts) == 3 && parts[0] == "namespaces" {
		namespace, parts = parts[1], parts[2:]
	}
	for _, v := range reviews {
		if v.kind.GroupVersion() == gv && len(parts) == 1 && parts[0] == v.resource && v.namespaced == (namespace != "") {
			return func() error {
				return c.take(route{http.MethodPost: func() error { return c.answerReview(v, namespace) }})
			}
		}
	}
	return nil
}

func (c *exchange) answerReview(v review, namespace string) error {
	q := outside.Request{Verb: api.VerbCreate}
	var err error
	if q.ContentType, q.Body, err = c.read(); err != nil {
		return err
	}
	if err := c.writeOptions(&q); err != nil {
		return err
	}
	o, warnings, err := decodeReview(v.kind, q)
	if err != nil {
		return err
	}
	if v.namespaced && o.GetNamespace() == "" {
		o.SetNamespace(namespace)
	}
	if o.GetNamespace() != namespace && v.namespaced {
		return apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	if err := v.answer(c, o); err != nil {
		return err
	}
	c.warn(warnings)
	o.GetObjectKind().SetGroupVersionKind(v.kind)
	return c.plainly(http.StatusCreated, o)
}

// decodeReview reads a question in any of the forms that objects come in.
func decodeReview(kind schema.GroupVersionKind, q outside.Request) (api.Object, []string, error) {
	empty := func() api.Object {
		o, err := wire().scheme.New(kind)
		if err != nil {
			panic("rest: a question of no known kind: " + err.Error()) // the table of reviews is ours
		}
		return o.(api.Object)
	}
	if q.ContentType != outside.Protobuf {
		o, warnings, err := kinds.DecodeBody(kind, empty, q.Body, q.ContentType == outside.YAML, q.Validation == metav1.FieldValidationStrict)
		if q.Validation == metav1.FieldValidationIgnore {
			warnings = nil
		}
		return o, warnings, err
	}
	info, _ := serializerOf(q.ContentType)
	o, is, err := info.Serializer.Decode(q.Body, &kind, nil)
	if err == nil && *is != kind {
		err = errors.New("it must be a " + kind.Kind)
	}
	if err != nil {
		return nil, nil, badRequest(err)
	}
	return o.(api.Object), nil, nil
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

// mayTheyHere is mayThey for one namespace.
func mayTheyHere(c *exchange, o runtime.Object) error {
	r := o.(*authorizationv1.LocalSubjectAccessReview)
	errs := append(questions(r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes), somebody(r.Spec)...)
	m := r.ObjectMeta
	m.Namespace = ""
	errs = append(errs, bare(m, "must be empty except for namespace")...)
	if a := r.Spec.ResourceAttributes; a != nil && a.Namespace != r.Namespace {
		errs = append(errs, field.Invalid(field.NewPath("spec.resourceAttributes.namespace"), a.Namespace, "must match metadata.namespace"))
	}
	if r.Spec.NonResourceAttributes != nil {
		errs = append(errs, field.Invalid(field.NewPath("spec.nonResourceAttributes"), untagged(r.Spec.NonResourceAttributes), "disallowed on this kind of request"))
	}
	if err := refusedReview(errs); err != nil {
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
		errs = append(errs, field.Invalid(spec.Child("nonResourceAttributes"), untagged(other), "cannot be specified in combination with resourceAttributes"))
	case a == nil && other == nil:
		errs = append(errs, field.Invalid(spec.Child("resourceAttributes"), other, "exactly one of nonResourceAttributes or resourceAttributes must be specified"))
	}
	return errs
}

// untagged is the form in which messages show it: that of Kubernetes' internal type.
func untagged(a *authorizationv1.NonResourceAttributes) any {
	return struct{ Path, Verb string }{a.Path, a.Verb}
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
	r.Spec = authorizationv1.SelfSubjectRulesReviewSpec{} // as a real server has it
	r.Status = authorizationv1.SubjectRulesReviewStatus{
		ResourceRules: []authorizationv1.ResourceRule{}, NonResourceRules: []authorizationv1.NonResourceRule{},
	}
	if _, ok := nodeOf(c.user.Name); ok && slices.Contains(c.user.Groups, nodesGroup) {
		r.Status.Incomplete, r.Status.EvaluationError = true, "node authorizer does not support user rule resolution"
	}
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
		asks = access.Attributes{Verb: api.Verb(a.Verb), Resource: c.resourceOf(a), Subresource: a.Subresource, Key: api.Key{Namespace: a.Namespace, Name: a.Name}}
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
func (c *exchange) resourceOf(a *authorizationv1.ResourceAttributes) *api.Resource {
	for _, r := range c.bridge.api.Catalog().Resources() {
		if r.Group == a.Group && r.Name == a.Resource {
			return r
		}
	}
	return &api.Resource{Group: a.Group, Version: a.Version, Name: a.Resource}
}
