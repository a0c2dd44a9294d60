package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	clientrest "k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// What the API server is asked over HTTP.
const (
	loadPods     = 5000
	loadClients  = 8 // at the same time, each with a connection of its own
	loadFor      = 3 * time.Second
	loadWatchers = 200
	idleWatchers = 1000
)

// load is what a served cluster did for its clients.
type load struct {
	Create, Get, ListJSON, ListProto, Event pace

	SizeJSON, SizeProto float64 // bytes of a list of loadPods pods
	Updates             float64 // a second, each of which is loadWatchers events
	WatcherMemory       float64 // bytes the server holds for an idle watcher and its connection
	Memory              float64 // bytes it holds with loadPods pods
}

// pace is how fast something is done.
type pace struct {
	Rate float64 // a second
	CPU  float64 // seconds of the server's processor for one
}

// measureLoad starts a served cluster and loads it.
func measureLoad(ctx context.Context) (f figures, err error) {
	s, err := startServer(ctx)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	config, err := clientcmd.BuildConfigFromFlags("", s.kubeconfig)
	if err != nil {
		return f, err
	}
	l := &loader{config: config, server: s}
	f.Load = &load{}
	return f, l.run(ctx, f.Load)
}

// run takes all measurements.
func (l *loader) run(ctx context.Context, r *load) (err error) {
	l.clients = make([]*http.Client, loadClients)
	for i := range l.clients {
		if l.clients[i], err = l.client(); err != nil {
			return err
		}
	}
	if r.Create, err = l.creates(ctx); err != nil {
		return err
	}
	held, err := l.server.usage()
	if err != nil {
		return err
	}
	r.Memory = held.Memory
	if r.Get, _, err = l.gets(ctx, l.clients, jsonType, func(i int64) string { return "/pod-" + fmt.Sprint(i%loadPods) }); err != nil {
		return err
	}
	all := func(int64) string { return "" }
	if r.ListJSON, r.SizeJSON, err = l.gets(ctx, l.clients[:1], jsonType, all); err != nil {
		return err
	}
	if r.ListProto, r.SizeProto, err = l.gets(ctx, l.clients[:1], protobuf, all); err != nil {
		return err
	}
	if err := l.fanOut(ctx, r); err != nil {
		return err
	}
	r.WatcherMemory, err = l.perWatcher(ctx)
	return err
}

const (
	jsonType = "application/json"
	protobuf = "application/vnd.kubernetes.protobuf"
)

// loader makes requests.
type loader struct {
	config  *clientrest.Config
	server  *server
	clients []*http.Client
}

// client is a client with a connection of its own.
func (l *loader) client() (*http.Client, error) {
	c := clientrest.CopyConfig(l.config)
	c.Dial = (&net.Dialer{}).DialContext
	return clientrest.HTTPClientFor(c)
}

// ask makes a request below the pods of the namespace default.
func (l *loader) ask(ctx context.Context, c *http.Client, method, path, accept, contentType, body string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, l.config.Host+"/api/v1/namespaces/default/pods"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("Content-Type", contentType)
	answer, err := c.Do(r)
	if err == nil && answer.StatusCode >= 300 {
		text, _ := io.ReadAll(answer.Body)
		return nil, errors.Join(fmt.Errorf("%s %s: %s %s", method, path, answer.Status, text), answer.Body.Close())
	}
	return answer, err
}

// do makes a request and reads its answer, whose size it gives.
func (l *loader) do(ctx context.Context, c *http.Client, method, path, accept, contentType, body string) (int64, error) {
	answer, err := l.ask(ctx, c, method, path, accept, contentType, body)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(io.Discard, answer.Body)
	return n, errors.Join(err, answer.Body.Close())
}

