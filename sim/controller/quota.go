package controller

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"

	"minisim/sim/api"
	"minisim/sim/api/quota"
	"minisim/sim/component"
)

// byNamespace is the index of quotas by their namespace.
const byNamespace = "namespace"

// quotaResync is how often each quota is counted anew (--resource-quota-sync-period):
// what is deleted of custom resources comes back by then.
const quotaResync = 5 * time.Minute

// quotas counts what the objects of a namespace use of each of its quotas. The API
// server charges new objects by itself; what is here is the first count, and the
// return of what is not used any more.
type quotas struct {
	base
	list *component.Cache[*corev1.ResourceQuota]
}

func newQuotas(p *component.Process, caches *Caches) *quotas {
	c := &quotas{list: caches.ResourceQuotas}
	c.base = newBase(p, "resourcequota-controller", "resourcequota-controller", api.ResourceQuotas, c)
	c.list.Index(byNamespace, func(q *corev1.ResourceQuota) []string { return []string{q.Namespace} })
	c.list.OnChange(func(old, new *corev1.ResourceQuota) {
		if new != nil && (old == nil || !equality.Semantic.DeepEqual(old.Spec, new.Spec)) {
			c.queue.Add(api.KeyOf(new))
		}
	})
	caches.Pods.OnChange(func(old, new *corev1.Pod) {
		if old != nil && (new == nil || quota.Alive(old, c.process.Engine.Clock()) && !quota.Alive(new, c.process.Engine.Clock())) {
			c.replenish(old.Namespace)
		}
	})
	caches.Services.OnChange(func(old, new *corev1.Service) {
		if old != nil && (new == nil || old.Spec.Type != new.Spec.Type) {
			c.replenish(old.Namespace)
		}
	})
	for _, r := range api.Resources() {
		if !r.Namespaced || r == api.Pods || r == api.Services || r == api.Events {
			continue
		}
		p.Follow(r, func(old, new api.Object) {
			if new == nil {
				c.replenish(old.GetNamespace())
			}
		})
	}
	return c
}

// replenish has the quotas of a namespace counted where something is used no longer.
func (c *quotas) replenish(namespace string) {
	for _, q := range c.list.By(byNamespace, namespace) {
		c.queue.Add(api.KeyOf(q))
	}
}

// Reconcile brings one quota's status in line with its spec and what is used.
func (c *quotas) Reconcile(key api.Key) error {
	q, ok := c.list.Get(key)
	if !ok {
		return nil
	}
	c.queue.AddAfter(key, quotaResync)
	used, err := c.count(q)
	if err != nil {
		return err
	}
	if sameAmounts(q.Status.Hard, q.Spec.Hard) && sameAmounts(q.Status.Used, used) {
		return nil
	}
	q = q.DeepCopy()
	q.Status = corev1.ResourceQuotaStatus{Hard: q.Spec.Hard.DeepCopy(), Used: used}
	c.tell(key, component.Reconciled{Do: "count what is used", Because: "it has changed, or the quota has"})
	_, err = api.UpdateStatus(c.client, q)
	return err
}

// count adds up what the objects in the quota's namespace use of what it limits.
func (c *quotas) count(q *corev1.ResourceQuota) (corev1.ResourceList, error) {
	wanted := q.DeepCopy()
	wanted.Status.Hard = q.Spec.Hard
	used := corev1.ResourceList{}
	for name := range q.Spec.Hard {
		used[name] = resource.Quantity{Format: resource.DecimalSI}
	}
	served, err := api.Preferred(c.client)
	if err != nil {
		return nil, err
	}
	for _, r := range served {
		if !r.Namespaced || !concerns(r, q.Spec.Hard) {
			continue
		}
		list, err := c.client.List(r, api.ListOptions{Namespace: q.Namespace})
		if err != nil {
			return nil, err
		}
		for _, o := range list.Items {
			if quota.Limits(wanted, r, o) {
				addUsed(used, quota.Usage(r, o, c.process.Engine.Clock()))
			}
		}
	}
	return used, nil
}

func concerns(r *api.Resource, hard corev1.ResourceList) bool {
	for name := range hard {
		if quota.Concerns(r, name) {
			return true
		}
	}
	return false
}

// addUsed adds to the sums those amounts that are summed up.
func addUsed(sums, amounts corev1.ResourceList) {
	for name, q := range amounts {
		if sum, ok := sums[name]; ok {
			sum.Add(q)
			sums[name] = sum
		}
	}
}

func sameAmounts(a, b corev1.ResourceList) bool {
	if len(a) != len(b) {
		return false
	}
	for name, q := range a {
		if other, ok := b[name]; !ok || q.Cmp(other) != 0 {
			return false
		}
	}
	return true
}
