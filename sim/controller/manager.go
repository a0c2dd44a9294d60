// Package controller is the kube-controller-manager and the storage driver's
// controllers: one controller per file. Each sees the cluster only through the
// API and its process's caches, and brings it a step nearer to what is wanted.
// Nothing here knows of etcd, of the scheduler or of a kubelet.
package controller

import (
	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// Caches are the caches that all controllers of one manager share, as the
// informers of the real kube-controller-manager.
type Caches struct {
	Pods  *component.Cache[*corev1.Pod]
	Nodes *component.Cache[*corev1.Node]
}

// Names of the indexes over pods.
const (
	byNode  = "node"  // by spec.nodeName
	byOwner = "owner" // by the UID of the controlling owner
	byClaim = "claim" // by "namespace/name" of each PersistentVolumeClaim used
)

func newCaches(p *component.Process) *Caches {
	c := &Caches{
		Pods:  component.Informer[*corev1.Pod](p, api.Pods, api.ListOptions{}),
		Nodes: component.Informer[*corev1.Node](p, api.Nodes, api.ListOptions{}),
	}
	c.Pods.Index(byNode, func(pod *corev1.Pod) []string { return []string{pod.Spec.NodeName} })
	c.Pods.Index(byOwner, func(pod *corev1.Pod) []string {
		for _, ref := range pod.OwnerReferences {
			if ref.Controller != nil && *ref.Controller {
				return []string{string(ref.UID)}
			}
		}
		return nil
	})
	c.Pods.Index(byClaim, func(pod *corev1.Pod) []string {
		var claims []string
		for _, v := range pod.Spec.Volumes {
			if v.PersistentVolumeClaim != nil {
				claims = append(claims, pod.Namespace+"/"+v.PersistentVolumeClaim.ClaimName)
			}
		}
		return claims
	})
	return c
}
