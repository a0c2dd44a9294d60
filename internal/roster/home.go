package roster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// What is in a cluster's folder.
const (
	lockFile   = "lock" // held by the cluster's process as long as it lives
	cardFile   = "cluster.json"
	socketFile = "socket"
	configFile = "kubeconfig"
	logFile    = "log"
	mergedFile = "merged" // the kubeconfig into which this one was merged
)

// maxSocket is how long the path of a socket may be on any system.
const maxSocket = 103

// Home is the folder of a cluster of this process.
type Home struct {
	Cluster
	lock *flock.Flock
	info fs.FileInfo // the folder
}

// ErrRunning says that a cluster of the name is there already.
var ErrRunning = errors.New("is running already")

// Claim makes the folder of a new cluster, for this process alone. It must be released.
func (r Roster) Claim(name string) (*Home, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	if c, err := r.Find(name, ""); err == nil && c.Name == name {
		return nil, fmt.Errorf("cluster %s %w", name, ErrRunning)
	}
	var failed error
	for _, root := range r.roots {
		dir := filepath.Join(root, name)
		if len(filepath.Join(dir, socketFile)) > maxSocket {
			failed = errors.Join(failed, fmt.Errorf("%s: the path is too long for a socket", dir))
			continue
		}
		home, err := claim(root, name)
		if err == nil || errors.Is(err, ErrRunning) {
			return home, err
		}
		failed = errors.Join(failed, err)
	}
	return nil, fmt.Errorf("no folder for the cluster: %w; set XDG_STATE_HOME to a folder that can be written", failed)
}

// patience is how long a folder is waited for that another process starts or ends with.
const patience = 2 * time.Second

// glance is how long somebody may hold a lock who only looks whether it is free.
const glance = 100 * time.Millisecond

func claim(root, name string) (*Home, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, err
	}
	if !ours(root) {
		return nil, fmt.Errorf("%s: it belongs to somebody else, or others may write to it", root)
	}
	dir := filepath.Join(root, name)
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if err := os.MkdirAll(dir, 0o700); err != nil { // somebody may just remove the root, which is empty
			return nil, err
		}
		lock, err := take(dir)
		if err != nil {
			return nil, err
		}
		if lock != nil {
			home := &Home{Cluster: Cluster{Dir: dir}, lock: lock}
			home.Name = name
			home.info, err = os.Stat(dir)
			return home, errors.Join(err, clear(dir)) // what a dead one has left
		}
		_, unannounced := read(dir)
		if waited := time.Since(began); waited > patience || unannounced == nil && waited > glance {
			return nil, fmt.Errorf("cluster %s %w", name, ErrRunning)
		}
	}
}

// ours says whether a folder belongs to this user, and nobody else may write to it.
func ours(dir string) bool {
	info, err := os.Lstat(dir)
	return err == nil && info.IsDir() && info.Mode().Perm()&0o022 == 0 && owned(info)
}

// take locks a folder; nil if somebody else has it, or has just removed it.
func take(dir string) (*flock.Flock, error) {
	path := filepath.Join(dir, lockFile)
	lock := flock.New(path, flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if errors.Is(err, fs.ErrNotExist) || err == nil && !ok {
		return nil, lock.Close()
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	held, err := lock.Stat()
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if there, err := os.Stat(path); err != nil || !os.SameFile(held, there) {
		return nil, lock.Close() // it was removed while we waited for it
	}
	return lock, nil
}

// locked says whether a living process holds a folder.
func locked(dir string) bool {
	if _, err := os.Stat(filepath.Join(dir, lockFile)); err != nil {
		return false
	}
	lock, err := take(dir)
	if lock != nil {
		lock.Close()
	}
	return err == nil && lock == nil
}

// clear removes all that is in a folder but the lock; the card goes first, so
// that nobody takes it for a cluster's.
func clear(dir string) error {
	err := os.RemoveAll(filepath.Join(dir, cardFile))
	entries, readErr := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != lockFile {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(err, readErr)
}

// Release removes the folder, and takes its kubeconfig out of where it was merged into.
func (h *Home) Release() error {
	if h.Lost() { // another one may have its place by now
		return h.lock.Close()
	}
	return remove(h.Dir, h.lock)
}

// Announced says whether the cluster has been ready.
func (h *Home) Announced() bool { return h.PID != 0 }

// Abandon leaves the folder as it is, for Sweep to tell of: the cluster has broken down.
func (h *Home) Abandon() error { return h.lock.Close() }

// remove removes a folder that is locked.
func remove(dir string, lock *flock.Flock) error {
	c := Cluster{Dir: dir}
	c.Name = filepath.Base(dir)
	err := errors.Join(c.Unmerge(), clear(dir), os.RemoveAll(dir), lock.Close())
	_ = os.Remove(filepath.Dir(dir)) // if nothing else is in it
	return err
}

// Lost says whether the folder has been removed, by whomever: nobody would find the cluster any more.
func (h *Home) Lost() bool {
	info, err := os.Stat(h.Dir)
	return err != nil || !os.SameFile(info, h.info)
}

// Watch waits until the folder is lost, or ctx has ended.
func (h *Home) Watch(ctx context.Context) (lost bool) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-t.C:
			if h.Lost() {
				return true
			}
		}
	}
}
