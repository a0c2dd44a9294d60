package kinds

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	resourcehelper "k8s.io/component-helpers/resource"
)

// roundUp brings quantities to thousandths, as Kubernetes keeps them.
func roundUp(list corev1.ResourceList) {
	for name, q := range list {
		if q.RoundUp(resource.Milli) {
			continue
		}
		list[name] = q
	}
}

// setMissing sets a resource that a list does not have yet.
func setMissing(list *corev1.ResourceList, name corev1.ResourceName, q resource.Quantity) {
	if _, ok := (*list)[name]; ok {
		return
	}
	if *list == nil {
		*list = corev1.ResourceList{}
	}
	(*list)[name] = q.DeepCopy()
}

func isHugePages(name corev1.ResourceName) bool {
	return strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix)
}

// isNative reports whether Kubernetes itself defines a resource.
func isNative(name corev1.ResourceName) bool {
	return !strings.Contains(string(name), "/") || strings.Contains(string(name), corev1.ResourceDefaultNamespacePrefix)
}

// isExtended reports whether a name is one that a device's vendor may give.
func isExtended(name corev1.ResourceName) bool {
	return !isNative(name) && !strings.HasPrefix(string(name), corev1.DefaultResourceRequestsPrefix) &&
		len(qualifiedName(corev1.DefaultResourceRequestsPrefix+string(name))) == 0
}

// overcommitAllowed reports whether requests may be below limits.
func overcommitAllowed(name corev1.ResourceName) bool { return isNative(name) && !isHugePages(name) }

func standardForContainers(name corev1.ResourceName) bool {
	return name == corev1.ResourceCPU || name == corev1.ResourceMemory || name == corev1.ResourceEphemeralStorage || isHugePages(name)
}

// countable are the objects that a quota counts; they come in whole numbers.
var countable = []corev1.ResourceName{
	corev1.ResourcePods, corev1.ResourceQuotas, corev1.ResourceServices, corev1.ResourceReplicationControllers,
	corev1.ResourceSecrets, corev1.ResourceConfigMaps, corev1.ResourcePersistentVolumeClaims,
	corev1.ResourceServicesNodePorts, corev1.ResourceServicesLoadBalancers,
}

func isStandard(name corev1.ResourceName) bool {
	bare := corev1.ResourceName(strings.TrimPrefix(strings.TrimPrefix(string(name), "requests."), "limits."))
	return standardForContainers(bare) || bare == corev1.ResourceStorage || slices.Contains(countable, name)
}

// resourceName validates the name of a resource of any sort.
func (f *faults) resourceName(p *field.Path, name corev1.ResourceName) bool {
	if messages := qualifiedName(string(name)); len(messages) > 0 {
		f.messages(p, "", name, messages)
		return false
	}
	if !strings.Contains(string(name), "/") && !isStandard(name) {
		f.invalid(p, "", name, "must be a standard resource type or fully qualified")
		return false
	}
	return true
}

func (f *faults) containerResourceName(p *field.Path, name corev1.ResourceName) {
	if standardForContainers(name) && !isHugePages(name) {
		return
	}
	f.resourceName(p, name)
	if !strings.Contains(string(name), "/") {
		if !standardForContainers(name) {
			f.invalid(p, "", name, "must be a standard resource for containers")
		}
	} else if !isNative(name) && !isExtended(name) {
		f.invalid(p, "", name, "doesn't follow extended resource name standard")
	}
}

func (f *faults) podResourceName(p *field.Path, name corev1.ResourceName) {
	if f.resourceName(p, name) && !resourcehelper.IsSupportedPodLevelResource(name) {
		f.add(field.NotSupported(p, name, sorted(nil, resourcehelper.SupportedPodLevelResources())))
	}
}

// quantity validates an amount of a resource.
func (f *faults) quantity(p *field.Path, name corev1.ResourceName, q resource.Quantity) {
	if q.Sign() < 0 {
		f.invalid(p, "", q.String(), apivalidation.IsNegativeErrorMsg)
	}
	if (slices.Contains(countable, name) || isExtended(name)) && q.MilliValue()%1000 != 0 {
		f.invalid(p, "", q, "must be an integer")
	}
}

// requirements validates requests against limits. rule is the one for names.
func (f *faults) requirements(p *field.Path, r *corev1.ResourceRequirements, rule func(*field.Path, corev1.ResourceName), claims []corev1.PodResourceClaim) {
	if len(r.Limits)+len(r.Requests) > 0 {
		f.limits(p.Child("limits"), r, rule)
		f.requests(p.Child("requests"), p.Child("limits"), r, rule)
		if (hasHugePages(r.Limits) || hasHugePages(r.Requests)) && !hasCPUOrMemory(r.Limits) && !hasCPUOrMemory(r.Requests) {
			f.forbidden(p, "", "HugePages require cpu or memory")
		}
	}
	if len(r.Claims) > 0 {
		f.claimRefs(p.Child("claims"), r.Claims, claims)
	}
}

