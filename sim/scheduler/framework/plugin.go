package framework

// MaxNodeScore is the most that a normalised score can be; the least is 0.
const MaxNodeScore int64 = 100

// Plugin is one scheduling rule. What it does is told by the further
// interfaces of this file that it satisfies.
type Plugin interface {
	// Name is the plugin's name as in kube-scheduler.
	Name() string
}

// QueueSortPlugin orders the pods that wait to be scheduled.
type QueueSortPlugin interface {
	Plugin
	// Less reports whether a comes before b.
	Less(a, b *QueuedPod) bool
}

// PreEnqueuePlugin keeps pods out of the queue until they are ready for it.
type PreEnqueuePlugin interface {
	Plugin
	PreEnqueue(pod *PodInfo) *Status
}

// PreFilterPlugin looks at the pod and the cluster once per cycle, before any
// node is looked at.
type PreFilterPlugin interface {
	Plugin
	// PreFilter may name the only nodes worth looking at (nil means all), and
	// may answer Skip when the plugin's Filter would pass every node.
	PreFilter(c *CycleState, pod *PodInfo) (map[string]bool, *Status)
}

// PodTracker is a PreFilterPlugin whose prepared state can follow one pod that
// comes to or goes from a node (kube-scheduler's PreFilterExtensions).
type PodTracker interface {
	PreFilterPlugin
	// TrackPod brings the state in c in step with other having come to node
	// (delta 1) or gone from it (−1).
	TrackPod(c *CycleState, pod, other *PodInfo, node *NodeInfo, delta int64)
}

// FilterPlugin says whether a pod fits on a node.
type FilterPlugin interface {
	Plugin
	Filter(c *CycleState, pod *PodInfo, node *NodeInfo) *Status
}

// Explainer is a FilterPlugin that can tell a rejection with numbers.
type Explainer interface {
	FilterPlugin
	// Explain tells why Filter rejects the node.
	Explain(c *CycleState, pod *PodInfo, node *NodeInfo) Cause
}

// PostFilterPlugin is asked when no node fits.
type PostFilterPlugin interface {
	Plugin
	PostFilter(e *Evaluation) (*Preemption, *Status)
}

// PreScorePlugin looks at the feasible nodes once, before any is scored.
type PreScorePlugin interface {
	Plugin
	// PreScore may answer Skip when the plugin's Score would add nothing.
	PreScore(c *CycleState, pod *PodInfo, feasible []*NodeInfo) *Status
}

// ScorePlugin rates a node that fits; more is better.
type ScorePlugin interface {
	Plugin
	Score(c *CycleState, pod *PodInfo, node *NodeInfo) int64
}

// Normalizer is a ScorePlugin whose raw scores are not yet 0 to MaxNodeScore.
type Normalizer interface {
	ScorePlugin
	// Normalize changes the feasible nodes' scores in place.
	Normalize(c *CycleState, pod *PodInfo, feasible []*NodeInfo, scores []int64)
}

// Dependent is a Filter or Score plugin whose answer for a node depends on
// little more than that node, so that answers can be kept.
type Dependent interface {
	Plugin
	// DependsOn says what, besides the pod and the NodeInfo, the plugin's
	// Filter and raw Score look at; kept is false when that cannot be said for
	// this pod and the plugin must be asked anew in each cycle.
	DependsOn(pod *PodInfo) (epochs []Epoch, kept bool)
}

// FilterDependent is a Dependent whose Filter depends on something else than
// its Score.
type FilterDependent interface {
	FilterPlugin
	// FilterDependsOn is DependsOn for Filter alone.
	FilterDependsOn(pod *PodInfo) (epochs []Epoch, kept bool)
}

// Toucher is a Dependent PodTracker whose kept answers about a node also change
// with pods on other nodes.
type Toucher interface {
	PodTracker
	// Touched calls mark with the index of every node about which the plugin
	// may answer otherwise because of the pods that TrackPod was told of since
	// Touched was last called.
	Touched(c *CycleState, mark func(node int))
}

// BatchScorer is a ScorePlugin that rates many nodes at less cost than one by one.
type BatchScorer interface {
	ScorePlugin
	// ScoreAll sets the scores of nodes to what Score says of each.
	ScoreAll(c *CycleState, pod *PodInfo, nodes []*NodeInfo, scores []int64)
}

// Requeuer is a plugin that knows which changes may help a pod that it
// rejected. A plugin that is none is taken to be helped by anything.
type Requeuer interface {
	Plugin
	// Events are the sorts of change that may help at all.
	Events() EventKinds
	// Helps says whether a change of one of these sorts may help the pod.
	Helps(view *Snapshot, pod *PodInfo, e ClusterEvent) bool
}

// ReservePlugin sets things aside for a pod on its node before it is bound.
type ReservePlugin interface {
	Plugin
	Reserve(c *CycleState, pod *PodInfo, nodeName string) *Status
	Unreserve(c *CycleState, pod *PodInfo, nodeName string)
}

// PermitPlugin may stop or hold back a binding.
type PermitPlugin interface {
	Plugin
	Permit(c *CycleState, pod *PodInfo, nodeName string) *Status
}

// Writer is what binding plugins may write; the scheduler's API client.
type Writer interface {
	// Bind writes the pod's binding to a node.
	Bind(pod *PodInfo, nodeName string) error
	// SelectNode asks for a claim's volume to be provisioned for a node.
	SelectNode(claimKey, nodeName string) error
	// BindVolume reserves an existing volume for a claim.
	BindVolume(volumeName, claimKey string) error
}

// PreBindPlugin does what must be done before the binding is written.
type PreBindPlugin interface {
	Plugin
	// PreBind returns Success to go on, Wait to be asked again after a change,
	// or a rejection.
	PreBind(c *CycleState, pod *PodInfo, nodeName string, w Writer) *Status
}

// BindPlugin writes the binding.
type BindPlugin interface {
	Plugin
	Bind(pod *PodInfo, nodeName string, w Writer) *Status
}
