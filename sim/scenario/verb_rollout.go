package scenario

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"minisim/internal/source"
	"minisim/sim/api"
)

var rolloutVerb = &Verb{
	Name: "rollout", Usage: "rollout restart | pause | resume | undo SERVICE",
	Help: "replace a service's pods by new ones, hold its rollout and let it go on, or take the last one back",
	parse: func(args []string, _ *View) (action, error) {
		if len(args) != 2 {
			return nil, errors.New("what is to become of the rollout of which service?")
		}
		if rollouts[args[0]] == nil {
			words := slices.Sorted(maps.Keys(rollouts))
			hint := source.DidYouMean(args[0], words)
			return nil, fmt.Errorf("a rollout cannot %q; %s", shorten(args[0]), hintOr(hint, words))
		}
		w, err := parseWorkload(args[1])
		return rollout{w, args[0]}, err
	},
}

// The annotations that kubectl and the Deployment controller use for rollouts.
const (
	restartedAt = "kubectl.kubernetes.io/restartedAt"
	revision    = "deployment.kubernetes.io/revision"
	hashLabel   = "pod-template-hash"
)

// rollout does what `kubectl rollout` does.
type rollout struct {
	workload
	what string
}

var rollouts = map[string]func(*Runner, api.Object) error{
	"restart": func(r *Runner, o api.Object) error {
		if d, ok := o.(*appsv1.Deployment); ok && d.Spec.Paused {
			return fmt.Errorf("deployment %s is paused; resume it first", d.Name)
		}
		template := podTemplate(o)
		if template.Annotations == nil {
			template.Annotations = map[string]string{}
		}
		template.Annotations[restartedAt] = r.Cluster.Engine.Clock().Format(time.RFC3339)
		return nil
	},
	"pause":  func(_ *Runner, o api.Object) error { return setPaused(o, true) },
	"resume": func(_ *Runner, o api.Object) error { return setPaused(o, false) },
	"undo": func(r *Runner, o api.Object) error {
		d, ok := o.(*appsv1.Deployment)
		if !ok {
			return errNoDeployment
		}
		before, err := revisionBefore(r, d)
		if err != nil {
			return err
		}
		d.Spec.Template = *before.Spec.Template.DeepCopy()
		delete(d.Spec.Template.Labels, hashLabel)
		return nil
	},
}

func (a rollout) do(r *Runner) error {
	return a.change(r, func(o api.Object) error { return rollouts[a.what](r, o) })
}

var errNoDeployment = errors.New("only a Deployment can do that")

func setPaused(o api.Object, on bool) error {
	d, ok := o.(*appsv1.Deployment)
	if !ok {
		return errNoDeployment
	}
	if d.Spec.Paused == on {
		return fmt.Errorf("deployment %s is %s already", d.Name, map[bool]string{true: "paused", false: "not paused"}[on])
	}
	d.Spec.Paused = on
	return nil
}

// revisionBefore is the ReplicaSet of the newest revision before the present one.
func revisionBefore(r *Runner, d *appsv1.Deployment) (*appsv1.ReplicaSet, error) {
	list, err := r.client.List(api.ReplicaSets, api.ListOptions{Namespace: d.Namespace})
	if err != nil {
		return nil, err
	}
	var best *appsv1.ReplicaSet
	for _, o := range list.Items {
		set := o.(*appsv1.ReplicaSet)
		owner, ok := api.ControllerOf(set, api.Deployments)
		if !ok || owner != api.KeyOf(d) || revisionOf(set) >= revisionOf(d) {
			continue
		}
		if best == nil || revisionOf(set) > revisionOf(best) {
			best = set
		}
	}
	if best == nil {
		return nil, fmt.Errorf("no rollout history found for deployment %q", d.Name)
	}
	return best, nil
}

func revisionOf(o api.Object) int64 {
	n, _ := strconv.ParseInt(o.GetAnnotations()[revision], 10, 64)
	return n
}
