package framework

import (
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// SetObject adds or replaces an object of a kind that rules look at, other
// than nodes and pods. It reports whether the kind is one of them.
func (s *Snapshot) SetObject(obj runtime.Object) bool { return s.apply(obj, false) }

// RemoveObject forgets an object that SetObject was given.
func (s *Snapshot) RemoveObject(obj runtime.Object) bool { return s.apply(obj, true) }

func (s *Snapshot) apply(obj runtime.Object, remove bool) bool {
	switch o := obj.(type) {
	case *v1.Namespace:
		put(s, &s.Namespaces, o, remove, EpochWorkloads, func(a, b *v1.Namespace) bool { return maps.Equal(a.Labels, b.Labels) })
	case *v1.Service:
		put(s, &s.Services, o, remove, EpochWorkloads, func(a, b *v1.Service) bool { return maps.Equal(a.Spec.Selector, b.Spec.Selector) })
	case *v1.ReplicationController:
		put(s, &s.ReplicationControllers, o, remove, EpochWorkloads, func(a, b *v1.ReplicationController) bool {
			return maps.Equal(a.Spec.Selector, b.Spec.Selector)
		})
	case *appsv1.ReplicaSet:
		put(s, &s.ReplicaSets, o, remove, EpochWorkloads, func(a, b *appsv1.ReplicaSet) bool {
			return sameSelector(a.Spec.Selector, b.Spec.Selector)
		})
	case *appsv1.StatefulSet:
		put(s, &s.StatefulSets, o, remove, EpochWorkloads, func(a, b *appsv1.StatefulSet) bool {
			return sameSelector(a.Spec.Selector, b.Spec.Selector)
		})
	case *v1.PersistentVolumeClaim:
		put(s, &s.Claims, o, remove, EpochStorage, nil)
	case *v1.PersistentVolume:
		put(s, &s.Volumes, o, remove, EpochStorage, nil)
	case *storagev1.StorageClass:
		put(s, &s.StorageClasses, o, remove, EpochStorage, nil)
	case *storagev1.CSINode:
		put(s, &s.CSINodes, o, remove, EpochStorage, nil)
	case *storagev1.CSIDriver:
		put(s, &s.CSIDrivers, o, remove, EpochStorage, nil)
	case *storagev1.CSIStorageCapacity:
		put(s, &s.CSICapacities, o, remove, EpochStorage, nil)
	case *storagev1.VolumeAttachment:
		s.indexAttachment(o, remove)
		put(s, &s.VolumeAttachments, o, remove, EpochStorage, nil)
	case *policyv1.PodDisruptionBudget:
		put(s, &s.Budgets, o, remove, epochNone, nil)
	case *schedulingv1.PriorityClass:
		put(s, &s.PriorityClasses, o, remove, epochNone, nil)
	default:
		return false
	}
	return true
}

// epochNone marks kinds that no cached result depends on.
const epochNone Epoch = -1

// put stores or removes an object and bumps its epoch, unless same says that
// nothing a rule looks at has changed.
func put[T metav1.Object](s *Snapshot, store *Store[T], o T, remove bool, epoch Epoch, same func(a, b T) bool) {
	key := ObjectKey(o)
	old, had := store.Get(key)
	if remove {
		store.remove(key)
	} else {
		store.set(o)
	}
	quiet := had && !remove && same != nil && same(old, o) || remove && !had
	if epoch != epochNone && !quiet {
		s.bump(epoch)
	}
}

func sameSelector(a, b *metav1.LabelSelector) bool { return equality.Semantic.DeepEqual(a, b) }
