package etcdstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"sync"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	etcderrors "go.etcd.io/etcd/server/v3/etcdserver/errors"
	"go.etcd.io/etcd/server/v3/storage/mvcc"
	"go.etcd.io/etcd/server/v3/storage/wal"
)

// A single member needs no listener: nobody connects to it. etcd wants an
// address to advertise all the same.
const (
	memberName = "minisim"
	nowhere    = "http://127.0.0.1:0"
)

const (
	// tickMs and electionMs decide how fast a member is ready: it may vote for
	// itself after one to two election time-outs, less the one that etcd skips.
	// Measured, ticks of 10, 5 and 2 ms: ready in 27, 13 and 7 ms; and 0.8, 1.1 and
	// 1.9 % of a CPU when idle.
	tickMs     = 5
	electionMs = 25

	// catchUp is the number of raft entries that are kept in memory for followers.
	// A single member has none, and etcd copies what it keeps after every 100 entries.
	catchUp = 100

	// maxRequest is the limit for one transaction in bytes.
	maxRequest = 16 << 20

	// quota is where etcd stops to accept writes: the largest that etcd recommends.
	quota = 8 << 30

	// walSegment is the size of a file of the write-ahead log, which etcd allocates
	// in advance, and always one more than it needs.
	walSegment = 4 << 20

	// maxAttempts is how often a request is sent that etcd does not answer. It takes
	// 5 s to give up, which happens to a process that was stopped for longer (Ctrl-Z).
	maxAttempts = 12

	// startLimit is how long a start may take.
	startLimit = time.Minute

	// stopGrace is how long to wait for the end of a member that has broken down.
	stopGrace = 2 * time.Second
)

// setSegmentSize sets what is a variable of the whole process in etcd.
var setSegmentSize = sync.OnceFunc(func() { wal.SegmentSizeBytes = walSegment })

// member is one running etcd. All that Store wants of it is a place to propose
// transactions and a view of what has been applied. When there are several
// masters, each has a member with listeners of its own, and a cluster that
// starts and stops them stands here in place of the single one.
type member struct {
	etcd  *embed.Etcd
	death *death
}

// startMember runs etcd on a folder and returns when it accepts writes.
func startMember(ctx context.Context, dir string, fsync bool, log io.Writer) (*member, error) {
	setSegmentSize()
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, fmt.Errorf("it was not ready within %v", startLimit))
	defer cancel()
	m := &member{death: newDeath()}
	cfg := config(dir)
	cfg.UnsafeNoFsync = !fsync
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(newLogger(log, m.death))
	if err := m.start(ctx, cfg); err != nil {
		return nil, err
	}
	select {
	case <-m.etcd.Server.ReadyNotify():
		return m, nil
	case <-m.death.done():
		m.stop(func() {})
		return nil, m.err()
	case <-ctx.Done():
		m.stop(func() {})
		return nil, fmt.Errorf("wait for etcd: %w", context.Cause(ctx))
	}
}

// start starts etcd in a goroutine of its own: when the files are damaged, etcd
// ends the goroutine (see death), panics, or waits for what it never gets.
func (m *member) start(ctx context.Context, cfg *embed.Config) error {
	started := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				m.death.die(fmt.Errorf("etcd cannot start from its files: %v", p))
			}
		}()
		var err error
		m.etcd, err = embed.StartEtcd(cfg)
		started <- err
	}()
	select {
	case err := <-started:
		return err
	case <-m.death.done():
		return m.err()
	case <-ctx.Done():
	}
	select { // give it the time to finish, so that it can be cleaned up after
	case err := <-started:
		if err == nil {
			m.stop(func() {})
		}
	case <-m.death.done():
	case <-time.After(stopGrace):
	}
	return fmt.Errorf("wait for etcd: %w", context.Cause(ctx))
}

// config is the configuration of a single member, the same for all uses but for
// the folder, fsync and the log.
func config(dir string) *embed.Config {
	cfg := embed.NewConfig()
	u, err := url.Parse(nowhere)
	if err != nil {
		panic(err) // a constant
	}
	cfg.Name, cfg.Dir = memberName, dir
	cfg.ListenPeerUrls, cfg.ListenClientUrls = nil, nil
	cfg.AdvertisePeerUrls, cfg.AdvertiseClientUrls = []url.URL{*u}, []url.URL{*u}
	cfg.InitialCluster = cfg.InitialClusterFromName(memberName)
	cfg.TickMs, cfg.ElectionMs = tickMs, electionMs
	cfg.SnapshotCatchUpEntries = catchUp
	cfg.MaxRequestBytes = maxRequest
	cfg.QuotaBackendBytes = quota
	return cfg
}

// kv is what has been applied; for a single member, all that was acknowledged.
func (m *member) kv() mvcc.WatchableKV { return m.etcd.Server.KV() }

// err tells why the member broke down, if it did.
func (m *member) err() error { return m.death.err() }

// ask sends a request until etcd answers it, and tells how often it did. When etcd
// gives up waiting, nobody knows what becomes of the request; but the next one is
// applied after it, so the answer to that one tells.
func (m *member) ask(request func(context.Context) error) (attempts int, err error) {
	for attempts = 1; attempts <= maxAttempts; attempts++ {
		err = request(m.death.ctx)
		switch {
		case err == nil:
			return attempts, nil
		case m.err() != nil:
			return attempts, m.err()
		case !isTimeout(err):
			return attempts, err
		}
	}
	return maxAttempts, fmt.Errorf("asked %d times: %w", maxAttempts, err)
}

// isTimeout tells whether etcd has stopped to wait without knowing the outcome.
func isTimeout(err error) bool {
	return errors.Is(err, etcderrors.ErrTimeout) ||
		errors.Is(err, etcderrors.ErrTimeoutDueToLeaderFail) ||
		errors.Is(err, etcderrors.ErrTimeoutDueToConnectionLost) ||
		errors.Is(err, context.DeadlineExceeded) // of etcd's own context, while raft takes the proposal
}

// stop lets the user of the member finish, ends the member and waits for its
// goroutines. One that has broken down may hold locks that nobody will ever
// release; it is not waited for for long.
func (m *member) stop(finish func()) {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		finish()
		m.etcd.Close()
	}()
	select {
	case <-stopped:
	case <-m.death.done():
		select {
		case <-stopped:
		case <-time.After(stopGrace):
		}
	}
}
