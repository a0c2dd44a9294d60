package controller

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

// left is how many objects of each resource there are, the same for what terminates in brackets.
func left(b *bench, resources ...*api.Resource) string {
	var out []string
	for _, r := range resources {
		n, going := 0, 0
		for _, o := range b.sorted(r) {
			if n++; o.GetDeletionTimestamp() != nil {
				going++
			}
		}
		out = append(out, fmt.Sprintf("%d(%d) %s", n, going, r.Name))
	}
	return strings.Join(out, ", ")
}

func TestDeletionCascades(t *testing.T) {
	for _, c := range []struct {
		policy     metav1.DeletionPropagation
		soon, late string
	}{
		{metav1.DeletePropagationBackground, "0(0) deployments, 0(0) replicasets, 3(3) pods", "0(0) deployments, 0(0) replicasets, 0(0) pods"},
		{metav1.DeletePropagationForeground, "1(1) deployments, 1(1) replicasets, 3(3) pods", "0(0) deployments, 0(0) replicasets, 0(0) pods"},
		{metav1.DeletePropagationOrphan, "0(0) deployments, 1(0) replicasets, 3(0) pods", "0(0) deployments, 1(0) replicasets, 3(0) pods"},
	} {
		for _, latency := range []time.Duration{0, 4 * time.Millisecond} {
			t.Run(fmt.Sprint(c.policy, latency), func(t *testing.T) {
				b := newBench(t)
				b.gone = 30 * time.Second
				b.latency[api.Pods], b.latency[api.Deployments] = latency, 2*latency
				b.start()
				d := add(b, deployment("app", 3))
				b.run(10 * time.Second)
				b.delete(d, c.policy)
				b.run(5 * time.Second)
				kinds := []*api.Resource{api.Deployments, api.ReplicaSets, api.Pods}
				if got := left(b, kinds...); got != c.soon {
					t.Errorf("soon after: %s, want %s", got, c.soon)
				}
				b.run(time.Minute)
				if got := left(b, kinds...); got != c.late {
					t.Errorf("at the end: %s, want %s", got, c.late)
				}
			})
		}
	}
}

func owned(b *bench, name string, by ...api.Object) *corev1.ConfigMap {
	cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}
	yes := true
	for _, o := range by {
		gvk := api.Of(o).GVK()
		cm.OwnerReferences = append(cm.OwnerReferences, metav1.OwnerReference{
			APIVersion: gvk.GroupVersion().String(), Kind: gvk.Kind, Name: o.GetName(), UID: o.GetUID(), BlockOwnerDeletion: &yes,
		})
	}
	return add(b, cm)
}

func names(b *bench, r *api.Resource) string {
	var out []string
	for _, o := range b.sorted(r) {
		out = append(out, o.GetName())
	}
	return strings.Join(out, " ")
}

func TestGarbageIsWhatAllOwnersHaveLeft(t *testing.T) {
	b := newBench(t)
	b.start()
	one, two := owned(b, "one"), owned(b, "two")
	owned(b, "of-one", one)
	owned(b, "of-both", one, two)
	owned(b, "of-nobody-served", &corev1.ConfigMap{}) // corrected below
	change(b, get[*corev1.ConfigMap](b, api.ConfigMaps, "of-nobody-served"), func(cm *corev1.ConfigMap) {
		cm.OwnerReferences = []metav1.OwnerReference{{APIVersion: "example.com/v1", Kind: "Widget", Name: "w", UID: "w"}}
	})
	b.run(time.Second)
	b.delete(one, metav1.DeletePropagationBackground)
	b.run(time.Second)
	if got := names(b, api.ConfigMaps); got != "of-both of-nobody-served two" {
		t.Errorf("left: %s", got)
	}
	if refs := get[*corev1.ConfigMap](b, api.ConfigMaps, "of-both").OwnerReferences; len(refs) != 1 || refs[0].Name != "two" {
		t.Errorf("owners %+v", refs)
	}
	b.delete(two, metav1.DeletePropagationBackground)
	b.run(time.Second)
	if got := names(b, api.ConfigMaps); got != "of-nobody-served" {
		t.Errorf("left: %s", got)
	}
	want := "configmap default/of-one: delete (its owner configmap one is gone)"
	if told := b.told("garbage-collector-controller"); !slices.Contains(told, want) {
		t.Errorf("told %q", told)
	}
}

func TestAnOwnerOfTheSameNameIsAnotherOne(t *testing.T) {
	b := newBench(t)
	b.start()
	one := owned(b, "one")
	b.remove(api.ConfigMaps, api.KeyOf(one))
	owned(b, "one")
	owned(b, "late", one) // names an owner that was gone before
	b.run(time.Second)
	if got := names(b, api.ConfigMaps); got != "one" {
		t.Errorf("left: %s", got)
	}
}

