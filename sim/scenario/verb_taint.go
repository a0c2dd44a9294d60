package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

var taintVerb = &Verb{
	Name: "taint", Usage: "taint node NODE key=value:Effect",
	Help: "put a taint on a node; key:Effect- takes it off, as with kubectl",
	parse: func(args []string, v *View) (action, error) {
		p, rest, err := parsePlace(args)
		if err != nil {
			return nil, err
		}
		if len(rest) != 1 {
			return nil, errors.New("which taint?")
		}
		if off, ok := strings.CutSuffix(rest[0], "-"); ok {
			return parseUntaint(p, off)
		}
		t, err := parseTaint(rest[0])
		return taint{p, t}, err
	},
}

var untaintVerb = &Verb{
	Name: "untaint", Usage: "untaint node NODE key[:Effect]",
	Help: "take a taint off a node",
	parse: func(args []string, v *View) (action, error) {
		p, rest, err := parsePlace(args)
		if err != nil {
			return nil, err
		}
		if len(rest) != 1 {
			return nil, errors.New("which taint?")
		}
		return parseUntaint(p, strings.TrimSuffix(rest[0], "-"))
	},
}

type taint struct {
	place
	taint corev1.Taint
}

func (t taint) do(r *Runner) error {
	name, err := t.find(r)
	if err != nil {
		return err
	}
	return patchNode(r, name, func(n *corev1.Node) {
		same := func(o corev1.Taint) bool { return o.MatchTaint(&t.taint) }
		n.Spec.Taints = append(slices.DeleteFunc(n.Spec.Taints, same), t.taint)
	})
}

func parseUntaint(p place, text string) (action, error) {
	pair, effect, _ := strings.Cut(text, ":")
	key, _, _ := strings.Cut(pair, "=")
	if key == "" {
		return nil, fmt.Errorf("%q names no taint", text)
	}
	return untaint{p, key, corev1.TaintEffect(effect)}, nil
}

type untaint struct {
	place
	key    string
	effect corev1.TaintEffect // "": any
}

func (u untaint) do(r *Runner) error {
	name, err := u.find(r)
	if err != nil {
		return err
	}
	found := false
	err = patchNode(r, name, func(n *corev1.Node) {
		n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, func(t corev1.Taint) bool {
			same := t.Key == u.key && (u.effect == "" || t.Effect == u.effect)
			found = found || same
			return same
		})
	})
	if err == nil && !found {
		return fmt.Errorf("node %s has no taint %q", name, u.key)
	}
	return err
}
