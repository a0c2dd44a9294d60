package framework

import (
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// shapeKey is equal for pods that every rule treats alike: it holds all of a
// pod that any rule looks at, in Kubernetes' own wire form. Pods of one
// ReplicaSet share it.
func shapeKey(pod *v1.Pod) string {
	reduced := v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Labels: pod.Labels},
		Spec: v1.PodSpec{
			NodeName: pod.Spec.NodeName, NodeSelector: pod.Spec.NodeSelector, Affinity: pod.Spec.Affinity,
			Tolerations: pod.Spec.Tolerations, TopologySpreadConstraints: pod.Spec.TopologySpreadConstraints,
			Priority: pod.Spec.Priority, SchedulerName: pod.Spec.SchedulerName, Overhead: pod.Spec.Overhead,
			Resources: pod.Spec.Resources, Containers: reduceContainers(pod.Spec.Containers),
			InitContainers: reduceContainers(pod.Spec.InitContainers),
		},
	}
	if owner := metav1.GetControllerOfNoCopy(pod); owner != nil {
		reduced.OwnerReferences = []metav1.OwnerReference{{APIVersion: owner.APIVersion, Kind: owner.Kind, Name: owner.Name}}
	}
	for i := range pod.Spec.Volumes {
		if v := &pod.Spec.Volumes[i]; matters(v) {
			reduced.Spec.Volumes = append(reduced.Spec.Volumes, *v)
			if v.Ephemeral != nil {
				reduced.Name = pod.Name // its claim is named after the pod
			}
		}
	}
	wire, err := reduced.Marshal()
	if err != nil {
		return pod.Namespace + "/" + pod.Name + "/" + string(pod.UID)
	}
	return string(wire)
}

// matters reports whether a rule looks at a volume.
func matters(v *v1.Volume) bool {
	return v.PersistentVolumeClaim != nil || v.Ephemeral != nil || v.GCEPersistentDisk != nil ||
		v.AWSElasticBlockStore != nil || v.RBD != nil || v.ISCSI != nil
}

func reduceContainers(containers []v1.Container) []v1.Container {
	reduced := make([]v1.Container, len(containers))
	for i, c := range containers {
		reduced[i] = v1.Container{Image: c.Image, Resources: c.Resources, Ports: c.Ports, RestartPolicy: c.RestartPolicy}
	}
	return reduced
}
