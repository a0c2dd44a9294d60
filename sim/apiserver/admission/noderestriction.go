package admission

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
)

// nodeRestriction keeps a kubelet from touching other nodes and their pods, and
// from giving its own node labels and taints that attract or repel work.
func nodeRestriction(a *Attributes, o Objects) (string, error) {
	node, ok := strings.CutPrefix(a.User, "system:node:")
	if !ok || !slices.Contains(a.Groups, "system:nodes") {
		return "", nil
	}
	switch a.Resource {
	case api.Pods:
		return "", restrictPod(a, node, o)
	case api.Nodes:
		return "", restrictNode(a, node)
	case api.ServiceAccounts:
		return "", restrictToken(a, node, o)
	case api.Leases:
		if a.Key.Namespace != corev1.NamespaceNodeLease {
			return "", a.forbid(fmt.Errorf("can only access leases in the %q system namespace", corev1.NamespaceNodeLease))
		}
		if a.Verb == api.VerbCreate && a.Key.Name != node {
			return "", a.forbid(fmt.Errorf("can only access node lease with the same name as the requesting node"))
		}
	case api.CSINodes:
		if a.Key.Name != node {
			return "", a.forbid(fmt.Errorf("can only access CSINode with the same name as the requesting node"))
		}
	}
	return "", nil
}

func restrictPod(a *Attributes, node string, o Objects) error {
	if a.Subresource == "" && a.Verb == api.VerbCreate {
		pod := a.Object.(*corev1.Pod)
		if _, mirror := pod.Annotations[mirrorAnnotation]; !mirror {
			return a.forbid(fmt.Errorf("pod does not have %q annotation, node %q can only create mirror pods", mirrorAnnotation, node))
		}
		if pod.Spec.NodeName != node {
			return a.forbid(fmt.Errorf("node %q can only create pods with spec.nodeName set to itself", node))
		}
		return nil
	}
	pod, ok := o.Get(api.Pods, a.Key).(*corev1.Pod)
	if !ok || pod.Spec.NodeName == node {
		return nil // one that is gone is NotFound, later
	}
	switch {
	case a.Subresource == "status":
		return a.forbid(fmt.Errorf("node %q can only update pod status for pods with spec.nodeName set to itself", node))
	case a.Subresource == "eviction":
		return a.forbid(fmt.Errorf("node %s can only evict pods with spec.nodeName set to itself", node))
	default:
		return a.forbid(fmt.Errorf("node %q can only delete pods with spec.nodeName set to itself", node))
	}
}

// restrictToken has a kubelet ask for tokens only that are bound to a pod on its
// node and meant for whom that pod names.
func restrictToken(a *Attributes, node string, o Objects) error {
	r, ok := a.Object.(*authenticationv1.TokenRequest)
	if !ok {
		return nil
	}
	ref := r.Spec.BoundObjectRef
	switch {
	case ref == nil || ref.APIVersion != "v1" || ref.Kind != "Pod" || ref.Name == "":
		return a.forbid(errors.New("node requested token not bound to a pod"))
	case ref.UID == "":
		return a.forbid(errors.New("node requested token with a pod binding without a uid"))
	}
	pod, ok := o.Get(api.Pods, api.Key{Namespace: a.Key.Namespace, Name: ref.Name}).(*corev1.Pod)
	switch {
	case !ok:
		return apierrors.NewNotFound(api.Pods.GroupResource(), ref.Name)
	case ref.UID != pod.UID:
		return a.forbid(fmt.Errorf("the UID in the bound object reference (%s) does not match the UID in record. The object might have been deleted and then recreated", ref.UID))
	case pod.Spec.NodeName != node:
		return a.forbid(errors.New("node requested token bound to a pod scheduled on a different node"))
	case len(r.Spec.Audiences) > 1:
		return a.forbid(errors.New("node may only request 0 or 1 audiences"))
	}
	audience := strings.Join(r.Spec.Audiences, "")
	if !slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return projectsToken(v, audience) }) {
		return a.forbid(fmt.Errorf("audience %q not found in pod spec volume, %s is not authorized to request tokens for this audience", audience, a.User))
	}
	return nil
}

// projectsToken says whether a volume has a token that is meant for somebody, "": the API server.
func projectsToken(v corev1.Volume, audience string) bool {
	return v.Projected != nil && slices.ContainsFunc(v.Projected.Sources, func(s corev1.VolumeProjection) bool {
		return s.ServiceAccountToken != nil && s.ServiceAccountToken.Audience == audience
	})
}

func restrictNode(a *Attributes, node string) error {
	if a.Key.Name != node {
		return a.forbid(fmt.Errorf("node %q is not allowed to modify node %q", node, a.Key.Name))
	}
	n, ok := a.Object.(*corev1.Node)
	if !ok {
		return nil
	}
	if a.Verb == api.VerbCreate {
		if bad := restrictedLabels(n.Labels, nil); len(bad) > 0 {
			return a.forbid(fmt.Errorf("is not allowed to set the following labels: %s", strings.Join(bad, ", ")))
		}
		return nil
	}
	old := a.Old.(*corev1.Node)
	if !sameTaints(n.Spec.Taints, old.Spec.Taints) && a.Subresource == "" {
		return a.forbid(fmt.Errorf("node %q is not allowed to modify taints", node))
	}
	if bad := restrictedLabels(n.Labels, old.Labels); len(bad) > 0 {
		return a.forbid(fmt.Errorf("is not allowed to modify labels: %s", strings.Join(bad, ", ")))
	}
	return nil
}

func sameTaints(a, b []corev1.Taint) bool {
	return slices.EqualFunc(a, b, func(x, y corev1.Taint) bool { return x.MatchTaint(&y) && x.Value == y.Value })
}

// kubeletLabels are the labels under kubernetes.io and k8s.io that a kubelet may set.
var kubeletLabels = []string{
	corev1.LabelHostname, corev1.LabelTopologyZone, corev1.LabelTopologyRegion,
	corev1.LabelFailureDomainBetaZone, corev1.LabelFailureDomainBetaRegion,
	corev1.LabelInstanceType, corev1.LabelInstanceTypeStable,
	corev1.LabelOSStable, corev1.LabelArchStable, "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
}

// restrictedLabels are those of now, sorted, that differ from before and that a kubelet may not set.
func restrictedLabels(now, before map[string]string) []string {
	var bad []string
	check := func(k string) {
		v, is := now[k]
		w, was := before[k]
		if (v != w || is != was) && reserved(k) && !slices.Contains(bad, k) {
			bad = append(bad, k)
		}
	}
	for k := range now {
		check(k)
	}
	for k := range before {
		check(k)
	}
	slices.Sort(bad)
	return bad
}

func reserved(label string) bool {
	domain, _, ok := strings.Cut(label, "/")
	if !ok {
		return false
	}
	if domain == "node-restriction.kubernetes.io" || strings.HasSuffix(domain, ".node-restriction.kubernetes.io") {
		return true
	}
	kubernetes := domain == "kubernetes.io" || strings.HasSuffix(domain, ".kubernetes.io") || domain == "k8s.io" || strings.HasSuffix(domain, ".k8s.io")
	kubelet := domain == "kubelet.kubernetes.io" || strings.HasSuffix(domain, ".kubelet.kubernetes.io") ||
		domain == "node.kubernetes.io" || strings.HasSuffix(domain, ".node.kubernetes.io")
	return kubernetes && !kubelet && !slices.Contains(kubeletLabels, label)
}
