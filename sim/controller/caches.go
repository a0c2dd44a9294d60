package controller

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// Caches are the caches that all controllers of one manager share, as the
// informers of the real kube-controller-manager.
type Caches struct {
	Namespaces             *component.Cache[*corev1.Namespace]
	Nodes                  *component.Cache[*corev1.Node]
	Pods                   *component.Cache[*corev1.Pod]
	Services               *component.Cache[*corev1.Service]
	ConfigMaps             *component.Cache[*corev1.ConfigMap]
	Secrets                *component.Cache[*corev1.Secret]
	ServiceAccounts        *component.Cache[*corev1.ServiceAccount]
	PersistentVolumeClaims *component.Cache[*corev1.PersistentVolumeClaim]
	PersistentVolumes      *component.Cache[*corev1.PersistentVolume]
	Endpoints              *component.Cache[*corev1.Endpoints] //nolint:staticcheck // they are still written
	ResourceQuotas         *component.Cache[*corev1.ResourceQuota]
	ClusterRoles           *component.Cache[*rbacv1.ClusterRole]

	Deployments  *component.Cache[*appsv1.Deployment]
	ReplicaSets  *component.Cache[*appsv1.ReplicaSet]
	StatefulSets *component.Cache[*appsv1.StatefulSet]
	DaemonSets   *component.Cache[*appsv1.DaemonSet]
	Revisions    *component.Cache[*appsv1.ControllerRevision]
	Jobs         *component.Cache[*batchv1.Job]
	CronJobs     *component.Cache[*batchv1.CronJob]

	HorizontalPodAutoscalers *component.Cache[*autoscalingv2.HorizontalPodAutoscaler]

	EndpointSlices       *component.Cache[*discoveryv1.EndpointSlice]
	Leases               *component.Cache[*coordinationv1.Lease]
	StorageClasses       *component.Cache[*storagev1.StorageClass]
	VolumeAttachments    *component.Cache[*storagev1.VolumeAttachment]
	CSINodes             *component.Cache[*storagev1.CSINode]
	PodDisruptionBudgets *component.Cache[*policyv1.PodDisruptionBudget]
}

// Names of the indexes. byOwner is over Pods, ReplicaSets, ControllerRevisions and Jobs, the others are as told.
const (
	byNode        = "node"     // Pods by spec.nodeName
	byOwner       = "owner"    // by the UID of the controlling owner
	byClaim       = "claim"    // Pods by "namespace/name" of each PersistentVolumeClaim used
	byLabel       = "label"    // Pods by labelPairs
	byOrphanLabel = "orphan"   // the same, only what no controller owns: Pods, ReplicaSets and ControllerRevisions
	byService     = "service"  // EndpointSlices by "namespace/name" of the Service whose they are
	bySelector    = "selector" // by selectorPair: what selects pods
)

