package compose

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"minisim/internal/source"
)

// report adds a note for every key of the file that no note is about yet.
func (t *translation) report() {
	r := reporter{t: t, told: map[string]bool{}}
	for _, n := range t.notes {
		r.tell(n.Path)
	}
	for _, v := range t.views {
		if !v.extended {
			r.walk(v.root, nil, specification(), "")
		}
	}
	for _, s := range t.services {
		r.extended(s.Name)
	}
}

// reporter walks files and knows which keys have been spoken of.
type reporter struct {
	t    *translation
	told map[string]bool
}

// tell marks a path and all above it: a note about a part of a value is a note about the value.
func (r *reporter) tell(path string) {
	for path != "" && !r.told[path] {
		r.told[path] = true
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
}

// extended walks what a service takes from services of other files.
func (r *reporter) extended(name string) {
	at := specification().below["services"].below["*"]
	for _, path := range r.t.origins([]string{"services", name, ""})[1:] {
		for _, v := range r.t.views {
			if _, body := source.Lookup(v.root, path[0], path[1]); v.extended && body != nil {
				r.walk(body, []string{"services", name}, at, "services.*")
			}
		}
	}
}

// walk visits the keys below a node. An attribute without a rule of its own, of an attribute above it, or below it, is
// lost: nobody thought of it.
func (r *reporter) walk(n *yaml.Node, path []string, at *attribute, pattern string) {
	n = source.Resolve(n)
	switch n.Kind {
	case yaml.SequenceNode:
		for i, item := range n.Content {
			if next, part := at.child(index(i)); next != nil {
				r.walk(item, below(path, index(i)), next, join(pattern, part))
			}
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if source.IsMerge(key) {
				for _, merged := range source.Merged(n.Content[i+1]) {
					r.walk(merged, path, at, pattern)
				}
				continue
			}
			r.key(key.Value, n.Content[i+1], path, at, pattern)
		}
	}
}

func (r *reporter) key(key string, value *yaml.Node, path []string, at *attribute, pattern string) {
	next, part := at.child(key)
	if strings.HasPrefix(key, "x-") && part != "*" || strings.HasPrefix(key, "x-") && next == nil {
		return // an extension
	}
	path, pattern = below(path, key), join(pattern, part)
	if r.inactive(path) {
		return
	}
	text := pathText(path)
	found, deep, ok := rule{level: Lost, compose: "sets " + key, kubernetes: "minisim does not know this key"}, true, true
	if next != nil {
		found, deep, ok = ruleFor(pattern)
		if isContainer := len(source.Resolve(value).Content) > 0; !ok && (len(next.below) == 0 || !isContainer) {
			found, deep, ok = rule{level: Lost, compose: "sets " + key, kubernetes: "minisim has no rule for it"}, true, true
		}
	}
	if ok && !r.told[text] {
		r.tell(text)
		r.t.note(found.level, found.compose, found.kubernetes, found.do, path...)
	}
	if !deep {
		r.walk(value, path, next, pattern)
	}
}

// inactive tells whether a path is of a service that is not started, which one note says for all its keys.
func (r *reporter) inactive(path []string) bool {
	if path[0] != "services" || len(path) < 2 {
		return false
	}
	for _, name := range r.t.inactive {
		if name == path[1] {
			return true
		}
	}
	return false
}

func join(pattern, part string) string {
	return strings.TrimPrefix(pattern+"."+part, ".")
}
