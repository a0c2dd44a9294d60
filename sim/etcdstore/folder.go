package etcdstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"
)

var (
	// ErrFolderInUse means that another store, of this process or another one,
	// is open on the data folder.
	ErrFolderInUse = errors.New("the data folder is in use: stop the minisim that runs on it, or choose another folder")

	// ErrFolderForeign means that the data folder holds files that are not a
	// store's. None of them has been touched.
	ErrFolderForeign = errors.New("the data folder holds something that is not minisim's: choose an empty or a new folder")

	// ErrFolderFormat means that the data folder was written by a version of the
	// program that keeps its data in another way.
	ErrFolderFormat = errors.New("the data folder was written by another version of minisim: choose another folder")
)

// The marker is a file that says that a folder is a store's, and of which format.
// It is empty until the first start has succeeded: what an etcd leaves that was
// killed before never becomes ready. It is also the lock: who runs on the folder
// holds a lock on it.
const (
	markerName = "minisim.store"
	marker     = "minisim data folder, format 1\n"
)

// folder is a folder that belongs to this store alone until it is released.
type folder struct {
	path  string
	lock  *fileutil.LockedFile // the marker; nil: a temporary folder
	fresh bool                 // the marker is still empty
}

// etcd is where etcd's own files are.
func (f folder) etcd() string { return filepath.Join(f.path, "etcd") }

// claim takes a data folder for this store, or makes a temporary one in temp if path is "".
func claim(path, temp string) (folder, error) {
	if path == "" {
		tmp, err := os.MkdirTemp(temp, "minisim-")
		if err != nil {
			return folder{}, fmt.Errorf("make a temporary folder: %w", err)
		}
		return folder{path: tmp}, nil
	}
	if err := mayClaim(path); err != nil {
		return folder{}, fmt.Errorf("%s: %w", path, err)
	}
	f := folder{path: path}
	if err := f.lockMarker(); err != nil {
		return folder{}, fmt.Errorf("%s: %w", path, err)
	}
	if f.fresh {
		if err := os.RemoveAll(f.etcd()); err != nil {
			return folder{}, errors.Join(fmt.Errorf("%s: remove what a failed start has left: %w", path, err), f.release())
		}
	}
	return f, nil
}

// mayClaim makes the folder if it does not exist; if it does, it has to be empty
// or marked as ours.
func mayClaim(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("the data folder cannot be made: %w", err)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("the data folder cannot be read: %w", err)
	}
	if len(entries) == 0 {
		return nil
	}
	info, err := os.Lstat(filepath.Join(path, markerName))
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && !info.Mode().IsRegular():
		return ErrFolderForeign
	case err != nil:
		return fmt.Errorf("the data folder cannot be read: %w", err)
	}
	return nil
}

// lockMarker locks the marker, which it makes in a new folder, and reads it.
func (f *folder) lockMarker() error {
	lock, err := fileutil.TryLockFile(filepath.Join(f.path, markerName), os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fileutil.ErrLocked) {
		return ErrFolderInUse
	}
	if err != nil {
		return fmt.Errorf("the data folder cannot be written: %w", err)
	}
	content, err := io.ReadAll(io.LimitReader(lock, int64(len(marker))+1))
	if err == nil && len(content) > 0 && string(content) != marker {
		err = ErrFolderFormat
	}
	if err != nil {
		return errors.Join(err, lock.Close())
	}
	f.lock, f.fresh = lock, len(content) == 0
	return nil
}

// keep makes what is in the folder permanent. It is called when etcd has become
// ready, before anything is acknowledged.
func (f folder) keep() error {
	if !f.fresh {
		return nil
	}
	_, err := f.lock.WriteString(marker)
	if err == nil {
		err = f.lock.Sync()
	}
	if err != nil {
		return fmt.Errorf("the data folder cannot be written: %w", err)
	}
	return nil
}

// release gives the folder back; a temporary one is removed.
func (f folder) release() error {
	if f.lock != nil {
		return f.lock.Close()
	}
	if err := os.RemoveAll(f.path); err != nil {
		return fmt.Errorf("remove the temporary folder: %w", err)
	}
	return nil
}
