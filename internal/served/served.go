// Package served is a cluster that lives in real time with its API served on the
// loopback interface, for tests and measurements that come to it as clients do:
// over the wire. What does not live here: anything a user meets (cmd/minisim),
// and clients.
package served

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"minisim/sim/apiserver/rest"
	"minisim/sim/cluster"
)

// Config says what is served.
type Config struct {
	Cluster cluster.Config
	// Speed is how many times as fast as real time it lives; 0 is as fast as it can.
	Speed float64
	// Tokens are bearer tokens and whose they are.
	Tokens map[string]rest.User
}

// warmUp is how much virtual time passes before anybody is let in, so that the nodes are there.
const warmUp = 5 * time.Second

// Cluster is a cluster that is served.
type Cluster struct {
	*cluster.Cluster
	Server *rest.Server
	Live   *rest.Live

	speed float64
	stop  func() error
}

// Start starts a cluster and serves it until Close.
func Start(ctx context.Context, c Config) (*Cluster, error) {
	keys, err := rest.NewKeys()
	if err != nil {
		return nil, err
	}
	c.Cluster.RootCA = keys.RootCA()
	made, err := cluster.New(ctx, c.Cluster)
	if err != nil {
		return nil, err
	}
	made.Boot()
	err = made.Engine.RunTo(made.Engine.Now() + warmUp)
	s := &Cluster{Cluster: made, Live: rest.NewLive(made.Engine), speed: c.Speed}
	if err == nil {
		s.Server, err = rest.Start(rest.Config{Engine: made.Engine, API: made.API, Keys: keys, Clock: s.Live.Date, Tokens: c.Tokens})
	}
	if err != nil {
		return nil, errors.Join(err, made.Close())
	}
	s.Live.Speed(c.Speed)
	s.run()
	return s, nil
}

// run has a goroutine own the engine until stop.
func (s *Cluster) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Live.Run(ctx) }()
	s.stop = sync.OnceValue(func() error {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			return fmt.Errorf("the cluster stopped: %w", err)
		}
		return s.Server.Close()
	})
}

// Pause has virtual time stand still, and nothing happen but what comes from outside.
func (s *Cluster) Pause() { s.Visit(s.Live.Pause) }

// Resume ends a pause.
func (s *Cluster) Resume() { s.Visit(func() { s.Live.Speed(s.speed) }) }

// Visit looks at the cluster between two steps.
func (s *Cluster) Visit(f func()) { <-s.Engine.Visit(f) }

// Stop ends the serving. The cluster can then be looked at until Close.
func (s *Cluster) Stop() error { return s.stop() }

// Close ends all and gives back what the cluster takes.
func (s *Cluster) Close() error { return errors.Join(s.stop(), s.Cluster.Close()) }
