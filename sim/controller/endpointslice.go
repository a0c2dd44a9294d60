package controller

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"

	"minisim/sim/api"
	"minisim/sim/component"
)

// sliceManager is the value of the label endpointslice.kubernetes.io/managed-by of our slices.
const sliceManager = "endpointslice-controller.k8s.io"

// sliceDelay is how long the controller waits after somebody else has changed a slice.
const sliceDelay = time.Second

// endpointSlices keeps the EndpointSlices of each Service that has a selector.
type endpointSlices struct {
	base
	services *component.Cache[*corev1.Service]
	pods     *component.Cache[*corev1.Pod]
	nodes    *component.Cache[*corev1.Node]
	slices   *component.Cache[*discoveryv1.EndpointSlice]
	sent     *sliceWrites
	since    triggerTimes
	most     int // endpoints in one slice
}

func newEndpointSlices(p *component.Process, caches *Caches, most int) *endpointSlices {
	c := &endpointSlices{
		services: caches.Services, pods: caches.Pods, nodes: caches.Nodes, slices: caches.EndpointSlices,
		sent: newSliceWrites(p.Engine), since: triggerTimes{}, most: most,
	}
	c.base = newBase(p, "endpointslice-controller", "endpoint-slice-controller", api.Services, c)
	enqueueChanges(c.services, c.queue)
	enqueueSelecting(c.services, c.pods, c.queue)
	c.slices.OnChange(c.sliceChanged)
	return c
}

// sliceChanged notes what this controller has written itself as seen. After a
// change by somebody else the Service is reconciled.
func (c *endpointSlices) sliceChanged(old, new *discoveryv1.EndpointSlice) {
	slice, _ := latest(old, new)
	service, ok := serviceOf(slice)
	if !ok {
		return
	}
	own, next := c.sent.seen(service, slice, new == nil)
	switch {
	case next:
		c.queue.Add(service)
	case !own:
		c.queue.AddAfter(service, sliceDelay)
	}
}

// serviceOf is the Service to which a slice that this controller manages belongs.
func serviceOf(s *discoveryv1.EndpointSlice) (api.Key, bool) {
	name := s.Labels[discoveryv1.LabelServiceName]
	return api.Key{Namespace: s.Namespace, Name: name}, name != "" && s.Labels[discoveryv1.LabelManagedBy] == sliceManager
}

// Reconcile brings the slices of one Service in line with its pods.
func (c *endpointSlices) Reconcile(key api.Key) error {
	service, ok := c.services.Get(key)
	if !ok {
		c.sent.forget(key)
		delete(c.since, key)
		return nil
	}
	if service.Spec.Selector == nil || service.Spec.Type == corev1.ServiceTypeExternalName || service.DeletionTimestamp != nil {
		return nil
	}
	if wait := c.sent.pending(key); wait > 0 {
		c.queue.AddAfter(key, wait)
		return nil
	}
	pods := selected(c.pods, byLabel, key.Namespace, labels.SelectorFromSet(service.Spec.Selector))
	var have []*discoveryv1.EndpointSlice
	for _, s := range c.slices.By(byService, key.String()) {
		if s.DeletionTimestamp == nil {
			have = append(have, s)
		}
	}
	families := addressTypes(service)
	plan := &slicePlan{service: service, most: c.most}
	since := c.since.since(service, pods)
	for _, family := range families {
		groups, homeless := c.endpoints(service, pods, family)
		if homeless { // a node is not known: it is new, or gone and the pod will follow
			c.queue.AddAfter(key, sliceDelay)
		}
		plan.family(family, groups, ofType(have, family))
	}
	for _, s := range have {
		if !slices.Contains(families, s.AddressType) {
			plan.remove = append(plan.remove, s)
		}
	}
	for _, s := range slices.Concat(plan.create, plan.update) {
		annotate(s, since)
	}
	return c.carryOut(plan)
}

func ofType(have []*discoveryv1.EndpointSlice, t discoveryv1.AddressType) []*discoveryv1.EndpointSlice {
	return slices.DeleteFunc(slices.Clone(have), func(s *discoveryv1.EndpointSlice) bool { return s.AddressType != t })
}
