package scenario

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// appLabel is the label that carries the compose service's name.
const appLabel = "app"

// program tells the world what the containers of each service do.
func (r *Runner) program() {
	for _, o := range r.Scenario.Compose.Objects {
		p, told := r.Scenario.Programs[o.Service]
		template := podTemplate(o.Resource)
		if !told || template == nil {
			continue
		}
		for _, c := range template.Spec.Containers {
			r.Cluster.World.Images.SetProgramFor(template.Labels[appLabel], c.Image, p)
		}
	}
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
	case *batchv1.Job:
		return &o.Spec.Template
	}
	return nil
}
