package controller

import (
	"errors"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
	batchv1 "k8s.io/api/batch/v1"

	"minisim/sim/api/timezone"
)

// scheduleDelay is how long after its time a CronJob is looked at, so that a
// clock that is a little behind misses nothing.
const scheduleDelay = 100 * time.Millisecond

// manyMissed is how many missed times are too many to be likely.
const manyMissed = 100

var errTooFrequent = errors.New("time difference between two schedules is less than 1 second")

// scheduleOf reads a CronJob's schedule. One without a time zone counts in UTC, in
// which all times here are given.
func scheduleOf(c *batchv1.CronJob) (s cron.Schedule, err error) {
	defer func() { // the parser panics on some
		if r := recover(); r != nil {
			err = fmt.Errorf("invalid schedule format: %v", r)
		}
	}()
	if s, err = cron.ParseStandard(c.Spec.Schedule); err != nil || c.Spec.TimeZone == nil {
		return s, err
	}
	if times, ok := s.(*cron.SpecSchedule); ok { // and not @every
		times.Location, err = timezone.Load(*c.Spec.TimeZone)
	}
	return s, err
}

// since is the time after which a CronJob's schedule counts: that of the last
// job, or its own creation.
func since(c *batchv1.CronJob) time.Time {
	if c.Status.LastScheduleTime != nil {
		return c.Status.LastScheduleTime.UTC()
	}
	return c.CreationTimestamp.UTC()
}

// lastDue is the latest time of a schedule that is after from and not after now,
// and about how many there are. The zero time is none.
func lastDue(s cron.Schedule, from, now time.Time) (last time.Time, missed int64, err error) {
	first := s.Next(from)
	second := s.Next(first)
	if now.Before(first) {
		return time.Time{}, 0, nil
	}
	if now.Before(second) {
		return first, 0, nil
	}
	// A schedule that never comes ("31 February") has the zero time as its next one.
	every := int64(second.Sub(first).Round(time.Second) / time.Second)
	if every < 1 {
		return time.Time{}, 0, errTooFrequent
	}
	missed = int64(now.Sub(first)/time.Second)/every + 1
	// Not each of them is looked at, there may be thousands: only the last ones. Times
	// need not be regular, so one more is.
	almost := first.Add(time.Duration((missed-2)*every) * time.Second)
	for t := s.Next(almost); !t.After(now); t = s.Next(t) {
		last = t
	}
	return last, missed, nil
}

// due is when the job that is to be made now should have been made; the zero time
// is that none is. What is longer ago than startingDeadlineSeconds does not count.
func due(c *batchv1.CronJob, now time.Time, s cron.Schedule) (at time.Time, missed int64, err error) {
	from := since(c)
	if d := c.Spec.StartingDeadlineSeconds; d != nil {
		if deadline := now.Add(-time.Duration(*d) * time.Second); deadline.After(from) {
			from = deadline
		}
	}
	return lastDue(s, from, now)
}

// untilNext is the time from now to the next look at a CronJob.
func untilNext(c *batchv1.CronJob, now time.Time, s cron.Schedule) time.Duration {
	now = now.UTC()
	from := since(c)
	last, missed, err := lastDue(s, from, now)
	switch {
	case !last.IsZero():
		from = last
	case err != nil || missed > 0:
		from = now
	}
	return max(0, s.Next(from).Add(scheduleDelay).Sub(now)) // what never comes is looked at once more, and then not again
}
