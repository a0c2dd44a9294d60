package compose

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/consts"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"

	"minisim/internal/source"
)

// environment is what variables are replaced by: the given one over a folder's .env file.
func (t *translation) environment(dir string, given map[string]string) map[string]string {
	env := map[string]string{}
	if dir != "" {
		path := filepath.Join(dir, dotenv.DotEnv)
		if f, err := os.Open(path); err == nil {
			defer f.Close()
			fromFile, err := dotenv.ParseWithLookup(f, func(key string) (string, bool) {
				value, ok := given[key]
				return value, ok
			})
			if err != nil {
				t.faults.Add(source.Pos{File: path}, "", "broken environment file: %s", oneLine(err))
			}
			env = fromFile
		}
	}
	for key, value := range given {
		env[key] = value
	}
	return env
}

// projectName is the name: of the shell's COMPOSE_PROJECT_NAME, else of the file, else that of the project folder, else
// that of the compose file.
func (t *translation) projectName() string {
	if name := t.env[consts.ComposeProjectName]; name != "" {
		return t.checkName(name, source.Pos{File: t.opts.File.Path})
	}
	if key, value := source.Lookup(t.opts.File.Root, "name"); value != nil && source.Resolve(value).Value != "" {
		lookup := func(name string) (string, bool) { found, ok := t.env[name]; return found, ok }
		name, err := template.SubstituteWithOptions(source.Resolve(value).Value, lookup, template.WithoutLogging)
		if err == nil { // the decoder reports broken variables
			return t.checkName(name, t.opts.File.Place(key))
		}
	}
	if t.opts.Dir != "" {
		if dir, err := filepath.Abs(t.opts.Dir); err == nil {
			if name := loader.NormalizeProjectName(filepath.Base(dir)); name != "" {
				return name
			}
		}
	}
	base := filepath.Base(t.opts.File.Path)
	if name := loader.NormalizeProjectName(strings.TrimSuffix(base, filepath.Ext(base))); name != "" {
		return name
	}
	return "default"
}

func (t *translation) checkName(name string, pos source.Pos) string {
	normal := loader.NormalizeProjectName(name)
	if normal != name {
		hint := ""
		if normal != "" {
			hint = "for example " + normal
		}
		t.faults.Add(pos, hint, "%q is no project name: only small letters, digits, - and _, with a letter or digit first", name)
	}
	return name
}
