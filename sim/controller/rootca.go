package controller

import (
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// The annotation that says what the ConfigMap with the certificate is good for.
const (
	descriptionAnnotation = "kubernetes.io/description"
	rootCADescription     = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. " +
		"No other usage is guaranteed across distributions of Kubernetes clusters."
)

// rootCA gives each namespace the certificate by which pods know the API server.
type rootCA struct {
	base
	certificate string // PEM
	namespaces  *component.Cache[*corev1.Namespace]
	configMaps  *component.Cache[*corev1.ConfigMap]
}

func newRootCA(p *component.Process, caches *Caches, certificate string) *rootCA {
	c := &rootCA{certificate: certificate, namespaces: caches.Namespaces, configMaps: caches.ConfigMaps}
	c.base = newBase(p, "root-ca-cert-publisher", "root-ca-cert-publisher", api.Namespaces, c)
	enqueueChanges(c.namespaces, c.queue)
	c.configMaps.OnChange(func(old, new *corev1.ConfigMap) {
		if cm, ok := latest(old, new); ok && cm.Name == api.RootCAConfigMap {
			c.queue.Add(api.Key{Name: cm.Namespace})
		}
	})
	return c
}

// Reconcile creates or corrects the ConfigMap of one namespace, unless that is being deleted.
func (c *rootCA) Reconcile(key api.Key) error {
	ns, ok := c.namespaces.Get(key)
	if !ok || ns.DeletionTimestamp != nil || ns.Status.Phase == corev1.NamespaceTerminating {
		return nil
	}
	var err error
	old, ok := c.configMaps.Get(api.Key{Namespace: ns.Name, Name: api.RootCAConfigMap})
	switch {
	case !ok:
		c.tell(key, component.Reconciled{Do: "create configmap " + api.RootCAConfigMap, Because: "pods know the API server by it"})
		cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: ns.Name, Name: api.RootCAConfigMap}}
		c.fill(cm)
		_, err = api.Create(c.client, cm)
	case len(old.Data) != 1 || old.Data[rootCAKey] != c.certificate || old.Annotations[descriptionAnnotation] == "":
		c.tell(key, component.Reconciled{Do: "correct configmap " + api.RootCAConfigMap, Because: "it is not what pods are to know the API server by"})
		cm := old.DeepCopy()
		c.fill(cm)
		_, err = api.Update(c.client, cm)
	}
	if apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err) || namespaceTerminating(err) {
		return nil
	}
	return err
}

// rootCAKey is the ConfigMap's only key, and the name of the file that it becomes.
const rootCAKey = "ca.crt"

func (c *rootCA) fill(cm *corev1.ConfigMap) {
	metav1.SetMetaDataAnnotation(&cm.ObjectMeta, descriptionAnnotation, rootCADescription)
	cm.Data = map[string]string{rootCAKey: c.certificate}
}
