package scenario

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
)

// Understand says what is wrong with a command before anything is done: it cannot
// be read, or names a machine or service that is not there now.
func (r *Runner) Understand(text string) error {
	c, err := ParseCommand(text, r.View)
	if err != nil {
		return err
	}
	return c.check(r.Names())
}

// Names are the machines and services that a command can name now. A service is
// one of the file, or an application that somebody has brought into the cluster:
// what a workload in the namespace default or a pod's label calls itself.
func (r *Runner) Names() Names {
	n := Names{Machines: r.Cluster.Machines(), Services: slices.Clone(r.Scenario.Compose.Services)}
	for _, resource := range workloads {
		r.Cluster.API.Each(resource, "default", func(o api.Object) bool {
			if _, owned := api.ControllerOf(o, api.Deployments); !owned {
				n.Services = append(n.Services, o.GetName())
			}
			return true
		})
	}
	r.Cluster.API.Each(api.Pods, "", func(o api.Object) bool {
		if app := o.(*corev1.Pod).Labels[appLabel]; app != "" {
			n.Services = append(n.Services, app)
		}
		return true
	})
	slices.Sort(n.Services)
	n.Services = slices.Compact(n.Services)
	return n
}

// Typed is the number of the command that was typed last, from 1; 0: none was. A
// replay numbers them alike.
func (r *Runner) Typed() uint64 { return r.typed }

// Acting is the number of the typed command to which what happens at this moment belongs; 0: to none.
func (r *Runner) Acting() uint64 { return r.acting }

// Underway says whether the typed command of a number is being carried out, which takes virtual time.
func (r *Runner) Underway(number uint64) bool {
	return slices.ContainsFunc(r.sequences, func(s *sequence) bool { return s.number == number })
}
