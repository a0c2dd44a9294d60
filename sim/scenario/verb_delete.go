package scenario

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

var deleteVerb = &Verb{
	Name: "delete", Usage: "delete pod NAME | delete pod of SERVICE",
	Help: "delete a pod through the API; what owns it will notice",
	parse: func(args []string, _ *View) (action, error) {
		p, err := parsePod(args)
		return deletePod{p}, err
	},
}

type deletePod struct{ place }

func (d deletePod) check(n Names) error { return checkPod(d.place, n) }

func (d deletePod) do(r *Runner) error {
	pod, err := d.findPod(r)
	if err != nil {
		return err
	}
	return api.Delete(r.client, api.Pods, api.KeyOf(pod), metav1.DeleteOptions{})
}

// checkPod checks the service; a pod's name is known only to the cluster.
func checkPod(p place, n Names) error {
	if p.service == "" {
		return nil
	}
	return p.check(n)
}
