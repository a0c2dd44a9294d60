package session

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
	"minisim/sim/apiserver"
)

// logs reads the logs of all containers, as a visitor between two steps.
func logs(t *testing.T, s *Session) string {
	t.Helper()
	server, now := s.Cluster().API, s.Cluster().Engine.Now()
	reader := server.Visitor(apiserver.Identity{User: "jane", Groups: []string{"system:masters"}})
	pods, err := reader.List(api.Pods, api.ListOptions{}, 0)
	if err != nil {
		return err.Error() // the master has no power
	}
	var out strings.Builder
	for _, o := range pods.Items {
		pod := o.(*corev1.Pod)
		for _, previous := range []bool{false, true} {
			if pod.Spec.NodeName == "" {
				continue
			}
			fmt.Fprintln(&out, pod.Name, previous)
			l, err := server.ContainerLog(pod, pod.Spec.Containers[0].Name, previous, nil)
			if err != nil {
				fmt.Fprintln(&out, err)
				continue
			}
			lines, more := l.Read(now)
			fmt.Fprintln(&out, lines, more)
		}
	}
	return out.String()
}

// TestLogsAreThoseOfTheStep reads all logs along a run, and again on the way back
// and after it: they are the same, and reading leaves no trace in the run.
func TestLogsAreThoseOfTheStep(t *testing.T) {
	written := 0 // in how many runs: in some of them nobody has power in the end
	eachSeed(t, func(t *testing.T, seed uint64, dice *rand.Rand) {
		s := open(t, "node-dies", seed)
		wander(t, s, dice, 12)
		if _, err := s.Step(); err != nil { // and the clock stands where that is
			t.Fatal(err)
		}
		last, hash := s.StepNumber(), s.Hash()
		at := map[uint64]string{last: logs(t, s)}
		if strings.Contains(at[last], "minisim: answers") {
			written++
		}
		steps := []uint64{last}
		for range 5 {
			steps = append(steps, dice.Uint64N(last))
		}
		for _, step := range append(steps, steps...) {
			if err := s.To(t.Context(), step); err != nil {
				t.Fatal(err)
			}
			now := logs(t, s)
			if before, known := at[step]; known && now != before {
				t.Fatalf("at step %d the logs were\n%s\nand are\n%s", step, before, now)
			}
			at[step] = now
		}
		if err := s.To(t.Context(), last); err != nil || s.Hash() != hash {
			t.Errorf("%v, the hash is %s, not %s", err, s.Hash(), hash)
		}
	})
	if written == 0 {
		t.Error("in no run was anything written")
	}
}
