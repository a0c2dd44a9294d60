// Package kinds knows what Kubernetes does to objects of each kind besides
// storing them: which defaults it fills in, what it prepares before a write, and
// what it refuses, with its own messages. Everything here is a pure function of
// the objects given; nothing reads other objects, a clock or the store (that is
// admission's and the pipeline's work, in package apiserver).
//
// Each kind has its Strategy in a file of its own; For finds it. The rules are
// those of Kubernetes v1.36 with its feature gates as they are by default.
package kinds

import (
	"minisim/sim/api"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Strategy is what Kubernetes does to objects of one resource besides storing
// them. Any func may be nil: then there is nothing of the sort to do. The
// objects given must be of the resource's type; the funcs that default and
// prepare change their first argument in place, all others change nothing.
type Strategy struct {
	// Default fills in what the sender left out, as decoding a request does. It
	// comes before admission.
	Default func(api.Object)
	// PrepareForCreate sets what a sender cannot: the status that a new object
	// starts with, generation 1. It comes after admission; the object has its
	// name, UID and creation time by then.
	PrepareForCreate func(api.Object)
	// PrepareForUpdate keeps what an update of the main resource cannot change
	// (status) and counts the generation up when the wanted state changed.
	PrepareForUpdate func(new, old api.Object)
	// PrepareForStatusUpdate keeps what an update of the status subresource
	// cannot change: everything but the status, and of the metadata what the
	// kind guards.
	PrepareForStatusUpdate func(new, old api.Object)

	// Validate says what is wrong with a new, prepared object.
	Validate func(api.Object) field.ErrorList
	// ValidateUpdate says what is wrong with a prepared object or with its change
	// from old. As in Kubernetes some faults of the metadata are told twice, once
	// by the rules for all kinds and once by the kind's own.
	ValidateUpdate func(new, old api.Object) field.ErrorList
	// ValidateStatusUpdate says what is wrong with a new status.
	ValidateStatusUpdate func(new, old api.Object) field.ErrorList

	// Parts are the subresources by which a part of an object changes, besides its status.
	Parts map[string]Part

	// Warnings are what Kubernetes accepts in a new object but remarks upon.
	Warnings func(api.Object) []string
	// WarningsOnUpdate are what it remarks upon in a changed object; nil: the same as in a new one.
	WarningsOnUpdate func(new, old api.Object) []string

	// CreateOnUpdate is whether an update may create what is not there.
	CreateOnUpdate bool
	// NeedsVersion is whether an update must state the resourceVersion that it
	// is based on.
	NeedsVersion bool
}

// Part is what Kubernetes does to an object of which one part changes, by a
// subresource of its own.
type Part struct {
	// Prepare keeps all that cannot be changed by it.
	Prepare func(new, old api.Object)
	// Validate says what is wrong with the prepared object or with its change from old.
	Validate func(new, old api.Object) field.ErrorList
}

// For finds the strategy of a resource, for objects of its present version; never
// nil. What is written in another version may be held to rules of its own.
func For(r *api.Resource) *Strategy {
	if s, ok := strategies[r]; ok {
		return s
	}
	if s, ok := strategies[r.Present()]; ok {
		return s
	}
	return &unknown
}

var unknown Strategy

var strategies = map[*api.Resource]*Strategy{
	api.Namespaces:               namespaces.strategy(api.Namespaces),
	api.Nodes:                    nodes.strategy(api.Nodes),
	api.Pods:                     pods.strategy(api.Pods),
	api.Services:                 services.strategy(api.Services),
	api.ConfigMaps:               configMaps.strategy(api.ConfigMaps),
	api.Secrets:                  secrets.strategy(api.Secrets),
	api.ServiceAccounts:          serviceAccounts.strategy(api.ServiceAccounts),
	api.Events:                   events.strategy(api.Events),
	api.EventsV1:                 eventsV1.strategy(api.EventsV1),
	api.PersistentVolumeClaims:   claims.strategy(api.PersistentVolumeClaims),
	api.PersistentVolumes:        volumes.strategy(api.PersistentVolumes),
	api.Deployments:              deployments.strategy(api.Deployments),
	api.ReplicaSets:              replicaSets.strategy(api.ReplicaSets),
	api.StatefulSets:             statefulSets.strategy(api.StatefulSets),
	api.DaemonSets:               daemonSets.strategy(api.DaemonSets),
	api.Jobs:                     jobs.strategy(api.Jobs),
	api.EndpointSlices:           endpointSlices.strategy(api.EndpointSlices),
	api.Leases:                   leases.strategy(api.Leases),
	api.StorageClasses:           storageClasses.strategy(api.StorageClasses),
	api.VolumeAttachments:        volumeAttachments.strategy(api.VolumeAttachments),
	api.CSINodes:                 csiNodes.strategy(api.CSINodes),
	api.PriorityClasses:          priorityClasses.strategy(api.PriorityClasses),
	api.PodDisruptionBudgets:     disruptionBudgets.strategy(api.PodDisruptionBudgets),
	api.RuntimeClasses:           runtimeClasses.strategy(api.RuntimeClasses),
	api.Endpoints:                endpoints.strategy(api.Endpoints),
	api.LimitRanges:              limitRanges.strategy(api.LimitRanges),
	api.ResourceQuotas:           resourceQuotas.strategy(api.ResourceQuotas),
	api.CronJobs:                 cronJobs.strategy(api.CronJobs),
	api.ControllerRevisions:      controllerRevisions.strategy(api.ControllerRevisions),
	api.HorizontalPodAutoscalers: autoscalers.strategy(api.HorizontalPodAutoscalers),
	api.Ingresses:                ingresses.strategy(api.Ingresses),
	api.IngressClasses:           ingressClasses.strategy(api.IngressClasses),
	api.NetworkPolicies:          networkPolicies.strategy(api.NetworkPolicies),
	api.Roles:                    roles.strategy(api.Roles),
	api.RoleBindings:             roleBindings.strategy(api.RoleBindings),
	api.ClusterRoles:             clusterRoles.strategy(api.ClusterRoles),
	api.ClusterRoleBindings:      clusterRoleBindings.strategy(api.ClusterRoleBindings),

	api.CustomResourceDefinitions: customResourceDefinitions,
}
