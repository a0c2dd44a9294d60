// Package rest is the HTTP face of the API server: it speaks Kubernetes' wire
// protocol, so that kubectl, helm and programs made with client-go work against a
// simulated cluster. What lives here: TLS and who somebody is, the ways of URLs,
// forms of bodies (JSON, YAML, protobuf, Table), discovery, OpenAPI, watches as
// streams. What does not: any rule about objects (kinds), the pipeline
// (apiserver), how a write is carried out and replayed (outside).
//
// It lies outside of the deterministic core: goroutines, the wall clock and keys
// are allowed here, and nothing of them reaches the run's hash or trace. No
// handler touches the simulation itself: reads are visits and writes are outside
// requests, both of which the engine's own goroutine carries out between two
// steps (bridge.go).
package rest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"minisim/sim/apiserver"
	"minisim/sim/engine"
)

// DefaultPort is the port that is tried first, Kubernetes' own.
const DefaultPort = 6443

// Config says of what a server is made. Engine, API and Keys must be set.
type Config struct {
	Engine *engine.Engine
	API    *apiserver.Server
	Keys   *Keys // whose RootCA the cluster's pods have

	// Port on the loopback interface; 0 is DefaultPort or, when that is taken, any free one.
	Port int
	// Clock is the date from which ages are counted, the engine's own by default.
	// Whoever paces the engine by the wall clock knows it between two steps, too.
	// It is called by any goroutine.
	Clock func() time.Time
	// Tokens are bearer tokens and whose they are.
	Tokens map[string]User
	// Faults is written where in the program a request has panicked; nil: nobody is told but the client.
	Faults io.Writer
}

// Server serves one cluster at a time on the loopback interface.
type Server struct {
	config    Config
	present   atomic.Pointer[bridge] // to the cluster that is served
	listener  net.Listener
	http      *http.Server
	describer describer
	frames    sharedFrames
	inFlight  chan struct{}
	watching  chan struct{}
	meter     *meter
	served    sync.WaitGroup
}

// Limits on what one server takes on.
const (
	maxBody       = 3 << 20 // bytes, as in Kubernetes
	maxHeader     = 64 << 10
	maxInFlight   = 400 // requests, as in Kubernetes
	maxWatches    = 4000
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
)

// Start listens and serves until Close. Reads and writes are carried out by the
// engine's steps, or its Serve.
func Start(c Config) (*Server, error) {
	listener, err := listen(c.Port)
	if err != nil {
		return nil, err
	}
	s := &Server{
		config: c, listener: listener,
		inFlight: make(chan struct{}, maxInFlight), watching: make(chan struct{}, maxWatches), meter: newMeter(),
	}
	s.present.Store(s.bridge(c.Engine, c.API))
	s.http = &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: log.New(io.Discard, "", 0), // a client that hangs up is no news
		TLSConfig: &tls.Config{
			MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{c.Keys.server},
			ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: c.Keys.pool,
		},
	}
	s.served.Go(func() { s.http.ServeTLS(listener, "", "") })
	return s, nil
}

// bridge is the way to a cluster.
func (s *Server) bridge(e *engine.Engine, a *apiserver.Server) *bridge {
	faults := cmp.Or[io.Writer](s.config.Faults, io.Discard)
	return &bridge{engine: e, api: a, closed: make(chan struct{}), faults: log.New(faults, "minisim: ", log.LstdFlags)}
}

// listen opens a port of the loopback interface.
func listen(port int) (net.Listener, error) {
	at := func(port int) (net.Listener, error) { return net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)) }
	if port != 0 {
		l, err := at(port)
		if err != nil {
			return nil, fmt.Errorf("serve the API: %w", err)
		}
		return l, nil
	}
	if l, err := at(DefaultPort); err == nil {
		return l, nil
	}
	l, err := at(0)
	if err != nil {
		return nil, fmt.Errorf("serve the API: %w", err)
	}
	return l, nil
}

// Address is the host and port that the server listens on.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Follow has the server serve another cluster from now on, under the same address
// and with the same certificates: the run has been wound back, or another future
// of it is looked at. Watches of the cluster before end, and requests that it has
// not answered yet fail; who watches lists again, as after a restart.
func (s *Server) Follow(e *engine.Engine, a *apiserver.Server) {
	if before := s.present.Load(); before.engine != e {
		s.present.Store(s.bridge(e, a))
		close(before.closed)
	}
}

// Close ends all requests and watches and gives up the port.
func (s *Server) Close() error {
	close(s.present.Load().closed)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	s.served.Wait()
	return err
}

// now is the date from which ages are counted.
func (c *exchange) now(ctx context.Context) (time.Time, error) {
	if clock := c.server.config.Clock; clock != nil {
		return clock(), nil
	}
	return look(ctx, c.bridge, func() (time.Time, error) { return c.bridge.engine.Clock(), nil })
}
