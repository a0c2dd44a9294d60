package compose

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"

	"minisim/internal/source"
)

// checkReferences checks what a file says about other parts of itself: names that must exist, services that wait for
// each other in a circle, settings that contradict each other.
func (t *translation) checkReferences() {
	r := references{t: t, defined: map[string][]string{}, inactive: map[string]string{}, edges: map[string][]edge{}, bases: map[string][]edge{}}
	sections := []string{"services", "jobs", "networks", "volumes", "configs", "secrets", "models"}
	for _, v := range t.views {
		if v.extended {
			continue
		}
		for _, section := range sections {
			r.defined[section] = append(r.defined[section], slices.Sorted(maps.Keys(mapping(v.values[section])))...)
		}
		for name, service := range mapping(v.values["services"]) {
			if profiles := texts(mapping(service)["profiles"]); !t.active(profiles) {
				r.inactive[name] = strings.Join(profiles, " or ")
			}
		}
	}
	r.defined["networks"] = append(r.defined["networks"], "default")
	for _, v := range t.views {
		if v.extended {
			continue
		}
		for _, kind := range []string{"services", "jobs"} {
			for name, service := range sorted(mapping(v.values[kind])) {
				r.service(v, mapping(service), []string{kind, name})
			}
		}
		r.topLevel(v)
	}
	empty, said := t.views[0].values["services"].(map[string]any)
	if total := len(r.defined["services"]) + len(r.defined["jobs"]); total == 0 && len(t.faults) == 0 && !(said && len(empty) == 0) { // services: {} is meant so
		r.add(source.Pos{File: t.opts.File.Path}, "write them under services:", "there are no services in the file")
	}
	r.cycles("services wait for each other", "remove one of these dependencies", r.edges)
	r.cycles("services extend each other", "remove one of these extends", r.bases)
}

// active tells whether a service with these profiles is started.
func (t *translation) active(profiles []string) bool {
	wanted := t.opts.Profiles
	if len(wanted) == 0 {
		wanted = strings.FieldsFunc(t.env["COMPOSE_PROFILES"], func(r rune) bool { return r == ',' || r == ' ' })
	}
	if len(profiles) == 0 || slices.Contains(wanted, "*") {
		return true
	}
	return slices.ContainsFunc(profiles, func(p string) bool { return slices.Contains(wanted, p) })
}

type references struct {
	t        *translation
	defined  map[string][]string // the names of each section
	inactive map[string]string   // the services that are not started, with the profiles that would start them
	edges    map[string][]edge   // who waits for whom
	bases    map[string][]edge   // who extends whom
}

// edge says that a service starts after another one.
type edge struct {
	to  string
	pos source.Pos
}

func (r *references) add(pos source.Pos, hint, format string, args ...any) {
	r.t.faults.Add(pos, hint, format, args...)
}

// exists reports a name that its section does not have.
func (r *references) exists(v *view, section, name string, path ...string) bool {
	if name == "" || slices.Contains(r.defined[section], name) { // that it is no name at all is told already
		return name != ""
	}
	hint := source.DidYouMean(name, r.defined[section])
	if hint == "" && section != "services" && section != "jobs" {
		hint = fmt.Sprintf("define it under %s:", section)
	}
	what := strings.TrimSuffix(section, "s")
	r.add(v.at(path), hint, "%s: there is no %s %q", pathText(path), what, name)
	return false
}

func (r *references) service(v *view, s map[string]any, path []string) {
	if s == nil {
		return
	}
	at := func(parts ...string) []string { return below(path, parts...) }
	if s["image"] == nil && s["build"] == nil && s["provider"] == nil && s["extends"] == nil {
		r.add(v.at(path), "", "%s has neither image nor build", pathText(path))
	}
	r.waits(v, s, path)
	if text(s["network_mode"]) != "" && s["networks"] != nil {
		r.add(v.at(at("network_mode")), "keep one of them", "%s has both network_mode and networks", pathText(path))
	}
	for _, section := range []string{"networks", "models"} {
		for i, name := range names(s[section]) {
			r.exists(v, section, name, at(section, place(s[section], name, i))...)
		}
	}
	for _, section := range []string{"configs", "secrets"} {
		for i, item := range list(s[section]) {
			name := text(item)
			if m := mapping(item); m != nil {
				name = text(m["source"])
			}
			r.exists(v, section, name, at(section, index(i))...)
		}
	}
	r.mounts(v, s, path)
	r.sizes(v, s, path)
	switch base := s["extends"].(type) {
	case string:
		r.extends(v, map[string]any{"service": base}, at("extends"))
	case map[string]any:
		r.extends(v, base, at("extends", "service"))
	}
	r.envFiles(v, s, path)
}

