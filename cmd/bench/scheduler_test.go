package main

import (
	"reflect"
	"testing"
)

func TestDecisions(t *testing.T) {
	got := decisions([]byte(`goos: linux
BenchmarkDecide/basic/500-2         	    2000	     91300 ns/op	     10953 decisions/s	   15845 B/op
BenchmarkPreempt/500-2              	    2000	    680000 ns/op	      1470 preemptions/s
BenchmarkDecide/anti-affinity/5000  	    2000	    668081.5 ns/op	      1497 decisions/s
BenchmarkDecide/basic/many-2        	    2000	     91300 ns/op
PASS
ok  	minisim/sim/scheduler	3.799s
`))
	want := []decision{{"basic", 500, 91300}, {"preempt", 500, 680000}, {"anti-affinity", 5000, 668081.5}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %v, want %v", got, want)
	}
}
