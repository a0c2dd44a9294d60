package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/klog/v2"

	"minisim/sim/session"
	"minisim/sim/trace"
)

// terminal is a real one, of 100×30 characters, with a shell command in it.
type terminal struct {
	*testing.T
	socket string
}

// openTerminal starts a command in a tmux of its own, which knows no settings.
func openTerminal(t *testing.T, command string) *terminal {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: no real terminal")
	}
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("there is no tmux to give a real terminal")
	}
	dir, err := os.MkdirTemp("", "tmux") // t.TempDir's path may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMUX", "")
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	t.Setenv("LC_ALL", "C.UTF-8")
	term := &terminal{t, filepath.Join(dir, "socket")}
	t.Cleanup(func() {
		exec.Command("tmux", "-S", term.socket, "kill-server").Run() // it is gone already when the test has failed early
		os.RemoveAll(dir)
	})
	term.tmux("-f", os.DevNull, "-u", "new-session", "-d", "-x", "100", "-y", "30", command)
	return term
}

func (t *terminal) tmux(args ...string) string {
	t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", t.socket}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("tmux %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// press sends keys by their names in tmux.
func (t *terminal) press(keys ...string) {
	t.Helper()
	t.tmux(append([]string{"send-keys", "--"}, keys...)...)
}

// see waits until the terminal shows a text, or with a ! in front of it does not
// show the rest. A panic is never shown.
func (t *terminal) see(after string, texts ...string) {
	t.Helper()
	limit := time.Now().Add(10 * time.Second)
	for {
		screen := t.tmux("capture-pane", "-p")
		for _, bad := range []string{"panic:", "goroutine ", "broken down"} {
			if strings.Contains(screen, bad) {
				t.Fatalf("after %s:\n%s", after, screen)
			}
		}
		missing := ""
		for _, text := range texts {
			if rest, not := strings.CutPrefix(text, "!"); strings.Contains(screen, rest) == not {
				missing = text
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("after %s it does not come to %q:\n%s", after, missing, screen)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestEveryKeyInATerminal presses each key of the help in a real terminal, sees
// what comes of it, and leaves the terminal as it was.
func TestEveryKeyInATerminal(t *testing.T) {
	term := openTerminal(t, "echo before; minisim run hello; echo exit code $?; stty -a; exec sleep 60")
	const header, picture = " minisim hello  ", "what is happening"
	term.see("the start", header, "Nothing has happened yet")
	for _, c := range []struct {
		keys string
		want []string
	}{
		{"Space", []string{picture, "!Nothing has happened yet"}},
		{"n", []string{"gets a machine: worker-", "score"}},
		{"b", []string{picture, "!gets a machine"}},
		{"n", []string{"gets a machine"}},
		{"N", []string{"The run is over"}}, // there is no other pod
		{"g", []string{"+30s"}},
		{"3 s Enter", []string{"stopped, steps by decision", "!+30s"}},
		{"+", []string{"plays 2 times as fast"}},
		{"-", []string{"plays at a pleasant pace"}},
		{"c", []string{"plays, at a pleasant pace"}},
		{"p", []string{"stopped, steps by decision"}},
		{"g", []string{"go to ", "+30s"}},
		{"Escape", []string{picture, "!+30s"}},
		{"f", []string{"future 2 of 2"}},
		{"[", []string{"future 1 of 2"}},
		{"]", []string{"future 2 of 2"}},
		{"d", []string{"future 1 and future 2", "Nothing that is told differs"}},
		{"d", []string{"future 1 and future 2", "!" + picture}},
		{"d", []string{"future 1 and future 2", picture}},
		{"Escape", []string{picture, "!future 1 and future 2"}},
		{"k", []string{"select a machine first"}},
		{"Tab Tab Tab", []string{picture}},
		{"k", []string{"done: kill node worker-2", "no power"}},
		{"r", []string{"done: start node worker-2", "!no power"}},
		{"t", []string{":taint node worker-2"}},
		{"Escape", []string{picture, "!:taint"}},
		{"s", []string{":scale"}},
		{"Escape", []string{picture, "!:scale"}},
		{"Right", []string{picture}},
		{"Left", []string{picture}},
		{"Down", []string{picture}},
		{"Up", []string{picture}},
		{"w", []string{"!" + picture}},
		{"Escape", []string{picture}},
		{"y", []string{"apiVersion: v1"}},
		{"<", []string{"apiVersion: v1"}},
		{">", []string{"apiVersion: v1"}},
		{"Escape", []string{picture}},
		{"o", []string{"deployments"}},
		{"Enter", []string{"!" + picture}},
		{"Escape", []string{picture}},
		{"e", []string{"Scheduled"}},
		{"Escape", []string{picture}},
		{"l", []string{"what has been told"}},
		{"PPage", []string{"what has been told"}},
		{"NPage", []string{"what has been told"}},
		{"Escape", []string{picture}},
		{"/", []string{"enter keeps the search"}},
		{"Escape", []string{picture, "!enter keeps"}},
		{":", []string{"cordon"}},
		{"Escape", []string{picture, "!cordon"}},
		{"?", []string{"── help", "one step on"}},
		{"Escape", []string{picture}},
		{"g", []string{"+30s"}},
		{"e n d Enter", []string{"The run is over"}},
	} {
		term.press(strings.Fields(c.keys)...)
		term.see(c.keys, append(c.want, header)...)
	}
	term.press("q")
	term.see("q", "before", "end of the run at", "Hash ", "exit code 0", "!"+picture, " icanon", "!-icanon", " echo ", "!-echo ")
	if on := strings.TrimSpace(term.tmux("display-message", "-p", "#{alternate_on}#{mouse_any_flag}")); on != "00" {
		t.Errorf("the alternate screen and the mouse are left at %s", on)
	}
}

// TestCtrlCOnTheScreenKeepsTheRecording interrupts a run that is watched, and replays what was recorded of it.
func TestCtrlCOnTheScreenKeepsTheRecording(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.minisim")
	term := openTerminal(t, "minisim run hello --record "+file+"; echo exit code $?; minisim replay "+file+" | tail -n 3; exec sleep 60")
	term.see("the start", "Nothing has happened yet")
	term.press("n")
	term.see("n", "gets a machine")
	term.press("C-c")
	term.see("Ctrl-C", "minisim: interrupted", "exit code 130", "the same run as recorded")
}

// breaks is a program that shows a run on the screen in which a library grumbles at
// once, and the simulation breaks down at the first decision.
func breaks() {
	os.Exit(broken(context.Background(), streams{os.Stdin, os.Stdout, os.Stderr}))
}

func broken(ctx context.Context, s streams) int {
	quieten()
	in, err := sessionInput("hello", runOptions{})
	if err != nil {
		return report(err, s.err)
	}
	run, err := session.Open(ctx, in, session.Options{})
	if err != nil {
		return report(err, s.err)
	}
	run.Subscribe(func(r trace.Record) {
		klog.Error("a library grumbles")
		if r.Body.Kind() == "decision" {
			panic("broken on purpose")
		}
	})
	return report(showScreen(ctx, run, nil, nil, "dark", pace{}, s), s.err)
}

// TestBreakdownGivesTheTerminalBack has the simulation panic under the screen: the
// terminal is as it was before, and says what has happened and where.
func TestBreakdownGivesTheTerminalBack(t *testing.T) {
	told := filepath.Join(t.TempDir(), "told")
	term := openTerminal(t, "echo before; minisim-breaks 2>"+told+"; echo exit code $?; stty -a; exec sleep 60")
	term.see("the start", "Nothing has happened yet")
	term.press("n")
	term.see("n", "before", "exit code 1", " icanon", "!-icanon", " echo ", "!-echo ")
	text, err := os.ReadFile(told)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"minisim: the simulation has broken down: broken on purpose", "terminal_test.go:", "!grumbles"} {
		if rest, not := strings.CutPrefix(want, "!"); strings.Contains(string(text), rest) == not {
			t.Errorf("want %q on standard error:\n%s", want, text)
		}
	}
	if on := strings.TrimSpace(term.tmux("display-message", "-p", "#{alternate_on}#{mouse_any_flag}")); on != "00" {
		t.Errorf("the alternate screen and the mouse are left at %s", on)
	}
}
