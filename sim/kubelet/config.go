package kubelet

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/world"
)

// Config says of what a kubelet is made.
type Config struct {
	Node    NodeConfig
	Process *component.Process // not started yet; the kubelet runs while it does
	World   *world.World
	DNS     Resolver
	Machine *Machine // the same value for each start on one machine; nil: a new machine
	// Account gives a client with the identity of a pod's service account, for the
	// containers that talk to the API; nil: they use the kubelet's own.
	Account func(namespace, name string) api.Client
	Instant bool // pods run at once and no Events are written, as on KWOK's fake nodes
}

// Resolver resolves names as a pod of the namespace would. *network.DNS is one.
type Resolver interface {
	Lookup(namespace, name string) (addresses []string, ok bool)
}

// NodeConfig is what the machine has and what its Node says of it.
type NodeConfig struct {
	Name    string
	Address string // InternalIP

	// PodCIDR is the range of its pods' addresses, such as 10.244.1.0/24, which the
	// Node asks for when it registers. Without one the network is not ready until
	// a controller has set spec.podCIDR.
	PodCIDR string

	CPU, Memory      resource.Quantity
	EphemeralStorage resource.Quantity // 0: 100 Gi
	Pods             int64             // 0: 110, the kubelet's maxPods
	Extended         corev1.ResourceList
	Reserved         corev1.ResourceList // what allocatable is less than capacity

	Labels       map[string]string
	Taints       []corev1.Taint // registerWithTaints
	InstanceType string         // label node.kubernetes.io/instance-type, unless ""
	CSIDrivers   []storagev1.CSINodeDriver

	Bandwidth int64 // bytes per second of image pulls; 0: DefaultBandwidth
}

// DefaultBandwidth is that of a machine of which nothing else is said: 50 MB/s.
const DefaultBandwidth = 50_000_000

// Version is what the Node says of its kubelet.
const Version = "v1.36.3"

func (n *NodeConfig) setDefaults() {
	if n.Pods == 0 {
		n.Pods = 110
	}
	if n.Bandwidth <= 0 {
		n.Bandwidth = DefaultBandwidth
	}
	if n.EphemeralStorage.IsZero() {
		n.EphemeralStorage = resource.MustParse("100Gi")
	}
}

// The kubelet's own periods, under the names of its configuration.
const (
	nodeLeaseDuration         = 40 * time.Second       // nodeLeaseDurationSeconds
	nodeLeaseRenew            = 10 * time.Second       // a quarter of it
	leaseTries                = 5                      // of an update, one right after the other
	leaseFirstPause           = 200 * time.Millisecond // before the Lease is asked for again, doubled each time …
	leaseMaxPause             = 7 * time.Second        // … up to this
	nodeStatusReportFrequency = 5 * time.Minute
	statusRetry               = 10 * time.Second              // the status manager's sync period
	syncRetry                 = 10 * time.Second              // back-off of a pod worker whose sync failed
	volumeTimeout             = 2*time.Minute + 3*time.Second // of one wait for volumes; v1.36 writes no Event of it
	minimumGrace              = 2 * time.Second               // that a container gets after its preStop hook has used up all
)

// span is a range of durations; a use takes its own out of it, by the seed.
type span struct{ lo, hi time.Duration }

// How long things take on an ordinary machine. With Instant they take no time.
var (
	bootTime    = span{500 * time.Millisecond, 1500 * time.Millisecond} // from the kubelet's start until runtime and network are ready
	sandboxTime = span{200 * time.Millisecond, 400 * time.Millisecond}  // pause container, network namespace, address
	startTime   = span{50 * time.Millisecond, 150 * time.Millisecond}   // create and start of a container
	mountTime   = span{150 * time.Millisecond, 400 * time.Millisecond}  // staging and mount of a disk
	relistTime  = span{10 * time.Millisecond, time.Second}              // until the kubelet, which looks every second, sees that a container runs
	stopTime    = span{50 * time.Millisecond, 500 * time.Millisecond}   // from SIGTERM to the end of a program that listens
)

const (
	manifestTime = 100 * time.Millisecond // that a pull takes to ask the registry what the image consists of
	settleTime   = time.Second            // from a failure to the sync that reports its back-off
)

// take is a duration of the span for a purpose on a key, the n-th one.
func (k *Kubelet) take(s span, key, purpose string, n uint64) time.Duration {
	if k.cfg.Instant {
		return 0
	}
	// Whole milliseconds read better and are as good.
	return k.engine.Between(s.lo, s.hi, "kubelet", key, purpose, n).Truncate(time.Millisecond)
}

// megabytes writes a size as a person would: "9.1 MB".
func megabytes(bytes int64) string { return fmt.Sprintf("%.3g MB", float64(bytes)/1e6) }

// seconds writes a duration in seconds with one decimal: "0.3 s".
func seconds(d time.Duration) string {
	if d >= time.Minute {
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%.3g s", d.Round(10*time.Millisecond).Seconds())
}
