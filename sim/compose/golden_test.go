package compose

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"minisim/internal/source"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden translates testdata/golden/*.yaml in the folder testdata/project and compares all objects and notes, or
// all faults, with the golden file beside it.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		t.Run(name, func(t *testing.T) {
			got := golden(t, path)
			file := strings.TrimSuffix(path, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("not what %s says (rewrite it with -update, and read the difference):\n%s", file, difference(string(want), got))
			}
			if again := golden(t, path); again != got {
				t.Errorf("a second time it is another:\n%s", difference(got, again))
			}
		})
	}
}

func golden(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := source.Parse(filepath.Base(path), data)
	if err != nil {
		return err.Error() + "\n"
	}
	r, err := Translate(Options{File: file, Dir: "testdata/project", Env: map[string]string{"HOME": "/home/me"}})
	if err != nil {
		return err.Error() + "\n"
	}
	for _, fault := range invalid(r.Objects) {
		t.Error(fault)
	}
	var text strings.Builder
	text.WriteString("project " + r.Project + ", services " + strings.Join(r.Services, " ") + ", inactive " + strings.Join(r.Inactive, " ") + "\n")
	for _, b := range r.Builds {
		text.WriteString("build " + b.Image + " from " + b.Context + " for " + b.Service + " at " + b.Pos.String() + "\n")
	}
	for _, o := range r.Objects {
		data, err := yaml.Marshal(o.Resource)
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString("--- # " + o.Pos.String() + ": " + o.Why + "\n" + string(data))
	}
	text.WriteString("--- # notes\n" + notesText(r.Notes))
	return text.String()
}

// difference shows the first lines that differ.
func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] != b[i] {
			return "want " + strings.Join(a[i:min(i+4, len(a))], "\n     ") + "\ngot  " + strings.Join(b[i:min(i+4, len(b))], "\n     ")
		}
	}
	return "one is longer"
}
