package controller

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"minisim/sim/api"
	"minisim/sim/component"
)

// clusterRoles gives each ClusterRole that aggregates others the rules of those
// that its selectors match: so "edit" has what "view" has.
type clusterRoles struct {
	base
	list *component.Cache[*rbacv1.ClusterRole]
}

func newClusterRoles(p *component.Process, caches *Caches) *clusterRoles {
	c := &clusterRoles{list: caches.ClusterRoles}
	c.base = newBase(p, "clusterrole-aggregation-controller", "clusterrole-aggregation-controller", api.ClusterRoles, c)
	c.list.Index(aggregating, func(r *rbacv1.ClusterRole) []string {
		if r.AggregationRule == nil {
			return nil
		}
		return []string{aggregating}
	})
	c.list.OnChange(func(_, _ *rbacv1.ClusterRole) {
		for _, r := range c.list.By(aggregating, aggregating) {
			c.queue.Add(api.KeyOf(r))
		}
	})
	return c
}

// aggregating is the index of the roles that aggregate others, and its only value.
const aggregating = "aggregating"

// Reconcile brings one role's rules in line with those that it aggregates.
func (c *clusterRoles) Reconcile(key api.Key) error {
	role, ok := c.list.Get(key)
	if !ok || role.AggregationRule == nil {
		return nil
	}
	rules, err := c.rules(role)
	if err != nil || equality.Semantic.DeepEqual(role.Rules, rules) {
		return err
	}
	role = role.DeepCopy()
	role.Rules = rules
	c.tell(key, component.Reconciled{Do: "gather its rules", Because: "the roles that it aggregates have changed"})
	_, err = api.Update(c.client, role)
	return err
}

// rules are those of all roles that a role's selectors match, in the order of
// the selectors and then of the roles' names, each rule once.
func (c *clusterRoles) rules(role *rbacv1.ClusterRole) (rules []rbacv1.PolicyRule, err error) {
	for i := range role.AggregationRule.ClusterRoleSelectors {
		selector, err := metav1.LabelSelectorAsSelector(&role.AggregationRule.ClusterRoleSelectors[i])
		if err != nil {
			return nil, err
		}
		for _, other := range c.list.List() {
			if other.Name == role.Name || !selector.Matches(labels.Set(other.Labels)) {
				continue
			}
			for _, r := range other.Rules {
				if !slices.ContainsFunc(rules, func(have rbacv1.PolicyRule) bool { return equality.Semantic.DeepEqual(have, r) }) {
					rules = append(rules, r)
				}
			}
		}
	}
	return rules, nil
}
