package scheduler

// heap is a binary heap of waiting pods; each knows its place, so that it can
// be taken out from the middle.
type heap struct {
	less    func(a, b *waiting) bool
	entries []*waiting
}

func (h *heap) push(w *waiting) {
	w.place = len(h.entries)
	h.entries = append(h.entries, w)
	h.up(w.place)
}

// peek returns the first, or nil.
func (h *heap) peek() *waiting {
	if len(h.entries) == 0 {
		return nil
	}
	return h.entries[0]
}

func (h *heap) remove(w *waiting) {
	i, last := w.place, len(h.entries)-1
	h.swap(i, last)
	h.entries[last] = nil
	h.entries = h.entries[:last]
	if i < last {
		h.down(i)
		h.up(i)
	}
}

func (h *heap) swap(i, j int) {
	h.entries[i], h.entries[j] = h.entries[j], h.entries[i]
	h.entries[i].place, h.entries[j].place = i, j
}

func (h *heap) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !h.less(h.entries[i], h.entries[parent]) {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

func (h *heap) down(i int) {
	for {
		first := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h.entries); child++ {
			if h.less(h.entries[child], h.entries[first]) {
				first = child
			}
		}
		if first == i {
			return
		}
		h.swap(i, first)
		i = first
	}
}
