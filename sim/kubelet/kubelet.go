package kubelet

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/engine"
)

// Kinds of work of a kubelet's process.
const (
	workRegister  = "register"  // create the Node
	workHeartbeat = "heartbeat" // renew the Lease, report the Node's status where it is due
	workNode      = "node"      // report the Node's status now
	workPod       = "pod"       // take one pod as far as it goes; the key is the pod's
)

// Kubelet is the program on one worker node. It begins when its process starts
// and its caches are filled, and ends with it.
type Kubelet struct {
	cfg     Config
	engine  *engine.Engine
	machine *Machine
	pods    *component.Cache[*corev1.Pod]
	nodes   *component.Cache[*corev1.Node]

	running map[api.Key]*pod
	used    usage
	puller  puller
	volumes volumesInUse

	registered *corev1.Node  // as the API answered when it was registered
	boots      time.Duration // when runtime and network can be ready
	ready      bool          // they are
	lease      *coordinationv1.Lease
	silent     bool          // the last heartbeat did not reach the API
	pause      time.Duration // after which the Lease is asked for again
	reportedAt time.Duration // when the Node's status was reported last
	images     int           // how many images it told of
}

// New puts a kubelet into c.Process, which has not started yet.
func New(c Config) *Kubelet {
	c.Node.setDefaults()
	if c.Machine == nil {
		c.Machine = NewMachine()
	}
	p := c.Process
	k := &Kubelet{
		cfg: c, engine: p.Engine, machine: c.Machine, running: map[api.Key]*pod{},
		pods: component.Informer[*corev1.Pod](p, api.Pods, api.ListOptions{
			Fields: fields.OneTermEqualSelector("spec.nodeName", c.Node.Name),
		}),
		nodes: component.Informer[*corev1.Node](p, api.Nodes, api.ListOptions{
			Fields: fields.OneTermEqualSelector("metadata.name", c.Node.Name),
		}),
	}
	k.used = newUsage(k)
	k.volumes = newVolumesInUse(k)
	k.pods.OnChange(k.podChanged)
	k.nodes.OnChange(k.nodeChanged)
	p.Handle(workRegister, func(engine.Work) { k.register() })
	p.Handle(workHeartbeat, func(engine.Work) { k.heartbeat() })
	p.Handle(workNode, func(engine.Work) { k.syncNode() })
	p.Handle(workPod, k.syncPod)
	p.OnSync(k.begin)
	return k
}

// Name is the node's name.
func (k *Kubelet) Name() string { return k.cfg.Node.Name }

// begin is the kubelet's start, once it has seen what the API knows.
func (k *Kubelet) begin() {
	if k.machine.seen != k.machine.boots {
		k.boots = k.engine.Now() + k.take(bootTime, k.Name(), "boot", k.machine.boots)
	} else {
		k.boots = k.engine.Now() // only the program has ended: runtime and network are there
	}
	k.work(workRegister, "", k.engine.Now())
	k.findLeftovers()
}

// findLeftovers deals with what is on the machine and no longer in the API.
func (k *Kubelet) findLeftovers() {
	for _, s := range k.machine.known() {
		key := api.KeyOf(s.pod)
		if p := k.running[key]; p != nil && p.obj.UID == s.pod.UID {
			continue
		}
		if !s.running() {
			k.tell(key.String(), "", "forgot", "was deleted while this machine was off; nothing of it runs here any more, its remains are cleaned up")
			k.forgetSandbox(s)
			continue
		}
		p := k.newPod(s.pod)
		p.gone = true
		if k.running[key] == nil {
			k.running[key] = p
			k.wake(p, k.engine.Now())
		}
	}
}

func (k *Kubelet) forgetSandbox(s *sandbox) {
	k.machine.release(s.ip)
	delete(k.machine.pods, s.pod.UID)
}

// work queues work of the kubelet's process, once.
func (k *Kubelet) work(kind, key string, at time.Duration) {
	k.engine.Once(at, engine.Work{Actor: k.cfg.Process.Name, Kind: kind, Key: key})
}

func (k *Kubelet) wake(p *pod, at time.Duration) { k.work(workPod, p.name, at) }

// podChanged takes what the watch says of a pod of this node.
func (k *Kubelet) podChanged(old, now *corev1.Pod) {
	if now == nil {
		if p := k.running[api.KeyOf(old)]; p != nil {
			p.forgotten(old.UID)
			k.wake(p, k.engine.Now())
		}
		return
	}
	key := api.KeyOf(now)
	p := k.running[key]
	if p == nil {
		p = k.newPod(now)
		k.running[key] = p
		k.wake(p, k.engine.Now())
		return
	}
	if p.update(now) {
		k.wake(p, k.engine.Now())
	}
}

// nodeChanged takes what the watch says of this node.
func (k *Kubelet) nodeChanged(_, now *corev1.Node) {
	if now == nil {
		return
	}
	if !k.ready && now.Spec.PodCIDR != "" {
		k.work(workNode, "", max(k.engine.Now(), k.boots))
	}
	k.volumes.attached(now)
}

// syncPod is the work on one pod.
func (k *Kubelet) syncPod(w engine.Work) {
	p := k.running[api.ParseKey(w.Key)]
	if p == nil {
		return
	}
	if !k.ready && !k.cfg.Instant && p.stage < stageRunning && !p.leaving() {
		p.waitForNode()
		return
	}
	p.sync()
}

// node is this node as last seen, nil before it was registered.
func (k *Kubelet) node() *corev1.Node {
	if n, ok := k.nodes.Get(api.Key{Name: k.Name()}); ok {
		return n
	}
	return k.registered
}

// network is the range of the pods' addresses, false until it is known.
func (k *Kubelet) network() (netip.Prefix, bool) {
	node := k.node()
	if node == nil {
		return netip.Prefix{}, false
	}
	cidr, err := netip.ParsePrefix(node.Spec.PodCIDR)
	return cidr, err == nil
}

// Crash ends a running container of a pod at once with an exit code, as a fault
// of its program would. container is its name, "" the first one.
func (k *Kubelet) Crash(key api.Key, container string, code int32) error {
	p := k.running[key]
	if p == nil {
		return fmt.Errorf("pod %s is not on node %s", key, k.Name())
	}
	for _, c := range p.all {
		if container == "" && c.kind == mainContainer || c.spec.Name == container {
			if c.run == nil || !c.run.alive {
				return fmt.Errorf("container %s of pod %s does not run", c.spec.Name, key)
			}
			c.run.log.tell(k.engine.Now(), "its program crashes")
			c.run.does.crash(k.engine.Now(), code)
			k.wake(p, k.engine.Now())
			return nil
		}
	}
	return fmt.Errorf("pod %s has no container %q", key, container)
}

var errAnotherPod = errors.New("the pod of this name is another one")

// patchPod changes the status of a pod, unless the API has another one under its name by now.
func (k *Kubelet) patchPod(key api.Key, uid types.UID, change func(*corev1.PodStatus)) (*corev1.Pod, error) {
	return api.PatchStatus(k.cfg.Process.Client, api.Pods, key, func(o *corev1.Pod) error {
		if o.UID != uid {
			return errAnotherPod
		}
		change(&o.Status)
		return nil
	})
}
