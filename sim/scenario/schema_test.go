package scenario

import (
	"encoding/json"
	"io/fs"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"minisim/internal/source"
	"minisim/scenarios"
)

const schemaFile = "../../docs/schema/x-minisim.schema.json"

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	js, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(js)))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(value)
}

// keysRead gives the keys of each mapping that the decoder looks for in a file without faults.
func keysRead(t *testing.T, text []byte) map[string][]string {
	t.Helper()
	file, err := source.Parse("everything.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	read := map[string][]string{}
	d := &decoder{file: file, met: func(what string, keys []string) { read[what] = keys }}
	if _, err := d.load("everything", Options{}); err != nil {
		t.Fatal(err)
	}
	if len(d.warnings) > 0 {
		t.Error(d.warnings)
	}
	return read
}

// TestSchemaKnowsTheKeysOfTheDecoder compares, mapping by mapping, what the
// decoder reads with what the schema describes. A mapping of the schema has the
// decoder's name for it as its title.
func TestSchemaKnowsTheKeysOfTheDecoder(t *testing.T) {
	text, err := os.ReadFile("testdata/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	read := keysRead(t, text)
	var schema struct {
		Defs map[string]struct {
			Title      string
			Properties map[string]any
		} `json:"$defs"`
	}
	raw, err := os.ReadFile(schemaFile)
	if err == nil {
		err = json.Unmarshal(raw, &schema)
	}
	if err != nil {
		t.Fatal(err)
	}
	described := map[string][]string{}
	for _, def := range schema.Defs {
		if def.Title == "" {
			continue
		}
		keys := []string{}
		for key := range def.Properties {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		described[def.Title] = keys
	}
	for what, keys := range read {
		if !slices.Equal(keys, described[what]) {
			t.Errorf("%s: the decoder reads %v, the schema has %v", what, keys, described[what])
		}
	}
	for what, keys := range described {
		if read[what] == nil {
			t.Errorf("the schema describes %s with %v, which the decoder did not read", what, keys)
		}
	}
	if err := validate(t, compileSchema(t), text); err != nil {
		t.Error(err)
	}
}

func TestBuiltInScenariosFollowTheSchema(t *testing.T) {
	s := compileSchema(t)
	names, err := fs.Glob(scenarios.Files, "*.yaml")
	if err != nil || len(names) < 10 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		text, err := scenarios.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, s, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSchemaRefusesWhatTheDecoderRefuses tries mistakes that a schema can see.
func TestSchemaRefusesWhatTheDecoderRefuses(t *testing.T) {
	s := compileSchema(t)
	for _, block := range []string{
		"[]", "{timelin: []}", "{seed: -1}", "{seed: a}", "{until: 60}", "{until: soon}", "{about: []}", "{cluster: 3}", "{cluster: {masters: 0}}",
		"{cluster: {workers: -1}}", "{cluster: {workers: 5001}}", "{cluster: {workers: {}}}", "{cluster: {workers: [{cpus: 1}]}}", "{cluster: {workers: [{cpu: 0}]}}",
		"{cluster: {workers: [{memory: lots}]}}", "{cluster: {workers: [{name: A_b}]}}", "{cluster: {workers: [{taints: ['a=b']}]}}", "{cluster: {images: {a: {missing: 1}}}}",
		"{cluster: {network: {latency: [1s]}}}", "{scheduler: []}", "{services: {web: 5}}", "{services: {web: {exits: true}}}", "{services: {web: {exits: {code: 256}}}}",
		"{timeline: {}}", "{timeline: [{say: x}]}", "{timeline: [{at: 1s, within: 3s}]}", "{timeline: [{at: 1s, times: 3}]}", "{timeline: [{at: 1s, do: {}}]}",
		"{timeline: [{at: 1s, ask: {question: q}}]}", "{timeline: [{at: 1s, ask: {question: q, answer: a, points: -1}}]}", "{finally: [{because: x}]}", "{finally: x}",
	} {
		text := webService + "x-minisim: " + block + "\n"
		if _, err := loadText(t, text); err == nil {
			t.Errorf("the decoder takes %s", block)
		}
		if err := validate(t, s, []byte(text)); err == nil {
			t.Errorf("the schema takes %s", block)
		}
	}
}
