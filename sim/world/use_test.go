package world

import (
	"fmt"
	"testing"

	"minisim/sim/engine"
)

func TestUses(t *testing.T) {
	const mi = 1 << 20
	w := New(engine.New(engine.Config{}))
	w.Images.SetProgramFor("web", "shop", Program{CPU: 10, Memory: 60 * mi})
	w.Load.Set("web", 900)
	web := func(works bool) Consumer { return Consumer{App: "web", Image: "shop", Works: works} }
	for _, c := range []struct {
		name     string
		machines [][]Consumer
		cpu      int64
		want     string
	}{
		{"nothing is said", [][]Consumer{{{Image: "a"}}}, 4000, "[[{1 16777216}]]"},
		{"from the request", [][]Consumer{{{Image: "a", Request: Use{500, 100 * mi}}}}, 4000, "[[{50 52428800}]]"},
		{"alone", [][]Consumer{{web(true)}}, 4000, "[[{910 62914560}]]"},
		{"shared by those that work, wherever they are", [][]Consumer{{web(true), web(false)}, {web(true), web(true)}}, 4000, "[[{310 62914560} {10 62914560}] [{310 62914560} {310 62914560}]]"},
		{"limited", [][]Consumer{{{App: "web", Image: "shop", Works: true, Limit: Use{200, 32 * mi}}}}, 4000, "[[{200 33554432}]]"},
		{"a small machine", [][]Consumer{{web(true), {Image: "a", Request: Use{CPU: 910 * 10}}}}, 505 + Idle.CPU, "[[{252 62914560} {252 16777216}]]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cpu := make([]int64, len(c.machines))
			for i := range cpu {
				cpu[i] = c.cpu
			}
			if got := fmt.Sprint(w.Uses(c.machines, cpu)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
