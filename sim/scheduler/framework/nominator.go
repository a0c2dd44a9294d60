package framework

import "slices"

// nominator remembers pods that preempted others and wait for a node to be
// freed for them.
type nominator struct {
	byNode map[string][]*PodInfo
	nodeOf map[string]string // by pod key
}

// Nominate records that a pod waits for a node; an empty node name forgets it.
func (s *Snapshot) Nominate(p *PodInfo, nodeName string) {
	s.Unnominate(p.Key)
	if nodeName == "" {
		return
	}
	if s.nominated.byNode == nil {
		s.nominated.byNode = make(map[string][]*PodInfo)
		s.nominated.nodeOf = make(map[string]string)
	}
	s.nominated.byNode[nodeName] = append(s.nominated.byNode[nodeName], p)
	s.nominated.nodeOf[p.Key] = nodeName
	s.bump(EpochNominations)
}

// Unnominate forgets a pod's nomination, if it has one.
func (s *Snapshot) Unnominate(podKey string) {
	node, ok := s.nominated.nodeOf[podKey]
	if !ok {
		return
	}
	delete(s.nominated.nodeOf, podKey)
	s.nominated.byNode[node] = slices.DeleteFunc(s.nominated.byNode[node], func(p *PodInfo) bool { return p.Key == podKey })
	if len(s.nominated.byNode[node]) == 0 {
		delete(s.nominated.byNode, node)
	}
	s.bump(EpochNominations)
}

// Nominated lists the pods that wait for a node, in the order they came.
func (s *Snapshot) Nominated(nodeName string) []*PodInfo { return s.nominated.byNode[nodeName] }

// NominatedNode returns the node that a pod waits for, or "".
func (s *Snapshot) NominatedNode(podKey string) string { return s.nominated.nodeOf[podKey] }

// AnyNominated reports whether any pod waits for a node.
func (s *Snapshot) AnyNominated() bool { return len(s.nominated.nodeOf) > 0 }
