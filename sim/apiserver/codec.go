package apiserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"minisim/sim/api"
)

// magic opens every stored object: "k8s" and the encoding style 0, after which
// a runtime.Unknown in protobuf carries the object.
var magic = []byte("k8s\x00")

// message is what every type of k8s.io/api can do.
type message interface {
	Size() int
	MarshalTo([]byte) (int, error)
	MarshalToSizedBuffer([]byte) (int, error)
	Unmarshal([]byte) error
}

var errNotProtobuf = errors.New("not a Kubernetes object in protobuf")

// encode writes an object as Kubernetes stores it. Its resourceVersion is left
// out (it is the store's), so o must belong to the caller. The same object
// always gives the same bytes: maps are written in the order of their keys.
func encode(r *api.Resource, o api.Object) ([]byte, error) {
	if r == api.CustomResourceDefinitions {
		return encodeJSON(o)
	}
	m, ok := o.(message)
	if !ok {
		return nil, fmt.Errorf("encode a %T: %w", o, errNotProtobuf)
	}
	o.SetResourceVersion("")
	u := runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: apiVersion(r), Kind: r.Kind}}
	size := m.Size()
	data := make([]byte, len(magic)+u.Size()+size+11) // 11: tag and length of the object
	n, err := u.NestedMarshalTo(data[len(magic):], m, uint64(size))
	if err != nil {
		return nil, fmt.Errorf("encode a %s: %w", r.Kind, err)
	}
	copy(data, magic)
	return data[:len(magic)+n], nil
}

// decode reads what encode wrote, with the type and the revision filled in.
func decode(r *api.Resource, data []byte, revision int64) (api.Object, error) {
	if r == api.CustomResourceDefinitions {
		return decodeJSON(r, data, revision)
	}
	body, ok := bytes.CutPrefix(data, magic)
	if !ok {
		return nil, fmt.Errorf("decode a %s: %w", r.Kind, errNotProtobuf)
	}
	var u runtime.Unknown
	if err := u.Unmarshal(body); err != nil {
		return nil, fmt.Errorf("decode a %s: %w", r.Kind, err)
	}
	o := r.New()
	if err := o.(message).Unmarshal(u.Raw); err != nil {
		return nil, fmt.Errorf("decode a %s: %w", r.Kind, err)
	}
	canonical(o) // its times come in the machine's own time zone
	o.GetObjectKind().SetGroupVersionKind(r.GVK())
	o.SetResourceVersion(strconv.FormatInt(revision, 10))
	return o, nil
}

// encodeJSON writes an object as Kubernetes stores definitions of custom resources.
func encodeJSON(o api.Object) ([]byte, error) {
	o.SetResourceVersion("")
	data, err := json.Marshal(o)
	return append(data, '\n'), err
}

// decodeJSON reads what encodeJSON wrote.
func decodeJSON(r *api.Resource, data []byte, revision int64) (api.Object, error) {
	o := r.New()
	if err := json.Unmarshal(data, o); err != nil {
		return nil, fmt.Errorf("decode a %s: %w", r.Kind, err)
	}
	canonical(o)
	o.GetObjectKind().SetGroupVersionKind(r.GVK())
	o.SetResourceVersion(revisionText(revision))
	return o, nil
}

func apiVersion(r *api.Resource) string {
	if r.Group == "" {
		return r.Version
	}
	return r.Group + "/" + r.Version
}

// parseStoreKey says of which object a key of the store is.
func (c *Catalog) parseStoreKey(key string) (*api.Resource, api.Key, bool) {
	rest, ok := strings.CutPrefix(key, "/registry/")
	if !ok {
		return nil, api.Key{}, false
	}
	folder, rest, _ := strings.Cut(rest, "/")
	folders := c.folders
	r := folders[folder]
	if r == nil { // such as services/specs, or a group and a resource
		var more string
		more, rest, _ = strings.Cut(rest, "/")
		r = folders[folder+"/"+more]
	}
	if r == nil || rest == "" {
		return nil, api.Key{}, false
	}
	if !r.Namespaced {
		return r, api.Key{Name: rest}, true
	}
	return r, api.ParseKey(rest), true
}

var byFolder = func() map[string]*api.Resource {
	index := map[string]*api.Resource{}
	for _, r := range api.Resources() {
		index[r.Folder] = r
	}
	return index
}()
