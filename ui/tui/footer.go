package tui

import "strings"

// keys are the hints of the last line; as many as there is room for.
var keys = [][2]string{
	{"space", "step"}, {"n", "decision"}, {"c", "play"}, {"p", "pause"}, {"b", "back"}, {"w", "why"},
	{":", "verb"}, {"?", "help"}, {"q", "quit"}, {"arrows", "select"}, {"y", "yaml"}, {"o", "objects"}, {"l", "log"},
	{"k", "kill"}, {"r", "start"}, {"g", "go to"}, {"f", "fork"}, {"+/-", "speed"},
}

// splitKeys are those of two futures side by side.
var splitKeys = [][2]string{
	{"space", "step both"}, {"n", "decision"}, {"c", "play"}, {"b", "back"}, {"d", "logs, pictures"}, {"[ ]", "change"}, {":", "verb"}, {"esc", "picture"},
	{"w", "why"}, {"?", "help"}, {"q", "quit"},
}

// listKeys are those of a list, textKeys those of a text.
var (
	listKeys = [][2]string{{"up, down", "choose"}, {"enter", "open"}, {"/", "search"}, {"esc", "picture"}, {"space", "step"}, {"?", "help"}, {"q", "quit"}}
	textKeys = [][2]string{{"up, down, pgup, pgdn", "scroll"}, {"/", "search"}, {"esc", "picture"}, {"space", "step"}, {"?", "help"}, {"q", "quit"}}
)

// selectionKeys say what is selected, and what can be done with it.
func (d *drawing) selectionKeys() [][2]string {
	switch s := d.l.Selected; s.Kind {
	case OfPod:
		about := ""
		eachPod(d.s, func(_ string, p Pod) {
			if p.Key == s.Name {
				about = stateNames[p.State] + ":"
				if p.Reason != "" {
					about = stateNames[p.State] + " (" + p.Reason + "):"
				}
			}
		})
		if about == "" {
			return nil
		}
		return [][2]string{{podName(s.Name), about}, {"y", "yaml"}, {"k", "crash"}, {"s", "scale"}}
	case OfMachine:
		return [][2]string{{s.Name + ":", ""}, {"y", "yaml"}, {"k", "kill"}, {"r", "start"}, {"t", "taint"}}
	}
	return nil
}

func (d *drawing) footer(r rect) {
	if p := d.l.Prompt; p != nil {
		x := d.write(r.x, r.y, r.right(), p.Mark+p.Text, paint{role: strong})
		if len(p.Hints) > 0 {
			d.write(max(x+3, r.x+30), r.y, r.right(), strings.Join(p.Hints, "  "), paint{role: faint})
		}
		return
	}
	if d.s.Note != "" {
		p := paint{role: strong}
		if d.s.NoteBad {
			p.role = bad
		}
		d.write(r.x, r.y, r.right(), cut(d.s.Note, r.w, d.t.Glyphs.Ellipsis), p)
		return
	}
	x := r.x
	shown := keys
	switch o := d.s.Opened; {
	case d.s.Scene != nil && d.l.Panel == Picture:
		shown = d.s.Scene.keys(d.l.Hints)
	case d.l.Panel == Picture:
		shown = append(d.selectionKeys(), keys...)
	case d.l.Panel == Opening && o != nil && o.Split != nil:
		shown = splitKeys
	case d.l.Panel == Opening && o != nil && o.Rows != nil:
		shown = listKeys
	default:
		shown = textKeys
	}
	for _, k := range shown {
		if x+width(k[0])+width(k[1])+2 > r.right() {
			continue
		}
		x = d.write(x, r.y, r.right(), k[0], paint{role: strong})
		if k[1] != "" {
			x = d.write(x+1, r.y, r.right(), k[1], paint{role: faint})
		}
		x += 2
	}
}
