package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/resource"

	"minisim/internal/source"
)

// decoder turns YAML nodes into values and gathers every fault with its place.
type decoder struct {
	file   *source.File
	view   *View // for the conditions
	faults source.Diagnostics
}

func (d *decoder) fault(n *yaml.Node, hint, format string, args ...any) {
	d.faults.Add(d.file.Place(n), hint, format, args...)
}

// fields hands the value of each key of a mapping to the function for that key.
// Any other key is a fault, but for extensions ("x-…").
func (d *decoder) fields(n *yaml.Node, what string, keys map[string]func(*yaml.Node)) {
	n = source.Resolve(n)
	if n.Kind != yaml.MappingNode {
		d.fault(n, "", "%s must be a mapping of keys to values, this is %s", what, describe(n))
		return
	}
	known := slices.Sorted(maps.Keys(keys))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], source.Resolve(n.Content[i+1])
		if f := keys[key.Value]; f != nil {
			f(value)
		} else if len(key.Value) < 2 || key.Value[:2] != "x-" {
			hint := source.DidYouMean(key.Value, known)
			if hint == "" {
				hint = fmt.Sprintf("it may have %v", known)
			}
			d.fault(key, hint, "%s has no key %q", what, key.Value)
		}
	}
}

// each calls f for every item of a list.
func (d *decoder) each(n *yaml.Node, what string, f func(*yaml.Node)) {
	n = source.Resolve(n)
	if n.Kind != yaml.SequenceNode {
		d.fault(n, "", "%s must be a list, this is %s", what, describe(n))
		return
	}
	for _, item := range n.Content {
		f(source.Resolve(item))
	}
}

// entries calls f for every key and value of a mapping, in the order of the file.
func (d *decoder) entries(n *yaml.Node, what string, f func(key, value *yaml.Node)) {
	n = source.Resolve(n)
	if n.Kind != yaml.MappingNode {
		d.fault(n, "", "%s must be a mapping of names to values, this is %s", what, describe(n))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		f(n.Content[i], source.Resolve(n.Content[i+1]))
	}
}

func (d *decoder) text(n *yaml.Node, what string, to *string) {
	if n.Kind != yaml.ScalarNode {
		d.fault(n, "", "%s must be text, this is %s", what, describe(n))
		return
	}
	*to = n.Value
}

// integer reads a whole number of at least least.
func (d *decoder) integer(n *yaml.Node, what string, least int64, to *int64) {
	v, err := strconv.ParseInt(n.Value, 0, 64)
	if n.Kind != yaml.ScalarNode || err != nil {
		d.fault(n, "", "%s must be a whole number, this is %s", what, describe(n))
		return
	}
	if v < least {
		d.fault(n, "", "%s must be at least %d, this is %d", what, least, v)
		return
	}
	*to = v
}

// duration reads a time span such as 90s or 5m.
func (d *decoder) duration(n *yaml.Node, what string, to *time.Duration) {
	if n.Kind != yaml.ScalarNode {
		d.fault(n, "", "%s must be a time such as 60s or 9m, this is %s", what, describe(n))
		return
	}
	v, err := parseDuration(n.Value)
	if err != nil {
		d.fault(n, "", "%s: %s", what, err)
		return
	}
	*to = v
}

// parseDuration reads "60s", "9m", "1h30m"; a bare number is refused, for nobody knows its unit.
func parseDuration(s string) (time.Duration, error) {
	v, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a time; write for example 60s, 9m or 1h30m", s)
	}
	if v < 0 {
		return 0, fmt.Errorf("%q is negative", s)
	}
	return v, nil
}

// quantity reads an amount such as 500m, 4 or 8Gi; it must be above 0.
func (d *decoder) quantity(n *yaml.Node, what string, to *resource.Quantity) {
	if n.Kind != yaml.ScalarNode {
		d.fault(n, "", "%s must be an amount such as 4, 500m or 8Gi, this is %s", what, describe(n))
		return
	}
	q, err := resource.ParseQuantity(n.Value)
	if err != nil {
		d.fault(n, "write for example 4, 500m or 8Gi", "%s: %q is not an amount", what, n.Value)
		return
	}
	if q.Sign() <= 0 {
		d.fault(n, "", "%s must be above 0, this is %s", what, n.Value)
		return
	}
	*to = q
}

func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	if n.Tag == "!!null" {
		return "empty"
	}
	return strconv.Quote(n.Value)
}
