package tui

// Order is what the screen asks the player to do.
type Order struct {
	Do   Action
	Text string // of a verb, a goal, a stride, a condition
	Ref  Ref    // what to open
	N    int
}

// Action is a kind of Order.
type Action int

// The actions.
const (
	DoStep       Action = iota // one stride on
	DoScheduling               // to the next decision of the scheduler
	DoSame                     // to the next record of the kind that is shown
	DoPlay
	DoPause
	DoFaster
	DoSlower
	DoBack
	DoFork
	DoSwitch // to another future: N is +1 or -1
	DoGo     // to the time or condition in Text
	DoVerb
	DoStride // Text: event, decision, phase
	DoBreak  // stop whenever the condition in Text becomes true; "" forgets all
	DoList   // open the objects of the resource Text, or the list of resources
	DoObject // open Ref; N is -1 and +1 for the revision before and after
	DoEvents
	DoWhy
	DoSplit  // open two futures side by side
	DoAnswer // end the scene with the answer Text; "" is none
	DoClose  // nothing is open any more
)

// word is something that can be typed behind the colon beside the scenario's verbs.
type word struct {
	name, usage, help string
	action            Action
	bare              bool // it makes sense without more
}

var words = []word{
	{"break", "break MOMENT | break CONDITION | break", "stop at each decision, request, pod … or when something begins to hold (a pod is rejected, worker-1 is NotReady, CEL); alone: forget all", DoBreak, true},
	{"get", "get RESOURCE", "list objects, as kubectl get", DoList, true},
	{"go", "go 90s | go +30s | go CONDITION", "go to a time, or until a condition holds", DoGo, false},
	{"stride", "stride event|decision|phase", "how far one step goes", DoStride, false},
}
