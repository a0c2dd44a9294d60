package kinds

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// The limits on indexed jobs.
const (
	mostIndexes       = 100_000
	manyCompletions   = 100_000
	mostWhenMany      = 10_000
	mostPolicyRules   = 20
	mostPolicyCodes   = 255
	mostIndexText     = 64 * 1024 // bytes
	indexedModeNeeded = "requires indexed completion mode"
)

// jobSpec validates a job's spec, which a cron job has in its template.
func (f *faults) jobSpec(spec *field.Path, s *batchv1.JobSpec) {
	notNegativePtr(f, spec, "parallelism", s.Parallelism)
	notNegativePtr(f, spec, "completions", s.Completions)
	notNegativePtr(f, spec, "activeDeadlineSeconds", s.ActiveDeadlineSeconds)
	notNegativePtr(f, spec, "backoffLimit", s.BackoffLimit)
	notNegativePtr(f, spec, "ttlSecondsAfterFinished", s.TTLSecondsAfterFinished)
	notNegativePtr(f, spec, "backoffLimitPerIndex", s.BackoffLimitPerIndex)
	notNegativePtr(f, spec, "maxFailedIndexes", s.MaxFailedIndexes)
	if s.MaxFailedIndexes != nil && s.BackoffLimitPerIndex == nil {
		f.required(spec, "backoffLimitPerIndex", "when maxFailedIndexes is specified")
	}
	if s.ManagedBy != nil {
		f.add(validation.IsDomainPrefixedPath(spec.Child("managedBy"), *s.ManagedBy)...)
		if len(*s.ManagedBy) > 63 {
			f.add(field.TooLong(spec.Child("managedBy"), "", 63))
		}
	}
	ifSetOneOf(f, spec, "completionMode", s.CompletionMode, batchv1.NonIndexedCompletion, batchv1.IndexedCompletion)
	if isIndexed(s) {
		f.indexedJob(spec, s)
	}
	if s.CompletionMode == nil || *s.CompletionMode == batchv1.NonIndexedCompletion {
		if s.BackoffLimitPerIndex != nil {
			f.invalid(spec, "backoffLimitPerIndex", *s.BackoffLimitPerIndex, indexedModeNeeded)
		}
		if s.MaxFailedIndexes != nil {
			f.invalid(spec, "maxFailedIndexes", *s.MaxFailedIndexes, indexedModeNeeded)
		}
	}
	if s.PodFailurePolicy != nil {
		f.failurePolicy(spec, s)
	}
	if s.SuccessPolicy != nil {
		f.successPolicy(spec, s)
	}
	if s.PodReplacementPolicy != nil && s.PodFailurePolicy != nil {
		ifSetOneOf(f, spec, "podReplacementPolicy", s.PodReplacementPolicy, batchv1.Failed)
	} else {
		ifSetOneOf(f, spec, "podReplacementPolicy", s.PodReplacementPolicy, batchv1.Failed, batchv1.TerminatingOrFailed)
	}
	f.podTemplate(spec.Child("template"), &s.Template)
	f.jobRestarts(spec, s)
}

// jobRestarts forbids a job's pods to be restarted for ever.
func (f *faults) jobRestarts(spec *field.Path, s *batchv1.JobSpec) {
	p := spec.Child("template").Child("spec")
	switch policy := s.Template.Spec.RestartPolicy; {
	case policy == corev1.RestartPolicyAlways || policy == "":
		f.required(p, "restartPolicy", `valid values: "OnFailure", "Never"`)
	case policy != corev1.RestartPolicyOnFailure && policy != corev1.RestartPolicyNever:
		f.add(field.NotSupported(p.Child("restartPolicy"), policy, []corev1.RestartPolicy{corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever}))
	case s.PodFailurePolicy != nil && policy != corev1.RestartPolicyNever:
		f.invalid(p, "restartPolicy", policy, `only "Never" is supported when podFailurePolicy is specified`)
	}
}

