package controller

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// slicePlan is what is to be done to the slices of a Service so that they have
// the endpoints that they should, with few writes rather than few slices.
type slicePlan struct {
	service *corev1.Service
	most    int

	create, update, remove []*discoveryv1.EndpointSlice
}

// family plans for one family of addresses.
func (p *slicePlan) family(t discoveryv1.AddressType, groups map[string]*endpointGroup, have []*discoveryv1.EndpointSlice) {
	byPorts := map[string][]*discoveryv1.EndpointSlice{}
	f := &slicePlan{service: p.service, most: p.most}
	for _, s := range have {
		if !ownedByUID(s, p.service) { // of an earlier Service of this name
			f.remove = append(f.remove, s)
			continue
		}
		key := portsKey(s.Ports)
		byPorts[key] = append(byPorts[key], s)
	}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		f.group(t, groups[key], byPorts[key])
		delete(byPorts, key)
	}
	for _, key := range slices.Sorted(maps.Keys(byPorts)) {
		f.remove = append(f.remove, byPorts[key]...)
	}
	if len(f.remove) == len(have) && len(f.create) == 0 {
		f.placeholder(t)
	}
	f.recycle()
	p.create = append(p.create, f.create...)
	p.update = append(p.update, f.update...)
	p.remove = append(p.remove, f.remove...)
}

// placeholder leaves a Service without endpoints one empty slice, which says that it was looked after.
func (p *slicePlan) placeholder(t discoveryv1.AddressType) {
	empty := p.newSlice(t, []discoveryv1.EndpointPort{})
	if len(p.remove) == 1 {
		old := p.remove[0]
		if len(old.Ports)+len(old.Endpoints) == 0 && maps.Equal(old.Labels, empty.Labels) && ownedByUID(old, p.service) {
			p.remove = nil
			return
		}
	}
	p.create = append(p.create, empty)
}

// group spreads the endpoints of one set of ports: those that a slice has stay
// there; new ones fill up slices that change anyway, then one that has room, then new ones.
func (p *slicePlan) group(t discoveryv1.AddressType, g *endpointGroup, have []*discoveryv1.EndpointSlice) {
	missing := make(map[string]*discoveryv1.Endpoint, len(g.endpoints))
	for i := range g.endpoints {
		missing[endpointKey(&g.endpoints[i])] = &g.endpoints[i]
	}
	var changed, unchanged []*discoveryv1.EndpointSlice
	for _, s := range have {
		kept, differs := keep(s, missing)
		want := sliceLabels(p.service)
		switch {
		case len(kept) == 0:
			p.remove = append(p.remove, s)
		case differs || !maps.Equal(s.Labels, want):
			s = s.DeepCopy()
			s.Endpoints, s.Labels = kept, want
			changed = append(changed, s)
		default:
			unchanged = append(unchanged, s)
		}
	}
	rest := make([]discoveryv1.Endpoint, 0, len(missing))
	for i := range g.endpoints {
		if missing[endpointKey(&g.endpoints[i])] != nil {
			rest = append(rest, g.endpoints[i])
		}
	}
	slices.SortStableFunc(changed, func(a, b *discoveryv1.EndpointSlice) int { return -cmp.Compare(len(a.Endpoints), len(b.Endpoints)) })
	for _, s := range changed {
		rest = p.fill(s, rest)
	}
	for len(rest) > 0 {
		s, i := p.room(unchanged, len(rest))
		if s == nil {
			s = p.newSlice(t, g.ports)
			p.create = append(p.create, s)
		} else {
			s = s.DeepCopy()
			unchanged = slices.Delete(unchanged, i, i+1)
			changed = append(changed, s)
		}
		rest = p.fill(s, rest)
	}
	for _, s := range changed {
		slices.SortFunc(s.Endpoints, byTargetName)
	}
	p.update = append(p.update, changed...)
}

