package apiserver

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"

	"minisim/sim/api"
	"minisim/sim/apiserver/custom"
	"minisim/sim/apiserver/kinds"
)

// Catalog is all that a server serves at one moment: the resource table and the
// custom resources that are defined. It never changes, so that anybody may hold
// it; a change of a definition makes another one.
type Catalog struct {
	resources []*api.Resource
	entries   map[*api.Resource]entry                       // all versions of custom resources, served or not
	served    map[schema.GroupVersionResource]*api.Resource // custom ones
	folders   map[string]*api.Resource                      // below /registry/: in which version objects are stored
}

// entry is one version of a custom resource.
type entry struct {
	version     *custom.Version
	definition  *custom.Definition
	strategy    *kinds.Strategy
	terminating bool // the definition is being deleted
}

// Catalog is what is served now. Anybody may call it.
func (s *Server) Catalog() *Catalog { return s.catalog.Load() }

// Resources are all resources in all versions in which they are served, custom ones after the others, sorted.
func (c *Catalog) Resources() []*api.Resource { return c.resources }

// Custom is the version of a custom resource, nil for any other resource.
func (c *Catalog) Custom(r *api.Resource) *custom.Version { return c.entries[r].version }

// Terminating says whether a custom resource's definition is being deleted.
func (c *Catalog) Terminating(r *api.Resource) bool { return c.entries[r].terminating }

// Find finds a resource by its group, version and plural name, nil if it is not served.
func (c *Catalog) Find(gvr schema.GroupVersionResource) *api.Resource {
	for _, r := range api.Served() {
		if r.Name == gvr.Resource && r.GVR() == gvr {
			return r
		}
	}
	return c.served[gvr]
}

// catalogOf makes the catalog of what is defined.
func catalogOf(definitions map[string]*defined) *Catalog {
	c := &Catalog{
		resources: api.Served(), entries: map[*api.Resource]entry{},
		served: map[schema.GroupVersionResource]*api.Resource{}, folders: byFolder,
	}
	if len(definitions) == 0 {
		return c
	}
	c.folders = map[string]*api.Resource{}
	for folder, r := range byFolder {
		c.folders[folder] = r
	}
	var served []*api.Resource
	for _, d := range definitions {
		c.folders[d.Stored.Resource.Folder] = d.Stored.Resource
		for _, v := range d.Versions {
			c.entries[v.Resource] = entry{v, d.Definition, v.Strategy(), d.crd.DeletionTimestamp != nil}
			if v.Served && api.Established(d.crd) {
				c.served[v.Resource.GVR()] = v.Resource
				served = append(served, v.Resource)
			}
		}
	}
	slices.SortFunc(served, func(a, b *api.Resource) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Name, b.Name), version.CompareKubeAwareVersionStrings(b.Version, a.Version))
	})
	c.resources = append(c.resources, served...)
	return c
}

// known is the server's own name for a resource: whoever makes requests for a
// custom one has made its resource from its definition, perhaps from an older state
// of that. It is nil for what is not served.
func (s *Server) known(r *api.Resource) *api.Resource {
	if _, ok := s.cache.tables[r.Present()]; ok || !r.Stored() {
		return r
	}
	return s.Catalog().Find(r.GVR())
}

// stored is the resource under which the objects of a resource are kept: of a custom one it is the version of its storage.
func (s *Server) stored(r *api.Resource) *api.Resource {
	if e, ok := s.Catalog().entries[r]; ok {
		return e.definition.Stored.Resource
	}
	return r.Present()
}

// table is where the objects of a resource are kept, nil for what is not known.
func (s *Server) table(r *api.Resource) *table { return s.cache.tables[s.stored(r)] }

// view is how the stored objects of a resource are shown in the version that r is; nil: as they are.
func (s *Server) view(r *api.Resource) func(api.Object) api.Object {
	e, ok := s.Catalog().entries[r]
	if !ok || e.version == e.definition.Stored {
		return nil
	}
	return func(o api.Object) api.Object {
		if o == nil {
			return nil
		}
		shown, err := e.version.From(o)
		if err != nil {
			return o // who asks for it is told why: see convertible
		}
		return shown
	}
}

// Strategy is what is done to objects of a resource besides storing them.
func (s *Server) Strategy(r *api.Resource) *kinds.Strategy {
	if e, ok := s.Catalog().entries[r]; ok {
		return e.strategy
	}
	return kinds.For(r)
}

// encode writes an object as the store has it.
func (s *Server) encode(r *api.Resource, o api.Object) ([]byte, error) {
	if e, ok := s.Catalog().entries[r]; ok {
		return e.definition.Write(o)
	}
	return encode(r, o)
}

// decode reads what the store has of an object.
func (s *Server) decode(r *api.Resource, data []byte, revision int64) (api.Object, error) {
	e, ok := s.Catalog().entries[r]
	if !ok {
		return decode(r, data, revision)
	}
	o, err := e.definition.Read(data)
	if err == nil {
		o.SetResourceVersion(revisionText(revision))
	}
	return o, err
}