func (f *faults) indexedJob(spec *field.Path, s *batchv1.JobSpec) {
	above := func(n *int32, limit int32) bool { return n != nil && *n > limit }
	if s.Completions == nil {
		f.required(spec, "completions", "when completion mode is Indexed")
	}
	if above(s.Parallelism, mostIndexes) {
		f.invalid(spec, "parallelism", *s.Parallelism, fmt.Sprintf("must be less than or equal to %d when completion mode is Indexed", mostIndexes))
	}
	if s.Completions != nil && above(s.MaxFailedIndexes, *s.Completions) {
		f.invalid(spec, "maxFailedIndexes", *s.MaxFailedIndexes, "must be less than or equal to completions")
	}
	if above(s.MaxFailedIndexes, mostIndexes) {
		f.invalid(spec, "maxFailedIndexes", *s.MaxFailedIndexes, fmt.Sprintf("must be less than or equal to %d", mostIndexes))
	}
	if !above(s.Completions, manyCompletions) || s.BackoffLimitPerIndex == nil {
		return
	}
	detail := fmt.Sprintf("must be less than or equal to %d when completions are above %d and used with backoff limit per index", mostWhenMany, manyCompletions)
	if s.MaxFailedIndexes == nil {
		f.required(spec, "maxFailedIndexes", fmt.Sprintf("must be specified when completions is above %d", manyCompletions))
	}
	if above(s.Parallelism, mostWhenMany) {
		f.invalid(spec, "parallelism", *s.Parallelism, detail)
	}
	if above(s.MaxFailedIndexes, mostWhenMany) {
		f.invalid(spec, "maxFailedIndexes", *s.MaxFailedIndexes, detail)
	}
}

// requireOneOf is oneOf for fields whose supported values are told even when the
// field is empty.
func requireOneOf[T ~string](f *faults, p *field.Path, child string, value T, supported ...T) {
	if value == "" {
		f.required(p, child, fmt.Sprintf("valid values: %q", supported))
		return
	}
	ifSetOneOf(f, p, child, &value, supported...)
}

func (f *faults) failurePolicy(spec *field.Path, s *batchv1.JobSpec) {
	p := spec.Child("podFailurePolicy", "rules")
	if n := len(s.PodFailurePolicy.Rules); n > mostPolicyRules {
		f.add(field.TooMany(p, n, mostPolicyRules))
	}
	for i := range s.PodFailurePolicy.Rules {
		f.failureRule(p.Index(i), s, &s.PodFailurePolicy.Rules[i])
	}
}

func (f *faults) failureRule(p *field.Path, s *batchv1.JobSpec, r *batchv1.PodFailurePolicyRule) {
	if r.Action == batchv1.PodFailurePolicyActionFailIndex && s.BackoffLimitPerIndex == nil {
		f.invalid(p, "action", r.Action, "requires the backoffLimitPerIndex to be set")
	}
	requireOneOf(f, p, "action", r.Action, batchv1.PodFailurePolicyActionCount, batchv1.PodFailurePolicyActionFailIndex,
		batchv1.PodFailurePolicyActionFailJob, batchv1.PodFailurePolicyActionIgnore)
	if r.OnExitCodes != nil {
		f.exitCodes(p.Child("onExitCodes"), r.OnExitCodes, &s.Template.Spec)
	}
	if n := len(r.OnPodConditions); n > mostPolicyRules {
		f.add(field.TooMany(p.Child("onPodConditions"), n, mostPolicyRules))
	}
	for i, c := range r.OnPodConditions {
		idx := p.Child("onPodConditions").Index(i)
		f.rule(idx, "type", string(c.Type), qualifiedName)
		requireOneOf(f, idx, "status", c.Status, corev1.ConditionFalse, corev1.ConditionTrue, corev1.ConditionUnknown)
	}
	switch {
	case r.OnExitCodes != nil && len(r.OnPodConditions) > 0:
		f.invalid(p, "", field.OmitValueType{}, "specifying both OnExitCodes and OnPodConditions is not supported")
	case r.OnExitCodes == nil && len(r.OnPodConditions) == 0:
		f.invalid(p, "", field.OmitValueType{}, "specifying one of OnExitCodes and OnPodConditions is required")
	}
}

