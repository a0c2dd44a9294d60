package controller

import (
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// defaultAccount is the ServiceAccount that each namespace has.
const defaultAccount = "default"

// serviceAccounts gives each namespace its ServiceAccount "default".
type serviceAccounts struct {
	base
	namespaces *component.Cache[*corev1.Namespace]
	accounts   *component.Cache[*corev1.ServiceAccount]
}

func newServiceAccounts(p *component.Process, caches *Caches) *serviceAccounts {
	c := &serviceAccounts{namespaces: caches.Namespaces, accounts: caches.ServiceAccounts}
	c.base = newBase(p, "serviceaccount-controller", "serviceaccount-controller", api.Namespaces, c)
	enqueueChanges(c.namespaces, c.queue)
	c.accounts.OnChange(func(old, new *corev1.ServiceAccount) {
		if new == nil && old.Name == defaultAccount {
			c.queue.Add(api.Key{Name: old.Namespace})
		}
	})
	return c
}

// Reconcile creates what is missing in one namespace, unless that is being deleted.
func (c *serviceAccounts) Reconcile(key api.Key) error {
	ns, ok := c.namespaces.Get(key)
	if !ok || ns.DeletionTimestamp != nil || ns.Status.Phase == corev1.NamespaceTerminating {
		return nil
	}
	if _, ok := c.accounts.Get(api.Key{Namespace: ns.Name, Name: defaultAccount}); ok {
		return nil
	}
	c.tell(key, component.Reconciled{Do: "create serviceaccount " + defaultAccount, Because: "every namespace has one"})
	_, err := api.Create(c.client, &corev1.ServiceAccount{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
		ObjectMeta: metav1.ObjectMeta{Namespace: ns.Name, Name: defaultAccount},
	})
	if apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err) || namespaceTerminating(err) {
		return nil
	}
	return err
}
