package controller

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/engine"
)

// cronJob is one as the API's defaults make it.
func cronJob(name, schedule string) *batchv1.CronJob {
	good, bad, no := int32(3), int32(1), false
	return &batchv1.CronJob{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: batchv1.CronJobSpec{
			Schedule: schedule, ConcurrencyPolicy: batchv1.AllowConcurrent, Suspend: &no,
			SuccessfulJobsHistoryLimit: &good, FailedJobsHistoryLimit: &bad,
			JobTemplate: batchv1.JobTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": name}, Annotations: map[string]string{"a": "b"}},
				Spec:       job(name, 1, 1).Spec,
			},
		},
	}
}

// minutes are the jobs that have come, each by the minute since the run began that its name says, and have gone ("-").
func minutes(b *bench) *[]string {
	var out []string
	b.observe = append(b.observe, func(old, new api.Object) {
		job, ok := new.(*batchv1.Job)
		sign := "+"
		if new == nil {
			job, ok = old.(*batchv1.Job)
			sign = "-"
		}
		if !ok || old != nil && new != nil {
			return
		}
		var minute int64
		fmt.Sscan(job.Name[strings.LastIndex(job.Name, "-")+1:], &minute)
		out = append(out, fmt.Sprintf("%s%d", sign, minute-engine.Epoch.Unix()/60))
	})
	return &out
}

func TestCronJobs(t *testing.T) {
	for _, c := range []struct {
		name   string
		adjust func(*batchv1.CronJob)
		takes  time.Duration // each job
		phase  corev1.PodPhase
		want   string // what came and went in 21 minutes
		event  string
		active int
	}{
		{"every five minutes", nil, time.Minute, corev1.PodSucceeded,
			"[+5 +10 +15 +20 -5]", "SuccessfulCreate: Created job tick-29453765", 0},
		{"failures", nil, time.Minute, corev1.PodFailed,
			"[+5 +10 -5 +15 -10 +20 -15]", "SuccessfulDelete: Deleted job tick-29453765", 0},
		{"no history", func(c *batchv1.CronJob) { *c.Spec.SuccessfulJobsHistoryLimit = 0 }, time.Minute, corev1.PodSucceeded,
			"[+5 -5 +10 -10 +15 -15 +20 -20]", "SuccessfulDelete: Deleted job tick-29453780", 0},
		{"allow", nil, 12 * time.Minute, corev1.PodSucceeded,
			"[+5 +10 +15 +20]", "SawCompletedJob: Saw completed job: tick-29453765, condition: Complete", 3},
		{"forbid", func(c *batchv1.CronJob) { c.Spec.ConcurrencyPolicy = batchv1.ForbidConcurrent }, 12 * time.Minute, corev1.PodSucceeded,
			"[+5 +15]", "JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid", 1},
		{"replace", func(c *batchv1.CronJob) { c.Spec.ConcurrencyPolicy = batchv1.ReplaceConcurrent }, 12 * time.Minute, corev1.PodSucceeded,
			"[+5 -5 +10 -10 +15 -15 +20]", "SuccessfulDelete: Deleted job tick-29453765", 1},
		{"suspended", func(c *batchv1.CronJob) { *c.Spec.Suspend = true }, time.Minute, corev1.PodSucceeded, "[]", "", 0},
		{"never", func(c *batchv1.CronJob) { c.Spec.Schedule = "59 23 31 2 *" }, time.Minute, corev1.PodSucceeded, "[]",
			"InvalidSchedule: invalid schedule: 59 23 31 2 * : time difference between two schedules is less than 1 second", 0},
		{"half an hour from UTC", func(c *batchv1.CronJob) {
			zone := "Asia/Kolkata" // UTC+5:30, and no summer time
			c.Spec.Schedule, c.Spec.TimeZone = "45 5 * * *", &zone
		}, time.Minute, corev1.PodSucceeded, "[+15]", "SuccessfulCreate: Created job tick-29453775", 0},
		{"no such zone", func(c *batchv1.CronJob) { zone := "Mars/Base"; c.Spec.TimeZone = &zone }, time.Minute, corev1.PodSucceeded, "[]",
			`UnknownTimeZone: invalid timeZone: "Mars/Base": unknown time zone Mars/Base`, 0},
	} {
		for _, latency := range []time.Duration{0, 3 * time.Millisecond} {
			t.Run(fmt.Sprint(c.name, latency), func(t *testing.T) {
				b := newBench(t)
				b.latency[api.Jobs], b.latency[api.CronJobs] = 2*latency, latency
				runPods(b, c.takes, func(int) corev1.PodPhase { return c.phase })
				b.start()
				got := minutes(b)
				cron := cronJob("tick", "*/5 * * * *")
				cron.Spec.JobTemplate.Spec.BackoffLimit = new(int32)
				if c.adjust != nil {
					c.adjust(cron)
				}
				add(b, cron)
				b.run(21*time.Minute + 30*time.Second)
				if fmt.Sprint(*got) != c.want {
					t.Errorf("jobs %v, want %s", *got, c.want)
				}
				if events := b.events("tick"); c.event != "" && !slices.Contains(events, c.event) || c.event == "" && len(events) > 0 {
					t.Errorf("events %q", events)
				}
				if n := len(get[*batchv1.CronJob](b, api.CronJobs, "tick").Status.Active); n != c.active {
					t.Errorf("%d active, want %d", n, c.active)
				}
			})
		}
	}
}

