package rest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"minisim/sim/api"
	"minisim/sim/apiserver"
	"minisim/sim/apiserver/outside"
	"minisim/sim/apiserver/rest/openapi"
)

// openAPI is the description of all that is served, by path.
type openAPI map[string]openapi.Document

// describer makes the documents, once somebody asks for one, and those of custom
// resources anew when their definitions have changed.
type describer struct {
	mu     sync.Mutex
	pack   openapi.Pack
	native openAPI            // of Kubernetes' own resources; nil: nobody has asked yet
	served *apiserver.Catalog // of which the documents are
	all    openAPI
	second *openapi.Second // made of all; nil: nobody has asked for it
}

// documents are those of all that is served.
func (d *describer) documents(served *apiserver.Catalog) (openAPI, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.renew(served)
	return d.all, err
}

// inSecond is the same in OpenAPI v2.
func (d *describer) inSecond(served *apiserver.Catalog) (*openapi.Second, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.renew(served); err != nil || d.second != nil {
		return d.second, err
	}
	var documents []openapi.Document
	for _, path := range slices.Sorted(maps.Keys(d.all)) {
		documents = append(documents, d.all[path])
	}
	second, err := openapi.MakeSecond(documents)
	if err == nil {
		d.second = &second
	}
	return d.second, err
}

// renew makes the documents if they are not those of what is served.
func (d *describer) renew(served *apiserver.Catalog) error {
	if d.native == nil {
		if err := d.describeNative(); err != nil {
			return err
		}
	}
	if d.served == served {
		return nil
	}
	all, err := d.describeCustom(served)
	if err == nil {
		d.served, d.all, d.second = served, all, nil
	}
	return err
}

func (d *describer) describeNative() error {
	var ways []openapi.Way
	for _, r := range api.Served() {
		ways = append(ways, wayOf(r))
	}
	var err error
	if d.pack, err = openapi.Unpack(); err != nil {
		return err
	}
	documents, err := d.pack.Documents(ways)
	if err != nil {
		return err
	}
	d.native = openAPI{}
	for _, doc := range documents {
		d.native[doc.Path] = doc
	}
	return nil
}

// describeCustom adds the documents of custom resources to the others.
func (d *describer) describeCustom(served *apiserver.Catalog) (openAPI, error) {
	ways := map[schema.GroupVersion][]openapi.Way{}
	schemas := map[schema.GroupVersion]map[string]json.RawMessage{}
	for _, r := range served.Resources() {
		v := served.Custom(r)
		if v == nil {
			continue
		}
		gv := r.GVK().GroupVersion()
		ways[gv] = append(ways[gv], wayOf(r))
		if schemas[gv] == nil {
			schemas[gv] = map[string]json.RawMessage{}
		}
		for name, s := range v.Schemas() {
			data, err := json.Marshal(s)
			if err != nil {
				return nil, err
			}
			schemas[gv][name] = data
		}
	}
	all := maps.Clone(d.native)
	for gv := range ways {
		doc, err := d.pack.Custom(gv, ways[gv], schemas[gv])
		if err != nil {
			return nil, err
		}
		all[doc.Path] = doc
	}
	return all, nil
}

func wayOf(r *api.Resource) openapi.Way {
	return openapi.Way{Resource: r.Name, Kind: r.GVK(), Namespaced: r.Namespaced}
}

// openAPI answers /openapi/v3, the list of documents, and what is below it, and /openapi/v2.
func (c *exchange) openAPI(parts []string) error {
	if len(parts) == 1 && parts[0] == "v2" {
		return c.openAPISecond()
	}
	if len(parts) == 0 || parts[0] != "v3" {
		return errNoSuchPath
	}
	documents, err := c.server.describer.documents(c.bridge.api.Catalog())
	if err != nil {
		return err
	}
	if len(parts) == 1 {
		paths := map[string]map[string]string{}
		for path, d := range documents {
			paths[path] = map[string]string{"serverRelativeURL": "/openapi/v3/" + path + "?hash=" + d.Hash}
		}
		return c.json(map[string]any{"paths": paths})
	}
	d, ok := documents[strings.Join(parts[1:], "/")]
	if !ok {
		return errNoSuchPath
	}
	c.document(outside.JSON, d.JSON, d.Hash)
	return nil
}

// secondProtobuf is the protobuf form of OpenAPI v2. client-go asks for it by an
// older name with an @, which is not allowed in a media type.
const secondProtobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

// openAPISecond answers /openapi/v2 in the first form that the client takes.
func (c *exchange) openAPISecond() error {
	d, err := c.server.describer.inSecond(c.bridge.api.Catalog())
	if err != nil {
		return err
	}
	header := strings.Join(c.r.Header.Values("Accept"), ",")
	if header == "" {
		header = outside.JSON
	}
	c.w.Header().Add("Vary", "Accept")
	for _, a := range alternatives(strings.ReplaceAll(header, "spec.v2@v1.0", "spec.v2.v1.0")) {
		switch a.kind {
		case outside.JSON, "application/*", "*/*":
			c.document(outside.JSON, d.JSON, d.Hash)
			return nil
		case secondProtobuf:
			c.document(secondProtobuf, d.Protobuf, d.Hash+"-protobuf")
			return nil
		}
	}
	return routeError(http.StatusNotAcceptable, "only the following media types are accepted: "+outside.JSON+", "+secondProtobuf)
}

// document answers by a document, unless the client has the one of this hash.
func (c *exchange) document(contentType string, data []byte, hash string) {
	c.w.Header().Set("ETag", `"`+hash+`"`)
	if c.r.Header.Get("If-None-Match") == `"`+hash+`"` {
		c.begun = true
		c.w.WriteHeader(http.StatusNotModified)
		return
	}
	c.body(http.StatusOK, contentType, data)
}