func (f *faults) exitCodes(p *field.Path, r *batchv1.PodFailurePolicyOnExitCodesRequirement, spec *corev1.PodSpec) {
	requireOneOf(f, p, "operator", r.Operator, batchv1.PodFailurePolicyOnExitCodesOpIn, batchv1.PodFailurePolicyOnExitCodesOpNotIn)
	if name := r.ContainerName; name != nil && !named(spec.Containers, *name) && !named(spec.InitContainers, *name) {
		f.invalid(p, "containerName", *name, "must be one of the container or initContainer names in the pod template")
	}
	if len(r.Values) == 0 {
		f.invalid(p, "values", r.Values, "at least one value is required")
	} else if n := len(r.Values); n > mostPolicyCodes {
		f.add(field.TooMany(p.Child("values"), n, mostPolicyCodes))
	}
	for i, code := range r.Values {
		idx := p.Child("values").Index(i)
		if r.Operator == batchv1.PodFailurePolicyOnExitCodesOpIn && code == 0 {
			f.invalid(idx, "", code, "must not be 0 for the In operator")
		}
		if slices.Contains(r.Values[:i], code) {
			f.duplicate(idx, "", code)
		}
	}
	if !slices.IsSorted(r.Values) {
		f.invalid(p, "values", r.Values, "must be ordered")
	}
}

func (f *faults) successPolicy(spec *field.Path, s *batchv1.JobSpec) {
	if !isIndexed(s) {
		f.invalid(spec, "successPolicy", internal{*s.SuccessPolicy}, indexedModeNeeded)
		return
	}
	p := spec.Child("successPolicy", "rules")
	switch n := len(s.SuccessPolicy.Rules); {
	case n == 0:
		f.required(p, "", "at least one rules must be specified when the successPolicy is specified")
	case n > mostPolicyRules:
		f.add(field.TooMany(p, n, mostPolicyRules))
	}
	for i := range s.SuccessPolicy.Rules {
		f.successRule(p.Index(i), s, &s.SuccessPolicy.Rules[i])
	}
}

func (f *faults) successRule(p *field.Path, s *batchv1.JobSpec, r *batchv1.SuccessPolicyRule) {
	if r.SucceededCount == nil && r.SucceededIndexes == nil {
		f.required(p, "", "at least one of succeededCount or succeededIndexes must be specified")
		return
	}
	var completions int32
	if s.Completions != nil {
		completions = *s.Completions
	}
	total := int32(0)
	if r.SucceededIndexes != nil {
		if len(*r.SucceededIndexes) > mostIndexText {
			f.add(field.TooLong(p.Child("succeededIndexes"), "", mostIndexText))
		}
		var err error
		if total, err = countIndexes(*r.SucceededIndexes, completions); err != nil {
			f.invalid(p, "succeededIndexes", *r.SucceededIndexes, "error parsing succeededIndexes: "+err.Error())
		}
	}
	if n := r.SucceededCount; n != nil {
		f.notNegative(p, "succeededCount", int64(*n))
		if *n > completions {
			f.invalid(p, "succeededCount", *n, fmt.Sprintf("must be less than or equal to %d (the number of specified completions)", completions))
		}
		if r.SucceededIndexes != nil && *n > total {
			f.invalid(p, "succeededCount", *n, fmt.Sprintf("must be less than or equal to %d (the number of indexes in the specified succeededIndexes field)", total))
		}
	}
}

// countIndexes counts the indexes of a list like "1,3-5", which must ascend.
func countIndexes(list string, completions int32) (int32, error) {
	if list == "" {
		return 0, nil
	}
	var total int32
	previous := int64(-1)
	for interval := range strings.SplitSeq(list, ",") {
		from, to, err := parseInterval(interval, completions)
		if err != nil {
			return 0, err
		}
		if from <= previous {
			return 0, outOfOrder(previous, from)
		}
		total += int32(to - from + 1)
		previous = to
	}
	return total, nil
}

func parseInterval(interval string, completions int32) (from, to int64, err error) {
	first, last, ranged := strings.Cut(interval, "-")
	if strings.Contains(last, "-") {
		return 0, 0, fmt.Errorf("the fragment %q violates the requirement that an index interval can have at most two parts separated by '-'", interval)
	}
	if from, err = parseIndex(first, completions); err != nil || !ranged {
		return from, from, err
	}
	if to, err = parseIndex(last, completions); err == nil && from >= to {
		err = outOfOrder(from, to)
	}
	return from, to, err
}

func outOfOrder(previous, n int64) error {
	return fmt.Errorf("non-increasing order, previous: %d, current: %d", previous, n)
}

func parseIndex(s string, completions int32) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil:
		return 0, fmt.Errorf("cannot convert string to integer for index: %q", s)
	case n >= int64(completions):
		return 0, fmt.Errorf("too large index: %q", s)
	}
	return n, nil
}
