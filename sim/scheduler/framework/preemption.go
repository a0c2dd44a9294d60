package framework

// Preemption is what a PostFilter plugin found out.
type Preemption struct {
	// Nominated is the node that will be freed for the pod; "" for none.
	Nominated string
	// Victims are the pods that have to go from there, most important first.
	Victims []*PodInfo
	// Tied names all nodes that were as good as the nominated one.
	Tied []string
	// Choice says what speaks for the nominated node among several candidates,
	// such as "it has the fewest victims"; "" if there was no choice.
	Choice string
	// Candidates are all nodes where preemption would help, by name.
	Candidates []Candidate
	// Message is what is added to the FailedScheduling text; "" on success.
	Message string
	// Clears is set when an earlier nomination of the pod no longer holds.
	Clears bool
}

// Candidate is a node on which the pod would fit if the victims were gone.
type Candidate struct {
	Node *NodeInfo
	// Victims are sorted by priority, highest first, then by start, earliest first.
	Victims []*PodInfo
	// Violations counts the victims whose removal breaks a PodDisruptionBudget.
	Violations int
}

// PostFilter asks the profile's PostFilter plugins what could be done for a pod
// that fits nowhere. It returns nil if there is no such plugin or no node.
func (e *Evaluation) PostFilter() *Preemption {
	if len(e.Verdicts) == 0 || len(e.Profile.PostFilters) == 0 {
		return nil
	}
	if e.PreFilter != nil && e.PreFilter.Code == UnschedulableAndUnresolvable {
		return &Preemption{Message: notFound}
	}
	for _, plugin := range e.Profile.PostFilters {
		result, status := plugin.PostFilter(e)
		if result == nil {
			result = &Preemption{}
		}
		if !status.OK() {
			result.Message = noClaims + status.Message()
		}
		return result
	}
	return nil
}
