package compose

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/compose-spec/compose-go/v2/interpolation"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"
)

// quiet turns off the log that compose-go writes to standard error; all that it says there we say as notes.
var quiet = sync.OnceFunc(func() { logrus.SetOutput(io.Discard) })

// load has compose-go merge and type the file. Everything that is wrong with the file by itself was found before, so
// an error here is about what include and extends make of it together.
func (t *translation) load() bool {
	quiet()
	project, err := t.compose(t.name, t.views[0].values)
	if err != nil {
		t.blame(t.name, err)
		return false
	}
	t.project = project
	t.choose()
	return true
}

// compose runs compose-go's loader over values whose variables are already replaced.
func (t *translation) compose(name string, values map[string]any) (project *types.Project, err error) {
	defer func() { // a panic of the library over a strange file is the file's fault, and must not look like a crash
		if r := recover(); r != nil {
			project, err = nil, fmt.Errorf("cannot be read as a compose file: %v", r)
		}
	}()
	model, _ := escape(values).(map[string]any)
	delete(model, "version")
	details := types.ConfigDetails{
		WorkingDir:  t.opts.Dir,
		ConfigFiles: []types.ConfigFile{{Filename: t.opts.File.Path, Config: model}},
		Environment: maps.Clone(t.env),
	}
	return loader.LoadWithContext(context.Background(), details, func(o *loader.Options) {
		o.SetProjectName(name, true)
		o.SkipValidation = true // done, with places
		o.SkipConsistencyCheck = true
		o.SkipResolveEnvironment = true // an env_file becomes a ConfigMap
		o.SkipResolveLabels = true
		o.ResolvePaths = false // paths stay as they are written, relative to the project folder
		o.Profiles = []string{"*"}
		casts := o.Interpolate.TypeCastMapping
		if len(t.views) == 1 {
			casts = nil // done too; only the other files need it
		}
		o.Interpolate = &interpolation.Options{
			LookupValue:     details.LookupEnv,
			TypeCastMapping: casts,
			Substitute: func(s string, m template.Mapping) (string, error) {
				return template.SubstituteWithOptions(s, m, template.WithoutLogging)
			},
		}
	})
}

// escape copies decoded values so that compose-go, which replaces variables again, finds none.
func escape(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			m[key] = escape(item)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, item := range v {
			l[i] = escape(item)
		}
		return l
	case string:
		return strings.ReplaceAll(v, "$", "$$")
	}
	return v
}

// blame finds the place of an error of compose-go, which has none: it loads the services one by one, and those that
// fail without one key after the other.
func (t *translation) blame(name string, err error) {
	values := t.views[0].values
	services := mapping(values["services"])
	found := false
	for service, body := range sorted(services) {
		_, alone := t.compose(name, t.only(values, service, mapping(body)))
		if alone == nil {
			continue
		}
		found = true
		t.faults.Add(t.at(t.culprit(name, values, service, mapping(body))...), "", "%s", strings.TrimPrefix(oneLine(alone), "services."+service+": "))
	}
	if !found {
		t.faults.Add(t.at(), "", "%s", oneLine(err))
	}
}

// culprit is the path of the key without which a service loads.
func (t *translation) culprit(name string, values map[string]any, service string, body map[string]any) []string {
	for key := range sorted(body) {
		without := maps.Clone(body)
		delete(without, key)
		if _, err := t.compose(name, t.only(values, service, without)); err == nil {
			return []string{"services", service, key}
		}
	}
	return []string{"services", service}
}

// only is the file with one service, and those that it extends.
func (t *translation) only(values map[string]any, service string, body map[string]any) map[string]any {
	services := map[string]any{service: body}
	for base := t.extends(service); base != "" && services[base] == nil; base = t.extends(base) {
		if other := mapping(values["services"])[base]; other != nil {
			services[base] = other
		}
	}
	only := maps.Clone(values)
	only["services"] = services
	return only
}

// choose splits the services into those that an active profile starts and the others.
func (t *translation) choose() {
	all := slices.Collect(maps.Keys(t.project.Services))
	for _, name := range t.inFileOrder(all, "services") {
		config := t.project.Services[name]
		if !t.active(config.Profiles) {
			t.inactive = append(t.inactive, name)
			t.note(Changed, "service "+name+" is started only with the profile "+strings.Join(config.Profiles, " or "),
				"no object is made for it", "start it with --profile "+config.Profiles[0], "services", name, "profiles")
			continue
		}
		t.services = append(t.services, &service{ServiceConfig: config, t: t})
	}
}
