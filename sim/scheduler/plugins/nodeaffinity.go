package plugins

import (
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"minisim/sim/scheduler/framework"
)

// NodeAffinity rejects nodes that do not match the pod's nodeSelector and
// required node affinity, and prefers those that match its preferred terms.
type NodeAffinity struct {
	nodeOnly
	// Added is an affinity that every pod of the profile gets besides its own
	// (NodeAffinityArgs.addedAffinity); nil for none.
	Added *v1.NodeAffinity
}

var (
	_ framework.PreFilterPlugin = NodeAffinity{}
	_ framework.FilterPlugin    = NodeAffinity{}
	_ framework.PreScorePlugin  = NodeAffinity{}
	_ framework.Normalizer      = NodeAffinity{}
)

var (
	affinityMismatch = reject("NodeAffinity", framework.UnschedulableAndUnresolvable, "node(s) didn't match Pod's node affinity/selector")
	enforcedMismatch = reject("NodeAffinity", framework.UnschedulableAndUnresolvable, "node(s) didn't match scheduler-enforced node affinity")
	affinityConflict = reject("NodeAffinity", framework.UnschedulableAndUnresolvable, "pod affinity terms conflict")
)

const (
	nodeAffinityFilter framework.StateKey = "NodeAffinity/filter"
	nodeAffinityScore  framework.StateKey = "NodeAffinity/score"
)

type requiredAffinity struct {
	pod   nodeaffinity.RequiredNodeAffinity
	added *nodeaffinity.NodeSelector
}

// Clone implements framework.StateData; the data depends on the pod alone.
func (s *requiredAffinity) Clone() framework.StateData { return s }

type preferredAffinity struct {
	terms []*nodeaffinity.PreferredSchedulingTerms
}

// Clone implements framework.StateData; the data depends on the pod alone.
func (s *preferredAffinity) Clone() framework.StateData { return s }

// Name implements framework.Plugin.
func (NodeAffinity) Name() string { return "NodeAffinity" }

// PreFilter implements framework.PreFilterPlugin. Terms that all name nodes by
// metadata.name limit the search to these.
func (p NodeAffinity) PreFilter(c *framework.CycleState, pod *framework.PodInfo) (map[string]bool, *framework.Status) {
	terms := requiredNodeTerms(pod.Pod.Spec.Affinity)
	var added *v1.NodeSelector
	if p.Added != nil {
		added = p.Added.RequiredDuringSchedulingIgnoredDuringExecution
	}
	if terms == nil && added == nil && pod.Pod.Spec.NodeSelector == nil {
		return nil, framework.NewStatus(framework.Skip)
	}
	state := &requiredAffinity{pod: nodeaffinity.GetRequiredNodeAffinity(pod.Pod)}
	if added != nil {
		selector, err := nodeaffinity.NewNodeSelector(added)
		if err != nil {
			return nil, framework.Failure(err)
		}
		state.added = selector
	}
	c.Write(nodeAffinityFilter, state)
	if terms == nil {
		return nil, nil
	}
	names := namedNodes(terms.NodeSelectorTerms)
	if names != nil && len(names) == 0 {
		return nil, affinityConflict
	}
	return names, nil
}

