package controller

import (
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"minisim/sim/api"
)

func TestDaemonSetSurges(t *testing.T) {
	for _, c := range []struct {
		surge        intstr.IntOrString
		latency      time.Duration
		most, least  int // pods at once, and ready ones, during the update
		broken       bool
		wantFinished bool
	}{
		{surge: intstr.FromInt32(1), most: 5, least: 4, wantFinished: true},
		{surge: intstr.FromInt32(1), latency: 3 * time.Millisecond, most: 5, least: 4, wantFinished: true},
		{surge: intstr.FromString("50%"), most: 6, least: 4, wantFinished: true},
		{surge: intstr.FromInt32(2), broken: true, most: 6, least: 4},
	} {
		t.Run(fmt.Sprint(c.surge.String(), c.latency, c.broken), func(t *testing.T) {
			b := newBench(t)
			b.latency[api.Pods] = c.latency
			b.start()
			for i := range 4 {
				addNode(b, fmt.Sprint("n", i))
			}
			set := daemonSet("agent")
			none := intstr.FromInt32(0)
			set.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateDaemonSet{MaxSurge: &c.surge, MaxUnavailable: &none}
			set = add(b, set)
			b.run(10 * time.Second)
			most, least := 0, 4
			b.observe = append(b.observe, func(_, _ api.Object) {
				running, ready := 0, 0
				for _, pod := range all[*corev1.Pod](b, api.Pods) {
					if pod.DeletionTimestamp == nil {
						running++
						if podReady(pod) {
							ready++
						}
					}
				}
				most, least = max(most, running), min(least, ready)
			})
			if c.broken {
				b.ready = -1
			}
			change(b, set, func(s *appsv1.DaemonSet) { s.Spec.Template.Spec.Containers[0].Image = "v2" })
			b.run(5 * time.Minute)
			if most != c.most || least != c.least {
				t.Errorf("at most %d pods and at least %d ready, want %d and %d", most, least, c.most, c.least)
			}
			s := get[*appsv1.DaemonSet](b, api.DaemonSets, "agent").Status
			if done := s.UpdatedNumberScheduled == 4 && onNodes(b) == "n0 n1 n2 n3"; done != c.wantFinished || s.NumberAvailable != 4 {
				t.Errorf("finished %v on %s; status %+v", done, onNodes(b), s)
			}
		})
	}
}