func TestGarbageThatCameWhileNobodyWatched(t *testing.T) {
	b := newBench(t)
	m := b.start()
	one := owned(b, "one")
	owned(b, "of-one", one)
	b.run(time.Second)
	m.Process.Stop()
	b.remove(api.ConfigMaps, api.KeyOf(one))
	b.start()
	b.run(time.Second)
	if got := names(b, api.ConfigMaps); got != "" {
		t.Errorf("left: %s", got)
	}
}

func TestOwnersInACircleDoNotWaitForEachOther(t *testing.T) {
	b := newBench(t)
	b.start()
	one := owned(b, "one")
	two := owned(b, "two", one)
	yes := true
	change(b, one, func(cm *corev1.ConfigMap) {
		cm.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "two", UID: two.UID, BlockOwnerDeletion: &yes}}
	})
	b.run(time.Second)
	b.delete(one, metav1.DeletePropagationForeground)
	b.run(time.Minute)
	if got := names(b, api.ConfigMaps); got != "" {
		t.Errorf("left: %s", got)
	}
}

// Whatever is stored goes with its owner, but for Events.
func TestGarbageIsOfEveryKind(t *testing.T) {
	for _, r := range api.Resources() {
		if !r.Stored() || r == api.Namespaces { // which take their contents along, and time
			continue
		}
		t.Run(r.String(), func(t *testing.T) {
			b := newBench(t)
			b.gone = 0
			p := b.process()
			newCaches(p)
			newGarbage(p)
			p.Start()
			owner := add(b, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "owner"}})
			o := r.New()
			o.SetName("owned")
			o.SetOwnerReferences([]metav1.OwnerReference{api.OwnedBy(owner)})
			add(b, o)
			b.run(time.Second)
			if b.objects[r][api.KeyOf(o)] == nil {
				t.Fatal("it is gone before its owner")
			}
			b.delete(owner, metav1.DeletePropagationBackground)
			b.run(time.Second)
			if there := b.objects[r][api.KeyOf(o)] != nil; there != (r == api.Events) {
				t.Errorf("it is there: %v", there)
			}
		})
	}
}

func TestOwnersElsewhereAreNone(t *testing.T) {
	b := newBench(t)
	b.start()
	here := owned(b, "here")
	ref := func(o *corev1.ConfigMap) metav1.OwnerReference {
		return metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: o.Name, UID: o.UID}
	}
	misnamed := ref(here)
	misnamed.Name = "there"
	for _, c := range []struct {
		namespace string
		owner     metav1.OwnerReference
		stays     bool
		event     string
	}{
		{"default", ref(here), true, ""},
		{"default", misnamed, false, ""},
		{"other", ref(here), false, `OwnerRefInvalidNamespace: ownerRef [v1/ConfigMap, namespace: other, name: here, uid: ` + string(here.UID) + `] does not exist in namespace "other"`},
	} {
		name := fmt.Sprintf("of-%s-in-%s", c.owner.Name, c.namespace)
		o := add(b, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: name, OwnerReferences: []metav1.OwnerReference{c.owner}}})
		b.run(time.Second)
		if there := b.objects[api.ConfigMaps][api.KeyOf(o)] != nil; there != c.stays {
			t.Errorf("%s is there: %v", name, there)
		}
		if got := strings.Join(b.events(name), "; "); got != c.event {
			t.Errorf("Events of %s: %q, want %q", name, got, c.event)
		}
	}
	class := add(b, &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "volume", OwnerReferences: []metav1.OwnerReference{ref(here)}}})
	b.run(time.Second)
	if got := b.events("volume"); names(b, api.PersistentVolumes) != class.Name || len(got) != 1 {
		t.Errorf("what is in no namespace and names an owner that is: %q left, Events %q", names(b, api.PersistentVolumes), got)
	}
}

// A pod's whole life costs the collector no request, and nothing on other pods.
func TestHealthyOwnersCostNothing(t *testing.T) {
	b := newBench(t)
	p := b.process()
	newCaches(p)
	newGarbage(p)
	p.Start()
	rs := add(b, replicaSet("web", 0))
	b.run(time.Second)
	before := b.requests
	for i := range 100 {
		pod := podFromTemplate(&rs.Spec.Template, rs)
		pod.Name = fmt.Sprintf("web-%d", i)
		add(b, pod)
	}
	steps := b.engine.Steps()
	b.run(10 * time.Second)
	if n := b.requests - before - 200; n != 0 { // 100 creations and 100 of the kubelet's
		t.Errorf("%d requests", n)
	}
	if n := b.engine.Steps() - steps; n > 300 {
		t.Errorf("%d steps for 100 pods that come and get ready", n)
	}
}
