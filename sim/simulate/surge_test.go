package simulate

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestSurge(t *testing.T) {
	for name, c := range map[string]struct {
		rolling  *appsv1.RollingUpdateDeployment
		replicas int32
		want     int
	}{
		"all at once":         {nil, 10, 0},
		"a number":            {&appsv1.RollingUpdateDeployment{MaxSurge: new(intstr.FromInt32(3))}, 10, 3},
		"a part, rounded up":  {&appsv1.RollingUpdateDeployment{MaxSurge: new(intstr.FromString("25%"))}, 10, 3},
		"a part of nothing":   {&appsv1.RollingUpdateDeployment{MaxSurge: new(intstr.FromString("25%"))}, 0, 0},
		"more than there are": {&appsv1.RollingUpdateDeployment{MaxSurge: new(intstr.FromString("150%"))}, 2, 3},
	} {
		d := &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: &c.replicas, Strategy: appsv1.DeploymentStrategy{RollingUpdate: c.rolling}}}
		if got := surge(d); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
