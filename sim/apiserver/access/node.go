package access

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"minisim/sim/api"
)

const (
	nodePrefix = "system:node:"
	nodeGroup  = "system:nodes"
)

// nodeName is the node whose kubelet makes the request, if it is a kubelet's.
func nodeName(a Attributes) (string, bool) {
	name, ok := strings.CutPrefix(a.User, nodePrefix)
	return name, ok && name != "" && slices.Contains(a.Groups, nodeGroup)
}

const (
	noRelation = "no relationship found between node '%s' and this object"
	noName     = "No Object name found"
)

// authorizeNode follows the node authorizer: a kubelet acts on its own node, the
// pods bound to it, its lease, and reads what these pods use. It says why not,
// where there is something to say.
func (p *Policy) authorizeNode(a Attributes, node string, o Objects) (why string, ok bool) {
	switch a.Resource {
	case api.Nodes:
		return ownNode(a, node)
	case api.Pods:
		return ownPods(a, node, o)
	case api.Leases:
		return ownLease(a, node)
	case api.CSINodes:
		return ownCSINode(a, node)
	case api.Secrets, api.ConfigMaps:
		return usedByPods(a, node, o)
	case api.ServiceAccounts:
		return accountOfPods(a, node, o)
	case api.PersistentVolumeClaims, api.PersistentVolumes, api.VolumeAttachments:
		return volumes(a, node, o)
	}
	return "", p.nodeRules(&a)
}

// nodeRules are those of the role system:node, which hold for every kubelet.
func (p *Policy) nodeRules(a *Attributes) bool {
	q := question{verb: a.Verb, resource: a.Resource, subresource: a.Subresource}
	if p.node[q] {
		return true
	}
	for i := range p.nodes {
		if matches(&p.nodes[i], a) {
			if a.served() {
				p.node[q] = true
			}
			return true
		}
	}
	return false
}

func selects(a Attributes, field, value string) bool {
	if a.Fields == nil {
		return false
	}
	v, ok := a.Fields.RequiresExactMatch(field)
	return ok && v == value
}

func ownNode(a Attributes, node string) (string, bool) {
	switch a.Verb {
	case api.VerbCreate:
		return "", a.Subresource == "" // which node is NodeRestriction's matter
	case api.VerbUpdate, api.VerbPatch:
		return "", true
	case api.VerbGet, api.VerbList, api.VerbWatch:
		switch name := a.name(); {
		case a.Subresource != "":
			return "", false
		case name == "":
			return "node '" + node + "' cannot read all nodes, only its own Node object", false
		case name != node:
			return "node '" + node + "' cannot read '" + name + "', only its own Node object", false
		}
		return "", true
	}
	return "", false
}

func ownPods(a Attributes, node string, o Objects) (string, bool) {
	switch a.Verb {
	case api.VerbList, api.VerbWatch:
		if !selects(a, "spec.nodeName", node) {
			return "can only list/watch pods with spec.nodeName field selector", false
		}
		return "", true
	case api.VerbGet:
		p, ok := o.Get(api.Pods, a.Key).(*corev1.Pod)
		if !ok || p.Spec.NodeName != node {
			return unrelated(node), false
		}
		return "", true
	case api.VerbCreate:
		return "", a.Subresource == "" || a.Subresource == "eviction"
	case api.VerbDelete:
		return "", a.Subresource == ""
	default:
		return "", a.Subresource == "status"
	}
}

func ownLease(a Attributes, node string) (string, bool) {
	switch {
	case a.Key.Namespace != corev1.NamespaceNodeLease:
		return `can only access leases in the "` + corev1.NamespaceNodeLease + `" system namespace`, false
	case a.Verb == api.VerbList || a.Verb == api.VerbWatch:
		return "can only get, create, update, patch, or delete a node lease", false
	case a.Verb != api.VerbCreate && a.Key.Name != node:
		return "can only access node lease with the same name as the requesting node", false
	}
	return "", true
}

func ownCSINode(a Attributes, node string) (string, bool) {
	switch {
	case a.Verb == api.VerbList || a.Verb == api.VerbWatch:
		return "can only get, create, update, patch, or delete a CSINode", false
	case a.Verb != api.VerbCreate && a.Key.Name != node:
		return "can only access CSINode with the same name as the requesting node", false
	}
	return "", true
}