// keep are those endpoints of a slice that it should still have, in their new
// state; they are no longer missing then.
func keep(s *discoveryv1.EndpointSlice, missing map[string]*discoveryv1.Endpoint) (kept []discoveryv1.Endpoint, differs bool) {
	for i := range s.Endpoints {
		key := endpointKey(&s.Endpoints[i])
		want := missing[key]
		if want == nil {
			differs = true
			continue
		}
		delete(missing, key)
		differs = differs || !sameEndpoint(&s.Endpoints[i], want)
		kept = append(kept, *want)
	}
	return kept, differs
}

func (p *slicePlan) fill(s *discoveryv1.EndpointSlice, rest []discoveryv1.Endpoint) []discoveryv1.Endpoint {
	n := max(0, min(p.most-len(s.Endpoints), len(rest)))
	s.Endpoints = append(s.Endpoints, rest[:n]...)
	return rest[n:]
}

// room is the slice that n more endpoints fill best, nil if they fit into none.
func (p *slicePlan) room(have []*discoveryv1.EndpointSlice, n int) (best *discoveryv1.EndpointSlice, at int) {
	left := p.most
	for i, s := range have {
		if d := p.most - n - len(s.Endpoints); d >= 0 && d < left {
			best, at, left = s, i, d
		}
	}
	return best, at
}

// recycle turns a creation and a removal into one update.
func (p *slicePlan) recycle() {
	for len(p.create) > 0 && len(p.remove) > 0 {
		last := len(p.remove) - 1
		if !ownedByUID(p.remove[last], p.service) {
			return
		}
		s := p.remove[last].DeepCopy()
		s.Labels, s.Ports, s.Endpoints = p.create[0].Labels, p.create[0].Ports, p.create[0].Endpoints
		p.create, p.remove = p.create[1:], p.remove[:last]
		p.update = append(p.update, s)
	}
}

func (p *slicePlan) newSlice(t discoveryv1.AddressType, ports []discoveryv1.EndpointPort) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		TypeMeta: metav1.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: p.service.Namespace, GenerateName: p.service.Name + "-", Labels: sliceLabels(p.service),
			OwnerReferences: []metav1.OwnerReference{api.OwnedBy(p.service)},
		},
		AddressType: t, Ports: ports, Endpoints: []discoveryv1.Endpoint{},
	}
}

// sliceLabels are the Service's own labels and those that say whose slice it is.
func sliceLabels(service *corev1.Service) map[string]string {
	out := map[string]string{}
	maps.Copy(out, service.Labels)
	delete(out, corev1.IsHeadlessService)
	if headless(service) {
		out[corev1.IsHeadlessService] = ""
	}
	out[discoveryv1.LabelServiceName] = service.Name
	out[discoveryv1.LabelManagedBy] = sliceManager
	return out
}

func ownedByUID(o, owner metav1.Object) bool {
	return slices.ContainsFunc(o.GetOwnerReferences(), func(ref metav1.OwnerReference) bool { return ref.UID == owner.GetUID() })
}

// carryOut makes the requests of a plan and has the controller wait until its cache has seen them.
func (c *endpointSlices) carryOut(p *slicePlan) error {
	key := api.KeyOf(p.service)
	var errs []error
	for _, s := range p.create {
		c.tell(key, component.Reconciled{Do: "create an EndpointSlice with " + endpointCount(s)})
		stored, err := api.Create(c.client, s)
		if namespaceTerminating(err) {
			return nil
		}
		if err == nil {
			c.sent.wrote(key, stored)
		}
		errs = append(errs, err)
	}
	for _, s := range p.update {
		before, _ := c.slices.Get(api.KeyOf(s))
		c.tell(key, component.Reconciled{Do: fmt.Sprintf("update EndpointSlice %s to %s", s.Name, tellUpdate(before, s))})
		stored, err := api.Update(c.client, s)
		if err == nil {
			c.sent.wrote(key, stored)
		}
		errs = append(errs, err)
	}
	for _, s := range p.remove {
		c.tell(key, component.Reconciled{Do: "delete EndpointSlice " + s.Name})
		err := api.Delete(c.client, api.EndpointSlices, api.KeyOf(s), metav1.DeleteOptions{})
		switch {
		case err == nil:
			c.sent.deleted(key, s)
		case !apierrors.IsNotFound(err):
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
