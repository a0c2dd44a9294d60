package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"minisim/internal/source"
	"minisim/sim/cluster"
	"minisim/sim/scenario"
)

// gradeOptions are the flags of minisim grade.
type gradeOptions struct {
	answers string
	output  string
	pass    int64
	seed    uint64
	seedSet bool
}

// gradeCommand marks answers to a scenario's questions.
func gradeCommand(s streams) *cobra.Command {
	var o gradeOptions
	c := &cobra.Command{
		Use: "grade FILE --answers FILE|FOLDER", Short: "Mark answers to a scenario's questions",
		Long: `Grade plays a scenario without a screen and marks answers against what happens in
it. The answers are a YAML file, or a folder of them for a class:

  student: Ada Lovelace     # optional, otherwise the file's name
  answers:
    third-pod: worker-2     # the question's id and what was answered

The exit code is 0 when everybody reached --pass and the scenario's own
expectations hold, 1 when not, and 2 for a file that cannot be used.`,
		Example: `  minisim grade lesson.yaml --answers ada.yaml
  minisim grade lesson.yaml --answers class/ -o csv > marks.csv`,
		Args: atMost(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.seedSet = c.Flags().Changed("seed")
			if len(args) == 0 {
				return usageError{errors.New("grade: which scenario? see minisim grade --help")}
			}
			return grade(c.Context(), args[0], o, s)
		},
	}
	f := c.Flags()
	f.StringVar(&o.answers, "answers", "", "the file of answers, or a folder with several")
	f.StringVarP(&o.output, "output", "o", "text", "text, junit, json or csv")
	f.Int64Var(&o.pass, "pass", 100, "how many percent of the points are enough")
	f.Uint64Var(&o.seed, "seed", 0, "the number from which all chance derives (default: the scenario's)")
	return c
}

// sheet is one student's answers and marks.
type sheet struct {
	Student string            `json:"student"`
	File    string            `json:"file"`
	Answers map[string]string `json:"-"` // by question
	Points  int64             `json:"points"`
	Of      int64             `json:"of"`
	Passed  bool              `json:"passed"`
	Marks   []scenario.Mark   `json:"marks"`
}

func grade(ctx context.Context, name string, o gradeOptions, s streams) error {
	if err := oneOf("-o", o.output, "text", "junit", "json", "csv"); err != nil {
		return err
	}
	switch {
	case o.answers == "":
		return usageError{errors.New("grade: --answers FILE or FOLDER is needed")}
	case o.pass < 0 || o.pass > 100:
		return usageError{fmt.Errorf("--pass %d: it may be from 0 to 100", o.pass)}
	}
	sc, err := load(name, runOptions{})
	if err != nil {
		return err
	}
	if len(sc.Questions()) == 0 {
		return usageError{fmt.Errorf("%s asks nothing: there is nothing to mark", name)}
	}
	if o.seedSet {
		sc.Seed = o.seed
	}
	sheets, err := readSheets(o.answers, sc)
	if err != nil {
		return err
	}
	marks, end, err := sit(ctx, sc)
	if err != nil {
		return err
	}
	passed := end.OK()
	for _, sh := range sheets {
		sh.mark(sc, marks, o.pass)
		passed = passed && sh.Passed
	}
	if err := reports[o.output](s.out, gradeBook{Scenario: sc.Name, Hash: end.Hash, Held: end.OK(), Sheets: sheets, questions: sc.Questions()}); err != nil {
		return err
	}
	if !end.OK() {
		fmt.Fprintf(s.err, "minisim: the scenario itself has failed: %s\n", end.Tell())
	}
	if !passed {
		return errFailed
	}
	return nil
}

