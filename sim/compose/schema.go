package compose

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/compose-spec/compose-go/v2/schema"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"minisim/internal/source"
)

// compiled is the Compose Specification's JSON schema, compiled when the first file is checked (some 15 ms).
var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	const id = "compose:specification"
	compiler := jsonschema.NewCompiler()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(schema.Schema))
	if err != nil {
		return nil, err
	}
	if err := compiler.AddResource(id, document); err != nil {
		return nil, err
	}
	return compiler.Compile(id)
})

// checkSchema finds every place where the file is not what the Compose Specification allows.
func (t *translation) checkSchema(v *view) {
	s, err := compiled()
	if err != nil { // the schema is part of compose-go: this is a broken build
		panic(fmt.Sprintf("compose: the Compose Specification's schema does not compile: %v", err))
	}
	c := schemaFaults{t: t, v: v}
	var invalid *jsonschema.ValidationError
	if errors.As(s.Validate(v.values), &invalid) {
		c.walk(invalid)
	}
}

// schemaFaults turns the validator's tree of errors into one fault per place.
type schemaFaults struct {
	t *translation
	v *view
}

func (c schemaFaults) walk(e *jsonschema.ValidationError) {
	switch k := e.ErrorKind.(type) {
	case *kind.OneOf, *kind.AnyOf:
		c.oneOf(e)
		return
	case *kind.AdditionalProperties:
		for _, key := range k.Properties {
			c.unknown(below(e.InstanceLocation, key))
		}
		return
	case *kind.FalseSchema:
		c.unknown(e.InstanceLocation)
		return
	case *kind.Required:
		for _, key := range k.Missing {
			c.add(e.InstanceLocation, "", "%s needs %q", pathText(e.InstanceLocation), key)
		}
		return
	}
	if len(e.Causes) == 0 {
		c.leaf(e)
		return
	}
	for _, cause := range e.Causes {
		c.walk(cause)
	}
}

// oneOf follows the alternatives whose shape the author chose. When none has that shape, it says which there are.
func (c schemaFaults) oneOf(e *jsonschema.ValidationError) {
	var wanted []string
	for _, cause := range e.Causes {
		if want, isShape := c.shape(cause, e.InstanceLocation); isShape {
			wanted = append(wanted, want...)
			continue
		}
		c.walk(cause)
		return
	}
	if len(wanted) > 0 {
		c.wrongType(e.InstanceLocation, wanted)
		return
	}
	c.leaf(e)
}

// shape tells whether an alternative failed because the value has another type, and which types it wanted.
func (c schemaFaults) shape(e *jsonschema.ValidationError, at []string) ([]string, bool) {
	switch k := e.ErrorKind.(type) {
	case *kind.Type:
		return k.Want, slices.Equal(e.InstanceLocation, at)
	case *kind.Reference, *kind.Group, *kind.OneOf:
		var wanted []string
		for _, cause := range e.Causes {
			want, isShape := c.shape(cause, at)
			if !isShape {
				return nil, false
			}
			wanted = append(wanted, want...)
		}
		return wanted, len(e.Causes) > 0
	}
	return nil, false
}

func (c schemaFaults) leaf(e *jsonschema.ValidationError) {
	path := pathText(e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.Type:
		c.wrongType(e.InstanceLocation, k.Want)
	case *kind.Enum:
		allowed := make([]string, 0, len(k.Want))
		for _, want := range k.Want {
			allowed = append(allowed, fmt.Sprint(want))
		}
		c.add(e.InstanceLocation, source.DidYouMean(fmt.Sprint(k.Got), allowed), "%s must be one of %s, not %q", path, strings.Join(allowed, ", "), fmt.Sprint(k.Got))
	case *kind.Minimum:
		c.add(e.InstanceLocation, "", "%s must be at least %s", path, k.Want.RatString())
	case *kind.Maximum:
		c.add(e.InstanceLocation, "", "%s must be at most %s", path, k.Want.RatString())
	case *kind.Pattern:
		c.add(e.InstanceLocation, "", "%s cannot be %q", path, k.Got)
	case *kind.UniqueItems:
		c.add(below(e.InstanceLocation, index(k.Duplicates[1])), "keep one of them", "%s[%d] and [%d] are the same", path, k.Duplicates[0], k.Duplicates[1])
	default:
		c.add(e.InstanceLocation, "", "%s: %s", path, e.ErrorKind.LocalizedString(message.NewPrinter(language.English)))
	}
}

