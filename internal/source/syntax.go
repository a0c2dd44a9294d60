package source

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// syntaxError takes the message of the YAML library apart: what it was doing and where that began, where it stopped,
// and why.
var syntaxError = regexp.MustCompile(
	`^yaml: (?:(while .*?|did .*?) at (<unknown position>|line \d+(?:, column \d+)?): )?` +
		`(?:(<unknown position>|line \d+(?:, column \d+)?|offset \d+): )?(.*)$`)

var yamlHints = []struct{ part, hint string }{
	{"cannot start any token", "indent with spaces, not tabs, and quote text that begins with a special character"},
	{"mapping values are not allowed", "check the indentation, and quote text that has a colon in it"},
	{"did not find expected key", "check the indentation"},
	{"did not find expected '-'", "check the indentation"},
	{"could not find expected ':'", "a key needs a colon after it"},
	{"did not find expected ',' or", "a bracket or brace before this is not closed"},
	{"unknown anchor", "define the anchor with & before it is used"},
	{"unexpected end of stream", "the quote that begins here is not closed"},
}

// broken turns a syntax error into a fault with its place. The parser in use names the line at best; its successor,
// which the compose loader brings along, names line and column, so it is asked where, and only then.
func broken(path string, data []byte, err error) Diagnostics {
	at := Pos{File: path, Line: 1, Col: 1}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := syntaxError.FindStringSubmatch(firstError(data)); m != nil {
		context, began, stopped := m[1], m[2], m[3]
		text = m[4]
		if stopped == "" || strings.Contains(text, "unexpected end of stream") {
			stopped = began
		}
		at = mark(path, data, stopped, strings.HasPrefix(context, "while parsing"))
	}
	d := Diagnostic{Pos: at, Msg: "broken YAML: " + text}
	for _, h := range yamlHints {
		if strings.Contains(text, h.part) {
			d.Hint = h.hint
			break
		}
	}
	return Diagnostics{d}
}

// firstError is what the successor says of the first or second document.
func firstError(data []byte) string {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for range 2 {
		var anything yaml.Node
		if err := decoder.Decode(&anything); err != nil {
			return err.Error()
		}
	}
	return ""
}

// mark reads a position as the library prints it. It leaves out a column or line that is zero, and its parser, other
// than its scanner, counts lines from zero.
func mark(path string, data []byte, text string, parser bool) Pos {
	if offset, ok := strings.CutPrefix(text, "offset "); ok {
		n, _ := strconv.Atoi(offset)
		return position(path, data, min(n, len(data)))
	}
	at := Pos{File: path, Line: 1, Col: 1}
	line, column, _ := strings.Cut(text, ", column ")
	if n, err := strconv.Atoi(strings.TrimPrefix(line, "line ")); err == nil {
		at.Line = n
		if parser {
			at.Line++
		}
	}
	if n, err := strconv.Atoi(column); err == nil {
		at.Col = n
	}
	return at
}
