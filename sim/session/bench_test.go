package session

import (
	"bytes"
	"testing"
)

// long is a run of some 10,000 steps.
func long(b testing.TB) *Session {
	in := builtin(b, "redis-app", 1)
	in.File = bytes.Replace(in.File, []byte("  about:"), []byte("  until: 5h10m\n  about:"), 1)
	s, err := Open(b.Context(), in, Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { closed(b, s) })
	finish(b, s)
	return s
}

// BenchmarkBack goes one step back at the end of a long run, the farthest that
// there is to play again.
func BenchmarkBack(b *testing.B) {
	s := long(b)
	for b.Loop() {
		if err := s.Back(b.Context(), 1); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(s.StepNumber()), "steps")
}

// BenchmarkCut types a verb after a step back: etcd gets the past anew.
func BenchmarkCut(b *testing.B) {
	s := long(b)
	for b.Loop() {
		b.StopTimer()
		finish(b, s)
		if err := s.Back(b.Context(), 200); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		_ = s.Type(b.Context(), "wait 1s")
	}
}
