package etcdstore

import (
	"context"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// rateKeys is how many keys RawRate writes to in turn.
const rateKeys = 1000

// RawRate measures what the embedded etcd can do on this machine, as the yardstick
// for everything that is built on it: n transactions one after the other by etcd's
// own in-process client on a fresh store without fsync, each a put of valueSize
// bytes guarded by the key's mod revision. It returns transactions per second of
// wall time.
func RawRate(ctx context.Context, n, valueSize int) (perSecond float64, err error) {
	s, err := Open(ctx, Options{})
	if err != nil {
		return 0, err
	}
	defer func() {
		if cerr := s.Close(); err == nil {
			err = cerr
		}
	}()
	elapsed, err := rawWrites(ctx, s.Client(), n, valueSize)
	if err != nil {
		return 0, fmt.Errorf("measure etcd: %w", err)
	}
	return float64(n) / elapsed.Seconds(), nil
}

func rawWrites(ctx context.Context, c *clientv3.Client, n, valueSize int) (time.Duration, error) {
	var keys [rateKeys]string
	for i := range keys {
		keys[i] = fmt.Sprintf("%srate/key-%04d", DefaultPrefix, i)
	}
	var revs [rateKeys]int64
	value := string(make([]byte, valueSize))
	start := time.Now()
	for i := range n {
		k := i % rateKeys
		r, err := c.Txn(ctx).
			If(clientv3.Compare(clientv3.ModRevision(keys[k]), "=", revs[k])).
			Then(clientv3.OpPut(keys[k], value)).
			Commit()
		if err != nil {
			return 0, err
		}
		if !r.Succeeded {
			return 0, fmt.Errorf("the guard of %s did not hold", keys[k])
		}
		revs[k] = r.Header.Revision
	}
	return time.Since(start), nil
}
