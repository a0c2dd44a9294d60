package kinds

import (
	"fmt"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// jobEnd is what the conditions of a job say of its end.
type jobEnd struct {
	complete, failed, failing, met bool
}

func endOf(s *batchv1.JobStatus) jobEnd {
	return jobEnd{hasJobCondition(s, batchv1.JobComplete, corev1.ConditionTrue), hasJobCondition(s, batchv1.JobFailed, corev1.ConditionTrue),
		hasJobCondition(s, batchv1.JobFailureTarget, corev1.ConditionTrue), hasJobCondition(s, batchv1.JobSuccessCriteriaMet, corev1.ConditionTrue)}
}

func (e jobEnd) finished() bool { return e.complete || e.failed }

func hasJobCondition(s *batchv1.JobStatus, t batchv1.JobConditionType, status corev1.ConditionStatus) bool {
	return slices.ContainsFunc(s.Conditions, func(c batchv1.JobCondition) bool { return c.Type == t && c.Status == status })
}

// jobStatus validates a job's new status. Most rules hold only where what they are
// about has changed.
func (f *faults) jobStatus(new, old *batchv1.Job) {
	f.jobCounts(&new.Status)
	is, was := endOf(&new.Status), endOf(&old.Status)
	f.jobContradictions(is, was)
	f.jobTimes(new, old)
	f.jobCauses(is, was, !same(new.Status.FailedIndexes, old.Status.FailedIndexes))
	f.jobFinish(new, old)
	f.jobIndexes(new, old)
	f.jobRemainder(new, old)
	f.jobSuccess(new.Spec.SuccessPolicy != nil, is)
	f.jobHistory(new, old)
}

// conditionIf adds a fault of the conditions, if it is found.
func (f *faults) conditionIf(found bool, detail string) {
	if found {
		f.invalid(statusPath, "conditions", field.OmitValueType{}, detail)
	}
}

// jobContradictions forbids a job to end in two ways.
func (f *faults) jobContradictions(is, was jobEnd) {
	completing := is.complete != was.complete
	f.conditionIf((completing || is.failed != was.failed) && is.complete && is.failed, "cannot set Complete=True and Failed=true conditions")
	f.conditionIf((completing || is.failing != was.failing) && is.complete && is.failing, "cannot set Complete=True and FailureTarget=true conditions")
}

// jobCauses requires that it was clear how a job ends before it has.
func (f *faults) jobCauses(is, was jobEnd, lost bool) {
	f.conditionIf((lost || is.failed != was.failed) && is.failed && !is.failing, "cannot set Failed=True condition without the FailureTarget=true condition")
	f.conditionIf((is.complete != was.complete || is.met != was.met) && is.complete && !is.met,
		"cannot set Complete=True condition without the SuccessCriteriaMet=true condition")
}

// jobSuccess validates how the criteria of success go with the end of a job.
func (f *faults) jobSuccess(policy bool, is jobEnd) {
	f.conditionIf(is.met && is.failed, "cannot set SuccessCriteriaMet=True and Failed=true conditions")
	f.conditionIf(is.met && is.failing, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions")
	f.conditionIf(policy && !is.met && is.complete, "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True")
}

// jobTimes validates when a job has started and is complete.
func (f *faults) jobTimes(new, old *batchv1.Job) {
	s, is, was := &new.Status, endOf(&new.Status), endOf(&old.Status)
	started, completed := !s.StartTime.Equal(old.Status.StartTime), !s.CompletionTime.Equal(old.Status.CompletionTime)
	if is.complete != was.complete || completed {
		switch {
		case s.CompletionTime != nil && !is.complete:
			f.invalid(statusPath, "completionTime", s.CompletionTime, "cannot set completionTime when there is no Complete=True condition")
		case s.CompletionTime == nil && is.complete:
			f.required(statusPath, "completionTime", "completionTime is required for Complete jobs")
		}
	}
	if (started || completed) && s.StartTime != nil && s.CompletionTime != nil && s.CompletionTime.Before(s.StartTime) {
		f.invalid(statusPath, "completionTime", s.CompletionTime, "must be equal to or after `startTime`")
	}
}

// jobFinish validates that nothing of a finished job goes on.
func (f *faults) jobFinish(new, old *batchv1.Job) {
	s, was := &new.Status, &old.Status
	finished := endOf(s).finished()
	ends := finished != endOf(was).finished()
	if (ends || s.Active != was.Active) && s.Active > 0 && finished {
		f.invalid(statusPath, "active", s.Active, "active>0 is invalid for finished job")
	}
	idle := isTrue(new.Spec.Suspend) && new.Spec.Completions != nil && *new.Spec.Completions == 0
	if (ends || !s.StartTime.Equal(was.StartTime)) && !idle && s.StartTime == nil && finished {
		f.required(statusPath, "startTime", "startTime is required for finished job")
	}
	if u := s.UncountedTerminatedPods; finished && u != nil && len(u.Failed)+len(u.Succeeded) > 0 &&
		(ends || !apiequality.Semantic.DeepEqual(u, was.UncountedTerminatedPods)) {
		f.invalid(statusPath, "uncountedTerminatedPods", internal{u}, "must be empty for finished job")
	}
}

// jobRemainder validates the pods that are on their way out or ready.
func (f *faults) jobRemainder(new, old *batchv1.Job) {
	s, was := &new.Status, &old.Status
	finished := endOf(s).finished()
	ends := finished != endOf(was).finished()
	if (ends || !same(s.Terminating, was.Terminating)) && s.Terminating != nil && *s.Terminating > 0 && finished {
		f.invalid(statusPath, "terminating", *s.Terminating, "terminating>0 is invalid for finished job")
	}
	if (s.Active != was.Active || !same(s.Ready, was.Ready)) && s.Ready != nil && *s.Ready > s.Active {
		f.invalid(statusPath, "ready", *s.Ready, "cannot set more ready pods than active")
	}
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// jobIndexes validates which indexes a job has done and which have failed.
func (f *faults) jobIndexes(new, old *batchv1.Job) {
	s, spec := &new.Status, &new.Spec
	done, lost := s.CompletedIndexes != old.Status.CompletedIndexes, !same(s.FailedIndexes, old.Status.FailedIndexes)
	if done && spec.Completions != nil {
		if _, err := countIndexes(s.CompletedIndexes, *spec.Completions); err != nil {
			f.invalid(statusPath, "completedIndexes", s.CompletedIndexes, "error parsing completedIndexes: "+err.Error())
		}
	}
	if lost && spec.Completions != nil && spec.BackoffLimitPerIndex != nil && s.FailedIndexes != nil {
		if _, err := countIndexes(*s.FailedIndexes, *spec.Completions); err != nil {
			f.invalid(statusPath, "failedIndexes", *s.FailedIndexes, "error parsing failedIndexes: "+err.Error())
		}
	}
	if done && s.CompletedIndexes != "" && !isIndexed(spec) {
		f.invalid(statusPath, "completedIndexes", s.CompletedIndexes, "cannot set non-empty completedIndexes when non-indexed completion mode")
	}
	if s.FailedIndexes == nil {
		return
	}
	if lost && spec.BackoffLimitPerIndex == nil {
		f.invalid(statusPath, "failedIndexes", *s.FailedIndexes, "cannot set non-null failedIndexes when backoffLimitPerIndex is null")
	}
	if (done || lost) && spec.Completions != nil {
		if n, both := overlap(s.CompletedIndexes, *s.FailedIndexes, *spec.Completions); both {
			f.invalid(statusPath, "failedIndexes", *s.FailedIndexes, fmt.Sprintf("failedIndexes and completedIndexes overlap at index: %d", n))
		}
	}
}

// overlap finds the first index that stands in two lists; it passes over
// intervals that cannot be understood.
func overlap(a, b string, completions int32) (int64, bool) {
	for x := range strings.SplitSeq(a, ",") {
		from, to, err := parseInterval(x, completions)
		if err != nil {
			continue
		}
		for y := range strings.SplitSeq(b, ",") {
			first, last, err := parseInterval(y, completions)
			if err == nil && from <= last && first <= to {
				return max(from, first), true
			}
		}
	}
	return 0, false
}

// jobHistory validates what of a status must stay once it has been told.
func (f *faults) jobHistory(new, old *batchv1.Job) {
	s, was := &new.Status, &old.Status
	for _, t := range []batchv1.JobConditionType{batchv1.JobFailed, batchv1.JobComplete, batchv1.JobFailureTarget} {
		f.conditionIf(hasJobCondition(was, t, corev1.ConditionTrue) && !hasJobCondition(s, t, corev1.ConditionTrue),
			fmt.Sprintf("cannot disable the terminal %s=True condition", t))
	}
	if s.Failed < was.Failed {
		f.invalid(statusPath, "failed", s.Failed, "cannot decrease the failed counter")
	}
	elastic := isIndexed(&new.Spec) && same(new.Spec.Completions, new.Spec.Parallelism)
	if !elastic && s.Succeeded < was.Succeeded {
		f.invalid(statusPath, "succeeded", s.Succeeded, "cannot decrease the succeeded counter")
	}
	changed := func(is, was *metav1.Time) bool { return was != nil && !was.Equal(is) }
	if s.CompletionTime != nil && changed(s.CompletionTime, was.CompletionTime) {
		f.invalid(statusPath, "completionTime", s.CompletionTime, "field is immutable")
	}
	resumes := hasJobCondition(was, batchv1.JobSuspended, corev1.ConditionTrue) && hasJobCondition(s, batchv1.JobSuspended, corev1.ConditionFalse)
	if changed(s.StartTime, was.StartTime) && !resumes && !isTrue(new.Spec.Suspend) {
		f.invalid(statusPath, "startTime", s.StartTime, "field is immutable for unsuspended job once set")
	}
	before, now := endOf(was), endOf(s)
	f.conditionIf(before.met && !now.met, "cannot disable the SuccessCriteriaMet=True condition")
	f.conditionIf(before.complete && !before.met && now.met, "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions")
}
