package remote

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// counter is a desk with somebody who carries out what lies on it.
type counter struct {
	*Server
	socket string
	rings  chan struct{}
}

// nothing is urgent.
func nothing([]string) bool { return false }

func open(t *testing.T, do func(*Job)) *counter {
	t.Helper()
	c := &counter{socket: filepath.Join(t.TempDir(), "socket"), rings: make(chan struct{}, 100)}
	desk := NewDesk(func() { c.rings <- struct{}{} }, nothing)
	var err error
	if c.Server, err = Listen(c.socket, desk); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-c.rings:
				if j := desk.Take(); j != nil {
					do(j)
				}
			case <-desk.closed:
				return
			}
		}
	}()
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		<-done
		if _, err := os.Stat(c.socket); !os.IsNotExist(err) {
			t.Errorf("the socket is left: %v", err)
		}
	})
	return c
}

func TestAnswers(t *testing.T) {
	c := open(t, func(j *Job) {
		for _, word := range j.Args[1:] {
			j.Out.Write([]byte(word + "\n"))
		}
		switch j.Args[0] {
		case "fail":
			j.Done(errors.New("it failed"))
		case "misuse":
			j.Done(Usage("no %s", "such verb"))
		default:
			j.Done(nil)
		}
	})
	if info, err := os.Stat(c.socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	for name, want := range map[string]struct {
		err   string
		usage bool
	}{"say": {}, "fail": {err: "it failed"}, "misuse": {err: "no such verb", usage: true}} {
		var out bytes.Buffer
		err := Do(t.Context(), c.socket, Request{Args: []string{name, "a", "<b>"}}, &out)
		if got := errors.As(err, new(UsageError)); got != want.usage || (err == nil) != (want.err == "") || err != nil && err.Error() != want.err {
			t.Errorf("%s: %v, usage %v", name, err, got)
		}
		if out.String() != "a\n<b>\n" {
			t.Errorf("%s says %q", name, out.String())
		}
	}
}

// TestLasting has a command that is told bit by bit, and one whose client goes away.
func TestLasting(t *testing.T) {
	gone := make(chan struct{})
	c := open(t, func(j *Job) {
		go func() { // a second one can be carried out meanwhile
			j.Out.Write([]byte("begun\n"))
			if j.Args[0] == "brief" {
				j.Done(nil)
				return
			}
			<-j.Ctx.Done()
			close(gone)
		}()
	})
	ctx, cancel := context.WithCancel(t.Context())
	told := writer(func(text string) {
		if text == "begun\n" {
			if err := Do(t.Context(), c.socket, Request{Args: []string{"brief"}}, &bytes.Buffer{}); err != nil {
				t.Error(err)
			}
			cancel()
		}
	})
	if err := Do(ctx, c.socket, Request{Args: []string{"long"}}, told); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		t.Error("it was not told that nobody waits")
	}
}

type writer func(string)

func (w writer) Write(text []byte) (int, error) {
	w(string(text))
	return len(text), nil
}

// TestEnd has a cluster end while somebody waits for an answer, and then nobody is there.
func TestEnd(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "socket")
	var s *Server
	laid := make(chan struct{}, 1)
	s, err := Listen(socket, NewDesk(func() { laid <- struct{}{} }, nothing))
	if err != nil {
		t.Fatal(err)
	}
	go func() { <-laid; s.Close() }()
	if err := Do(t.Context(), socket, Request{Args: []string{"wait"}}, &bytes.Buffer{}); !errors.Is(err, ErrEnded) {
		t.Error(err)
	}
	if err := Do(t.Context(), socket, Request{Args: []string{"wait"}}, &bytes.Buffer{}); !errors.Is(err, ErrUnreachable) {
		t.Error(err)
	}
}

// TestUrgent has a command carried out at once while nobody takes what lies on the desk.
func TestUrgent(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "socket")
	urgent := func(args []string) bool { return args[0] == "leave" }
	s, err := Listen(socket, NewDesk(func() {}, urgent))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := Do(ctx, socket, Request{Args: []string{"leave"}}, &bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}

// TestTooMuch has a command say more than its client reads.
func TestTooMuch(t *testing.T) {
	o := newOutbox()
	for range 10 {
		o.Write([]byte(strings.Repeat("x", maxOutbox/4)))
	}
	o.done(nil)
	if p := o.take(); len(p.Text) > maxOutbox+100 || !strings.HasSuffix(p.Text, "… more was said than anybody has read\n") || !p.Done {
		t.Errorf("%d bytes, done %v", len(p.Text), p.Done)
	}
	if p := o.take(); p.Text != "" || p.Done {
		t.Error("it is given twice")
	}
}
