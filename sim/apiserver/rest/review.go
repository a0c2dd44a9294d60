package rest

import (
	"errors"
	"net/http"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

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
	if c.r.Method != http.MethodPost {
		return apierrors.NewMethodNotSupported(schema.GroupResource{Group: v.kind.Group, Resource: v.resource}, c.r.Method)
	}
	contentType, body, err := c.read()
	if err != nil {
		return err
	}
	info, ok := serializerOf(contentType)
	if !ok {
		return apierrors.NewGenericServerResponse(http.StatusUnsupportedMediaType, "create", schema.GroupResource{}, "", contentType, 0, true)
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
}

func whoAmI(c *exchange, o runtime.Object) error {
	o.(*authenticationv1.SelfSubjectReview).Status.UserInfo = authenticationv1.UserInfo{Username: c.user.Name, Groups: c.user.Groups}
	return nil
}

func mayI(c *exchange, o runtime.Object) error {
	r := o.(*authorizationv1.SelfSubjectAccessReview)
	var err error
	r.Status, err = c.decide(c.user, r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes)
	return err
}

func mayThey(c *exchange, o runtime.Object) error {
	r := o.(*authorizationv1.SubjectAccessReview)
	var err error
	r.Status, err = c.decide(User{r.Spec.User, r.Spec.Groups}, r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes)
	return err
}

// whatMayI lists the rules that hold for the user in a namespace.
func whatMayI(c *exchange, o runtime.Object) error {
	r := o.(*authorizationv1.SelfSubjectRulesReview)
	if r.Spec.Namespace == "" {
		return apierrors.NewBadRequest("no namespace on request")
	}
	rules, err := look(c.r.Context(), &c.server.bridge, func() ([]rbacv1.PolicyRule, error) { return c.visitor().Rules(r.Spec.Namespace), nil })
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
	var status authorizationv1.SubjectAccessReviewStatus
	switch {
	case (a == nil) == (other == nil):
		return status, apierrors.NewBadRequest("exactly one of nonResourceAttributes or resourceAttributes must be specified")
	case other != nil:
		status.Allowed = isMaster(u) || other.Verb == "get" && openTo(other.Path)
		return status, nil
	}
	r := resourceOf(a)
	if r == nil { // nobody but the masters may do anything with what is not served, or with everything
		status.Allowed = isMaster(u)
		if !status.Allowed && a.Resource != "*" {
			status.Reason = "the server doesn't have a resource type " + a.Resource
		}
		return status, nil
	}
	_, err := look(c.r.Context(), &c.server.bridge, func() (any, error) {
		rule, err := c.server.config.API.Visitor(apiserver.Identity{User: u.Name, Groups: u.Groups}).Authorize(access.Attributes{
			Verb: api.Verb(a.Verb), Resource: r, Subresource: a.Subresource, Key: api.Key{Namespace: a.Namespace, Name: a.Name},
		})
		status.Allowed, status.Reason = err == nil, rule
		return nil, nil
	})
	return status, err
}

func resourceOf(a *authorizationv1.ResourceAttributes) *api.Resource {
	for _, r := range api.Resources() {
		if r.Group == a.Group && r.Name == a.Resource {
			return r
		}
	}
	return nil
}

func isMaster(u User) bool {
	for _, g := range u.Groups {
		if g == access.Masters {
			return true
		}
	}
	return false
}
