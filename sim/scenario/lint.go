package scenario

import (
	"minisim/internal/source"
	"minisim/sim/compose"
)

// Lint finds what is wrong with a compose file and its x-minisim block, and what
// is hardly meant so or has no effect in Kubernetes. The error is one that is not the file's.
func Lint(name string, f *source.File, o Options) (faults, warnings source.Diagnostics, err error) {
	d := &decoder{file: f, dir: o.Dir}
	s, err := d.load(name, o)
	if err != nil && len(d.faults) == 0 {
		return nil, nil, err
	}
	if s != nil {
		for _, n := range s.Compose.Notes {
			if n.Level == compose.Lost {
				d.warnings.Add(n.Pos, n.Do, "%s has no effect: %s", n.Path, n.Kubernetes)
			}
		}
	}
	return d.faults.Sorted(), d.warnings.Sorted(), nil
}
