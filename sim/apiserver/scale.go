package apiserver

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"minisim/sim/api"
)

// scales are the resources that can be scaled: where the wanted number of
// replicas stands, how many there are, and what selects them.
var scales = map[*api.Resource]func(api.Object) (want **int32, have int32, selector *metav1.LabelSelector){
	api.Deployments: func(o api.Object) (**int32, int32, *metav1.LabelSelector) {
		d := o.(*appsv1.Deployment)
		return &d.Spec.Replicas, d.Status.Replicas, d.Spec.Selector
	},
	api.ReplicaSets: func(o api.Object) (**int32, int32, *metav1.LabelSelector) {
		s := o.(*appsv1.ReplicaSet)
		return &s.Spec.Replicas, s.Status.Replicas, s.Spec.Selector
	},
	api.StatefulSets: func(o api.Object) (**int32, int32, *metav1.LabelSelector) {
		s := o.(*appsv1.StatefulSet)
		return &s.Spec.Replicas, s.Status.Replicas, s.Spec.Selector
	},
}

// scaleOf shows an object as a Scale.
func (c *call) scaleOf(o api.Object) (*autoscalingv1.Scale, error) {
	if v := c.server.Catalog().Custom(c.Resource); v != nil {
		s, _, err := v.Scale(o)
		if err != nil {
			return nil, plain("%v", err)
		}
		return s, nil
	}
	return builtInScale(c.Resource, o), nil
}

func builtInScale(r *api.Resource, o api.Object) *autoscalingv1.Scale {
	want, have, selector := scales[r](o)
	s := &autoscalingv1.Scale{
		TypeMeta: metav1.TypeMeta{APIVersion: "autoscaling/v1", Kind: "Scale"},
		ObjectMeta: metav1.ObjectMeta{
			Name: o.GetName(), Namespace: o.GetNamespace(), UID: o.GetUID(),
			ResourceVersion: o.GetResourceVersion(), CreationTimestamp: o.GetCreationTimestamp(),
		},
		Status: autoscalingv1.ScaleStatus{Replicas: have, Selector: metav1.FormatLabelSelector(selector)},
	}
	if *want != nil {
		s.Spec.Replicas = **want
	}
	return s
}

func (c *call) getScale() (api.Object, error) {
	o, err := c.get()
	if err != nil {
		return nil, err
	}
	if v := c.server.Catalog().Custom(c.Resource); v != nil {
		if _, found, err := v.Scale(o); err == nil && !found {
			return nil, v.NoReplicas()
		}
	}
	return c.scaleOf(o)
}

func (c *call) updateScale() (api.Object, error) {
	s, ok := c.Object.(*autoscalingv1.Scale)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("expected input object type to be Scale, but %T", c.Object))
	}
	return c.scale(func(api.Object) (*autoscalingv1.Scale, error) { return s, nil })
}

func (c *call) patchScale() (api.Object, error) {
	return c.scale(func(old api.Object) (*autoscalingv1.Scale, error) {
		before, err := c.scaleOf(old)
		if err != nil {
			return nil, err
		}
		o, err := c.patched(before)
		if err != nil {
			return nil, err
		}
		return o.(*autoscalingv1.Scale), nil
	})
}

// scale changes the number of replicas to what the Scale says that build gives.
func (c *call) scale(build func(old api.Object) (*autoscalingv1.Scale, error)) (api.Object, error) {
	o, err := c.modify(func(old api.Object) (api.Object, error) {
		s, err := build(old)
		if err != nil {
			return nil, err
		}
		if s.Spec.Replicas < 0 {
			return nil, apierrors.NewInvalid(schema.GroupKind{Group: "autoscaling", Kind: "Scale"}, s.Name, field.ErrorList{
				field.Invalid(field.NewPath("spec", "replicas"), s.Spec.Replicas, "must be greater than or equal to 0"),
			})
		}
		o := old.DeepCopyObject().(api.Object)
		if s.ResourceVersion != "" { // a condition only where the client makes one
			o.SetResourceVersion(s.ResourceVersion)
		}
		return o, c.setReplicas(o, s.Spec.Replicas)
	})
	if err != nil {
		return nil, err
	}
	return c.scaleOf(o)
}

// setReplicas changes the replicas that an object wants.
func (c *call) setReplicas(o api.Object, n int32) error {
	if v := c.server.Catalog().Custom(c.Resource); v != nil {
		return v.SetReplicas(o, n)
	}
	want, _, _ := scales[c.Resource](o)
	*want = &n
	return nil
}
