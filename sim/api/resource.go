// Package api is the vocabulary that all rooms share: the resource table, keys,
// the client interface through which every component sees the cluster, and
// helpers over the k8s.io/api types. It holds no state and does nothing by itself.
package api

import (
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Object is any Kubernetes object: its metadata and its type.
type Object interface {
	metav1.Object
	runtime.Object
}

// Resource is one row of the resource table: what the API server serves.
type Resource struct {
	Group, Version string // "" is the core group
	Name           string // plural, as in URLs: "pods"
	Singular       string
	Kind           string
	ListKind       string // of a list of them
	ShortNames     []string
	Categories     []string // words that stand for several resources at once: "all"
	Namespaced     bool
	Status         bool   // it has a status subresource
	Folder         string // below /registry/, where the store keeps it; Kubernetes' own, at times odd, names; "": nothing is stored
	New            func() Object

	present *Resource // of an older version: the one that is stored
}

// GVK is the resource's group, version and kind.
func (r *Resource) GVK() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: r.Group, Version: r.Version, Kind: r.Kind}
}

// GVR is the resource's group, version and plural name.
func (r *Resource) GVR() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Name}
}

// GroupResource is what errors of the API name.
func (r *Resource) GroupResource() schema.GroupResource {
	return schema.GroupResource{Group: r.Group, Resource: r.Name}
}

// Prefix is the store's prefix for all objects of the resource.
func (r *Resource) Prefix() string { return "/registry/" + r.Folder + "/" }

// StoreKey is the store's key of one object.
func (r *Resource) StoreKey(k Key) string {
	if r.Namespaced {
		return r.Prefix() + k.Namespace + "/" + k.Name
	}
	return r.Prefix() + k.Name
}

func (r *Resource) String() string {
	if r.Group == "" {
		return r.Name
	}
	return r.Name + "." + r.Group
}

