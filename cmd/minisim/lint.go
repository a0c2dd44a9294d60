package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"minisim/internal/source"
	"minisim/sim/scenario"
	"minisim/sim/session"
)

// lintCommand checks scenarios without running them.
func lintCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use: "lint FILE…", Short: "Check scenarios without running them",
		Long: `Lint reads compose files with their x-minisim blocks and tells everything that is
wrong with them, a line for each fault: file:line:column: what; what to do. A
warning is what is not wrong, but hardly meant so, and what of the compose file
has no effect in Kubernetes.

The exit code is 2 when there is a fault, 0 when there are none or warnings only.`,
		Example: "  minisim lint compose.yaml\n  minisim lint lessons/*.yaml",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("lint: which file? see minisim lint --help")}
			}
			return lint(args, s)
		},
	}
}

func lint(names []string, s streams) error {
	var faults source.Diagnostics
	warnings := 0
	for _, name := range names {
		all, warned, err := lintOne(name)
		if err != nil {
			return err
		}
		faults = append(faults, all...)
		for _, w := range warned {
			warnings++
			w.Msg = "warning: " + w.Msg
			fmt.Fprintln(s.err, w.Error())
		}
	}
	if len(faults) > 0 {
		return faults.Err()
	}
	_, err := fmt.Fprintf(s.out, "%s without faults, %s\n", several(len(names), "scenario"), several(warnings, "warning"))
	return err
}

// lintOne gives the faults and the warnings of one file. The error is one of the command's use.
func lintOne(name string) (faults, warnings source.Diagnostics, err error) {
	if _, err := readRecording(name); err == nil || errors.Is(err, session.ErrDamaged) || errors.Is(err, session.ErrNewer) {
		return nil, nil, usageError{fmt.Errorf("%s: this is a recording; minisim replay plays it", name)}
	}
	in, err := sessionInput(name, runOptions{})
	if err == nil {
		var file *source.File
		var opts scenario.Options
		if file, opts, err = in.Parse(); err == nil {
			faults, warnings, err = scenario.Lint(in.Name, file, opts)
			return faults, slices.Compact(warnings), err
		}
	}
	if errors.As(err, &faults) {
		return faults, nil, nil
	}
	return nil, nil, err
}
