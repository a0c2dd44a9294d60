package plugins

import (
	"cmp"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"

	"minisim/sim/scheduler/framework"
)

// DefaultPreemption finds pods of lower priority that could go to make room for
// a pod that fits nowhere.
type DefaultPreemption struct {
	// MinCandidatesPercent and MinCandidates bound the search in a large
	// cluster: it ends after the larger of that share of the nodes and that
	// number of nodes on which preemption helps, if one of these breaks no
	// disruption budget.
	MinCandidatesPercent, MinCandidates int
}

var _ framework.PostFilterPlugin = DefaultPreemption{}

var (
	noVictims   = reject("DefaultPreemption", framework.UnschedulableAndUnresolvable, "No preemption victims found for incoming pod")
	notHelpful  = reject("DefaultPreemption", framework.UnschedulableAndUnresolvable, "Preemption is not helpful for scheduling")
	neverPolicy = "preemption: not eligible due to preemptionPolicy=Never."
	stillEnding = "preemption: not eligible due to a terminating pod on the nominated node."
)

// Name implements framework.Plugin.
func (DefaultPreemption) Name() string { return "DefaultPreemption" }

// PostFilter implements framework.PostFilterPlugin.
func (p DefaultPreemption) PostFilter(e *framework.Evaluation) (*framework.Preemption, *framework.Status) {
	if text := ineligible(e); text != "" {
		return nil, framework.NewStatus(framework.Unschedulable, text)
	}
	var candidates []framework.Candidate
	verdicts := hopeless(e)
	if verdicts == nil {
		candidates, verdicts = p.candidates(e)
	}
	if len(candidates) == 0 {
		text := "preemption: " + framework.Unavailable(verdicts)
		return &framework.Preemption{Clears: true}, framework.NewStatus(framework.Unschedulable, text)
	}
	tied, choice := bestCandidates(candidates)
	pick := tied[0]
	if len(tied) > 1 && e.Draw != nil {
		pick = tied[e.Draw("preemption", len(tied))]
	}
	result := &framework.Preemption{Nominated: pick.Node.Name, Victims: pick.Victims, Candidates: candidates, Choice: choice}
	for _, c := range tied {
		result.Tied = append(result.Tied, c.Node.Name)
	}
	return result, nil
}

// ineligible tells why the pod may not preempt others; "" if it may.
func ineligible(e *framework.Evaluation) string {
	pod := e.Pod.Pod
	if pod.Spec.PreemptionPolicy != nil && *pod.Spec.PreemptionPolicy == v1.PreemptNever {
		return neverPolicy
	}
	node := e.State.View.Node(pod.Status.NominatedNodeName)
	if node == nil {
		return ""
	}
	if verdict := e.Verdicts[node.Index()]; verdict != nil && verdict.Code == framework.UnschedulableAndUnresolvable {
		return "" // the nominated node has become useless
	}
	for _, other := range node.Pods {
		if other.Priority < e.Pod.Priority && preempted(other.Pod) {
			return stillEnding
		}
	}
	return ""
}

// preempted reports whether a pod is terminating because of a preemption.
func preempted(pod *v1.Pod) bool {
	return pod.DeletionTimestamp != nil && slices.ContainsFunc(pod.Status.Conditions, func(c v1.PodCondition) bool {
		return c.Type == v1.DisruptionTarget && c.Status == v1.ConditionTrue && c.Reason == v1.PodReasonPreemptionByScheduler
	})
}

// hopeless counts the nodes by what preemption says of them, if that is plain
// without a look at each: no pod of lower priority is anywhere. Else it is nil.
func hopeless(e *framework.Evaluation) map[*framework.Status]int {
	if e.State.View.AnyBelow(e.Pod.Priority) {
		return nil
	}
	verdicts := make(map[*framework.Status]int)
	for status, nodes := range e.Tally() {
		if status.Code == framework.Unschedulable {
			verdicts[noVictims] += nodes
		} else {
			verdicts[notHelpful] += nodes
		}
	}
	return verdicts
}

// candidates tries every node on which removing pods might help. It also
// counts the nodes on which it does not by verdict.
func (p DefaultPreemption) candidates(e *framework.Evaluation) ([]framework.Candidate, map[*framework.Status]int) {
	potential := make([]*framework.NodeInfo, 0, len(e.Verdicts))
	for i, n := range e.State.View.Nodes() {
		if e.Verdicts[i] != nil && e.Verdicts[i].Code == framework.Unschedulable {
			potential = append(potential, n)
		}
	}
	verdicts := map[*framework.Status]int{}
	if rest := len(e.Verdicts) - len(potential); rest > 0 {
		verdicts[notHelpful] = rest
	}
	if len(potential) == 0 {
		return nil, verdicts
	}
	offset := 0
	if e.Draw != nil {
		offset = e.Draw("preemption offset", len(potential))
	}
	enough := max(len(potential)*p.MinCandidatesPercent/100, p.MinCandidates)
	var found []framework.Candidate
	harmless := false // some candidate breaks no budget
	for i := 0; i < len(potential) && (len(found) < enough || !harmless); i++ {
		n := potential[(offset+i)%len(potential)]
		candidate, status := e.Try(n, victimsOn)
		if status != nil {
			verdicts[status]++
		} else {
			found = append(found, candidate)
			harmless = harmless || candidate.Violations == 0
		}
	}
	// by name, as the nodes are: first those that were found after the last node
	first := slices.IndexFunc(found, func(c framework.Candidate) bool { return c.Node.Index() < found[0].Node.Index() })
	if first > 0 {
		found = append(slices.Clone(found[first:]), found[:first]...)
	}
	return found, verdicts
}

// victimsOn finds the fewest pods to remove from a node: it removes all of
// lower priority and, if the pod fits then, puts back one after the other as
// long as it still fits, first those whose removal would break a budget.
func victimsOn(e *framework.Evaluation, n *framework.NodeInfo) (framework.Candidate, *framework.Status) {
	var lower []*framework.PodInfo
	for _, other := range n.Pods {
		if other.Priority < e.Pod.Priority {
			lower = append(lower, other)
		}
	}
	if len(lower) == 0 {
		return framework.Candidate{}, noVictims
	}
	trial, state := n.Clone(), e.State.Clone()
	for _, other := range lower {
		e.Remove(state, trial, other)
	}
	if status := e.RunFiltersWithNominated(state, trial); status != nil {
		return framework.Candidate{}, status
	}
	slices.SortStableFunc(lower, byImportance)
	breaking, others := splitByBudget(e.State.View, lower)
	candidate := framework.Candidate{Node: n}
	for i, other := range append(breaking, others...) {
		e.Add(state, trial, other)
		if e.RunFiltersWithNominated(state, trial) == nil {
			continue
		}
		e.Remove(state, trial, other)
		candidate.Victims = append(candidate.Victims, other)
		if i < len(breaking) {
			candidate.Violations++
		}
	}
	slices.SortStableFunc(candidate.Victims, byImportance)
	return candidate, nil
}

// byImportance sorts by priority, highest first, then by start, earliest first.
func byImportance(a, b *framework.PodInfo) int {
	return cmp.Or(cmp.Compare(b.Priority, a.Priority), started(a).Compare(started(b)))
}

// notStarted stands for a pod without a start time: kube-scheduler takes now.
var notStarted = time.Unix(1<<40, 0)

func started(p *framework.PodInfo) time.Time {
	if p.Pod.Status.StartTime == nil {
		return notStarted
	}
	return p.Pod.Status.StartTime.Time
}
