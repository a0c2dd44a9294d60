package etcdstore

import (
	"context"
	"fmt"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
)

const benchValue = 1024

func open(tb testing.TB, o Options) *Store {
	tb.Helper()
	s, err := Open(context.Background(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// BenchmarkRawTxn is etcd's own client: guarded puts one after the other.
func BenchmarkRawTxn(b *testing.B) {
	s := open(b, Options{})
	c := s.Client()
	b.ResetTimer()
	if _, err := rawWrites(context.Background(), c, b.N, benchValue); err != nil {
		b.Fatal(err)
	}
	perSecond(b, b.N)
}

// BenchmarkRawPutWatch is etcd's own client: unguarded puts, each waited for on a watch.
func BenchmarkRawPutWatch(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := open(b, Options{}).Client()
	value := string(make([]byte, benchValue))
	watch := c.Watch(ctx, DefaultPrefix, clientv3.WithPrefix(), clientv3.WithCreatedNotify())
	<-watch
	b.ResetTimer()
	for i := range b.N {
		r, err := c.Put(ctx, fmt.Sprintf("/registry/rate/key-%04d", i%rateKeys), value)
		if err != nil {
			b.Fatal(err)
		}
		for e := range watch {
			if e.Header.Revision >= r.Header.Revision {
				break
			}
		}
	}
	perSecond(b, b.N)
}

// BenchmarkCommit is the same work as both of the above: a guarded put that is held
// against what the watch brings; "waits" has each commit wait for that.
func BenchmarkCommit(b *testing.B) {
	for _, ops := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("ops=%d", ops), func(b *testing.B) { benchCommit(b, open(b, Options{}), ops) })
	}
	b.Run("waits", func(b *testing.B) {
		s := open(b, Options{})
		s.Client()
		benchCommit(b, s, 1)
	})
	b.Run("fsync", func(b *testing.B) { benchCommit(b, open(b, Options{DataDir: b.TempDir()}), 1) })
}

func benchCommit(b *testing.B, s *Store, ops int) {
	var keys [rateKeys]string
	for i := range keys {
		keys[i] = fmt.Sprintf("/registry/rate/key-%04d", i)
	}
	var revs [rateKeys]int64
	value := make([]byte, benchValue)
	b.ResetTimer()
	for i := range b.N {
		batch := make([]Op, ops)
		for j := range batch {
			k := (i*ops + j) % rateKeys
			batch[j] = Op{Key: keys[k], Value: value, Guard: revs[k]}
		}
		rev, _, err := s.Commit(batch...)
		if err != nil {
			b.Fatal(err)
		}
		for j := range batch {
			revs[(i*ops+j)%rateKeys] = rev
		}
	}
	list(b, s, 0) // which waits for etcd
	perSecond(b, b.N*ops)
}

// BenchmarkOpen is a fresh store from nothing to ready, and its end.
func BenchmarkOpen(b *testing.B) {
	for range b.N {
		s, err := Open(context.Background(), Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	s := open(b, Options{})
	fill(b, s, 10_000)
	b.ResetTimer()
	for i := range b.N {
		if _, ok, err := s.Get(fmt.Sprintf("/registry/pods/p-%05d", i%10_000), 0); err != nil || !ok {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkList10k(b *testing.B) {
	s := open(b, Options{})
	fill(b, s, 10_000)
	b.ResetTimer()
	for range b.N {
		if kvs, _, err := s.List("/registry/pods/", 0); err != nil || len(kvs) != 10_000 {
			b.Fatal(len(kvs), err)
		}
	}
}

func BenchmarkHistory100k(b *testing.B) {
	s := open(b, Options{})
	fill(b, s, 100_000)
	b.ResetTimer()
	for range b.N {
		if h, err := s.History("/registry/pods/p-00500"); err != nil || len(h) != 1 {
			b.Fatal(len(h), err)
		}
	}
}

// fill writes n pods of 1 KiB, one revision each.
func fill(tb testing.TB, s *Store, n int) {
	tb.Helper()
	value := make([]byte, benchValue)
	for i := range n {
		if _, _, err := s.Commit(Op{Key: fmt.Sprintf("/registry/pods/p-%05d", i), Value: value}); err != nil {
			tb.Fatal(err)
		}
	}
}

func perSecond(b *testing.B, n int) {
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "writes/s")
}
