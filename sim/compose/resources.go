package compose

import (
	"fmt"
	"math"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
)

// resources maps limits to limits and reservations to requests. A limit without a reservation gets a request of 0,
// because Kubernetes would otherwise take the limit as the request, and compose reserves nothing.
func (s *service) resources() corev1.ResourceRequirements {
	limits, requests := corev1.ResourceList{}, corev1.ResourceList{}
	s.limits(limits)
	s.reservations(requests)
	for name := range sorted(byName(limits)) {
		key := corev1.ResourceName(name)
		if _, reserved := requests[key]; !reserved {
			requests[key] = resource.MustParse("0")
			s.note(Changed, "limits "+name+" and reserves none", "the request is 0, so the scheduler does not count it", "reserve what it needs", s.limitPath(name)...)
		}
		if limit, request := limits[key], requests[key]; request.Cmp(limit) > 0 {
			requests[key] = limit // cpu_shares above the limit: Kubernetes wants no more than the limit
		}
	}
	s.devices(limits, requests)
	var r corev1.ResourceRequirements
	if len(limits) > 0 {
		r.Limits = limits
	}
	if len(requests) > 0 {
		r.Requests = requests
	}
	return r
}

func byName(l corev1.ResourceList) map[string]resource.Quantity {
	m := map[string]resource.Quantity{}
	for name, quantity := range l {
		m[string(name)] = quantity
	}
	return m
}

// limitPath is the key that a limit comes from.
func (s *service) limitPath(name string) []string {
	switch fromDeploy := s.Deploy != nil && s.Deploy.Resources.Limits != nil; {
	case name == "cpu" && fromDeploy && s.Deploy.Resources.Limits.NanoCPUs > 0:
		return []string{"deploy", "resources", "limits", "cpus"}
	case name == "cpu" && s.CPUS > 0:
		return []string{"cpus"}
	case name == "cpu":
		return []string{"cpu_quota"}
	case fromDeploy && s.Deploy.Resources.Limits.MemoryBytes > 0:
		return []string{"deploy", "resources", "limits", "memory"}
	}
	return []string{"mem_limit"}
}

func (s *service) limits(into corev1.ResourceList) {
	const defaultPeriod = 100_000 // microseconds, the kernel's
	switch {
	case s.CPUS > 0:
		into[corev1.ResourceCPU] = cpus(float64(s.CPUS))
	case s.CPUQuota > 0:
		period := s.CPUPeriod
		if period <= 0 {
			period = defaultPeriod
		}
		into[corev1.ResourceCPU] = cpus(float64(s.CPUQuota) / float64(period))
	}
	if s.MemLimit > 0 {
		into[corev1.ResourceMemory] = bytesQuantity(s.MemLimit)
	}
	if s.Deploy != nil && s.Deploy.Resources.Limits != nil {
		set := s.Deploy.Resources.Limits
		if set.NanoCPUs > 0 {
			into[corev1.ResourceCPU] = cpus(float64(set.NanoCPUs))
		}
		if set.MemoryBytes > 0 {
			into[corev1.ResourceMemory] = bytesQuantity(set.MemoryBytes)
		}
	}
}

func (s *service) reservations(into corev1.ResourceList) {
	const sharesOfOne = 1024
	if s.CPUShares > 0 {
		into[corev1.ResourceCPU] = cpus(float64(s.CPUShares) / sharesOfOne)
		s.note(Changed, "a weight against other containers of the machine, 1024 by default",
			fmt.Sprintf("a request of %d/1024 of a CPU, which the scheduler counts", s.CPUShares), "", "cpu_shares")
	}
	if s.MemReservation > 0 {
		into[corev1.ResourceMemory] = bytesQuantity(s.MemReservation)
		s.note(Changed, "a soft limit, enforced when the machine is short of memory", "a request, which the scheduler counts", "", "mem_reservation")
	}
	if s.Deploy != nil && s.Deploy.Resources.Reservations != nil {
		set := s.Deploy.Resources.Reservations
		if set.NanoCPUs > 0 {
			into[corev1.ResourceCPU] = cpus(float64(set.NanoCPUs))
		}
		if set.MemoryBytes > 0 {
			into[corev1.ResourceMemory] = bytesQuantity(set.MemoryBytes)
		}
	}
}

