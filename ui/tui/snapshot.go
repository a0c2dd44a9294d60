package tui

import "time"

// Snapshot is all that the screen shows of a run at one moment. It is plain
// data that nobody changes once it is made.
type Snapshot struct {
	Name     string // the scenario's
	About    string // what it is about, in a sentence
	Time     time.Duration
	Step     uint64
	Revision int64 // etcd's latest

	Playing bool   // it goes on by itself
	Pace    string // "pleasant ×2"
	Stride  string // how far one step goes: event, decision, phase
	Branch  int    // which of the futures this is, from 1
	Futures int    // how many there are
	End     *Line  // the last line of a run that is over
	Failed  bool   // the run is over and was no success

	Masters []Machine
	Workers []Machine
	Loose   []Pod    // pods that have no machine
	Apps    []string // the names of all applications, sorted: each has its colour
	Parts   []Part
	Queue   []string // pods that wait for the scheduler

	Path *Path // the last request since the step before
	Now  Happening
	Next []Coming
	Log  []Line // what was told lately, the latest last

	Way         string // in for those who come from outside; "": there is none
	Scene       *Scene // nil: the scenario wants nothing of the person
	Breakpoints []string
	Opened      *Opened // what the person has asked to see
	Note        string  // the answer to the last order
	NoteBad     bool
	Strides     uint64 // how many orders have moved the run
}

// Machine is a master or a worker.
type Machine struct {
	Name       string
	On         bool   // it has power
	Registered bool   // the API has a node of this name
	Ready      string // the node's condition Ready: True, False, Unknown; "" without a node
	Cordoned   bool
	Zone       string
	Labels     []string // key=value, those that a person has set
	Taints     []string // key=value:Effect
	CPU        Amount   // in thousandths of a core
	Memory     Amount   // in bytes
	Pods       []Pod
	MaxPods    int64
}

// Amount is how much of something is requested of how much there is to give out.
type Amount struct{ Requested, Allocatable int64 }

// State is where in its life a pod is.
type State int

// The states of pods.
const (
	Pending     State = iota // no machine yet
	Waiting                  // it has a machine, but no container runs: for a volume, for its turn
	Pulling                  // an image is on its way
	Starting                 // a container runs, the pod is not ready
	Ready                    // ready
	Terminating              // being deleted
	Crashed                  // a container has failed and waits for its next start, or the pod has failed
	Done                     // it has ended well
)

// Pod is one pod.
type Pod struct {
	Key      string // namespace/name
	App      string // the compose service, else what it is owned by
	State    State
	Restarts int
	Reason   string // why it is not ready
	Version  string // of the object: another one means that it has changed
}

// Part is a program of the control plane.
type Part struct {
	Name    string
	Up      bool
	Working bool   // it did something since the step before
	Figure  string // etcd's revision, how many pods wait
	Text    string // what it is busy with
}

// Path is the way of one request: who asked, what for, what came of it and who was told.
type Path struct {
	Who      string
	What     string   // "create binding of pod default/app-1"
	Stages   []string // what the server did with it
	Refused  string   // why it was not granted
	Revision int64    // of etcd; 0 when nothing was written
	Told     []string
}

// Line is a line of the log.
type Line struct {
	ID    uint64
	Step  uint64
	Time  time.Duration
	Actor string
	Text  string
	Tone  Tone
}

// Tone says how a line should strike the eye.
type Tone int

// The tones, in the order of package trace.
const (
	Plain Tone = iota
	Good
	Bad
	Loud
)

// Coming is work to come.
type Coming struct {
	In    time.Duration // from now
	Who   string
	Text  string
	Often bool // a heartbeat or the like
}

// Happening is the step that the screen stands at.
type Happening struct {
	Line
	Kind      string // of the record
	Why       []Line // the chain of causes, the nearest first
	Decision  *Decision
	Reconcile *Reconcile
	Request   *Request
	Detail    []string // of other kinds: plain lines
	About     Ref      // the object that it is about, as it is then; none for some
}

// Decision is a scheduling decision.
type Decision struct {
	Pod       string
	Attempt   int
	Queue     []string // who else waits
	Prefilter string   // why no node can do, when that is clear from the pod alone
	Nodes     []Candidate
	Examined  int
	Feasible  int
	Shortened bool
	Counts    []string // rejections by rule, of a shortened decision
	Plugins   []string // the columns of the score table
	Winner    string
	Outcome   string // the last sentence: who won by how much, or why nobody
}

// Candidate is a node in a scheduling decision.
type Candidate struct {
	Node     string
	Rejected string // the rule that rejected it, "" when it is feasible
	Reason   string
	Scores   []int64 // weighted, a column per plugin
	Total    int64
}

// Reconcile is what a controller compared.
type Reconcile struct {
	Controller, Object, Want, Have, Do, Because string
	About                                       Ref
}

// Opened is a list, an object, the events, or a chain of causes.
type Opened struct {
	Title   string
	Columns []string
	Rows    []Row
	Text    []Paragraph // instead of rows
	Split   *Split      // instead of both
	Refs    []string    // resources to choose from
	Error   string
	Ref     Ref   // of an object
	Before  int64 // the revision before the one that is shown; 0: there is none
	After   int64
}

// Paragraph is a line of an opened text. A sentence is broken where it does not
// fit, with its further lines indented; YAML and tables are cut.
type Paragraph struct {
	Text     string
	Sentence bool
}

// Row is a row of a list. Ref is what opens when it is chosen.
type Row struct {
	Cells []string
	Ref   Ref
	Tone  Tone
}

// Ref names an object: resource and key as kubectl has them ("pods", "default/app-1").
type Ref struct {
	Resource, Key string
	Revision      int64 // 0: as it is now
}
