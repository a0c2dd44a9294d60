package cluster

import (
	"fmt"
	"io"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"minisim/sim/api"
	"minisim/sim/apiserver"
	"minisim/sim/engine"
	"minisim/sim/scheduler"
)

// Config says of what a cluster is made. The zero value, after Default, is the
// default cluster: one master and three workers of 4 CPU and 8 GiB.
type Config struct {
	Seed    uint64
	Masters int // 1; more are to come
	Workers []Worker
	Metrics bool // a metrics server runs: what nodes and pods use can be asked for

	// Latency bounds the time that a watch event takes to its watcher; each
	// takes its own, seeded. nil: 1 ms to 5 ms.
	Latency *Latency

	// Scheduler is how kube-scheduler is set up; the zero value is its default profile.
	Scheduler scheduler.Options

	// Rules are scheduling rules of somebody's own, for every profile.
	Rules []Rule

	// Input is what the run was asked to do, in resolved form. It opens the run's hash.
	Input []byte

	// Past is what the same run has written before, to be played again; nil: the
	// cluster has a store of its own. It excludes DataDir.
	Past *Past

	// RootCA is the certificate, PEM, of the authority that has signed the API
	// server's, for the pods. "": nobody serves the cluster, and there is none.
	RootCA string

	Epoch   time.Time // the date of virtual time 0; zero: engine.Epoch
	DataDir string    // keep the cluster's etcd here, durably; "" is a temporary folder
	TempDir string    // where the temporary folder is made; "": the system's place
	EtcdLog io.Writer // where etcd's own log goes; nil: nowhere
	Limits  engine.Limits
	Instant bool // pods run at once and kubelets report no Events, as on fake nodes

	// Hooks let a test put itself between the parts. They are not for users.
	Hooks Hooks
}

// Hooks replace a part by one that watches it, or that is broken on purpose, so
// that the invariants' checker can itself be tested. Any may be nil.
type Hooks struct {
	Store  func(apiserver.Store) apiserver.Store
	Client func(program string, c api.Client) api.Client
}

// Latency is a range of virtual time.
type Latency struct{ Min, Max time.Duration }

// Worker is one worker machine.
type Worker struct {
	Name      string
	CPU       resource.Quantity // cores
	Memory    resource.Quantity // bytes
	Pods      int64             // how many pods it may run; Kubernetes' default is 110
	Bandwidth int64             // of image pulls, bytes a second
	Labels    map[string]string
	Taints    []corev1.Taint
}

// Defaults of a worker.
const (
	DefaultPods      = 110
	DefaultBandwidth = 50 << 20 // 50 MiB/s
)

// DefaultCPU and DefaultMemory are the size of a worker that nobody described.
var (
	DefaultCPU    = resource.MustParse("4")
	DefaultMemory = resource.MustParse("8Gi")
)

// DefaultLatency is that of a watch event in a healthy cluster.
var DefaultLatency = Latency{time.Millisecond, 5 * time.Millisecond}

// DefaultWorkers is how many workers there are when nobody said.
const DefaultWorkers = 3

// Default fills in what was left out.
func (c *Config) Default() {
	if c.Masters == 0 {
		c.Masters = 1
	}
	if c.Workers == nil {
		for i := range DefaultWorkers {
			c.Workers = append(c.Workers, Worker{Name: fmt.Sprintf("worker-%d", i+1)})
		}
	}
	if c.Latency == nil {
		l := DefaultLatency
		c.Latency = &l
	}
	c.Workers = slices.Clone(c.Workers) // the caller's own stay as they are
	for i := range c.Workers {
		w := &c.Workers[i]
		if w.CPU.IsZero() {
			w.CPU = DefaultCPU
		}
		if w.Memory.IsZero() {
			w.Memory = DefaultMemory
		}
		if w.Pods == 0 {
			w.Pods = DefaultPods
		}
		if w.Bandwidth == 0 {
			w.Bandwidth = DefaultBandwidth
		}
	}
}
