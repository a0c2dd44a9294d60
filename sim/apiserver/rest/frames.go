package rest

import (
	"bytes"
	"io"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/streaming"

	"minisim/sim/apiserver/outside"
)

// frames writes the events of a watch in their wire form: JSON objects one after
// the other, or protobuf messages with their lengths.
type frames struct {
	contentType string
	object      runtime.Encoder
	event       streaming.Encoder
	buf         bytes.Buffer
}

func (c *exchange) newStream(a accepted) (*stream, error) {
	kind := a.info.StreamSerializer
	if kind == nil {
		return nil, apierrors.NewGenericServerResponse(http.StatusNotAcceptable, "watch", schema.GroupResource{}, "", a.info.MediaType+" cannot be streamed", 0, true)
	}
	f := &frames{contentType: a.info.MediaType, object: a.info.Serializer}
	if a.info.MediaType == outside.Protobuf {
		f.contentType += ";stream=watch"
	}
	f.event = streaming.NewEncoder(kind.Framer.NewFrameWriter(whole{c.w}), kind.Serializer)
	return &stream{c: c, a: a, writer: f, heading: true, flusher: http.NewResponseController(c.w)}, nil
}

// whole is a response that is written to and nothing else.
type whole struct{ io.Writer }

// write writes one event.
func (f *frames) write(event string, o runtime.Object) error {
	f.buf.Reset()
	if err := f.object.Encode(o, &f.buf); err != nil {
		return err
	}
	return f.event.Encode(&metav1.WatchEvent{Type: event, Object: runtime.RawExtension{Raw: f.buf.Bytes()}})
}
