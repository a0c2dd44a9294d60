package framework

import (
	"fmt"
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestKeptShapesAreBounded(t *testing.T) {
	view := NewSnapshot()
	view.SetNode(node("a"))
	v := NewEvaluator(&Profile{Name: "none"}, view)
	for i := range 2 * maxShapes {
		p := pod("p")
		p.Pod.Labels = map[string]string{"app": fmt.Sprint(i)}
		v.Evaluate(p)
		if i == 0 {
			continue
		}
		first := pod("p")
		first.Pod.Labels = map[string]string{"app": "0"}
		v.Evaluate(first) // used all the time, so it stays
	}
	if len(v.shapes) != maxShapes || v.uses != 4*maxShapes-1 {
		t.Errorf("%d shapes after %d uses", len(v.shapes), v.uses)
	}
	first := pod("p")
	first.Pod.Labels = map[string]string{"app": "0"}
	if s := v.shapes[first.shape()]; s == nil {
		t.Error("the shape that is used most has gone")
	}
}

// Two pods share a shape exactly if no rule can tell them apart.
func TestShapeKey(t *testing.T) {
	yes := true
	base := func() *v1.Pod {
		p := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "default", Labels: map[string]string{"a": "b"}}}
		p.Spec.Containers = []v1.Container{{Name: "c", Image: "x"}}
		return p
	}
	for name, c := range map[string]struct {
		change func(*v1.Pod)
		same   bool
	}{
		"name":        {func(p *v1.Pod) { p.Name = "q" }, true},
		"uid":         {func(p *v1.Pod) { p.UID = "u" }, true},
		"environment": {func(p *v1.Pod) { p.Spec.Containers[0].Env = []v1.EnvVar{{Name: "x"}} }, true},
		"config volume": {func(p *v1.Pod) {
			p.Spec.Volumes = []v1.Volume{{Name: "v", VolumeSource: v1.VolumeSource{ConfigMap: &v1.ConfigMapVolumeSource{}}}}
		}, true},
		"namespace":  {func(p *v1.Pod) { p.Namespace = "other" }, false},
		"label":      {func(p *v1.Pod) { p.Labels["a"] = "c" }, false},
		"image":      {func(p *v1.Pod) { p.Spec.Containers[0].Image = "y" }, false},
		"host port":  {func(p *v1.Pod) { p.Spec.Containers[0].Ports = []v1.ContainerPort{{HostPort: 1}} }, false},
		"toleration": {func(p *v1.Pod) { p.Spec.Tolerations = []v1.Toleration{{Key: "k"}} }, false},
		"request": {func(p *v1.Pod) {
			p.Spec.Containers[0].Resources.Requests = v1.ResourceList{v1.ResourceCPU: resource.MustParse("1")}
		}, false},
		"priority": {func(p *v1.Pod) { one := int32(1); p.Spec.Priority = &one }, false},
		"owner": {func(p *v1.Pod) {
			p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "r", Controller: &yes}}
		}, false},
		"claim": {func(p *v1.Pod) {
			p.Spec.Volumes = []v1.Volume{{Name: "v", VolumeSource: v1.VolumeSource{PersistentVolumeClaim: &v1.PersistentVolumeClaimVolumeSource{ClaimName: "c"}}}}
		}, false},
		"ephemeral claim": {func(p *v1.Pod) {
			p.Spec.Volumes = []v1.Volume{{Name: "v", VolumeSource: v1.VolumeSource{Ephemeral: &v1.EphemeralVolumeSource{}}}}
		}, false},
	} {
		changed := base()
		c.change(changed)
		if got := shapeKey(base()) == shapeKey(changed); got != c.same {
			t.Errorf("%s: same %v", name, got)
		}
	}
}