// cpus is a number of CPUs; Kubernetes counts thousandths.
func cpus(n float64) resource.Quantity {
	return *resource.NewMilliQuantity(max(1, int64(math.Round(float64(n*1000)))), resource.DecimalSI)
}

func bytesQuantity(n types.UnitBytes) resource.Quantity {
	return *resource.NewQuantity(int64(n), resource.BinarySI)
}

// devices maps devices and generic resources to extended resources, which are whole numbers, requests equal to limits.
func (s *service) devices(limits, requests corev1.ResourceList) {
	set := func(name string, count int64) {
		key := corev1.ResourceName(name)
		before := limits[key]
		quantity := *resource.NewQuantity(before.Value()+count, resource.DecimalSI)
		limits[key], requests[key] = quantity, quantity
	}
	for i, device := range s.Gpus {
		s.gpu(device, set, "gpus", index(i))
	}
	if s.Deploy == nil || s.Deploy.Resources.Reservations == nil {
		return
	}
	for i, device := range s.Deploy.Resources.Reservations.Devices {
		s.gpu(device, set, "deploy", "resources", "reservations", "devices", index(i))
	}
	for i, generic := range s.Deploy.Resources.Reservations.GenericResources {
		path := []string{"deploy", "resources", "reservations", "generic_resources", index(i)}
		spec := generic.DiscreteResourceSpec
		if spec == nil || spec.Value <= 0 {
			s.note(Lost, "reserves a generic resource", "there is no number of it", "", path...)
			continue
		}
		name := strings.ToLower(spec.Kind)
		if !strings.Contains(name, "/") {
			name = "docker.com/" + name
		}
		if len(validation.IsQualifiedName(name)) > 0 || strings.HasPrefix(name, "requests.") || strings.Contains(name, "kubernetes.io/") {
			s.note(Lost, "reserves "+spec.Kind, "this is no name that Kubernetes takes for a resource", "", path...)
			continue
		}
		set(name, spec.Value)
		s.note(Changed, "the machine's administrator declares "+spec.Kind, "it is the extended resource "+name, "let the nodes announce it in their capacity", path...)
	}
}

// gpu maps a device request: <vendor>/gpu.
func (s *service) gpu(device types.DeviceRequest, set func(string, int64), path ...string) {
	isGPU := len(device.Capabilities) == 0
	for _, capability := range device.Capabilities {
		isGPU = isGPU || capability == "gpu"
	}
	if !isGPU {
		s.note(Lost, "reserves devices that can do "+strings.Join(device.Capabilities, ", "), "only gpu has a counterpart", "use a device plugin", path...)
		return
	}
	vendor := "nvidia.com"
	switch strings.ToLower(device.Driver) {
	case "", "nvidia", "cdi":
	case "amd", "amdgpu", "rocm":
		vendor = "amd.com"
	case "intel", "i915":
		vendor = "gpu.intel.com"
	default:
		s.note(Lost, "reserves devices of the driver "+device.Driver, "its resource name is not known here", "use a device plugin", path...)
		return
	}
	name, count := vendor+"/gpu", int64(device.Count)
	if vendor == "gpu.intel.com" {
		name = vendor + "/i915"
	}
	switch {
	case len(device.IDs) > 0:
		count = int64(len(device.IDs))
		s.note(Changed, "takes the devices "+strings.Join(device.IDs, ", "), fmt.Sprintf("takes any %d", count), "", path...)
	case count <= 0:
		count = 1
		s.note(Changed, "takes all devices of the machine", "a pod must say how many: 1", "say count", path...)
	}
	set(name, count)
}