func requiredNodeTerms(a *v1.Affinity) *v1.NodeSelector {
	if a == nil || a.NodeAffinity == nil {
		return nil
	}
	return a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

// namedNodes returns the nodes that the terms name by metadata.name; nil if
// some term names none and so may match any node.
func namedNodes(terms []v1.NodeSelectorTerm) map[string]bool {
	if len(terms) == 0 {
		return nil
	}
	names := make(map[string]bool)
	for _, term := range terms {
		var ofTerm map[string]bool
		for _, r := range term.MatchFields {
			if r.Key != metav1.ObjectNameField || r.Operator != v1.NodeSelectorOpIn {
				continue
			}
			both := make(map[string]bool)
			for _, value := range r.Values {
				if ofTerm == nil || ofTerm[value] {
					both[value] = true
				}
			}
			ofTerm = both
		}
		if ofTerm == nil {
			return nil
		}
		for name := range ofTerm {
			names[name] = true
		}
	}
	return names
}

// Filter implements framework.FilterPlugin.
func (NodeAffinity) Filter(c *framework.CycleState, _ *framework.PodInfo, node *framework.NodeInfo) *framework.Status {
	state := framework.State[*requiredAffinity](c, nodeAffinityFilter)
	if state == nil {
		return nil
	}
	if state.added != nil && !state.added.Match(node.Node) {
		return enforcedMismatch
	}
	if match, _ := state.pod.Match(node.Node); !match {
		return affinityMismatch
	}
	return nil
}

// Explain implements framework.Explainer.
func (NodeAffinity) Explain(_ *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) framework.Cause {
	for _, key := range sortedKeys(pod.Pod.Spec.NodeSelector) {
		if want := pod.Pod.Spec.NodeSelector[key]; node.Node.Labels[key] != want {
			return framework.Cause{
				Detail: fmt.Sprintf("wants label %s=%s, %s", key, want, labelText(node.Node, key)),
				Trait:  fmt.Sprintf("lacks label %s=%s", key, want),
			}
		}
	}
	var misses []string
	if terms := requiredNodeTerms(pod.Pod.Spec.Affinity); terms != nil {
		for i := range terms.NodeSelectorTerms {
			misses = append(misses, firstMiss(&terms.NodeSelectorTerms[i], node.Node))
		}
	}
	return framework.Cause{Detail: strings.Join(misses, "; nor "), Trait: "fails its node affinity" + affinityText(pod.Pod)}
}

// affinityText lists the expressions of an affinity with one term; others are too
// long for a sentence.
func affinityText(pod *v1.Pod) string {
	terms := requiredNodeTerms(pod.Spec.Affinity)
	if terms == nil || len(terms.NodeSelectorTerms) != 1 {
		return ""
	}
	var parts []string
	for _, r := range slices.Concat(terms.NodeSelectorTerms[0].MatchExpressions, terms.NodeSelectorTerms[0].MatchFields) {
		parts = append(parts, requirementText(r))
	}
	return " " + strings.Join(parts, ", ")
}

// firstMiss tells the first requirement of a term that a node does not meet.
func firstMiss(term *v1.NodeSelectorTerm, node *v1.Node) string {
	meets := func(term v1.NodeSelectorTerm) bool {
		selector, err := nodeaffinity.NewNodeSelector(&v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{term}})
		return err == nil && selector.Match(node)
	}
	for _, r := range term.MatchExpressions {
		if !meets(v1.NodeSelectorTerm{MatchExpressions: []v1.NodeSelectorRequirement{r}}) {
			return fmt.Sprintf("wants %s, %s", requirementText(r), labelText(node, r.Key))
		}
	}
	for _, r := range term.MatchFields {
		if !meets(v1.NodeSelectorTerm{MatchFields: []v1.NodeSelectorRequirement{r}}) {
			return "wants " + requirementText(r)
		}
	}
	return "an empty term matches no node"
}

func requirementText(r v1.NodeSelectorRequirement) string {
	if len(r.Values) == 0 {
		return fmt.Sprintf("%s %s", r.Key, r.Operator)
	}
	return fmt.Sprintf("%s %s [%s]", r.Key, r.Operator, strings.Join(r.Values, " "))
}

// PreScore implements framework.PreScorePlugin.
func (p NodeAffinity) PreScore(c *framework.CycleState, pod *framework.PodInfo, _ []*framework.NodeInfo) *framework.Status {
	state := &preferredAffinity{}
	for _, affinity := range []*v1.NodeAffinity{nodeAffinityOf(pod.Pod), p.Added} {
		if affinity == nil || affinity.PreferredDuringSchedulingIgnoredDuringExecution == nil {
			continue
		}
		terms, err := nodeaffinity.NewPreferredSchedulingTerms(affinity.PreferredDuringSchedulingIgnoredDuringExecution)
		if err != nil {
			return framework.Failure(err)
		}
		state.terms = append(state.terms, terms)
	}
	if len(state.terms) == 0 {
		return framework.NewStatus(framework.Skip)
	}
	c.Write(nodeAffinityScore, state)
	return nil
}

func nodeAffinityOf(pod *v1.Pod) *v1.NodeAffinity {
	if pod.Spec.Affinity == nil {
		return nil
	}
	return pod.Spec.Affinity.NodeAffinity
}

// Score sums the weights of the preferred terms that the node matches.
func (NodeAffinity) Score(c *framework.CycleState, _ *framework.PodInfo, node *framework.NodeInfo) int64 {
	state := framework.State[*preferredAffinity](c, nodeAffinityScore)
	if state == nil {
		return 0
	}
	var score int64
	for _, terms := range state.terms {
		score += terms.Score(node.Node)
	}
	return score
}

// Normalize scales the best match to 100.
func (NodeAffinity) Normalize(_ *framework.CycleState, _ *framework.PodInfo, _ []*framework.NodeInfo, scores []int64) {
	framework.DefaultNormalize(scores, false)
}

// Events implements framework.Requeuer.
func (NodeAffinity) Events() framework.EventKinds {
	return framework.Kinds(framework.NodeAdded, framework.NodeLabels, framework.PodUpdated)
}

// Helps implements framework.Requeuer: a node that matches now and did not
// before.
func (NodeAffinity) Helps(_ *framework.Snapshot, pod *framework.PodInfo, e framework.ClusterEvent) bool {
	if e.Node == nil {
		return true
	}
	required := nodeaffinity.GetRequiredNodeAffinity(pod.Pod)
	if match, _ := required.Match(e.Node); !match {
		return false
	}
	if e.OldNode == nil {
		return true
	}
	before, _ := required.Match(e.OldNode)
	return !before
}
