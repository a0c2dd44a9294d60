package kinds

import (
	"fmt"
	"maps"
	"math"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// The labels by which a job knows its pods, as they were called first.
const (
	oldControllerUID = "controller-uid"
	oldJobName       = "job-name"
)

var jobs = kind[*batchv1.Job]{
	defaults: defaultJob,
	create: func(j *batchv1.Job) {
		j.Generation = 1
		dropDisabled(&j.Spec.Template.Spec, nil)
		j.Status = batchv1.JobStatus{}
		labelTemplate(j)
	},
	update: func(new, old *batchv1.Job) {
		dropDisabled(&new.Spec.Template.Spec, &old.Spec.Template.Spec)
		new.Status = old.Status
		if !apiequality.Semantic.DeepEqual(new.Spec, old.Spec) {
			new.Generation = old.Generation + 1
		}
	},
	status: func(new, old *batchv1.Job) { new.Spec = old.Spec },
	validate: func(f *faults, j *batchv1.Job) {
		f.meta(beforeItsTemplate(j), true, subdomainName)
		f.job(j)
	},
	validateUpdate: func(f *faults, new, old *batchv1.Job) {
		f.meta(new, true, subdomainName)
		f.job(new)
		f.metaUpdate(new, old)
		f.selectingJobSpec(&new.Spec) // Kubernetes says it twice
		f.jobUpdate(new, old)
	},
	validateStatus: func(f *faults, new, old *batchv1.Job) { f.jobStatus(new, old) },
	warnings:       func(j *batchv1.Job) []string { return append(nameInPods(j.Name), jobWarnings(j)...) },
	updateWarnings: func(new, old *batchv1.Job) []string {
		if new.Generation == old.Generation {
			return nil
		}
		return jobWarnings(new)
	},
}

func defaultJob(j *batchv1.Job) {
	s := &j.Spec
	if s.Completions == nil && s.Parallelism == nil {
		s.Completions = new(int32(1))
	}
	orNew(&s.Parallelism, 1)
	if s.BackoffLimitPerIndex != nil {
		orNew(&s.BackoffLimit, math.MaxInt32)
	}
	orNew(&s.BackoffLimit, 6)
	orNew(&s.CompletionMode, batchv1.NonIndexedCompletion)
	orNew(&s.Suspend, false)
	orNew(&s.ManualSelector, false)
	if s.PodFailurePolicy == nil {
		orNew(&s.PodReplacementPolicy, batchv1.TerminatingOrFailed)
	} else {
		orNew(&s.PodReplacementPolicy, batchv1.Failed)
		defaultFailurePolicy(s.PodFailurePolicy)
	}
	if len(j.Labels) == 0 {
		j.Labels = s.Template.Labels
	}
	defaultPodSpec(&s.Template.Spec)
}

// labelTemplate makes the pods of a job know it, and the job its pods, unless the
// sender sees to that.
func labelTemplate(j *batchv1.Job) {
	s := &j.Spec
	if s.ManualSelector != nil && *s.ManualSelector {
		return
	}
	if s.Template.Labels == nil {
		s.Template.Labels = map[string]string{}
	}
	for _, k := range []string{oldJobName, batchv1.JobNameLabel} {
		setIfMissing(s.Template.Labels, k, j.Name)
	}
	for _, k := range []string{oldControllerUID, batchv1.ControllerUidLabel} {
		setIfMissing(s.Template.Labels, k, string(j.UID))
	}
	if s.Selector == nil {
		s.Selector = &metav1.LabelSelector{}
	}
	if s.Selector.MatchLabels == nil {
		s.Selector.MatchLabels = map[string]string{}
	}
	setIfMissing(s.Selector.MatchLabels, batchv1.ControllerUidLabel, string(j.UID))
	if len(j.Labels) == 0 {
		j.Labels = s.Template.Labels
	}
}

func setIfMissing(m map[string]string, key, value string) {
	if _, ok := m[key]; !ok {
		m[key] = value
	}
}

// beforeItsTemplate is the metadata of a new job as Kubernetes looks at it: it
// takes over the labels that were made for its pods only when it is stored.
func beforeItsTemplate(j *batchv1.Job) metav1.Object {
	made := 0
	for _, k := range []string{oldJobName, batchv1.JobNameLabel, oldControllerUID, batchv1.ControllerUidLabel} {
		if _, ok := j.Labels[k]; ok {
			made++
		}
	}
	if made < len(j.Labels) || !maps.Equal(j.Labels, j.Spec.Template.Labels) {
		return j
	}
	meta := j.ObjectMeta
	meta.Labels = nil
	return &meta
}

// job validates a job, but for its metadata.
func (f *faults) job(j *batchv1.Job) {
	f.generatedSelector(j)
	s := &j.Spec
	f.selectingJobSpec(s)
	if isIndexed(s) && s.Completions != nil && *s.Completions > 0 {
		host := fmt.Sprintf("%s-%d", j.Name, *s.Completions-1)
		if len(dnsLabel(host)) > 0 {
			f.invalid(metadataPath, "name", j.Name, "will not able to create pod with invalid DNS label: "+host)
		}
	}
}

// selectingJobSpec validates the spec of a job, which has its selector by now.
func (f *faults) selectingJobSpec(s *batchv1.JobSpec) {
	f.jobSpec(specPath, s)
	if s.Selector == nil {
		f.required(specPath, "selector", "")
	} else {
		f.selector(specPath, "selector", s.Selector)
	}
	_ = f.selectsTemplate(specPath, s.Selector, &s.Template) // a selector that cannot be understood was told above
}

func isIndexed(s *batchv1.JobSpec) bool {
	return s.CompletionMode != nil && *s.CompletionMode == batchv1.IndexedCompletion
}

// generatedSelector validates what labelTemplate has made of what was given.
func (f *faults) generatedSelector(j *batchv1.Job) {
	if j.Spec.ManualSelector != nil && *j.Spec.ManualSelector || j.Spec.Selector == nil {
		return
	}
	if j.UID == "" {
		f.required(metadataPath, "uid", "")
	}
	own := map[string]string{}
	for _, l := range []struct{ key, value string }{
		{oldControllerUID, string(j.UID)}, {oldJobName, j.Name}, {batchv1.ControllerUidLabel, string(j.UID)}, {batchv1.JobNameLabel, j.Name},
	} {
		own[l.key] = l.value
		labels := j.Spec.Template.Labels
		switch value, ok := labels[l.key]; {
		case !ok:
			f.required(templatePath.Child("metadata", "labels").Key(l.key), "", "must be '"+l.value+"'")
		case value != l.value:
			f.invalid(templatePath.Child("metadata", "labels").Key(l.key), "", labels, "must be '"+l.value+"'")
		}
	}
	if ok, err := matches(j.Spec.Selector, own); err == nil && !ok {
		f.invalid(specPath, "selector", j.Spec.Selector, "`selector` not auto-generated")
	}
}

// jobUpdate validates what of a job may change: hardly anything but its pace, and
// where its pods may run and what they need while it is suspended.
func (f *faults) jobUpdate(new, old *batchv1.Job) {
	is, was := &new.Spec, &old.Spec
	f.jobCompletions(is, was)
	f.immutable(specPath, "selector", is.Selector, was.Selector)
	f.jobTemplateUpdate(new, old)
	f.immutable(specPath, "completionMode", is.CompletionMode, was.CompletionMode)
	f.immutable(specPath, "podFailurePolicy", is.PodFailurePolicy, was.PodFailurePolicy)
	f.immutable(specPath, "backoffLimitPerIndex", is.BackoffLimitPerIndex, was.BackoffLimitPerIndex)
	f.immutable(specPath, "managedBy", is.ManagedBy, was.ManagedBy)
	f.immutable(specPath, "successPolicy", is.SuccessPolicy, was.SuccessPolicy)
}

// jobTemplateUpdate validates a change of the template. While a job is suspended
// and has no pods, it may say anew where they may run and what they need.
func (f *faults) jobTemplateUpdate(new, old *batchv1.Job) {
	is, was := &new.Spec.Template, &old.Spec.Template
	rests := old.Status.StartTime == nil || hasJobCondition(&old.Status, batchv1.JobSuspended, corev1.ConditionTrue)
	if !isTrue(old.Spec.Suspend) || !rests || old.Status.Active > 0 {
		f.immutable(specPath, "template", *is, *was)
		return
	}
	allowed := was.DeepCopy()
	allowPlacement(allowed, is)
	allowResources(allowed.Spec.Containers, is.Spec.Containers)
	allowResources(allowed.Spec.InitContainers, is.Spec.InitContainers)
	f.immutable(specPath, "template.spec", is.Spec, allowed.Spec)
}

func (f *faults) jobCompletions(is, was *batchv1.JobSpec) {
	if apiequality.Semantic.DeepEqual(is.Completions, was.Completions) {
		return
	}
	switch {
	case !isIndexed(is):
		f.invalid(specPath, "completions", is.Completions, "field is immutable")
	case is.Completions == nil: // which is told already
	case is.Parallelism == nil || *is.Completions != *is.Parallelism:
		f.invalid(specPath, "completions", is.Completions, "can only be modified in tandem with spec.parallelism")
	}
}

// allowPlacement takes over into a template what says where its pods may run.
func allowPlacement(template, is *corev1.PodTemplateSpec) {
	switch a := is.Spec.Affinity; {
	case a != nil && template.Spec.Affinity != nil:
		template.Spec.Affinity.NodeAffinity = a.NodeAffinity
	case a != nil:
		template.Spec.Affinity = &corev1.Affinity{NodeAffinity: a.NodeAffinity}
	case template.Spec.Affinity != nil:
		template.Spec.Affinity.NodeAffinity = nil
		if *template.Spec.Affinity == (corev1.Affinity{}) {
			template.Spec.Affinity = nil
		}
	}
	template.Spec.NodeSelector = is.Spec.NodeSelector
	template.Spec.Tolerations = is.Spec.Tolerations
	template.Spec.SchedulingGates = is.Spec.SchedulingGates
	template.Annotations, template.Labels = is.Annotations, is.Labels
}

// allowResources takes over into the containers of a template what they need.
func allowResources(containers, is []corev1.Container) {
	if len(containers) != len(is) {
		return
	}
	for i := range containers {
		if containers[i].Name == is[i].Name {
			containers[i].Resources = is[i].Resources
		}
	}
}

// jobCounts validates the numbers of pods, and that none is named twice.
func (f *faults) jobCounts(s *batchv1.JobStatus) {
	for _, c := range []count{{"active", s.Active}, {"succeeded", s.Succeeded}, {"failed", s.Failed}} {
		f.notNegative(statusPath, c.name, int64(c.n))
	}
	notNegativePtr(f, statusPath, "ready", s.Ready)
	notNegativePtr(f, statusPath, "terminating", s.Terminating)
	if s.UncountedTerminatedPods == nil {
		return
	}
	seen := map[string]bool{}
	take := func(p *field.Path, uid string) {
		switch {
		case uid == "":
			f.invalid(p, "", uid, "must not be empty")
		case seen[uid]:
			f.duplicate(p, "", uid)
		}
		seen[uid] = true
	}
	p := statusPath.Child("uncountedTerminatedPods")
	for i, uid := range s.UncountedTerminatedPods.Succeeded {
		take(p.Child("succeeded").Index(i), string(uid))
	}
	for i, uid := range s.UncountedTerminatedPods.Failed {
		take(p.Child("failed").Index(i), string(uid))
	}
}

func jobWarnings(j *batchv1.Job) []string {
	return append(indexWarnings(specPath, &j.Spec), templateWarnings(templatePath, &j.Spec.Template)...)
}

// indexWarnings remarks upon an indexed job that is too large to be followed.
func indexWarnings(p *field.Path, s *batchv1.JobSpec) []string {
	if isIndexed(s) && s.Completions != nil && *s.Completions > manyCompletions && s.Parallelism != nil && *s.Parallelism > 10_000 {
		return []string{p.String() + ": In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, " +
			"Kubernetes might not be able to track completedIndexes when a big number of indexes fail"}
	}
	return nil
}
