package tui

// Look is what a person has opened, selected and scrolled to: all that a frame
// depends on beside the Snapshot and the theme.
type Look struct {
	Width, Height int
	Panel         Panel
	Selected      Selection
	Row           int // the chosen row of an opened list
	Scroll        int // how far the text of the panel is scrolled
	Phase         int // how many phases of a scheduling decision have unfolded
	Lit           map[string]bool
	Choice        int     // the chosen answer to the scene's question
	Hints         int     // how many of its hints are shown
	Logs          bool    // of two futures the logs are shown, not the pictures
	Prompt        *Prompt // a line is being typed
	Filter        string  // what an opened list or text is searched for
}

// Panel is what fills the screen.
type Panel int

// The panels.
const (
	Picture Panel = iota
	Log
	Opening // an opened list, object, chain of causes
	Help
)

// Selection is what the next verb is about.
type Selection struct {
	Kind Kind
	Name string // of the machine; of the pod: namespace/name
}

// Kind says what is selected.
type Kind int

// The kinds of selection.
const (
	Nothing Kind = iota
	OfMachine
	OfPod
)

// Prompt is the line at the bottom while somebody types.
type Prompt struct {
	Mark   string // ":", "go to ", "/"
	Text   string
	Cursor int      // in columns
	Hints  []string // how it could go on
}

// The phases of a scheduling decision, in the order in which they unfold.
const (
	phaseQueue = iota + 1
	phaseFilter
	phaseScore
	phaseBind
	allPhases = 1 << 20
)

// changed gives what is lit in now: machines, pods and their states that differ from before.
func changed(before, now *Snapshot) map[string]bool {
	lit := map[string]bool{}
	if before == nil || before.Name != now.Name {
		return lit
	}
	type place struct{ machine, version string }
	pods := map[string]place{}
	machines := map[string]Machine{}
	eachPod(before, func(machine string, p Pod) { pods[p.Key] = place{machine, p.Version} })
	eachMachine(before, func(m Machine) { machines[m.Name] = m })
	eachMachine(now, func(m Machine) {
		if differs(machines[m.Name], m) {
			lit["machine "+m.Name] = true
		}
	})
	eachPod(now, func(machine string, p Pod) {
		if was, ok := pods[p.Key]; !ok || was != (place{machine, p.Version}) {
			lit["pod "+p.Key] = true
		}
	})
	return lit
}

// eachPod gives all pods with their machines; the name of none is "".
func eachPod(s *Snapshot, f func(machine string, p Pod)) {
	eachMachine(s, func(m Machine) {
		for _, p := range m.Pods {
			f(m.Name, p)
		}
	})
	for _, p := range s.Loose {
		f("", p)
	}
}

func eachMachine(s *Snapshot, f func(Machine)) {
	for _, m := range s.Masters {
		f(m)
	}
	for _, m := range s.Workers {
		f(m)
	}
}

// differs compares what can be seen of a machine but its pods.
func differs(a, b Machine) bool {
	if a.On != b.On || a.Registered != b.Registered || a.Ready != b.Ready || a.Cordoned != b.Cordoned ||
		a.CPU != b.CPU || a.Memory != b.Memory || len(a.Taints) != len(b.Taints) || len(a.Labels) != len(b.Labels) {
		return true
	}
	for i := range a.Taints {
		if a.Taints[i] != b.Taints[i] {
			return true
		}
	}
	for i := range a.Labels {
		if a.Labels[i] != b.Labels[i] {
			return true
		}
	}
	return false
}