var typeNames = map[string]string{
	"object": "a mapping", "array": "a list", "string": "text", "number": "a number", "integer": "a whole number",
	"boolean": "true or false", "null": "nothing",
}

func (c schemaFaults) wrongType(path []string, want []string) {
	var wanted []string
	for _, name := range want {
		if name := typeNames[name]; !slices.Contains(wanted, name) {
			wanted = append(wanted, name)
		}
	}
	slices.Sort(wanted)
	hint := ""
	if len(path) == 1 && path[0] == "version" {
		hint = "put the version in quotes, or leave it out"
	}
	value := c.v.valueAt(path)
	if value == nil && len(path) == 2 && path[0] == "services" {
		c.add(path, "give it an image: or a build:", "%s has no content", pathText(path))
		return
	}
	c.add(path, hint, "%s must be %s, not %s", pathText(path), strings.Join(wanted, " or "), shapeOf(value))
}

func shapeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "empty"
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	case string:
		return fmt.Sprintf("the text %q", v)
	default:
		return fmt.Sprint(v)
	}
}

// unknown reports a key that the specification does not have.
func (c schemaFaults) unknown(path []string) {
	parent, key := path[:len(path)-1], path[len(path)-1]
	at, _ := attributeAt(parent)
	if at == nil {
		return
	}
	if at.below[key] != nil {
		return // a known key whose value is wrong, which is reported by itself
	}
	if len(path) == 1 {
		c.unknownTop(key)
		return
	}
	if at.below["*"] != nil && len(at.keys()) == 0 {
		c.add(path, "use letters, digits, and . _ - only", "%q is no name for one of %s", key, pathText(parent))
		return
	}
	c.add(path, source.DidYouMean(key, at.keys()), "%s has no key %q", pathText(parent), key)
}

// unknownTop reports an unknown key of the top level, which is often a service, network or volume in the wrong place.
func (c schemaFaults) unknownTop(key string) {
	value := mapping(c.v.values[key])
	hint := source.DidYouMean(key, specification().keys())
	switch {
	case value["image"] != nil || value["build"] != nil || value["command"] != nil:
		hint = "move it under services:"
	case value["subnet"] != nil || value["ipam"] != nil || value["attachable"] != nil || value["internal"] != nil:
		hint = "move it under networks:"
	case value["driver"] != nil || value["external"] != nil:
		hint = "move it under networks: or volumes:"
		if section := c.v.sectionUsing(key); section != "" {
			hint = "move it under " + section + ":"
		} else if driver := text(value["driver"]); driver == "local" {
			hint = "move it under volumes:"
		} else if driver != "" {
			hint = "move it under networks:"
		}
	default:
		if section := c.v.sectionUsing(key); section != "" && hint == "" {
			hint = "move it under " + section + ":"
		}
	}
	c.add([]string{key}, hint, "a compose file has no top-level key %q", key)
}

// sectionUsing finds out from the services whether a name is that of a network, volume, config or secret.
func (v *view) sectionUsing(name string) string {
	for _, service := range sorted(mapping(v.values["services"])) {
		for _, section := range []string{"networks", "configs", "secrets"} {
			if slices.Contains(names(mapping(service)[section]), name) {
				return section
			}
		}
		for _, volume := range list(mapping(service)["volumes"]) {
			source, _, _ := strings.Cut(text(volume), ":")
			if source == name || text(mapping(volume)["source"]) == name {
				return "volumes"
			}
		}
	}
	return ""
}

func (c schemaFaults) add(path []string, hint, format string, args ...any) {
	if c.v.told[pathText(path)] {
		return
	}
	c.t.faults.Add(c.v.at(path), hint, format, args...)
}

// valueAt is the decoded value at a path, or nil.
func (v *view) valueAt(path []string) any {
	var value any = v.values
	for _, part := range path {
		switch parent := value.(type) {
		case map[string]any:
			value = parent[part]
		case []any:
			value = nil
			for i := range parent {
				if index(i) == part {
					value = parent[i]
				}
			}
		default:
			return nil
		}
	}
	return value
}
