package scenario

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the tables of docs/scenarios.md")

const reference = "../../docs/scenarios.md"

// cell is a text within a table of Markdown.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// TestReferenceHasAllVerbsAndFunctions keeps the tables of docs/scenarios.md in step with the code.
func TestReferenceHasAllVerbsAndFunctions(t *testing.T) {
	data, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	var verbs, functions strings.Builder
	for _, v := range Verbs() {
		verbs.WriteString("| `" + cell(v.Usage) + "` | " + cell(v.Help) + " |\n")
	}
	for _, line := range Vocabulary() {
		usage, help, _ := strings.Cut(line, ": ")
		functions.WriteString("| `" + cell(usage) + "` | " + cell(help) + " |\n")
	}
	want := table(string(data), "verbs", verbs.String())
	want = table(want, "functions", functions.String())
	if *update {
		if err := os.WriteFile(reference, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(data) != want {
		t.Error("docs/scenarios.md does not have the verbs and functions as they are; run this test with -update")
	}
	for _, fact := range Facts() {
		form, help, _ := strings.Cut(fact, ": ")
		if !strings.Contains(want, "| `"+form+"` | "+strings.ReplaceAll(help, "none", "`none`")+" |") {
			t.Errorf("docs/scenarios.md does not explain %q", fact)
		}
	}
}

// table puts rows into the table between two marks.
func table(text, mark, rows string) string {
	between := regexp.MustCompile(`(?s)(<!-- ` + mark + ` -->\n\n[^\n]*\n[^\n]*\n).*?(<!-- end of ` + mark + ` -->)`)
	return between.ReplaceAllStringFunc(text, func(old string) string {
		m := between.FindStringSubmatch(old)
		return m[1] + rows + "\n" + m[2]
	})
}

// TestReferenceNamesEveryKey looks for each key of each mapping in the reference.
func TestReferenceNamesEveryKey(t *testing.T) {
	data, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for what, keys := range keysRead(t, text) {
		for _, key := range keys {
			if !strings.Contains(string(data), "`"+key+"`") {
				t.Errorf("%s: docs/scenarios.md does not name the key `%s`", what, key)
			}
		}
	}
}

// TestExamplesOfTheReferenceLoad reads the examples that are whole files.
func TestExamplesOfTheReferenceLoad(t *testing.T) {
	data, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	whole := 0
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(data), -1) {
		text := m[1]
		switch {
		case strings.Contains(text, "x-minisim:"):
			whole++
		case strings.HasPrefix(text, "student:"):
			continue
		case strings.HasPrefix(text, "- "):
			text = "timeline:\n  " + strings.ReplaceAll(text, "\n", "\n  ")
			fallthrough
		default:
			text = "services:\n  web: {image: nginx}\n  worker: {image: nginx}\n  redis: {image: redis}\nx-minisim:\n  " + strings.ReplaceAll(text, "\n", "\n  ")
		}
		if _, err := loadText(t, text); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
	if whole == 0 {
		t.Error("the reference has no example of a whole file")
	}
}
