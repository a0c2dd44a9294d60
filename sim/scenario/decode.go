package scenario

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/resource"

	"minisim/internal/source"
	"minisim/sim/compose"
)

// decoder turns YAML nodes into values and gathers every fault with its place.
type decoder struct {
	file        *source.File
	dir         string // the project's folder, "" when there is none
	view        *View  // for the expressions
	expressions []located
	questions   int              // read so far
	more        []compose.Object // that the block itself has
	faults      source.Diagnostics
	warnings    source.Diagnostics
	met         func(what string, keys []string) // told of each mapping that is read, if set
}

// keys says which function reads the value of which key of a mapping.
type keys map[string]func(*yaml.Node)

func (d *decoder) fault(n *yaml.Node, hint, format string, args ...any) {
	d.faults.Add(d.file.Place(n), hint, format, args...)
}

func (d *decoder) warn(n *yaml.Node, hint, format string, args ...any) {
	d.warnings.Add(d.file.Place(n), hint, format, args...)
}

// pair is one entry of a mapping.
type pair struct{ key, value *yaml.Node }

// pairs are the entries of a mapping in the order of the file, then those that it merges ("<<").
func pairs(n *yaml.Node) []pair {
	var own, merged []pair
	has := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := source.Resolve(n.Content[i]); !source.IsMerge(key) {
			own = append(own, pair{key, source.Resolve(n.Content[i+1])})
			has[key.Value] = true
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !source.IsMerge(source.Resolve(n.Content[i])) {
			continue
		}
		for _, m := range source.Merged(n.Content[i+1]) {
			for _, p := range pairs(m) {
				if !has[p.key.Value] {
					merged = append(merged, p)
					has[p.key.Value] = true
				}
			}
		}
	}
	return append(own, merged...)
}

// fields hands the value of each key of a mapping to the function for that key.
// Any other key is a fault, but for extensions ("x-…"). It says whether n is a mapping at all.
func (d *decoder) fields(n *yaml.Node, what string, keys keys) bool {
	known := slices.Sorted(maps.Keys(keys))
	if d.met != nil {
		d.met(what, known)
	}
	n = source.Resolve(n)
	if n.Kind != yaml.MappingNode {
		d.fault(n, "it may have "+strings.Join(known, ", "), "%s must be a mapping of keys to values, this is %s", what, describe(n))
		return false
	}
	for _, p := range pairs(n) {
		if f := keys[p.key.Value]; f != nil {
			f(p.value)
		} else if !strings.HasPrefix(p.key.Value, "x-") {
			hint := source.DidYouMean(p.key.Value, known)
			if hint == "" {
				hint = "it may have " + strings.Join(known, ", ")
			}
			d.fault(p.key, hint, "%s has no key %q", what, p.key.Value)
		}
	}
	return true
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

// entries calls f for every key and value of a mapping whose keys are names, in the order of the file.
func (d *decoder) entries(n *yaml.Node, what string, f func(key, value *yaml.Node)) {
	n = source.Resolve(n)
	if n.Kind != yaml.MappingNode {
		d.fault(n, "", "%s must be a mapping of names to values, this is %s", what, describe(n))
		return
	}
	for _, p := range pairs(n) {
		f(p.key, p.value)
	}
}

// text reads text that is not empty; a number or a yes is text, too. It says whether it could.
func (d *decoder) text(n *yaml.Node, what string, to *string) bool {
	if n.Kind != yaml.ScalarNode || strings.TrimSpace(n.Value) == "" {
		d.fault(n, "", "%s must be text, this is %s", what, describe(n))
		return false
	}
	*to = n.Value
	return true
}

// boolean reads true or false.
func (d *decoder) boolean(n *yaml.Node, what string, to *bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
		d.fault(n, "", "%s must be true or false, this is %s", what, describe(n))
		return
	}
	*to = strings.EqualFold(n.Value, "true")
}

// integer reads a whole number from least to most.
func (d *decoder) integer(n *yaml.Node, what string, least, most int64, to *int64) bool {
	v, err := strconv.ParseInt(n.Value, 0, 64)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || err != nil {
		d.fault(n, "", "%s must be a whole number, this is %s", what, describe(n))
		return false
	}
	if v < least {
		d.fault(n, "", "%s must be at least %d, this is %d", what, least, v)
		return false
	}
	if v > most {
		d.fault(n, "", "%s must be at most %d, this is %d", what, most, v)
		return false
	}
	*to = v
	return true
}

// maxSpan is the longest time that a scenario may state: virtual time is cheap, but it must be countable.
const maxSpan = 10 * 365 * 24 * time.Hour

// duration reads a time span such as 90s or 5m.
func (d *decoder) duration(n *yaml.Node, what string, to *time.Duration) bool {
	if n.Kind != yaml.ScalarNode {
		d.fault(n, "", "%s must be a time such as 60s or 9m, this is %s", what, describe(n))
		return false
	}
	v, err := parseDuration(n.Value)
	if err != nil {
		d.fault(n, "", "%s: %s", what, err)
		return false
	}
	*to = v
	return true
}

// parseDuration reads "60s", "9m", "1h30m"; a bare number is refused, for nobody knows its unit.
func parseDuration(s string) (time.Duration, error) {
	v, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is not a time; write for example 60s, 9m or 1h30m", shorten(s))
	case v < 0:
		return 0, fmt.Errorf("%q is negative", s)
	case v > maxSpan:
		return 0, fmt.Errorf("%q is more than ten years", s)
	}
	return v, nil
}

// quantity reads an amount such as 500m, 4 or 8Gi; it must be above 0.
func (d *decoder) quantity(n *yaml.Node, what string, to *resource.Quantity) bool {
	if n.Kind != yaml.ScalarNode {
		d.fault(n, "", "%s must be an amount such as 4, 500m or 8Gi, this is %s", what, describe(n))
		return false
	}
	q, err := resource.ParseQuantity(n.Value)
	if err != nil {
		d.fault(n, "write for example 4, 500m or 8Gi", "%s: %q is not an amount", what, shorten(n.Value))
		return false
	}
	if q.Sign() <= 0 {
		d.fault(n, "", "%s must be above 0, this is %s", what, n.Value)
		return false
	}
	if q.CmpInt64(math.MaxInt64/1000) > 0 { // it must be countable in thousandths
		d.fault(n, "", "%s: %s is more than there is", what, n.Value)
		return false
	}
	*to = q
	return true
}

// bytes reads a number of bytes such as 120Mi.
func (d *decoder) bytes(n *yaml.Node, what string, to *int64) {
	var q resource.Quantity
	if d.quantity(n, what, &q) {
		*to = q.Value()
	}
}

func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() == "!!null" || n.Value == "":
		return "empty"
	}
	return strconv.Quote(shorten(n.Value))
}

// shorten keeps what is quoted in a fault within a line.
func shorten(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}
