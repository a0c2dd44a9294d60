// Package simulate runs random clusters with random faults and checks what must
// always be so: safety at every step, and liveness once the faults have stopped.
// A seed says everything; a failure prints it.
package simulate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/apiserver"
	"minisim/sim/cluster"
	"minisim/sim/engine"
	"minisim/sim/etcdstore"
	"minisim/sim/trace"
)

// Options choose what a run is like beside its seed.
type Options struct {
	Faulty cluster.Hooks // bugs planted on purpose, by tests of the checker
	Break  func(*cluster.Cluster)
}

// Result is what came of one run.
type Result struct {
	Seed       uint64
	Hash       string
	Steps      uint64
	Time       time.Duration // virtual
	Violations []Violation
	Conflicts  int // writes that met another one
	HalfDone   int // programs that ended between two writes of one step
	Kills      int
	Plan       []string // the faults, for a person who reads about a failure
}

// OK says whether all invariants held.
func (r Result) OK() bool { return len(r.Violations) == 0 }

// The phases of a run, in virtual time.
const (
	faultsFrom  = 20 * time.Second
	faultsUntil = 15 * time.Minute
	settleLimit = 60 * time.Minute
	// Settled is for how long nothing may have changed at the end. It is above the longest wait
	// of a healthy cluster: a restart back-off, an unschedulable pod's flush or a forced detach.
	settled = 7 * time.Minute
)

// actor is the one who plans and carries out the faults.
const actor = "chaos"

type run struct {
	seed    uint64
	cluster *cluster.Cluster
	admin   api.Client
	checker *checker
	plan    plan
	result  Result
	healed  bool
}

// spy is a store that tells the checker of every acknowledged commit.
type spy struct {
	apiserver.Store
	run *run
}

// Commit passes the commit on and has its events checked.
func (s *spy) Commit(ops ...etcdstore.Op) (int64, []etcdstore.Event, error) {
	revision, events, err := s.Store.Commit(ops...)
	if err == nil {
		s.run.checker.follow(events)
	}
	return revision, events, err
}

// Run plays the run of a seed. The error is one of the machinery; what the run
// itself did wrong is in the Result.
func Run(ctx context.Context, seed uint64, o Options) (Result, error) {
	r := &run{seed: seed, result: Result{Seed: seed}}
	r.plan = makePlan(seed)
	config := cluster.Config{Seed: seed, Workers: r.plan.workers, Latency: &r.plan.latency, Hooks: o.Faulty}
	config.Hooks.Store = func(s apiserver.Store) apiserver.Store {
		if o.Faulty.Store != nil {
			s = o.Faulty.Store(s)
		}
		return &spy{Store: s, run: r}
	}
	var now func() time.Duration
	r.checker = newChecker(func() time.Duration { return now() }, r.plan.latency.Max)
	c, err := cluster.New(ctx, config)
	if err != nil {
		return r.result, err
	}
	defer c.Close()
	now = c.Engine.Now
	r.cluster, r.admin = c, c.Admin("kubernetes-admin", actor)
	if o.Break != nil {
		o.Break(c)
	}
	c.Trace.Subscribe(r.record)
	c.Engine.Register(actor, r)
	c.Boot()
	for i, w := range r.plan.work {
		c.Engine.At(w.at, engine.Work{Actor: actor, Kind: "do", Key: strconv.Itoa(i)})
	}
	c.Engine.At(faultsUntil, engine.Work{Actor: actor, Kind: "heal"})
	for ctx.Err() == nil {
		if _, err := c.Engine.Step(); err != nil {
			return r.finish(), err
		}
		over := r.healed && c.Engine.Quiet() > settled
		if over || c.Engine.Now() > faultsUntil+settleLimit || len(r.checker.violations) >= maxViolations {
			break
		}
	}
	r.checkEnd()
	if err := r.checkStore(ctx); err != nil {
		return r.finish(), err
	}
	return r.finish(), ctx.Err()
}

