package main

import (
	"slices"
	"testing"
)

// TestEnviron has kubectl find one kubeconfig in its environment, that of the cluster.
func TestEnviron(t *testing.T) {
	mine := []string{"KUBECONFIG=/mine", "PATH=/bin", "KUBECONFIG=/other", "KUBECONFIGS=x"}
	before := slices.Clone(mine)
	if got, want := environ(mine, "/c1"), []string{"PATH=/bin", "KUBECONFIGS=x", "KUBECONFIG=/c1"}; !slices.Equal(got, want) {
		t.Errorf("the environment is %q, want %q", got, want)
	}
	if !slices.Equal(mine, before) {
		t.Errorf("the caller's environment is %q now", mine)
	}
}
