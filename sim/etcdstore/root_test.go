//go:build !linux

package etcdstore

import (
	"os"
	"testing"
)

// dropRoot skips a test for root, who may write everywhere.
func dropRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere")
	}
}
