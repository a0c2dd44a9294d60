package compose

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/schema"
	"sigs.k8s.io/yaml"

	"minisim/internal/source"
)

// TestEveryAttributeHasARule proves for every attribute of the Compose Specification that a key which uses it is told
// of: it has a rule, or one above it holds for all that is below.
func TestEveryAttributeHasARule(t *testing.T) {
	paths := schema.AttributePaths()
	if len(paths) < 700 {
		t.Fatalf("only %d attributes: the schema is not what it was", len(paths))
	}
	known := map[string]bool{}
	for _, p := range paths {
		known[string(p)] = true
		if !hasRule(string(p)) && !onlyGroups(string(p)) {
			t.Errorf("%s has no rule", p)
		}
	}
	for attribute := range rules {
		if !known[strings.TrimSuffix(attribute, "/")] {
			t.Errorf("%s has a rule, but is no attribute of the specification", attribute)
		}
	}
}

func hasRule(attribute string) bool {
	if _, _, ok := ruleFor(attribute); ok {
		return true
	}
	for at := attribute; ; {
		i := strings.LastIndex(at, ".")
		if i < 0 {
			return false
		}
		at = at[:i]
		if _, deep, ok := ruleFor(at); ok && deep {
			return true
		}
	}
}

// onlyGroups tells whether an attribute is a name that the author chooses, for a group of attributes with rules.
func onlyGroups(attribute string) bool {
	at := specification()
	for _, part := range strings.Split(attribute, ".") {
		at = at.below[part]
	}
	return len(at.below) > 0 && (strings.HasSuffix(attribute, ".*") || strings.HasSuffix(attribute, ".[]"))
}

// sample is a line of testdata/attributes.yaml.
type sample struct {
	From, To, File map[string]any
	Same           string
}

// TestRulesTellTheTruth uses every attribute that has a rule in a file, and proves that a note is about it, that the
// objects are valid, and that they are others than without it where the rule says so.
func TestRulesTellTheTruth(t *testing.T) {
	data, err := os.ReadFile("testdata/attributes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Common        map[string]any
		File, Service map[string]sample
	}
	if err := yaml.UnmarshalStrict(data, &table); err != nil {
		t.Fatal(err)
	}
	samples := map[string]sample{}
	for attribute, s := range table.File {
		samples[attribute] = s
	}
	for attribute, s := range table.Service {
		s.From, s.To = inWeb(s.From), inWeb(s.To)
		samples["services.*."+attribute] = s
	}
	for attribute := range rules {
		attribute = strings.TrimSuffix(attribute, "/")
		if strings.HasPrefix(attribute, "services.*.pre_start.[].") {
			continue // see TestHookRules
		}
		t.Run(attribute, func(t *testing.T) {
			s, ok := samples[attribute]
			if !ok {
				t.Fatal("there is no sample for it in testdata/attributes.yaml")
			}
			from := merged(table.Common, s.File, s.From)
			to := merged(from, s.To)
			if strings.HasPrefix(attribute, "services.*.") {
				to = merged(table.Common, s.File, s.To)
			}
			before, after := translateValues(t, from), translateValues(t, to)
			if !slices.ContainsFunc(after.Notes, func(n Note) bool { return isAbout(n.Path, attribute) }) {
				t.Errorf("no note is about it:\n%s", notesText(after.Notes))
			}
			r, _, _ := ruleFor(attribute)
			same := objectsText(t, before) == objectsText(t, after)
			switch {
			case r.level != Lost && same && s.Same == "":
				t.Errorf("the rule says %q, but no object is another one", r.kubernetes)
			case !same && s.Same != "":
				t.Errorf("%q, but the objects differ", s.Same)
			}
		})
	}
	for attribute := range samples {
		if _, _, ok := ruleFor(attribute); !ok {
			t.Errorf("there is a sample for %s, but no rule", attribute)
		}
	}
}

