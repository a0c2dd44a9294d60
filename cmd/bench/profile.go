package main

import (
	"errors"
	"os"
	"runtime/pprof"
)

// profiled runs f. If file is not "", the CPU profile of f goes there, and a
// heap profile, whose totals are of all that f has allocated, to file.heap.
func profiled(file string, f func() error) error {
	if file == "" {
		return f()
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return errors.Join(err, out.Close())
	}
	err = f()
	pprof.StopCPUProfile()
	heap, herr := os.Create(file + ".heap")
	if herr == nil {
		herr = errors.Join(pprof.Lookup("heap").WriteTo(heap, 0), heap.Close())
	}
	return errors.Join(err, out.Close(), herr)
}
