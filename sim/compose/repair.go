package compose

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"minisim/internal/source"
)

// repair copies a file's tree and mends what has only one meaning: a version 1 file, and a mount written as a mapping.
// Moved and rewritten nodes keep their places, and every repair is noted.
func (t *translation) repair(v *view) *yaml.Node {
	root := clone(v.file.Root, map[*yaml.Node]*yaml.Node{})
	if isVersion1(root) {
		root = t.fromVersion1(v, root)
	}
	v.root = root
	if _, services := source.Lookup(root, "services"); services != nil {
		services = source.Resolve(services)
		for i := 0; i+1 < len(services.Content) && services.Kind == yaml.MappingNode; i += 2 {
			name := services.Content[i].Value
			if _, volumes := source.Lookup(services.Content[i+1], "volumes"); volumes != nil {
				t.repairMounts(v, source.Resolve(volumes), name)
			}
		}
	}
	return root
}

// clone copies a tree; aliases stand for the copies of their anchors.
func clone(n *yaml.Node, copies map[*yaml.Node]*yaml.Node) *yaml.Node {
	if n == nil {
		return nil
	}
	if done := copies[n]; done != nil {
		return done
	}
	c := *n
	copies[n] = &c
	c.Alias = clone(n.Alias, copies)
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		c.Content[i] = clone(child, copies)
	}
	return &c
}

// repairMounts mends "- data: /data", where a space too many made a mapping of a mount.
func (t *translation) repairMounts(v *view, volumes *yaml.Node, service string) {
	if volumes.Kind != yaml.SequenceNode {
		return
	}
	for i, item := range volumes.Content {
		mount := source.Resolve(item)
		if mount.Kind != yaml.MappingNode || len(mount.Content) != 2 {
			continue
		}
		name, target := mount.Content[0], source.Resolve(mount.Content[1])
		if target.Kind != yaml.ScalarNode || !strings.HasPrefix(target.Value, "/") || name.Value == "target" || name.Value == "source" {
			continue
		}
		right := name.Value + ":" + target.Value
		volumes.Content[i] = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: right, Line: item.Line, Column: item.Column}
		t.note(Changed, "refuses a mapping here: the space after the colon makes one of "+name.Value+": "+target.Value,
			"it is read as "+right, "write it without the space", "services", service, "volumes", index(i))
	}
}

// isVersion1 tells whether a file has its services at the top level, as in the first version of compose files.
func isVersion1(root *yaml.Node) bool {
	found := false
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i].Value, source.Resolve(root.Content[i+1])
		switch {
		case strings.HasPrefix(key, "x-"):
		case key == "services" || key == "version" || key == "include" || key == "name" || key == "jobs" || value.Kind != yaml.MappingNode:
			return false
		case hasKey(value, "image") || hasKey(value, "build") || hasKey(value, "extends"):
			found = true
		}
	}
	return found
}

func hasKey(n *yaml.Node, key string) bool {
	_, value := source.Lookup(n, key)
	return value != nil
}

// fromVersion1 moves the top level under services: and renames what had other names then.
func (t *translation) fromVersion1(v *view, old *yaml.Node) *yaml.Node {
	root, services, volumes := newMapping(old), newMapping(old), newMapping(old)
	for i := 0; i+1 < len(old.Content); i += 2 {
		key, value := old.Content[i], old.Content[i+1]
		if strings.HasPrefix(key.Value, "x-") {
			root.Content = append(root.Content, key, value)
			continue
		}
		service := *source.Resolve(value) // an alias of another service is changed alone
		service.Content = slices.Clone(service.Content)
		renameVersion1(&service)
		nameVolumes(&service, volumes)
		services.Content = append(services.Content, key, &service)
	}
	set(root, "services", services, old)
	if len(volumes.Content) > 0 {
		set(root, "volumes", volumes, old)
	}
	v.root = root
	if !v.extended {
		t.v1 = true
	}
	t.note(Changed, "a file without services: is a version 1 compose file, which compose no longer reads",
		"its top-level keys are read as services, with the variables that links gave them", "write them under services:", "services")
	return root
}

func newMapping(at *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: at.Line, Column: at.Column}
}

func newText(value string, at *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value, Line: at.Line, Column: at.Column}
}

// set adds an entry whose key stands where at stands.
func set(m *yaml.Node, key string, value, at *yaml.Node) {
	m.Content = append(m.Content, newText(key, at), value)
}

// take removes an entry and returns its key and value, nil when there is none.
func take(m *yaml.Node, key string) (*yaml.Node, *yaml.Node) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			k, v := m.Content[i], m.Content[i+1]
			m.Content = slices.Delete(m.Content, i, i+2)
			return k, v
		}
	}
	return nil, nil
}

func renameVersion1(service *yaml.Node) {
	if key, value := take(service, "net"); value != nil {
		if rest, ok := strings.CutPrefix(value.Value, "container:"); ok {
			value = newText("service:"+rest, value)
		}
		set(service, "network_mode", value, key)
	}
	if key, dockerfile := take(service, "dockerfile"); dockerfile != nil {
		build := newMapping(key)
		if buildKey, context := take(service, "build"); context != nil {
			set(build, "context", context, buildKey)
		}
		set(build, "dockerfile", dockerfile, key)
		set(service, "build", build, key)
	}
	logging := newMapping(service)
	for old, now := range sorted(map[string]string{"log_driver": "driver", "log_opt": "options"}) {
		if key, value := take(service, old); value != nil {
			logging.Line, logging.Column = key.Line, key.Column
			set(logging, now, value, key)
		}
	}
	if len(logging.Content) > 0 {
		set(service, "logging", logging, logging)
	}
}

// nameVolumes declares the named volumes that a version 1 service uses, which needed no declaration then.
func nameVolumes(service, volumes *yaml.Node) {
	_, driver := take(service, "volume_driver")
	_, mounts := source.Lookup(service, "volumes")
	mounts = source.Resolve(mounts)
	if mounts == nil || mounts.Kind != yaml.SequenceNode {
		return
	}
	for _, mount := range mounts.Content {
		name, target, ok := strings.Cut(source.Resolve(mount).Value, ":")
		if !ok || name == "" || target == "" || strings.ContainsAny(name[:1], "./~") || hasKey(volumes, name) {
			continue
		}
		volume := newMapping(mount)
		if driver != nil {
			set(volume, "driver", driver, driver)
		}
		set(volumes, name, volume, mount)
	}
}
