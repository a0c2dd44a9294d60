package plugins

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/scheduler/framework"
)

// splitByBudget parts pods into those whose removal would break a
// PodDisruptionBudget and the others, each in the given order. Every pod uses
// up one of the disruptions that a matching budget still allows.
func splitByBudget(view *framework.Snapshot, pods []*framework.PodInfo) (breaking, others []*framework.PodInfo) {
	budgets := view.Budgets.All()
	allowed := make([]int32, len(budgets))
	for i, b := range budgets {
		allowed[i] = b.Status.DisruptionsAllowed
	}
	for _, p := range pods {
		breaks := false
		for i, b := range budgets {
			if b.Namespace != p.Pod.Namespace || len(p.Pod.Labels) == 0 {
				continue
			}
			selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
			if err != nil || selector.Empty() || !selector.Matches(labelsOf(p)) {
				continue
			}
			if _, processed := b.Status.DisruptedPods[p.Pod.Name]; processed {
				continue // the API server has counted it already
			}
			allowed[i]--
			breaks = breaks || allowed[i] < 0
		}
		if breaks {
			breaking = append(breaking, p)
		} else {
			others = append(others, p)
		}
	}
	return breaking, others
}
