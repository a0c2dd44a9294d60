// Package roster knows the clusters that this user runs on this machine: each has
// a folder with a lock, a card that describes it, a kubeconfig and a socket. What
// lives here: where the folders are, who holds one, and what is done with those
// of processes that have died. What does not: what is said over the socket
// (ui/remote), and anything about the cluster itself.
package roster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"minisim/internal/source"
)

// Roster is where the clusters of one user are found.
type Roster struct {
	roots []string // the first one that can be written takes new clusters
}

// New finds the folders by the rules of XDG: minisim in the user's state folder,
// or where that cannot be used in the runtime folder; failing that one in the
// system's temporary folder that belongs to the user alone.
func New(getenv func(string) string) Roster {
	var r Roster
	add := func(base string, below ...string) {
		if filepath.IsAbs(base) {
			r.roots = append(r.roots, filepath.Join(append([]string{base}, below...)...))
		}
	}
	if state := getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		add(state, "minisim")
	} else {
		add(getenv("HOME"), ".local", "state", "minisim")
	}
	add(getenv("XDG_RUNTIME_DIR"), "minisim")
	add(os.TempDir(), "minisim-"+strconv.Itoa(os.Getuid()))
	return r
}

// maxName is how long a cluster's name may be.
const maxName = 40

// CheckName says what is wrong with the name of a cluster: it becomes the name of
// a folder and, behind "minisim-", of a kubeconfig's context.
func CheckName(name string) error {
	ok := name != "" && len(name) <= maxName && !strings.HasPrefix(name, "-") && !strings.HasSuffix(name, "-")
	for _, c := range name {
		ok = ok && (c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z')
	}
	if !ok {
		return fmt.Errorf("a cluster cannot be called %q: only small letters, digits and - in between, at most %d of them", name, maxName)
	}
	return nil
}

// NameOf makes the name of a cluster out of any other one.
func NameOf(text string) string {
	name := strings.Map(func(c rune) rune {
		if '0' <= c && c <= '9' || 'a' <= c && c <= 'z' {
			return c
		}
		return '-'
	}, strings.ToLower(text))
	name = strings.Trim(name[:min(len(name), maxName)], "-")
	if name == "" {
		return "cluster"
	}
	return name
}

// Errors of Find.
var (
	ErrNone    = errors.New("no cluster is running; minisim up starts one, and so does minisim run FILE --serve")
	ErrUnknown = errors.New("there is no such cluster")
)

// Find gives the running cluster of a name. Without a name it is the only one, or
// else the first one whose kubeconfig is used here: kubeconfig is what KUBECONFIG
// says, a list of paths.
func (r Roster) Find(name, kubeconfig string) (Cluster, error) {
	all, err := r.List()
	if err != nil {
		return Cluster{}, err
	}
	var names []string
	for _, c := range all {
		if c.Name == name || name == "" && len(all) == 1 {
			return c, nil
		}
		names = append(names, c.Name)
	}
	if name == "" {
		for _, path := range filepath.SplitList(kubeconfig) {
			of := func(c Cluster) bool { return c.Kubeconfig() == filepath.Clean(path) }
			if i := slices.IndexFunc(all, of); i >= 0 {
				return all[i], nil
			}
		}
	}
	switch {
	case len(all) == 0:
		return Cluster{}, ErrNone
	case name == "":
		return Cluster{}, fmt.Errorf("several clusters are running: say which by --name (%s)", strings.Join(names, ", "))
	}
	hint := source.DidYouMean(name, names)
	if hint == "" {
		hint = "running: " + strings.Join(names, ", ")
	}
	return Cluster{}, fmt.Errorf("%w: %q; %s", ErrUnknown, name, hint)
}

// List gives the running clusters, sorted by name. A cluster that is being started
// or ended just now is none.
func (r Roster) List() ([]Cluster, error) {
	var all []Cluster
	err := r.each(func(dir string) error {
		if c, err := read(dir); err == nil && locked(dir) {
			all = append(all, c)
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Cluster) int { return strings.Compare(a.Name, b.Name) })
	return all, err
}

// each calls f for every folder that may be a cluster's, once.
func (r Roster) each(f func(dir string) error) error {
	var seen []fs.FileInfo
	for _, root := range r.roots {
		if info, err := os.Stat(root); err == nil {
			if slices.ContainsFunc(seen, func(other fs.FileInfo) bool { return os.SameFile(info, other) }) {
				continue // two of the rules name one folder
			}
			seen = append(seen, info)
		}
		entries, err := os.ReadDir(root)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || err == nil && !ours(root) {
			continue
		}
		if err != nil {
			return fmt.Errorf("look for clusters: %w", err)
		}
		for _, e := range entries {
			if e.IsDir() && CheckName(e.Name()) == nil {
				if err := f(filepath.Join(root, e.Name())); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
