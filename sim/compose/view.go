package compose

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/consts"
	"go.yaml.in/yaml/v3"

	"minisim/internal/source"
)

// maxFiles bounds the files that one compose file may pull in.
const maxFiles = 100

// view is one file as the translation sees it: the file itself, an included one or one that a service extends from.
type view struct {
	file     *source.File
	root     *yaml.Node     // a repaired copy of the file's tree, with the places of the original
	values   map[string]any // the same with aliases expanded and variables replaced
	env      map[string]string
	dir      string          // the folder that its relative paths start from
	extended bool            // only a base for extends: its other services are no part of the project
	told     map[string]bool // paths whose value is known to be wrong already
}

// find is the node that names a path. In a list that stands for a mapping ("environment: [A=1]") it is the item.
func (v *view) find(path []string) *yaml.Node {
	key, value := v.root, v.root
	for _, part := range path {
		parent := source.Resolve(value)
		if key, value = source.Lookup(parent, part); value != nil {
			continue
		}
		if key = itemFor(parent, part); key == nil {
			return nil
		}
		value = key
	}
	return key
}

func itemFor(list *yaml.Node, name string) *yaml.Node {
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	for _, item := range list.Content {
		if rest, ok := strings.CutPrefix(source.Resolve(item).Value, name); ok && (rest == "" || rest[0] == '=' || rest[0] == ':') {
			return item
		}
	}
	return nil
}

// read makes the views of the file and of everything that it pulls in, and checks them.
func (t *translation) read() bool {
	t.env = t.environment(t.opts.Dir, t.opts.Env)
	t.name = t.projectName()
	t.env[consts.ComposeProjectName] = t.name // files may refer to it
	t.view(t.opts.File, t.opts.Dir, t.env, false)
	t.basesLast()
	t.checkReferences()
	return len(t.faults) == 0
}

// basesLast sorts the views, so that a service is found where the project has it and not in a file that some service
// extends from.
func (t *translation) basesLast() {
	var own, bases []*view
	for _, v := range t.views {
		if v.extended {
			bases = append(bases, v)
		} else {
			own = append(own, v)
		}
	}
	t.views = append(own, bases...)
}

// view adds one file and follows its include and extends.
func (t *translation) view(file *source.File, dir string, env map[string]string, extended bool) {
	v := &view{file: file, dir: dir, env: env, extended: extended, told: map[string]bool{}}
	t.views = append(t.views, v)
	v.root = t.repair(v)
	d := decoder{t: t, v: v}
	v.values, _ = d.value(v.root, nil).(map[string]any)
	t.checkSchema(v)
	t.checkValues(v)
	t.follow(v)
}

func (t *translation) follow(v *view) {
	for i, entry := range list(v.values["include"]) {
		path := []string{"include", index(i)}
		include, ok := entry.(map[string]any)
		if !ok {
			include = map[string]any{"path": entry}
		}
		dir, env := "", v.env
		for j, name := range texts(include["path"]) {
			if j == 0 {
				dir = filepath.Join(v.dir, filepath.Dir(name))
				if project := text(include["project_directory"]); project != "" {
					dir = filepath.Join(v.dir, project)
				}
				env = t.environment(dir, v.env)
			}
			t.pull(v, name, dir, env, false, path)
		}
	}
	for _, kind := range []string{"services", "jobs"} {
		for name, service := range sorted(mapping(v.values[kind])) {
			base, _ := mapping(service)["extends"].(map[string]any)
			if file := text(base["file"]); file != "" {
				t.pull(v, file, filepath.Join(v.dir, filepath.Dir(file)), v.env, true, []string{kind, name, "extends", "file"})
			}
		}
	}
}

// pull loads a file that another one names.
func (t *translation) pull(from *view, name, dir string, env map[string]string, extended bool, path []string) {
	pos := from.at(path)
	switch {
	case strings.Contains(name, "://") || strings.HasPrefix(name, "oci:") || strings.HasPrefix(name, "git@"):
		t.faults.Add(pos, "fetch it and name the local file", "%q is not a local file: nothing is fetched from a network", name)
		return
	case t.opts.Dir == "":
		t.faults.Add(pos, "", "cannot read %q: this file has no project folder", name)
		return
	case len(t.views) >= maxFiles:
		t.faults.Add(pos, "", "more than %d files are included or extended", maxFiles)
		return
	}
	full := name
	if !filepath.IsAbs(full) {
		full = filepath.Join(from.dir, name)
	}
	for _, v := range t.views {
		if v.file.Path == full || sameFile(v.file.Path, full) {
			if v == t.views[0] && !extended {
				t.faults.Add(pos, "", "this file includes itself")
			}
			v.extended = v.extended && extended
			return
		}
	}
	file, err := source.Load(full)
	if err != nil {
		var faults source.Diagnostics
		if errors.As(err, &faults) && faults[0].Pos.Line == 0 { // about the file as a whole: say who asked for it
			t.faults.Add(pos, "", "%s: %s", name, faults[0].Msg)
			return
		}
		t.faults = append(t.faults, faults...)
		return
	}
	t.view(file, dir, env, extended)
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// at is the place of a path in this file, or of its nearest ancestor.
func (v *view) at(path []string) source.Pos {
	for n := len(path); n > 0; n-- {
		if node := v.find(path[:n]); node != nil {
			return v.file.Place(node)
		}
	}
	return v.file.Place(v.root)
}
