package rest_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// known are the recorded commands whose output differs, and why. A command that
// does not differ any more must go from here.
var known = map[string]string{
	"006-api-versions":     "groups without a kind here: admissionregistration, apiextensions, apiregistration, certificates, events, flowcontrol, resource",
	"078-describe-pod":     "containers have IDs even when they run at once",
	"088-describe-node":    "simulated machines have facts of their own",
	"278-delete-namespace": "a claim keeps its finalizer kubernetes.io/pvc-protection when its namespace goes",
}

// TestRecordedSession goes with the kubectl on the PATH through a session that
// was recorded on a real cluster (Kubernetes v1.36.3 with fake nodes), and
// compares exit codes and all that is printed.
func TestRecordedSession(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	if _, err := exec.LookPath("kubectl"); err != nil {
		t.Skip("there is no kubectl on the PATH to go through the session with")
	}
	w := build(t, config(), 20)
	w.kubectl("kubectl delete storageclass --all") // the recorded cluster had none
	files, err := filepath.Glob("testdata/kubectl/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no session was recorded: ", err)
	}
	same := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := parseRecord(string(data))
		for _, c := range want.before {
			w.kubectl(c)
		}
		got := w.kubectl(want.command)
		diff := difference(want.normal(), got.normal())
		why, differs := known[name]
		switch {
		case diff == "":
			same++
			if differs {
				t.Errorf("%s does not differ any more", name)
			}
		case differs:
			t.Logf("%s differs: %s", name, why)
		default:
			t.Errorf("%s\n$ %s\n%s", name, want.command, diff)
		}
	}
	t.Logf("%d of %d commands print the same as on the recorded cluster", same, len(files))
}

// record is a command and what it prints.
type record struct {
	before         []string
	command        string
	code           string
	stdout, stderr string
	recorded       bool
}

func parseRecord(text string) record {
	r := record{recorded: true}
	head, rest, _ := strings.Cut(text, "--- stdout\n")
	r.stdout, r.stderr, _ = strings.Cut(rest, "--- stderr\n")
	for line := range strings.SplitSeq(head, "\n") {
		if s, ok := strings.CutPrefix(line, "# before: "); ok {
			r.before = append(r.before, s)
		} else if s, ok := strings.CutPrefix(line, "$ "); ok {
			r.command = s
		} else if s, ok := strings.CutPrefix(line, "exit: "); ok {
			r.code = s
		}
	}
	return r
}

var sleeping = regexp.MustCompile(`^sleep (\d+)$`)

