// Package tidy holds the house rules that a machine can check: who may import
// whom, and what the deterministic core must not contain. The rules are applied
// by its test.
package tidy

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// module is the module's own import path.
const module = "minisim/"

// rooms says which rooms of the house (folders below sim/) each room may import.
// Every room may import itself, the standard library and k8s.io's and other
// libraries, but for what `owners` restricts.
var rooms = map[string][]string{
	"engine":     {},
	"trace":      {"engine"},
	"api":        {},
	"world":      {"engine"},
	"etcdstore":  {"api"},
	"component":  {"api", "engine", "trace"},
	"network":    {"api", "component", "engine", "trace"},
	"metrics":    {"api", "component", "engine", "trace", "world"},
	"apiserver":  {"api", "engine", "etcdstore", "trace"},
	"scheduler":  {"api", "component", "engine", "trace"},
	"controller": {"api", "component", "engine", "trace", "world"},
	"kubelet":    {"api", "component", "engine", "network", "trace", "world"},
	"compose":    {},
	"cluster":    {"api", "apiserver", "component", "controller", "engine", "etcdstore", "kubelet", "metrics", "network", "scheduler", "trace", "world"},
	"scenario":   {"api", "cluster", "compose", "engine", "trace", "world"},
	"session":    {"api", "cluster", "engine", "scenario", "trace", "world"},
	"simulate":   {"api", "apiserver", "cluster", "component", "engine", "etcdstore", "trace"},
}

// shared is what every room may import from outside of sim/.
var shared = []string{module + "internal/fields", module + "internal/source"}

// owners are libraries that one room keeps to itself.
var owners = map[string]string{
	"go.etcd.io/":                       "etcdstore",
	"github.com/compose-spec/":          "compose",
	"github.com/google/cel-go/":         "scenario",
	"k8s.io/kubernetes/":                "nobody",
	"k8s.io/client-go/tools/":           "nobody",
	"sigs.k8s.io/controller-runtime/":   "nobody",
	"github.com/spf13/cobra":            "nobody",
	"charm.land/":                       "nobody",
	"github.com/santhosh-tekuri/jsonsc": "compose",
}

// outsideTheCore are rooms that may use goroutines and the wall clock.
var outsideTheCore = []string{"etcdstore", "apiserver/rest"}

// forbidden are functions that the core must not call: they make a run depend on more than its seed.
var forbidden = map[string][]string{
	"time":                              {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "LoadLocation"},
	"math/rand":                         nil, // nothing of it
	"math/rand/v2":                      nil,
	"crypto/rand":                       nil,
	"os":                                {"Getenv", "Environ", "LookupEnv", "Getpid", "Hostname"},
	"github.com/google/uuid":            nil,
	"k8s.io/apimachinery/pkg/util/uuid": nil,
	"k8s.io/apimachinery/pkg/util/wait": nil,
}

// alsoForbidden narrows a package that is needed otherwise to some functions: of metav1 only Now is meant.
var alsoForbidden = map[string][]string{
	"k8s.io/apimachinery/pkg/apis/meta/v1": {"Now", "NowMicro"},
	"k8s.io/apimachinery/pkg/util/rand":    {"Int", "Intn", "IntnRange", "Int63nRange", "Perm", "String", "Seed"},
}

// Check applies the rules to all Go files (tests apart) below root/sim, and
// gives a line for each breach, sorted.
func Check(root string) ([]string, error) {
	var breaches []string
	err := filepath.WalkDir(filepath.Join(root, "sim"), func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		found, err := checkFile(filepath.ToSlash(rel), file)
		breaches = append(breaches, found...)
		return err
	})
	slices.Sort(breaches)
	return breaches, err
}

func checkFile(rel, file string) ([]string, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	c := &checker{fset: fset, rel: rel, dir: strings.TrimPrefix(path.Dir(rel), "sim/"), imports: map[string]string{}}
	c.room, _, _ = strings.Cut(c.dir, "/")
	c.core = true
	for _, out := range outsideTheCore {
		if c.dir == out || strings.HasPrefix(c.dir, out+"/") {
			c.core = false
		}
	}
	for _, spec := range f.Imports {
		c.importSpec(spec)
	}
	ast.Inspect(f, c.visit)
	return c.breaches, nil
}

type checker struct {
	fset      *token.FileSet
	rel       string
	dir, room string
	core      bool
	imports   map[string]string // local name → path
	breaches  []string
}

func (c *checker) breach(at token.Pos, format string, args ...any) {
	c.breaches = append(c.breaches, fmt.Sprintf("%s:%d: %s", c.rel, c.fset.Position(at).Line, fmt.Sprintf(format, args...)))
}

func (c *checker) importSpec(spec *ast.ImportSpec) {
	p, _ := strconv.Unquote(spec.Path.Value)
	name := path.Base(p)
	if spec.Name != nil {
		name = spec.Name.Name
	}
	c.imports[name] = p
	allowed, known := rooms[c.room]
	if !known {
		c.breach(spec.Pos(), "room %s is not in the plan of the house", c.room)
		return
	}
	if name == "." {
		c.breach(spec.Pos(), "no dot imports: what is called could not be seen")
	}
	if strings.HasPrefix(p, module) && !strings.HasPrefix(p, module+"sim/") && !slices.Contains(shared, p) {
		c.breach(spec.Pos(), "%s must not import %s", c.room, p)
	}
	if rest, ok := strings.CutPrefix(p, module+"sim/"); ok {
		other, _, _ := strings.Cut(rest, "/")
		if other != c.room && !slices.Contains(allowed, other) {
			c.breach(spec.Pos(), "%s must not import %s", c.room, other)
		}
	}
	for prefix, owner := range owners {
		if strings.HasPrefix(p, prefix) && owner != c.room {
			c.breach(spec.Pos(), "%s must not import %s (only %s may)", c.room, p, owner)
		}
	}
	if names, bad := forbidden[p]; c.core && bad && names == nil {
		c.breach(spec.Pos(), "the core must not import %s", p)
	}
}

func (c *checker) visit(n ast.Node) bool {
	if !c.core {
		return true
	}
	switch n := n.(type) {
	case *ast.GoStmt:
		c.breach(n.Pos(), "the core must not start a goroutine")
	case *ast.SelectStmt:
		c.breach(n.Pos(), "the core must not select")
	case *ast.FuncDecl:
		if n.Name.Name == "init" && n.Recv == nil {
			c.breach(n.Pos(), "no init functions")
		}
	case *ast.SelectorExpr:
		x, ok := n.X.(*ast.Ident)
		if !ok {
			return true
		}
		p := c.imports[x.Name]
		if slices.Contains(forbidden[p], n.Sel.Name) || slices.Contains(alsoForbidden[p], n.Sel.Name) {
			c.breach(n.Pos(), "the core must not call %s.%s", x.Name, n.Sel.Name)
		}
	}
	return true
}
