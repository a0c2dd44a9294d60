package scheduler_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// storage is what the churn makes of claims and volumes.
type storage struct {
	claims  []*v1.PersistentVolumeClaim
	volumes []*v1.PersistentVolume // by name
	classes []*storagev1.StorageClass
	nodes   []*storagev1.CSINode
}

func (s *storage) claim(namespace, name string) *v1.PersistentVolumeClaim {
	for _, c := range s.claims {
		if c.Namespace == namespace && c.Name == name {
			return c
		}
	}
	return nil
}

func (s *storage) volume(name string) *v1.PersistentVolume {
	for _, v := range s.volumes {
		if v.Name == name {
			return v
		}
	}
	return nil
}

func (s *storage) class(c *v1.PersistentVolumeClaim) *storagev1.StorageClass {
	for _, class := range s.classes {
		if class.Name == *c.Spec.StorageClassName {
			return class
		}
	}
	return nil
}

func mounted(pod *v1.Pod) (claims []string) {
	for _, v := range pod.Spec.Volumes {
		if v.PersistentVolumeClaim != nil {
			claims = append(claims, v.PersistentVolumeClaim.ClaimName)
		}
	}
	return claims
}

// claimFault is what is wrong with the pod's claims wherever it goes; "" for nothing.
func (p *plain) claimFault() string {
	for _, name := range mounted(p.pod) {
		if p.claim(p.pod.Namespace, name) == nil {
			return fmt.Sprintf("VolumeRestrictions: persistentvolumeclaim %q not found", name)
		}
	}
	immediate := false
	for _, name := range mounted(p.pod) {
		claim := p.claim(p.pod.Namespace, name)
		class := p.class(claim)
		switch {
		case claim.Status.Phase == v1.ClaimLost:
			return fmt.Sprintf("VolumeBinding: persistentvolumeclaim %q bound to non-existent persistentvolume %q", name, claim.Spec.VolumeName)
		case claim.DeletionTimestamp != nil:
			return fmt.Sprintf("VolumeBinding: persistentvolumeclaim %q is being deleted", name)
		case claim.Spec.VolumeName == "" && (class == nil || *class.VolumeBindingMode == storagev1.VolumeBindingImmediate):
			immediate = true
		}
	}
	if immediate {
		return "VolumeBinding: pod has unbound immediate PersistentVolumeClaims"
	}
	for _, name := range mounted(p.pod) {
		if volume := p.claim(p.pod.Namespace, name).Spec.VolumeName; volume != "" && p.volume(volume) == nil {
			return fmt.Sprintf("VolumeZone: persistentvolume %q not found", volume)
		}
	}
	return ""
}

// stores is what the rules about volumes have against a node.
func (p *plain) stores(n *v1.Node) string {
	for _, other := range p.pods[n.Name] {
		if disksClash(p.pod, other) {
			return "VolumeRestrictions: node(s) had no available disk"
		}
	}
	if p.inUse() {
		return "VolumeRestrictions: node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
	}
	if p.overloads(n) {
		return "NodeVolumeLimits: node(s) exceed max volume count"
	}
	var reasons []string
	if !p.obtains(n) {
		reasons = append(reasons, "node(s) didn't find available persistent volumes to bind")
	}
	if slices.ContainsFunc(p.boundVolumes(), func(v *v1.PersistentVolume) bool { return !inReach(v, n) }) {
		reasons = append(reasons, "node(s) had volume node affinity conflict")
	}
	if len(reasons) > 0 {
		return "VolumeBinding: " + strings.Join(reasons, ", ")
	}
	for _, v := range p.boundVolumes() {
		zones, ok := v.Labels[v1.LabelTopologyZone]
		if zone, has := n.Labels[v1.LabelTopologyZone]; ok && has && !slices.Contains(strings.Split(zones, "__"), zone) {
			return "VolumeZone: node(s) had no available volume zone"
		}
	}
	return ""
}

func disksClash(a, b *v1.Pod) bool {
	for _, x := range a.Spec.Volumes {
		for _, y := range b.Spec.Volumes {
			p, q := x.GCEPersistentDisk, y.GCEPersistentDisk
			if p != nil && q != nil && p.PDName == q.PDName && (!p.ReadOnly || !q.ReadOnly) {
				return true
			}
		}
	}
	return false
}

