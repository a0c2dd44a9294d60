package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"
)

// skeleton is the lesson that `minisim new lesson` writes. TITLE stands for its name.
//
//go:embed lesson.yaml.tmpl
var skeleton string

// newCommand writes files to begin with.
func newCommand(s streams) *cobra.Command {
	c := &cobra.Command{
		Use: "new", Short: "Write a file to begin with", Args: atMost(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("new %s: new can make a lesson: minisim new lesson NAME", args[0])}
			}
			return c.Help()
		},
	}
	force := false
	lesson := &cobra.Command{
		Use: "lesson NAME", Short: "Write a lesson with comments, which runs as it is",
		Example: "  minisim new lesson my-lesson\n  minisim lint my-lesson.yaml\n  minisim run my-lesson.yaml",
		Args:    atMost(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("new lesson: what is it called? for example: minisim new lesson my-lesson")}
			}
			return newLesson(args[0], force, s)
		},
	}
	lesson.Flags().BoolVar(&force, "force", false, "overwrite a file that is there")
	c.AddCommand(lesson)
	return c
}

// newLesson writes NAME.yaml.
func newLesson(name string, force bool, s streams) error {
	path := strings.TrimSuffix(name, ".yaml") + ".yaml"
	title := strings.TrimSuffix(filepath.Base(path), ".yaml")
	if problems := validation.IsDNS1123Label(title); len(problems) > 0 {
		return usageError{fmt.Errorf("a lesson cannot be called %q: %s", title, problems[0])}
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usageError{fmt.Errorf("%s is there already; use --force to overwrite it", path)}
	}
	if err != nil {
		return usageError{err}
	}
	_, err = f.WriteString(strings.ReplaceAll(skeleton, "TITLE", title))
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "wrote %s; try: minisim run %s\n", path, path)
	return err
}
