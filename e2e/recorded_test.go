package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

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
	{regexp.MustCompile(`between client \(\S+\)`), "between client (<VERSION>)"},
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
