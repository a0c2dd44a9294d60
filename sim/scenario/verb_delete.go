package scenario

import (
	"errors"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

var deleteVerb = &Verb{
	Name: "delete", Usage: "delete pod NAME | delete pod of SERVICE | delete node NODE | delete RESOURCE NAME",
	Help: "delete an object through the API; what owns it will notice, and what it owns goes with it",
	parse: func(args []string, _ *View) (action, error) {
		if len(args) == 1 {
			if kind, name, both := strings.Cut(args[0], "/"); both { // as kubectl: pod/web-1
				args = []string{kind, name}
			}
		}
		if len(args) == 0 {
			return nil, errors.New("delete what?")
		}
		resource := api.ByName(args[0])
		switch {
		case resource == nil && len(args) == 1:
			return nil, fmt.Errorf("is %q a pod, or what else?", shorten(args[0]))
		case resource == nil:
			_, err := findResource(args[0])
			return nil, err
		case resource == api.Pods:
			p, err := parsePod(append([]string{"pod"}, args[1:]...))
			return deletePod{p}, err
		case resource == api.Nodes:
			p, rest, err := parsePlace(append([]string{"node"}, args[1:]...))
			if err != nil {
				return nil, err
			}
			return deleteNode{p}, tooMany(rest)
		case len(args) == 1:
			return nil, fmt.Errorf("which %s?", resource.Singular)
		}
		return deleteObject{resource, args[1]}, tooMany(args[2:])
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

// deleteNode takes a Node out of the API. Its machine runs on.
type deleteNode struct{ place }

func (d deleteNode) do(r *Runner) error {
	name, err := d.find(r)
	if err != nil {
		return err
	}
	return api.Delete(r.client, api.Nodes, api.Key{Name: name}, metav1.DeleteOptions{})
}

// deleteObject deletes any other object.
type deleteObject struct {
	resource *api.Resource
	name     string
}

func (deleteObject) check(Names) error { return nil } // it may be made later on

func (d deleteObject) do(r *Runner) error {
	key := api.Key{Name: d.name}
	if d.resource.Namespaced {
		key.Namespace = "default"
	}
	background := metav1.DeletePropagationBackground // as kubectl asks for
	return api.Delete(r.client, d.resource, key, metav1.DeleteOptions{PropagationPolicy: &background})
}
