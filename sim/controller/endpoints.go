package controller

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"minisim/sim/api"
	"minisim/sim/component"
)

// What the controller marks its Endpoints with.
const (
	endpointsManagedBy = "endpoints.kubernetes.io/managed-by"
	endpointsManager   = "endpoint-controller"
	truncated          = "truncated" // the value of the annotation EndpointsOverCapacity
)

// electionRecord is the annotation of Endpoints by which programs of old elect a leader: they have no Service.
const electionRecord = "control-plane.alpha.kubernetes.io/leader"

// endpoints keeps the Endpoints of each Service that has a selector: the older
// form of its EndpointSlices, one object for all addresses of its first family,
// which is deprecated and still written.
type endpoints struct {
	base
	services *component.Cache[*corev1.Service]
	pods     *component.Cache[*corev1.Pod]
	list     *component.Cache[*corev1.Endpoints] //nolint:staticcheck // that they are deprecated is what the controller is about
	since    triggerTimes
	late     map[api.Key]bool // were to be reconciled before the cache had what was written last
}

func newEndpoints(p *component.Process, caches *Caches) *endpoints {
	c := &endpoints{services: caches.Services, pods: caches.Pods, list: caches.Endpoints, since: triggerTimes{}, late: map[api.Key]bool{}}
	c.base = newBase(p, "endpoints-controller", endpointsManager, api.Services, c)
	enqueueChanges(c.services, c.queue)
	enqueueSelecting(c.services, c.pods, c.queue)
	c.list.OnChange(func(old, new *corev1.Endpoints) {
		e, _ := latest(old, new)
		if key := api.KeyOf(e); new == nil || c.late[key] {
			c.queue.Add(key)
		}
	})
	p.OnSync(func() { // those whose Services went while nobody watched
		for _, e := range c.list.List() {
			if _, ok := e.Annotations[electionRecord]; !ok {
				c.queue.Add(api.KeyOf(e))
			}
		}
	})
	return c
}

// Reconcile brings the Endpoints of one Service in line with its pods.
func (c *endpoints) Reconcile(key api.Key) error {
	if c.putOff(key) {
		c.late[key] = true
		return nil
	}
	delete(c.late, key)
	service, ok := c.services.Get(key)
	if !ok {
		delete(c.since, key)
		c.writes.forget(key)
		return c.remove(key)
	}
	if service.Spec.Selector == nil || service.Spec.Type == corev1.ServiceTypeExternalName {
		return nil
	}
	pods := selected(c.pods, byLabel, key.Namespace, labels.SelectorFromSet(service.Spec.Selector))
	since := c.since.since(service, pods) // also where nothing is to be written
	old, exists := c.list.Get(key)
	e := &corev1.Endpoints{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Endpoints"}, ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	if exists {
		e = old.DeepCopy()
	}
	e.Labels = endpointsLabels(service)
	e.Subsets = subsets(service, pods)
	metav1.SetMetaDataAnnotation(&e.ObjectMeta, corev1.EndpointsOverCapacity, truncated)
	if !truncate(e.Subsets) {
		delete(e.Annotations, corev1.EndpointsOverCapacity)
	}
	if exists && maps.Equal(old.Labels, e.Labels) && maps.Equal(old.Annotations, e.Annotations) && equality.Semantic.DeepEqual(old.Subsets, e.Subsets) {
		return nil
	}
	annotate(e, since)
	return c.write(e, !exists)
}

// write creates or updates Endpoints. What they say has been told of the slices already.
func (c *endpoints) write(e *corev1.Endpoints, create bool) error {
	key := api.KeyOf(e)
	do, store := "update", api.Update[*corev1.Endpoints]
	if create {
		do, store = "create", api.Create[*corev1.Endpoints]
	}
	c.tell(key, component.Reconciled{Report: true, Do: do + " its Endpoints", Because: "the older form of its EndpointSlices"})
	stored, err := store(c.client, e)
	switch {
	case err == nil:
		wrote(c.writes, key, c.list, stored)
	case namespaceTerminating(err):
		return nil
	case create:
		c.recorder.Eventf(e, corev1.EventTypeWarning, "FailedToCreateEndpoint", "Failed to create endpoint for service %s: %v", key, err)
	default:
		c.recorder.Eventf(e, corev1.EventTypeWarning, "FailedToUpdateEndpoint", "Failed to update endpoint %s: %v", key, err)
	}
	return err
}

// remove deletes the Endpoints of a Service that is gone.
func (c *endpoints) remove(key api.Key) error {
	if _, ok := c.list.Get(key); !ok {
		return nil
	}
	c.tell(key, component.Reconciled{Report: true, Do: "delete its Endpoints", Because: "it is gone"})
	err := api.Delete(c.client, api.Endpoints, key, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// endpointsLabels are the Service's own labels and those of the controller.
func endpointsLabels(service *corev1.Service) map[string]string {
	out := map[string]string{}
	maps.Copy(out, service.Labels)
	delete(out, corev1.IsHeadlessService)
	if headless(service) {
		out[corev1.IsHeadlessService] = ""
	}
	out[endpointsManagedBy] = endpointsManager
	return out
}

// headless says whether a Service has no address of its own.
func headless(service *corev1.Service) bool {
	return service.Spec.ClusterIP == corev1.ClusterIPNone || service.Spec.ClusterIP == ""
}
