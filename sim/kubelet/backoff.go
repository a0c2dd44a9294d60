package kubelet

import "time"

// The back-off of containers that crash and of images that cannot be pulled:
// 10 s, doubled up to 5 min, forgotten after 10 min without a failure.
const (
	initialBackoff = 10 * time.Second
	maxBackoff     = 5 * time.Minute
	backoffExpires = 2 * maxBackoff
)

// backoff counts failures as client-go's flowcontrol.Backoff does.
type backoff struct {
	delay   time.Duration // 0: no failure is known
	updated time.Duration // when the delay was set
}

// until is when something that failed at a time may be tried again; ok is false
// if it may be tried at once.
func (b *backoff) until(failed time.Duration) (time.Duration, bool) {
	if b.delay == 0 || failed-b.updated > backoffExpires {
		return 0, false
	}
	return failed + b.delay, true
}

// next notes that it is tried again after a failure.
func (b *backoff) next(failed, now time.Duration) {
	if b.delay == 0 || failed-b.updated > backoffExpires {
		b.delay = initialBackoff
	} else {
		b.delay = min(2*b.delay, maxBackoff)
	}
	b.updated = now
}
