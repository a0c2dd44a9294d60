package tui

import (
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

// press is a key as the terminal sends it.
func press(name string) tea.KeyPressMsg {
	codes := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown,
		"left": tea.KeyLeft, "right": tea.KeyRight, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome,
		"end": tea.KeyEnd, "backspace": tea.KeyBackspace,
	}
	switch {
	case name == "space":
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	case name == "ctrl+c":
		return tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}
	case name == "shift+tab":
		return tea.KeyPressMsg{Code: tea.KeyTab, Mod: tea.ModShift}
	case codes[name] != 0:
		return tea.KeyPressMsg{Code: codes[name]}
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}

// bench is a screen whose orders are collected.
type bench struct {
	*model
	orders []Order
}

func newBench(s *Snapshot) *bench {
	b := &bench{}
	b.model = newModel(func(o Order) bool { b.orders = append(b.orders, o); return true }, nil, Unicode, Unknown)
	b.Update(tea.WindowSizeMsg{Width: 120, Height: 40})
	b.take(s, time.Unix(0, 0))
	return b
}

func (b *bench) keys(names ...string) (last tea.Cmd) {
	for _, n := range names {
		_, last = b.Update(press(n))
	}
	return last
}

func (b *bench) typeText(s string) {
	for _, r := range s {
		name := string(r)
		if r == ' ' {
			name = "space"
		}
		b.keys(name)
	}
}

// TestKeysGiveOrders presses every key that is an order.
func TestKeysGiveOrders(t *testing.T) {
	pod := Order{Do: DoObject, Ref: Ref{Resource: "pods", Key: "default/app-0-0"}}
	for _, c := range []struct {
		keys []string
		want Order
	}{
		{[]string{"space"}, Order{Do: DoStep}}, {[]string{"enter"}, Order{Do: DoStep}},
		{[]string{"n"}, Order{Do: DoScheduling}}, {[]string{"N"}, Order{Do: DoSame}},
		{[]string{"c"}, Order{Do: DoPlay}}, {[]string{"p"}, Order{Do: DoPause}},
		{[]string{"+"}, Order{Do: DoFaster}}, {[]string{"="}, Order{Do: DoFaster}}, {[]string{"-"}, Order{Do: DoSlower}},
		{[]string{"b"}, Order{Do: DoBack}}, {[]string{"f"}, Order{Do: DoFork}},
		{[]string{"["}, Order{Do: DoSwitch, N: -1}}, {[]string{"]"}, Order{Do: DoSwitch, N: 1}},
		{[]string{"w"}, Order{Do: DoWhy}}, {[]string{"d"}, Order{Do: DoSplit}}, {[]string{"e"}, Order{Do: DoEvents}}, {[]string{"o"}, Order{Do: DoList}},
		{[]string{"y"}, Order{Do: DoList}},
		{[]string{"tab", "y"}, Order{Do: DoObject, Ref: Ref{Resource: "nodes", Key: "master-1"}}},
		{[]string{"tab", "tab", "down", "y"}, pod},
		{[]string{"tab", "tab", "k"}, Order{Do: DoVerb, Text: "kill node worker-1"}},
		{[]string{"shift+tab", "k"}, Order{Do: DoVerb, Text: "kill node worker-3"}},
		{[]string{"tab", "tab", "down", "k"}, Order{Do: DoVerb, Text: "crash pod app-0-0"}},
		{[]string{"tab", "tab", "right", "r"}, Order{Do: DoVerb, Text: "start node worker-2"}},
		{[]string{"tab", "tab", "t", "a", "=", "b", ":", "N", "enter"}, Order{Do: DoVerb, Text: "taint node worker-1 a=b:N"}},
		{[]string{"tab", "tab", "down", "s", "5", "enter"}, Order{Do: DoVerb, Text: "scale app 5"}},
		{[]string{"g", "9", "0", "s", "enter"}, Order{Do: DoGo, Text: "90s"}},
		{[]string{":", "d", "r", "tab", "w", "tab", "2", "enter"}, Order{Do: DoVerb, Text: "drain worker-2"}},
	} {
		b := newBench(crowd(3, 4))
		b.keys(c.keys...)
		if len(b.orders) == 0 || b.orders[len(b.orders)-1] != c.want {
			t.Errorf("%v gave %+v, want %+v", c.keys, b.orders, c.want)
		}
	}
}

// TestWordsBehindTheColon types what is no verb of the scenario.
func TestWordsBehindTheColon(t *testing.T) {
	for text, want := range map[string]Order{
		"stride event":      {Do: DoStride, Text: "event"},
		"go +30s":           {Do: DoGo, Text: "+30s"},
		"get pods":          {Do: DoList, Text: "pods"},
		"break":             {Do: DoBreak},
		"break rejected":    {Do: DoBreak, Text: "rejected"},
		"cordon   worker-1": {Do: DoVerb, Text: "cordon   worker-1"},
	} {
		b := newBench(crowd(3, 4))
		b.keys(":")
		b.typeText(text)
		b.keys("enter")
		if want := []Order{want}; !reflect.DeepEqual(b.orders, want) {
			t.Errorf(":%s gave %+v, want %+v", text, b.orders, want)
		}
	}
}

