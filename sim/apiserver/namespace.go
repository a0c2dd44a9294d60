package apiserver

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
)

// finalize replaces the finalizers in a namespace's specification, which hold it
// while it is being emptied; nothing else of it changes.
func (c *call) finalize() (api.Object, error) {
	want, ok := c.Object.(*corev1.Namespace)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("not a Namespace object: %T", c.Object))
	}
	it, err := c.current()
	if err != nil {
		return nil, err
	}
	if err := c.unmodified(it, want); err != nil {
		return nil, err
	}
	ns := it.object.(*corev1.Namespace).DeepCopy()
	ns.Spec.Finalizers = append([]corev1.FinalizerName(nil), want.Spec.Finalizers...)
	if errs := c.strategy().Parts["finalize"].Validate(ns, it.object); len(errs) > 0 {
		return nil, c.invalid(errs)
	}
	return c.replace(it, ns)
}
