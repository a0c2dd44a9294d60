package compose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"minisim/internal/source"
)

// translation is one run of Translate.
type translation struct {
	opts   Options
	views  []*view           // the file itself first, then what it includes, then what its services extend
	env    map[string]string // the shell's environment over the project's .env
	name   string            // the project's
	v1     bool              // a version 1 file, without services:
	faults source.Diagnostics
	notes  []Note
	unset  map[source.Pos][]string // the variables that are not set, by the key and the value where they stand

	project  *types.Project
	services []*service
	inactive []string
	names    map[string]string // names that are taken in Kubernetes: "Service/web" → the path that took it

	objects struct{ files, accounts, claims, policies, services, workloads []Object }
	builds  []Build

	networks []*network // those that separate services
}

// blank remembers that a variable is not set, and the places at which a fault may come of it.
func (t *translation) blank(variable string, places ...source.Pos) {
	for _, place := range slices.Compact(places) {
		if !slices.Contains(t.unset[place], variable) {
			t.unset[place] = append(t.unset[place], variable)
		}
	}
}

// err is all faults, each with the variables that are not set in the value that it is about.
func (t *translation) err() error {
	for i, fault := range t.faults {
		if variables := t.unset[fault.Pos]; len(variables) > 0 {
			names, are, them := strings.Join(variables, " and "), "is", "it"
			if len(variables) > 1 {
				are, them = "are", "them"
			}
			t.faults[i].Hint = fmt.Sprintf("%s %s not set: set %s in the environment or in .env", names, are, them)
		}
	}
	return t.faults.Err()
}

// at is the place of a path: in the file itself, in what a service extends, or in an included file.
func (t *translation) at(path ...string) source.Pos {
	for _, p := range t.origins(path) {
		for _, v := range t.views {
			if n := v.find(p); n != nil {
				return v.file.Place(n)
			}
		}
	}
	if len(path) > 1 {
		return t.at(path[:len(path)-1]...)
	}
	return source.Pos{File: t.opts.File.Path, Line: 1, Col: 1}
}

// written tells whether a key stands in a file.
func (t *translation) written(path ...string) bool {
	for _, p := range t.origins(path) {
		for _, v := range t.views {
			if v.find(p) != nil {
				return true
			}
		}
	}
	return false
}

// origins lists a path below a service, and the same path below the services that it extends.
func (t *translation) origins(path []string) [][]string {
	paths := [][]string{path}
	if len(path) < 3 || path[0] != "services" {
		return paths
	}
	seen := map[string]bool{path[1]: true}
	for name := t.extends(path[1]); name != "" && !seen[name]; name = t.extends(name) {
		seen[name] = true
		paths = append(paths, append([]string{"services", name}, path[2:]...))
	}
	return paths
}

// extends names the service that a service extends, wherever that one is written.
func (t *translation) extends(name string) string {
	for _, v := range t.views {
		switch base := mapping(mapping(v.values["services"])[name])["extends"].(type) {
		case string:
			return base
		case map[string]any:
			return text(base["service"])
		}
	}
	return ""
}

// inFileOrder sorts keys of the mapping at a path by where they are written, those that are not written last.
func (t *translation) inFileOrder(keys []string, path ...string) []string {
	type placed struct {
		key  string
		file int
		pos  source.Pos
	}
	order := make([]placed, 0, len(keys))
	for _, key := range keys {
		p := placed{key: key, file: len(t.views)}
		for _, full := range t.origins(append(slices.Clone(path), key)) {
			for i, v := range t.views {
				if n := v.find(full); n != nil && p.file == len(t.views) {
					p.file, p.pos = i, v.file.Place(n)
				}
			}
		}
		order = append(order, p)
	}
	slices.SortFunc(order, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.file, b.file), a.pos.Compare(b.pos), cmp.Compare(a.key, b.key))
	})
	sorted := make([]string, 0, len(keys))
	for _, p := range order {
		sorted = append(sorted, p.key)
	}
	return sorted
}

// result puts the parts together.
func (t *translation) result() *Result {
	r := &Result{Project: t.project.Name, Notes: sortNotes(t.notes), Builds: t.builds, Inactive: t.inactive, Places: map[string]source.Pos{}}
	for _, s := range t.services {
		r.Services = append(r.Services, s.Name)
	}
	for _, name := range slices.Concat(r.Services, r.Inactive) {
		r.Places[name] = t.at("services", name)
	}
	o := t.objects
	r.Objects = slices.Concat(o.files, o.accounts, o.claims, o.policies, o.services, o.workloads)
	return r
}
