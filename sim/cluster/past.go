package cluster

import (
	"context"
	"io"

	"minisim/sim/apiserver"
	"minisim/sim/etcdstore"
	"minisim/sim/etcdstore/recall"
)

// Store is where a cluster keeps its objects.
type Store interface {
	apiserver.Store
	// Revision is the revision of the newest commit.
	Revision() int64
	// History is all that is still known of one key, oldest first.
	History(key string) ([]etcdstore.Event, error)
	// Close ends the store, if it is the cluster's own.
	Close() error
}

// Past is what the same run has written before: a cluster that is given it does
// not write that again. See the package recall.
type Past = recall.Past

// OpenPast makes a Past of a run that has not begun. log is where etcd's own
// messages go; nil: nowhere. limit is how many commits it remembers; 0: as many as
// can be. It must be closed after the clusters that use it.
func OpenPast(ctx context.Context, log io.Writer, limit int) (*Past, error) {
	return recall.Open(ctx, etcdstore.Options{Log: log}, limit)
}

// open gives the cluster's store.
func (c Config) open(ctx context.Context) (Store, error) {
	if c.Past != nil {
		return c.Past.Begin(), nil
	}
	return etcdstore.Open(ctx, etcdstore.Options{DataDir: c.DataDir, TempDir: c.TempDir, Log: c.EtcdLog})
}

// Diverge gives up what the Past has of the time to come, so that the cluster
// may go another way from here on. Without a Past, or at its end, it does nothing.
func (c *Cluster) Diverge(ctx context.Context) error {
	if s, ok := c.Store.(*recall.Store); ok {
		return s.Cut(ctx)
	}
	return nil
}

// Strayed says that a run that was to be played again went another way than its
// Past; nil if it did not.
func (c *Cluster) Strayed() error {
	if s, ok := c.Store.(*recall.Store); ok {
		return s.Err()
	}
	return nil
}
