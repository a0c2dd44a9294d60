package scenario

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"

	"minisim/sim/api"
)

var scaleVerb = &Verb{
	Name: "scale", Usage: "scale SERVICE REPLICAS",
	Help: "want another number of pods of a service",
	parse: func(args []string, _ *View) (action, error) {
		if len(args) != 2 {
			return nil, errors.New("which service, and how many pods?")
		}
		n, err := strconv.ParseInt(strings.TrimPrefix(args[1], "--replicas="), 10, 32)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q is not a number of pods", args[1])
		}
		return scale{strings.TrimPrefix(args[0], "deployment/"), int32(n)}, nil
	},
}

type scale struct {
	service  string
	replicas int32
}

func (s scale) check(n Names) error { return known("service", s.service, n.Services) }

func (s scale) do(r *Runner) error {
	key := api.Key{Namespace: "default", Name: s.service}
	_, err := api.Patch(r.client, api.Deployments, key, func(d *appsv1.Deployment) error {
		d.Spec.Replicas = &s.replicas
		return nil
	})
	return err
}
