package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"

	"minisim/sim/apiserver/rest/openapi"
)

// addEnums completes the schemas by the values that a field may have. The
// published documents leave them out, a running API server tells them; they stand
// in the source that it is made from.
func addEnums(p openapi.Pack, module string) error {
	file := filepath.Join(module, "pkg", "generated", "openapi", "zz_generated.openapi.go")
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		rest, ok := strings.CutPrefix(fn.Name.Name, "schema_k8sio_api_")
		if !ok {
			continue
		}
		name := "io.k8s.api." + strings.ReplaceAll(rest, "_", ".")
		raw, ok := p.Schemas[name]
		if !ok {
			continue
		}
		if p.Schemas[name], err = withEnums(raw, enumsIn(fn)); err != nil {
			return err
		}
	}
	return nil
}

// field is what the source says of a field with an enum.
type field struct {
	description string
	values      []string
}

// enumsIn finds the fields that have an enum in the function that makes a schema.
func enumsIn(fn *ast.FuncDecl) map[string]field {
	found := map[string]field{}
	ast.Inspect(fn, func(n ast.Node) bool {
		kv, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		name, ok := text(kv.Key)
		if !ok {
			return true
		}
		if f, ok := fieldOf(kv.Value); ok {
			found[name] = f
		}
		return true
	})
	return found
}

// fieldOf reads {SchemaProps: spec.SchemaProps{Description: …, Enum: …}}.
func fieldOf(e ast.Expr) (field, bool) {
	props, ok := member(e, "SchemaProps").(*ast.CompositeLit)
	if !ok {
		return field{}, false
	}
	values, ok := member(props, "Enum").(*ast.CompositeLit)
	if !ok {
		return field{}, false
	}
	var f field
	f.description, _ = text(member(props, "Description"))
	for _, v := range values.Elts {
		s, ok := text(v)
		if !ok {
			return field{}, false
		}
		f.values = append(f.values, s)
	}
	return f, true
}

// member is the value of a field in a composite literal, nil if it has none.
func member(e ast.Expr, name string) ast.Expr {
	c, ok := e.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	for _, x := range c.Elts {
		if kv, ok := x.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok && key.Name == name {
				return kv.Value
			}
		}
	}
	return nil
}

func text(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

func withEnums(raw json.RawMessage, enums map[string]field) (json.RawMessage, error) {
	if len(enums) == 0 {
		return raw, nil
	}
	var schema map[string]any
	if err := json.Unmarshal(raw, &schema); err != nil {
		return nil, err
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, f := range enums {
		if p, ok := properties[name].(map[string]any); ok {
			p["enum"] = f.values
			if f.description != "" {
				p["description"] = f.description
			}
		}
	}
	return json.Marshal(schema)
}
