package admission

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	podsecurityapi "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"minisim/sim/api"
)

// standards are the rules of the pod security standards, baseline and restricted, in all their versions.
var standards = func() policy.Evaluator {
	e, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		panic(fmt.Sprintf("admission: %v", err))
	}
	return e
}()

// everythingGoes is what holds for a namespace without labels for it.
var everythingGoes = func() podsecurityapi.Policy {
	any := podsecurityapi.LevelVersion{Level: podsecurityapi.LevelPrivileged, Version: podsecurityapi.LatestVersion()}
	return podsecurityapi.Policy{Enforce: any, Audit: any, Warn: any}
}()

// podSecurity holds pods to the standard that their namespace's labels set: one
// that the label "enforce" does not admit is refused, "warn" makes for a warning,
// also to who creates what makes such pods, and "audit" is told in the account of the run.
func podSecurity(a *Attributes, o Objects) (string, error) {
	if a.Object == nil {
		return "", nil
	}
	if a.Resource == api.Namespaces {
		return "", securityLabels(a, o)
	}
	meta, spec := podOf(a.Object)
	if spec == nil || a.Subresource != "" {
		return "", nil
	}
	ns, ok := o.Get(api.Namespaces, api.Key{Name: a.Key.Namespace}).(*corev1.Namespace)
	if !ok || !hasSecurityLabels(ns.Labels) {
		return "", nil
	}
	p, _ := podsecurityapi.PolicyToEvaluate(ns.Labels, everythingGoes)
	pod, single := a.Object.(*corev1.Pod)
	if single && a.Old != nil && !otherImages(pod, a.Old.(*corev1.Pod)) {
		return "", nil
	}
	if single {
		if why, ok := violates(p.Enforce, meta, spec); !ok {
			return "", a.forbid(fmt.Errorf("violates PodSecurity %q: %s", p.Enforce.String(), why))
		}
	}
	if why, ok := violates(p.Warn, meta, spec); !ok {
		a.warn(fmt.Sprintf("would violate PodSecurity %q: %s", p.Warn.String(), why))
	}
	if why, ok := violates(p.Audit, meta, spec); !ok {
		return fmt.Sprintf("would violate PodSecurity %q: %s", p.Audit.String(), why), nil
	}
	return "", nil
}

const securityPrefix = "pod-security.kubernetes.io/"

func hasSecurityLabels(labels map[string]string) bool {
	for k := range labels {
		if strings.HasPrefix(k, securityPrefix) {
			return true
		}
	}
	return false
}

// violates says whether a pod keeps a standard, and if not, in what it fails.
func violates(standard podsecurityapi.LevelVersion, meta *metav1.ObjectMeta, spec *corev1.PodSpec) (why string, ok bool) {
	if standard.Level == podsecurityapi.LevelPrivileged {
		return "", true
	}
	r := policy.AggregateCheckResults(standards.EvaluatePod(standard, meta, spec))
	return r.ForbiddenDetail(), r.Allowed
}

// podOf is the pod in an object, or the one that it makes others of; nil if it has none.
func podOf(o api.Object) (*metav1.ObjectMeta, *corev1.PodSpec) {
	template := func(t *corev1.PodTemplateSpec) (*metav1.ObjectMeta, *corev1.PodSpec) { return &t.ObjectMeta, &t.Spec }
	switch o := o.(type) {
	case *corev1.Pod:
		return &o.ObjectMeta, &o.Spec
	case *appsv1.Deployment:
		return template(&o.Spec.Template)
	case *appsv1.ReplicaSet:
		return template(&o.Spec.Template)
	case *appsv1.StatefulSet:
		return template(&o.Spec.Template)
	case *appsv1.DaemonSet:
		return template(&o.Spec.Template)
	case *batchv1.Job:
		return template(&o.Spec.Template)
	case *batchv1.CronJob:
		return template(&o.Spec.JobTemplate.Spec.Template)
	}
	return nil, nil
}

