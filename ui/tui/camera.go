package tui

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	podresources "k8s.io/component-helpers/resource"

	"minisim/sim/api"
	"minisim/sim/session"
	"minisim/sim/trace"
)

// camera takes Snapshots of a session, between two steps. The player's goroutine uses it.
type camera struct {
	session *session.Session
	tape    *tape
	pods    map[types.UID]*seenPod // what has been worked out of a pod already
	round   int
	stages  struct {
		id      trace.ID
		request *Request
	} // of the request that was shown last
}

// seenPod is what a snapshot needs of one version of a pod.
type seenPod struct {
	Pod
	round    int
	node     string
	over     bool // it needs nothing any more
	cpu, mem int64
}

func newCamera(s *session.Session) *camera {
	c := &camera{session: s, pods: map[types.UID]*seenPod{}}
	c.rewind()
	return c
}

// rewind makes the tape anew: the session has been wound back, or begins in the middle.
func (c *camera) rewind() {
	c.tape = rewound(c.session.Records(0, c.session.StepNumber()), c.session.StepNumber())
}

// How much a Snapshot holds.
const (
	logLength  = 400
	comingWork = 40
	recently   = 100 * time.Millisecond // a request that was made before that is no part of what is shown
)

// take makes the Snapshot of this moment, but for what only the player knows.
func (c *camera) take() *Snapshot {
	cl := c.session.Cluster()
	s := &Snapshot{
		Name: c.session.Scenario().Name, About: c.session.Scenario().About, Time: c.session.Now(), Step: c.session.StepNumber(), Revision: cl.API.Revision(),
		Log: c.tape.lines[max(len(c.tape.lines)-logLength, 0):],
	}
	s.Log = slices.Clip(s.Log)
	if e := c.session.End(); e != nil {
		s.End = &Line{Step: s.Step, Time: e.Time, Text: e.Tell(), Tone: Tone(e.Tone())}
		s.Failed = !e.OK()
	}
	if sch := cl.Scheduler(); sch != nil && c.up("kube-scheduler") {
		s.Queue = sch.Waiting()
	}
	c.machines(s)
	if r := c.tape.request; r != nil && s.Time-r.Time <= recently {
		s.Path = pathOf(*r)
	}
	s.Parts = c.parts(s)
	s.Now = c.now(s)
	s.Next = c.next(s)
	return s
}

// machines fills in the masters, the workers and their pods.
func (c *camera) machines(s *Snapshot) {
	cl := c.session.Cluster()
	at := map[string]int{}
	masters := max(cl.Config.Masters, 1)
	for i, name := range cl.Machines() {
		m := Machine{Name: name, On: cl.On(name)}
		if i < masters {
			s.Masters = append(s.Masters, m)
			continue
		}
		at[name] = len(s.Workers)
		s.Workers = append(s.Workers, m)
	}
	cl.API.Each(api.Nodes, "", func(o api.Object) bool {
		if i, ok := at[o.GetName()]; ok {
			describe(&s.Workers[i], o.(*corev1.Node))
		}
		return true
	})
	c.round++
	names := map[string]bool{}
	cl.API.Each(api.Pods, "", func(o api.Object) bool {
		p := c.pod(o.(*corev1.Pod))
		names[p.App] = true
		i, ok := at[p.node]
		if !ok {
			s.Loose = append(s.Loose, p.Pod)
			return true
		}
		m := &s.Workers[i]
		m.Pods = append(m.Pods, p.Pod)
		if !p.over {
			m.CPU.Requested += p.cpu
			m.Memory.Requested += p.mem
		}
		return true
	})
	for uid, p := range c.pods {
		if p.round != c.round {
			delete(c.pods, uid)
		}
	}
	for name := range names {
		s.Apps = append(s.Apps, name)
	}
	slices.Sort(s.Apps)
}

// describe fills in what the API knows of a machine.
func describe(m *Machine, n *corev1.Node) {
	m.Registered, m.Cordoned = true, n.Spec.Unschedulable
	m.CPU.Allocatable = n.Status.Allocatable.Cpu().MilliValue()
	m.Memory.Allocatable = n.Status.Allocatable.Memory().Value()
	m.MaxPods = n.Status.Allocatable.Pods().Value()
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			m.Ready = string(c.Status)
		}
	}
	m.Zone = n.Labels[corev1.LabelTopologyZone]
	for k, v := range n.Labels {
		if !strings.Contains(k, "kubernetes.io/") && !strings.HasPrefix(k, "topology.") {
			m.Labels = append(m.Labels, k+"="+v)
		}
	}
	slices.Sort(m.Labels)
	for _, t := range n.Spec.Taints {
		s := t.Key
		if t.Value != "" {
			s += "=" + t.Value
		}
		m.Taints = append(m.Taints, s+":"+string(t.Effect))
	}
}

// pod works out what is shown of a pod, once for each of its versions.
func (c *camera) pod(p *corev1.Pod) *seenPod {
	seen := c.pods[p.UID]
	pulling := c.tape.pulling[p.Namespace+"/"+p.Name]
	if seen == nil || seen.Version != p.ResourceVersion || pulling != (seen.State == Pulling) {
		seen = look(p, pulling)
		c.pods[p.UID] = seen
	}
	seen.round = c.round
	return seen
}

