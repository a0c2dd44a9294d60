package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"minisim/sim/session"
)

// tape is the file that a run is recorded to. The recording takes its place when
// it is whole; until then a file that was there stays. nil records nothing.
type tape struct {
	path string
	file *os.File
}

// newTape makes sure that the file can be written before the run begins.
func newTape(path string) (*tape, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".minisim-*")
	if err != nil {
		return nil, usageError{fmt.Errorf("--record: %w", err)}
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		t := &tape{path, f}
		return nil, errors.Join(usageError{fmt.Errorf("--record %s: this is a directory", path)}, t.close())
	}
	return &tape{path, f}, nil
}

// write records what was run, however it ended.
func (t *tape) write(run *session.Session) error {
	if t == nil {
		return nil
	}
	if err := run.Record(t.file); err != nil {
		return fmt.Errorf("--record: %w", err)
	}
	if err := errors.Join(t.file.Chmod(0o644), t.file.Close(), os.Rename(t.file.Name(), t.path)); err != nil {
		return fmt.Errorf("--record: %w", err)
	}
	t.file = nil
	return nil
}

// close removes what was not written to its end.
func (t *tape) close() error {
	if t == nil || t.file == nil {
		return nil
	}
	return errors.Join(t.file.Close(), os.Remove(t.file.Name()))
}