func TestCronJobSaysWhatItMade(t *testing.T) {
	b := newBench(t)
	runPods(b, 10*time.Second, func(int) corev1.PodPhase { return corev1.PodSucceeded })
	b.start()
	zone := "Asia/Kolkata"
	cron := cronJob("tick", "*/5 * * * *")
	cron.Spec.TimeZone = &zone
	cron = add(b, cron)
	b.run(5*time.Minute + 90*time.Millisecond)
	if n := len(all[*batchv1.Job](b, api.Jobs)); n != 0 {
		t.Errorf("%d jobs before the time and its tenth of a second are over", n)
	}
	b.run(20 * time.Millisecond)
	made := get[*batchv1.Job](b, api.Jobs, "tick-29453765")
	if made.Labels["app"] != "tick" || made.Annotations["a"] != "b" || made.Annotations[batchv1.CronJobScheduledTimestampAnnotation] != "2026-01-01T05:35:00+05:30" || !metav1.IsControlledBy(made, cron) {
		t.Errorf("job %+v", made.ObjectMeta)
	}
	s := get[*batchv1.CronJob](b, api.CronJobs, "tick").Status
	if len(s.Active) != 1 || s.Active[0].UID != made.UID || s.Active[0].Kind != "Job" || !s.LastScheduleTime.Time.Equal(engine.Epoch.Add(5*time.Minute)) || s.LastSuccessfulTime != nil {
		t.Errorf("status %+v", s)
	}
	b.run(time.Minute)
	s = get[*batchv1.CronJob](b, api.CronJobs, "tick").Status
	if end := get[*batchv1.Job](b, api.Jobs, made.Name).Status.CompletionTime; len(s.Active) != 0 || !s.LastSuccessfulTime.Equal(end) {
		t.Errorf("status %+v, ended %v", s, end)
	}
}

// What was missed while no manager ran is made up for once, unless it is too long ago.
func TestCronJobMissesWhileNobodyLooks(t *testing.T) {
	for _, c := range []struct {
		name     string
		off      time.Duration
		deadline int64 // 0: none
		want     string
		event    string
	}{
		{"some", 12 * time.Minute, 0, "[+5 +15 +20]", ""},
		{"too late", 12 * time.Minute, 60, "[+5 +20]", ""},
		{"just in time", 12 * time.Minute, 200, "[+5 +15 +20]", ""},
		{"too many", 12 * time.Hour, 0, "[+5 +725 +730]", "TooManyMissedTimes: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			runPods(b, time.Second, func(int) corev1.PodPhase { return corev1.PodSucceeded })
			m := b.start()
			got := minutes(b)
			cron := cronJob("tick", "*/5 * * * *")
			if c.deadline > 0 {
				cron.Spec.StartingDeadlineSeconds = &c.deadline
			}
			add(b, cron)
			b.run(6 * time.Minute)
			m.Process.Stop()
			b.run(c.off)
			b.start()
			b.run(5 * time.Minute)
			if fmt.Sprint(*got) != c.want {
				t.Errorf("jobs %v, want %s", *got, c.want)
			}
			if events := b.events("tick"); c.event != "" && !slices.Contains(events, c.event) {
				t.Errorf("events %q", events)
			}
		})
	}
}

// However early a manager stops, each time has one job and the status knows of it.
func TestCronJobSurvivesStops(t *testing.T) {
	for stop := 1; stop < 12; stop++ {
		b := newBench(t)
		runPods(b, time.Hour, func(int) corev1.PodPhase { return corev1.PodSucceeded })
		m := b.start()
		got := minutes(b)
		add(b, cronJob("tick", "*/5 * * * *"))
		n := 0
		b.refuse = func(r api.Request) error {
			if b.engine.Now() < 5*time.Minute {
				return nil
			}
			if n++; n >= stop {
				return api.ErrStopped
			}
			return nil
		}
		b.run(6 * time.Minute)
		m.Process.Stop()
		b.refuse = nil
		b.start()
		b.run(5 * time.Minute)
		if s := get[*batchv1.CronJob](b, api.CronJobs, "tick").Status; fmt.Sprint(*got) != "[+5 +10]" || len(s.Active) != 2 {
			t.Errorf("stopped at request %d: jobs %v, %d active", stop, *got, len(s.Active))
		}
	}
}

func TestCronJobLearnsOfChanges(t *testing.T) {
	b := newBench(t)
	runPods(b, time.Hour, func(int) corev1.PodPhase { return corev1.PodSucceeded })
	b.start()
	got := minutes(b)
	cron := add(b, cronJob("tick", "0 * * * *"))
	b.run(90 * time.Second)
	change(b, cron, func(c *batchv1.CronJob) { c.Spec.Schedule = "*/5 * * * *" })
	b.run(5 * time.Minute)
	b.delete(get[*batchv1.Job](b, api.Jobs, "tick-29453765"), metav1.DeletePropagationBackground)
	b.run(time.Second)
	if fmt.Sprint(*got) != "[+5 -5]" || !slices.Contains(b.events("tick"), "MissingJob: Active job went missing: tick-29453765") {
		t.Errorf("jobs %v, events %q", *got, b.events("tick"))
	}
	stray := job("stray", 1, 1)
	stray.OwnerReferences = []metav1.OwnerReference{api.OwnedBy(get[*batchv1.CronJob](b, api.CronJobs, "tick"))}
	add(b, stray)
	b.run(time.Second)
	if !slices.Contains(b.events("tick"), "UnexpectedJob: Saw a job that the controller did not create or forgot: stray") {
		t.Errorf("events %q", b.events("tick"))
	}
}
