package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"minisim/internal/source"
	"minisim/sim/scenario"
	"minisim/sim/session"
	"minisim/sim/trace"
	"minisim/ui/remote"
)

// consoleCommand is what a running cluster understands beside verbs: it is about
// the run, not about the cluster, and neither the journal nor the hash knows of it.
type consoleCommand struct {
	name, args, help, more string
	hidden                 bool
	run                    func(h *host, job *remote.Job, args []string, told *trace.Text) error
}

func consoleCommands() []consoleCommand {
	return []consoleCommand{
		{"pause", "", "Have virtual time stand still", "Writes are accepted and stored, and outside watchers hear of them; nothing in the\ncluster reacts until the next step.", false, (*host).pauseCommand},
		{"resume", "", "Have virtual time go on after a pause or steps", "", false, (*host).resumeCommand},
		{"step", "[N]", "Go on to the next decision, or N of them, tell what happens, and stop", "A step is that of run --step: it ends after a decision of the scheduler, a\ncontroller or a person. A cluster that runs is paused first.", false, (*host).stepCommand},
		{"speed", "[N | max]", "Have virtual time go N times as fast as real time, or say how fast it goes", "", false, (*host).speedCommand},
		{"answer", "[QUESTION] TEXT", "Answer a question of the scenario", "QUESTION is its name; it may be left out when one question is open. A choice is given by its\nnumber or in words. Until the question is decided, another answer takes the place of the first.\nminisim status lists the open questions.", false, (*host).answerCommand},
		{"status", "[json]", "Say how a running cluster stands", "", true, (*host).statusCommand},
		{"why", "POD [FORM] [fix]", "Explain where a pod is, or why it is Pending", "", true, (*host).whyCommand},
		{"complete", "WORD...", "List how a command can go on", "", true, (*host).completeCommand},
	}
}

// obey carries out a command, and tells in told what happens. What it gives is not
// nil if the command is a verb that takes virtual time.
func (h *host) obey(job *remote.Job, told *trace.Text) (*lasting, error) {
	name := job.Args[0]
	for _, c := range consoleCommands() {
		if c.name == name {
			return nil, c.run(h, job, job.Args[1:], told)
		}
	}
	if !slices.ContainsFunc(scenario.Verbs(), func(v *scenario.Verb) bool { return v.Name == name }) {
		return nil, unknownVerb(name)
	}
	return h.verb(job, told)
}

func unknownVerb(name string) error {
	var names []string
	for _, v := range scenario.Verbs() {
		names = append(names, v.Name)
	}
	for _, c := range consoleCommands() {
		if !c.hidden {
			names = append(names, c.name)
		}
	}
	hint := source.DidYouMean(name, names)
	if hint == "" {
		hint = "see minisim verbs"
	}
	return remote.Usage("there is no verb %q; %s", name, hint)
}

// verb carries out a verb as a request from outside, which the journal keeps.
func (h *host) verb(job *remote.Job, told *trace.Text) (*lasting, error) {
	text := strings.Join(job.Args, " ")
	if err := h.runner().Understand(text); err != nil {
		return nil, remote.UsageError{Err: err}
	}
	var failed error
	h.echo = func(r trace.Record) {
		switch b := r.Body.(type) {
		case scenario.Did:
			if b.Error != "" { // it is the error of the command
				failed = errors.New(b.Error)
				return
			}
		case scenario.Verdict:
			if !b.Held {
				failed = errors.New(b.Tell())
				return
			}
		}
		told.Record(r)
	}
	err := h.session.Type(h.ctx, text)
	h.echo = nil
	switch {
	case failed != nil:
		return nil, failed
	case err != nil:
		return nil, err
	case h.runner().Underway(h.runner().Typed()):
		return &lasting{job: job, number: h.runner().Typed(), told: told}, nil
	}
	return nil, nil
}

// errOwnPace says that the run goes on by hand, at its own terminal.
var errOwnPace = errors.New("somebody plays this run at its own terminal, which says how it goes on; minisim step takes a step")

func (h *host) pauseCommand(job *remote.Job, args []string, _ *trace.Text) error {
	switch {
	case len(args) > 0:
		return remote.Usage("pause takes no arguments")
	case h.keeper == nil:
		return errOwnPace
	case h.keeper.paused:
		return errors.New("it is paused already")
	}
	h.keeper.pause()
	fmt.Fprintf(job.Out, "Paused at %ss of virtual time.\n", clock(h.session.Now()))
	return nil
}

func (h *host) resumeCommand(job *remote.Job, args []string, _ *trace.Text) error {
	switch {
	case len(args) > 0:
		return remote.Usage("resume takes no arguments")
	case h.keeper == nil:
		return errOwnPace
	case !h.keeper.paused:
		return errors.New("it is not paused")
	}
	h.keeper.resume()
	fmt.Fprintf(job.Out, "Goes on from %ss of virtual time, %s.\n", clock(h.session.Now()), pacedAt(h.keeper.speed))
	return nil
}

func pacedAt(speed float64) string {
	switch speed {
	case 0:
		return "as fast as it can"
	case 1:
		return "as fast as real time"
	}
	return strconv.FormatFloat(speed, 'g', -1, 64) + " times as fast as real time"
}

