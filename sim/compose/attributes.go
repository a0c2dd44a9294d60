package compose

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/compose-spec/compose-go/v2/schema"
)

// attribute is one attribute of the Compose Specification, with those below it. The keys "*" (any name) and "[]"
// (any item of a list) stand for what the file's author chooses.
type attribute struct {
	below map[string]*attribute
}

// specification is the tree of all attributes that the Compose Specification has.
var specification = sync.OnceValue(func() *attribute {
	root := &attribute{below: map[string]*attribute{}}
	for _, path := range schema.AttributePaths() {
		at := root
		for _, part := range strings.Split(string(path), ".") {
			next := at.below[part]
			if next == nil {
				next = &attribute{below: map[string]*attribute{}}
				at.below[part] = next
			}
			at = next
		}
	}
	return root
})

// child is the attribute that a key or list index leads to, and its name in the specification; nil when there is none.
func (a *attribute) child(part string) (*attribute, string) {
	if next := a.below[part]; next != nil {
		return next, part
	}
	if next := a.below["[]"]; next != nil {
		if _, err := strconv.Atoi(part); err == nil {
			return next, "[]"
		}
	}
	return a.below["*"], "*"
}

// attributeAt finds the attribute of a path in a file, and its path in the specification.
func attributeAt(path []string) (*attribute, string) {
	at, names := specification(), make([]string, 0, len(path))
	for _, part := range path {
		next, name := at.child(part)
		if next == nil {
			return nil, ""
		}
		at, names = next, append(names, name)
	}
	return at, strings.Join(names, ".")
}

// keys are the attributes right below, by name.
func (a *attribute) keys() []string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(a.below)) {
		if key != "*" && key != "[]" {
			keys = append(keys, key)
		}
	}
	return keys
}
