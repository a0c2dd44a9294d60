package scenario

import (
	"fmt"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kyaml "sigs.k8s.io/yaml"

	"minisim/internal/source"
	"minisim/sim/api"
	"minisim/sim/compose"
)

// objects reads Kubernetes objects that are created along with those of the compose file.
func (d *decoder) objects(n *yaml.Node) {
	d.each(n, "objects", func(n *yaml.Node) {
		o, err := readObject(n)
		if err != nil {
			d.fault(n, "", "an object: %s", err)
			return
		}
		d.more = append(d.more, compose.Object{Resource: o.(compose.Resource), Pos: d.file.Place(n), Why: "objects of " + BlockKey})
	})
}

// readObject makes an object of a manifest.
func readObject(n *yaml.Node) (api.Object, error) {
	text, err := yaml.Marshal(source.Resolve(n))
	if err != nil {
		return nil, err
	}
	var is struct{ APIVersion, Kind string }
	if err := kyaml.Unmarshal(text, &is); err != nil {
		return nil, err
	}
	if is.APIVersion == "" || is.Kind == "" {
		return nil, fmt.Errorf("apiVersion and kind must say what it is")
	}
	kind := schema.FromAPIVersionAndKind(is.APIVersion, is.Kind)
	r := api.ByKind(kind)
	if r == nil {
		return nil, fmt.Errorf("no kind %s in %s", is.Kind, is.APIVersion)
	}
	o := r.New()
	if err := kyaml.UnmarshalStrict(text, o); err != nil {
		return nil, err
	}
	if o.GetName() == "" {
		return nil, fmt.Errorf("metadata.name must be set")
	}
	if r.Namespaced && o.GetNamespace() == "" {
		o.SetNamespace("default")
	}
	return o, nil
}
