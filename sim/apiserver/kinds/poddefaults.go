package kinds

import (
	"k8s.io/component-helpers/resource"

	corev1 "k8s.io/api/core/v1"
)

// defaultPod fills in a pod. What concerns pods only, and not the templates of
// pods, comes first.
func defaultPod(pod *corev1.Pod) {
	spec := &pod.Spec
	requestsFromLimits(spec.Containers)
	requestsFromLimits(spec.InitContainers)
	defaultPodResources(pod)
	if spec.EnableServiceLinks == nil {
		spec.EnableServiceLinks = new(corev1.DefaultEnableServiceLinks)
	}
	if spec.HostNetwork {
		hostPorts(spec.Containers)
		hostPorts(spec.InitContainers)
	}
	defaultPodSpec(spec)
	if *spec.TerminationGracePeriodSeconds < 0 { // in a template it stays, and is remarked upon
		spec.TerminationGracePeriodSeconds = new(int64(1))
	}
	for _, key := range initContainerAnnotations {
		delete(pod.Annotations, key)
	}
	syncPodIPs(&pod.Status)
}

// initContainerAnnotations once held what is a field today.
var initContainerAnnotations = []string{
	"pod.beta.kubernetes.io/init-containers", "pod.alpha.kubernetes.io/init-containers",
	"pod.beta.kubernetes.io/init-container-statuses", "pod.alpha.kubernetes.io/init-container-statuses",
}

// requestsFromLimits makes a container request what it is limited to, unless it
// says otherwise.
func requestsFromLimits(containers []corev1.Container) {
	for i := range containers {
		r := &containers[i].Resources
		if r.Limits != nil && r.Requests == nil {
			r.Requests = make(corev1.ResourceList, len(r.Limits))
		}
		for name, limit := range r.Limits {
			if _, ok := r.Requests[name]; !ok {
				r.Requests[name] = limit.DeepCopy()
			}
		}
	}
}

// hostPorts gives the ports of containers on the host's network to the host.
func hostPorts(containers []corev1.Container) {
	for i := range containers {
		for j := range containers[i].Ports {
			if p := &containers[i].Ports[j]; p.HostPort == 0 {
				p.HostPort = p.ContainerPort
			}
		}
	}
}

// defaultPodResources completes the resources of a pod as a whole, if it states
// any, from those of its containers.
func defaultPodResources(pod *corev1.Pod) {
	r := pod.Spec.Resources
	if r == nil || len(r.Limits)+len(r.Requests) == 0 {
		return
	}
	limits := resource.AggregateContainerLimits(pod, resource.PodResourcesOptions{})
	for name, limit := range limits {
		if _, requested := r.Requests[name]; isHugePages(name) && !requested {
			setMissing(&r.Limits, name, limit)
		}
	}
	if len(r.Limits) > 0 {
		for name, request := range resource.AggregateContainerRequests(pod, resource.PodResourcesOptions{}) {
			if resource.IsSupportedPodLevelResource(name) && overcommitAllowed(name) {
				setMissing(&r.Requests, name, request)
			}
		}
		for name, limit := range r.Limits {
			if resource.IsSupportedPodLevelResource(name) {
				setMissing(&r.Requests, name, limit)
			}
		}
	}
}

// defaultPodSpec fills in the spec of a pod or of a pod's template.
func defaultPodSpec(s *corev1.PodSpec) {
	orElse(&s.DNSPolicy, corev1.DNSClusterFirst)
	orElse(&s.RestartPolicy, corev1.RestartPolicyAlways)
	orElse(&s.SchedulerName, corev1.DefaultSchedulerName)
	if s.SecurityContext == nil {
		s.SecurityContext = &corev1.PodSecurityContext{}
	}
	if s.TerminationGracePeriodSeconds == nil {
		s.TerminationGracePeriodSeconds = new(int64(corev1.DefaultTerminationGracePeriodSeconds))
	}
	orElse(&s.ServiceAccountName, s.DeprecatedServiceAccount)
	s.DeprecatedServiceAccount = s.ServiceAccountName
	for i := range s.Volumes {
		defaultVolume(&s.Volumes[i])
	}
	for i := range s.InitContainers {
		defaultContainer(&s.InitContainers[i])
	}
	for i := range s.Containers {
		defaultContainer(&s.Containers[i])
	}
	for i := range s.EphemeralContainers {
		defaultContainer((*corev1.Container)(&s.EphemeralContainers[i].EphemeralContainerCommon))
	}
	roundUp(s.Overhead)
	if s.Resources != nil {
		roundUp(s.Resources.Limits)
		roundUp(s.Resources.Requests)
	}
}

func defaultContainer(c *corev1.Container) {
	if c.ImagePullPolicy == "" {
		c.ImagePullPolicy = pullPolicy(c.Image)
	}
	orElse(&c.TerminationMessagePath, corev1.TerminationMessagePathDefault)
	orElse(&c.TerminationMessagePolicy, corev1.TerminationMessageReadFile)
	for i := range c.Ports {
		orElse(&c.Ports[i].Protocol, corev1.ProtocolTCP)
	}
	for i := range c.Env {
		defaultEnvSource(c.Env[i].ValueFrom)
	}
	roundUp(c.Resources.Limits)
	roundUp(c.Resources.Requests)
	defaultProbe(c.LivenessProbe)
	defaultProbe(c.ReadinessProbe)
	defaultProbe(c.StartupProbe)
	if l := c.Lifecycle; l != nil {
		if l.PostStart != nil {
			defaultHTTPGet(l.PostStart.HTTPGet)
		}
		if l.PreStop != nil {
			defaultHTTPGet(l.PreStop.HTTPGet)
		}
	}
}

func defaultEnvSource(s *corev1.EnvVarSource) {
	if s == nil {
		return
	}
	defaultFieldRef(s.FieldRef)
	if s.FileKeyRef != nil && s.FileKeyRef.Optional == nil {
		s.FileKeyRef.Optional = new(false)
	}
}

func defaultFieldRef(r *corev1.ObjectFieldSelector) {
	if r != nil {
		orElse(&r.APIVersion, "v1")
	}
}

func defaultProbe(p *corev1.Probe) {
	if p == nil {
		return
	}
	orElse(&p.TimeoutSeconds, 1)
	orElse(&p.PeriodSeconds, 10)
	orElse(&p.SuccessThreshold, 1)
	orElse(&p.FailureThreshold, 3)
	defaultHTTPGet(p.HTTPGet)
	if p.GRPC != nil && p.GRPC.Service == nil {
		p.GRPC.Service = new("")
	}
}

func defaultHTTPGet(a *corev1.HTTPGetAction) {
	if a != nil {
		orElse(&a.Path, "/")
		orElse(&a.Scheme, corev1.URISchemeHTTP)
	}
}

// syncPodIPs keeps the address of a pod and the list of its addresses in step;
// where they disagree the single one counts.
func syncPodIPs(s *corev1.PodStatus) {
	switch {
	case s.PodIP == "" && len(s.PodIPs) > 0:
		s.PodIP = s.PodIPs[0].IP
	case s.PodIP != "" && (len(s.PodIPs) == 0 || s.PodIPs[0].IP != s.PodIP):
		s.PodIPs = []corev1.PodIP{{IP: s.PodIP}}
	}
}
