package rest

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"unicode"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// fail answers with an error.
func (c *exchange) fail(err error) {
	if c.begun {
		return // the client has a part of an answer already: there is no place for another
	}
	status := statusOf(err)
	a, err := c.negotiate(itself)
	if err != nil {
		a.info, _ = serializerOf("*/*")
	}
	if d := status.Details; d != nil && d.RetryAfterSeconds > 0 {
		c.w.Header().Set("Retry-After", strconv.Itoa(int(d.RetryAfterSeconds)))
	}
	a.as = ""
	c.answer(int(status.Code), a, status)
}

// itself says that an answer is not shown as something else.
func itself(accepted) bool { return false }

// plainly answers with an object as it is.
func (c *exchange) plainly(code int, o runtime.Object) error {
	a, err := c.negotiate(itself)
	if err != nil {
		return err
	}
	c.answer(code, a, o)
	return nil
}

// answer writes an answer of any code.
func (c *exchange) answer(code int, a accepted, o runtime.Object) {
	var body bytes.Buffer
	if err := a.serializer().Encode(o, &body); err != nil {
		c.body(http.StatusInternalServerError, "text/plain", []byte("the answer cannot be written: "+err.Error()+"\n"))
		return
	}
	c.body(code, a.contentType(), body.Bytes())
}

// gzipFrom is the size of a body from which it is compressed, as in Kubernetes.
const gzipFrom = 128 << 10

// body writes the whole answer.
func (c *exchange) body(code int, contentType string, data []byte) {
	c.begun, c.code = true, code
	h := c.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-cache, private")
	if len(data) >= gzipFrom && strings.Contains(c.r.Header.Get("Accept-Encoding"), "gzip") {
		var small bytes.Buffer
		z, _ := gzip.NewWriterLevel(&small, gzip.BestSpeed)
		z.Write(data)
		z.Close()
		h.Set("Content-Encoding", "gzip")
		h.Add("Vary", "Accept-Encoding")
		data = small.Bytes()
	}
	h.Set("Content-Length", strconv.Itoa(len(data)))
	c.w.WriteHeader(code)
	if c.r.Method != http.MethodHead {
		c.w.Write(data) // a client that has gone hears nothing
	}
}

// maxWarnings bounds what is remarked upon in one answer.
const maxWarnings = 50

// warn adds Warning headers, which kubectl prints.
func (c *exchange) warn(texts []string) {
	seen := map[string]bool{}
	for _, t := range texts {
		if seen[t] || len(seen) == maxWarnings {
			continue
		}
		seen[t] = true
		c.w.Header().Add("Warning", "299 - "+quoted(t))
	}
}

// quoted writes a text as HTTP's quoted-string.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsControl(r):
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// done is the answer to a request after which there is no object to show.
func done(code int32, d *metav1.StatusDetails) *metav1.Status {
	return &metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusSuccess, Code: code, Details: d,
	}
}

func badRequest(err error) error { return apierrors.NewBadRequest(err.Error()) }
