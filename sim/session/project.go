package session

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"minisim/internal/source"
)

// Project is what a recording holds of the project's folder: the files that the
// compose file names (env_file, configs, secrets, bind mounts, included files),
// and which folders there are.
type Project struct {
	Name    string            `json:"name"` // of the folder; Kubernetes objects may be named after it
	Folders []string          `json:"folders,omitempty"`
	Files   map[string][]byte `json:"files,omitempty"`   // by paths below the folder
	Program map[string]bool   `json:"program,omitempty"` // files that may be executed
}

// maxProject bounds what a recording holds of the project, in bytes and in files.
// It is more than fits into the objects of a run of ordinary size.
const (
	maxProject      = 8 << 20
	maxProjectFiles = 2000
)

// project collects what the compose file names. That may be more than the run
// needs; whether it is enough is for the caller to see.
func (in Input) project() (*Project, error) {
	if in.Dir == "" {
		return nil, nil
	}
	dir, err := filepath.Abs(in.Dir)
	if err != nil {
		return nil, err
	}
	c := collector{dir: dir, Project: &Project{Name: filepath.Base(dir), Files: map[string][]byte{}, Program: map[string]bool{}}, seen: map[string]bool{}}
	if err := c.path(".env", false); err != nil {
		return nil, err
	}
	return c.Project, c.yaml(in.File)
}

type collector struct {
	*Project
	dir  string
	seen map[string]bool
	size int
}

// yaml collects all paths that a file names, and those that these files name.
func (c *collector) yaml(data []byte) error {
	f, err := source.Parse("", data)
	if err != nil {
		return nil // no YAML: it names nothing
	}
	return c.node(f.Root, "")
}

// node collects the paths below a node. Of what is built from only the folder matters.
func (c *collector) node(n *yaml.Node, key string) error {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if err := c.node(n.Content[i+1], n.Content[i].Value); err != nil {
				return err
			}
		}
	case yaml.SequenceNode:
		for _, child := range n.Content {
			if err := c.node(child, key); err != nil {
				return err
			}
		}
	case yaml.ScalarNode:
		path, _, _ := strings.Cut(n.Value, ":")
		return c.path(path, key == "build" || key == "context")
	}
	return nil
}

// path collects a file, or a folder with its files unless only the folder matters.
func (c *collector) path(path string, folder bool) error {
	path = filepath.Clean(path)
	if !filepath.IsLocal(path) || path == "." || c.seen[path] {
		return nil
	}
	full := filepath.Join(c.dir, path)
	info, err := os.Stat(full)
	switch {
	case err != nil:
		return nil // it names no file
	case info.Mode().IsRegular():
		return c.file(path, info)
	case !info.IsDir():
		return nil
	}
	c.Folders = append(c.Folders, filepath.ToSlash(path))
	if folder {
		return nil
	}
	c.seen[path] = true
	return filepath.WalkDir(full, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(c.dir, name)
		if err != nil {
			return err
		}
		return c.file(rel, info)
	})
}

func (c *collector) file(path string, info fs.FileInfo) error {
	if c.seen[path] {
		return nil
	}
	c.seen[path] = true
	if c.size += int(info.Size()); c.size > maxProject || len(c.Files) == maxProjectFiles {
		return fmt.Errorf("the compose file names more than %d MiB or %d files of its folder", maxProject>>20, maxProjectFiles)
	}
	data, err := os.ReadFile(filepath.Join(c.dir, path))
	if err != nil {
		return err
	}
	name := filepath.ToSlash(path)
	c.Files[name] = data
	if info.Mode()&0o111 != 0 {
		c.Program[name] = true
	}
	if ext := filepath.Ext(path); ext == ".yaml" || ext == ".yml" {
		return c.yaml(data)
	}
	return nil
}

// contains says whether a variable's name stands in any of the files.
func (p *Project) contains(name string) bool {
	if p == nil {
		return false
	}
	for _, data := range p.Files {
		if hasWord(data, name) {
			return true
		}
	}
	return false
}

// check finds paths that lead out of the folder.
func (p *Project) check() error {
	if p == nil {
		return nil
	}
	if p.Name != "/" && (!filepath.IsLocal(p.Name) || strings.ContainsAny(p.Name, `/\`)) {
		return fmt.Errorf("%q is no folder's name", p.Name)
	}
	for _, path := range p.Folders {
		if !filepath.IsLocal(filepath.FromSlash(path)) {
			return fmt.Errorf("folder %q is outside of the project", path)
		}
	}
	for path := range p.Files {
		if !filepath.IsLocal(filepath.FromSlash(path)) {
			return fmt.Errorf("file %q is outside of the project", path)
		}
	}
	return nil
}

// unpack writes the project into a temporary folder; remove removes it.
func (p *Project) unpack() (dir string, remove func() error, err error) {
	if p == nil {
		return "", func() error { return nil }, nil
	}
	top, err := os.MkdirTemp("", "minisim-project-")
	if err != nil {
		return "", nil, fmt.Errorf("unpack the project: %w", err)
	}
	remove = func() error { return os.RemoveAll(top) }
	dir = filepath.Join(top, p.Name)
	if err := p.write(dir); err != nil {
		return "", nil, errors.Join(fmt.Errorf("unpack the project: %w", err), remove())
	}
	return dir, remove, nil
}

func (p *Project) write(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, path := range p.Folders {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(path)), 0o700); err != nil {
			return err
		}
	}
	for path, data := range p.Files {
		full := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			return err
		}
		mode := fs.FileMode(0o600)
		if p.Program[path] {
			mode = 0o700
		}
		if err := os.WriteFile(full, data, mode); err != nil {
			return err
		}
	}
	return nil
}
