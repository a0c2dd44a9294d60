package scenario

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common"

	"minisim/internal/source"
)

// CEL's compiler speaks to programmers. Here is what it means, in words for
// whoever has just written their first condition, with what to write instead.

// What CEL says of an expression.
var (
	celUnknown   = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
	celOverload  = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '([^']*)'`)
	celField     = regexp.MustCompile(`^type '([^']*)' does not support field selection`)
	celCharacter = regexp.MustCompile(`^Syntax error: token recognition error at: '(.*)'$`)
	celMissing   = regexp.MustCompile(`^Syntax error: missing '(.*)' at`)
	celExtra     = regexp.MustCompile(`^Syntax error: (?:extraneous|mismatched) input '(.*?)' expecting`)
	celOperator  = regexp.MustCompile(`^_?(\S+?)_?$`)
)

// instead is what to write for what other languages have.
var instead = map[string]string{
	"=": "==", "=>": ">=", "=<": "<=", "<>": "!=", "&": "&&", "|": "||", "and": "&&", "or": "||", "not": "!", "is": "==", "’": `"`, "‘": `"`, "“": `"`, "”": `"`,
}

// firstIssue is the issue to tell of: the others follow from it.
func firstIssue(issues *cel.Issues) *common.Error {
	return slices.MinFunc(issues.Errors(), func(a, b *common.Error) int {
		if a.Location.Line() != b.Location.Line() {
			return a.Location.Line() - b.Location.Line()
		}
		return a.Location.Column() - b.Location.Column()
	})
}

// plainly says what is wrong with an expression, and what to do about it. known
// are the names that it may use.
func plainly(text string, issue *common.Error, known []string) (what, hint string) {
	message, _, _ := strings.Cut(issue.Message, "\n")
	if m := celUnknown.FindStringSubmatch(message); m != nil {
		return unknownName(text, m[1], known)
	}
	if m := celOverload.FindStringSubmatch(message); m != nil {
		return unfit(m[1], strings.Split(m[2], ", "))
	}
	if m := celField.FindStringSubmatch(message); m != nil {
		return "only an object has fields, and this is " + kindOf(m[1]), `ask for one first: object("deployment", "app").status.readyReplicas`
	}
	if m := celCharacter.FindStringSubmatch(message); m != nil {
		sign := strings.TrimSpace(m[1])
		if right := instead[sign]; right != "" {
			return fmt.Sprintf("there is no %s here", sign), "write " + right
		}
		if strings.HasPrefix(sign, "'") || strings.HasPrefix(sign, `"`) {
			return "a text is not ended", "its second quotation mark is missing"
		}
		return fmt.Sprintf("%s does not belong here", sign), "names stand in quotation marks"
	}
	if m := celMissing.FindStringSubmatch(message); m != nil {
		return fmt.Sprintf("a %s is missing", m[1]), ""
	}
	if m := celExtra.FindStringSubmatch(message); m != nil {
		return surplus(text, m[1])
	}
	return message, ""
}

// unknownName is for a word that the language does not have.
func unknownName(text, name string, known []string) (what, hint string) {
	if right := instead[name]; right != "" {
		return fmt.Sprintf("there is no %s here", name), "write " + right
	}
	if f := functionNamed(name); f != nil && slices.Contains(known, name) {
		return name + " does not say of what", "it is written " + f.written()
	}
	what = fmt.Sprintf("nothing is called %s", name)
	if near := source.Suggest(name, known); near != "" {
		return what, fmt.Sprintf("did you mean %s?", near)
	}
	if strings.Contains(text, "("+name+")") {
		return what, fmt.Sprintf(`a name stands in quotation marks: "%s"`, name)
	}
	return what, "there are " + strings.Join(known, ", ")
}

// surplus is for a word where nothing more, or something else, is expected.
func surplus(text, word string) (what, hint string) {
	before, _, _ := strings.Cut(text, word)
	last := ""
	if words := strings.Fields(before); len(words) > 0 {
		last = words[len(words)-1]
	}
	switch {
	case word == "<EOF>":
		return "it ends too early", "something is missing after " + lastWord(text)
	case instead[word] != "":
		return fmt.Sprintf("there is no %s here", word), "write " + instead[word]
	case instead[last] != "":
		return fmt.Sprintf("there is no %s here", last), "write " + instead[last]
	case word == ")":
		return "there is one ) too many", ""
	}
	return word + " does not belong here", "conditions are joined by && or ||"
}

func lastWord(text string) string {
	words := strings.Fields(text)
	return words[len(words)-1]
}

// unfit is for a function or an operator that is given what it cannot take.
func unfit(name string, given []string) (what, hint string) {
	var kinds []string
	for _, g := range given {
		if g = strings.Trim(g, ".()"); g != "" {
			kinds = append(kinds, kindOf(g))
		}
	}
	if f := functionNamed(name); f != nil {
		got := "nothing"
		if len(kinds) > 0 {
			got = strings.Join(kinds, " and ")
		}
		return fmt.Sprintf("%s is given %s", name, got), "it is written " + f.written() + ", with each name in quotation marks"
	}
	if m := celOperator.FindStringSubmatch(name); m != nil && strings.Contains(name, "_") {
		switch {
		case len(kinds) == 2:
			return fmt.Sprintf("%s cannot join %s and %s", m[1], kinds[0], kinds[1]), "both sides must be of one kind"
		case len(kinds) == 1:
			return fmt.Sprintf("%s cannot stand before %s", m[1], kinds[0]), "make it a question first: == 0"
		}
	}
	return fmt.Sprintf("%s cannot be asked of %s", name, strings.Join(kinds, " and ")), ""
}

// written is a function as one writes it, with examples for names.
func (f *function) written() string {
	examples := [...]string{serviceArg: `"app"`, nodeArg: `"worker-1"`, resourceArg: `"deployment"`, nameArg: `"app"`, reasonArg: `"FailedScheduling"`}
	var args []string
	for _, a := range f.takes {
		args = append(args, examples[a])
	}
	return f.name + "(" + strings.Join(args, ", ") + ")"
}

// kindOf is one of CEL's types in plain words.
func kindOf(celType string) string {
	switch {
	case celType == "int", celType == "uint", celType == "double":
		return "a number"
	case celType == "string":
		return "a text"
	case celType == "bool":
		return "true or false"
	case strings.HasPrefix(celType, "list"):
		return "a list"
	case strings.HasPrefix(celType, "map"):
		return "an object"
	}
	return celType
}
