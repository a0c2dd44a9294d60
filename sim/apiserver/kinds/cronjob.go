package kinds

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/robfig/cron/v3"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"minisim/sim/api/timezone"
)

var cronJobs = kind[*batchv1.CronJob]{
	name:     subdomainName,
	defaults: defaultCronJob,
	create: func(c *batchv1.CronJob) {
		c.Status = batchv1.CronJobStatus{}
		c.Generation = 1
		dropDisabled(&c.Spec.JobTemplate.Spec.Template.Spec, nil)
	},
	update: func(new, old *batchv1.CronJob) {
		new.Status = old.Status
		dropDisabled(&new.Spec.JobTemplate.Spec.Template.Spec, &old.Spec.JobTemplate.Spec.Template.Spec)
		if !apiequality.Semantic.DeepEqual(new.Spec, old.Spec) {
			new.Generation = old.Generation + 1
		}
	},
	status: func(new, old *batchv1.CronJob) { new.Spec = old.Spec },
	validate: func(f *faults, c *batchv1.CronJob) {
		f.cronJob(&c.Spec, nil)
		if len(c.Name) > maxCronJobName {
			f.invalid(metadataPath, "name", c.Name, fmt.Sprintf("must be no more than %d characters", maxCronJobName))
		}
	},
	validateUpdate: func(f *faults, new, old *batchv1.CronJob) {
		f.metaUpdate(new, old)
		f.cronJob(&new.Spec, &old.Spec)
	},
	warnings: func(c *batchv1.CronJob) []string { return append(nameInPods(c.Name), cronJobWarnings(c)...) },
	updateWarnings: func(new, old *batchv1.CronJob) (warnings []string) {
		if new.Generation != old.Generation {
			warnings = cronJobWarnings(new)
		}
		if strings.Contains(new.Spec.Schedule, "TZ") {
			warnings = append(warnings, "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, "+
				"see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details")
		}
		return warnings
	},
}

func cronJobWarnings(c *batchv1.CronJob) []string {
	p, s := jobTemplatePath.Child("spec"), &c.Spec.JobTemplate.Spec
	return append(indexWarnings(p, s), templateWarnings(p.Child("template"), &s.Template)...)
}

var jobTemplatePath = specPath.Child("jobTemplate")

// maxCronJobName leaves room for what the names of a cron job's jobs end with.
const maxCronJobName = 63 - 11

func defaultCronJob(c *batchv1.CronJob) {
	s := &c.Spec
	orElse(&s.ConcurrencyPolicy, batchv1.AllowConcurrent)
	orNew(&s.Suspend, false)
	orNew(&s.SuccessfulJobsHistoryLimit, 3)
	orNew(&s.FailedJobsHistoryLimit, 1)
	if policy := s.JobTemplate.Spec.PodFailurePolicy; policy != nil {
		defaultFailurePolicy(policy)
	}
	defaultPodSpec(&s.JobTemplate.Spec.Template.Spec)
}

func defaultFailurePolicy(p *batchv1.PodFailurePolicy) {
	for i := range p.Rules {
		for j := range p.Rules[i].OnPodConditions {
			orElse(&p.Rules[i].OnPodConditions[j].Status, corev1.ConditionTrue)
		}
	}
}

func (f *faults) cronJob(s, old *batchv1.CronJobSpec) {
	if s.Schedule == "" {
		f.required(specPath, "schedule", "")
	} else {
		f.schedule(s, old)
	}
	notNegativePtr(f, specPath, "startingDeadlineSeconds", s.StartingDeadlineSeconds)
	if s.TimeZone != nil && (old == nil || old.TimeZone == nil || *s.TimeZone != *old.TimeZone) {
		f.timeZone(specPath, "timeZone", *s.TimeZone)
	}
	oneOf(f, specPath, "concurrencyPolicy", s.ConcurrencyPolicy, batchv1.AllowConcurrent, batchv1.ForbidConcurrent, batchv1.ReplaceConcurrent)
	f.jobTemplate(&s.JobTemplate.Spec)
	notNegativePtr(f, specPath, "successfulJobsHistoryLimit", s.SuccessfulJobsHistoryLimit)
	notNegativePtr(f, specPath, "failedJobsHistoryLimit", s.FailedJobsHistoryLimit)
}

func (f *faults) jobTemplate(s *batchv1.JobSpec) {
	p := jobTemplatePath.Child("spec")
	f.jobSpec(p, s)
	if s.Selector != nil {
		f.invalid(p, "selector", s.Selector, "`selector` will be auto-generated")
	}
	if isTrue(s.ManualSelector) {
		f.add(field.NotSupported(p.Child("manualSelector"), *s.ManualSelector, []string{"nil", "false"}))
	}
}

// schedule validates when a job is to be made. A time zone within it is a
// mistake of old cron jobs, which may keep it.
func (f *faults) schedule(s, old *batchv1.CronJobSpec) {
	if err := parseSchedule(s.Schedule); err != nil {
		f.invalid(specPath, "schedule", s.Schedule, err.Error())
	}
	if !strings.Contains(s.Schedule, "TZ") {
		return
	}
	if old == nil || !strings.Contains(old.Schedule, "TZ") {
		f.invalid(specPath, "schedule", s.Schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")
	} else if s.TimeZone != nil {
		f.invalid(specPath, "schedule", s.Schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule")
	}
}

// parseSchedule says what is wrong with a schedule. The parser panics on some.
func parseSchedule(s string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("invalid schedule format: %v", r)
		}
	}()
	_, err = cron.ParseStandard(s)
	return err
}

// zonePart is a part of the name of a time zone.
var zonePart = regexp.MustCompile(`^[A-Za-z._0-9+-]{1,14}$`)

func (f *faults) timeZone(p *field.Path, child, name string) {
	if name == "" {
		f.invalid(p, child, name, "timeZone must be nil or non-empty string")
		return
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "." || part == ".." || strings.HasPrefix(part, "-") || !zonePart.MatchString(part) {
			f.invalid(p, child, name, "unknown time zone "+name)
			return
		}
	}
	if strings.EqualFold(name, "Local") {
		f.invalid(p, child, name, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones")
	}
	if _, err := timezone.Load(name); err != nil && name != "Local" {
		f.invalid(p, child, name, err.Error())
	}
}
