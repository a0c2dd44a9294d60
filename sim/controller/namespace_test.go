package controller

import (
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.NamespaceSpec{Finalizers: []corev1.FinalizerName{corev1.FinalizerKubernetes}}}
}

func TestNamespaceIsEmptiedAndGoes(t *testing.T) {
	b := newBench(t)
	b.gone = 20 * time.Second
	b.ready = -1
	b.start()
	ns := add(b, namespace("shop"))
	d := deployment("app", 2)
	d.Namespace = "shop"
	add(b, d)
	cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "held", Finalizers: []string{"example.com/hold"}}}
	add(b, cm)
	b.run(5 * time.Second)
	b.delete(ns, metav1.DeletePropagationBackground)
	b.run(5 * time.Second)
	got := get[*corev1.Namespace](b, api.Namespaces, "shop")
	if c := got.Status.Conditions[3]; c.Type != corev1.NamespaceContentRemaining || c.Status != corev1.ConditionTrue || !strings.HasPrefix(c.Message, "Some resources are remaining: pods. has 2 resource instances") {
		t.Errorf("condition %+v", c)
	}
	if d := get2[*corev1.ConfigMap](b, api.ConfigMaps, "shop", "held"); d.DeletionTimestamp != nil {
		t.Error("other content goes before the pods are gone")
	}
	b.run(2 * time.Minute)
	got = get[*corev1.Namespace](b, api.Namespaces, "shop")
	if c := got.Status.Conditions[4]; c.Message != "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances" {
		t.Errorf("condition %+v", c)
	}
	change(b, get2[*corev1.ConfigMap](b, api.ConfigMaps, "shop", "held"), func(cm *corev1.ConfigMap) { cm.Finalizers = nil })
	b.run(time.Minute)
	if left := left(b, api.Namespaces, api.Deployments, api.ReplicaSets, api.Pods, api.ConfigMaps, api.ServiceAccounts); left != "0(0) namespaces, 0(0) deployments, 0(0) replicasets, 0(0) pods, 0(0) configmaps, 0(0) serviceaccounts" {
		t.Errorf("left: %s", left)
	}
}

func get2[T api.Object](b *bench, r *api.Resource, namespace, name string) T {
	b.t.Helper()
	o, err := api.Get[T](b, r, api.Key{Namespace: namespace, Name: name})
	if err != nil {
		b.t.Fatal(err)
	}
	return o
}

func TestEveryNamespaceHasAServiceAccount(t *testing.T) {
	b := newBench(t)
	b.start()
	add(b, namespace("shop"))
	b.run(time.Second)
	sa := get2[*corev1.ServiceAccount](b, api.ServiceAccounts, "shop", "default")
	b.delete(sa, metav1.DeletePropagationBackground)
	b.run(time.Second)
	if again := get2[*corev1.ServiceAccount](b, api.ServiceAccounts, "shop", "default"); again.UID == sa.UID {
		t.Error("the account was not deleted at all")
	}
}

func TestFinishedJobGoesWhenItsTimeIsUp(t *testing.T) {
	b := newBench(t)
	runPods(b, time.Second, func(int) corev1.PodPhase { return corev1.PodSucceeded })
	b.start()
	j := job("work", 1, 1)
	ttl := int32(60)
	j.Spec.TTLSecondsAfterFinished = &ttl
	add(b, j)
	b.run(50 * time.Second)
	if !finished(get[*batchv1.Job](b, api.Jobs, "work")) {
		t.Fatal("it has not finished")
	}
	b.run(30 * time.Second)
	if got := left(b, api.Jobs, api.Pods); got != "0(0) jobs, 0(0) pods" {
		t.Errorf("left: %s", got)
	}
}
