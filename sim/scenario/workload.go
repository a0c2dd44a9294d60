package scenario

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
)

// workload is what runs a service's pods: by the service's name, or as kubectl
// names an object ("deployment/web").
type workload struct {
	resource *api.Resource // nil: what the compose service became
	name     string
}

// parseWorkload reads SERVICE or RESOURCE/NAME.
func parseWorkload(s string) (workload, error) {
	kind, name, given := strings.Cut(s, "/")
	if !given {
		return workload{name: s}, nil
	}
	r, err := findResource(kind)
	if err == nil && podTemplate(r.New()) == nil {
		err = fmt.Errorf("a %s has no pods of its own", r.Singular)
	}
	return workload{r, name}, err
}

func (w workload) check(n Names) error {
	if w.resource != nil {
		return nil
	}
	return known("service", w.name, n.Services)
}

// find gives the resource and the key of the object.
func (w workload) find(r *Runner) (*api.Resource, api.Key, error) {
	key := api.Key{Namespace: "default", Name: w.name}
	if w.resource != nil {
		return w.resource, key, nil
	}
	for _, o := range r.Scenario.Compose.Objects {
		if o.Service == w.name && podTemplate(o.Resource) != nil {
			key.Name = o.GetName()
			return api.Of(o.Resource), key, nil
		}
	}
	for _, resource := range workloads { // somebody has made it with kubectl
		_, err := api.Get[api.Object](r.client, resource, key)
		if err == nil {
			return resource, key, nil
		}
		if !apierrors.IsNotFound(err) {
			return nil, key, err // nobody knows whether it is there
		}
	}
	return nil, key, fmt.Errorf("service %s has no workload", w.name)
}

// workloads are the resources that a service's name may stand for.
var workloads = []*api.Resource{api.Deployments, api.StatefulSets, api.DaemonSets, api.ReplicaSets, api.Jobs}

// change changes the workload through the API.
func (w workload) change(r *Runner, f func(api.Object) error) error {
	resource, key, err := w.find(r)
	if err != nil {
		return err
	}
	_, err = api.Patch(r.client, resource, key, f)
	return err
}

// podTemplate is the pod template of a workload, nil for any other object.
func podTemplate(o any) *corev1.PodTemplateSpec {
	switch o := o.(type) {
	case *appsv1.Deployment:
		return &o.Spec.Template
	case *appsv1.StatefulSet:
		return &o.Spec.Template
	case *appsv1.DaemonSet:
		return &o.Spec.Template
	case *appsv1.ReplicaSet:
		return &o.Spec.Template
	case *batchv1.Job:
		return &o.Spec.Template
	}
	return nil
}

// replicas is where a workload says how many pods are wanted, nil where nobody says so.
func replicas(o any) **int32 {
	switch o := o.(type) {
	case *appsv1.Deployment:
		return &o.Spec.Replicas
	case *appsv1.StatefulSet:
		return &o.Spec.Replicas
	case *appsv1.ReplicaSet:
		return &o.Spec.Replicas
	}
	return nil
}
