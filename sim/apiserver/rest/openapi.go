package rest

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"minisim/sim/api"
	"minisim/sim/apiserver"
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
}

// documents are those of all that is served.
func (d *describer) documents(served *apiserver.Catalog) (openAPI, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.native == nil {
		if err := d.describeNative(); err != nil {
			return nil, err
		}
	}
	if d.served == served {
		return d.all, nil
	}
	all, err := d.describeCustom(served)
	if err == nil {
		d.served, d.all = served, all
	}
	return all, err
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

// openAPI answers /openapi/v3, the list of documents, and what is below it.
func (c *exchange) openAPI(parts []string) error {
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
	c.w.Header().Set("ETag", `"`+d.Hash+`"`)
	if c.r.Header.Get("If-None-Match") == `"`+d.Hash+`"` {
		c.begun = true
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	c.body(http.StatusOK, "application/json", d.JSON)
	return nil
}
