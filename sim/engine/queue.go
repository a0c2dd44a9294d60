package engine

import (
	"cmp"
	"container/heap"
	"slices"
	"time"
)

// item is work in the queue.
type item struct {
	work  Work
	at    time.Duration
	seq   uint64
	gen   uint64 // of the actor it was meant for
	cause uint64
	once  bool
	index int
}

func before(a, b *item) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq))
}

// queue is a binary heap of items by (time, sequence).
type queue struct{ items items }

func (q *queue) len() int      { return len(q.items) }
func (q *queue) push(it *item) { heap.Push(&q.items, it) }
func (q *queue) pop() *item    { return heap.Pop(&q.items).(*item) }
func (q *queue) fix(it *item)  { heap.Fix(&q.items, it.index) }

func (q *queue) remove(it *item) { heap.Remove(&q.items, it.index) }

func (q *queue) peek() *item {
	if len(q.items) == 0 {
		return nil
	}
	return q.items[0]
}

func (q *queue) sorted() []*item {
	return slices.SortedFunc(slices.Values([]*item(q.items)), before)
}

type items []*item

func (h items) Len() int           { return len(h) }
func (h items) Less(i, j int) bool { return before(h[i], h[j]) < 0 }
func (h items) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *items) Push(x any) {
	it := x.(*item)
	it.index = len(*h)
	*h = append(*h, it)
}
func (h *items) Pop() any {
	old := *h
	it := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return it
}
