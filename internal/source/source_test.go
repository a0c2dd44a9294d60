package source

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// message is what a user sees, with the folder that the test made taken out.
func message(err error, dir string) string {
	if err == nil {
		return ""
	}
	return strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
}

func TestParseFaults(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n" +
		"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
	for _, c := range []struct{ name, data, want string }{
		{"empty", "", "f.yaml: the file is empty"},
		{"only comments", "# nothing\n\n", "f.yaml: the file is empty"},
		{"only a document start", "---\n", "f.yaml: the file is empty"},
		{"list", "- a\n- b\n", "f.yaml:1:1: the top level of the file must be a mapping, not a list; begin with services:"},
		{"text", "\n  hello\n", "f.yaml:2:3: the top level of the file must be a mapping, not a single value; begin with services:"},
		{"latin-1", "a: 1\nb: caf\xe9\n", "f.yaml:2:7: the file is not UTF-8 text; save it as UTF-8"},
		{"utf-16", "\xff\xfea\x00:\x00", "f.yaml:1:1: the file is not UTF-8 text; save it as UTF-8"},
		{"control character", "a: \x01\n", "f.yaml:1:4: broken YAML: control characters are not allowed"},
		{"two documents", "a: 1\n---\nb: 2\n", "f.yaml:3:1: a second YAML document begins here; keep one document in a file"},
		{"broken second document", "a: 1\n---\nb: *x\n", "f.yaml:3:5: broken YAML: unknown anchor 'x' referenced; define the anchor with & before it is used"},
		{"indentation", "a: b\n c: d\n", "f.yaml:2:3: broken YAML: mapping values are not allowed in this context; check the indentation, and quote text that has a colon in it"},
		{"dedent", "a:\n  web:\n    image: x\n   ports: 1\n", "f.yaml:4:4: broken YAML: did not find expected key; check the indentation"},
		{"tab", "a:\n\t- b\n", "f.yaml:2:1: broken YAML: found character that cannot start any token; indent with spaces, not tabs, and quote text that begins with a special character"},
		{"open bracket", "a: [1,2\nb: 3\n", "f.yaml:2:2: broken YAML: did not find expected ',' or ']'; a bracket or brace before this is not closed"},
		{"open quote", "a: 1\nb: \"x\nc: 1\n", "f.yaml:2:4: broken YAML: found unexpected end of stream; the quote that begins here is not closed"},
		{"duplicate key", "a: 1\nb:\n  c: 1\n  c: 2\n", "f.yaml:4:3: the key \"c\" stands twice, first at f.yaml:3:3; keep one of them"},
		{"two duplicates", "a: 1\na: 2\nb: {c: 1, c: 2}\n", "f.yaml:2:1: the key \"a\" stands twice, first at f.yaml:1:1; keep one of them\n" +
			"f.yaml:3:11: the key \"c\" stands twice, first at f.yaml:3:5; keep one of them"},
		{"a duplicate behind an anchor is told once", "a: &x {c: 1, c: 2}\nb: *x\nd: *x\n", "f.yaml:1:14: the key \"c\" stands twice, first at f.yaml:1:8; keep one of them"},
		{"key is a list", "? [a, b]\n: 1\n", "f.yaml:1:3: a key must be a single value, not a list"},
		{"bomb", bomb, "f.yaml:5:20: aliases expand to more than 50000 values (a YAML bomb?)"},
		{"alias in itself", "a: &x\n  b: *x\n", "f.yaml:2:6: the alias *x is inside the value that it stands for"},
		{"too deep", "a: " + strings.Repeat("[", 300) + strings.Repeat("]", 300), "f.yaml:1:204: the file is nested more than 200 levels deep"},
		{"too large", "a: " + strings.Repeat("x", MaxBytes), "f.yaml: the file is larger than 5 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Parse("f.yaml", []byte(c.data))
			var faults Diagnostics
			if f != nil || !errors.As(err, &faults) {
				t.Fatalf("got %v, %v, want Diagnostics", f, err)
			}
			got := err.Error()
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestParseAccepts(t *testing.T) {
	for name, data := range map[string]string{
		"byte order mark":        "\xef\xbb\xbfa: 1\n",
		"windows line ends":      "a: 1\r\nb: 2\r\n",
		"empty second document":  "a: 1\n---\n",
		"shared anchor":          "x: &x {a: 1}\ny: *x\nz: {<<: *x, b: 2}\n",
		"same key, other places": "a: {c: 1}\nb: {c: 1}\n",
	} {
		if f, err := Parse("f.yaml", []byte(data)); err != nil || f.Root == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoadFaults(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct{ path, want string }{
		{filepath.Join(dir, "none.yaml"), "none.yaml: no such file"},
		{dir, dir + ": this is a directory; name the compose file in it"},
		{filepath.Join(write("plain", []byte("x")), "below"), "plain/below: cannot read the file: not a directory"},
		{write("empty.yaml", nil), "empty.yaml: the file is empty"},
		{write("ten.yaml", bytes.Repeat([]byte("#123456789"), 1<<20)), "ten.yaml: the file is larger than 5 MiB"},
	} {
		f, err := Load(c.path)
		if f != nil || message(err, dir) != c.want {
			t.Errorf("got  %s\nwant %s", message(err, dir), c.want)
		}
	}
	if f, err := Load(write("good.yaml", []byte("a: 1\n"))); err != nil || string(f.Data) != "a: 1\n" {
		t.Errorf("good file: %v", err)
	}
}

const sample = `services:
  web: &web
    image: nginx
    ports:
      - "80"
      - target: 81
  api:
    <<: *web
    image: api
  old:
    <<: [{tty: true}, *web]
`

func TestAt(t *testing.T) {
	f, err := Parse("f.yaml", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{"services", "f.yaml:1:1"},
		{"services/web", "f.yaml:2:3"},
		{"services/web/image", "f.yaml:3:5"},
		{"services/web/ports/0", "f.yaml:5:9"},
		{"services/web/ports/1/target", "f.yaml:6:9"},
		{"services/web/ports/7", "f.yaml:4:5"},
		{"services/api/image", "f.yaml:9:5"},
		{"services/api/ports/0", "f.yaml:5:9"},
		{"services/old/tty", "f.yaml:11:11"},
		{"services/old/image", "f.yaml:3:5"},
		{"services/none/image", "f.yaml:1:1"},
		{"volumes/x", "f.yaml:1:1"},
	} {
		if got := f.At(strings.Split(c.path, "/")...).String(); got != c.want {
			t.Errorf("At(%s) = %s, want %s", c.path, got, c.want)
		}
	}
}

func TestSuggest(t *testing.T) {
	keys := []string{"image", "ports", "environment", "env_file", "volumes", "volumes_from", "depends_on", "restart", "command", "build"}
	for word, want := range map[string]string{
		"imgae": "image", "port": "ports", "enviroment": "environment", "dependsOn": "depends_on", "depends-on": "depends_on",
		"volume": "volumes", "Restart": "restart", "cmd": "", "xyzzy": "", "comand": "command", "environ": "environment", "": "", "image": "",
	} {
		if got := Suggest(word, keys); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", word, got, want)
		}
	}
	if got := DidYouMean("imgae", keys); got != `did you mean "image"?` {
		t.Error(got)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{sample, "a: &x\n  b: *x\n", "a: [", "\xff", "? [a]\n: b", "a: !!binary x\n", "<<: {a: 1}\n<<: *x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("f.yaml", data)
		var faults Diagnostics
		switch {
		case err == nil:
			file.At("a", "0", "b")
		case !errors.As(err, &faults) || len(faults) == 0:
			t.Fatalf("not a Diagnostics: %v", err)
		case !strings.HasPrefix(faults[0].Error(), "f.yaml"):
			t.Fatalf("no place: %v", faults)
		}
	})
}
