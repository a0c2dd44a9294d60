package compose

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"minisim/internal/source"
)

// oddities are values that somebody could write anywhere by mistake.
var oddities = []any{
	nil, "", " ", "a b", "a", "x1", "/", "/a", "./a", "..", "a:b", "a:/b", "/a:/b:ro", ":", "::", "80", "80:80", "1-3:1-3", "70000", "0", "-1", "1e9", "1.5",
	"99999999999999999999", "${X}", "${X:?no}", "$$", "$", "true", "no", "service:web", "container:x", "10s", "-10s", "9000h", "64m", "node.role==manager",
	"node.labels.a b==c d", "ÄÖ", strings.Repeat("long", 30), "a_b.c-d", "A=b", "=b", "\x00", "~", "~/a", `C:\a`, "http://a", "*", "99999h",
	0, -1, 1, 65536, 1 << 40, 1.5, -0.5, true, false, []any{}, []any{nil}, []any{"a", "a"}, []any{1, 2}, map[string]any{}, map[string]any{"a": nil},
	map[string]any{"x-a": 1}, map[string]any{"source": "x1", "target": "/t"}, map[string]any{"context": "app"}, map[string]any{"test": []any{"CMD", "a"}},
}

// TestMangledFiles replaces parts of good files by odd values. Nothing may panic or look like a crash, every fault must
// have a place, the same file must give the same answer, and what is translated all the same must be valid.
func TestMangledFiles(t *testing.T) {
	var good []map[string]any
	paths, err := filepath.Glob("testdata/golden/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, "testdata/attributes.yaml") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var values map[string]any
		if err := yaml.Unmarshal(data, &values); err != nil {
			continue // a file with a mapping for a value twice is a fault, and no file to mangle
		}
		if table, ok := values["service"].(map[string]any); ok { // all samples of attributes in one service each
			services := map[string]any{}
			for name, line := range table {
				body := merged(map[string]any{"image": "a"}, line.(map[string]any)["to"].(map[string]any))
				services[strings.NewReplacer(".[]", "", ".*", "").Replace(name)] = body
			}
			services["x1"], services["data"] = map[string]any{"image": "a"}, map[string]any{"image": "a"}
			values = merged(values["common"].(map[string]any), map[string]any{"services": services})
		}
		good = append(good, values)
	}
	rapid.Check(t, func(t *rapid.T) {
		values := copied(rapid.SampledFrom(good).Draw(t, "file")).(map[string]any)
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			mangle(t, values)
		}
		data, err := yaml.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		r, err := translateIn("testdata/project", string(data))
		_, again := translateIn("testdata/project", string(data))
		var faults source.Diagnostics
		switch {
		case err == nil:
			for _, fault := range invalid(r.Objects) {
				t.Errorf("%s\nin\n%s", fault, data)
			}
		case !errors.As(err, &faults) || len(faults) == 0 || faults[0].Pos.File == "" || strings.Contains(err.Error(), "cannot be read as a compose file"):
			t.Errorf("%v\nin\n%s", err, data)
		case again == nil || again.Error() != err.Error():
			t.Errorf("first %v\nthen  %v", err, again)
		}
	})
}

// mangle replaces one value somewhere below a mapping.
func mangle(t *rapid.T, m map[string]any) {
	keys := slices.Sorted(maps.Keys(m))
	if len(keys) == 0 {
		return
	}
	key := rapid.SampledFrom(keys).Draw(t, "key")
	if below, ok := m[key].(map[string]any); ok && len(below) > 0 && rapid.IntRange(0, 9).Draw(t, "down") > 0 {
		mangle(t, below)
		return
	}
	if items, ok := m[key].([]any); ok && len(items) > 0 && rapid.Bool().Draw(t, "into") {
		i := rapid.IntRange(0, len(items)-1).Draw(t, "item")
		if below, ok := items[i].(map[string]any); ok && rapid.Bool().Draw(t, "below") {
			mangle(t, below)
		} else {
			items[i] = copied(rapid.SampledFrom(oddities).Draw(t, "value"))
		}
		return
	}
	m[key] = copied(rapid.SampledFrom(oddities).Draw(t, "value"))
}

func copied(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for key, item := range v {
			m[key] = copied(item)
		}
		return m
	case []any:
		l := make([]any, 0, len(v))
		for _, item := range v {
			l = append(l, copied(item))
		}
		return l
	}
	return v
}