func (h *host) speedCommand(job *remote.Job, args []string, _ *trace.Text) error {
	if h.keeper == nil {
		return errOwnPace
	}
	switch len(args) {
	case 0:
	case 1:
		speed, err := parseSpeed(args[0])
		if err != nil {
			return remote.Usage("speed %s: it may be max or a number above 0 (virtual seconds a second)", args[0])
		}
		h.keeper.setSpeed(speed)
	default:
		return remote.Usage("speed takes one argument at most")
	}
	text := "Virtual time goes " + pacedAt(h.keeper.speed)
	if h.keeper.paused {
		text += ", once it goes on: the cluster is paused"
	}
	fmt.Fprintln(job.Out, text+".")
	return nil
}

// maxSteps is how many steps one command may take.
const maxSteps = 100_000

func (h *host) stepCommand(job *remote.Job, args []string, told *trace.Text) error {
	n := 1
	if len(args) > 0 {
		var err error
		if n, err = strconv.Atoi(args[0]); err != nil || n < 1 || n > maxSteps || len(args) > 1 {
			return remote.Usage("step %s: how many steps? A number from 1 to %d", strings.Join(args, " "), maxSteps)
		}
	}
	if !h.still() {
		h.keeper.pause()
	}
	h.stepped(nil, nil)
	h.echo = told.Record
	defer func() { h.echo = nil }()
	ctx, cancel := context.WithCancel(job.Ctx) // it ends when nobody waits any more, or the run is to end
	defer cancel()
	defer context.AfterFunc(h.ctx, cancel)()
	for range n {
		_, err := h.session.Until(ctx, session.Decision().Within(scenario.Settled))
		if h.ctx.Err() != nil {
			return context.Cause(h.ctx)
		}
		if err != nil {
			return err
		}
		told.Flush()
		if at := h.session.Stopped(); at != nil && at.Scene != nil {
			h.stepped(at.Scene, job.Out)
		} else if at == nil || at.Reached() && at.Record == nil && at.Breakpoint == nil {
			h.cluster().Engine.Idle(h.session.Now())
			fmt.Fprintf(job.Out, "Nothing was decided for %s.\n", scenario.Settled)
			break
		}
	}
	fmt.Fprintf(job.Out, "Paused at %ss of virtual time, step %d.\n", clock(h.session.Now()), h.session.StepNumber())
	return nil
}

// stepped notes, and tells, to which scene a step has come; nil is none.
func (h *host) stepped(scene *scenario.Stop, to io.Writer) {
	if h.keeper != nil {
		h.keeper.scene, h.keeper.went = scene, false
	}
	if scene != nil {
		fmt.Fprintln(to, sceneText(scene))
	}
}

// answerCommand answers a question: the one that the first word names, or else the only open one.
func (h *host) answerCommand(job *remote.Job, args []string, _ *trace.Text) error {
	open := h.runner().Open()
	var q *scenario.Question
	if len(args) > 1 {
		for _, named := range h.session.Scenario().Questions() {
			if named.ID == args[0] {
				q, args = named, args[1:]
				break
			}
		}
	}
	switch {
	case len(args) == 0:
		return remote.Usage("answer needs the answer's text")
	case q == nil && len(open) == 0:
		return errors.New("no question is open")
	case q == nil && len(open) > 1:
		var ids []string
		for _, o := range open {
			ids = append(ids, o.ID)
		}
		return remote.Usage("several questions are open: say which (%s), as in answer %s TEXT", strings.Join(ids, ", "), ids[0])
	case q == nil:
		q = open[0]
	}
	if err := h.session.Answer(q.ID, strings.Join(args, " ")); err != nil {
		return remote.UsageError{Err: err}
	}
	fmt.Fprintf(job.Out, "The answer to question %s is noted.\n", q.ID)
	if h.keeper != nil && h.keeper.answered(q.ID) {
		fmt.Fprintf(job.Out, "Goes on from %ss of virtual time, %s.\n", clock(h.session.Now()), pacedAt(h.keeper.speed))
	}
	return nil
}

func (h *host) statusCommand(job *remote.Job, args []string, _ *trace.Text) error {
	s := h.status()
	if len(args) > 0 && args[0] == "json" {
		return json.NewEncoder(job.Out).Encode(s)
	}
	s.print(job.Out)
	return nil
}

// whyCommand explains the scheduler's verdict on a pod: POD, then the form of the output, then fix.
func (h *host) whyCommand(job *remote.Job, args []string, _ *trace.Text) error {
	if len(args) == 0 {
		return remote.Usage("why needs a pod")
	}
	o := whyOptions{output: "text", fix: slices.Contains(args[1:], "fix")}
	if len(args) > 1 && args[1] != "fix" {
		o.output = args[1]
	}
	x, err := h.witness.explain(h.cluster(), h.runner(), args[0], o.fix)
	if err != nil {
		var usage usageError
		if errors.As(err, &usage) {
			return remote.UsageError{Err: err}
		}
		return err
	}
	return x.write(job.Out, o)
}

func (h *host) completeCommand(job *remote.Job, args []string, _ *trace.Text) error {
	for _, word := range h.runner().Complete(args) {
		fmt.Fprintln(job.Out, word)
	}
	return nil
}
