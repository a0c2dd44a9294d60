package compose

import (
	"slices"
	"strings"
)

// cycles reports every circle of services that wait for or extend each other, once.
func (r *references) cycles(what, hint string, edges map[string][]edge) {
	state := map[string]int{} // 1: being walked, 2: done
	var way []string
	var walk func(name string)
	walk = func(name string) {
		state[name] = 1
		way = append(way, name)
		for _, e := range edges[name] {
			switch state[e.to] {
			case 0:
				walk(e.to)
			case 1:
				circle := append(slices.Clone(way[slices.Index(way, e.to):]), e.to)
				r.add(e.pos, hint, "%s in a circle: %s", what, strings.Join(circle, " → "))
			}
		}
		state[name] = 2
		way = way[:len(way)-1]
	}
	for name := range sorted(edges) {
		if state[name] == 0 {
			walk(name)
		}
	}
}
