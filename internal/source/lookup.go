package source

import (
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Resolve follows aliases to the node that they stand for.
func Resolve(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// Lookup finds the value at a path of keys and list indices ("services", "web", "ports", "0") below n, through aliases
// and merge keys. The key is the node that names the value; a list's item is its own key. Both are nil when absent.
func Lookup(n *yaml.Node, path ...string) (key, value *yaml.Node) {
	key, value = n, n
	for _, part := range path {
		if key, value = child(value, part); value == nil {
			return nil, nil
		}
	}
	return key, value
}

func child(n *yaml.Node, part string) (key, value *yaml.Node) {
	n = Resolve(n)
	if n == nil {
		return nil, nil
	}
	switch n.Kind {
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], n.Content[i]
		}
	case yaml.MappingNode:
		return inMapping(n, part)
	}
	return nil, nil
}

// inMapping looks at the mapping's own keys first, as YAML's merge rules say, then at what it merges.
func inMapping(n *yaml.Node, part string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := Resolve(n.Content[i]); k.Value == part && !IsMerge(k) {
			return n.Content[i], n.Content[i+1]
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !IsMerge(n.Content[i]) {
			continue
		}
		for _, merged := range Merged(n.Content[i+1]) {
			if key, value = inMapping(merged, part); value != nil {
				return key, value
			}
		}
	}
	return nil, nil
}

// IsMerge tells whether a key is YAML's merge key "<<".
func IsMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && (key.Tag == "" || key.Tag == "!" || key.ShortTag() == "!!merge")
}

// Merged lists the mappings that the value of a merge key stands for, the first one being the strongest.
func Merged(value *yaml.Node) []*yaml.Node {
	value = Resolve(value)
	switch {
	case value == nil:
		return nil
	case value.Kind == yaml.MappingNode:
		return []*yaml.Node{value}
	case value.Kind != yaml.SequenceNode:
		return nil
	}
	var mappings []*yaml.Node
	for _, item := range value.Content {
		if item = Resolve(item); item.Kind == yaml.MappingNode {
			mappings = append(mappings, item)
		}
	}
	return mappings
}

// At is the place of a path: of the key itself for a mapping's entry, of the item for a list's. When the path does not
// exist it is the place of its nearest ancestor that does.
func (f *File) At(path ...string) Pos {
	for n := len(path); n > 0; n-- {
		if key, _ := Lookup(f.Root, path[:n]...); key != nil {
			return pos(f.Path, key)
		}
	}
	return pos(f.Path, f.Root)
}

// Place is the place of a node of this file.
func (f *File) Place(n *yaml.Node) Pos { return pos(f.Path, n) }
