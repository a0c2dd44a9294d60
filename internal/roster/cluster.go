package roster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Card is what a cluster says of itself once it is ready.
type Card struct {
	Name     string    `json:"name"`
	Scenario string    `json:"scenario"` // the file or built-in scenario, "" for an empty cluster
	Server   string    `json:"server"`   // where the API is served, as a URL
	DataDir  string    `json:"dataDir,omitempty"`
	PID      int       `json:"pid"`
	Started  time.Time `json:"started"` // wall time
	Logs     bool      `json:"logs"`    // its telling is in Log; otherwise it tells on its own terminal
}

// Cluster is a cluster that somebody runs.
type Cluster struct {
	Card
	Dir string `json:"folder"`
}

// Kubeconfig is the file by which kubectl gets to the cluster.
func (c Cluster) Kubeconfig() string { return filepath.Join(c.Dir, configFile) }

// Socket is where the cluster takes commands.
func (c Cluster) Socket() string { return filepath.Join(c.Dir, socketFile) }

// Log is the file that the cluster writes its telling to, and why it broke down if it did.
func (c Cluster) Log() string { return filepath.Join(c.Dir, logFile) }

// Context is the name of the kubeconfig's context.
func (c Cluster) Context() string { return "minisim-" + c.Name }

// Alive says whether the cluster's process lives: it holds the lock.
func (c Cluster) Alive() bool {
	there, err := read(c.Dir)
	return err == nil && there.PID == c.PID && locked(c.Dir)
}

// Wait waits until the cluster's process has ended and its folder is free; false if ctx ends before.
func (c Cluster) Wait(ctx context.Context) bool {
	t := time.NewTicker(10 * time.Millisecond)
	defer t.Stop()
	for locked(c.Dir) {
		select {
		case <-ctx.Done():
			return false
		case <-t.C:
		}
	}
	return true
}

// Announce writes the card: from now on the cluster is found.
func (h *Home) Announce(c Card) error {
	c.Name = h.Name
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(h.Dir, cardFile)
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return err
	}
	h.Card = c
	return os.Rename(path+".new", path)
}

func read(dir string) (Cluster, error) {
	text, err := os.ReadFile(filepath.Join(dir, cardFile))
	if err != nil {
		return Cluster{}, err
	}
	c := Cluster{Dir: dir}
	if err := json.Unmarshal(text, &c.Card); err != nil {
		return Cluster{}, fmt.Errorf("%s: %w", dir, err)
	}
	c.Name = filepath.Base(dir)
	return c, nil
}

// Dead is a cluster whose process has ended without a word, and what was left of it is removed.
type Dead struct {
	Cluster
	LastWords []string // of its log
}

func (d Dead) String() string {
	text := fmt.Sprintf("cluster %s has died", d.Name)
	if d.PID != 0 {
		text += fmt.Sprintf(" (process %d is gone)", d.PID)
	}
	text += "; what it has left behind is removed"
	if len(d.LastWords) > 0 {
		text += ". Its log ended with:\n  " + strings.Join(d.LastWords, "\n  ")
	}
	return text
}

// Sweep removes what clusters have left behind whose process has died. Its error
// is about what could not be removed.
func (r Roster) Sweep() ([]Dead, error) {
	var all []Dead
	var failed error
	err := r.each(func(dir string) error {
		if _, err := os.Stat(filepath.Join(dir, lockFile)); errors.Is(err, fs.ErrNotExist) {
			return emptied(dir)
		}
		lock, err := take(dir)
		if lock == nil || err != nil {
			failed = errors.Join(failed, err)
			return nil
		}
		dead, err := bury(dir, lock)
		if dead != nil {
			all = append(all, *dead)
		}
		failed = errors.Join(failed, err)
		return nil
	})
	return all, errors.Join(err, failed)
}

// emptied removes a folder in which nothing is, not even a lock. Somebody may just be about to use it.
func emptied(dir string) error {
	_ = os.Remove(dir)
	return nil
}

// bury removes the folder of a dead cluster; nil if it was never announced.
func bury(dir string, lock *flock.Flock) (*Dead, error) {
	c, err := read(dir)
	if err != nil {
		return nil, remove(dir, lock)
	}
	dead := &Dead{Cluster: c, LastWords: tail(c.Log(), 3)}
	return dead, remove(dir, lock)
}

// tail gives the last lines of a file, as far as it can be read.
func tail(path string, n int) []string {
	const most = 4096 // bytes
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	buf := make([]byte, most)
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	read, _ := f.ReadAt(buf, max(info.Size()-most, 0))
	lines := strings.Split(strings.TrimSpace(string(buf[:read])), "\n")
	if lines[0] == "" {
		return nil
	}
	return lines[max(len(lines)-n, 0):]
}
