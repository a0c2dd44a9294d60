package apiserver

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apihelpers"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"minisim/sim/api"
)

func firstLabel(name string) string {
	label, _, _ := strings.Cut(name, ".")
	return label
}

// taken are the names that the other definitions of a group have got.
type taken struct{ resources, kinds []string }

func (s *Server) taken(name string) (t taken) {
	for _, other := range s.groupOf(name) {
		n := other.Status.AcceptedNames
		t.resources = append(append(t.resources, n.Plural, n.Singular), n.ShortNames...)
		t.kinds = append(t.kinds, n.Kind, n.ListKind)
	}
	return t
}

// acceptNames gives a definition those of the names that it wants that no other
// of its group has, and says whether that changed its status.
func (s *Server) acceptNames(crd *apiextensionsv1.CustomResourceDefinition) bool {
	want, have := crd.Spec.Names, crd.Status.AcceptedNames
	if equality.Semantic.DeepEqual(want, have) {
		return false
	}
	others := s.taken(crd.Name)
	got := have
	reason, message := "NoConflicts", "no conflicts found"
	claim := func(to *string, wanted string, used []string, conflict string) {
		if err := fresh(wanted, *to, used); err != nil {
			reason, message = conflict, err.Error()
			return
		}
		*to = wanted
	}
	claim(&got.Plural, want.Plural, others.resources, "PluralConflict")
	claim(&got.Singular, want.Singular, others.resources, "SingularConflict")
	if err := freshShort(want.ShortNames, have.ShortNames, others.resources); err != nil {
		reason, message = "ShortNamesConflict", err.Error()
	} else {
		got.ShortNames = want.ShortNames
	}
	claim(&got.Kind, want.Kind, others.kinds, "KindConflict")
	claim(&got.ListKind, want.ListKind, others.kinds, "ListKindConflict")
	got.Categories = want.Categories
	accepted := apiextensionsv1.ConditionTrue
	if reason != "NoConflicts" {
		accepted = apiextensionsv1.ConditionFalse
	}
	now := &apiextensionsv1.CustomResourceDefinitionCondition{Type: apiextensionsv1.NamesAccepted, Status: accepted, Reason: reason, Message: message}
	if reflect.DeepEqual(have, got) && apihelpers.IsCRDConditionEquivalent(now, apihelpers.FindCRDCondition(crd, apiextensionsv1.NamesAccepted)) {
		return false
	}
	crd.Status.AcceptedNames = got
	setCondition(crd, now.Type, now.Status, now.Reason, now.Message)
	switch {
	case api.Established(crd):
	case accepted == apiextensionsv1.ConditionTrue:
		setCondition(crd, apiextensionsv1.Established, apiextensionsv1.ConditionFalse, "Installing", "the initial names have been accepted")
	case apihelpers.FindCRDCondition(crd, apiextensionsv1.Established) == nil:
		setCondition(crd, apiextensionsv1.Established, apiextensionsv1.ConditionFalse, "NotAccepted", "not all names are accepted")
	}
	return true
}

// fresh says whether a name is the definition's already, or nobody's.
func fresh(want, have string, used []string) error {
	if want == have || !slices.Contains(used, want) {
		return nil
	}
	return fmt.Errorf("%q is already in use", want)
}

func freshShort(want, have, used []string) error {
	var faults []error
	for _, name := range want {
		if !slices.Contains(have, name) {
			if err := fresh(name, "", used); err != nil {
				faults = append(faults, err)
			}
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return errors.New(utilerrors.NewAggregate(faults).Error())
}
