package controller

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
)

// succeededBy is the message of the first rule of a successPolicy that the
// indexes done fulfil, "" if none does.
func succeededBy(policy *batchv1.SuccessPolicy, done indexSet, completions int) string {
	if policy == nil || done.len() == 0 {
		return ""
	}
	for i, rule := range policy.Rules {
		met := rule.SucceededCount != nil && done.len() >= int(*rule.SucceededCount)
		if rule.SucceededIndexes != nil {
			wanted := parseIndexes(*rule.SucceededIndexes, completions)
			have := done.common(wanted)
			met = have > 0 && (have == wanted.len() || rule.SucceededCount != nil && have >= int(*rule.SucceededCount))
		}
		if met {
			return fmt.Sprintf("Matched rules at index %d", i)
		}
	}
	return ""
}
