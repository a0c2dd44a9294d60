package plugins_test

import (
	"fmt"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/plugins"
)

// QuietRoom is a rule of one's own: pods labelled noise=loud keep out of nodes
// labelled room=quiet, and the emptiest node is preferred.
//
// A plugin says what it does by the interfaces it satisfies: here Filter and
// Score. A rejection is a Status with a reason, never an error.
type QuietRoom struct{}

var (
	_ framework.FilterPlugin = QuietRoom{}
	_ framework.ScorePlugin  = QuietRoom{}
)

// Name is what tables call it.
func (QuietRoom) Name() string { return "QuietRoom" }

// Filter rejects quiet nodes for loud pods. Removing other pods would not help,
// hence Unresolvable.
func (QuietRoom) Filter(_ *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) *framework.Status {
	if pod.Pod.Labels["noise"] == "loud" && node.Node.Labels["room"] == "quiet" {
		return framework.NewStatus(framework.UnschedulableAndUnresolvable, "node(s) were quiet rooms")
	}
	return nil
}

// Score is 0 to 100; more is better.
func (QuietRoom) Score(_ *framework.CycleState, _ *framework.PodInfo, node *framework.NodeInfo) int64 {
	return max(0, framework.MaxNodeScore-10*int64(len(node.Pods)))
}

func Example_pluginOfYourOwn() {
	profile, err := framework.NewProfile("lesson", append(plugins.Defaults(), framework.Weighted{Plugin: QuietRoom{}, Weight: 2})...)
	if err != nil {
		fmt.Println(err)
		return
	}
	cluster := framework.NewSnapshot()
	for name, room := range map[string]string{"library": "quiet", "workshop": "noisy"} {
		cluster.SetNode(&v1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"room": room}},
			Status:     v1.NodeStatus{Allocatable: v1.ResourceList{v1.ResourcePods: resource.MustParse("10")}},
		})
	}
	drill := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "drill", Namespace: "default", Labels: map[string]string{"noise": "loud"}}}
	decision := framework.Decide(profile.Evaluate(cluster, framework.NewPodInfo(drill))).Record()
	fmt.Println(decision.Sentence())
	score, _ := decision.Nodes[1].Scores.Get("QuietRoom")
	fmt.Println(decision.Nodes[1].Name, score.Raw, score.Weighted)
	// Output:
	// default/drill: 2 nodes looked at, 1 feasible; library rejected by QuietRoom (node(s) were quiet rooms); workshop is the only one, with 500
	// workshop 100 200
}
