// Package trace is the account of a run: typed records of what happened, when,
// by whom and because of what, the writers that show them and the hash that
// stands for the whole run.
//
// What a record says (its Body) is defined by the room where it happens: a
// scheduling decision by the scheduler, a request by the API server. Nothing
// here knows of Kubernetes, and nothing here is read back by those rooms.
package trace

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strconv"
	"time"

	"minisim/sim/engine"
)

// ID names a record: its number in the run, from 1. 0 is no record.
type ID = uint64

// Body is what a record says. It must be plain data that encoding/json can
// write; its fields are part of the documented schema of `-o json`.
type Body interface {
	// Kind is the record's kind and the key of the body in JSON: "request", "decision", ….
	Kind() string
}

// Teller is a Body that a person may want to read.
type Teller interface {
	Body
	// Tell is one plain sentence without time and actor, "" when it is noise
	// that a reader is better off without (a heartbeat, a step that did nothing).
	Tell() string
}

// Murmurer is a Teller with a sentence for those who want to hear the noise, too.
type Murmurer interface {
	// Murmur is what a verbose telling says where Tell says nothing.
	Murmur() string
}

// Detailer is a Body with more to say when somebody asks why.
type Detailer interface {
	// Detail is lines of text, a table perhaps.
	Detail() []string
}

// Record is one thing that happened.
type Record struct {
	ID    ID
	Step  uint64        // the engine's step in which it happened, 0 before the first
	Time  time.Duration // virtual time since the epoch
	Actor string        // who did it
	Cause ID            // the record that led to it, 0 if none
	Body  Body
}

// Sink is told of each record as it is made. It must not keep the Record's
// address, and must not call back into the simulation.
type Sink func(Record)

// Recorder makes records. It is used by the engine's goroutine only.
type Recorder struct {
	engine *engine.Engine
	step   engine.Step
	last   ID
	sinks  []Sink
	hash   hash.Hash
	buf    []byte
}

// NewRecorder gives a recorder that observes e. The input of the run (resolved:
// scenario, seed, settings) opens the hash.
func NewRecorder(e *engine.Engine, input []byte) *Recorder {
	r := &Recorder{engine: e, hash: sha256.New()}
	r.hash.Write(input)
	e.Observe(r.begin)
	return r
}

// Subscribe adds a sink. Sinks are told in the order in which they came.
func (r *Recorder) Subscribe(s Sink) { r.sinks = append(r.sinks, s) }

// stepBody is the record of the step itself.
type stepBody struct {
	engine.Work
}

// Kind is "work".
func (stepBody) Kind() string { return "work" }

// StepWork gives the work of a step's record.
func StepWork(b Body) (engine.Work, bool) {
	s, ok := b.(stepBody)
	return s.Work, ok
}

func (r *Recorder) begin(s engine.Step) {
	r.step = s
	b := r.buf[:0]
	b = binary.AppendUvarint(b, s.Number)
	b = binary.AppendVarint(b, int64(s.Time))
	b = binary.AppendUvarint(b, s.Cause)
	b = appendString(b, s.Work.Actor)
	b = appendString(b, s.Work.Kind)
	b = appendString(b, s.Work.Key)
	r.write(b)
	r.add(stepBody{s.Work})
}

// Add makes a record whose cause is the present one.
func (r *Recorder) Add(b Body) ID { return r.add(b) }

// Then makes a record and has it be the cause of what follows in this step:
// of later records, requests and of work that is scheduled.
func (r *Recorder) Then(b Body) ID {
	id := r.add(b)
	r.engine.SetCause(id)
	return id
}

func (r *Recorder) add(b Body) ID {
	r.last++
	if len(r.sinks) > 0 {
		actor := r.engine.Actor()
		if actor == "" {
			actor = "minisim" // between steps it is the program itself that speaks
		}
		rec := Record{ID: r.last, Step: r.engine.Steps(), Time: r.engine.Now(), Actor: actor, Cause: r.engine.Cause(), Body: b}
		for _, s := range r.sinks {
			s(rec)
		}
	}
	return r.last
}

// Request puts a request into the hash: who asked for what and what came of it.
func (r *Recorder) Request(user, verb, resource, key, outcome string) {
	b := append(r.buf[:0], 'r')
	for _, s := range [...]string{user, verb, resource, key, outcome} {
		b = appendString(b, s)
	}
	r.write(b)
}

// Write puts a committed write into the hash: the key, the value (nil for a
// deletion) and the store's revision.
func (r *Recorder) Write(key string, value []byte, revision int64) {
	b := append(r.buf[:0], 'w')
	b = appendString(b, key)
	b = binary.AppendVarint(b, revision)
	b = binary.AppendUvarint(b, uint64(len(value)))
	r.write(b)
	r.hash.Write(value)
}

func (r *Recorder) write(b []byte) {
	r.hash.Write(b)
	r.buf = b
}

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// Records is how many records there are.
func (r *Recorder) Records() uint64 { return r.last }

// Hash stands for the run so far: resolved input, steps, requests and committed
// writes, in 16 hexadecimal digits. Two runs with one hash went the same way.
func (r *Recorder) Hash() string {
	return hex.EncodeToString(r.hash.Sum(nil)[:8])
}

// Seconds writes a virtual time as seconds with as many decimals as it needs ("60.005").
func Seconds(d time.Duration) string {
	b := strconv.AppendInt(nil, int64(d/time.Second), 10)
	if frac := d % time.Second; frac != 0 {
		digits := strconv.Itoa(int(frac + time.Second))[1:]
		for digits[len(digits)-1] == '0' {
			digits = digits[:len(digits)-1]
		}
		b = append(append(b, '.'), digits...)
	}
	return string(b)
}

// Span writes a virtual time or duration as a sentence has it, to the millisecond ("12m17.004s").
func Span(d time.Duration) string { return d.Round(time.Millisecond).String() }
