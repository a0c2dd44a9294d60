package main

import (
	"fmt"
	"strings"

	"minisim/sim/scenario"
)

// halt stops where the scenario wants to be looked at or asks something, before
// anything follows from it. Without a terminal only questions stop: their
// answers are lines of standard input, and at its end nobody answers.
func (p *player) halt(s *scenario.Stop) error {
	p.text.Flush()
	if s.Paused && p.watched() {
		text := "press enter to go on"
		if s.Text != "" {
			text = scenario.Plain(s.Text) + " (" + text + ")"
		}
		if _, _, err := p.prompt(text + " "); err != nil {
			return err
		}
	}
	if s.Question != nil {
		return p.question(s.Question)
	}
	return nil
}

// question asks until there is an answer that can be understood. In a pipe it
// asks once, so that the answers to later questions stay their own.
func (p *player) question(q *scenario.Question) error {
	hints := q.Hints
	for {
		text := ""
		if p.watched() {
			text = "your answer (enter: none"
			if len(hints) > 0 {
				text += ", ?: a hint"
			}
			text += ") > "
		}
		line, ok, err := p.prompt(text)
		line = strings.TrimSpace(line)
		if err != nil || !ok || line == "" {
			return err
		}
		if line == "?" && len(hints) > 0 {
			fmt.Fprintln(p.streams.out, "  "+scenario.Plain(hints[0]))
			hints = hints[1:]
			continue
		}
		if err = p.session.Answer(q.ID, line); err == nil {
			return nil
		}
		fmt.Fprintln(p.streams.out, "  "+err.Error())
		if !p.watched() {
			return nil
		}
	}
}

// watched says whether a person sits at the terminal.
func (p *player) watched() bool { return isTerminal(p.streams.in) && isTerminal(p.streams.out) }

// prompt shows a text and reads a line; false at the end of the input. Meanwhile
// it serves who comes from outside.
func (p *player) prompt(text string) (string, bool, error) {
	fmt.Fprint(p.streams.out, text)
	for {
		select {
		case <-p.ctx.Done():
			fmt.Fprintln(p.streams.out)
			return "", false, p.ctx.Err()
		case <-p.knocks():
			if !p.session.Waiting() && !p.host.waiting() {
				p.session.Serve(p.session.Now()) // somebody only looks
				continue
			}
			fmt.Fprintln(p.streams.out)
			p.session.Serve(p.session.Now())
			p.host.attend()
			p.text.Flush()
			fmt.Fprint(p.streams.out, text)
		case line, ok := <-p.input():
			if !ok && p.host != nil { // nobody types here any more, but others may come
				p.lines = make(chan string)
				continue
			}
			if !ok && text != "" {
				fmt.Fprintln(p.streams.out)
			}
			return line, ok, p.failed
		}
	}
}

// input is the lines of standard input. Nobody reads it before it is needed.
func (p *player) input() <-chan string {
	if p.lines == nil {
		p.lines = readLines(p.streams.in)
	}
	return p.lines
}
