package admission

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"minisim/sim/api"
	"minisim/sim/api/quota"
)

// resourceQuota charges what a request will use to the quotas of its namespace,
// and refuses it where one of them does not have enough left. What objects that
// are gone have used comes back by the quota controller.
func resourceQuota(a *Attributes, o Objects) (string, error) {
	if a.Object == nil || a.Key.Namespace == "" || a.Resource == api.Events || !charged(a) {
		return "", nil
	}
	var quotas []*corev1.ResourceQuota
	o.Each(api.ResourceQuotas, a.Key.Namespace, func(x api.Object) bool {
		quotas = append(quotas, x.(*corev1.ResourceQuota))
		return true
	})
	var told []string
	var charges []*corev1.ResourceQuota
	for _, q := range quotas {
		after, err := charge(a, q)
		if err != nil {
			return "", a.forbid(err)
		}
		if after != nil {
			charges = append(charges, after)
			told = append(told, q.Name)
		}
	}
	if a.Charge == nil || len(charges) == 0 {
		return "", nil // a dry run costs nothing
	}
	for _, q := range charges {
		if err := a.Charge(q); err != nil {
			return "", err
		}
	}
	return "charged to " + strings.Join(told, ", "), nil
}

// charged says whether a request can use more of anything.
func charged(a *Attributes) bool {
	if a.Subresource != "" {
		return a.resizes()
	}
	if a.Old == nil {
		return true
	}
	switch a.Resource {
	case api.Services, api.PersistentVolumeClaims:
		return true
	case api.Pods:
		return quota.Terminating(a.Old.(*corev1.Pod)) != quota.Terminating(a.Object.(*corev1.Pod))
	}
	return false
}

// charge is a quota as it will be after the request; nil if that does not change it.
func charge(a *Attributes, q *corev1.ResourceQuota) (*corev1.ResourceQuota, error) {
	if !quota.Limits(q, a.Resource, a.Object) {
		return nil, nil
	}
	if pod, ok := a.Object.(*corev1.Pod); ok {
		if missing := unstated(q, pod); missing != "" {
			return nil, fmt.Errorf("failed quota: %s: must specify %s", q.Name, missing)
		}
	}
	if unknown := uncounted(a.Resource, q); unknown != "" {
		return nil, fmt.Errorf("status unknown for quota: %s, resources: %s", q.Name, unknown)
	}
	delta := quota.Usage(a.Resource, a.Object, a.Now)
	if a.Old != nil && quota.Limits(q, a.Resource, a.Old) {
		for name, before := range quota.Usage(a.Resource, a.Old, a.Now) {
			d := delta[name].DeepCopy()
			if d.Sub(before); d.Sign() < 0 {
				d = resource.Quantity{}
			}
			delta[name] = d
		}
	}
	for name, d := range delta {
		if _, limited := q.Status.Hard[name]; !limited || d.IsZero() {
			delete(delta, name)
		}
	}
	if len(delta) == 0 {
		return nil, nil
	}
	return spend(q, delta)
}

// spend adds to what is used, unless that would be more than there is.
func spend(q *corev1.ResourceQuota, delta corev1.ResourceList) (*corev1.ResourceQuota, error) {
	after := q.DeepCopy()
	var exceeded []corev1.ResourceName
	for name, d := range delta {
		used := after.Status.Used[name].DeepCopy()
		used.Add(d)
		if used.Cmp(q.Status.Hard[name]) > 0 {
			exceeded = append(exceeded, name)
		}
		after.Status.Used[name] = used
	}
	if len(exceeded) == 0 {
		return after, nil
	}
	slices.Sort(exceeded)
	show := func(list corev1.ResourceList) string {
		var parts []string
		for _, name := range exceeded {
			amount := list[name]
			parts = append(parts, string(name)+"="+amount.String())
		}
		return strings.Join(parts, ",")
	}
	return nil, fmt.Errorf("exceeded quota: %s, requested: %s, used: %s, limited: %s", q.Name, show(delta), show(q.Status.Used), show(q.Status.Hard))
}

// unstated are the amounts that a quota has to know of a pod and whose containers
// do not state them: "cpu for: app; memory for: app,log".
func unstated(q *corev1.ResourceQuota, pod *corev1.Pod) string {
	if r := pod.Spec.Resources; r != nil && len(r.Requests)+len(r.Limits) > 0 {
		return ""
	}
	var parts []string
	for _, name := range quota.Needed(q) {
		var containers []string
		for _, c := range slices.Concat(pod.Spec.Containers, pod.Spec.InitContainers) {
			if !quota.States(&c, name) {
				containers = append(containers, c.Name)
			}
		}
		if len(containers) > 0 {
			slices.Sort(containers)
			parts = append(parts, fmt.Sprintf("%s for: %s", name, strings.Join(containers, ",")))
		}
	}
	return strings.Join(parts, "; ")
}

// uncounted are what a quota limits of a resource and has not yet counted, by name.
func uncounted(r *api.Resource, q *corev1.ResourceQuota) string {
	var all []string
	counted := true
	for name := range q.Status.Hard {
		if quota.Concerns(r, name) {
			all = append(all, string(name))
			_, ok := q.Status.Used[name]
			counted = counted && ok
		}
	}
	if counted {
		return ""
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}