// sit plays a scenario to its end and gives the marks for no answers at all:
// what is right does not depend on who answers.
func sit(ctx context.Context, sc *scenario.Scenario) (marks map[string]scenario.Mark, end scenario.End, err error) {
	config := sc.Cluster
	config.Seed, config.Input = sc.Seed, sc.Input()
	c, err := cluster.New(ctx, config)
	if err != nil {
		return nil, end, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	r := scenario.NewRunner(sc, c)
	r.Start()
	for more := true; more; {
		if more, err = r.Step(); err != nil {
			return nil, end, err
		}
		if err := ctx.Err(); err != nil {
			return nil, end, err
		}
	}
	marks = map[string]scenario.Mark{}
	for _, m := range r.Marks() {
		marks[m.ID] = m
	}
	return marks, *r.End(), nil
}

// mark marks a sheet. A question that was never asked is worth nothing.
func (sh *sheet) mark(sc *scenario.Scenario, marks map[string]scenario.Mark, pass int64) {
	for _, q := range sc.Questions() {
		m, asked := marks[q.ID]
		if !asked {
			m = scenario.Mark{ID: q.ID, Question: q.Text, Error: "it was never asked"}
		}
		m = q.Mark(m, sh.Answers[q.ID])
		sh.Points += m.Points
		sh.Of += m.Of
		sh.Marks = append(sh.Marks, m)
	}
	sh.Passed = sh.Points*100 >= sh.Of*pass
}

// readSheets reads a file of answers, or all of a folder in the order of their names.
func readSheets(path string, sc *scenario.Scenario) ([]*sheet, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		sh, err := readSheet(path, sc)
		return []*sheet{sh}, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, usageError{err}
	}
	var sheets []*sheet
	var faults source.Diagnostics
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); e.IsDir() || ext != ".yaml" && ext != ".yml" && ext != ".json" {
			continue
		}
		sh, err := readSheet(filepath.Join(path, e.Name()), sc)
		var more source.Diagnostics
		if errors.As(err, &more) {
			faults = append(faults, more...)
			continue
		}
		sheets = append(sheets, sh)
	}
	if len(faults) > 0 {
		return nil, faults.Err()
	}
	if len(sheets) == 0 {
		return nil, usageError{fmt.Errorf("--answers %s: there is no .yaml file in it", path)}
	}
	return sheets, nil
}

// readSheet reads one file of answers. Its faults have their places.
func readSheet(path string, sc *scenario.Scenario) (*sheet, error) {
	f, err := source.Load(path)
	if err != nil {
		return nil, err
	}
	base := filepath.Base(path)
	sh := &sheet{Student: strings.TrimSuffix(base, filepath.Ext(base)), File: path, Answers: map[string]string{}}
	var faults source.Diagnostics
	found := false
	for i := 0; i+1 < len(f.Root.Content); i += 2 {
		key, value := source.Resolve(f.Root.Content[i]), source.Resolve(f.Root.Content[i+1])
		switch key.Value {
		case "student":
			if value.Kind != yaml.ScalarNode || value.Value == "" {
				faults.Add(f.Place(value), "", "student must be a name")
			}
			sh.Student = value.Value
		case "answers":
			found = true
			faults = append(faults, sh.read(f, value, sc.Questions())...)
		default:
			faults.Add(f.Place(key), source.DidYouMean(key.Value, []string{"student", "answers"}), "a file of answers has student: and answers:, but no key %q", key.Value)
		}
	}
	if !found {
		faults.Add(source.Pos{File: path}, "write the questions' ids and what was answered below answers:", "there are no answers in this file")
	}
	return sh, faults.Err()
}

func (sh *sheet) read(f *source.File, n *yaml.Node, questions []*scenario.Question) (faults source.Diagnostics) {
	if n.Kind != yaml.MappingNode {
		faults.Add(f.Place(n), "for example third-pod: worker-2", "answers must be a mapping of questions to answers")
		return faults
	}
	var ids []string
	for _, q := range questions {
		ids = append(ids, q.ID)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := source.Resolve(n.Content[i]), source.Resolve(n.Content[i+1])
		at := slices.Index(ids, key.Value)
		switch {
		case at < 0:
			hint := source.DidYouMean(key.Value, ids)
			if hint == "" {
				hint = "there are " + strings.Join(ids, ", ")
			}
			faults.Add(f.Place(key), hint, "there is no question %q", key.Value)
		case value.Kind == yaml.SequenceNode:
			var parts []string
			for _, part := range value.Content {
				parts = append(parts, source.Resolve(part).Value)
			}
			sh.Answers[key.Value] = strings.Join(parts, ", ")
		case value.Kind != yaml.ScalarNode:
			faults.Add(f.Place(value), "", "an answer must be text, a number or a list of them")
		default:
			// What is none of the choices is an answer all the same: a wrong one.
			sh.Answers[key.Value] = value.Value
			if answer, err := questions[at].Understand(value.Value); err == nil {
				sh.Answers[key.Value] = answer
			}
		}
	}
	return faults
}
