package component

import (
	"errors"
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
)

func TestWhatIsToldOfFailures(t *testing.T) {
	conflict := apierrors.NewConflict(api.Pods.GroupResource(), "web", errors.New("it has changed"))
	for _, c := range []struct {
		err          error
		tell, murmur bool
	}{
		{errors.New("no room"), true, true},
		{fmt.Errorf("update pod: %w", api.ErrUnreachable), true, true},
		{conflict, false, true},
		{fmt.Errorf("update pod: %w", api.ErrStopped), false, false}, // that the program ends is told anyway
	} {
		f := Failed("replicaset-controller", "default/web", c.err, time.Second)
		if (f.Tell() != "") != c.tell || (f.Murmur() != "") != c.murmur {
			t.Errorf("%v: tells %q, murmurs %q", c.err, f.Tell(), f.Murmur())
		}
	}
}
