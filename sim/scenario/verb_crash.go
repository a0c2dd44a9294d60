package scenario

import (
	"errors"
	"fmt"
	"strconv"

	"minisim/sim/api"
)

var crashVerb = &Verb{
	Name: "crash", Usage: "crash pod NAME | crash pod of SERVICE | crash PROGRAM [after N requests]",
	Help: "let a pod's container end with an error, or a program of the cluster stop in the middle of its work",
	parse: func(args []string, _ *View) (action, error) {
		if len(args) > 0 && args[0] != "pod" {
			return parseCrashProgram(args)
		}
		p, err := parsePod(args)
		return crash{p}, err
	},
}

// crash ends the first container of a pod with exit code 1.
type crash struct{ place }

func (c crash) check(n Names) error { return checkPod(c.place, n) }

func (c crash) do(r *Runner) error {
	pod, err := c.findPod(r)
	if err != nil {
		return err
	}
	if pod.Spec.NodeName == "" {
		return fmt.Errorf("pod %s is on no node: nothing of it runs", pod.Name)
	}
	return r.Cluster.CrashContainer(pod.Spec.NodeName, api.KeyOf(pod), pod.Spec.Containers[0].Name, 1)
}

func parseCrashProgram(args []string) (action, error) {
	switch {
	case len(args) == 1:
		return crashProgram{args[0], 0}, nil
	case len(args) == 4 && args[1] == "after" && args[3] == "requests":
		if n, err := strconv.Atoi(args[2]); err == nil && n >= 0 {
			return crashProgram{args[0], n}, nil
		}
	}
	return nil, errors.New("what is to crash, and when?")
}

// crashProgram ends a program of the cluster after some more requests.
type crashProgram struct {
	name     string
	requests int
}

func (c crashProgram) check(n Names) error {
	if c.name == "etcd" || c.name == "kube-apiserver" {
		return fmt.Errorf("%s does not crash by itself: it goes and comes with its machine; kill a master to take it away (kill master-1)", c.name)
	}
	programs := []string{"kube-controller-manager", "kube-scheduler", "storage-driver", "coredns", "metrics-server"}
	for _, m := range n.Machines {
		programs = append(programs, "kubelet/"+m)
	}
	return known("program", c.name, programs)
}

func (c crashProgram) do(r *Runner) error { return r.Cluster.StopAfter(c.name, c.requests) }
