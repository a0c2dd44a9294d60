package apiserver

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
)

// create stores a new object.
func (c *call) create() (api.Object, error) {
	o, err := c.received()
	if err != nil {
		return nil, err
	}
	k := c.strategy()
	if k.Default != nil {
		k.Default(o)
	}
	if c.server.Catalog().Terminating(c.Resource) {
		return nil, apierrors.NewForbidden(c.Resource.GroupResource(), c.Key.Name, errTerminating)
	}
	if err := c.admit(api.VerbCreate, o, nil); err != nil {
		return nil, err
	}
	if err := c.identify(o); err != nil {
		return nil, err
	}
	if svc, ok := o.(*corev1.Service); ok {
		if errs := c.server.net.allocate(&c.server.rand, c.Key, svc, nil); len(errs) > 0 {
			return nil, c.invalid(errs)
		}
	}
	if k.PrepareForCreate != nil {
		k.PrepareForCreate(o)
	}
	if k.Validate != nil {
		if errs := k.Validate(o); len(errs) > 0 {
			return nil, c.invalid(errs)
		}
	}
	if err := c.vet(api.VerbCreate, o, nil); err != nil {
		return nil, err
	}
	if err := c.vacant(o); err != nil {
		return nil, err
	}
	value, err := c.server.encode(c.Resource, o)
	if err != nil {
		return nil, plain("%v", err)
	}
	if c.DryRun {
		c.outcome = DryRun
		canonical(o)
		return o, nil
	}
	c.outcome = Created
	return c.write(value, o, 0)
}

// vacant checks that a new object comes to a place that is free.
func (c *call) vacant(o api.Object) error {
	if v, err := versionOf(o); err == nil && v != 0 && !c.DryRun {
		return plain("resourceVersion should not be set on objects to be created")
	}
	switch it := c.table().get(c.Key); {
	case it == nil:
		return nil
	case o.GetGenerateName() != "":
		return apierrors.NewGenerateNameConflict(c.Resource.GroupResource(), c.Key.Name, 1)
	case it.object.GetDeletionTimestamp() != nil:
		err := apierrors.NewAlreadyExists(c.Resource.GroupResource(), c.Key.Name)
		err.ErrStatus.Message = "object is being deleted: " + err.ErrStatus.Message
		return err
	}
	return apierrors.NewAlreadyExists(c.Resource.GroupResource(), c.Key.Name)
}

var errTerminating = errors.New("create not allowed while custom resource definition is terminating")

// received is the server's own copy of the request's object, of the right type,
// name and namespace.
func (c *call) received() (api.Object, error) {
	if c.Object == nil {
		return nil, apierrors.NewBadRequest("the request has no object")
	}
	have, custom := c.Object.GetObjectKind().GroupVersionKind(), c.server.Catalog().Custom(c.Resource) != nil
	if !have.Empty() && have != c.Resource.GVK() && !custom { // of custom resources validation tells
		return nil, apierrors.NewBadRequest(fmt.Sprintf("the object provided is unrecognized (must be of type %s): it is a %s", c.Resource.Kind, have.Kind))
	}
	o, ok := c.Object.DeepCopyObject().(api.Object)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("not an object: %T", c.Object))
	}
	if have.Empty() || !custom {
		o.GetObjectKind().SetGroupVersionKind(c.Resource.GVK())
	}
	if !c.Resource.Namespaced {
		c.Key.Namespace = ""
		o.SetNamespace("")
	} else if c.Key.Namespace == "" {
		return nil, apierrors.NewBadRequest("an empty namespace may not be set during creation")
	}
	if c.Key.Name == "" {
		c.Key.Name = o.GetName()
	}
	if o.GetName() != c.Key.Name {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s) does not match the name on the URL (%s)", o.GetName(), c.Key.Name))
	}
	if o.GetNamespace() == "" {
		o.SetNamespace(c.Key.Namespace)
	}
	if o.GetNamespace() != c.Key.Namespace {
		return nil, apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	return o, nil
}

// identify gives a new object what only the server can: its name if it asked for
// a generated one, its UID and the time of its creation.
func (c *call) identify(o api.Object) error {
	d := &c.server.rand
	if base := o.GetGenerateName(); base != "" && o.GetName() == "" {
		seed := c.Resource.StoreKey(api.Key{Namespace: c.Key.Namespace, Name: base})
		for try := 1; ; try++ {
			o.SetName(d.name(base, seed))
			if c.table().get(api.KeyOf(o)) == nil {
				break
			}
			if try == nameTries {
				return apierrors.NewGenerateNameConflict(c.Resource.GroupResource(), o.GetName(), 1)
			}
		}
	}
	c.Key.Name = o.GetName()
	o.SetUID(types.UID(d.uid(c.Resource.StoreKey(c.Key))))
	o.SetCreationTimestamp(c.server.now())
	o.SetDeletionTimestamp(nil)
	o.SetDeletionGracePeriodSeconds(nil)
	o.SetSelfLink("")
	return nil
}

// now is the present virtual time in whole seconds, which is all that objects keep.
func (s *Server) now() metav1.Time {
	return metav1.Time{Time: s.Engine.Clock()}.Rfc3339Copy()
}
