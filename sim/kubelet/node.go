package kubelet

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
	"minisim/sim/component"
)

const networkNotReady = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"

// What a Node says of its machine.
const (
	osImage        = "Debian GNU/Linux 13 (trixie)"
	kernelVersion  = "6.12.48+deb13-amd64"
	runtimeVersion = "containerd://2.2.1"
	architecture   = "amd64"
	kubeletPort    = 10250
	maxNodeImages  = 50 // nodeStatusMaxImages
)

func nodeUID(name string) types.UID { return types.UID(name) }

// register makes the Node known to the API and begins with heartbeats. A Node
// that is known keeps its taints; its labels are brought up to date.
func (k *Kubelet) register() {
	client := k.cfg.Process.Client
	node, err := api.Get[*corev1.Node](client, api.Nodes, api.Key{Name: k.Name()})
	switch {
	case apierrors.IsNotFound(err):
		node, err = api.Create(client, k.newNode())
		if err == nil {
			k.tellNode("register", fmt.Sprintf("registers itself with the API server: %s CPU, %s memory, room for %d pods",
				k.cfg.Node.CPU.String(), k.cfg.Node.Memory.String(), k.cfg.Node.Pods))
		}
	case err == nil && !hasLabels(node, k.labels()):
		node, err = api.Patch(client, api.Nodes, api.KeyOf(node), func(n *corev1.Node) error {
			if n.Labels == nil {
				n.Labels = map[string]string{}
			}
			maps.Copy(n.Labels, k.labels())
			return nil
		})
	}
	if err == nil {
		k.registered = node
		err = k.registerCSI(node)
	}
	if err != nil {
		k.work(workRegister, "", k.engine.Now()+component.Retry)
		return
	}
	k.nodeEvent(corev1.EventTypeNormal, "Starting", "Starting kubelet.")
	if k.machine.seen != 0 && k.machine.seen != k.machine.boots {
		k.nodeEvent(corev1.EventTypeWarning, "Rebooted", fmt.Sprintf("Node %s has been rebooted, boot id: %s", k.Name(), k.bootID()))
	}
	k.machine.seen = k.machine.boots
	for _, c := range pressures {
		k.nodeEvent(corev1.EventTypeNormal, c.event, fmt.Sprintf("Node %s status is now: %s", k.Name(), c.event))
	}
	k.nodeEvent(corev1.EventTypeNormal, "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods")
	k.work(workNode, "", k.boots)
	k.renew(node)
	// Nodes beat in different phases, so that they do not all write at one instant.
	k.work(workHeartbeat, "", k.engine.Now()+k.engine.Between(time.Millisecond, nodeLeaseRenew, "kubelet", k.Name(), "heartbeat", k.machine.boots).Truncate(time.Millisecond))
}

func hasLabels(n *corev1.Node, want map[string]string) bool {
	for name, value := range want {
		if n.Labels[name] != value {
			return false
		}
	}
	return true
}

func (k *Kubelet) labels() map[string]string {
	l := map[string]string{}
	maps.Copy(l, k.cfg.Node.Labels)
	l[corev1.LabelHostname] = cmp.Or(k.cfg.Node.Labels[corev1.LabelHostname], k.Name())
	l[corev1.LabelOSStable], l["beta.kubernetes.io/os"] = "linux", "linux"
	l[corev1.LabelArchStable], l["beta.kubernetes.io/arch"] = architecture, architecture
	if t := k.cfg.Node.InstanceType; t != "" {
		l[corev1.LabelInstanceTypeStable] = t
	}
	return l
}

// newNode is the Node as it is registered: with its first status, in which it is not ready yet.
func (k *Kubelet) newNode() *corev1.Node {
	n := &corev1.Node{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{
			Name: k.Name(), Labels: k.labels(),
			Annotations: map[string]string{"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
		},
		Spec: corev1.NodeSpec{Taints: slices.Clone(k.cfg.Node.Taints)},
	}
	if cidr := k.cfg.Node.PodCIDR; cidr != "" {
		n.Spec.PodCIDR, n.Spec.PodCIDRs = cidr, []string{cidr}
	}
	k.fillStatus(&n.Status)
	return n
}

// registerCSI makes known, once, which storage drivers run on the node.
func (k *Kubelet) registerCSI(node *corev1.Node) error {
	client := k.cfg.Process.Client
	_, err := api.Get[*storagev1.CSINode](client, api.CSINodes, api.Key{Name: k.Name()})
	if !apierrors.IsNotFound(err) {
		return err
	}
	_, err = api.Create(client, &storagev1.CSINode{
		TypeMeta:   metav1.TypeMeta{APIVersion: "storage.k8s.io/v1", Kind: "CSINode"},
		ObjectMeta: metav1.ObjectMeta{Name: k.Name(), OwnerReferences: []metav1.OwnerReference{nodeOwner(node)}},
		Spec:       storagev1.CSINodeSpec{Drivers: k.cfg.Node.CSIDrivers},
	})
	return err
}

func nodeOwner(n *corev1.Node) metav1.OwnerReference {
	return metav1.OwnerReference{APIVersion: "v1", Kind: "Node", Name: n.Name, UID: n.UID}
}

// syncNode reports the Node's status and notes when the node becomes ready.
func (k *Kubelet) syncNode() {
	now := k.engine.Now()
	wasReady := k.ready
	if !k.ready && now >= k.boots {
		_, k.ready = k.network()
	}
	_, err := api.PatchStatus(k.cfg.Process.Client, api.Nodes, api.Key{Name: k.Name()}, func(n *corev1.Node) error {
		k.fillStatus(&n.Status)
		return nil
	})
	if err != nil {
		k.ready = wasReady
		k.work(workNode, "", now+component.Retry)
		return
	}
	k.reportedAt, k.images = now, len(k.machine.images)
	if wasReady || !k.ready {
		return
	}
	k.tellNode("ready", "is Ready: container runtime and network work, and pods may come")
	k.nodeEvent(corev1.EventTypeNormal, "NodeReady", fmt.Sprintf("Node %s status is now: NodeReady", k.Name()))
	for _, key := range slices.SortedFunc(maps.Keys(k.running), api.Key.Compare) {
		k.wake(k.running[key], now)
	}
}

// fillStatus writes what the kubelet owns of the Node's status; the rest stays.
func (k *Kubelet) fillStatus(s *corev1.NodeStatus) {
	s.Capacity, s.Allocatable = k.capacity(), k.allocatable()
	s.Addresses = []corev1.NodeAddress{{Type: corev1.NodeHostName, Address: k.Name()}}
	if a := k.cfg.Node.Address; a != "" {
		s.Addresses = slices.Insert(s.Addresses, 0, corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: a})
	}
	s.DaemonEndpoints.KubeletEndpoint.Port = kubeletPort
	s.NodeInfo = corev1.NodeSystemInfo{
		MachineID: k.identifier("machine", 0), SystemUUID: uuid(k.identifier("system", 0)), BootID: k.bootID(),
		KernelVersion: kernelVersion, OSImage: osImage, ContainerRuntimeVersion: runtimeVersion,
		KubeletVersion: Version, OperatingSystem: "linux", Architecture: architecture,
	}
	s.Images = k.nodeImages()
	if k.volumes.known() {
		s.VolumesInUse = k.volumes.names()
	}
	k.fillConditions(s)
}

