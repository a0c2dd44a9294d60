package rest

import (
	"bytes"
	"context"
	"io"
	"math"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
)

// followEvery is how often somebody who follows a log looks whether it has grown.
const followEvery = 100 * time.Millisecond

// log answers with what a container has written, and with what it writes from then
// on for whoever follows it.
func (c *exchange) log() error {
	o, err := c.logOptions()
	if err != nil {
		return err
	}
	l, err := c.openLog(o)
	switch {
	case err != nil:
		return err
	case l == nil: // as a real server has it: nothing has been written yet
		c.begun, c.code = true, http.StatusNoContent
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	case o.Follow:
		return c.followLog(l, o)
	}
	var text bytes.Buffer
	l.writer(&text, o).write(l.tail(o))
	c.body(http.StatusOK, "text/plain", text.Bytes())
	return nil
}

// openedLog is a log that is being read.
type openedLog struct {
	api.Log
	lines []api.LogLine // read and not written yet
	more  bool          // there may be more later
	now   time.Duration // when it was opened, in virtual time
	epoch time.Time     // the date at which virtual time begins
}

// openLog finds the container's log in a visit, and reads it up to now. It is nil
// for a pod that is not bound to a node.
func (c *exchange) openLog(o *corev1.PodLogOptions) (*openedLog, error) {
	return look(c.r.Context(), c.bridge, func() (*openedLog, error) {
		server := c.bridge.api
		if err := server.Up(); err != nil {
			return nil, err
		}
		found, err := server.Object(api.Pods, c.target.key(), 0)
		if err != nil {
			return nil, err
		}
		pod := found.(*corev1.Pod)
		container, err := containerOf(pod, o.Container)
		if err != nil || pod.Spec.NodeName == "" {
			return nil, err
		}
		log, err := server.ContainerLog(pod, container, o.Previous, kubeletParameters(o))
		if err != nil {
			return nil, err
		}
		e := c.bridge.engine
		l := &openedLog{Log: log, now: c.moment(), epoch: e.Clock().Add(-e.Now())}
		l.lines, l.more = log.Read(l.now)
		return l, nil
	})
}

// moment is the virtual time by now, also between two steps, where it is never
// that of what is still to happen. It is for visits only.
func (c *exchange) moment() time.Duration {
	e := c.bridge.engine
	now := e.Now()
	if clock := c.server.config.Clock; clock != nil {
		now += clock().Sub(e.Clock())
	}
	if next, ok := e.Next(); ok {
		now = min(now, next.Time)
	}
	return max(now, e.Now())
}

// tail gives the lines that were read when the log was opened, or the last ones of them.
func (l *openedLog) tail(o *corev1.PodLogOptions) []api.LogLine {
	if o.TailLines == nil {
		return l.lines
	}
	return l.lines[max(int64(len(l.lines))-*o.TailLines, 0):]
}

// followLog streams a log until the container ends, the client goes away or the
// cluster is served no more.
func (c *exchange) followLog(l *openedLog, o *corev1.PodLogOptions) error {
	c.w.Header().Set("Content-Type", "text/plain")
	c.w.Header().Set("Cache-Control", "no-cache, private")
	c.begun, c.code = true, http.StatusOK
	c.w.WriteHeader(http.StatusOK)
	out := l.writer(c.w, o)
	connection := http.NewResponseController(c.w)
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for lines, more := l.tail(o), l.more; ; {
		deadline(connection)
		if !out.write(lines) || flush(connection) != nil || !more {
			return nil
		}
		select {
		case <-c.r.Context().Done():
			return nil
		case <-c.bridge.closed:
			return nil
		case <-tick.C:
		}
		var err error
		if lines, more, err = c.readLog(c.r.Context(), l); err != nil {
			return nil
		}
	}
}

// readLog reads on in a log that is open.
func (c *exchange) readLog(ctx context.Context, l *openedLog) (lines []api.LogLine, more bool, err error) {
	type news struct {
		lines []api.LogLine
		more  bool
	}
	n, err := look(ctx, c.bridge, func() (news, error) {
		lines, more := l.Read(c.moment())
		return news{lines, more}, nil
	})
	return n.lines, n.more, err
}

// logWriter writes the lines of a log as its reader wants them.
type logWriter struct {
	out        io.Writer
	since      time.Duration // older lines are left out
	timestamps bool
	epoch      time.Time
	left       int64 // how many bytes may still be written
}

// stampForm is how a kubelet writes the time of a line: with nine digits, always.
const stampForm = "2006-01-02T15:04:05.000000000Z07:00"

func (l *openedLog) writer(out io.Writer, o *corev1.PodLogOptions) *logWriter {
	w := &logWriter{out: out, since: math.MinInt64, timestamps: o.Timestamps, epoch: l.epoch, left: math.MaxInt64}
	switch {
	case o.SinceSeconds != nil:
		w.since = l.now - seconds(*o.SinceSeconds)
	case o.SinceTime != nil:
		w.since = o.SinceTime.Sub(l.epoch)
	}
	if o.LimitBytes != nil {
		w.left = *o.LimitBytes
	}
	return w
}

// seconds is a number of seconds as a duration, as far as that can be.
func seconds(n int64) time.Duration {
	return time.Duration(min(n, int64(math.MaxInt64/2/time.Second))) * time.Second
}

// write writes lines and says whether there may be more: the client is there and has not had enough.
func (w *logWriter) write(lines []api.LogLine) bool {
	for _, l := range lines {
		if l.Time < w.since {
			continue
		}
		text := l.Text + "\n"
		if w.timestamps {
			text = w.epoch.Add(l.Time).UTC().Format(stampForm) + " " + text
		}
		text = text[:min(int64(len(text)), w.left)]
		n, err := io.WriteString(w.out, text)
		if w.left -= int64(n); err != nil || w.left == 0 {
			return false
		}
	}
	return true
}
