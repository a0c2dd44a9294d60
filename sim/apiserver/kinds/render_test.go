package kinds

import (
	"encoding/json"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestInternalShape(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{nil, `null`},
		{"a", `"a"`},
		{[]string(nil), `null`},
		{[]string{"a", "b"}, `["a","b"]`},
		{map[string]string{"b": "2", "a": "1"}, `{"a":"1","b":"2"}`},
		{corev1.Taint{Key: "a", Effect: "NoSchedule"}, `{"Key":"a","Value":"","Effect":"NoSchedule","TimeAdded":null}`},
		{&metav1.LabelSelector{}, `{}`},
		{appsv1.DeploymentStrategy{RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: new(intstr.FromString("5%"))}},
			`{"Type":"","RollingUpdate":{"MaxUnavailable":null,"MaxSurge":"5%"}}`},
		{corev1.ResourceRequirements{Limits: corev1.ResourceList{"cpu": resource.MustParse("1")}}, `{"Limits":{"cpu":"1"},"Requests":null,"Claims":null}`},
		{corev1.EnvFromSource{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "a"}}},
			`{"Prefix":"","ConfigMapRef":null,"SecretRef":{"Name":"a","Optional":null}}`},
	} {
		got, err := json.Marshal(internal{c.value})
		if err != nil || string(got) != c.want {
			t.Errorf("%v: %s %v, want %s", c.value, got, err, c.want)
		}
	}
}