// TestLeaving checks the keys that end the program.
func TestLeaving(t *testing.T) {
	b := newBench(crowd(1, 1))
	if msg := b.keys("q")(); msg != (tea.QuitMsg{}) {
		t.Errorf("q gives %v", msg)
	}
	b.keys(":")
	b.typeText("q")
	if msg := b.keys("enter")(); msg != (tea.QuitMsg{}) {
		t.Errorf(":q gives %v", msg)
	}
	b.keys(":", "x")
	if msg := b.keys("ctrl+c")(); msg != (tea.InterruptMsg{}) {
		t.Errorf("ctrl+c gives %v", msg)
	}
	if msg := func() tea.Msg { _, c := b.Update(over{}); return c() }(); msg != (tea.QuitMsg{}) {
		t.Errorf("the player's end gives %v", msg)
	}
}

// TestHistoryOfCommands brings back what was typed.
func TestHistoryOfCommands(t *testing.T) {
	b := newBench(crowd(1, 1))
	for _, text := range []string{"cordon worker-1", "uncordon worker-1"} {
		b.keys(":")
		b.typeText(text)
		b.keys("enter")
	}
	b.keys(":", "up", "up")
	if got := b.input.Value(); got != "cordon worker-1" {
		t.Errorf("twice up gives %q", got)
	}
	b.keys("down", "down")
	if got := b.input.Value(); got != "" {
		t.Errorf("down to the new line gives %q", got)
	}
}

// TestMouse clicks on a machine, on a pod and in a list.
func TestMouse(t *testing.T) {
	b := newBench(crowd(3, 4))
	hits := draw(b.snapshot, &b.look, b.theme).hits
	for _, h := range hits {
		if h.selects.Kind == OfMachine {
			b.Update(tea.MouseClickMsg{X: h.x + 1, Y: h.y})
		} else {
			b.Update(tea.MouseClickMsg{X: h.x, Y: h.y})
		}
		if b.look.Selected != h.selects {
			t.Errorf("a click on %v selects %v", h.selects, b.look.Selected)
		}
	}
	b.keys("o")
	b.snapshot.Opened = &Opened{Columns: []string{"NAME"}, Rows: []Row{{Cells: []string{"a"}}, {Cells: []string{"b"}, Ref: Ref{Resource: "pods", Key: "default/b"}}}}
	b.Update(tea.MouseClickMsg{X: 5, Y: 4})
	b.Update(tea.MouseClickMsg{X: 5, Y: 4})
	if want := (Order{Do: DoObject, Ref: Ref{Resource: "pods", Key: "default/b"}}); b.orders[len(b.orders)-1] != want {
		t.Errorf("two clicks gave %+v, want %+v", b.orders, want)
	}
}

// TestSearch narrows a list and the log.
func TestSearch(t *testing.T) {
	s := crowd(1, 1)
	s.Log = append(s.Log, Line{Actor: "user", Text: "a needle"})
	b := newBench(s)
	b.keys("/")
	b.typeText("needle")
	b.keys("enter")
	if got := draw(b.snapshot, &b.look, b.theme).plain(); !strings.Contains(got, "a needle") || strings.Contains(got, "a sentence") {
		t.Errorf("the search shows\n%s", got)
	}
	b.keys("esc")
	if b.look.Panel != Picture || b.look.Filter != "" {
		t.Errorf("esc leaves panel %v, filter %q", b.look.Panel, b.look.Filter)
	}
}

// TestEveryKeyOnEveryPanel presses all keys in all panels: nothing breaks, and
// every frame can be drawn.
func TestEveryKeyOnEveryPanel(t *testing.T) {
	all := []string{"space", "enter", "esc", "tab", "shift+tab", "up", "down", "left", "right", "pgup", "pgdown", "home", "end", "backspace"}
	for r := '!'; r <= '~'; r++ {
		all = append(all, string(r))
	}
	for _, size := range [][2]int{{1, 1}, {80, 24}, {200, 60}} {
		for _, workers := range []int{0, 3, 1000} {
			for _, panel := range []string{"esc", "?", "l", "o", "w", ":", "g", "/"} {
				b := newBench(crowd(workers, 3))
				b.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
				for _, k := range all {
					b.keys(panel, k)
					if got := b.View().Content; strings.Count(got, "\n") != size[1]-1 {
						t.Fatalf("%v after %s %s: %d lines", size, panel, k, strings.Count(got, "\n")+1)
					}
					if panel != ":" && panel != "g" && panel != "/" {
						b.keys("esc")
					}
				}
			}
		}
	}
}
