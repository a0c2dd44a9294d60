package scenario

import (
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

var labelVerb = &Verb{
	Name: "label", Usage: "label node NODE key=value",
	Help: "label a node; key- takes the label off",
	parse: func(args []string, _ *View) (action, error) {
		p, rest, err := parsePlace(args)
		if err != nil {
			return nil, err
		}
		if len(rest) != 1 {
			return nil, errors.New("which label?")
		}
		if key, off := strings.CutSuffix(rest[0], "-"); off {
			return label{place: p, key: key, remove: true}, nil
		}
		key, value, ok := strings.Cut(rest[0], "=")
		if !ok {
			return nil, fmt.Errorf("%q is not a label; write key=value", rest[0])
		}
		if problems := append(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)...); len(problems) > 0 {
			return nil, fmt.Errorf("label %s=%s: %s", key, value, problems[0])
		}
		return label{place: p, key: key, value: value}, nil
	},
}

type label struct {
	place
	key, value string
	remove     bool
}

func (l label) do(r *Runner) error {
	name, err := l.find(r)
	if err != nil {
		return err
	}
	return patchNode(r, name, func(n *corev1.Node) {
		if l.remove {
			delete(n.Labels, l.key)
			return
		}
		if n.Labels == nil {
			n.Labels = map[string]string{}
		}
		n.Labels[l.key] = l.value
	})
}
