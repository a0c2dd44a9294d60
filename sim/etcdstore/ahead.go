package etcdstore

import (
	"hash/maphash"
	"sync"
)

const (
	// maxAhead is how many commits may be on their way to etcd, and maxAheadBytes
	// how large one of them may be: 16 MiB in all at the very most, and some 20 ms of etcd's time.
	maxAhead      = 256
	maxAheadBytes = 64 << 10
)

// ahead lets a commit return before etcd has carried it out. As there is one
// writer, it is known what etcd will answer: it is asked all the same, in the same
// order, and each of its answers and events is held against what was foretold. The
// first that differs ends the store.
type ahead struct {
	writer *writer
	seed   maphash.Seed
	revs   map[uint64]int64 // mod revisions of the keys that exist when all is carried out, by the keys' hashes
	jobs   chan job
	open   sync.WaitGroup // jobs that etcd has not done yet

	mu     sync.Mutex
	failed error
}

// job is something for etcd to do: a commit, or a compaction up to a revision.
type job struct {
	ops     []Op
	compact int64
}

// goAhead starts to run ahead of an empty etcd.
func goAhead(w *writer) *ahead {
	a := &ahead{writer: w, seed: maphash.MakeSeed(), revs: map[uint64]int64{}, jobs: make(chan job, maxAhead)}
	go a.work()
	return a
}

// foresees says whether ops can be answered for: they are not too large, and it is
// known that all of their guards hold. What else to say is for etcd.
func (a *ahead) foresees(ops []Op) bool {
	size := 0
	for _, op := range ops {
		if size += len(op.Value); size > maxAheadBytes || a.revs[a.hash(op.Key)] != op.Guard {
			return false
		}
	}
	return true
}

// follow notes what a commit has made of its keys.
func (a *ahead) follow(ops []Op, rev int64) {
	for _, op := range ops {
		if op.Value == nil {
			delete(a.revs, a.hash(op.Key))
		} else {
			a.revs[a.hash(op.Key)] = rev
		}
	}
}

// hash stands for a key: the keys themselves would take more memory than all the
// rest. Should two ever have the same, etcd's answer is another than foretold.
func (a *ahead) hash(key string) uint64 { return maphash.String(a.seed, key) }

// add waits while too many others wait.
func (a *ahead) add(j job) {
	a.open.Add(1)
	a.jobs <- j
}

func (a *ahead) work() {
	defer func() { // in case etcd ends this goroutine (see death)
		for range a.jobs {
			a.open.Done()
		}
	}()
	for j := range a.jobs {
		a.do(j)
	}
}

func (a *ahead) do(j job) {
	defer a.open.Done()
	if a.err() != nil {
		return
	}
	var err error
	if j.ops != nil {
		err = a.writer.commit(j.ops)
	} else {
		err = a.writer.compact(j.compact)
	}
	if err != nil {
		a.mu.Lock()
		a.failed = err
		a.mu.Unlock()
	}
}

// err is what etcd did otherwise than foretold; nil if nothing.
func (a *ahead) err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failed
}

// stop ends the work, once all is done, and returns err.
func (a *ahead) stop() error {
	a.open.Wait()
	close(a.jobs)
	return a.err()
}