func look(p *corev1.Pod, pulling bool) *seenPod {
	requests := podresources.PodRequests(p, podresources.PodResourcesOptions{})
	s := &seenPod{
		Pod:  Pod{Key: p.Namespace + "/" + p.Name, App: appOf(p), Version: p.ResourceVersion},
		node: p.Spec.NodeName, cpu: requests.Cpu().MilliValue(), mem: requests.Memory().Value(),
		over: p.Status.Phase == corev1.PodFailed || p.Status.Phase == corev1.PodSucceeded,
	}
	s.State, s.Reason = state(p)
	if pulling && s.State == Waiting {
		s.State = Pulling
	}
	for _, cs := range p.Status.ContainerStatuses {
		s.Restarts += int(cs.RestartCount)
	}
	return s
}

// appOf is the name by which a pod's kin are known.
func appOf(p *corev1.Pod) string {
	for _, label := range []string{"app", "app.kubernetes.io/name", "k8s-app"} {
		if name := p.Labels[label]; name != "" {
			return name
		}
	}
	if len(p.OwnerReferences) > 0 {
		return p.OwnerReferences[0].Name
	}
	return p.Name
}

// state is where in its life the API says that a pod is, and why it is not further.
func state(p *corev1.Pod) (State, string) {
	statuses := slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses)
	ready, running, reason := false, false, p.Status.Reason
	for _, c := range p.Status.Conditions {
		ready = ready || c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	}
	crashed := false
	for _, c := range statuses {
		running = running || c.State.Running != nil
		if w := c.State.Waiting; w != nil && reason == "" {
			reason = w.Reason
			crashed = strings.HasSuffix(w.Reason, "BackOff") || strings.HasPrefix(w.Reason, "Err")
		}
		if t := c.State.Terminated; t != nil && t.ExitCode != 0 {
			crashed, reason = true, cmp.Or(t.Reason, "Error")
		}
	}
	switch {
	case p.DeletionTimestamp != nil:
		return Terminating, reason
	case p.Status.Phase == corev1.PodSucceeded:
		return Done, reason
	case p.Status.Phase == corev1.PodFailed, crashed:
		return Crashed, reason
	case p.Spec.NodeName == "":
		return Pending, reason
	case ready:
		return Ready, ""
	case running:
		return Starting, reason
	}
	return Waiting, reason
}

// up says whether a program runs.
func (c *camera) up(program string) bool { return c.session.Cluster().Engine.Registered(program) }

// parts are the programs of the control plane, with a light for those that have
// done something since the last step.
func (c *camera) parts(s *Snapshot) []Part {
	server := len(s.Masters) > 0 && slices.ContainsFunc(s.Masters, func(m Machine) bool { return m.On })
	queue := fmt.Sprintf("queue %d", len(s.Queue))
	var busy []string
	storage := false
	for _, actor := range slices.Sorted(maps.Keys(c.tape.worked)) {
		switch name, isController := strings.CutSuffix(actor, "-controller"); {
		case strings.HasPrefix(actor, "external-"), actor == "storage-driver":
			storage = true
		case isController:
			busy = append(busy, name)
		}
	}
	controllers := Part{Name: "controllers", Up: c.up("kube-controller-manager"), Working: len(busy) > 0}
	if len(busy) > 0 {
		controllers.Text = cut(strings.Join(busy, ", "), 30, "…")
	}
	return []Part{
		{Name: "API server", Up: server, Working: s.Path != nil},
		{Name: "etcd", Up: server, Working: s.Path != nil, Figure: fmt.Sprint(s.Revision)},
		{Name: "scheduler", Up: c.up("kube-scheduler"), Working: c.tape.worked["kube-scheduler"], Figure: queue},
		controllers,
		{Name: "storage", Up: c.up("storage-driver"), Working: storage},
		{Name: "dns", Up: c.up("coredns"), Working: c.tape.worked["coredns"]},
	}
}

// shown is the record that the run stands at: the decision of the last step, or
// else what was told last.
func (c *camera) shown() (trace.Record, bool) {
	for _, r := range slices.Backward(c.session.Last()) {
		if session.IsDecision(r.Body) {
			return r, true
		}
	}
	return c.tape.last, c.tape.last.Body != nil
}

// kind is that of the record that is shown, "" when there is none.
func (c *camera) kind() string {
	r, ok := c.shown()
	if !ok {
		return ""
	}
	return r.Body.Kind()
}

// now is the record that is shown, with its detail and its cause.
func (c *camera) now(s *Snapshot) Happening {
	r, ok := c.shown()
	if !ok {
		return Happening{}
	}
	h := Happening{Line: lineOf(r, sentence(r.Body)), Kind: r.Body.Kind()}
	h.Decision, h.Reconcile = decisionOf(r.Body), reconcileOf(r.Body)
	if h.Decision != nil {
		for _, key := range s.Queue {
			if key != h.Decision.Pod {
				h.Decision.Queue = append(h.Decision.Queue, key)
			}
		}
		h.Text = h.Decision.Pod + " looks for a machine"
		if h.Decision.Winner != "" {
			h.Text = h.Decision.Pod + " gets a machine: " + h.Decision.Winner
		}
	} else if d, ok := r.Body.(trace.Detailer); ok {
		h.Detail = d.Detail()
	}
	request, body := c.request(r)
	switch {
	case h.Decision != nil:
		h.About = Ref{Resource: api.Pods.Name, Key: h.Decision.Pod}
	case h.Reconcile != nil:
		h.About = h.Reconcile.About
	case request != nil:
		h.Request, h.Actor = request, body.who(r.Actor)
		h.Text = "asks the API server: " + body.what()
		if request.Etcd != "" {
			h.About = Ref{Resource: body.Resource, Key: body.Key, Revision: body.Revision}
		}
	}
	if cause, ok := c.find(r.Cause); ok {
		h.Why = []Line{brief(cause)}
	}
	return h
}