// inUse reports whether some pod uses a claim that only one may use.
func (p *plain) inUse() (used bool) {
	p.eachPod(func(_ *v1.Node, other *v1.Pod) {
		for _, name := range mounted(p.pod) {
			once := p.claim(p.pod.Namespace, name).Spec.AccessModes[0] == v1.ReadWriteOncePod
			used = used || once && other.Namespace == p.pod.Namespace && slices.Contains(mounted(other), name)
		}
	})
	return used
}

// overloads reports whether the driver would have too many volumes on a node.
func (p *plain) overloads(n *v1.Node) bool {
	i := slices.IndexFunc(p.storage.nodes, func(c *storagev1.CSINode) bool { return c.Name == n.Name })
	if i < 0 {
		return false
	}
	attached, wanted := make(map[string]bool), make(map[string]bool)
	for _, other := range p.pods[n.Name] {
		p.attach(other, attached)
	}
	p.attach(p.pod, wanted)
	more := 0
	for volume := range wanted {
		if !attached[volume] {
			more++
		}
	}
	return more > 0 && len(attached)+more > int(*p.storage.nodes[i].Spec.Drivers[0].Allocatable.Count)
}

// attach adds the volumes of the churn's driver that a pod has: those that there
// are, and those that its claims' classes would have made.
func (p *plain) attach(pod *v1.Pod, volumes map[string]bool) {
	for _, name := range mounted(pod) {
		claim := p.claim(pod.Namespace, name)
		if claim == nil {
			continue
		}
		if v := p.volume(claim.Spec.VolumeName); v != nil {
			if v.Spec.CSI != nil {
				volumes[v.Name] = true
			}
		} else if class := p.class(claim); class != nil && class.Provisioner == churnDriver {
			volumes[pod.Namespace+"/"+name] = true
		}
	}
}

func (p *plain) boundVolumes() (bound []*v1.PersistentVolume) {
	for _, name := range mounted(p.pod) {
		if v := p.volume(p.claim(p.pod.Namespace, name).Spec.VolumeName); v != nil {
			bound = append(bound, v)
		}
	}
	return bound
}

func inReach(v *v1.PersistentVolume, n *v1.Node) bool {
	return v.Spec.NodeAffinity == nil ||
		n.Labels["disk"] == v.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values[0]
}

// obtains reports whether every claim that waits finds a volume on a node, or
// can have one made there. The smallest claim chooses first, and takes the
// smallest volume.
func (p *plain) obtains(n *v1.Node) bool {
	var waiting []*v1.PersistentVolumeClaim
	for _, name := range mounted(p.pod) {
		if c := p.claim(p.pod.Namespace, name); c.Spec.VolumeName == "" {
			waiting = append(waiting, c)
		}
	}
	size := func(list v1.ResourceList) int64 { return amountOf(list, v1.ResourceStorage, 0) }
	slices.SortFunc(waiting, func(a, b *v1.PersistentVolumeClaim) int {
		return cmp.Or(cmp.Compare(size(a.Spec.Resources.Requests), size(b.Spec.Resources.Requests)), cmp.Compare(a.Name, b.Name))
	})
	taken := make(map[string]bool)
	for _, c := range waiting {
		selected, chosen := c.Annotations["volume.kubernetes.io/selected-node"]
		var best *v1.PersistentVolume
		for _, v := range p.volumes {
			fits := v.Spec.StorageClassName == *c.Spec.StorageClassName && size(v.Spec.Capacity) >= size(c.Spec.Resources.Requests)
			if fits && !chosen && !taken[v.Name] && inReach(v, n) && (best == nil || size(v.Spec.Capacity) < size(best.Spec.Capacity)) {
				best = v
			}
		}
		switch {
		case best != nil:
			taken[best.Name] = true
		case chosen && selected != n.Name || !provides(p.class(c), n):
			return false
		}
	}
	return true
}

func provides(class *storagev1.StorageClass, n *v1.Node) bool {
	if class.Provisioner != churnDriver {
		return false
	}
	for _, term := range class.AllowedTopologies {
		return n.Labels[v1.LabelTopologyZone] == term.MatchLabelExpressions[0].Values[0]
	}
	return true
}