// usedByPods allows a secret or config map that a pod on the node names.
func usedByPods(a Attributes, node string, o Objects) (string, bool) {
	name := a.name()
	switch a.Verb {
	case api.VerbGet, api.VerbList, api.VerbWatch:
	default:
		return "can only read resources of this type", false
	}
	switch {
	case a.Subresource != "":
		return "cannot read subresource", false
	case a.Key.Namespace == "":
		return "can only read namespaced object of this type", false
	case name == "":
		return noName, false
	}
	found := false
	o.PodsOn(node, func(p api.Object) bool {
		pod := p.(*corev1.Pod)
		found = pod.Namespace == a.Key.Namespace && uses(pod, a.Resource, name)
		return !found
	})
	if !found {
		return unrelated(node), false
	}
	return "", true
}

// accountOfPods allows to read an account that a pod on the node runs as, and to
// have a token for it.
func accountOfPods(a Attributes, node string, o Objects) (string, bool) {
	switch {
	case a.Subresource == "token" && a.Verb != api.VerbCreate:
		return "can only create tokens for individual service accounts", false
	case a.Subresource == "" && a.Verb != api.VerbGet:
		return "can only read individual service accounts", false
	case a.Subresource != "" && a.Subresource != "token":
		return "can only create token subresource of serviceaccount", false
	}
	found := false
	o.PodsOn(node, func(p api.Object) bool {
		pod := p.(*corev1.Pod)
		found = pod.Namespace == a.Key.Namespace && pod.Spec.ServiceAccountName == a.Key.Name
		return !found
	})
	if !found {
		return unrelated(node), false
	}
	return "", true
}

// uses says whether a pod's specification names a secret or config map.
func uses(pod *corev1.Pod, r *api.Resource, name string) bool {
	secret := r == api.Secrets
	for _, v := range pod.Spec.Volumes {
		switch {
		case secret && v.Secret != nil && v.Secret.SecretName == name:
			return true
		case !secret && v.ConfigMap != nil && v.ConfigMap.Name == name:
			return true
		case v.Projected != nil:
			for _, s := range v.Projected.Sources {
				if secret && s.Secret != nil && s.Secret.Name == name || !secret && s.ConfigMap != nil && s.ConfigMap.Name == name {
					return true
				}
			}
		}
	}
	for _, s := range pod.Spec.ImagePullSecrets {
		if secret && s.Name == name {
			return true
		}
	}
	return slices.ContainsFunc(pod.Spec.InitContainers, func(c corev1.Container) bool { return containerUses(c, secret, name) }) ||
		slices.ContainsFunc(pod.Spec.Containers, func(c corev1.Container) bool { return containerUses(c, secret, name) })
}

func containerUses(c corev1.Container, secret bool, name string) bool {
	for _, e := range c.Env {
		if f := e.ValueFrom; f != nil && (secret && f.SecretKeyRef != nil && f.SecretKeyRef.Name == name || !secret && f.ConfigMapKeyRef != nil && f.ConfigMapKeyRef.Name == name) {
			return true
		}
	}
	for _, e := range c.EnvFrom {
		if secret && e.SecretRef != nil && e.SecretRef.Name == name || !secret && e.ConfigMapRef != nil && e.ConfigMapRef.Name == name {
			return true
		}
	}
	return false
}

// volumes allows a claim that a pod on the node uses, the volume behind it, and
// the attachments of volumes to the node.
func volumes(a Attributes, node string, o Objects) (string, bool) {
	switch {
	case a.Verb != api.VerbGet:
		return "can only get individual resources of this type", false
	case a.Subresource != "":
		return "cannot get subresource", false
	case a.Key.Name == "":
		return noName, false
	}
	if a.Resource == api.VolumeAttachments {
		va, ok := o.Get(api.VolumeAttachments, a.Key).(*storagev1.VolumeAttachment)
		if !ok || va.Spec.NodeName != node {
			return unrelated(node), false
		}
		return "", true
	}
	found := false
	o.PodsOn(node, func(p api.Object) bool {
		pod := p.(*corev1.Pod)
		for _, v := range pod.Spec.Volumes {
			if v.PersistentVolumeClaim == nil {
				continue
			}
			k := api.Key{Namespace: pod.Namespace, Name: v.PersistentVolumeClaim.ClaimName}
			if a.Resource == api.PersistentVolumeClaims {
				found = found || k == a.Key
				continue
			}
			claim, ok := o.Get(api.PersistentVolumeClaims, k).(*corev1.PersistentVolumeClaim)
			found = found || ok && claim.Spec.VolumeName == a.Key.Name
		}
		return !found
	})
	if !found {
		return unrelated(node), false
	}
	return "", true
}

func unrelated(node string) string {
	return strings.Replace(noRelation, "%s", node, 1)
}
