// Package network is the view of Services and endpoints that all nodes share:
// cluster DNS. It answers names from its own caches of the API; it knows of no
// node and moves no packet.
package network

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// Domain is the cluster's domain.
const Domain = "cluster.local"

// maxAliases bounds a chain of ExternalName services that point to each other.
const maxAliases = 8

// DNS is the cluster's name server, as CoreDNS with its kubernetes plugin: it
// answers from caches of Services and EndpointSlices, which lag behind the API.
// It keeps no answers, so a client never gets an old one.
type DNS struct {
	process  *component.Process
	services *component.Cache[*corev1.Service]
	slices   *component.Cache[*discoveryv1.EndpointSlice]
}

const byService = "service" // EndpointSlices by "namespace/name" of their service

// NewDNS puts the name server into a process that has not started yet.
func NewDNS(p *component.Process) *DNS {
	d := &DNS{
		process:  p,
		services: component.Informer[*corev1.Service](p, api.Services, api.ListOptions{}),
		slices:   component.Informer[*discoveryv1.EndpointSlice](p, api.EndpointSlices, api.ListOptions{}),
	}
	d.slices.Index(byService, func(s *discoveryv1.EndpointSlice) []string {
		return []string{s.Namespace + "/" + s.Labels[discoveryv1.LabelServiceName]}
	})
	return d
}

// Lookup resolves a name as a pod of the namespace would: relative names go
// through the search path namespace.svc.cluster.local, svc.cluster.local,
// cluster.local. A service with a cluster IP resolves as soon as it exists; a
// headless one to its ready endpoints, or to all with publishNotReadyAddresses;
// an ExternalName to what its target resolves to, which outside of the cluster
// is the target's name itself. ok is false for a name without an address, and
// while the name server does not run (or there is none: nil).
func (d *DNS) Lookup(namespace, name string) (addresses []string, ok bool) {
	if d == nil || !d.process.Engine.Registered(d.process.Name) {
		return nil, false
	}
	return d.lookup(namespace, name, maxAliases)
}

func (d *DNS) lookup(namespace, name string, aliases int) ([]string, bool) {
	if absolute, ok := strings.CutSuffix(name, "."); ok {
		return d.absolute(absolute, aliases)
	}
	for _, search := range [...]string{namespace + ".svc." + Domain, "svc." + Domain, Domain} {
		if a, ok := d.absolute(name+"."+search, aliases); ok {
			return a, true
		}
	}
	return d.absolute(name, aliases)
}

// absolute resolves [endpoint.]service.namespace.svc.cluster.local.
func (d *DNS) absolute(name string, aliases int) ([]string, bool) {
	path, ok := strings.CutSuffix(strings.ToLower(name), ".svc."+Domain)
	if !ok {
		return nil, false
	}
	labels := strings.Split(path, ".")
	endpoint := ""
	switch len(labels) {
	case 2:
	case 3:
		endpoint, labels = labels[0], labels[1:]
	default:
		return nil, false
	}
	svc, ok := d.services.Get(api.Key{Namespace: labels[1], Name: labels[0]})
	switch {
	case !ok:
		return nil, false
	case svc.Spec.Type == corev1.ServiceTypeExternalName:
		return d.alias(svc.Spec.ExternalName, endpoint, aliases)
	case svc.Spec.ClusterIP == corev1.ClusterIPNone:
		return d.endpoints(svc, endpoint)
	case endpoint != "" || svc.Spec.ClusterIP == "":
		return nil, false
	}
	if len(svc.Spec.ClusterIPs) > 0 {
		return slices.Clone(svc.Spec.ClusterIPs), true
	}
	return []string{svc.Spec.ClusterIP}, true
}

func (d *DNS) alias(target, endpoint string, aliases int) ([]string, bool) {
	if endpoint != "" || aliases == 0 || target == "" {
		return nil, false
	}
	target = strings.TrimSuffix(target, ".")
	if !strings.HasSuffix(strings.ToLower(target), "."+Domain) {
		return []string{target}, true
	}
	return d.absolute(target, aliases-1)
}

// endpoints are the addresses of a headless service, or of one of its endpoints
// by its hostname, sorted.
func (d *DNS) endpoints(svc *corev1.Service, hostname string) ([]string, bool) {
	var out []string
	for _, slice := range d.slices.By(byService, svc.Namespace+"/"+svc.Name) {
		for _, ep := range slice.Endpoints {
			if hostname != "" && (ep.Hostname == nil || *ep.Hostname != hostname) {
				continue
			}
			if ready := ep.Conditions.Ready == nil || *ep.Conditions.Ready; ready || svc.Spec.PublishNotReadyAddresses {
				out = append(out, ep.Addresses...)
			}
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out, len(out) > 0
}
