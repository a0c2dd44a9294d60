package component

import (
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
	"minisim/sim/engine"
)

// Reconciler brings the world a step nearer to what is wanted for one key.
// Reconciliation is level-based: the key says what to look at, the caches say what is so.
type Reconciler interface {
	Reconcile(key api.Key) error
}

// ReconcilerFunc is a function that is a Reconciler.
type ReconcilerFunc func(api.Key) error

// Reconcile calls f(key).
func (f ReconcilerFunc) Reconcile(key api.Key) error { return f(key) }

// The back-off of a work queue: 5 ms, doubled with each failure of the same key,
// up to 1000 s, as client-go's default controller rate limiter has it per item.
const (
	BaseBackoff = 5 * time.Millisecond
	MaxBackoff  = 1000 * time.Second
)

// Queue is a controller's work queue: keys, each at most once, done one after
// the other; a key whose reconcile failed comes again after a back-off.
// It is an actor of its own within its process.
type Queue struct {
	process    *Process
	name       string
	reconciler Reconciler
	failures   map[api.Key]int
}

// NewQueue makes a queue in process p under the controller's name, such as
// "replicaset-controller".
func NewQueue(p *Process, name string, r Reconciler) *Queue {
	q := &Queue{process: p, name: name, reconciler: r, failures: map[api.Key]int{}}
	p.Actor(name, q)
	return q
}

// Add has key reconciled as soon as possible.
func (q *Queue) Add(key api.Key) { q.AddAfter(key, 0) }

// AddAfter has key reconciled d from now, or earlier if it waits for an earlier time already.
func (q *Queue) AddAfter(key api.Key, d time.Duration) {
	q.process.Engine.OnceAfter(d, q.work(key))
}

func (q *Queue) work(key api.Key) engine.Work {
	return engine.Work{Actor: q.name, Kind: "reconcile", Key: key.String()}
}

// Run reconciles one key.
func (q *Queue) Run(w engine.Work) {
	key := api.ParseKey(w.Key)
	if !q.process.Synced() {
		q.AddAfter(key, 100*time.Millisecond)
		return
	}
	err := q.reconciler.Reconcile(key)
	if err == nil {
		delete(q.failures, key)
		return
	}
	d := MaxBackoff
	if n := q.failures[key]; n < 18 { // 5 ms << 18 is above the maximum
		d = min(BaseBackoff<<n, MaxBackoff)
	}
	q.failures[key]++
	q.process.Trace.Then(Failed(q.name, w.Key, err, d))
	q.AddAfter(key, d)
}

// Failure is the record of a reconcile that could not be finished.
type Failure struct {
	Controller string        `json:"controller"`
	Key        string        `json:"key"`
	Error      string        `json:"error"`
	Conflict   bool          `json:"conflict,omitempty"` // somebody else had changed the object: an everyday matter
	Stopped    bool          `json:"stopped,omitempty"`  // the program was stopped in the middle of it: there will be no again
	Again      time.Duration `json:"againNs"`
}

// Failed is the record of an error that a controller came upon, and of when it tries again.
func Failed(controller, key string, err error, again time.Duration) Failure {
	return Failure{
		Controller: controller, Key: key, Error: err.Error(), Again: again,
		Conflict: apierrors.IsConflict(err), Stopped: errors.Is(err, api.ErrStopped),
	}
}

// Kind is "retry".
func (Failure) Kind() string { return "retry" }

// Tell says that it will be tried again. Conflicts are too common to be told:
// whoever looks at an old copy is told so, and looks again. What a program fails
// at because it is dying is not told either: its end is.
func (f Failure) Tell() string {
	if f.Conflict || f.Stopped {
		return ""
	}
	return f.Key + ": " + f.Error + "; again in " + f.Again.String()
}

// Murmur tells of conflicts, too.
func (f Failure) Murmur() string {
	if f.Stopped {
		return ""
	}
	return f.Key + " has changed meanwhile (conflict), again in " + f.Again.String()
}

// Reconciled is the record of a reconcile that did something: what was wanted,
// what was found and what follows from the difference.
type Reconciled struct {
	Controller string `json:"controller"`
	Resource   string `json:"resource"`
	Key        string `json:"key"`
	Want       string `json:"want,omitempty"`    // "3 pods"
	Have       string `json:"have,omitempty"`    // "2"
	Do         string `json:"do"`                // "create 1"
	Because    string `json:"because,omitempty"` // the setting or rule behind it
	Report     bool   `json:"report,omitempty"`  // nothing is brought about, only the object's status is kept up to date
}

// Kind is "reconcile".
func (Reconciled) Kind() string { return "reconcile" }

// Tell is for example "replicaset default/app-5d4f: wants 3 pods, has 2 → create 1".
func (r Reconciled) Tell() string {
	if r.Report {
		return ""
	}
	return r.Murmur()
}

// Murmur tells of reports, too.
func (r Reconciled) Murmur() string {
	s := r.Resource + " " + r.Key + ": "
	if r.Want != "" {
		s += "wants " + r.Want
		if r.Have != "" {
			s += ", has " + r.Have
		}
		s += " → "
	}
	s += r.Do
	if r.Because != "" {
		s += " (" + r.Because + ")"
	}
	return s
}
