package session

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"minisim/sim/engine"
)

// A recording is a line of text that says what it is and in which format, and
// then, in gzip, one JSON object: the Recording. Times are nanoseconds.
const (
	recordingMark   = "minisim recording, format "
	recordingFormat = 1
)

// What a recording may at most be, so that a damaged one does no harm.
const (
	maxRecording = 64 << 20 // bytes, unpacked
	maxMark      = 64       // bytes of the first line
)

// Recording is all that a run depends on, and what must come of it.
type Recording struct {
	Name     string            `json:"name"`
	Path     string            `json:"path"`
	File     string            `json:"file"`              // the compose file, whole
	Project  *Project          `json:"project,omitempty"` // what the run needs of the project's folder; nil: there was none
	Env      map[string]string `json:"env,omitempty"`     // the variables that the file names
	Seed     *uint64           `json:"seed,omitempty"`
	Profiles []string          `json:"profiles,omitempty"`
	NoBuild  bool              `json:"noBuild,omitempty"`

	Scheduler []byte            `json:"scheduler,omitempty"` // a KubeSchedulerConfiguration
	RootCA    string            `json:"rootCA,omitempty"`    // the certificate, PEM, of the authority behind the API server's; its key is nowhere
	Epoch     time.Time         `json:"epoch,omitzero"`      // the date at which virtual time begins
	Served    bool              `json:"served,omitempty"`    // it went on after its end
	Answers   map[string]string `json:"answers,omitempty"`   // to the scenario's questions, by their ids

	Resolved string         `json:"resolved"`          // SHA-256 of the scenario in resolved form
	Journal  []engine.Entry `json:"journal,omitempty"` // what came from outside, and as which step
	Step     uint64         `json:"step"`              // the last one
	Time     time.Duration  `json:"time"`              // virtual, then
	Hash     string         `json:"hash"`              // then
}

// Errors of what is no recording, or none that this program can play.
var (
	ErrForeign = errors.New("this is not a recording of minisim")
	ErrDamaged = errors.New("the recording is damaged")
	ErrNewer   = errors.New("the recording was made by a newer minisim")
)

// MismatchError says that a replay did not come to where its recording was.
type MismatchError struct {
	Step      uint64
	Got, Want string // hashes
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("the replay went another way than the recording: at step %d its hash is %s, and was %s", e.Step, e.Got, e.Want)
}

// Record writes the run up to here as one small file. The error may be that the
// run depends on more of the project's folder than a recording holds.
func (s *Session) Record(w io.Writer) error {
	if s.Cluster().Resumed {
		return ErrNoWayBack
	}
	rec, err := s.recording()
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	if _, err := fmt.Fprintf(w, "%s%d\n", recordingMark, recordingFormat); err != nil {
		return err
	}
	z := gzip.NewWriter(w)
	if err := json.NewEncoder(z).Encode(rec); err != nil {
		return err
	}
	return z.Close()
}

func (s *Session) recording() (*Recording, error) {
	in := s.input
	rec := &Recording{
		Name: in.Name, Path: in.Path, File: string(in.File), Seed: in.Seed, Profiles: in.Profiles, NoBuild: in.NoBuild,
		Scheduler: in.Scheduler, RootCA: in.RootCA, Epoch: in.Epoch, Served: in.Served, Answers: s.answers, Resolved: s.resolved, Journal: s.Journal(), Step: s.StepNumber(), Time: s.Now(), Hash: s.Hash(),
	}
	var err error
	if rec.Project, err = in.project(); err != nil {
		return nil, err
	}
	rec.Env = rec.named(in.Env)
	return rec, rec.complete(s)
}

// named are the variables whose names stand in the file or the project's files:
// nobody else's secrets go into a recording.
func (rec *Recording) named(env map[string]string) map[string]string {
	named := map[string]string{}
	for name, value := range env {
		if strings.HasPrefix(name, "COMPOSE_") || hasWord([]byte(rec.File), name) || rec.Project.contains(name) {
			named[name] = value
		}
	}
	return named
}

// hasWord says whether a variable's name stands in a text, and not just as a part of a longer name.
func hasWord(text []byte, name string) bool {
	part := func(c byte) bool {
		return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	for at := 0; name != ""; at++ {
		i := bytes.Index(text[at:], []byte(name))
		if i < 0 {
			break
		}
		at += i
		if end := at + len(name); (at == 0 || !part(text[at-1])) && (end == len(text) || !part(text[end])) {
			return true
		}
	}
	return false
}

// complete makes sure that the recording means what the session plays.
func (rec *Recording) complete(s *Session) error {
	in, cleanup, err := rec.input()
	if err != nil {
		return err
	}
	defer cleanup()
	sc, err := in.Load()
	if err != nil || digest(sc) != s.resolved || !slices.Equal(sc.Compose.Notes, s.Scenario().Compose.Notes) {
		return errors.New("the run depends on files outside of the project's folder, or on more than a recording holds of it")
	}
	return nil
}

// ReadRecording reads what Record wrote.
func ReadRecording(r io.Reader) (*Recording, error) {
	b := bufio.NewReader(io.LimitReader(r, maxRecording))
	format, err := readMark(b)
	if err != nil {
		return nil, err
	}
	if format > recordingFormat {
		return nil, fmt.Errorf("%w: its format is %d, this one knows %d; update minisim", ErrNewer, format, recordingFormat)
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	text, err := io.ReadAll(io.LimitReader(z, maxRecording+1))
	if err == nil && len(text) > maxRecording {
		err = fmt.Errorf("it holds more than %d MiB", maxRecording>>20)
	}
	rec := &Recording{}
	if err == nil {
		err = json.Unmarshal(text, rec)
	}
	if err == nil {
		err = rec.check()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return rec, nil
}

func readMark(b *bufio.Reader) (format int, err error) {
	line, err := b.Peek(maxMark)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	line, _, whole := bytes.Cut(line, []byte("\n"))
	number, ours := strings.CutPrefix(string(line), recordingMark)
	if format, err = strconv.Atoi(number); !whole || !ours || err != nil || format < 1 {
		return 0, ErrForeign
	}
	_, err = b.Discard(len(line) + 1)
	return format, err
}

// check finds what no run can have written.
func (rec *Recording) check() error {
	last := uint64(0)
	for _, entry := range rec.Journal {
		if entry.Step <= last || entry.Step > rec.Step || entry.Time > rec.Time {
			return fmt.Errorf("its journal is out of order at step %d", entry.Step)
		}
		last = entry.Step
	}
	return rec.Project.check()
}

// input gives what to open a session with; cleanup removes what that needs on the disk.
func (rec *Recording) input() (in Input, cleanup func() error, err error) {
	in = Input{
		Name: rec.Name, Path: rec.Path, File: []byte(rec.File), Env: rec.Env,
		Seed: rec.Seed, Profiles: rec.Profiles, NoBuild: rec.NoBuild,
		Scheduler: rec.Scheduler, RootCA: rec.RootCA, Epoch: rec.Epoch, Served: rec.Served,
	}
	in.Dir, cleanup, err = rec.Project.unpack()
	return in, cleanup, err
}
