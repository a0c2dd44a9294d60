package component

import (
	"slices"

	"minisim/sim/api"
	"minisim/sim/engine"
)

// Cache is a process's own copy of one resource (or of the part that it
// watches), as of the last event that has reached it. It lags behind the server.
// Its objects are shared and must not be changed.
type Cache[T api.Object] struct {
	process  *Process
	resource *api.Resource
	options  api.WatchOptions

	objects  map[api.Key]T
	indexes  map[string]*index[T]
	handlers []func(old, new T)
	watch    api.Watch
	synced   bool
	revision int64 // of the store, up to which it has everything
}

// Informer adds a cache of resource r to a process that has not started yet, or see Open.
// One process has one cache per name; name is r's plural unless told otherwise by options.Name.
func Informer[T api.Object](p *Process, r *api.Resource, o api.ListOptions) *Cache[T] {
	return NamedInformer[T](p, r.Name, r, o)
}

// NamedInformer is Informer for a process that watches one resource in two ways.
func NamedInformer[T api.Object](p *Process, name string, r *api.Resource, o api.ListOptions) *Cache[T] {
	c := &Cache[T]{
		process: p, resource: r, objects: map[api.Key]T{}, indexes: map[string]*index[T]{},
		options: api.WatchOptions{ListOptions: o, Actor: p.Name, Name: name},
	}
	p.informers = append(p.informers, c)
	p.byName[name] = c
	return c
}

// Index adds an index: the objects by the values that f gives for each. Call it before the process starts.
func (c *Cache[T]) Index(name string, f func(T) []string) {
	c.indexes[name] = &index[T]{values: f, objects: map[string][]T{}}
}

// OnChange has f called for each change, after the cache has it. old is the zero
// T for an object that is new, new is the zero T for one that is gone.
func (c *Cache[T]) OnChange(f func(old, new T)) { c.handlers = append(c.handlers, f) }

// follow is OnChange for one who does not know the type.
func (c *Cache[T]) follow(f func(old, new api.Object)) {
	var none T
	c.OnChange(func(old, new T) {
		var o, n api.Object
		if any(old) != any(none) {
			o = old
		}
		if any(new) != any(none) {
			n = new
		}
		f(o, n)
	})
}

// Get finds an object by its key.
func (c *Cache[T]) Get(k api.Key) (T, bool) {
	o, ok := c.objects[k]
	return o, ok
}

// Len is how many objects there are.
func (c *Cache[T]) Len() int { return len(c.objects) }

// List is all objects, sorted by key. It takes time in proportion to their number: not for hot paths.
func (c *Cache[T]) List() []T { return sorted(c.objects) }

// By is the objects for which the index has the value, sorted by key.
func (c *Cache[T]) By(index, value string) []T { return slices.Clone(c.indexes[index].objects[value]) }

// CountBy is how many objects there are for which the index has the value.
func (c *Cache[T]) CountBy(index, value string) int { return len(c.indexes[index].objects[value]) }

// Revision is the newest revision of the store of which the cache is known to have everything.
func (c *Cache[T]) Revision() int64 { return c.revision }

// Synced says whether the first list has come.
func (c *Cache[T]) Synced() bool { return c.synced }

func sorted[T api.Object](m map[api.Key]T) []T {
	out := make([]T, 0, len(m))
	for _, o := range m {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b T) int {
		return api.KeyOf(a).Compare(api.KeyOf(b))
	})
	return out
}

func (c *Cache[T]) name() string { return c.options.Name }

// start lists, then watches from there. Objects that were known and are gone are reported as deleted.
func (c *Cache[T]) start() error {
	list, err := c.process.Client.List(c.resource, c.options.ListOptions)
	if err != nil {
		return err
	}
	o := c.options
	o.From = list.Revision
	w, err := c.process.Client.Watch(c.resource, o)
	if err != nil {
		return err
	}
	c.watch = w
	c.synced = true
	c.revision = list.Revision
	c.replace(list.Items)
	return nil
}

func (c *Cache[T]) replace(items []api.Object) {
	seen := make(map[api.Key]bool, len(items))
	for _, o := range items {
		seen[api.KeyOf(o)] = true
	}
	for _, old := range sorted(c.objects) {
		if !seen[api.KeyOf(old)] {
			c.remove(api.KeyOf(old))
		}
	}
	for _, o := range items {
		c.put(o.(T))
	}
}

// take takes the next event of the watch.
func (c *Cache[T]) take() {
	if c.watch == nil {
		return
	}
	ev, ok := c.watch.Next()
	if !ok {
		return
	}
	c.revision = max(c.revision, ev.Revision)
	switch ev.Type {
	case api.Added, api.Modified:
		c.put(ev.Object.(T))
	case api.Deleted:
		c.remove(api.KeyOf(ev.Object))
	case api.Closed:
		c.watch = nil
		c.process.Engine.Once(c.process.Engine.Now(), engine.Work{Actor: c.process.Name, Kind: "list", Key: c.name()})
	}
}

// Open fills a cache that was added to a process that has started already.
func (c *Cache[T]) Open() { c.process.startInformer(c) }

// close ends a cache whose resource is served no longer: its objects are reported as deleted.
func (c *Cache[T]) close() {
	c.stop()
	c.replace(nil)
	delete(c.process.byName, c.name())
	c.process.informers = slices.DeleteFunc(c.process.informers, func(i informer) bool { return i == informer(c) })
}

func (c *Cache[T]) stop() {
	if c.watch != nil {
		c.watch.Stop()
		c.watch = nil
	}
}

func (c *Cache[T]) put(o T) {
	k := api.KeyOf(o)
	old, had := c.objects[k]
	if had && old.GetResourceVersion() == o.GetResourceVersion() && old.GetUID() == o.GetUID() {
		return
	}
	c.objects[k] = o
	for _, ix := range c.indexes {
		ix.put(k, old, o, had)
	}
	for _, f := range c.handlers {
		f(old, o)
	}
}

func (c *Cache[T]) remove(k api.Key) {
	old, had := c.objects[k]
	if !had {
		return
	}
	delete(c.objects, k)
	for _, ix := range c.indexes {
		ix.drop(k, old)
	}
	var none T
	for _, f := range c.handlers {
		f(old, none)
	}
}
