package scenario

import (
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"

	"minisim/internal/source"
	"minisim/sim/cluster"
)

// scheduler reads the set-up of kube-scheduler: a KubeSchedulerConfiguration in
// place, where apiVersion and kind may be left out, or the name of a file that has one.
// Beside the configuration's own keys it may have rules.
func (d *decoder) scheduler(n *yaml.Node, s *Scenario) {
	root, file := n, d.file
	switch {
	case n.Kind == yaml.ScalarNode:
		var name string
		if !d.text(n, "scheduler", &name) {
			return
		}
		if d.dir == "" {
			d.fault(n, "write the configuration in place of the name", "scheduler: there is no folder to look for %q in", shorten(name))
			return
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(d.dir, name)
		}
		f, err := source.Load(name)
		if err != nil {
			d.fault(n, "", "scheduler: %s", err)
			return
		}
		root, file = f.Root, f
	case n.Kind != yaml.MappingNode:
		d.fault(n, "write a KubeSchedulerConfiguration or the name of a file that has one", "scheduler must be a mapping or a file's name, this is %s", describe(n))
		return
	}
	root, rules := cut(root, "rules")
	if rules != nil {
		d.rules(file, rules, s)
	}
	text, err := schedulerJSON(root)
	if err != nil {
		d.faults.Add(file.Place(root), "", "scheduler: %s", err)
		return
	}
	options, faults := cluster.ParseScheduler(text)
	for _, err := range faults {
		d.faults.Add(readFault(file, root, err.Error()), "", "scheduler: %s", err)
	}
	s.Cluster.Scheduler, s.Scheduler = options, string(text)
}

// cut parts a mapping into a copy without a key and that key's value, nil if there is none.
func cut(n *yaml.Node, key string) (rest, value *yaml.Node) {
	found, value := source.Lookup(n, key)
	if found == nil || value == nil {
		return n, nil
	}
	copied := *source.Resolve(n)
	copied.Content = nil
	for i := 0; i+1 < len(source.Resolve(n).Content); i += 2 {
		if k := source.Resolve(n).Content[i]; k.Value != key {
			copied.Content = append(copied.Content, k, source.Resolve(n).Content[i+1])
		}
	}
	return &copied, value
}

// schedulerJSON writes a configuration as JSON with sorted keys, its apiVersion and kind filled in.
func schedulerJSON(n *yaml.Node) ([]byte, error) {
	var fields map[string]any
	if err := n.Decode(&fields); err != nil {
		return nil, err
	}
	for key, value := range map[string]string{"apiVersion": cluster.SchedulerAPIVersion, "kind": cluster.SchedulerKind} {
		if fields[key] == nil {
			fields[key] = value
		}
	}
	text, err := sigsyaml.Marshal(fields)
	if err != nil {
		return nil, err
	}
	return sigsyaml.YAMLToJSON(text)
}

var fieldPath = regexp.MustCompile(`^[A-Za-z]+(\[\d+\])?(\.[A-Za-z]+(\[\d+\])?)*`)

// readFault finds the place that a fault of a configuration speaks of: it begins with the path of a field.
func readFault(f *source.File, root *yaml.Node, fault string) source.Pos {
	path := strings.FieldsFunc(fieldPath.FindString(fault), func(r rune) bool { return strings.ContainsRune(".[]", r) })
	for n := len(path); n > 0; n-- {
		if key, _ := source.Lookup(root, path[:n]...); key != nil {
			return f.Place(key)
		}
	}
	return f.Place(root)
}
