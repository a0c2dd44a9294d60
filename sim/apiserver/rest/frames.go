package rest

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/streaming"

	"minisim/sim/api"
	"minisim/sim/apiserver/outside"
)

func (c *exchange) newStream(a accepted) (*stream, error) {
	if a.info.StreamSerializer == nil {
		return nil, apierrors.NewGenericServerResponse(http.StatusNotAcceptable, "watch", schema.GroupResource{}, "", a.info.MediaType+" cannot be streamed", 0, true)
	}
	contentType := a.info.MediaType
	if contentType == outside.Protobuf {
		contentType += ";stream=watch"
	}
	return &stream{c: c, a: a, contentType: contentType, heading: true, flusher: http.NewResponseController(c.w)}, nil
}

// frame is the wire form of an event of a watch: a line of JSON, or a protobuf
// message with its length.
func (a accepted) frame(event api.EventType, o runtime.Object) ([]byte, error) {
	var object, out bytes.Buffer
	if err := a.info.Serializer.Encode(o, &object); err != nil {
		return nil, err
	}
	kind := a.info.StreamSerializer
	err := streaming.NewEncoder(kind.Framer.NewFrameWriter(&out), kind.Serializer).
		Encode(&metav1.WatchEvent{Type: string(event), Object: runtime.RawExtension{Raw: object.Bytes()}})
	return out.Bytes(), err
}

// sharedFrames are the newest events' wire forms. Many watchers are sent the same
// bytes, and writing an object down costs more than all else.
type sharedFrames struct {
	mu    sync.Mutex
	made  map[frameKey]*sharedFrame
	order []frameKey // oldest first
	held  int        // bytes
}

// maxShared is how many bytes of frames are kept. One that is no longer there is made anew.
const maxShared = 4 << 20

// frameKey says of what a frame is made. Objects that have been committed never change.
type frameKey struct {
	event     api.EventType
	object    api.Object
	media, as string
}

type sharedFrame struct {
	once  sync.Once
	bytes []byte
	err   error
	held  int // of bytes, as far as it is counted
}

// get gives the frame of a key, made by the first who asks.
func (s *sharedFrames) get(k frameKey, encode func() ([]byte, error)) ([]byte, error) {
	s.mu.Lock()
	if s.made == nil {
		s.made = map[frameKey]*sharedFrame{}
	}
	f := s.made[k]
	if f == nil {
		f = &sharedFrame{}
		s.made[k], s.order = f, append(s.order, k)
	}
	s.mu.Unlock()
	f.once.Do(func() {
		f.err = errUnmade
		defer s.count(k, f)
		f.bytes, f.err = encode()
	})
	return f.bytes, f.err
}

// errUnmade is what others who wait for a frame get when its maker panics.
var errUnmade = errors.New("the event could not be encoded")

// count takes a new frame into account, and lets go of the oldest. One that
// could not be made is forgotten, so that the next who asks tries again.
func (s *sharedFrames) count(k frameKey, f *sharedFrame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.made[k] != f:
	case f.err != nil:
		delete(s.made, k)
		s.order = slices.DeleteFunc(s.order, func(other frameKey) bool { return other == k })
	default:
		f.held = len(f.bytes)
		s.held += f.held
	}
	for s.held > maxShared {
		oldest := s.order[0]
		s.held -= s.made[oldest].held
		delete(s.made, oldest)
		s.order = s.order[1:]
	}
}
