package scheduler

import (
	"cmp"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/engine"
	"minisim/sim/scheduler/framework"
)

// follow adds the caches that the scheduler follows the API by.
func (s *Scheduler) follow() {
	nodes := component.Informer[*v1.Node](s.process, api.Nodes, api.ListOptions{})
	nodes.OnChange(s.nodeChanged)
	s.pods = component.Informer[*v1.Pod](s.process, api.Pods, api.ListOptions{})
	s.pods.OnChange(s.podChanged)
	watch[*v1.Namespace](s, api.Namespaces)
	watch[*v1.Service](s, api.Services)
	watch[*appsv1.ReplicaSet](s, api.ReplicaSets)
	watch[*appsv1.StatefulSet](s, api.StatefulSets)
	watch[*policyv1.PodDisruptionBudget](s, api.PodDisruptionBudgets)
	watch[*v1.PersistentVolumeClaim](s, api.PersistentVolumeClaims)
	watch[*v1.PersistentVolume](s, api.PersistentVolumes)
	watch[*storagev1.StorageClass](s, api.StorageClasses)
	watch[*storagev1.CSINode](s, api.CSINodes)
	watch[*storagev1.VolumeAttachment](s, api.VolumeAttachments)
}

// watch keeps the view's objects of one kind in step with the API.
func watch[T interface {
	api.Object
	comparable
}](s *Scheduler, r *api.Resource) {
	cache := component.Informer[T](s.process, r, api.ListOptions{})
	cache.OnChange(func(old, new T) {
		var none T
		if new == none {
			s.view.RemoveObject(old)
		} else {
			s.view.SetObject(new)
		}
		if storage(r) {
			s.storageChanged(r, cmp.Or(new, old))
		}
	})
}

func storage(r *api.Resource) bool {
	switch r {
	case api.PersistentVolumeClaims, api.PersistentVolumes, api.StorageClasses, api.CSINodes, api.VolumeAttachments:
		return true
	}
	return false
}

// storageChanged wakes pods that wait for a volume, before and after their node
// was chosen.
func (s *Scheduler) storageChanged(r *api.Resource, o api.Object) {
	e := framework.ClusterEvent{Kind: framework.StorageChanged}
	if r == api.PersistentVolumeClaims {
		e.Claim = api.KeyOf(o).String()
	}
	s.happened(e)
	for _, key := range sortedKeys(s.binding) {
		s.process.Engine.OnceAfter(0, engine.Work{Actor: s.process.Name, Kind: workPreBind, Key: key})
	}
	s.kick()
}

func (s *Scheduler) nodeChanged(old, node *v1.Node) {
	switch {
	case node == nil:
		s.view.RemoveNode(old.Name)
		s.happened(framework.ClusterEvent{Kind: framework.NodeRemoved, Node: old})
	case old == nil:
		s.view.SetNode(node)
		s.happened(framework.ClusterEvent{Kind: framework.NodeAdded, Node: node})
	default:
		s.view.SetNode(node)
		if !maps.Equal(old.Labels, node.Labels) {
			s.happened(framework.ClusterEvent{Kind: framework.NodeLabels, Node: node, OldNode: old})
		}
		if framework.TaintsChanged(old, node) {
			s.happened(framework.ClusterEvent{Kind: framework.NodeTaints, Node: node, OldNode: old})
		}
		if framework.AllocatableChanged(old, node) {
			s.happened(framework.ClusterEvent{Kind: framework.NodeAllocatable, Node: node, OldNode: old})
		}
	}
	s.kick()
}

// podChanged sorts a change of a pod: bound ones go to the view, waiting ones
// to the queue. A pod whose containers have ended for good takes no place.
func (s *Scheduler) podChanged(old, pod *v1.Pod) {
	if pod == nil {
		s.podGone(old)
	} else if pod.Spec.NodeName != "" {
		s.podBound(old, pod)
	} else if s.profiles[pod.Spec.SchedulerName] != nil && !ended(pod) {
		s.podWaits(old, pod)
	}
	s.kick()
}

func ended(pod *v1.Pod) bool {
	return pod.Status.Phase == v1.PodSucceeded || pod.Status.Phase == v1.PodFailed
}

func (s *Scheduler) podWaits(old, pod *v1.Pod) {
	key := keyOf(pod)
	if s.binding[key] != nil {
		return // its node is chosen, the binding is under way
	}
	if known, _ := s.view.Placed(key); known != nil && known.Pod.UID == pod.UID {
		return // assumed: this event is older than our own binding
	}
	info := framework.NewPodInfo(pod)
	s.queue.add(info, s.now(), s.process.Engine.Cause())
	s.nominate(old, info)
}

// nominate follows the nominated node that the API has for a pod. An event that
// does not change it may be older than what preemption has just decided, and
// leaves that as it is.
func (s *Scheduler) nominate(old *v1.Pod, p *framework.PodInfo) {
	now := s.view.NominatedNode(p.Key)
	node := now
	if old == nil || old.Status.NominatedNodeName != p.Pod.Status.NominatedNodeName {
		node = p.Pod.Status.NominatedNodeName
	}
	if node != now || node != "" && !framework.SamePod(old, p.Pod) {
		s.view.Nominate(p, node)
	}
}

func (s *Scheduler) podBound(old, pod *v1.Pod) {
	key := keyOf(pod)
	s.queue.remove(key)
	s.view.Unnominate(key)
	if ended(pod) {
		s.podGone(pod)
		return
	}
	before, _ := s.view.Placed(key)
	newcomer := old == nil || old.Spec.NodeName == ""
	if !s.view.Refresh(pod) {
		s.view.AddPod(framework.NewPodInfo(pod), pod.Spec.NodeName)
	}
	now, _ := s.view.Placed(key)
	switch {
	case newcomer:
		delete(s.binding, key)
		s.happened(framework.ClusterEvent{Kind: framework.PodAdded, Pod: now})
	case before != nil && before != now:
		s.boundChanged(before, now)
	}
}

func (s *Scheduler) boundChanged(before, now *framework.PodInfo) {
	if !maps.Equal(before.Pod.Labels, now.Pod.Labels) || before.Terminating() != now.Terminating() {
		s.happened(framework.ClusterEvent{Kind: framework.PodLabels, Pod: now, OldPod: before})
	}
	if now.Request.MilliCPU < before.Request.MilliCPU || now.Request.Memory < before.Request.Memory {
		s.happened(framework.ClusterEvent{Kind: framework.PodScaledDown, Pod: now, OldPod: before})
	}
}

func (s *Scheduler) podGone(pod *v1.Pod) {
	key := keyOf(pod)
	s.queue.remove(key)
	s.view.Unnominate(key)
	delete(s.binding, key)
	if placed, _ := s.view.Placed(key); placed != nil {
		s.view.RemovePod(key)
		s.happened(framework.ClusterEvent{Kind: framework.PodRemoved, Pod: placed})
	}
}

func keyOf(pod *v1.Pod) string { return pod.Namespace + "/" + pod.Name }
