package kubelet

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/world"
)

// Running is a container that runs on a machine, whether a kubelet looks after it or not.
type Running struct {
	Pod       *corev1.Pod // shared
	Container string
	Started   time.Duration
	world.Consumer
}

// appLabel is the label that names a pod's app.
const appLabel = "app"

// Running lists the containers that run on the machine, in the order of the pods' keys.
func (m *Machine) Running(now time.Duration) []Running {
	var out []Running
	for _, s := range m.known() {
		for i := range s.pod.Spec.InitContainers {
			out = s.appendRunning(out, &s.pod.Spec.InitContainers[i], false, now)
		}
		for i := range s.pod.Spec.Containers {
			out = s.appendRunning(out, &s.pod.Spec.Containers[i], i == 0, now)
		}
	}
	return out
}

func (s *sandbox) appendRunning(out []Running, c *corev1.Container, first bool, now time.Duration) []Running {
	r := s.runs[c.Name]
	if r == nil || !r.alive {
		return out
	}
	return append(out, Running{Pod: s.pod, Container: c.Name, Started: r.started, Consumer: world.Consumer{
		App: s.pod.Labels[appLabel], Image: r.image.name, Works: first && !r.dying && r.does.answers <= now,
		Request: useOf(c.Resources.Requests), Limit: useOf(c.Resources.Limits),
	}})
}

func useOf(l corev1.ResourceList) world.Use {
	return world.Use{CPU: l.Cpu().MilliValue(), Memory: l.Memory().Value()}
}
