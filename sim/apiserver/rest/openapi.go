package rest

import (
	"net/http"
	"strings"

	"minisim/sim/api"
	"minisim/sim/apiserver/rest/openapi"
)

// openAPI is the description of all that is served.
type openAPI map[string]openapi.Document

// loadOpenAPI makes the documents, once somebody asks for one.
func loadOpenAPI() (openAPI, error) {
	var ways []openapi.Way
	for _, r := range api.Served() {
		ways = append(ways, openapi.Way{Resource: r.Name, Kind: r.GVK(), Namespaced: r.Namespaced})
	}
	documents, err := openapi.Documents(ways)
	if err != nil {
		return nil, err
	}
	out := openAPI{}
	for _, d := range documents {
		out[d.Path] = d
	}
	return out, nil
}

// openAPI answers /openapi/v3, the list of documents, and what is below it.
func (c *exchange) openAPI(parts []string) error {
	if len(parts) == 0 || parts[0] != "v3" {
		return errNoSuchPath
	}
	documents, err := c.server.openapi()
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