// place names an entry of a mapping or of a list that stands for one.
func place(v any, name string, i int) string {
	if mapping(v) != nil {
		return name
	}
	return index(i)
}

func (r *references) extends(v *view, base map[string]any, path []string) {
	if text(base["file"]) == "" {
		if to := text(base["service"]); r.exists(v, path[0], to, path...) {
			r.bases[path[1]] = append(r.bases[path[1]], edge{to: to, pos: v.at(path)})
		}
		return
	}
	for _, other := range r.t.views {
		if !other.extended || !strings.HasSuffix(other.file.Path, strings.TrimPrefix(text(base["file"]), "./")) {
			continue
		}
		services := mapping(other.values["services"])
		if name := text(base["service"]); services[name] == nil {
			r.add(v.at(path), source.DidYouMean(name, slices.Sorted(maps.Keys(services))), "%s: there is no service %q in %s", pathText(path), name, text(base["file"]))
		}
	}
}

// waits collects what a service waits for.
func (r *references) waits(v *view, s map[string]any, path []string) {
	from := path[1]
	follow := func(to string, required bool, at ...string) {
		at = below(path, at...)
		section := "services"
		if path[0] == "jobs" && slices.Contains(r.defined["jobs"], to) {
			section = "jobs"
		}
		if !r.exists(v, section, to, at...) {
			return
		}
		_, isIdle := r.inactive[from]
		if profiles := r.inactive[to]; profiles != "" && required && !isIdle {
			r.add(v.at(at), "start it with --profile "+strings.Fields(profiles)[0]+", or say required: false",
				"%s: service %q is not started, because no profile %s is active", pathText(at), to, profiles)
		}
		if path[0] == "services" {
			r.edges[from] = append(r.edges[from], edge{to: to, pos: v.at(at)})
		}
	}
	for i, to := range names(s["depends_on"]) {
		required := mapping(mapping(s["depends_on"])[to])["required"] != false
		follow(to, required, "depends_on", place(s["depends_on"], to, i))
	}
	for i, link := range texts(s["links"]) {
		to, _, _ := strings.Cut(link, ":")
		follow(to, true, "links", index(i))
	}
	for i, from := range texts(s["volumes_from"]) {
		if !strings.HasPrefix(from, types.ContainerPrefix) {
			to, _, _ := strings.Cut(from, ":")
			follow(to, true, "volumes_from", index(i))
		}
	}
	for _, key := range []string{"network_mode", "ipc", "pid"} {
		if to, ok := strings.CutPrefix(text(s[key]), types.ServicePrefix); ok {
			follow(to, true, key)
		}
	}
}

// envFiles checks that environment files exist.
func (r *references) envFiles(v *view, s map[string]any, path []string) {
	files := list(s["env_file"])
	if file := text(s["env_file"]); file != "" {
		files = []any{file}
	}
	for i, item := range files {
		file := text(item)
		if m := mapping(item); m != nil {
			file = text(m["path"])
			if m["required"] == false {
				continue
			}
		}
		at := below(path, "env_file", index(i))
		if r.t.opts.Dir == "" {
			r.add(v.at(at), "", "%s: cannot read %q: %s", pathText(at), file, errNoFolder)
			continue
		}
		full := file
		if !filepath.IsAbs(full) {
			full = filepath.Join(v.dir, file)
		}
		if _, err := os.Stat(full); err != nil && file != "" {
			r.add(v.at(at), "say required: false if it need not be there", "%s: cannot read %q: %s", pathText(at), file, whyNot(err))
		}
	}
}

