// Package snapshot reads a dump of a cluster, as `kubectl get … -o yaml` prints
// it, into what the scheduler looks at. It is pure: bytes in, objects out. It
// fills in what the API server would have filled in and what the scheduler
// needs, tolerates kinds and fields that it does not know, and notes them.
package snapshot

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"minisim/internal/fields"
	"minisim/sim/scheduler/framework"
)

// Cluster is a dump made ready for the scheduler.
type Cluster struct {
	// View holds nodes, bound pods and the rest.
	View *framework.Snapshot
	// Pending lists the pods that wait for a node, sorted by namespace/name.
	Pending []*framework.PodInfo
	// Notes tell, in sentences, what was left out or not understood.
	Notes []string
}

// File is one of the files that a dump consists of.
type File struct {
	Name string // as errors tell it; may be empty
	Text []byte // YAML or JSON documents: Lists, single objects, or both mixed
}

// Load reads the files of a dump. An object of a later one replaces an earlier
// one of the same name. An error names the file, the document, the object and
// each field that cannot be read; a file without any object is an error.
func Load(files ...File) (*Cluster, error) {
	l := &loader{kinds: kinds(), skipped: make(map[string]int), unknown: make(map[string]int)}
	for _, f := range files {
		err := l.documents(f.Text)
		switch {
		case err != nil && f.Name != "":
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		case err != nil:
			return nil, err
		}
	}
	return l.cluster(), nil
}

// kinds are those that the scheduler looks at.
func kinds() map[string]func() runtime.Object {
	return map[string]func() runtime.Object{
		"v1/Node":                              func() runtime.Object { return new(v1.Node) },
		"v1/Pod":                               func() runtime.Object { return new(v1.Pod) },
		"v1/Namespace":                         func() runtime.Object { return new(v1.Namespace) },
		"v1/Service":                           func() runtime.Object { return new(v1.Service) },
		"v1/ReplicationController":             func() runtime.Object { return new(v1.ReplicationController) },
		"v1/PersistentVolumeClaim":             func() runtime.Object { return new(v1.PersistentVolumeClaim) },
		"v1/PersistentVolume":                  func() runtime.Object { return new(v1.PersistentVolume) },
		"apps/v1/ReplicaSet":                   func() runtime.Object { return new(appsv1.ReplicaSet) },
		"apps/v1/StatefulSet":                  func() runtime.Object { return new(appsv1.StatefulSet) },
		"policy/v1/PodDisruptionBudget":        func() runtime.Object { return new(policyv1.PodDisruptionBudget) },
		"scheduling.k8s.io/v1/PriorityClass":   func() runtime.Object { return new(schedulingv1.PriorityClass) },
		"storage.k8s.io/v1/StorageClass":       func() runtime.Object { return new(storagev1.StorageClass) },
		"storage.k8s.io/v1/CSINode":            func() runtime.Object { return new(storagev1.CSINode) },
		"storage.k8s.io/v1/CSIDriver":          func() runtime.Object { return new(storagev1.CSIDriver) },
		"storage.k8s.io/v1/CSIStorageCapacity": func() runtime.Object { return new(storagev1.CSIStorageCapacity) },
		"storage.k8s.io/v1/VolumeAttachment":   func() runtime.Object { return new(storagev1.VolumeAttachment) },
	}
}

type loader struct {
	kinds   map[string]func() runtime.Object
	nodes   []*v1.Node
	pods    []*v1.Pod
	others  []runtime.Object
	skipped map[string]int // objects by kind
	unknown map[string]int // occurrences by "kind field"
	empty   []string       // pods without containers
}

