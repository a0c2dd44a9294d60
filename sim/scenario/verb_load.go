package scenario

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/resource"

	"minisim/sim/api"
)

var loadVerb = &Verb{
	Name: "load", Usage: "load SERVICE CPU",
	Help: "let more or less work come in for a service, in cores: its pods share it evenly",
	parse: func(args []string, _ *View) (action, error) {
		if len(args) != 2 {
			return nil, errors.New("for which service, and how much?")
		}
		cpu, err := resource.ParseQuantity(args[1])
		if err != nil || cpu.Sign() < 0 {
			return nil, fmt.Errorf("%q is not an amount of CPU; write for example 2 or 500m", shorten(args[1]))
		}
		w, err := parseWorkload(args[0])
		return load{w, cpu.MilliValue()}, err
	},
}

// load changes how much work comes in for the pods of a workload.
type load struct {
	workload
	milli int64
}

func (l load) do(r *Runner) error {
	app, err := l.app(r)
	if err != nil {
		return err
	}
	r.Cluster.World.Load.Set(app, l.milli)
	return nil
}

// app is what the workload's pods are labelled with.
func (l load) app(r *Runner) (string, error) {
	resource, key, err := l.find(r)
	if err != nil {
		return "", err
	}
	for _, o := range r.Scenario.Compose.Objects { // work comes in whether anybody answers at the API server or not
		if t := podTemplate(o.Resource); t != nil && o.GetName() == key.Name && api.Of(o.Resource.(api.Object)) == resource {
			return t.Labels[appLabel], nil
		}
	}
	o, err := r.client.Do(api.Request{Verb: api.VerbGet, Resource: resource, Key: key})
	if err != nil {
		return "", err
	}
	if app := podTemplate(o).Labels[appLabel]; app != "" {
		return app, nil
	}
	return "", fmt.Errorf("the pods of %s have no label %s by which work could find them", api.Ref(resource, key), appLabel)
}
