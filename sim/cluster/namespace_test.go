package cluster

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

// TestNamespaceGoesWithItsClaims deletes a namespace with a claim that a pod
// uses. Each controller has its own role only, and all of them have to do their part.
func TestNamespaceGoesWithItsClaims(t *testing.T) {
	c, err := New(t.Context(), Config{Workers: []Worker{{Name: "worker-1", CPU: resource.MustParse("4"), Memory: resource.MustParse("8Gi")}}, Instant: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Boot()
	pass := func(d time.Duration) {
		t.Helper()
		if err := c.Engine.RunTo(c.Engine.Now() + d); err != nil {
			t.Fatal(err)
		}
	}
	admin := c.Admin("kubernetes-admin", "kubectl")
	create := func(o api.Object) {
		t.Helper()
		if _, err := api.Create(admin, o); err != nil {
			t.Fatal(err)
		}
	}
	pass(5 * time.Second)
	create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}})
	pass(2 * time.Second)
	meta := metav1.ObjectMeta{Namespace: "shop", Name: "data"}
	create(&corev1.PersistentVolumeClaim{ObjectMeta: meta, Spec: corev1.PersistentVolumeClaimSpec{
		AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
	}})
	create(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}, Spec: corev1.PodSpec{
		Containers: []corev1.Container{{Name: "c", Image: "nginx"}},
		Volumes:    []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}}},
	}})
	pass(time.Minute)
	pod, err := api.Get[*corev1.Pod](admin, api.Pods, api.Key{Namespace: "shop", Name: "web"})
	if err != nil || pod.Status.Phase != corev1.PodRunning {
		t.Fatalf("the pod is %s (%v)", pod.Status.Phase, err)
	}
	if err := api.Delete(admin, api.Namespaces, api.Key{Name: "shop"}, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	pass(2 * time.Minute)
	ns, err := api.Get[*corev1.Namespace](admin, api.Namespaces, api.Key{Name: "shop"})
	if !apierrors.IsNotFound(err) {
		t.Errorf("it is still there: %+v", ns.Status.Conditions)
	}
}