// kubectl runs a line of the session; a second of its sleep is a tenth here, as the cluster lives faster.
func (w *town) kubectl(line string) record {
	if m := sleeping.FindStringSubmatch(line); m != nil {
		line = "sleep 0." + m[1]
	}
	ctx, cancel := context.WithTimeout(w.Context(), 30*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", "-c", "exec "+line)
	c.Dir = "testdata/kubectl"
	c.Env = w.environment()
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	c.Run() // its exit code is compared
	return record{command: line, code: fmt.Sprint(c.ProcessState.ExitCode()), stdout: stdout.String(), stderr: stderr.String()}
}

// normal is what is compared.
func (r record) normal() string {
	verbatim := strings.Contains(r.command, "-o yaml") || strings.Contains(r.command, "-o json") || strings.Contains(r.command, "explain")
	stdout := r.stdout
	if !r.recorded {
		stdout = maskColumns(stdout) // in the recording they are masked already
	}
	return "exit: " + r.code + "\n--- stdout\n" + normalize(stdout, verbatim) + "--- stderr\n" + normalize(r.stderr, verbatim)
}

// substitutes name what differs from run to run.
var substitutes = []struct {
	from *regexp.Regexp
	to   string
}{
	{regexp.MustCompile(`(Client|Kustomize) Version: v\S+`), "$1 Version: <VERSION>"},
	{regexp.MustCompile(`https://127\.0\.0\.1:\d+`), "https://<SERVER>"},
	{regexp.MustCompile(`\x1b\[[0-9;]*m`), ""},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?[+-]\d{4}|Z)?( UTC)?`), "<TIME>"},
	{regexp.MustCompile(`[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}`), "<TIME>"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "<UID>"},
	{regexp.MustCompile(`(resourceVersion"?: )"\d+"`), `$1"<RV>"`},
	{regexp.MustCompile(`(HolderIdentity: +)\S+`), "$1<HOLDER>"},
	{regexp.MustCompile(`(pod-template-hash[=:] ?"?)[0-9a-z]+`), "$1<HASH>"},
	{regexp.MustCompile(`\b(app|redis|api|bare|big|hello)-[bcdf0-9][a-f0-9bcdfghjklmnpqrstvwxz]{6,9}-[bcdfghjklmnpqrstvwxz2456789]{5}\b`), "$1-<HASH>-<HASH5>"},
	{regexp.MustCompile(`\b(app|redis|api)-[bcdf0-9][a-f0-9bcdfghjklmnpqrstvwxz]{6,9}\b`), "$1-<HASH>"},
	{regexp.MustCompile(`\b(kube-api-access|hello)-[bcdfghjklmnpqrstvwxz2456789]{5}\b`), "$1-<HASH5>"},
	{regexp.MustCompile(`\b\d+\.\d+\.\d+\.\d+\b`), "<IP>"},
	{regexp.MustCompile(`(\d+):(\d{5})/TCP`), "$1:<NODEPORT>/TCP"},
	{regexp.MustCompile(`/\S*/(LIVE|MERGED)-\d+`), "<TMP>/$1"},
	{regexp.MustCompile(`(Duration: +)\S+`), "$1<DURATION>"},
}

var (
	blanks  = regexp.MustCompile(`(\S)(?:\t+ *| {2,}\t*)+`)
	leading = regexp.MustCompile(`^\t`)
	indent  = regexp.MustCompile(`^ {9,}`)
)

// normalize brings an output into the form in which the session was recorded.
func normalize(text string, verbatim bool) string {
	if text == "" {
		return ""
	}
	for _, s := range substitutes {
		text = s.from.ReplaceAllString(text, s.to)
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, line := range lines {
		line = leading.ReplaceAllString(line, "  ")
		line = blanks.ReplaceAllString(strings.TrimRight(line, " \t"), "$1  ")
		if !verbatim {
			line = indent.ReplaceAllString(line, "        ")
		}
		lines[i] = strings.TrimRight(line, " \t")
	}
	return strings.Join(sortRows(lines), "\n") + "\n"
}

// masks are the headings of columns whose cells differ from run to run.
var masks = map[string]string{"AGE": "<AGE>", "LAST SEEN": "<AGE>", "DURATION": "<DURATION>", "Age": "<AGE>"}

var heading = regexp.MustCompile(`\S+( \S+)*`)

// maskColumns replaces the cells of such columns, which stand below their heading.
func maskColumns(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		columns := heading.FindAllStringIndex(line, -1)
		for _, at := range slices.Backward(columns) { // as a mask may be longer than what it hides
			mask := masks[line[at[0]:at[1]]]
			if mask == "" || !strings.Contains(line, "  ") || strings.Contains(line, "<AGE>") {
				continue
			}
			for j := i + 1; j < len(lines) && len(lines[j]) > at[0] && !strings.HasPrefix(lines[j], "NAME"); j++ {
				row := lines[j]
				if strings.HasPrefix(strings.TrimSpace(row), "--") || row[at[0]] == ' ' {
					continue
				}
				end := strings.Index(row[at[0]:], "  ")
				if end < 0 {
					end = len(row) - at[0]
				}
				cell := mask + strings.Repeat(" ", max(0, end-len(mask)))
				lines[j] = row[:at[0]] + cell + row[at[0]+end:]
			}
		}
	}
	return strings.Join(lines, "\n")
}

// sortRows sorts neighbouring rows of one kind of generated name, and the rows of tables of events.
func sortRows(lines []string) []string {
	var out []string
	for i := 0; i < len(lines); {
		j := i + 1
		switch {
		case i > 1 && strings.HasPrefix(strings.TrimSpace(lines[i-1]), "----") && strings.Contains(lines[i-2], "Reason  Age"):
			for j < len(lines) && strings.HasPrefix(lines[j], " ") {
				j++
			}
			rows := slices.Clone(lines[i:j])
			slices.Sort(rows)
			out = append(out, slices.Compact(rows)...)
			i = j
			continue
		case strings.Contains(lines[i], "<HASH"):
			name := strings.Fields(lines[i])[0]
			for j < len(lines) && strings.HasPrefix(lines[j], name) {
				j++
			}
		}
		rows := slices.Clone(lines[i:j])
		slices.Sort(rows)
		out = append(out, rows...)
		i = j
	}
	return out
}

// difference shows which lines are only in one of two texts, "" if they are the same.
func difference(want, got string) string {
	if want == got {
		return ""
	}
	var b strings.Builder
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for _, line := range w {
		if !slices.Contains(g, line) {
			fmt.Fprintln(&b, "- "+line)
		}
	}
	for _, line := range g {
		if !slices.Contains(w, line) {
			fmt.Fprintln(&b, "+ "+line)
		}
	}
	if b.Len() == 0 {
		return "the lines are the same, in another order or number:\n" + got
	}
	return b.String()
}
