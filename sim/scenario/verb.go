package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"minisim/internal/source"
	"minisim/sim/api"
)

// Verb is something that a person can do to a cluster. The table of verbs is
// shared by the timeline, the prompt and whatever else takes commands.
type Verb struct {
	Name  string
	Usage string // "kill node NODE"
	Help  string // one line
	Flags []Flag
	parse func(args []string, v *View) (action, error)
}

// Flag is something that a verb may be told beside its arguments, as kubectl is.
type Flag struct {
	Name string // "--force"
	Help string // one line
}

// action is a parsed command, ready to be carried out.
type action interface {
	// check finds names that do not exist in the file. It is not asked for names that only the cluster knows.
	check(Names) error
	// do carries it out at the present virtual time.
	do(*Runner) error
}

// lasting is an action that goes on after do, until it is finished.
type lasting interface {
	// finished does what can be done now and says whether that was all.
	finished(*Runner) (bool, error)
	// noticed says, between two steps, whether there is something to do now.
	noticed() bool
	// next is the virtual time at which there is something to do at the latest.
	next(now time.Duration) time.Duration
}

// Names are what a file itself knows of.
type Names struct {
	Machines, Services []string
}

// Command is one use of a verb.
type Command struct {
	Pos  source.Pos // where it stands, zero for one that was typed
	Text string
	Verb *Verb
	action
}

// Verbs is the table of verbs, sorted by name.
func Verbs() []*Verb {
	return []*Verb{
		cordonVerb, crashVerb, deleteVerb, drainVerb, evictVerb, expectVerb, killVerb, labelVerb, loadVerb, rolloutVerb,
		scaleVerb, setVerb, startVerb, taintVerb, uncordonVerb, untaintVerb, waitVerb,
	}
}

// ParseCommand reads one command, such as "kill node worker-2". v answers the conditions in it.
func ParseCommand(text string, v *View) (Command, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return Command{}, errors.New("an empty command")
	}
	var names []string
	for _, verb := range Verbs() {
		if verb.Name == words[0] {
			args := words[1:]
			if verb == expectVerb || verb == waitVerb { // the rest is one expression, spaces and all
				args = []string{strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), words[0]))}
			}
			a, err := verb.parse(args, v)
			if err != nil {
				return Command{}, fmt.Errorf("%s: %w (usage: %s)", verb.Name, err, verb.Usage)
			}
			return Command{Text: text, Verb: verb, action: a}, nil
		}
		names = append(names, verb.Name)
	}
	return Command{}, fmt.Errorf("there is no verb %q; %s", shorten(words[0]), hintOr(source.DidYouMean(words[0], names), names))
}

// place is a machine: by its name, as the one that runs a service's pod, or as the one that is off.
type place struct {
	name    string
	service string // "" when there is a name
	dead    bool
}

// parsePlace takes "[node] NAME", "[node] of SERVICE" or "dead node" off the front of args.
func parsePlace(args []string) (place, []string, error) {
	if len(args) > 1 && args[0] == "dead" && args[1] == "node" {
		return place{dead: true}, args[2:], nil
	}
	if len(args) > 0 && slices.Contains([]string{"node", "machine", "master", "worker"}, args[0]) {
		args = args[1:]
	}
	switch {
	case len(args) == 0:
		return place{}, nil, errors.New("which node?")
	case args[0] != "of":
		return place{name: args[0]}, args[1:], nil
	case len(args) == 1:
		return place{}, nil, errors.New("the node of which service?")
	}
	return place{service: args[1]}, args[2:], nil
}

func (p place) check(n Names) error {
	if p.dead {
		return nil
	}
	if p.service != "" {
		return known("service", p.service, n.Services)
	}
	return known("node", p.name, n.Machines)
}

func known(what, name string, names []string) error {
	if slices.Contains(names, name) {
		return nil
	}
	return fmt.Errorf("there is no %s %q; %s", what, shorten(name), hintOr(source.DidYouMean(name, names), names))
}

// maxNamed is how many names a hint gives.
const maxNamed = 24

// hintOr is a hint, or else what there is.
func hintOr(hint string, names []string) string {
	switch {
	case hint != "":
		return hint
	case len(names) == 0:
		return "there is none"
	case len(names) > maxNamed:
		return fmt.Sprintf("there are %s and %d more", strings.Join(names[:maxNamed], ", "), len(names)-maxNamed)
	}
	return "there are " + strings.Join(names, ", ")
}

// find gives the machine's name.
func (p place) find(r *Runner) (string, error) {
	if p.dead {
		return deadNode(r)
	}
	if p.service == "" {
		return p.name, known("node", p.name, r.Cluster.Machines())
	}
	for _, pod := range r.View.Pods(p.service) {
		if pod.Spec.NodeName != "" && pod.DeletionTimestamp == nil {
			return pod.Spec.NodeName, nil
		}
	}
	return "", fmt.Errorf("no pod of service %s is on any node", p.service)
}

// deadNode is the one machine that is off.
func deadNode(r *Runner) (string, error) {
	var off []string
	for _, name := range r.Cluster.Machines() {
		if !r.Cluster.On(name) {
			off = append(off, name)
		}
	}
	switch len(off) {
	case 1:
		return off[0], nil
	case 0:
		return "", errors.New("no machine is off")
	}
	return "", fmt.Errorf("several machines are off: %s", strings.Join(off, ", "))
}

// parsePod takes "[pod] NAME" or "[pod] of SERVICE".
func parsePod(args []string) (place, error) {
	if len(args) > 0 && args[0] == "pod" {
		args = args[1:]
	}
	p, rest, err := parsePlace(args)
	if err != nil {
		return p, errors.New("which pod?")
	}
	return p, tooMany(rest)
}

// findPod gives the pod that a place, read as a pod's name, stands for.
func (p place) findPod(r *Runner) (*corev1.Pod, error) {
	if p.service == "" {
		return api.Get[*corev1.Pod](r.client, api.Pods, api.Key{Namespace: "default", Name: strings.TrimPrefix(p.name, "default/")})
	}
	for _, pod := range r.View.Pods(p.service) {
		if pod.DeletionTimestamp == nil {
			return pod, nil
		}
	}
	return nil, fmt.Errorf("service %s has no pod", p.service)
}

func tooMany(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("what is %q for?", strings.Join(rest, " "))
	}
	return nil
}

// patchNode changes a node through the API.
func patchNode(r *Runner, name string, change func(*corev1.Node)) error {
	_, err := api.Patch(r.client, api.Nodes, api.Key{Name: name}, func(n *corev1.Node) error {
		change(n)
		return nil
	})
	return err
}