func newCaches(p *component.Process) *Caches {
	c := &Caches{
		Namespaces:               informer[*corev1.Namespace](p, api.Namespaces),
		Nodes:                    informer[*corev1.Node](p, api.Nodes),
		Pods:                     informer[*corev1.Pod](p, api.Pods),
		Services:                 informer[*corev1.Service](p, api.Services),
		ConfigMaps:               informer[*corev1.ConfigMap](p, api.ConfigMaps),
		Secrets:                  informer[*corev1.Secret](p, api.Secrets),
		ServiceAccounts:          informer[*corev1.ServiceAccount](p, api.ServiceAccounts),
		PersistentVolumeClaims:   informer[*corev1.PersistentVolumeClaim](p, api.PersistentVolumeClaims),
		PersistentVolumes:        informer[*corev1.PersistentVolume](p, api.PersistentVolumes),
		Endpoints:                informer[*corev1.Endpoints](p, api.Endpoints), //nolint:staticcheck // as above
		ResourceQuotas:           informer[*corev1.ResourceQuota](p, api.ResourceQuotas),
		ClusterRoles:             informer[*rbacv1.ClusterRole](p, api.ClusterRoles),
		Deployments:              informer[*appsv1.Deployment](p, api.Deployments),
		ReplicaSets:              informer[*appsv1.ReplicaSet](p, api.ReplicaSets),
		StatefulSets:             informer[*appsv1.StatefulSet](p, api.StatefulSets),
		DaemonSets:               informer[*appsv1.DaemonSet](p, api.DaemonSets),
		Revisions:                informer[*appsv1.ControllerRevision](p, api.ControllerRevisions),
		Jobs:                     informer[*batchv1.Job](p, api.Jobs),
		CronJobs:                 informer[*batchv1.CronJob](p, api.CronJobs),
		HorizontalPodAutoscalers: informer[*autoscalingv2.HorizontalPodAutoscaler](p, api.HorizontalPodAutoscalers),
		EndpointSlices:           informer[*discoveryv1.EndpointSlice](p, api.EndpointSlices),
		Leases:                   informer[*coordinationv1.Lease](p, api.Leases),
		StorageClasses:           informer[*storagev1.StorageClass](p, api.StorageClasses),
		VolumeAttachments:        informer[*storagev1.VolumeAttachment](p, api.VolumeAttachments),
		CSINodes:                 informer[*storagev1.CSINode](p, api.CSINodes),
		PodDisruptionBudgets:     informer[*policyv1.PodDisruptionBudget](p, api.PodDisruptionBudgets),
	}
	c.Pods.Index(byNode, func(pod *corev1.Pod) []string { return []string{pod.Spec.NodeName} })
	c.Pods.Index(byClaim, claimsOf)
	c.Pods.Index(byOwner, ownerUID)
	c.Pods.Index(byLabel, labelPairs)
	c.Pods.Index(byOrphanLabel, orphanPairs)
	c.ReplicaSets.Index(byOwner, ownerUID)
	c.Jobs.Index(byOwner, ownerUID)
	c.Revisions.Index(byOwner, ownerUID)
	c.Revisions.Index(byOrphanLabel, orphanPairs)
	c.ReplicaSets.Index(byOrphanLabel, orphanPairs)
	c.ReplicaSets.Index(bySelector, func(rs *appsv1.ReplicaSet) []string { return matchLabelsPair(rs.Namespace, rs.Spec.Selector) })
	c.Deployments.Index(bySelector, func(d *appsv1.Deployment) []string { return matchLabelsPair(d.Namespace, d.Spec.Selector) })
	c.StatefulSets.Index(bySelector, func(s *appsv1.StatefulSet) []string { return matchLabelsPair(s.Namespace, s.Spec.Selector) })
	c.DaemonSets.Index(bySelector, func(s *appsv1.DaemonSet) []string { return matchLabelsPair(s.Namespace, s.Spec.Selector) })
	c.Services.Index(bySelector, func(s *corev1.Service) []string {
		if s.Spec.Selector == nil {
			return nil
		}
		return selectorPair(s.Namespace, s.Spec.Selector)
	})
	c.EndpointSlices.Index(byService, func(s *discoveryv1.EndpointSlice) []string {
		if service, ok := serviceOf(s); ok {
			return []string{service.String()}
		}
		return nil
	})
	c.PodDisruptionBudgets.Index(bySelector, func(b *policyv1.PodDisruptionBudget) []string { return matchLabelsPair(b.Namespace, b.Spec.Selector) })
	return c
}

func informer[T api.Object](p *component.Process, r *api.Resource) *component.Cache[T] {
	return component.Informer[T](p, r, api.ListOptions{})
}

func claimsOf(pod *corev1.Pod) []string {
	var claims []string
	for _, v := range pod.Spec.Volumes {
		if v.PersistentVolumeClaim != nil {
			claims = append(claims, pod.Namespace+"/"+v.PersistentVolumeClaim.ClaimName)
		}
	}
	return claims
}

func ownerUID[T api.Object](o T) []string {
	if ref := metav1.GetControllerOfNoCopy(o); ref != nil {
		return []string{string(ref.UID)}
	}
	return nil
}

func orphanPairs[T api.Object](o T) []string {
	if metav1.GetControllerOfNoCopy(o) != nil {
		return nil
	}
	return labelPairs(o)
}
