// Command pack gathers the schemas that Kubernetes publishes into one small file.
// It is given the folder of the module k8s.io/kubernetes; see go:generate in
// package openapi.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"minisim/sim/apiserver/rest/openapi"
)

// wanted are the documents of groups in versions that are stable.
var wanted = regexp.MustCompile(`^(api|apis__(apps|authentication\.k8s\.io|authorization\.k8s\.io|autoscaling|batch|coordination\.k8s\.io|discovery\.k8s\.io|events\.k8s\.io|networking\.k8s\.io|node\.k8s\.io|policy|rbac\.authorization\.k8s\.io|scheduling\.k8s\.io|storage\.k8s\.io|apiextensions\.k8s\.io))__v[12]_openapi\.json$`)

func main() {
	if err := pack(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func pack(module string) error {
	dir := filepath.Join(module, "api", "openapi-spec", "v3")
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	p := openapi.Pack{Schemas: map[string]json.RawMessage{}, Versions: map[string][]string{}}
	for _, f := range files {
		if !wanted.MatchString(f.Name()) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return err
		}
		var d struct {
			Components struct{ Schemas map[string]json.RawMessage }
		}
		if err := json.Unmarshal(data, &d); err != nil {
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
		version := strings.ReplaceAll(strings.TrimSuffix(f.Name(), "_openapi.json"), "__", "/")
		for name, schema := range d.Components.Schemas {
			var small bytes.Buffer
			if err := json.Compact(&small, schema); err != nil {
				return err
			}
			p.Schemas[name] = bytes.Clone(small.Bytes())
			p.Versions[version] = append(p.Versions[version], name)
		}
		slices.Sort(p.Versions[version])
	}
	if err := addEnums(p, module); err != nil {
		return err
	}
	return write(p)
}

func write(p openapi.Pack) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(data); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile("schemas.json.gz", out.Bytes(), 0o644)
}