// The resources that minisim serves.
var (
	Namespaces             = core("namespaces", "Namespace", "namespaces", false, true, func() Object { return &corev1.Namespace{} }, "ns")
	Nodes                  = core("nodes", "Node", "minions", false, true, func() Object { return &corev1.Node{} }, "no")
	Pods                   = core("pods", "Pod", "pods", true, true, func() Object { return &corev1.Pod{} }, "po")
	Services               = core("services", "Service", "services/specs", true, true, func() Object { return &corev1.Service{} }, "svc")
	ConfigMaps             = core("configmaps", "ConfigMap", "configmaps", true, false, func() Object { return &corev1.ConfigMap{} }, "cm")
	Secrets                = core("secrets", "Secret", "secrets", true, false, func() Object { return &corev1.Secret{} })
	ServiceAccounts        = core("serviceaccounts", "ServiceAccount", "serviceaccounts", true, false, func() Object { return &corev1.ServiceAccount{} }, "sa")
	Events                 = core("events", "Event", "events", true, false, func() Object { return &corev1.Event{} }, "ev")
	PersistentVolumeClaims = core("persistentvolumeclaims", "PersistentVolumeClaim", "persistentvolumeclaims", true, true, func() Object { return &corev1.PersistentVolumeClaim{} }, "pvc")
	PersistentVolumes      = core("persistentvolumes", "PersistentVolume", "persistentvolumes", false, true, func() Object { return &corev1.PersistentVolume{} }, "pv")

	Endpoints      = core("endpoints", "Endpoints", "services/endpoints", true, false, func() Object { return &corev1.Endpoints{} }, "ep")
	LimitRanges    = core("limitranges", "LimitRange", "limitranges", true, false, func() Object { return &corev1.LimitRange{} }, "limits")
	ResourceQuotas = core("resourcequotas", "ResourceQuota", "resourcequotas", true, true, func() Object { return &corev1.ResourceQuota{} }, "quota")

	Deployments  = group("apps", "v1", "deployments", "Deployment", "deployments", true, true, func() Object { return &appsv1.Deployment{} }, "deploy")
	ReplicaSets  = group("apps", "v1", "replicasets", "ReplicaSet", "replicasets", true, true, func() Object { return &appsv1.ReplicaSet{} }, "rs")
	StatefulSets = group("apps", "v1", "statefulsets", "StatefulSet", "statefulsets", true, true, func() Object { return &appsv1.StatefulSet{} }, "sts")
	DaemonSets   = group("apps", "v1", "daemonsets", "DaemonSet", "daemonsets", true, true, func() Object { return &appsv1.DaemonSet{} }, "ds")
	Jobs         = group("batch", "v1", "jobs", "Job", "jobs", true, true, func() Object { return &batchv1.Job{} })
	CronJobs     = group("batch", "v1", "cronjobs", "CronJob", "cronjobs", true, true, func() Object { return &batchv1.CronJob{} }, "cj")

	ControllerRevisions      = group("apps", "v1", "controllerrevisions", "ControllerRevision", "controllerrevisions", true, false, func() Object { return &appsv1.ControllerRevision{} })
	HorizontalPodAutoscalers = group("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true, true, func() Object { return &autoscalingv2.HorizontalPodAutoscaler{} }, "hpa")

	Ingresses       = group("networking.k8s.io", "v1", "ingresses", "Ingress", "ingress", true, true, func() Object { return &networkingv1.Ingress{} }, "ing")
	IngressClasses  = group("networking.k8s.io", "v1", "ingressclasses", "IngressClass", "ingressclasses", false, false, func() Object { return &networkingv1.IngressClass{} })
	NetworkPolicies = group("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", "networkpolicies", true, false, func() Object { return &networkingv1.NetworkPolicy{} }, "netpol")

	Roles               = group(rbacv1.GroupName, "v1", "roles", "Role", "roles", true, false, func() Object { return &rbacv1.Role{} })
	RoleBindings        = group(rbacv1.GroupName, "v1", "rolebindings", "RoleBinding", "rolebindings", true, false, func() Object { return &rbacv1.RoleBinding{} })
	ClusterRoles        = group(rbacv1.GroupName, "v1", "clusterroles", "ClusterRole", "clusterroles", false, false, func() Object { return &rbacv1.ClusterRole{} })
	ClusterRoleBindings = group(rbacv1.GroupName, "v1", "clusterrolebindings", "ClusterRoleBinding", "clusterrolebindings", false, false, func() Object { return &rbacv1.ClusterRoleBinding{} })

	EndpointSlices       = group("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", "endpointslices", true, false, func() Object { return &discoveryv1.EndpointSlice{} })
	Leases               = group("coordination.k8s.io", "v1", "leases", "Lease", "leases", true, false, func() Object { return &coordinationv1.Lease{} })
	StorageClasses       = group("storage.k8s.io", "v1", "storageclasses", "StorageClass", "storageclasses", false, false, func() Object { return &storagev1.StorageClass{} }, "sc")
	VolumeAttachments    = group("storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", "volumeattachments", false, true, func() Object { return &storagev1.VolumeAttachment{} })
	CSINodes             = group("storage.k8s.io", "v1", "csinodes", "CSINode", "csinodes", false, false, func() Object { return &storagev1.CSINode{} })
	PriorityClasses      = group("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", "priorityclasses", false, false, func() Object { return &schedulingv1.PriorityClass{} }, "pc")
	PodDisruptionBudgets = group("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", "poddisruptionbudgets", true, true, func() Object { return &policyv1.PodDisruptionBudget{} }, "pdb")
	RuntimeClasses       = group("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", "runtimeclasses", false, false, func() Object { return &nodev1.RuntimeClass{} })

	CustomResourceDefinitions = group(apiextensionsv1.GroupName, "v1", "customresourcedefinitions", "CustomResourceDefinition", "apiextensions.k8s.io/customresourcedefinitions", false, true, func() Object { return &apiextensionsv1.CustomResourceDefinition{} }, "crd", "crds")
)

// resources is the table, in the order in which it is listed.
var resources = []*Resource{
	Namespaces, Nodes, Pods, Services, ConfigMaps, Secrets, ServiceAccounts, Events,
	PersistentVolumeClaims, PersistentVolumes, Endpoints, LimitRanges, ResourceQuotas,
	Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, CronJobs, ControllerRevisions, HorizontalPodAutoscalers,
	Ingresses, IngressClasses, NetworkPolicies, Roles, RoleBindings, ClusterRoles, ClusterRoleBindings,
	EndpointSlices, Leases, StorageClasses, VolumeAttachments, CSINodes, PriorityClasses, PodDisruptionBudgets, RuntimeClasses,
	CustomResourceDefinitions,
}

func core(name, kind, folder string, namespaced, status bool, make func() Object, short ...string) *Resource {
	return group("", "v1", name, kind, folder, namespaced, status, make, short...)
}

func group(g, version, name, kind, folder string, namespaced, status bool, make func() Object, short ...string) *Resource {
	return &Resource{
		Group: g, Version: version, Name: name, Singular: strings.ToLower(kind), Kind: kind, ListKind: kind + "List", ShortNames: short,
		Namespaced: namespaced, Status: status, Folder: folder, New: make,
	}
}

// Resources is the whole table: all that a server serves but for custom resources. It must not be changed.
func Resources() []*Resource { return resources }

// ByKind finds a resource by its kind, nil if it is not served.
func ByKind(gvk schema.GroupVersionKind) *Resource {
	for _, r := range resources {
		if r.GVK() == gvk {
			return r
		}
	}
	return nil
}

// ByName finds a resource as a person would call it: plural, singular, kind or
// short name, in any case, optionally with its group ("deploy", "deployments.apps"). nil if there is none.
func ByName(name string) *Resource {
	name = strings.ToLower(name)
	for _, r := range resources {
		if name == r.Name || name == r.Singular || name == r.Name+"."+r.Group || name == r.Singular+"."+r.Group {
			return r
		}
		for _, s := range r.ShortNames {
			if name == s {
				return r
			}
		}
	}
	return nil
}

// Names are all words by which ByName finds a resource without its group, sorted.
func Names() []string {
	var out []string
	for _, r := range resources {
		out = append(append(out, r.Name, r.Singular), r.ShortNames...)
	}
	sort.Strings(out)
	return out
}

// Of finds the resource of a typed object. It panics on a type that is not in the table.
func Of(o Object) *Resource {
	if r, ok := typeIndex[reflect.TypeOf(o)]; ok {
		return r
	}
	panic(fmt.Sprintf("api: %T is not in the resource table", o))
}

var typeIndex = func() map[reflect.Type]*Resource {
	index := map[reflect.Type]*Resource{}
	for _, r := range slices.Concat(Measured(), Others(), resources) {
		index[reflect.TypeOf(r.New())] = r
	}
	return index
}()
