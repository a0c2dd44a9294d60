package tui

import (
	"strings"
	"testing"
)

const lesson = "lesson-scheduling"

// lead starts the player of a lesson behind a screen. The person's keys go to
// the player; see has the screen take what comes until it is as wanted.
func lead(t *testing.T) (b *bench, see func(what string, wanted func(*Snapshot) bool)) {
	t.Helper()
	p := begin(t, lesson)
	b = newBench(&Snapshot{})
	b.give = p.give
	see = func(what string, wanted func(*Snapshot) bool) {
		t.Helper()
		wait(t, p, what, func(s *Snapshot) bool {
			b.Update(arrived{s})
			return wanted(s)
		})
	}
	return b, see
}

func asks(id string) func(*Snapshot) bool {
	return func(s *Snapshot) bool { return s.Scene != nil && s.Scene.ID == id }
}

// TestLesson plays a lesson to its end: it stops at a pause and at each question,
// whose answers come by number, by arrows and typed, and it goes on after each.
func TestLesson(t *testing.T) {
	b, see := lead(t)
	shows := func(texts ...string) {
		t.Helper()
		got := draw(b.snapshot, &b.look, b.theme).plain()
		for _, text := range texts {
			if !strings.Contains(got, text) {
				t.Errorf("the screen does not show %q:\n%s", text, got)
			}
		}
	}
	b.keys("c")
	see("the pause", asks(""))
	shows("Where does a pod go?", "Have a look at the two decisions above.", "enter go on")
	b.keys("enter")

	see("the first question", asks("third-pod"))
	shows("question third-pod, 2 points", "Which node gets the third pod of web?", "1  small", "4  none", "h hint")
	b.keys("h")
	shows("Does the pod tolerate it?")
	b.keys("n")
	see("refused to go on", func(s *Snapshot) bool { return s.Note == errScene.Error() })
	b.keys("l", "esc") // looks at the log, and is back at the question
	shows("1  small", "Does the pod tolerate it?")
	b.keys("2", "enter")

	see("the second question", asks("against-small"))
	if b.look.Hints != 0 || b.look.Choice != 0 {
		t.Errorf("a new question begins with %d hints and choice %d", b.look.Hints, b.look.Choice)
	}
	b.keys("down", "down", "down", "down", "up", "up", "up", "enter") // NodeAffinity

	see("the third question", asks("how-many"))
	shows("enter type an answer")
	b.keys("enter", "4", "esc", "enter", "1", "enter")

	see("over", func(s *Snapshot) bool { return s.End != nil })
	var marks []string
	for _, l := range b.snapshot.Log {
		if strings.Contains(l.Text, " of 2 points") || strings.Contains(l.Text, " of 1 points") {
			marks = append(marks, l.Text)
		}
	}
	if len(marks) != 3 {
		t.Fatalf("the marks are %q", marks)
	}
	for i, want := range []string{"question third-pod: large is", "question against-small: NodeAffinity is right", "question how-many: 1 is right"} {
		if !strings.HasPrefix(marks[i], want) {
			t.Errorf("mark %d is %q, want %q", i+1, marks[i], want)
		}
	}
}

// TestSkippedQuestion goes past a question step by step: nothing is answered, and
// the step that the question has interrupted comes to its end.
func TestSkippedQuestion(t *testing.T) {
	b, see := lead(t)
	b.keys("g")
	b.typeText("40s")
	b.keys("enter")
	see("the pause", asks(""))
	b.keys("esc")
	see("the question", asks("third-pod"))
	b.keys("esc")
	see("at 40s", func(s *Snapshot) bool { return s.Scene == nil && !s.Playing })
	if now := b.snapshot.Time.Seconds(); now < 39 || now > 40 {
		t.Errorf("after both it stands at %.3fs", now)
	}
	told := false
	for _, l := range b.snapshot.Log {
		told = told || strings.HasPrefix(l.Text, "question third-pod: the right answer is ")
	}
	if !told {
		t.Error("the right answer is not told")
	}
}

// TestUnknownAnswer keeps the question when the answer is none of its choices.
func TestUnknownAnswer(t *testing.T) {
	b, see := lead(t)
	b.keys("c")
	see("the pause", asks(""))
	b.keys("enter")
	see("the question", asks("third-pod"))
	b.order(Order{Do: DoAnswer, Text: "nowhere"})
	see("told", func(s *Snapshot) bool { return s.NoteBad })
	if b.snapshot.Scene == nil {
		t.Error("the question is gone")
	}
}

// TestBreakpointAtAQuestion comes to both in one step: neither is lost.
func TestBreakpointAtAQuestion(t *testing.T) {
	b, see := lead(t)
	b.keys("c")
	see("the pause", asks(""))
	b.order(Order{Do: DoBreak, Text: "say"})
	see("set", func(s *Snapshot) bool { return len(s.Breakpoints) == 1 || s.NoteBad })
	if b.snapshot.NoteBad {
		t.Fatal(b.snapshot.Note)
	}
	b.keys("enter")
	see("both", func(s *Snapshot) bool { return asks("third-pod")(s) && strings.HasPrefix(s.Note, "stopped at ") })
	b.keys("esc")
	see("the question's end, and no going on", func(s *Snapshot) bool { return s.Scene == nil && !s.Playing })
}

// TestGoldenQuestion draws a question with a hint on the smallest screen.
func TestGoldenQuestion(t *testing.T) {
	b, see := lead(t)
	b.Update(press("c"))
	see("the pause", asks(""))
	b.keys("enter")
	see("the question", asks("third-pod"))
	b.look.Width, b.look.Height, b.look.Lit = 80, 24, nil
	b.keys("h", "down")
	compare(t, "question-80x24", draw(b.snapshot, &b.look, b.theme).plain()+"\n")
}
