package custom

import (
	"fmt"
	"math"
	"strings"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"minisim/sim/api"
)

// steps are the names in a simple path: ".spec.replicas".
func steps(path string) []string { return strings.Split(strings.TrimPrefix(path, "."), ".") }

// Scale shows an object as a Scale; found says whether it states the replicas that it wants.
func (v *Version) Scale(o api.Object) (s *autoscalingv1.Scale, found bool, err error) {
	paths := v.spec.Subresources.Scale
	want, found, err := unstructured.NestedInt64(content(o), steps(paths.SpecReplicasPath)...)
	if err != nil {
		return nil, false, err
	}
	have, _, err := unstructured.NestedInt64(content(o), steps(paths.StatusReplicasPath)...)
	if err != nil {
		return nil, false, err
	}
	selector := ""
	if p := paths.LabelSelectorPath; p != nil && *p != "" {
		if selector, _, err = unstructured.NestedString(content(o), steps(*p)...); err != nil {
			return nil, false, err
		}
	}
	return &autoscalingv1.Scale{
		TypeMeta: metav1.TypeMeta{APIVersion: "autoscaling/v1", Kind: "Scale"},
		ObjectMeta: metav1.ObjectMeta{
			Name: o.GetName(), Namespace: o.GetNamespace(), UID: o.GetUID(),
			ResourceVersion: o.GetResourceVersion(), CreationTimestamp: o.GetCreationTimestamp(),
		},
		Spec:   autoscalingv1.ScaleSpec{Replicas: int32(want)},
		Status: autoscalingv1.ScaleStatus{Replicas: int32(have), Selector: selector},
	}, found, nil
}

// NoReplicas is the error for an object that does not state the replicas that it wants.
func (v *Version) NoReplicas() error {
	return apierrors.NewInternalError(fmt.Errorf("the spec replicas field %q does not exist", v.spec.Subresources.Scale.SpecReplicasPath))
}

// SetReplicas changes the replicas that an object wants.
func (v *Version) SetReplicas(o api.Object, n int32) error {
	return unstructured.SetNestedField(content(o), int64(n), steps(v.spec.Subresources.Scale.SpecReplicasPath)...)
}

// scaleFaults says what is wrong with the fields that the subresource scale shows.
func (v *Version) scaleFaults(o api.Object, spec bool) (faults field.ErrorList) {
	if !v.Scales() {
		return nil
	}
	paths := v.spec.Subresources.Scale
	number := func(path string) {
		p := field.NewPath(path)
		switch n, _, err := unstructured.NestedInt64(content(o), steps(path)...); {
		case err != nil:
			faults = append(faults, field.Invalid(p, n, err.Error()))
		case n < 0:
			faults = append(faults, field.Invalid(p, n, "should be a non-negative integer"))
		case n > math.MaxInt32:
			faults = append(faults, field.Invalid(p, n, fmt.Sprintf("should be less than or equal to %v", math.MaxInt32)))
		}
	}
	if spec {
		number(paths.SpecReplicasPath)
	}
	number(paths.StatusReplicasPath)
	if p := paths.LabelSelectorPath; p != nil {
		if s, _, err := unstructured.NestedString(content(o), steps(*p)...); err != nil {
			faults = append(faults, field.Invalid(field.NewPath(*p), s, err.Error()))
		}
	}
	return faults
}