// mounts checks that volumes exist and that no two things are mounted at one place.
func (r *references) mounts(v *view, s map[string]any, path []string) {
	taken := map[string]string{}
	claim := func(target string, at []string) {
		if target = strings.TrimRight(target, "/"); target == "" {
			return
		}
		if before, ok := taken[target]; ok {
			r.add(v.at(at), "keep one of them", "%s: %s is already mounted by %s", pathText(at), target, before)
			return
		}
		taken[target] = pathText(at)
	}
	for i, mount := range list(s["volumes"]) {
		at := below(path, "volumes", index(i))
		m := types.ServiceVolumeConfig{
			Type: text(mapping(mount)["type"]), Source: text(mapping(mount)["source"]), Target: text(mapping(mount)["target"]),
		}
		if short, ok := mount.(string); ok {
			parsed, err := format.ParseVolume(short)
			if err != nil {
				continue
			}
			m = parsed
		}
		claim(m.Target, at)
		if m.Type == types.VolumeTypeVolume && m.Source != "" {
			r.exists(v, "volumes", m.Source, at...)
		}
		if m.Type == types.VolumeTypeBind && m.Source == "" {
			r.add(v.at(at), "", "%s: a bind mount needs a source", pathText(at))
		}
	}
	for i, tmpfs := range texts(s["tmpfs"]) {
		target, _, _ := strings.Cut(tmpfs, ":")
		claim(target, below(path, "tmpfs", index(i)))
	}
}

// sizes checks numbers that must fit each other.
func (r *references) sizes(v *view, s map[string]any, path []string) {
	deploy := mapping(s["deploy"])
	scale, isScaled := number(s["scale"])
	replicas, isReplicated := number(deploy["replicas"])
	if isScaled && isReplicated && scale != replicas {
		r.add(v.at(below(path, "scale")), "keep one of them", "%s: scale is %v, but deploy.replicas is %v", pathText(path), scale, replicas)
	}
	if name := text(s["container_name"]); name != "" && max(scale, replicas) > 1 {
		r.add(v.at(below(path, "container_name")), "leave it out", "%s: several containers cannot all be named %q", pathText(path), name)
	}
	limits := mapping(mapping(deploy["resources"])["limits"])
	reserved := mapping(mapping(deploy["resources"])["reservations"])
	if limit, ok := bytesOf(or(limits["memory"], s["mem_limit"])); ok && limit > 0 {
		at := below(path, "deploy", "resources", "reservations", "memory")
		if reserved["memory"] == nil {
			at = below(path, "mem_reservation")
		}
		if want, ok := bytesOf(or(reserved["memory"], s["mem_reservation"])); ok && want > limit {
			r.add(v.at(at), "", "%s: reserves more memory than its limit allows", pathText(at))
		}
	}
	if limit, ok := number(or(limits["cpus"], s["cpus"])); ok && limit > 0 {
		at := below(path, "deploy", "resources", "reservations", "cpus")
		if want, ok := number(reserved["cpus"]); ok && want > limit {
			r.add(v.at(at), "", "%s: reserves more CPU than its limit allows", pathText(at))
		}
	}
}

// or is the first value that is there.
func or(values ...any) any {
	for _, v := range values {
		if v != nil {
			return v
		}
	}
	return nil
}

// topLevel checks configs and secrets.
func (r *references) topLevel(v *view) {
	for _, section := range []string{"configs", "secrets"} {
		for name, item := range sorted(mapping(v.values[section])) {
			m := mapping(item)
			sources := 0
			for _, key := range []string{"file", "environment", "content"} {
				if m[key] != nil {
					sources++
				}
			}
			if external := m["external"]; external == nil || external == false {
				if sources != 1 && m["driver"] == nil && m["template_driver"] == nil {
					r.add(v.at([]string{section, name}), "", "%s.%s needs exactly one of file, environment%s, or external: true",
						section, name, map[string]string{"configs": ", content"}[section])
				}
			}
		}
	}
}
