package kinds

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	resourcehelper "k8s.io/component-helpers/resource"
)

// podResources validates the resources of a pod as a whole, also against those
// of its containers.
func (c *podCheck) podResources(p *field.Path, r *corev1.ResourceRequirements) {
	if c.spec.OS != nil && c.spec.OS.Name == corev1.Windows {
		c.forbidden(p, "", "may not be set for a windows pod")
		return
	}
	if r.Claims != nil {
		c.forbidden(p, "claims", "claims may not be set for Resources at pod-level")
	}
	c.requirements(p, r, c.podResourceName, c.spec.ResourceClaims)

	pod := &corev1.Pod{Spec: *c.spec}
	sums := resourcehelper.AggregateContainerRequests(pod, resourcehelper.PodResourcesOptions{})
	for _, name := range sorted(nil, sums) {
		sum := sums[name]
		if have, ok := r.Requests[name]; ok && sum.Cmp(have) > 0 {
			c.invalid(p.Child("requests").Key(string(name)), "", have.String(),
				fmt.Sprintf("must be greater than or equal to aggregate container requests of %s", sum.String()))
		}
	}
	c.podHugePages(p.Child("limits"), pod, r.Limits)
	for i := range c.spec.Containers {
		limits := c.spec.Containers[i].Resources.Limits
		for _, name := range sorted(nil, limits) {
			limit := limits[name]
			if most, ok := r.Limits[name]; ok && limit.Cmp(most) > 0 {
				c.invalid(p.Child("containers").Index(i).Key(string(name)), "limits", limit.String(),
					fmt.Sprintf("must be less than or equal to pod limits of %s", most.String()))
			}
		}
	}
}

// podHugePages requires the pod's limits of huge pages to suffice for its containers.
func (c *podCheck) podHugePages(p *field.Path, pod *corev1.Pod, limits corev1.ResourceList) {
	sums := resourcehelper.AggregateContainerLimits(pod, resourcehelper.PodResourcesOptions{})
	for _, name := range sorted(nil, sums) {
		sum := sums[name]
		if most, ok := limits[name]; ok && isHugePages(name) && sum.Cmp(most) > 0 {
			c.invalid(p.Key(string(name)), "", most.String(),
				fmt.Sprintf("must be greater than or equal to aggregate container limits of %s", sum.String()))
		}
	}
}

// resourceClaims validates the claims of devices that the pod makes.
func (c *podCheck) resourceClaims() {
	for i, claim := range c.spec.ResourceClaims {
		idx := c.path.Child("resourceClaims").Index(i)
		switch {
		case claim.Name == "":
			c.required(idx, "name", "")
		case slices.ContainsFunc(c.spec.ResourceClaims[:i], func(o corev1.PodResourceClaim) bool { return o.Name == claim.Name }):
			c.duplicate(idx, "name", claim.Name)
		default:
			c.rule(idx, "name", claim.Name, dnsLabel)
		}
		switch {
		case claim.ResourceClaimName != nil && claim.ResourceClaimTemplateName != nil:
			c.invalid(idx, "", internal{claim}, "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified")
		case claim.ResourceClaimName == nil && claim.ResourceClaimTemplateName == nil:
			c.invalid(idx, "", internal{claim}, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`")
		}
		if claim.ResourceClaimName != nil {
			c.rule(idx, "resourceClaimName", *claim.ResourceClaimName, dnsSubdomain)
		}
		if claim.ResourceClaimTemplateName != nil {
			c.rule(idx, "resourceClaimTemplateName", *claim.ResourceClaimTemplateName, dnsSubdomain)
		}
	}
}

// ephemeralContainers validates the containers that were added for debugging. A
// program must not depend on them, so much is denied to them.
func (c *podCheck) ephemeralContainers() {
	const detail = "cannot be set for an Ephemeral Container"
	p := c.path.Child("ephemeralContainers")
	for i := range c.spec.EphemeralContainers {
		e := &c.spec.EphemeralContainers[i]
		ctr, idx := (*corev1.Container)(&e.EphemeralContainerCommon), p.Index(i)
		c.container(idx, ctr)
		c.trimmedImage(idx, e.Image)
		others := named(c.spec.Containers, e.Name) || named(c.spec.InitContainers, e.Name)
		if others || slices.ContainsFunc(c.spec.EphemeralContainers[:i], func(o corev1.EphemeralContainer) bool { return o.Name == e.Name }) {
			c.duplicate(idx, "name", e.Name)
		}
		if t := e.TargetContainerName; t != "" && !named(c.spec.Containers, t) && !named(c.spec.InitContainers, t) {
			c.notFound(idx, "targetContainerName", t)
		}
		for _, denied := range []struct {
			name string
			set  bool
		}{
			{"ports", e.Ports != nil}, {"resources", e.Resources.Limits != nil || e.Resources.Requests != nil || e.Resources.Claims != nil},
			{"resizePolicy", e.ResizePolicy != nil}, {"restartPolicy", e.RestartPolicy != nil},
			{"restartPolicyRules", e.RestartPolicyRules != nil}, {"livenessProbe", e.LivenessProbe != nil},
			{"readinessProbe", e.ReadinessProbe != nil}, {"startupProbe", e.StartupProbe != nil}, {"lifecycle", e.Lifecycle != nil},
		} {
			if denied.set {
				c.forbidden(idx, denied.name, detail)
			}
		}
		for j, m := range e.VolumeMounts {
			if m.SubPath != "" {
				c.forbidden(idx.Child("volumeMounts").Index(j), "subPath", detail)
			}
			if m.SubPathExpr != "" {
				c.forbidden(idx.Child("volumeMounts").Index(j), "subPathExpr", detail)
			}
		}
	}
}