// together has every client call f with the next number until f says that it is
// enough, and tells how fast that went.
func (l *loader) together(clients []*http.Client, f func(c *http.Client, i int64) (more bool, err error)) (pace, error) {
	before, err := l.server.usage()
	if err != nil {
		return pace{}, err
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	failures := make([]error, len(clients))
	began := time.Now()
	for k, c := range clients {
		wait.Go(func() {
			for more := true; more && failures[k] == nil; {
				more, failures[k] = f(c, next.Add(1)-1)
			}
		})
	}
	wait.Wait()
	took := time.Since(began).Seconds()
	after, err := l.server.usage()
	calls := float64(next.Load() - int64(len(clients))) // each client's last call has done nothing
	return pace{calls / took, (after.CPU - before.CPU) / calls}, errors.Join(append(failures, err)...)
}

// loadPod is a pod that nobody schedules: only the API is measured.
const loadPod = `{"metadata":{"name":"pod-%d","labels":{"app":"web","pod-template-hash":"5d4f8c7b9"}},"spec":{"schedulerName":"nobody","containers":[{
"name":"app","image":"nginx:1.27","ports":[{"containerPort":80}],"env":[{"name":"REDIS_HOST","value":"redis"},{"name":"MODE","value":"production"}],
"resources":{"requests":{"cpu":"100m","memory":"64Mi"}}}]}}`

func (l *loader) creates(ctx context.Context) (pace, error) {
	return l.together(l.clients, func(c *http.Client, i int64) (bool, error) {
		if i >= loadPods {
			return false, nil
		}
		_, err := l.do(ctx, c, http.MethodPost, "", protobuf, jsonType, fmt.Sprintf(loadPod, i))
		return true, err
	})
}

// gets reads for a while, and gives the size of the last answer, too.
func (l *loader) gets(ctx context.Context, clients []*http.Client, accept string, path func(int64) string) (p pace, size float64, err error) {
	var last atomic.Int64
	end := time.Now().Add(loadFor)
	p, err = l.together(clients, func(c *http.Client, i int64) (bool, error) {
		if time.Now().After(end) {
			return false, nil
		}
		n, err := l.do(ctx, c, http.MethodGet, path(i), accept, "", "")
		last.Store(n)
		return true, err
	})
	return p, float64(last.Load()), err
}

// fanOut changes pods while watchers look on, until they have heard of all.
func (l *loader) fanOut(ctx context.Context, r *load) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var heard, sent atomic.Int64
	for range loadWatchers {
		body, err := l.watch(ctx)
		if err != nil {
			return err
		}
		defer body.Close()
		go countLines(body, &heard)
	}
	before, err := l.server.usage()
	if err != nil {
		return err
	}
	began := time.Now()
	end := began.Add(loadFor)
	patches, err := l.together(l.clients, func(c *http.Client, i int64) (bool, error) {
		if time.Now().After(end) {
			return false, nil
		}
		for sent.Load()*loadWatchers-heard.Load() > 1000*loadWatchers { // no watcher is to be cut off
			time.Sleep(time.Millisecond)
		}
		patch := fmt.Sprintf(`{"metadata":{"labels":{"n":"%d"}}}`, i)
		_, err := l.do(ctx, c, http.MethodPatch, fmt.Sprint("/pod-", i%loadPods), protobuf, "application/merge-patch+json", patch)
		sent.Add(1)
		return true, err
	})
	for err == nil && heard.Load() < sent.Load()*loadWatchers {
		if time.Since(began) > time.Minute {
			err = fmt.Errorf("%d watchers heard of %d events in all, of %d writes", loadWatchers, heard.Load(), sent.Load())
		}
		time.Sleep(time.Millisecond)
	}
	took := time.Since(began).Seconds()
	after, uerr := l.server.usage()
	events := float64(heard.Load())
	r.Updates, r.Event = patches.Rate, pace{events / took, (after.CPU - before.CPU) / events}
	return errors.Join(err, uerr)
}

// watch opens a watch of what comes from now on, with a connection of its own.
func (l *loader) watch(ctx context.Context) (io.ReadCloser, error) {
	c, err := l.client()
	if err != nil {
		return nil, err
	}
	list, err := l.ask(ctx, c, http.MethodGet, "?limit=1", jsonType, "", "")
	if err != nil {
		return nil, err
	}
	head, err := io.ReadAll(list.Body)
	if err = errors.Join(err, list.Body.Close()); err != nil {
		return nil, err
	}
	_, rest, _ := bytes.Cut(head, []byte(`"resourceVersion":"`))
	version, _, _ := bytes.Cut(rest, []byte(`"`))
	answer, err := l.ask(ctx, c, http.MethodGet, "?watch=true&resourceVersion="+string(version), jsonType, "", "")
	if err != nil {
		return nil, err
	}
	return answer.Body, nil
}

// countLines counts the events of a stream, one of which is a line.
func countLines(r io.Reader, n *atomic.Int64) {
	buf := make([]byte, 64<<10)
	for {
		k, err := r.Read(buf)
		n.Add(int64(bytes.Count(buf[:k], []byte{'\n'})))
		if err != nil {
			return
		}
	}
}

// perWatcher is how much more memory the server holds for each watcher that hears nothing.
func (l *loader) perWatcher(ctx context.Context) (float64, error) {
	before, err := l.server.usage()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for range idleWatchers {
		body, err := l.watch(ctx)
		if err != nil {
			return 0, err
		}
		defer body.Close()
	}
	after, err := l.server.usage()
	return (after.Memory - before.Memory) / idleWatchers, err
}

// reportLoad prints what a served cluster did, beside what etcd alone does.
func reportLoad(ctx context.Context, line func(what, format string, args ...any), r *load) error {
	etcd, _, err := take(ctx, "etcd")
	if err != nil {
		return err
	}
	line("etcd alone", "%10.0f    writes a second", etcd.Raw)
	paced := func(what string, p pace, format string, args ...any) {
		line(what, "%10.1f    a second, %.3f ms of the server's processor each%s", p.Rate, 1000*p.CPU, fmt.Sprintf(format, args...))
	}
	paced("create a pod", r.Create, " (%d clients; %.0f%% of etcd alone)", loadClients, 100*r.Create.Rate/etcd.Raw)
	paced("get a pod", r.Get, " (%d clients)", loadClients)
	paced(fmt.Sprintf("list %d pods, JSON", loadPods), r.ListJSON, " (%.1f MiB)", r.SizeJSON/(1<<20))
	paced(fmt.Sprintf("list %d pods, protobuf", loadPods), r.ListProto, " (%.1f MiB)", r.SizeProto/(1<<20))
	paced(fmt.Sprintf("events to %d watchers", loadWatchers), r.Event, " (of %.0f patches a second)", r.Updates)
	line("memory of an idle watcher", "%10.1f KiB with its connection", r.WatcherMemory/1024)
	line(fmt.Sprintf("memory with %d pods", loadPods), "%10.0f MiB", r.Memory/(1<<20))
	return nil
}
