package tui

import (
	"fmt"

	"minisim/sim/scenario"
)

// helpKeys says what each key does.
var helpKeys = [][2]string{
	{"space, enter", "one step on (how far that is: : stride event, decision or phase)"},
	{"n", "on to the next decision of the scheduler"},
	{"N", "on to the next step of the same kind as the one that is shown"},
	{"c", "let it play"},
	{"p", "pause"},
	{"+, -", "faster, slower"},
	{"b", "one step back"},
	{"g", "go to a time (90s), further by a time (+30s), to a moment (scheduling, ask), or until something holds (redis ready, worker-1 is NotReady, ready(\"redis\") == 1)"},
	{"f", "fork: the future begins again here, beside the one that is known; [ and ] change between them"},
	{"arrows, tab", "select a machine or a pod; so does a click"},
	{"d", "what differs: this future and the one before it side by side, stepping together; again: their logs"},
	{"k", "kill what is selected: cut a machine's power, crash a pod"},
	{"r", "start the selected machine again"},
	{"t, s", "taint the selected machine, scale the selected application"},
	{"w", "why: the whole chain of causes of the step, and all that was compared"},
	{"y", "the selected machine's or pod's object as YAML; < and > for its revision before and after"},
	{"o", "objects by resource; enter opens one"},
	{"e", "the Events that kubectl would show"},
	{"l", "the log: everything that was told"},
	{"/", "search a list, a text or the log"},
	{":", "a verb, as on the command line; tab completes, up brings back what was typed"},
	{"pgup, pgdn, wheel", "scroll"},
	{"esc", "back to the picture"},
	{"1-9, enter, h", "where the scenario asks: choose, answer, see a hint; esc goes on without an answer"},
	{"q", "quit"},
}

// helpLines are keys, signs and verbs.
func helpLines(t *Theme, n int) []line {
	var out []line
	item := func(name, about string) {
		for i, part := range wrap(about, n-21) {
			if i > 0 {
				name = ""
			}
			out = append(out, line{{fmt.Sprintf("  %-18s ", name), paint{role: strong}}, {part, paint{}}})
		}
	}
	head := func(s string) {
		if len(out) > 0 {
			out = append(out, nil)
		}
		out = append(out, line{{s, paint{role: title}}})
	}
	head("Keys")
	for _, k := range helpKeys {
		item(k[0], k[1])
	}
	head("Pods")
	for state, about := range [...]string{
		Pending: "pending: no machine has been chosen yet", Waiting: "waiting on its machine: for a volume, an address, its turn",
		Pulling: "pulling an image", Starting: "starting: it runs and is not ready yet", Ready: "ready",
		Terminating: "terminating: it has been told to stop", Crashed: "crashed: it will be started again", Done: "done: it has ended well",
	} {
		item(t.Glyphs.States[state], about)
	}
	head("Machines")
	item("v, ^ before a name", "the last request was told to this machine, or came from it")
	item("underlined", "has changed in the last step")
	head("Verbs, behind :")
	for _, v := range scenario.Verbs() {
		out = append(out, line{{"  " + v.Usage, paint{role: strong}}})
		out = append(out, wrapped("      "+v.Help, paint{}, n, 6)...)
	}
	for _, w := range words {
		out = append(out, line{{"  " + w.usage, paint{role: strong}}})
		out = append(out, wrapped("      "+w.help, paint{}, n, 6)...)
	}
	return out
}
