package framework

import (
	"fmt"
	"testing"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func node(name string, images ...string) *v1.Node {
	n := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"name": name}}}
	for _, image := range images {
		n.Status.Images = append(n.Status.Images, v1.ContainerImage{Names: []string{image}, SizeBytes: 5})
	}
	return n
}

func pod(name string) *PodInfo {
	return NewPodInfo(&v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}})
}

func names(s *Snapshot) (text string) {
	for i, n := range s.Nodes() {
		if n.Index() != i {
			text += "!"
		}
		text += fmt.Sprintf("%s%d ", n.Name, len(n.Pods))
	}
	return text
}

func TestNodesAndPodsComeAndGoInAnyOrder(t *testing.T) {
	s := NewSnapshot()
	s.AddPod(pod("early"), "b")
	s.SetNode(node("c"))
	s.SetNode(node("a"))
	if got := names(s); got != "a0 c0 " {
		t.Errorf("before b: %s", got)
	}
	s.SetNode(node("b"))
	if got := names(s); got != "a0 b1 c0 " {
		t.Errorf("with b: %s", got)
	}
	s.RemoveNode("b")
	if got := names(s); got != "a0 c0 " || s.Node("b") != nil {
		t.Errorf("without b: %s", got)
	}
	s.SetNode(node("b"))
	s.AddPod(pod("early"), "c")
	if got := names(s); got != "a0 b0 c1 " {
		t.Errorf("moved: %s", got)
	}
	s.RemovePod("default/early")
	s.RemovePod("default/unknown")
	if got := names(s); got != "a0 b0 c0 " {
		t.Errorf("gone: %s", got)
	}
}

func TestImagesAreCountedByNode(t *testing.T) {
	s := NewSnapshot()
	s.SetNode(node("a", "x", "y"))
	s.SetNode(node("b", "x"))
	check := func(image string, wantSize int64, wantNodes int) {
		t.Helper()
		if size, nodes := s.Image(image); size != wantSize || nodes != wantNodes {
			t.Errorf("%s: %d bytes on %d nodes", image, size, nodes)
		}
	}
	check("x", 5, 2)
	s.SetNode(node("a", "y"))
	check("x", 5, 1)
	s.RemoveNode("b")
	check("x", 0, 0)
	check("y", 5, 1)
}

func TestHeartbeatsTouchNothing(t *testing.T) {
	s := NewSnapshot()
	s.SetNode(node("a"))
	_, position, _ := s.Changes(0)
	beat := node("a")
	beat.Status.Conditions = []v1.NodeCondition{{Type: v1.NodeReady, Status: v1.ConditionTrue}}
	s.SetNode(beat)
	if changes, _, _ := s.Changes(position); len(changes) != 0 || s.Node("a").Node != beat {
		t.Errorf("%d changes", len(changes))
	}
	labelled := node("a")
	labelled.Labels["x"] = "y"
	before := s.Epoch(EpochNodes)
	s.SetNode(labelled)
	if changes, _, _ := s.Changes(position); len(changes) != 1 || s.Epoch(EpochNodes) == before {
		t.Errorf("a label: %d changes", len(changes))
	}
}

func TestOldChangesAreForgotten(t *testing.T) {
	s := NewSnapshot()
	s.SetNode(node("a"))
	_, start, _ := s.Changes(0)
	for i := range 2 * logLimit {
		s.AddPod(pod(fmt.Sprint(i)), "a")
	}
	if _, _, ok := s.Changes(start); ok {
		t.Error("all changes are still known")
	}
	_, next, _ := s.Changes(start)
	s.RemovePod("default/5")
	if changes, _, ok := s.Changes(next); !ok || len(changes) != 1 || changes[0].Delta != -1 {
		t.Errorf("%v, %v", changes, ok)
	}
}

func TestTopologyFollowsLabels(t *testing.T) {
	s := NewSnapshot()
	s.SetNode(node("a"))
	s.SetNode(node("b"))
	bare := node("c")
	bare.Labels = nil
	s.SetNode(bare)
	t1 := s.Topology("name")
	if t1.Domains != 2 || t1.Of(s.Node("a")) == t1.Of(s.Node("b")) || t1.Of(s.Node("c")) != -1 {
		t.Errorf("%+v", t1)
	}
	if s.Topology("name") != t1 {
		t.Error("worked out twice")
	}
	s.SetNode(node("c"))
	if t2 := s.Topology("name"); t2.Domains != 3 {
		t.Errorf("%+v", t2)
	}
}
