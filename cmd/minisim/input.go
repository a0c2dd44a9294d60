package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"minisim/internal/source"
	"minisim/scenarios"
	"minisim/sim/scenario"
	"minisim/sim/session"
)

// listScenarios prints the built-in scenarios, a line each.
func listScenarios(w io.Writer) error {
	names, err := builtins()
	if err != nil {
		return err
	}
	for _, name := range names {
		s, err := load(name, runOptions{})
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%-18s %s\n", name, s.About); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(w, "\nRun one with: minisim run NAME")
	return err
}

func builtins() ([]string, error) {
	files, err := fs.Glob(scenarios.Files, "*.yaml")
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f, ".yaml"))
	}
	slices.Sort(names)
	return names, err
}

// load reads a scenario, and settles everything that its run depends on.
func load(name string, o runOptions) (*scenario.Scenario, error) {
	in, err := sessionInput(name, o)
	if err != nil {
		return nil, err
	}
	return in.Load()
}

// sessionInput is all that the run of a file, or else of a built-in scenario, depends on.
func sessionInput(name string, o runOptions) (session.Input, error) {
	in, err := o.input(name)
	if err != nil {
		return in, err
	}
	_, statErr := os.Stat(name)
	if text, err := scenarios.Files.ReadFile(name + ".yaml"); err == nil && (statErr != nil || !strings.ContainsAny(name, "./")) {
		in.File = text
		return in, nil
	}
	if errors.Is(statErr, fs.ErrNotExist) && !strings.ContainsAny(name, "./") {
		return in, unknownScenario(name)
	}
	if err := checkManifest(name); err != nil {
		return in, err
	}
	f, err := source.Load(name)
	if err != nil {
		return in, err
	}
	base := filepath.Base(name)
	in.Name, in.Path, in.File = strings.TrimSuffix(base, filepath.Ext(base)), name, f.Data
	in.Dir, in.Env = filepath.Dir(name), environment()
	return in, nil
}

// input is what the flags say a run depends on, still without a file.
func (o runOptions) input(name string) (session.Input, error) {
	in := session.Input{Name: name, Path: name + ".yaml", Profiles: o.profiles, NoBuild: o.noBuild}
	if o.seedSet {
		in.Seed = new(o.seed)
	}
	if o.schedulerConfig != "" {
		if _, err := loadSchedulerConfig(o.schedulerConfig); err != nil {
			return in, err
		}
		text, err := os.ReadFile(o.schedulerConfig)
		if err != nil {
			return in, usageError{err}
		}
		in.Scheduler = text
	}
	return in, nil
}

func unknownScenario(name string) error {
	names, err := builtins()
	if err != nil {
		return err
	}
	for _, ending := range []string{".yaml", ".yml"} {
		if info, err := os.Stat(name + ending); err == nil && info.Mode().IsRegular() {
			return usageError{fmt.Errorf("there is no file and no scenario %q; did you mean %q?", name, name+ending)}
		}
	}
	hint := source.DidYouMean(name, names)
	if hint == "" {
		hint = "built-in are " + strings.Join(names, ", ")
	}
	return usageError{fmt.Errorf("there is no file and no scenario %q; %s", name, hint)}
}

func environment() map[string]string {
	env := map[string]string{}
	for _, pair := range os.Environ() {
		k, v, _ := strings.Cut(pair, "=")
		env[k] = v
	}
	return env
}
