package apiserver

import (
	"strconv"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
)

// selectable reads one selectable field of a typed object.
func selectable[T api.Object](get func(T) string) func(api.Object) string {
	return func(o api.Object) string { return get(o.(T)) }
}

// fieldNames are other names of selectable fields: those of another version, and
// that of the first clients.
var fieldNames = map[*api.Resource]map[string]string{
	api.Pods: {"spec.host": "spec.nodeName"},
	api.EventsV1: {
		"regarding.kind": "involvedObject.kind", "regarding.namespace": "involvedObject.namespace", "regarding.name": "involvedObject.name",
		"regarding.uid": "involvedObject.uid", "regarding.apiVersion": "involvedObject.apiVersion", "regarding.resourceVersion": "involvedObject.resourceVersion",
		"regarding.fieldPath": "involvedObject.fieldPath", "reportingController": "reportingComponent",
	},
}

// fieldsOf are the selectable fields of each resource besides name and
// namespace, as in Kubernetes.
var fieldsOf = map[*api.Resource]map[string]func(api.Object) string{
	api.Pods: {
		"spec.nodeName":            selectable(func(p *corev1.Pod) string { return p.Spec.NodeName }),
		"spec.restartPolicy":       selectable(func(p *corev1.Pod) string { return string(p.Spec.RestartPolicy) }),
		"spec.schedulerName":       selectable(func(p *corev1.Pod) string { return p.Spec.SchedulerName }),
		"spec.serviceAccountName":  selectable(func(p *corev1.Pod) string { return p.Spec.ServiceAccountName }),
		"spec.hostNetwork":         selectable(func(p *corev1.Pod) string { return strconv.FormatBool(p.Spec.HostNetwork) }),
		"status.phase":             selectable(func(p *corev1.Pod) string { return string(p.Status.Phase) }),
		"status.podIP":             selectable(func(p *corev1.Pod) string { return p.Status.PodIP }),
		"status.podIPs":            func(api.Object) string { return "" }, // nothing can be selected by it, as in Kubernetes
		"status.nominatedNodeName": selectable(func(p *corev1.Pod) string { return p.Status.NominatedNodeName }),
	},
	api.Nodes: {
		"spec.unschedulable": selectable(func(n *corev1.Node) string { return strconv.FormatBool(n.Spec.Unschedulable) }),
	},
	api.Namespaces: {
		"status.phase": selectable(func(n *corev1.Namespace) string { return string(n.Status.Phase) }),
	},
	api.Secrets: {
		"type": selectable(func(s *corev1.Secret) string { return string(s.Type) }),
	},
	api.Services: {
		"spec.clusterIP": selectable(func(s *corev1.Service) string { return s.Spec.ClusterIP }),
		"spec.type":      selectable(func(s *corev1.Service) string { return string(s.Spec.Type) }),
	},
	api.Jobs: {
		"status.successful": selectable(func(j *batchv1.Job) string { return strconv.Itoa(int(j.Status.Succeeded)) }),
	},
	api.Events: {
		"involvedObject.kind":            selectable(func(e *corev1.Event) string { return e.InvolvedObject.Kind }),
		"involvedObject.namespace":       selectable(func(e *corev1.Event) string { return e.InvolvedObject.Namespace }),
		"involvedObject.name":            selectable(func(e *corev1.Event) string { return e.InvolvedObject.Name }),
		"involvedObject.uid":             selectable(func(e *corev1.Event) string { return string(e.InvolvedObject.UID) }),
		"involvedObject.apiVersion":      selectable(func(e *corev1.Event) string { return e.InvolvedObject.APIVersion }),
		"involvedObject.resourceVersion": selectable(func(e *corev1.Event) string { return e.InvolvedObject.ResourceVersion }),
		"involvedObject.fieldPath":       selectable(func(e *corev1.Event) string { return e.InvolvedObject.FieldPath }),
		"reason":                         selectable(func(e *corev1.Event) string { return e.Reason }),
		"reportingComponent":             selectable(func(e *corev1.Event) string { return e.ReportingController }),
		"source":                         selectable(func(e *corev1.Event) string { return e.Source.Component }),
		"type":                           selectable(func(e *corev1.Event) string { return e.Type }),
	},
}
