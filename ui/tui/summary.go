package tui

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"minisim/sim/api"
)

// summaryColumns are the columns of a list beyond the name.
func summaryColumns(r *api.Resource) []string {
	switch r {
	case api.Pods:
		return []string{"STATE", "RESTARTS", "NODE", "REASON"}
	case api.Nodes:
		return []string{"READY", "TAINTS"}
	case api.Deployments, api.ReplicaSets, api.StatefulSets:
		return []string{"READY"}
	case api.PersistentVolumeClaims, api.PersistentVolumes:
		return []string{"PHASE", "BOUND TO"}
	case api.VolumeAttachments:
		return []string{"NODE", "ATTACHED"}
	}
	return nil
}

// stateNames are the states in words.
var stateNames = [...]string{"pending", "waiting", "pulling", "starting", "ready", "terminating", "crashed", "done"}

// summary is what a list says of an object beyond its name.
func (c *camera) summary(o api.Object) ([]string, Tone) {
	switch o := o.(type) {
	case *corev1.Pod:
		p := c.pod(o)
		tone := Plain
		if p.State == Crashed {
			tone = Bad
		}
		return []string{stateNames[p.State], fmt.Sprint(p.Restarts), o.Spec.NodeName, p.Reason}, tone
	case *corev1.Node:
		m := Machine{Name: o.Name}
		describe(&m, o)
		tone := Plain
		if m.Ready != "True" {
			tone = Bad
		}
		return []string{m.Ready, strings.Join(m.Taints, " ")}, tone
	case *appsv1.Deployment:
		return []string{ready(o.Status.ReadyReplicas, o.Spec.Replicas)}, Plain
	case *appsv1.ReplicaSet:
		return []string{ready(o.Status.ReadyReplicas, o.Spec.Replicas)}, Plain
	case *appsv1.StatefulSet:
		return []string{ready(o.Status.ReadyReplicas, o.Spec.Replicas)}, Plain
	case *corev1.PersistentVolumeClaim:
		return []string{string(o.Status.Phase), o.Spec.VolumeName}, Plain
	case *corev1.PersistentVolume:
		bound := ""
		if r := o.Spec.ClaimRef; r != nil {
			bound = r.Namespace + "/" + r.Name
		}
		return []string{string(o.Status.Phase), bound}, Plain
	case *storagev1.VolumeAttachment:
		return []string{o.Spec.NodeName, fmt.Sprint(o.Status.Attached)}, Plain
	}
	return nil, Plain
}

func ready(have int32, want *int32) string {
	n := int32(1)
	if want != nil {
		n = *want
	}
	return fmt.Sprintf("%d/%d", have, n)
}
