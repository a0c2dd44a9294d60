// Package openapi has the schemas of Kubernetes' own kinds and makes the OpenAPI
// documents of them that clients ask an API server for, those of v3 and, out of
// these, the one of v2: kubectl explain reads the schemas, kubectl apply finds
// there how lists are merged and that the server validates fields.
//
// The schemas are those that Kubernetes v1.36.3 publishes (api/openapi-spec/v3,
// under the Apache License 2.0), packed by the program in the folder pack. Which
// ways there are follows from what the server serves.
package openapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed" // for the packed schemas
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

//go:generate sh -c "go run ./pack $(go mod download -json k8s.io/kubernetes@v1.36.3 | sed -n 's/.*\"Dir\": \"\\(.*\\)\".*/\\1/p')"

//go:embed schemas.json.gz
var packed []byte

// Pack is the form of the packed schemas.
type Pack struct {
	Schemas  map[string]json.RawMessage `json:"schemas"`
	Versions map[string][]string        `json:"versions"` // "apis/apps/v1" → the schemas in its document
}

// Way is one resource as a document describes it.
type Way struct {
	Resource   string
	Kind       schema.GroupVersionKind
	Namespaced bool
}

// Document is one group version's document.
type Document struct {
	Path string // "apis/apps/v1"
	JSON []byte
	Hash string // of JSON, which clients put into the URL to know a new one by
}

