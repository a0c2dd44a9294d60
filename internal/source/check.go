package source

import (
	"go.yaml.in/yaml/v3"
)

// maxExpanded bounds the nodes that aliases add to a document: enough for any honest file, far too few for a file
// whose aliases multiply ("YAML bomb"), and few enough for every later walk of the tree.
const maxExpanded = 50_000

// maxDepth bounds the nesting, so that every walk of the tree may be a plain recursion.
const maxDepth = 200

// check walks a tree once, aliases expanded, and finds what the YAML parser lets through.
func check(path string, root *yaml.Node) Diagnostics {
	w := walk{path: path, open: map[*yaml.Node]bool{}}
	w.node(root, 0)
	return w.faults
}

type walk struct {
	path     string
	open     map[*yaml.Node]bool // anchors whose value is being walked: an alias to one of them never ends
	outer    *yaml.Node          // the alias that is being expanded, the outermost one
	expanded int
	stopped  bool
	faults   Diagnostics
}

func (w *walk) node(n *yaml.Node, depth int) {
	if w.stopped {
		return
	}
	if depth > maxDepth {
		w.stop(n, "the file is nested more than %d levels deep", maxDepth)
		return
	}
	if w.outer != nil {
		if w.expanded++; w.expanded > maxExpanded {
			w.stop(w.outer, "aliases expand to more than %d values (a YAML bomb?)", maxExpanded)
			return
		}
	}
	switch n.Kind {
	case yaml.AliasNode:
		w.alias(n, depth)
	case yaml.MappingNode:
		if w.outer == nil { // an anchored mapping is looked at where it stands
			w.duplicates(n)
		}
		w.children(n, depth)
	case yaml.SequenceNode:
		w.children(n, depth)
	}
}

func (w *walk) children(n *yaml.Node, depth int) {
	if n.Anchor != "" {
		w.open[n] = true
		defer delete(w.open, n)
	}
	for _, child := range n.Content {
		w.node(child, depth+1)
	}
}

func (w *walk) alias(n *yaml.Node, depth int) {
	if w.open[n.Alias] {
		w.stop(n, "the alias *%s is inside the value that it stands for", n.Value)
		return
	}
	if w.outer == nil {
		w.outer = n
		defer func() { w.outer = nil }()
	}
	w.node(n.Alias, depth+1)
}

func (w *walk) duplicates(mapping *yaml.Node) {
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key := Resolve(mapping.Content[i])
		if key.Kind != yaml.ScalarNode {
			w.faults.Add(pos(w.path, mapping.Content[i]), "", "a key must be a single value, not %s", kindName(key))
			continue
		}
		if before, ok := first[key.Value]; ok {
			w.faults.Add(pos(w.path, mapping.Content[i]), "keep one of them",
				"the key %q stands twice, first at %s", key.Value, pos(w.path, before))
			continue
		}
		first[key.Value] = mapping.Content[i]
	}
}

func (w *walk) stop(n *yaml.Node, format string, args ...any) {
	w.stopped = true
	w.faults.Add(pos(w.path, n), "", format, args...)
}
