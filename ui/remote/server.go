package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// maxRequest is how long a command may be, in bytes.
const maxRequest = 64 << 10

// headerTimeout is for a client that says nothing.
const headerTimeout = 10 * time.Second

// Server takes commands at a socket and lays them on a desk.
type Server struct {
	desk   *Desk
	http   *http.Server
	served sync.WaitGroup
}

// Listen takes commands at a socket, which it makes, until Close.
func Listen(socket string, desk *Desk) (*Server, error) {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("take commands: %w", err)
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	s := &Server{desk: desk}
	s.http = &http.Server{Handler: http.HandlerFunc(s.answer), ReadHeaderTimeout: headerTimeout, ErrorLog: log.New(io.Discard, "", 0)}
	s.served.Go(func() { s.http.Serve(l) })
	return s, nil
}

// Close ends all commands that are under way, and removes the socket.
func (s *Server) Close() error {
	s.desk.close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) { // somebody does not read on
		err = s.http.Close()
	}
	s.served.Wait()
	return err
}

// answer lays a command on the desk, and passes on what it says until it is done.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	var q Request
	body := http.MaxBytesReader(w, r.Body, maxRequest)
	if err := json.NewDecoder(body).Decode(&q); r.Method != http.MethodPost || err != nil || len(q.Args) == 0 {
		http.Error(w, "POST a command", http.StatusBadRequest)
		return
	}
	out := newOutbox()
	job := &Job{Args: q.Args, Ctx: r.Context(), Out: out, done: out.done}
	if !s.desk.lay(r.Context(), job) {
		return
	}
	enc, flush := json.NewEncoder(w), http.NewResponseController(w)
	for closed := false; ; {
		select {
		case <-r.Context().Done():
			return
		case <-s.desk.closed:
			closed = true // what was done in the last moment is still told
		case <-out.ready:
		}
		if p := out.take(); p.Done || p.Text != "" {
			if enc.Encode(p) != nil || flush.Flush() != nil || p.Done {
				return
			}
		} else if closed {
			return
		}
	}
}

// outbox is what a command has said and its client has not read yet. The
// simulation's goroutine fills it and never waits for anybody.
type outbox struct {
	mu    sync.Mutex
	text  bytes.Buffer
	end   part // what the last part of the answer says, but for the text
	full  bool
	ready chan struct{} // has something in it when the outbox does
}

// maxOutbox is how many bytes wait for a client that does not read; what comes after is lost.
const maxOutbox = 8 << 20

func newOutbox() *outbox { return &outbox{ready: make(chan struct{}, 1)} }

// Write takes some text. It never fails.
func (o *outbox) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.text.Len()+len(text) <= maxOutbox {
		o.text.Write(text)
	} else if !o.full {
		o.text.WriteString("… more was said than anybody has read\n")
		o.full = true
	}
	o.ring()
	return len(text), nil
}

// done is the end of the answer.
func (o *outbox) done(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.end.Done = true
	if err != nil {
		o.end.Error = err.Error()
		o.end.Usage = errors.As(err, new(UsageError))
	}
	o.ring()
}

func (o *outbox) ring() {
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

func (o *outbox) take() part {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.end
	p.Text = o.text.String()
	o.text.Reset()
	o.end, o.full = part{}, false
	return p
}
