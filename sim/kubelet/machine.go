package kubelet

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
	"minisim/sim/world"
)

// Machine is what outlives a kubelet: the disk with images and the records of
// containers and, while there is power, the containers themselves. A kubelet
// that starts again on it adopts what runs; after PowerOff nothing does.
type Machine struct {
	images map[string]*image      // pulled, by full name
	pods   map[types.UID]*sandbox // what the container runtime knows
	leased map[netip.Addr]types.UID
	lastIP netip.Addr
	boots  uint64 // how often the power came
	seen   uint64 // the boot that the last kubelet has seen
}

// NewMachine is a machine with an empty disk.
func NewMachine() *Machine {
	return &Machine{
		images: map[string]*image{}, pods: map[types.UID]*sandbox{}, leased: map[netip.Addr]types.UID{}, boots: 1,
	}
}

// PowerOff is a power cut at a virtual time: all containers and mounts end at
// once. Images, records and logs stay. The kubelet's process is to be stopped by
// whoever calls it.
func (m *Machine) PowerOff(now time.Duration) {
	m.boots++
	for _, s := range m.pods {
		s.ready = false
		clear(s.mounted)
		for _, r := range s.runs {
			if r.alive {
				r.alive, r.lost = false, true
				r.log.end(now, "")
			}
		}
	}
}

// image is an image on the disk.
type image struct {
	name, digest string
	bytes        int64
}

// sandbox is what the container runtime knows of a pod.
type sandbox struct {
	pod     *corev1.Pod // as last seen before its deletion; shared
	ready   bool
	ip      netip.Addr
	made    uint64                  // how often it was made
	since   time.Duration           // when it was made last
	mounted map[string]*world.Write // by volume name: who had written to the disk before; nil: nobody
	runs    map[string]*run         // the latest of each container, by its name
}

// run is one run of a container.
type run struct {
	id       string // containerd://…
	asked    string // the image as the pod's spec had it
	image    image
	attempt  int32 // the restart count
	started  time.Duration
	finished time.Duration
	alive    bool
	lost     bool // ended with the machine: nobody saw it
	code     int32
	reason   string
	before   *corev1.ContainerStateTerminated // how the run before it ended
	previous *run                             // that run, for its log; of it no earlier one is known
	log      *containerLog                    // nil if the run is known from the API only

	does    program
	dying   bool          // it has been sent SIGTERM, or its preStop hook runs
	endsAt  time.Duration // when it ends because of that
	endCode int32
}

func (m *Machine) sandboxOf(pod *corev1.Pod) *sandbox {
	s := m.pods[pod.UID]
	if s == nil {
		s = &sandbox{pod: pod, mounted: map[string]*world.Write{}, runs: map[string]*run{}}
		m.pods[pod.UID] = s
	}
	return s
}

// running says whether any container of the sandbox is alive.
func (s *sandbox) running() bool {
	for _, r := range s.runs {
		if r.alive {
			return true
		}
	}
	return false
}

// known lists the sandboxes, sorted by the pod's key, then UID.
func (m *Machine) known() []*sandbox {
	out := make([]*sandbox, 0, len(m.pods))
	for _, s := range m.pods {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *sandbox) int {
		if c := api.KeyOf(a.pod).Compare(api.KeyOf(b.pod)); c != 0 {
			return c
		}
		return strings.Compare(string(a.pod.UID), string(b.pod.UID))
	})
	return out
}

// maxRange bounds the search for a free address.
const maxRange = 1 << 16

// lease gives a pod the next free address of the range, as the CNI plugin
// host-local does: in turn, leaving out the first (the gateway) and the last.
func (m *Machine) lease(cidr netip.Prefix, uid types.UID) (netip.Addr, bool) {
	gateway := cidr.Masked().Addr().Next()
	a := m.lastIP
	for range min(maxRange, 1<<min(cidr.Addr().BitLen()-cidr.Bits(), 16)) {
		a = a.Next()
		if !cidr.Contains(a) || !cidr.Contains(a.Next()) {
			a = gateway.Next()
		}
		if _, taken := m.leased[a]; !taken && cidr.Contains(a.Next()) {
			m.leased[a], m.lastIP = uid, a
			return a, true
		}
	}
	return netip.Addr{}, false
}

func (m *Machine) release(a netip.Addr) { delete(m.leased, a) }
