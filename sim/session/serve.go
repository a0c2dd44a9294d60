package session

import (
	"context"
	"time"
)

// Serve lets in who waits outside, while the run stands still: requests are
// carried out as steps at the virtual time at (the present one, if that has passed,
// and that of the next work, if it comes before), and visitors look. It says
// whether there was a request. In the past a request cuts the future, as Type does.
func (s *Session) Serve(at time.Duration) bool {
	return s.Cluster().Engine.ServeAt(at) > 0
}

// Waiting says whether a request from outside waits for Serve or for the next step.
func (s *Session) Waiting() bool { return s.Cluster().Engine.Waiting() }

// admit makes way for a request from outside.
func (s *Session) admit() error {
	return s.Cut(context.Background()) // nobody can call it off: it is on its way
}
