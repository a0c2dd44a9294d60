package scenario

import (
	"regexp"
	"strings"
)

var (
	mdLink   = regexp.MustCompile(`!?\[([^\]]*)\]\(([^)\s]*)[^)]*\)`)
	mdStrong = regexp.MustCompile(`(\*\*|__)([^\s*_](?:[^*_]*[^\s*_])?)(\*\*|__)`)
	mdEm     = regexp.MustCompile(`(^|[\s("'])([*_])([^\s*_](?:[^*_]*[^\s*_])?)([*_])($|[\s)"'.,;:!?])`)
	mdCode   = regexp.MustCompile("`([^`]+)`")
	mdHead   = regexp.MustCompile(`^#{1,6}\s+`)
	mdQuote  = regexp.MustCompile(`^>\s?`)
	mdItem   = regexp.MustCompile(`^\s*([-*+]|\d+[.)])\s+`)
)

// Plain gives Markdown as plain text: emphasis, headings and quotations lose
// their marks, a link shows its address behind its words, and the lines of a
// paragraph become one. Lists and code keep their lines.
func Plain(markdown string) string {
	var out []string
	paragraph, fenced := false, false
	for _, line := range strings.Split(strings.TrimSpace(markdown), "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(trimmed, "```"):
			fenced, paragraph = !fenced, false
			continue
		case fenced:
			out = append(out, "    "+line)
			continue
		case trimmed == "":
			paragraph = false
			continue
		}
		heading, item := mdHead.MatchString(trimmed), mdItem.MatchString(line)
		text := inline(mdQuote.ReplaceAllString(mdHead.ReplaceAllString(trimmed, ""), ""))
		if paragraph && !heading && !item {
			out[len(out)-1] += " " + text
		} else {
			out = append(out, text)
		}
		paragraph = !heading
	}
	return strings.Join(out, "\n")
}

// inline takes the marks out of a line; what stands between backticks is left as it is.
func inline(s string) string {
	var b strings.Builder
	for {
		at := mdCode.FindStringSubmatchIndex(s)
		if at == nil {
			b.WriteString(unmarked(s))
			return b.String()
		}
		b.WriteString(unmarked(s[:at[0]]))
		b.WriteString(s[at[2]:at[3]])
		s = s[at[1]:]
	}
}

func unmarked(s string) string {
	s = mdLink.ReplaceAllStringFunc(s, func(link string) string {
		m := mdLink.FindStringSubmatch(link)
		if m[1] == "" || m[1] == m[2] {
			return m[2]
		}
		return m[1] + " (" + m[2] + ")"
	})
	s = mdStrong.ReplaceAllString(s, "$2")
	return mdEm.ReplaceAllString(s, "$1$3$5")
}