func (f *faults) limits(p *field.Path, r *corev1.ResourceRequirements, rule func(*field.Path, corev1.ResourceName)) {
	var buffer resourceNames
	for _, name := range sorted(buffer[:0], r.Limits) {
		if q := r.Limits[name]; !isOrdinary(name, q) {
			key := p.Key(string(name))
			rule(key, name)
			f.quantity(key, name, q)
			f.wholeHugePages(key, name, q)
		}
	}
}

// isOrdinary reports whether there is nothing to say of an amount, which is so of
// most.
func isOrdinary(name corev1.ResourceName, q resource.Quantity) bool {
	return (name == corev1.ResourceCPU || name == corev1.ResourceMemory) && q.Sign() >= 0
}

func (f *faults) requests(p, limits *field.Path, r *corev1.ResourceRequirements, rule func(*field.Path, corev1.ResourceName)) {
	var buffer resourceNames
	for _, name := range sorted(buffer[:0], r.Requests) {
		request := r.Requests[name]
		ordinary := isOrdinary(name, request)
		if !ordinary {
			rule(p.Key(string(name)), name)
			f.quantity(p.Key(string(name)), name, request)
		}
		limit, limited := r.Limits[name]
		switch {
		case !limited && !overcommitAllowed(name):
			f.required(limits, "", "Limit must be set for non overcommitable resources")
		case limited && !overcommitAllowed(name) && request.Cmp(limit) != 0:
			f.invalid(p, "", request.String(), fmt.Sprintf("must be equal to %s limit of %s", name, limit.String()))
		case limited && request.Cmp(limit) > 0:
			f.invalid(p, "", request.String(), fmt.Sprintf("must be less than or equal to %s limit of %s", name, limit.String()))
		}
		if !ordinary {
			f.wholeHugePages(p.Key(string(name)), name, request)
		}
	}
}

// wholeHugePages requires a multiple of the size that the name of huge pages states.
func (f *faults) wholeHugePages(p *field.Path, name corev1.ResourceName, q resource.Quantity) {
	if !isHugePages(name) {
		return
	}
	size, err := resource.ParseQuantity(strings.TrimPrefix(string(name), corev1.ResourceHugePagesPrefix))
	if err != nil || size.Sign() <= 0 || size.MilliValue()%1000 != 0 || q.Value()%size.Value() != 0 {
		f.invalid(p, "", q.String(), fmt.Sprintf("%s is not positive integer multiple of %s", q.String(), name))
	}
}

func hasHugePages(list corev1.ResourceList) bool {
	for name := range list {
		if isHugePages(name) {
			return true
		}
	}
	return false
}

func hasCPUOrMemory(list corev1.ResourceList) bool {
	_, cpu := list[corev1.ResourceCPU]
	_, memory := list[corev1.ResourceMemory]
	return cpu || memory
}

// claimRefs validates the names by which a container refers to the claims of its pod.
func (f *faults) claimRefs(p *field.Path, refs []corev1.ResourceClaim, claims []corev1.PodResourceClaim) {
	var seen []corev1.ResourceClaim
	for i, ref := range refs {
		if ref.Name == "" {
			f.required(p.Index(i), "", "")
			continue
		}
		whole := corev1.ResourceClaim{Name: ref.Name}
		switch {
		case slices.Contains(seen, whole):
			f.duplicate(p.Index(i), "", ref.Name)
		case ref.Request != "":
			f.rule(p.Index(i), "request", ref.Request, validation.IsDNS1123Label)
			if slices.Contains(seen, ref) {
				f.duplicate(p.Index(i), "", ref.Name+"/"+ref.Request)
			}
		default:
			for _, other := range seen {
				if other.Name == ref.Name {
					f.duplicate(p.Index(i), "", ref.Name)
				}
			}
		}
		if !slices.Contains(seen, ref) {
			seen = append(seen, ref)
		}
		f.claimExists(p.Index(i), ref.Name, claims)
	}
}

func (f *faults) claimExists(p *field.Path, name string, claims []corev1.PodResourceClaim) {
	names := map[string]bool{}
	for _, c := range claims {
		if c.Name != "" {
			names[c.Name] = true
		}
	}
	if names[name] {
		return
	}
	err := field.NotFound(p, name)
	err.Detail = "must be one of the names in pod.spec.resourceClaims which is empty"
	if len(names) > 0 {
		err.Detail = "must be one of the names in pod.spec.resourceClaims: " + strings.Join(sorted(nil, names), ", ")
	}
	f.add(err)
}
