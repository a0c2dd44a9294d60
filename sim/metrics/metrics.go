// Package metrics is the metrics server: every 15 s it asks all kubelets what the
// containers on their machines use, and answers for the resources of
// metrics.k8s.io. What lives here: how samples are kept and shown. What does not:
// what containers use (world), who asks (kubectl top, autoscalers).
package metrics

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/engine"
	"minisim/sim/world"
)

const (
	// Resolution is how often the kubelets are asked (--metric-resolution).
	Resolution = 15 * time.Second
	// fresh is how long a container has to have run at least when it is seen for the first time.
	fresh = 10 * time.Second
)

const workScrape = "scrape"

// Source is the kubelets that answer.
type Source interface {
	// Scrape is what they tell at present, one sample of each node.
	Scrape() []Node
}

// Node is a sample of a node: the whole machine and each container on it.
type Node struct {
	Name string
	world.Use
	Containers []Container
}

// Container is a sample of a container.
type Container struct {
	Pod     api.Key
	UID     string // of the pod
	Name    string
	Started time.Duration // virtual time
	world.Use
}

// Server is the metrics server. Its samples go with its process.
type Server struct {
	process *component.Process
	source  Source
	pods    *component.Cache[*corev1.Pod]
	nodes   *component.Cache[*corev1.Node]

	seen   map[runID]bool  // at the last scrape: runs of containers
	known  map[string]bool // at the last scrape: nodes
	byPod  map[api.Key][]point
	byNode map[string]point
	at     time.Time // of the last scrape
}

// runID is one run of a container.
type runID struct {
	uid, container string
	started        time.Duration
}

// point is what was used on average during a window that ended with the last scrape.
type point struct {
	container string
	window    time.Duration
	world.Use
}

// New puts a metrics server into a process that has not started.
func New(p *component.Process, source Source) *Server {
	s := &Server{
		process: p, source: source,
		pods:  component.Informer[*corev1.Pod](p, api.Pods, api.ListOptions{}),
		nodes: component.Informer[*corev1.Node](p, api.Nodes, api.ListOptions{}),
	}
	p.Handle(workScrape, func(engine.Work) { s.scrape() })
	p.OnSync(s.scrape)
	return s
}

// scrape asks all kubelets. What has been seen for the first time says nothing
// yet, as use of CPU is the difference of two samples; but a container that has
// just begun is known to have used nothing before.
func (s *Server) scrape() {
	e := s.process.Engine
	e.OnceAfter(Resolution, engine.Work{Actor: s.process.Name, Kind: workScrape})
	seen, known := map[runID]bool{}, map[string]bool{}
	s.byPod, s.byNode, s.at = map[api.Key][]point{}, map[string]point{}, e.Clock()
	unclear := map[api.Key]bool{}
	for _, n := range s.source.Scrape() {
		known[n.Name] = true
		if s.known[n.Name] {
			s.byNode[n.Name] = point{window: Resolution, Use: n.Use}
		}
		for _, c := range n.Containers {
			id := runID{c.UID, c.Name, c.Started}
			seen[id] = true
			window, age := Resolution, e.Now()-c.Started
			if !s.seen[id] {
				if age < fresh || age >= Resolution {
					unclear[c.Pod] = true
					continue
				}
				window = age
			}
			s.byPod[c.Pod] = append(s.byPod[c.Pod], point{c.Name, window, c.Use})
		}
	}
	for pod := range unclear { // a pod is shown whole or not at all
		delete(s.byPod, pod)
	}
	s.seen, s.known = seen, known
}

// Get answers for one node or pod.
func (s *Server) Get(r *api.Resource, k api.Key) (api.Object, error) {
	list, err := s.List(r, api.ListOptions{Namespace: k.Namespace, Fields: fields.OneTermEqualSelector("metadata.name", k.Name)})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		kind := map[*api.Resource]string{api.NodeMetrics: "nodemetrics", api.PodMetrics: "podmetrics"}[r]
		return nil, apierrors.NewNotFound(schema.GroupResource{Group: r.Group, Resource: kind}, k.String())
	}
	return list[0], nil
}

// List answers for the nodes or pods that there are and of which something is known.
func (s *Server) List(r *api.Resource, o api.ListOptions) ([]api.Object, error) {
	if !s.process.Synced() {
		return nil, api.ErrUnreachable
	}
	var out []api.Object
	if r == api.NodeMetrics {
		for _, node := range s.nodes.List() {
			if p, ok := s.byNode[node.Name]; ok && selects(o, node) {
				out = append(out, s.nodeMetrics(node, p))
			}
		}
		return out, nil
	}
	for _, pod := range s.pods.List() {
		if points := s.byPod[api.KeyOf(pod)]; len(points) > 0 && selects(o, pod) {
			out = append(out, s.podMetrics(pod, points))
		}
	}
	return out, nil
}

func selects(o api.ListOptions, of api.Object) bool {
	return (o.Namespace == "" || o.Namespace == of.GetNamespace()) &&
		(o.Labels == nil || o.Labels.Matches(labels.Set(of.GetLabels()))) &&
		(o.Fields == nil || o.Fields.Matches(fields.Set{"metadata.name": of.GetName(), "metadata.namespace": of.GetNamespace()}))
}

func (s *Server) nodeMetrics(node *corev1.Node, p point) *metricsv1beta1.NodeMetrics {
	m := &metricsv1beta1.NodeMetrics{
		ObjectMeta: s.meta(node), Timestamp: metav1.NewTime(s.at), Window: metav1.Duration{Duration: p.window}, Usage: usage(p.Use),
	}
	m.SetGroupVersionKind(api.NodeMetrics.GVK())
	return m
}

func (s *Server) podMetrics(pod *corev1.Pod, points []point) *metricsv1beta1.PodMetrics {
	m := &metricsv1beta1.PodMetrics{ObjectMeta: s.meta(pod), Timestamp: metav1.NewTime(s.at), Window: metav1.Duration{Duration: points[0].window}}
	for _, p := range points {
		m.Containers = append(m.Containers, metricsv1beta1.ContainerMetrics{Name: p.container, Usage: usage(p.Use)})
		m.Window.Duration = min(m.Window.Duration, p.window)
	}
	m.SetGroupVersionKind(api.PodMetrics.GVK())
	return m
}

func (s *Server) meta(of api.Object) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: of.GetNamespace(), Name: of.GetName(), Labels: of.GetLabels(),
		CreationTimestamp: metav1.NewTime(s.process.Engine.Clock()), // these objects are made for each answer
	}
}

func usage(u world.Use) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(u.CPU, resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(u.Memory, resource.BinarySI),
	}
}
