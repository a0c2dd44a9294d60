package scenario

import (
	"errors"
	"fmt"
	"strings"

	"minisim/sim/api"
	"minisim/sim/world"
)

var setVerb = &Verb{
	Name: "set", Usage: "set image SERVICE [CONTAINER=]IMAGE",
	Help: "give a service's pods another image: a Deployment rolls it out",
	parse: func(args []string, _ *View) (action, error) {
		if len(args) > 0 && args[0] != "image" {
			return nil, fmt.Errorf("only an image can be set, not %q", shorten(args[0]))
		}
		if len(args) != 3 {
			return nil, errors.New("the image of which service, and which image?")
		}
		w, err := parseWorkload(args[1])
		s := setImage{workload: w, image: args[2]}
		if container, image, named := strings.Cut(args[2], "="); named {
			s.container, s.image = container, image
		}
		if _, bad := world.Normal(s.image); err == nil && bad != nil {
			err = fmt.Errorf("%q is not the name of an image: %w", shorten(s.image), bad)
		}
		return s, err
	},
}

// setImage does what `kubectl set image` does.
type setImage struct {
	workload
	container string // "": the first one
	image     string
}

func (s setImage) do(r *Runner) error {
	return s.change(r, func(o api.Object) error {
		template := podTemplate(o)
		for i := range template.Spec.Containers {
			c := &template.Spec.Containers[i]
			if s.container == "" || c.Name == s.container {
				c.Image = s.image
				r.programImage(s.name, template.Labels[appLabel], s.image)
				return nil
			}
		}
		return fmt.Errorf("%s has no container %q", o.GetName(), s.container)
	})
}