// otherImages says whether an update runs other containers than before: of what
// an update of a pod can change, the standards look at nothing else.
func otherImages(new, old *corev1.Pod) bool {
	differ := func(x, y []corev1.Container) bool {
		return !slices.EqualFunc(x, y, func(a, b corev1.Container) bool { return a.Image == b.Image })
	}
	return differ(new.Spec.Containers, old.Spec.Containers) || differ(new.Spec.InitContainers, old.Spec.InitContainers)
}

// securityLabels refuses labels that name no standard, and warns of pods that
// are there already and would not be let in any more.
func securityLabels(a *Attributes, o Objects) error {
	ns, ok := a.Object.(*corev1.Namespace)
	if !ok || a.Subresource != "" {
		return nil
	}
	now, errs := podsecurityapi.PolicyToEvaluate(ns.Labels, everythingGoes)
	before := everythingGoes
	if old, ok := a.Old.(*corev1.Namespace); ok {
		was, oldErrs := podsecurityapi.PolicyToEvaluate(old.Labels, everythingGoes)
		if before = was; apiequality.Semantic.DeepEqual(errs, oldErrs) {
			errs = nil
		}
	}
	if len(errs) > 0 {
		return apierrors.NewInvalid(a.Resource.GVK().GroupKind(), ns.Name, errs)
	}
	stricter := now.Enforce != before.Enforce && now.Enforce.Level != podsecurityapi.LevelPrivileged &&
		(now.Enforce.Version != before.Enforce.Version || podsecurityapi.CompareLevels(now.Enforce.Level, before.Enforce.Level) > 0)
	if a.Old != nil && stricter {
		for _, text := range presentViolations(ns.Name, now.Enforce, o) {
			a.warn(text)
		}
	}
	return nil
}

// mostChecked is how many pods of a namespace are looked at when its standard changes.
const mostChecked = 3000

// presentViolations tells of the pods in a namespace that violate a standard, those
// that fail in the same together under the name of the first.
func presentViolations(namespace string, standard podsecurityapi.LevelVersion, o Objects) []string {
	var warnings, whys []string
	first, count := map[string]string{}, map[string]int{}
	pods := oneOfEach(namespace, o)
	if len(pods) > mostChecked {
		warnings = append(warnings, fmt.Sprintf("new PodSecurity enforce level only checked against the first %d of %d existing pods", mostChecked, len(pods)))
		pods = pods[:mostChecked]
	}
	for _, pod := range pods {
		r := policy.AggregateCheckResults(standards.EvaluatePod(standard, &pod.ObjectMeta, &pod.Spec))
		if r.Allowed {
			continue
		}
		why := r.ForbiddenReason()
		if count[why]++; count[why] == 1 {
			whys = append(whys, why)
		}
		if first[why] == "" || pod.Name < first[why] {
			first[why] = pod.Name
		}
	}
	if len(whys) > 0 {
		warnings = append(warnings, fmt.Sprintf("existing pods in namespace %q violate the new PodSecurity enforce level %q", namespace, standard.String()))
	}
	for i, why := range whys {
		switch n := count[why]; n {
		case 1:
			whys[i] = first[why] + ": " + why
		case 2:
			whys[i] = first[why] + " (and 1 other pod): " + why
		default:
			whys[i] = fmt.Sprintf("%s (and %d other pods): %s", first[why], n-1, why)
		}
	}
	slices.Sort(whys)
	return append(warnings, whys...)
}

// oneOfEach are a namespace's pods, the further ones of each controller last.
func oneOfEach(namespace string, o Objects) []*corev1.Pod {
	var pods, further []*corev1.Pod
	seen := map[types.UID]bool{}
	o.Each(api.Pods, namespace, func(x api.Object) bool {
		pod := x.(*corev1.Pod)
		owner := metav1.GetControllerOfNoCopy(pod)
		if owner != nil && seen[owner.UID] {
			further = append(further, pod)
			return true
		}
		if owner != nil {
			seen[owner.UID] = true
		}
		pods = append(pods, pod)
		return true
	})
	return append(pods, further...)
}
