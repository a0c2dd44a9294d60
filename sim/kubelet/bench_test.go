package kubelet

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkPodStart is the kubelet's own share (with the fake server's) of a
// pod's life from its binding to its end, at most 50 µs of it the kubelet's.
func BenchmarkPodStart(b *testing.B) {
	w := newBench(b)
	w.run(3 * time.Second)
	w.create(bound("first"))
	w.run(5 * time.Second)
	b.ReportAllocs()
	steps := w.engine.Steps()
	for i := range b.N {
		name := fmt.Sprintf("p%d", i)
		w.create(bound(name, requesting("100m", "100Mi")))
		w.run(600 * time.Millisecond)
		w.delete(name)
		w.run(600 * time.Millisecond)
	}
	b.ReportMetric(float64(w.engine.Steps()-steps)/float64(b.N), "steps/pod")
}

// BenchmarkHeartbeat is one renewal of a node's Lease.
func BenchmarkHeartbeat(b *testing.B) {
	w := newBench(b)
	w.run(20 * time.Second)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		w.run(10 * time.Second)
	}
}
