package compose

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"minisim/sim/api"
	"minisim/sim/apiserver/kinds"
)

// invalid finds what the API server refuses, and what a translation must not leave out. Only this test looks into the
// room of the API server: it is the judge of what the compose room makes.
func invalid(objects []Object) []string {
	var faults []string
	seen := map[string]bool{}
	for _, o := range objects {
		kind := o.GetObjectKind().GroupVersionKind()
		where := kind.Kind + " " + o.GetName() + ": "
		if o.Why == "" || o.Service == "" || o.Pos.Line == 0 || o.GetNamespace() != "default" || o.GetLabels()["app"] == "" {
			faults = append(faults, where+"is incomplete: "+fmt.Sprint(o.Pos, o.Service, o.Why))
		}
		if seen[where] {
			faults = append(faults, where+"is there twice")
		}
		seen[where] = true
		for _, fault := range refused(o.Resource) {
			faults = append(faults, where+fault)
		}
		if s, ok := o.Resource.(*corev1.Service); ok && len(s.Spec.Ports) == 0 && s.Spec.ClusterIP == "" && s.Spec.Type == "" {
			faults = append(faults, where+"has no ports, and is not headless")
		}
		faults = append(faults, badKeys(o.Resource, where)...)
	}
	return faults
}

// refused takes a copy of an object through the API server's defaulting and validation.
func refused(r Resource) []string {
	kind := r.GetObjectKind().GroupVersionKind()
	resource := api.ByKind(kind)
	if resource == nil {
		return []string{"is of no kind that the API server has: " + kind.String()}
	}
	object := r.DeepCopyObject().(api.Object)
	strategy := kinds.For(resource)
	if strategy.Validate == nil {
		return nil
	}
	if strategy.Default != nil {
		strategy.Default(object)
	}
	object.SetUID("00000000-0000-4000-8000-000000000000")
	if strategy.PrepareForCreate != nil {
		strategy.PrepareForCreate(object)
	}
	var faults []string
	for _, err := range strategy.Validate(object) {
		faults = append(faults, err.Error())
	}
	return faults
}

// badKeys checks ConfigMaps and Secrets.
func badKeys(r Resource, where string) []string {
	sizes := map[string]int{}
	switch o := r.(type) {
	case *corev1.ConfigMap:
		for key, value := range o.Data {
			sizes[key] = len(value)
		}
		for key, value := range o.BinaryData {
			sizes[key] += len(value)
		}
	case *corev1.Secret:
		for key, value := range o.Data {
			sizes[key] = len(value)
		}
	default:
		return nil
	}
	var faults []string
	total := 0
	for key, size := range sizes {
		total += size
		if problems := validation.IsConfigMapKey(key); len(problems) > 0 {
			faults = append(faults, where+key+": "+strings.Join(problems, ", "))
		}
	}
	if total > corev1.MaxSecretSize {
		faults = append(faults, fmt.Sprintf("%sholds %d bytes", where, total))
	}
	return faults
}

// TestTheJudge proves that each kind that the translation makes is really validated.
func TestTheJudge(t *testing.T) {
	bad := metav1.ObjectMeta{Name: "Bad_Name", Namespace: "default"}
	for _, r := range []Resource{
		&appsv1.Deployment{TypeMeta: typeMeta("apps/v1", "Deployment"), ObjectMeta: bad},
		&appsv1.StatefulSet{TypeMeta: typeMeta("apps/v1", "StatefulSet"), ObjectMeta: bad},
		&appsv1.DaemonSet{TypeMeta: typeMeta("apps/v1", "DaemonSet"), ObjectMeta: bad},
		&batchv1.Job{TypeMeta: typeMeta("batch/v1", "Job"), ObjectMeta: bad},
		&corev1.Service{TypeMeta: typeMeta("v1", "Service"), ObjectMeta: bad},
		&corev1.PersistentVolumeClaim{TypeMeta: typeMeta("v1", "PersistentVolumeClaim"), ObjectMeta: bad},
	} {
		if len(refused(r)) == 0 {
			t.Errorf("a %s with a bad name and no spec passes", r.GetObjectKind().GroupVersionKind().Kind)
		}
	}
}
