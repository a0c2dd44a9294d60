package tui

import (
	"fmt"
	"strings"
)

// blocks draws pods, as largely as they fit: with their names, with their
// application's, as a bare state, or at last as a count.
func (d *drawing) blocks(pods []Pod, r rect, asleep bool) {
	if r.h <= 0 || len(pods) == 0 {
		return
	}
	for _, size := range []int{largestBlock, 11, 7, 1} {
		columns := (r.w + 1) / (size + 1)
		if columns == 0 || (len(pods)+columns-1)/columns > r.h {
			continue
		}
		for i, p := range pods {
			d.block(rect{r.x + i%columns*(size+1), r.y + i/columns, size, 1}, p, asleep)
		}
		return
	}
	d.write(r.x, r.y, r.right(), tally(pods, d.t.Glyphs), paint{role: strong})
}

func (d *drawing) block(r rect, p Pod, asleep bool) {
	paint := paint{role: d.color(p.App), lit: d.l.Lit["pod "+p.Key], chosen: d.l.Selected == Selection{OfPod, p.Key}}
	if asleep {
		paint.role = faint
	}
	label := d.t.Glyphs.States[p.State]
	_, name, _ := strings.Cut(p.Key, "/")
	tail := name[strings.LastIndexByte(name, '-')+1:]
	switch {
	case r.w >= 11:
		name := cut(p.App, r.w-4, d.t.Glyphs.Ellipsis)
		label += fmt.Sprintf("%-*s", r.w-1, " "+name+" "+cut(tail, r.w-3-width(name), ""))
	case r.w > 1:
		label += fmt.Sprintf("%-*s", r.w-1, " "+cut(p.App, r.w-2, ""))
	}
	d.write(r.x, r.y, r.right(), label, paint)
	d.hits = append(d.hits, hit{rect: r, selects: Selection{OfPod, p.Key}})
}

// tally counts pods by state: "37 pods: 30● 7○".
func tally(pods []Pod, g Glyphs) string {
	var n [Done + 1]int
	for _, p := range pods {
		n[p.State]++
	}
	s := fmt.Sprintf("%d pods:", len(pods))
	for state := Done; state >= Pending; state-- {
		if n[state] > 0 {
			s += fmt.Sprintf(" %d%s", n[state], g.States[state])
		}
	}
	return s
}

// color is that of an application: by its place among all names, so that few of them share one.
func (d *drawing) color(name string) role {
	for i, a := range d.s.Apps {
		if a == name {
			return app + role(i%apps)
		}
	}
	return app + apps - 1
}
