package kinds

import (
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
)

// The annotations by which nodes were once told what fields tell today. Nobody
// acts on them, but Kubernetes still wants them to be sound.
const (
	taintsAnnotation    = "scheduler.alpha.kubernetes.io/taints"
	avoidPodsAnnotation = corev1.PreferAvoidPodsAnnotationKey
)

func (f *faults) nodeAnnotations(annotations map[string]string) {
	p := metadataPath.Child("annotations")
	if text := annotations[taintsAnnotation]; text != "" {
		var taints []corev1.Taint
		if err := json.Unmarshal([]byte(text), &taints); err != nil {
			f.invalid(p, "", taintsAnnotation, err.Error())
		}
		f.taints(p.Child(taintsAnnotation), taints)
	}
	if text := annotations[avoidPodsAnnotation]; text != "" {
		var avoid corev1.AvoidPods
		if err := json.Unmarshal([]byte(text), &avoid); err != nil {
			f.invalid(p, "AvoidPods", avoidPodsAnnotation, err.Error())
			return
		}
		for i, entry := range avoid.PreferAvoidPods {
			p := p.Child(avoidPodsAnnotation).Index(i).Child("PodSignature")
			if c := entry.PodSignature.PodController; c == nil {
				f.required(p, "", "")
			} else if !isTrue(c.Controller) {
				f.invalid(p.Child("PodController"), "Controller", isTrue(c.Controller), "must point to a controller")
			}
		}
	}
}
