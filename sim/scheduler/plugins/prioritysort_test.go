package plugins

import (
	"testing"
	"time"

	"minisim/sim/scheduler/framework"
)

func TestPrioritySort(t *testing.T) {
	now := time.Unix(0, 0)
	pod := func(p int32, since time.Time, order uint64) *framework.QueuedPod {
		return &framework.QueuedPod{PodInfo: framework.NewPodInfo(aPod("p", priority(p))), Since: since, Order: order}
	}
	// Each comes before the next.
	sorted := []*framework.QueuedPod{pod(9, now.Add(time.Hour), 4), pod(1, now, 2), pod(1, now, 3), pod(1, now.Add(time.Second), 1)}
	for i := range sorted {
		for j := range sorted {
			if got := (PrioritySort{}).Less(sorted[i], sorted[j]); got != (i < j) {
				t.Errorf("%d before %d: %v", i, j, got)
			}
		}
	}
}
