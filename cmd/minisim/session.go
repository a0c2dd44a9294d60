package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"minisim/internal/source"
	"minisim/sim/cluster"
	"minisim/sim/session"
)

// runSession runs what can be wound back or recorded.
func runSession(ctx context.Context, name string, o runOptions, pace pace, s streams) (err error) {
	began := time.Now()
	in, err := sessionInput(name, o)
	if err != nil {
		return err
	}
	tape, err := newTape(o.record)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tape.close()) }()
	var config cluster.Config
	closeLog, err := etcdLog(o.etcdLog, &config, s)
	if err != nil {
		return err
	}
	defer closeLog()
	run, err := session.Open(ctx, in, session.Options{DataDir: o.dataDir, EtcdLog: config.EtcdLog, Forward: !o.step})
	var faults source.Diagnostics
	if err != nil && o.dataDir != "" && ctx.Err() == nil && !errors.As(err, &faults) {
		return usageError{fmt.Errorf("--data-dir: %w", err)}
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, run.Close()) }()
	if o.record != "" && run.Cluster().Resumed {
		return usageError{errors.New("--record: the cluster in --data-dir has a past that no recording holds")}
	}
	p := &player{ctx: ctx, session: run, runner: run.Runner(), pace: pace, streams: s}
	p.listen(o)
	if o.step {
		err = p.stepThrough()
	} else {
		err = p.play()
	}
	if err = errors.Join(err, tape.write(run)); err != nil {
		return err
	}
	fmt.Fprintf(s.err, "wall time %s\n", time.Since(began).Round(time.Millisecond))
	if !run.End().OK() {
		return errFailed
	}
	return nil
}

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