// TestHookRules does the same for pre_start hooks.
func TestHookRules(t *testing.T) {
	before := translateText(t, "services: {web: {image: web, pre_start: [{image: a, command: b}]}}")
	for _, kept := range []string{"entrypoint: c", "working_dir: /w", "environment: {A: b}", "env_file: a.env", "user: '1'", "privileged: true",
		"read_only: true", "cap_add: [KILL]", "cap_drop: [KILL]", "security_opt: [no-new-privileges]", "pull_policy: always"} {
		after := translateText(t, "services: {web: {image: web, pre_start: [{image: a, command: b, "+kept+"}]}}")
		if objectsText(t, before) == objectsText(t, after) {
			t.Errorf("%s of a hook changes no object", kept)
		}
	}
	after := translateText(t, "services: {web: {image: web, pre_start: [{image: a, command: b, mem_limit: 64m, per_replica: true}]}}")
	for _, want := range []string{"services.web.pre_start[0].mem_limit", "services.web.pre_start[0].per_replica"} {
		if !slices.ContainsFunc(after.Notes, func(n Note) bool { return n.Path == want && n.Level != Kept }) {
			t.Errorf("no note on %s", want)
		}
	}
}

// TestUnknownAttributeIsLost proves that the report fails closed.
func TestUnknownAttributeIsLost(t *testing.T) {
	saved := rules["services.*.image"]
	delete(rules, "services.*.image")
	defer func() { rules["services.*.image"] = saved }()
	result := translateText(t, "services: {web: {image: web}}")
	if !slices.ContainsFunc(result.Notes, func(n Note) bool { return n.Path == "services.web.image" && n.Level == Lost }) {
		t.Errorf("a key without a rule was not reported as lost:\n%s", notesText(result.Notes))
	}
}

// isAbout tells whether the path of a note is that of an attribute or below it.
func isAbout(path, attribute string) bool {
	parts := strings.FieldsFunc(strings.NewReplacer("[", ".", "]", "").Replace(path), func(r rune) bool { return r == '.' })
	want := strings.Split(attribute, ".")
	if len(parts) < len(want) {
		return false
	}
	for i, part := range want {
		if part != "*" && part != "[]" && part != parts[i] {
			return false
		}
	}
	return true
}

func inWeb(body map[string]any) map[string]any {
	if body == nil {
		return nil
	}
	return map[string]any{"services": map[string]any{"web": body}}
}

// merged lays mappings over each other; null takes a key away.
func merged(layers ...map[string]any) map[string]any {
	all := map[string]any{}
	for _, layer := range layers {
		for key, value := range layer {
			below, isMapping := value.(map[string]any)
			above, wasMapping := all[key].(map[string]any)
			switch {
			case value == nil:
				delete(all, key)
			case isMapping && wasMapping:
				all[key] = merged(above, below)
			case isMapping:
				all[key] = merged(below)
			default:
				all[key] = value
			}
		}
	}
	return all
}

func translateValues(t *testing.T, values map[string]any) *Result {
	t.Helper()
	data, err := yaml.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return translateText(t, string(data))
}

// translateText translates a file in testdata/project and checks the objects.
func translateText(t *testing.T, text string) *Result {
	t.Helper()
	result, err := translateIn("testdata/project", text)
	if err != nil {
		t.Fatalf("%v\nin:\n%s", err, text)
	}
	for _, fault := range invalid(result.Objects) {
		t.Errorf("%s\nin:\n%s", fault, text)
	}
	return result
}

func translateIn(dir, text string) (*Result, error) {
	file, err := source.Parse("compose.yaml", []byte(text))
	if err != nil {
		return nil, err
	}
	return Translate(Options{File: file, Dir: dir, Env: map[string]string{"HOME": "/home/me"}})
}

func objectsText(t *testing.T, r *Result) string {
	t.Helper()
	var text strings.Builder
	for _, o := range r.Objects {
		data, err := yaml.Marshal(o.Resource)
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString("---\n")
		text.Write(data)
	}
	return text.String()
}

func notesText(notes []Note) string {
	var text strings.Builder
	for _, n := range notes {
		text.WriteString(n.Level.String() + " " + n.String() + "\n")
	}
	return text.String()
}