// head is what all objects and Lists have.
type head struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"metadata"`
	Items []json.RawMessage `json:"items"`
}

// String is "Pod default/web".
func (h *head) String() string {
	if h.Metadata.Namespace == "" {
		return h.Kind + " " + h.Metadata.Name
	}
	return h.Kind + " " + h.Metadata.Namespace + "/" + h.Metadata.Name
}

// item adds one object, or the items of a List. Where says which one it is.
func (l *loader) item(raw json.RawMessage, where string) error {
	h := new(head)
	if _, err := fields.Decode(raw, h); err != nil {
		return fmt.Errorf("%s is not a Kubernetes object: %w", where, err)
	}
	if h.Items != nil {
		for i, item := range h.Items {
			if err := l.item(item, fmt.Sprintf("%s, item %d", where, i+1)); err != nil {
				return err
			}
		}
		return nil
	}
	if h.Kind == "" {
		return fmt.Errorf("%s: an object without kind (name %q)", where, h.Metadata.Name)
	}
	construct := l.kinds[h.APIVersion+"/"+h.Kind]
	if construct == nil {
		l.skipped[h.APIVersion+" "+h.Kind]++
		return nil
	}
	obj := construct()
	ignored, err := fields.Decode(raw, obj)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", where, h, err)
	}
	for _, field := range ignored {
		l.unknown[h.Kind+" "+field.Path]++
	}
	l.add(obj)
	return nil
}

func (l *loader) add(obj runtime.Object) {
	switch o := obj.(type) {
	case *v1.Node:
		l.nodes = append(l.nodes, o)
	case *v1.Pod:
		l.pods = append(l.pods, o)
	default:
		if o, ok := obj.(metav1.Object); ok && o.GetNamespace() == "" && namespaced(obj) {
			o.SetNamespace(metav1.NamespaceDefault)
		}
		l.others = append(l.others, obj)
	}
}

func namespaced(obj runtime.Object) bool {
	switch obj.(type) {
	case *v1.Service, *v1.ReplicationController, *v1.PersistentVolumeClaim, *appsv1.ReplicaSet,
		*appsv1.StatefulSet, *policyv1.PodDisruptionBudget, *storagev1.CSIStorageCapacity:
		return true
	}
	return false
}

// cluster puts everything together: classes before the pods that name them,
// nodes before the pods bound to them.
func (l *loader) cluster() *Cluster {
	c := &Cluster{View: framework.NewSnapshot()}
	for _, o := range l.others {
		c.View.SetObject(o)
	}
	for _, n := range l.nodes {
		defaultNode(n)
		c.View.SetNode(n)
	}
	pending := make(map[string]*framework.PodInfo)
	for _, pod := range l.pods {
		defaultPod(pod)
		if len(pod.Spec.Containers) == 0 {
			l.empty = append(l.empty, pod.Namespace+"/"+pod.Name)
		}
		DefaultPriority(pod, c.View)
		p := framework.NewPodInfo(pod)
		delete(pending, p.Key)
		c.View.RemovePod(p.Key)
		c.View.Unnominate(p.Key)
		switch {
		case pod.Status.Phase == v1.PodSucceeded || pod.Status.Phase == v1.PodFailed:
		case pod.Spec.NodeName != "":
			c.View.AddPod(p, pod.Spec.NodeName)
		case pod.DeletionTimestamp == nil:
			pending[p.Key] = p
			c.View.Nominate(p, pod.Status.NominatedNodeName)
		}
	}
	for _, p := range pending {
		c.Pending = append(c.Pending, p)
	}
	slices.SortFunc(c.Pending, func(a, b *framework.PodInfo) int { return cmp.Compare(a.Key, b.Key) })
	c.Notes = l.notes()
	return c
}

func (l *loader) notes() []string {
	var notes []string
	for kind, n := range l.skipped {
		notes = append(notes, number(n, "object")+" of kind "+kind+" left out: the scheduler looks at none of this kind")
	}
	for field, n := range l.unknown {
		notes = append(notes, fmt.Sprintf("%s in %s ignored: there is no such field", field, number(n, "object")))
	}
	if n := len(l.empty); n > 0 {
		notes = append(notes, number(n, "pod")+" without containers, which the API server would refuse: "+strings.Join(l.empty, ", "))
	}
	slices.Sort(notes)
	return notes
}

// number counts things: "1 pod", "2 pods".
func number(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