// pressures are the conditions of a machine that has enough of everything.
var pressures = []struct {
	kind                   corev1.NodeConditionType
	event, reason, message string
}{
	{corev1.NodeMemoryPressure, "NodeHasSufficientMemory", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"},
	{corev1.NodeDiskPressure, "NodeHasNoDiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"},
	{corev1.NodePIDPressure, "NodeHasSufficientPID", "KubeletHasSufficientPID", "kubelet has sufficient PID available"},
}

func (k *Kubelet) fillConditions(s *corev1.NodeStatus) {
	for _, c := range pressures {
		k.setCondition(s, c.kind, corev1.ConditionFalse, c.reason, c.message)
	}
	if k.ready {
		k.setCondition(s, corev1.NodeReady, corev1.ConditionTrue, "KubeletReady", "kubelet is posting ready status")
	} else {
		k.setCondition(s, corev1.NodeReady, corev1.ConditionFalse, "KubeletNotReady", networkNotReady)
	}
}

func (k *Kubelet) setCondition(s *corev1.NodeStatus, kind corev1.NodeConditionType, status corev1.ConditionStatus, reason, message string) {
	now := metav1.NewTime(k.engine.Clock().Truncate(time.Second))
	c := corev1.NodeCondition{Type: kind, Status: status, Reason: reason, Message: message, LastHeartbeatTime: now, LastTransitionTime: now}
	for i, old := range s.Conditions {
		if old.Type == kind {
			if old.Status == status {
				c.LastTransitionTime = old.LastTransitionTime
			}
			s.Conditions[i] = c
			return
		}
	}
	s.Conditions = append(s.Conditions, c)
}

// nodeImages are the images on the machine, the largest first.
func (k *Kubelet) nodeImages() []corev1.ContainerImage {
	images := slices.SortedFunc(maps.Values(k.machine.images), func(a, b *image) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(a.name, b.name))
	})
	var out []corev1.ContainerImage
	for _, i := range images[:min(len(images), maxNodeImages)] {
		names := []string{repository(i.name) + "@" + i.digest}
		if names[0] != i.name {
			names = append(names, i.name)
		}
		out = append(out, corev1.ContainerImage{Names: names, SizeBytes: i.bytes})
	}
	return out
}

// capacity is what the machine has.
func (k *Kubelet) capacity() corev1.ResourceList {
	n := &k.cfg.Node
	l := corev1.ResourceList{
		corev1.ResourceCPU: n.CPU, corev1.ResourceMemory: n.Memory, corev1.ResourceEphemeralStorage: n.EphemeralStorage,
		corev1.ResourcePods: *resource.NewQuantity(n.Pods, resource.DecimalSI),
		"hugepages-1Gi":     *resource.NewQuantity(0, resource.DecimalSI),
		"hugepages-2Mi":     *resource.NewQuantity(0, resource.DecimalSI),
	}
	maps.Copy(l, n.Extended)
	return l
}

// allocatable is what pods may have of it.
func (k *Kubelet) allocatable() corev1.ResourceList {
	l := k.capacity()
	for name, reserved := range k.cfg.Node.Reserved {
		if q, ok := l[name]; ok {
			q = q.DeepCopy()
			q.Sub(reserved)
			l[name] = q
		}
	}
	return l
}

func (k *Kubelet) bootID() string { return uuid(k.identifier("boot", k.machine.boots)) }

// identifier is 32 hexadecimal digits that belong to this machine.
func (k *Kubelet) identifier(purpose string, n uint64) string {
	return fmt.Sprintf("%016x%016x", k.engine.Rand("kubelet", k.Name(), purpose, 2*n), k.engine.Rand("kubelet", k.Name(), purpose, 2*n+1))
}

func uuid(hex string) string {
	return hex[:8] + "-" + hex[8:12] + "-" + hex[12:16] + "-" + hex[16:20] + "-" + hex[20:32]
}
