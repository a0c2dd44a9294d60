package controller

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func TestEveryNamespaceHasTheRootCA(t *testing.T) {
	b := newBench(t)
	m := &Manager{Process: b.process()}
	newRootCA(m.Process, newCaches(m.Process), "the certificate")
	m.Process.Start()
	add(b, namespace("shop"))
	b.run(time.Second)
	root := func() *corev1.ConfigMap {
		return get2[*corev1.ConfigMap](b, api.ConfigMaps, "shop", "kube-root-ca.crt")
	}
	first := root()
	check := func(what string) {
		t.Helper()
		if cm := root(); len(cm.Data) != 1 || cm.Data["ca.crt"] != "the certificate" || !strings.HasPrefix(cm.Annotations["kubernetes.io/description"], "Contains a CA bundle") {
			t.Errorf("%s: %+v", what, cm)
		}
	}
	check("a new namespace")
	change(b, first, func(cm *corev1.ConfigMap) { cm.Data = map[string]string{"ca.crt": "forged", "more": ""} })
	b.run(time.Second)
	check("changed data")
	change(b, root(), func(cm *corev1.ConfigMap) { cm.Annotations = nil })
	b.run(time.Second)
	check("a lost annotation")
	b.delete(root(), metav1.DeletePropagationBackground)
	b.run(time.Second)
	check("deleted")
	if root().UID == first.UID {
		t.Error("it was not deleted at all")
	}
}
