package framework

import (
	"fmt"
	"slices"
	"strings"
)

// NoNodes is what kube-scheduler says of a pod when the cluster has no nodes.
const NoNodes = "no nodes available to schedule pods"

// FilterMessage is the part of the FailedScheduling text that tells why no
// node fits: "0/5 nodes are available: 3 Insufficient cpu, …".
func (e *Evaluation) FilterMessage() string {
	if len(e.Verdicts) == 0 {
		return NoNodes
	}
	if e.PreFilter != nil {
		return fmt.Sprintf("0/%d nodes are available: %s.", len(e.Verdicts), e.PreFilter.Message())
	}
	return Unavailable(e.Tally())
}

// Unavailable lists the reasons of verdicts, each with its number of nodes, as
// the FailedScheduling text does, sorted as texts. Preemption reports its own
// verdicts that way.
func Unavailable(verdicts map[*Status]int) string {
	counts := make(map[string]int)
	nodes := 0
	for status, n := range verdicts {
		nodes += n
		for _, reason := range status.Reasons {
			counts[reason] += n
		}
	}
	return fmt.Sprintf("0/%d nodes are available: %s.", nodes, strings.Join(histogram(counts), ", "))
}

// Tally counts the rejected nodes by rejection. The map must not be changed.
func (e *Evaluation) Tally() map[*Status]int {
	if e.tally == nil {
		e.tally = tallyVerdicts(e.Verdicts)
	}
	return e.tally
}

// tallyVerdicts counts the nodes by rejection. Most share few of them.
func tallyVerdicts(verdicts []*Status) map[*Status]int {
	counts := make(map[*Status]int)
	var last *Status
	run := 0
	for _, v := range verdicts {
		if v == last {
			run++
			continue
		}
		if last != nil {
			counts[last] += run
		}
		last, run = v, 1
	}
	if last != nil {
		counts[last] += run
	}
	return counts
}

func histogram(counts map[string]int) []string {
	var lines []string
	for reason, n := range counts {
		lines = append(lines, fmt.Sprintf("%d %s", n, reason))
	}
	slices.Sort(lines)
	return lines
}

// What kube-scheduler's PostFilter plugins leave in the message before
// preemption has its say.
const (
	// noClaims comes from DynamicResources, which runs before preemption.
	noClaims = "no new claims to deallocate, "
	// notFound is DynamicResources' complaint when a PreFilter plugin before
	// it ended the cycle; preemption is not tried then.
	notFound = "not found"
)

// FailureMessage is the whole FailedScheduling text, with what preemption
// found out. post is nil when no PostFilter plugin ran.
func FailureMessage(filterMessage string, post *Preemption) string {
	if post == nil || post.Message == "" {
		return filterMessage
	}
	return filterMessage + " " + post.Message
}
