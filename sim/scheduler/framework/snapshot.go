package framework

import (
	"cmp"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// Snapshot is the cluster as the scheduler sees it: nodes with their pods,
// nominated pods, and the other objects that rules look at. During a cycle it
// does not change; between cycles its owner keeps it up to date, and every
// change costs only what changed.
type Snapshot struct {
	Namespaces             Store[*v1.Namespace]
	Services               Store[*v1.Service]
	ReplicationControllers Store[*v1.ReplicationController]
	ReplicaSets            Store[*appsv1.ReplicaSet]
	StatefulSets           Store[*appsv1.StatefulSet]
	Claims                 Store[*v1.PersistentVolumeClaim]
	Volumes                Store[*v1.PersistentVolume]
	StorageClasses         Store[*storagev1.StorageClass]
	CSINodes               Store[*storagev1.CSINode]
	CSIDrivers             Store[*storagev1.CSIDriver]
	CSICapacities          Store[*storagev1.CSIStorageCapacity]
	VolumeAttachments      Store[*storagev1.VolumeAttachment]
	Budgets                Store[*policyv1.PodDisruptionBudget]
	PriorityClasses        Store[*schedulingv1.PriorityClass]

	nodes        []*NodeInfo // sorted by name
	byName       map[string]*NodeInfo
	placed       map[string]placement // bound and assumed pods, by key
	priorities   map[int32]int        // number of placed pods by priority
	affinity     nodeSet
	antiAffinity nodeSet
	nominated    nominator
	images       imageTable
	attached     map[string][]string // volume names by node
	generation   uint64
	epochs       [epochKinds]uint64
	log          changeLog
	topologies   map[string]*Topology
}

type placement struct {
	node *NodeInfo
	pod  *PodInfo
}

// NewSnapshot returns an empty cluster.
func NewSnapshot() *Snapshot {
	return &Snapshot{
		byName: make(map[string]*NodeInfo),
		placed: make(map[string]placement),
		images: make(imageTable), priorities: make(map[int32]int),
	}
}

// Nodes lists the nodes by name. The slice must not be changed.
func (s *Snapshot) Nodes() []*NodeInfo { return s.nodes }

// Node returns the node of that name, or nil.
func (s *Snapshot) Node(name string) *NodeInfo {
	if n := s.byName[name]; n != nil && n.Node != nil {
		return n
	}
	return nil
}

// Placed returns a bound or assumed pod by its key, with its node's name.
func (s *Snapshot) Placed(key string) (*PodInfo, string) {
	if at, ok := s.placed[key]; ok {
		return at.pod, at.node.Name
	}
	return nil, ""
}

// AnyBelow reports whether a placed pod has a priority below one.
func (s *Snapshot) AnyBelow(priority int32) bool {
	for p := range s.priorities {
		if p < priority {
			return true
		}
	}
	return false
}

// NodesWithAffinity lists the nodes that hold a pod with any pod
// (anti-)affinity term, in no meaningful order.
func (s *Snapshot) NodesWithAffinity() []*NodeInfo { return s.affinity.nodes }

// NodesWithAntiAffinity lists the nodes that hold a pod with a required
// anti-affinity term, in no meaningful order.
func (s *Snapshot) NodesWithAntiAffinity() []*NodeInfo { return s.antiAffinity.nodes }

// NamespaceLabels returns the labels of a namespace; an unknown one has none.
func (s *Snapshot) NamespaceLabels(name string) map[string]string {
	if ns, ok := s.Namespaces.Get(name); ok {
		return ns.Labels
	}
	return nil
}

// SetNode adds a node or replaces what is known of it. A change that no rule
// looks at, such as a heartbeat, touches nothing.
func (s *Snapshot) SetNode(node *v1.Node) {
	n := s.byName[node.Name]
	if n != nil && n.Node != nil && sameNode(n.Node, node) {
		n.Node = node
		return
	}
	if n == nil {
		n = NewNodeInfo(nil)
		n.Name = node.Name
		s.byName[node.Name] = n
	}
	if n.Node == nil {
		s.insert(n)
	}
	if s.images.replace(n.Node, node) {
		s.bump(EpochImages)
	}
	if n.Node == nil {
		s.bump(EpochMembers)
	}
	if n.Node == nil || !sameTopology(n.Node, node) {
		s.bump(EpochNodes)
	}
	n.setNode(node)
	s.touch(n, nil, 0)
}

// RemoveNode forgets a node. Pods still bound to it are kept aside until they
// are removed too or the node comes back.
func (s *Snapshot) RemoveNode(name string) {
	n := s.byName[name]
	if n == nil || n.Node == nil {
		return
	}
	s.images.replace(n.Node, nil)
	n.Node = nil
	s.nodes = slices.Delete(s.nodes, n.index, n.index+1)
	s.renumber(n.index)
	s.affinity.update(n, false)
	s.antiAffinity.update(n, false)
	if len(n.Pods) == 0 {
		delete(s.byName, name)
	}
	s.bump(EpochMembers)
	s.bump(EpochNodes)
	s.bump(EpochImages)
}

func (s *Snapshot) insert(n *NodeInfo) {
	at, _ := slices.BinarySearchFunc(s.nodes, n.Name, func(o *NodeInfo, name string) int { return cmp.Compare(o.Name, name) })
	s.nodes = slices.Insert(s.nodes, at, n)
	s.renumber(at)
	s.affinity.update(n, len(n.PodsWithAffinity) > 0)
	s.antiAffinity.update(n, len(n.PodsWithAntiAffinity) > 0)
	s.bump(EpochImages) // ImageLocality divides by the number of nodes
}

func (s *Snapshot) renumber(from int) {
	for i := from; i < len(s.nodes); i++ {
		s.nodes[i].index = i
	}
}

// AddPod places a pod on a node, replacing what was known of it before. The
// node need not be known yet.
func (s *Snapshot) AddPod(p *PodInfo, nodeName string) {
	s.RemovePod(p.Key)
	n := s.byName[nodeName]
	if n == nil {
		n = NewNodeInfo(nil)
		n.Name = nodeName
		s.byName[nodeName] = n
	}
	n.AddPod(p)
	s.placed[p.Key] = placement{n, p}
	s.priorities[p.Priority]++
	s.changed(n, p, 1)
}

// Refresh replaces the object of a placed pod by a newer version that differs
// in nothing that a rule counts, such as a pod that has started. It reports
// whether that was so; if not, AddPod has to be called.
func (s *Snapshot) Refresh(pod *v1.Pod) bool {
	at, ok := s.placed[pod.Namespace+"/"+pod.Name]
	if !ok || at.node.Name != pod.Spec.NodeName || !SamePod(at.pod.Pod, pod) {
		return false
	}
	at.pod.Pod = pod
	at.node.refreshed++
	return true
}

// RemovePod takes a placed pod away; an unknown key is ignored.
func (s *Snapshot) RemovePod(key string) {
	at, ok := s.placed[key]
	if !ok {
		return
	}
	delete(s.placed, key)
	if s.priorities[at.pod.Priority]--; s.priorities[at.pod.Priority] == 0 {
		delete(s.priorities, at.pod.Priority)
	}
	at.node.RemovePod(at.pod)
	if at.node.Node == nil && len(at.node.Pods) == 0 {
		delete(s.byName, at.node.Name)
		return
	}
	s.changed(at.node, at.pod, -1)
}

func (s *Snapshot) changed(n *NodeInfo, p *PodInfo, delta int64) {
	if n.Node == nil {
		return
	}
	s.affinity.update(n, len(n.PodsWithAffinity) > 0)
	s.antiAffinity.update(n, len(n.PodsWithAntiAffinity) > 0)
	s.touch(n, p, delta)
}

func (s *Snapshot) touch(n *NodeInfo, p *PodInfo, delta int64) {
	s.generation++
	n.Generation = s.generation
	s.log.add(Change{Node: n, Pod: p, Delta: delta})
}