func (r *run) finish() Result {
	e := r.cluster.Engine
	r.result.Hash, r.result.Steps, r.result.Time = r.cluster.Trace.Hash(), e.Steps(), e.Now()
	r.result.Violations = r.checker.violations
	r.result.Plan = r.plan.words()
	return r.result
}

// record counts what the run is meant to contain.
func (r *run) record(rec trace.Record) {
	switch b := rec.Body.(type) {
	case apiserver.Request:
		if b.Outcome == apiserver.Outcome(metav1.StatusReasonConflict) {
			r.result.Conflicts++
		}
	case cluster.Crash:
		if b.HalfDone {
			r.result.HalfDone++
		}
	case cluster.Power:
		if !b.On {
			r.result.Kills++
		}
	}
}

// Run carries out one piece of the plan, or ends the faults.
func (r *run) Run(w engine.Work) {
	if w.Kind == "heal" {
		r.heal()
		return
	}
	i, _ := strconv.Atoi(w.Key)
	r.plan.work[i].do(r)
}

// heal switches every machine on and takes every cordon and taint of ours away.
func (r *run) heal() {
	r.healed = true
	for _, m := range r.cluster.Machines() {
		if !r.cluster.On(m) {
			r.must(r.cluster.Start(m))
		}
	}
	for _, w := range r.plan.workers {
		_, err := api.Patch(r.admin, api.Nodes, api.Key{Name: w.Name}, func(n *corev1.Node) error {
			n.Spec.Unschedulable = false
			kept := n.Spec.Taints[:0]
			for _, t := range n.Spec.Taints {
				if !strings.HasPrefix(t.Key, chaosTaint) && t.Key != corev1.TaintNodeOutOfService {
					kept = append(kept, t)
				}
			}
			n.Spec.Taints = kept
			return nil
		})
		r.must(err)
	}
	r.cluster.Engine.Touch()
}

func (r *run) must(err error) {
	if err != nil {
		r.checker.violate(ruleEventually, "the cluster could not be healed: %v", err)
	}
}

// checkEnd checks what must be so once faults have stopped: every workload has
// its pods, ready. The plan makes only workloads that fit.
func (r *run) checkEnd() {
	for _, w := range r.plan.workloads {
		ready := 0
		for _, p := range r.checker.pods {
			if p.Labels["app"] == w.name && p.DeletionTimestamp == nil && isReady(p) {
				ready++
			}
		}
		if ready != w.replicas {
			r.checker.violate(ruleEventually, "%s wants %d pods, %d are ready%s", w.name, w.replicas, ready, r.stuck(w.name))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r.checker.pods)) {
		if r.checker.pods[key].DeletionTimestamp != nil {
			r.checker.violate(ruleEventually, "pod %s is still being deleted", key)
		}
	}
}

// stuck names the pods of a workload that are not ready, for the report.
func (r *run) stuck(app string) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(r.checker.pods)) {
		if p := r.checker.pods[key]; p.Labels["app"] == app && !isReady(p) {
			fmt.Fprintf(&b, "; %s is %s on %q", strings.TrimPrefix(key, api.Pods.Prefix()), p.Status.Phase, p.Spec.NodeName)
		}
	}
	return b.String()
}

func isReady(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// checkStore reads etcd itself and compares it with the acknowledged writes.
func (r *run) checkStore(ctx context.Context) error {
	kvs, _, err := r.cluster.Store.List("", 0)
	if err != nil {
		return err
	}
	found := map[string]int64{}
	for _, kv := range kvs {
		found[kv.Key] = kv.ModRevision
	}
	for _, key := range slices.Sorted(maps.Keys(r.checker.keys)) {
		if revision := r.checker.keys[key]; found[key] != revision {
			r.checker.violate(ruleDurable, "%s was acknowledged at revision %d, etcd has %d", key, revision, found[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(found)) {
		if _, ok := r.checker.keys[key]; !ok {
			r.checker.violate(ruleDurable, "%s is in etcd, though its deletion was acknowledged or its creation never was", key)
		}
	}
	return nil
}
