package tui

// selectionKey moves the selection and acts on it.
func (m *model) selectionKey(k string) bool {
	switch k {
	case "left":
		m.move(-1, 0)
	case "right":
		m.move(+1, 0)
	case "up":
		if m.look.Panel != Picture {
			m.scroll(-1)
			return true
		}
		m.move(0, -1)
	case "down":
		if m.look.Panel != Picture {
			m.scroll(+1)
			return true
		}
		m.move(0, +1)
	case "tab":
		m.nextMachine(+1)
	case "shift+tab":
		m.nextMachine(-1)
	case "k":
		if p, ok := m.selectedPod(); ok {
			m.order(Order{Do: DoVerb, Text: "crash pod " + podName(p.Key)})
		} else {
			m.onMachine("kill node ")
		}
	case "r":
		m.onMachine("start node ")
	default:
		return false
	}
	return true
}

// onMachine carries out a verb on the selected machine.
func (m *model) onMachine(verb string) {
	name, ok := m.selectedMachine()
	if !ok {
		s := *m.snapshot
		s.Note, s.NoteBad = "select a machine first, with the arrows, tab or the mouse", true
		m.snapshot = &s
		return
	}
	m.order(Order{Do: DoVerb, Text: verb + name})
}

// nextMachine selects the next machine or the one before, round and round.
func (m *model) nextMachine(n int) {
	var names []string
	at := -1
	eachMachine(m.snapshot, func(x Machine) {
		if m.look.Selected == (Selection{OfMachine, x.Name}) {
			at = len(names)
		}
		names = append(names, x.Name)
	})
	if len(names) == 0 {
		return
	}
	if at < 0 && n < 0 {
		at = 0
	}
	m.look.Selected = Selection{OfMachine, names[(at+n+len(names))%len(names)]}
}

// move selects the nearest thing in a direction, as it stands on the screen.
func (m *model) move(dx, dy int) {
	if m.look.Panel != Picture {
		return
	}
	hits := draw(m.snapshot, &m.look, m.theme).hits
	var from *hit
	for i := range hits {
		if hits[i].selects == m.look.Selected {
			from = &hits[i]
		}
	}
	if from == nil {
		m.nextMachine(+1)
		return
	}
	best, bestWay := Selection{}, 1<<30
	for _, h := range hits {
		x, y := h.x-from.x, h.y-from.y
		ahead, aside := x*dx+y*dy, abs(x*dy)+abs(y*dx)
		if ahead <= 0 || h.selects == m.look.Selected {
			continue
		}
		if way := ahead + 3*aside*scale(dx); way < bestWay {
			best, bestWay = h.selects, way
		}
	}
	if best.Kind != Nothing {
		m.look.Selected = best
	}
}

// scale weighs how far aside something lies: rows are farther apart than columns.
func scale(dx int) int {
	if dx != 0 {
		return 8
	}
	return 1
}

func abs(n int) int { return max(n, -n) }

// click selects what is under the mouse, or opens a row of a list that is chosen already.
func (m *model) click(x, y int) {
	hits := draw(m.snapshot, &m.look, m.theme).hits
	for i := len(hits) - 1; i >= 0; i-- { // what was drawn last lies on top
		h := hits[i]
		if !h.contains(x, y) {
			continue
		}
		if h.row == 0 {
			m.look.Selected = h.selects
			return
		}
		rows := shownRows(m.snapshot.Opened, m.look.Filter)
		if m.look.Row == h.row-1 {
			m.follow(rows[h.row-1].Ref)
		} else {
			m.look.Row = h.row - 1
		}
		return
	}
}
