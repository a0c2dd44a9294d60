package compose

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"minisim/internal/source"
)

// Level says how faithfully a key was translated.
type Level int

const (
	// Kept means that the key is mapped and means the same.
	Kept Level = iota
	// Changed means that the key is mapped, with a difference that matters.
	Changed
	// Lost means that the key has no effect in Kubernetes.
	Lost
)

// String is "kept", "changed" or "lost".
func (l Level) String() string {
	return [...]string{"kept", "changed", "lost"}[l]
}

// Note says what became of a key.
type Note struct {
	Pos        source.Pos
	Path       string // "services.web.ports[0]"
	Level      Level
	Compose    string // what compose does
	Kubernetes string // what Kubernetes gets
	Do         string // what to do about it; may be empty
}

// String is "file:line:col path: what compose does; what Kubernetes gets; what to do about it".
func (n Note) String() string {
	var parts []string
	for _, part := range []string{n.Compose, n.Kubernetes, n.Do} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return fmt.Sprintf("%s %s: %s", n.Pos, n.Path, strings.Join(parts, "; "))
}

func compareNotes(a, b Note) int {
	return cmp.Or(a.Pos.Compare(b.Pos), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Level, b.Level), cmp.Compare(a.Kubernetes, b.Kubernetes))
}

// note records what became of the key at a path.
func (t *translation) note(level Level, compose, kubernetes, do string, path ...string) {
	t.notes = append(t.notes, Note{
		Pos: t.at(path...), Path: pathText(path), Level: level, Compose: compose, Kubernetes: kubernetes, Do: do,
	})
}

// pathText writes a path as people do: services.web.ports[0].
func pathText(path []string) string {
	var text strings.Builder
	for i, part := range path {
		switch _, err := strconv.Atoi(part); {
		case err == nil && i > 0:
			text.WriteString("[" + part + "]")
		case i > 0:
			text.WriteString("." + part)
		default:
			text.WriteString(part)
		}
	}
	return text.String()
}

func sortNotes(notes []Note) []Note {
	slices.SortStableFunc(notes, compareNotes)
	return slices.Compact(notes)
}
