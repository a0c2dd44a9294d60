package apiserver

import (
	"bytes"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
)

// cache is the watch cache: every object as of the newest revision, decoded
// once, with the indexes that lists need. Gets and lists never touch the store.
type cache struct {
	tables   map[*api.Resource]*table
	revision int64 // of the newest write
}

// table is one resource's part of the cache.
type table struct {
	resource *api.Resource
	spaces   map[string]map[string]*item  // namespace → name
	nodes    map[string]map[api.Key]*item // pods only: spec.nodeName
	window   window
}

// item is an object as the store has it.
type item struct {
	object   api.Object // shared; never changed
	size     int        // of what the store has of it, in bytes
	revision int64
	raw      []byte // what the store has of it; of custom resources only, whose definition may change
}

// encodes says whether value is what the store has of the object. Its bytes are
// made anew: to keep them would take a fifth of the memory of a large cluster.
func (it *item) encodes(r *api.Resource, value []byte) bool {
	if len(value) != it.size {
		return false
	}
	if it.raw != nil {
		return bytes.Equal(it.raw, value)
	}
	now, err := encode(r, at(it.object, it.revision))
	return err == nil && bytes.Equal(now, value)
}

func newCache() cache {
	c := cache{tables: map[*api.Resource]*table{}}
	for _, r := range api.Resources() {
		c.tables[r] = &table{resource: r, spaces: map[string]map[string]*item{}}
	}
	c.tables[api.Pods].nodes = map[string]map[api.Key]*item{}
	return c
}

// loaded notes that the cache has the state at a revision, and no history before it.
func (c *cache) loaded(revision int64) {
	c.revision = revision
	for _, t := range c.tables {
		t.window = window{floor: revision}
	}
}

func (t *table) get(k api.Key) *item { return t.spaces[k.Namespace][k.Name] }

func (t *table) put(k api.Key, it *item) {
	space := t.spaces[k.Namespace]
	if space == nil {
		space = map[string]*item{}
		t.spaces[k.Namespace] = space
	}
	if t.nodes != nil {
		t.unindex(k, space[k.Name])
		t.index(k, it)
	}
	space[k.Name] = it
}

func (t *table) remove(k api.Key) {
	space := t.spaces[k.Namespace]
	if t.nodes != nil {
		t.unindex(k, space[k.Name])
	}
	delete(space, k.Name)
	if len(space) == 0 {
		delete(t.spaces, k.Namespace)
	}
}

func (t *table) index(k api.Key, it *item) {
	node := it.object.(*corev1.Pod).Spec.NodeName
	if t.nodes[node] == nil {
		t.nodes[node] = map[api.Key]*item{}
	}
	t.nodes[node][k] = it
}

func (t *table) unindex(k api.Key, it *item) {
	if it == nil {
		return
	}
	node := it.object.(*corev1.Pod).Spec.NodeName
	delete(t.nodes[node], k)
	if len(t.nodes[node]) == 0 {
		delete(t.nodes, node)
	}
}

// list gives the objects that f lets through, sorted by key. It looks at no more
// objects than the filter's index value, name or namespace makes necessary.
func (t *table) list(f *filter) []api.Object {
	var out []api.Object
	add := func(it *item) {
		if it == nil {
			return
		}
		if o := f.shown(it.object); f.matches(o) {
			out = append(out, o)
		}
	}
	slot := f.slot()
	switch {
	case slot.by == byNode && t.nodes != nil:
		for _, it := range t.nodes[slot.value] {
			add(it)
		}
	case f.namespace != "" || !t.resource.Namespaced:
		space := t.spaces[f.namespace]
		if slot.by == byName {
			add(space[slot.value])
			return out
		}
		for _, it := range space {
			add(it)
		}
	default:
		for _, space := range t.spaces {
			for _, it := range space {
				add(it)
			}
		}
	}
	slices.SortFunc(out, func(a, b api.Object) int { return compareKeys(a, b) })
	return out
}

// compareKeys orders by the keys of the store, in which a namespace ends with "/":
// "a-b" comes before "a".
func compareKeys(a, b api.Object) int {
	if x, y := a.GetNamespace(), b.GetNamespace(); x != y {
		return strings.Compare(x+"/", y+"/")
	}
	return strings.Compare(a.GetName(), b.GetName())
}

// window remembers which keys of a resource changed at which revisions, so that
// a watch can start in the past. The objects themselves are read from the store.
type window struct {
	floor int64 // changes up to here are forgotten
	marks []mark
	first int // index of the oldest mark
}

type mark struct {
	revision int64
	key      api.Key
}

// windowSize is how many changes of one resource a watch can go back.
const windowSize = 20_000

func (w *window) add(revision int64, k api.Key) {
	if len(w.marks) < windowSize {
		w.marks = append(w.marks, mark{revision, k})
		return
	}
	w.floor = w.marks[w.first].revision
	w.marks[w.first] = mark{revision, k}
	w.first = (w.first + 1) % windowSize
}

// after gives the changes after a revision, oldest first; false if they are not all known.
func (w *window) after(revision int64) ([]mark, bool) {
	if revision < w.floor {
		return nil, false
	}
	var out []mark
	for i := len(w.marks) - 1; i >= 0; i-- {
		m := w.marks[(w.first+i)%len(w.marks)]
		if m.revision <= revision {
			break
		}
		out = append(out, m)
	}
	slices.Reverse(out)
	return out, true
}