// Documents makes the documents of all group versions in which there is something to describe, sorted by path.
func (p Pack) Documents(ways []Way) ([]Document, error) {
	byPath := map[string][]Way{}
	for _, w := range ways {
		path := pathOf(w.Kind.GroupVersion())
		byPath[path] = append(byPath[path], w)
	}
	var out []Document
	for path, ways := range byPath {
		schemas := map[string]json.RawMessage{}
		for _, name := range p.Versions[path] {
			schemas[name] = p.Schemas[name]
		}
		d, err := describe(path, ways, schemas)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Document) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// metadata are the schemas that those of custom resources refer to.
const metadata = "io.k8s.apimachinery.pkg.apis.meta.v1."

// Custom makes the document of a group version of custom resources, whose schemas are given by name.
func (p Pack) Custom(gv schema.GroupVersion, ways []Way, schemas map[string]json.RawMessage) (Document, error) {
	all := maps.Clone(schemas)
	for name, s := range p.Schemas {
		if strings.HasPrefix(name, metadata) {
			all[name] = s
		}
	}
	return describe(pathOf(gv), ways, all)
}

// Unpack gives the schemas of Kubernetes' own kinds.
func Unpack() (Pack, error) {
	var p Pack
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err == nil {
		err = json.NewDecoder(z).Decode(&p)
	}
	if err != nil {
		return p, fmt.Errorf("unpack the schemas: %w", err)
	}
	return p, nil
}

// pathOf is "api/v1" or "apis/GROUP/VERSION".
func pathOf(gv schema.GroupVersion) string {
	if gv.Group == "" {
		return "api/" + gv.Version
	}
	return "apis/" + gv.Group + "/" + gv.Version
}

// What every document says of itself, and where those of v3 keep their schemas.
const (
	title        = "Kubernetes"
	version      = "v1.36.3"
	schemaPrefix = "#/components/schemas/"
)

// The parts of an OpenAPI v3 document, as far as they are used.
type (
	document struct {
		OpenAPI    string                          `json:"openapi"`
		Info       map[string]string               `json:"info"`
		Paths      map[string]map[string]operation `json:"paths"`
		Components map[string]any                  `json:"components"`
	}
	operation struct {
		ID          string                    `json:"operationId"`
		Action      string                    `json:"x-kubernetes-action"`
		Kind        schemaKind                `json:"x-kubernetes-group-version-kind"`
		Parameters  []parameter               `json:"parameters,omitempty"`
		RequestBody *map[string]any           `json:"requestBody,omitempty"`
		Responses   map[string]map[string]any `json:"responses"`
	}
	schemaKind struct {
		Group   string `json:"group"`
		Version string `json:"version"`
		Kind    string `json:"kind"`
	}
	parameter struct {
		Name     string            `json:"name"`
		In       string            `json:"in"`
		Required bool              `json:"required,omitempty"`
		Schema   map[string]string `json:"schema"`
	}
)

func describe(path string, ways []Way, schemas map[string]json.RawMessage) (Document, error) {
	d := document{
		OpenAPI: "3.0.0", Info: map[string]string{"title": title, "version": version},
		Paths: map[string]map[string]operation{},
	}
	kinds := kindsOf(schemas)
	d.Components = map[string]any{"schemas": schemas}
	for _, w := range ways {
		name := kinds[schemaKind{w.Kind.Group, w.Kind.Version, w.Kind.Kind}]
		if name == "" {
			continue // a kind that Kubernetes does not know: there is nothing to say
		}
		w.describe(d.Paths, path, name)
	}
	data, err := json.Marshal(d)
	if err != nil {
		return Document{}, fmt.Errorf("describe %s: %w", path, err)
	}
	sum := sha256.Sum256(data)
	return Document{path, data, strings.ToUpper(hex.EncodeToString(sum[:]))}, nil
}

// kindsOf finds the schema of each kind.
func kindsOf(schemas map[string]json.RawMessage) map[schemaKind]string {
	out := map[schemaKind]string{}
	for name, raw := range schemas {
		var s struct {
			Kinds []schemaKind `json:"x-kubernetes-group-version-kind"`
		}
		if json.Unmarshal(raw, &s) == nil && len(s.Kinds) == 1 {
			out[s.Kinds[0]] = name
		}
	}
	return out
}

// describe adds the resource's ways and what can be done there.
func (w Way) describe(paths map[string]map[string]operation, path, schema string) {
	collection := "/" + path + "/"
	var within []parameter
	if w.Namespaced {
		collection += "namespaces/{namespace}/"
		within = append(within, parameter{"namespace", "path", true, stringSchema})
	}
	collection += w.Resource
	one := append(slices.Clone(within), parameter{"name", "path", true, stringSchema})
	paths[collection] = map[string]operation{
		"get": w.operation("list", within, "", schema), "post": w.operation("post", append(slices.Clone(within), writing...), schema, schema),
		"delete": w.operation("deletecollection", within, "", schema),
	}
	paths[collection+"/{name}"] = map[string]operation{
		"get": w.operation("get", one, "", schema), "put": w.operation("put", append(slices.Clone(one), writing...), schema, schema),
		"patch":  w.operation("patch", append(append(slices.Clone(one), writing...), parameter{"force", "query", false, map[string]string{"type": "boolean"}}), patchSchema, schema),
		"delete": w.operation("delete", append(slices.Clone(one), writing[0]), "", schema),
	}
}

var (
	stringSchema = map[string]string{"type": "string"}
	// writing are the parameters of every write.
	writing = []parameter{
		{"dryRun", "query", false, stringSchema}, {"fieldManager", "query", false, stringSchema}, {"fieldValidation", "query", false, stringSchema},
	}
)

const patchSchema = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch"

func (w Way) operation(action string, parameters []parameter, body, answer string) operation {
	o := operation{
		ID: action + w.Kind.Group + w.Kind.Version + w.Kind.Kind, Action: action, Parameters: parameters,
		Kind:      schemaKind{w.Kind.Group, w.Kind.Version, w.Kind.Kind},
		Responses: map[string]map[string]any{"200": {"description": "OK", "content": content(answer, "application/json")}},
	}
	switch body {
	case "":
	case patchSchema:
		o.RequestBody = &map[string]any{"required": true, "content": content(body,
			"application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json")}
	default:
		o.RequestBody = &map[string]any{"required": true, "content": content(body, "*/*")}
	}
	return o
}

func content(schema string, types ...string) map[string]any {
	out := map[string]any{}
	for _, t := range types {
		out[t] = map[string]any{"schema": map[string]string{"$ref": schemaPrefix + schema}}
	}
	return out
}
