package tui

import (
	"errors"
	"time"

	"minisim/sim/scenario"
	"minisim/sim/session"
)

// Scene is a place where the scenario itself pauses or asks something. The run
// goes on when the person has answered it, or does not want to.
type Scene struct {
	Text     string // of the pause; may be empty
	ID       string // of the question; "" for a pause
	Question string
	Choices  []string // none: any text is an answer
	Hints    []string
	Points   int64
}

// interlude is a scene that the player stands at, and what it was doing.
type interlude struct {
	scene   *Scene
	playing bool
	goal    *session.Stop
	until   time.Duration
}

// interrupt stops at a scene; what has not been reached is gone on with after it.
func (p *player) interrupt(s *session.Stopped) {
	was := interlude{scene: sceneOf(s.Scene), playing: p.playing, goal: p.goal, until: p.until}
	if s.Breakpoint != nil || p.goal != nil && s.Reached() {
		was.playing, was.goal, was.until = false, nil, 0
	}
	p.halt()
	p.interlude = was
	p.note, p.noteBad = "", false // a mark is told in the log; here are the keys
}

func sceneOf(s *scenario.Stop) *Scene {
	out := &Scene{}
	if s.Paused {
		out.Text = scenario.Plain(s.Text)
	}
	if q := s.Question; q != nil {
		out.ID, out.Question, out.Choices, out.Points = q.ID, scenario.Plain(q.Text), q.Choices, q.Points
		for _, h := range q.Hints {
			out.Hints = append(out.Hints, scenario.Plain(h))
		}
	}
	return out
}

// answer ends the scene with an answer, "" for none, and goes on as before.
func (p *player) answer(text string) error {
	was := p.interlude
	if was.scene == nil {
		return nil
	}
	if text != "" {
		if err := p.now().session.Answer(was.scene.ID, text); err != nil {
			return err
		}
	}
	p.interlude = interlude{}
	p.playing, p.goal, p.until = was.playing, was.goal, was.until
	return nil
}

// moves says whether an action leads away from where the run stands.
func (a Action) moves() bool {
	switch a {
	case DoStep, DoScheduling, DoSame, DoPlay, DoBack, DoFork, DoSwitch, DoGo, DoVerb:
		return true
	}
	return false
}

// tellMark notes the mark that has been given since there were n.
func (p *player) tellMark(n int) {
	marks := p.now().session.Runner().Marks()
	if len(marks) > n {
		m := marks[len(marks)-1]
		p.note, p.noteBad = m.Tell(), m.Answered && !m.Correct
	}
}

// errScene answers an order that leads away from a scene.
var errScene = errors.New("the scenario waits for you: answer, or press esc on the picture to go on without")
