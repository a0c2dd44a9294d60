package trace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// JSONLines gives a sink that writes each record as one line of JSON:
//
//	{"id":7,"step":3,"time":1.002,"actor":"kube-scheduler","cause":5,"kind":"decision","decision":{…}}
//
// time is virtual seconds; cause is the id of the record that led to this one
// and is left out when there is none. The first error of the writer is handed
// to failed, once, and nothing is written after it.
func JSONLines(w io.Writer, failed func(error)) Sink {
	broken := false
	return func(r Record) {
		if broken {
			return
		}
		line, err := encode(r)
		if err == nil {
			_, err = w.Write(line)
		}
		if err != nil {
			broken = true
			failed(err)
		}
	}
}

func encode(r Record) ([]byte, error) {
	body, err := plain(r.Body)
	if err != nil {
		return nil, fmt.Errorf("trace record %d (%s): %w", r.ID, r.Body.Kind(), err)
	}
	actor, err := plain(r.Actor)
	if err != nil {
		return nil, fmt.Errorf("trace record %d: %w", r.ID, err)
	}
	cause := ""
	if r.Cause != 0 {
		cause = fmt.Sprintf(`,"cause":%d`, r.Cause)
	}
	kind := r.Body.Kind()
	return fmt.Appendf(nil, `{"id":%d,"step":%d,"time":%s,"actor":%s%s,"kind":%q,%q:%s}`+"\n",
		r.ID, r.Step, Seconds(r.Time), actor, cause, kind, kind, body), nil
}

// plain is JSON in which > and & stay what they are: conditions are full of them.
func plain(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}
