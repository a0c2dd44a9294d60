package simulate

import (
	"context"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"minisim/sim/api"
	"minisim/sim/apiserver"
	"minisim/sim/cluster"
	"minisim/sim/etcdstore"
)

func TestInvariantsHold(t *testing.T) {
	for seed := range uint64(10) {
		r, err := Run(t.Context(), seed, Options{})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, v := range r.Violations {
			t.Errorf("seed %d: %s", seed, v)
		}
	}
}

func TestOneSeedIsOneRun(t *testing.T) {
	run := func(seed uint64) Result {
		r, err := Run(t.Context(), seed, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	a, b := run(7), run(7)
	if a.Hash != b.Hash || a.Steps != b.Steps {
		t.Errorf("two runs of one seed: %s after %d steps, %s after %d", a.Hash, a.Steps, b.Hash, b.Steps)
	}
	if c := run(8); a.Hash == c.Hash {
		t.Error("another seed gave the same run")
	}
}

// faultyClient changes the requests of one program on their way.
type faultyClient struct {
	api.Client
	change func(c api.Client, r api.Request) (api.Object, error)
}

func (f faultyClient) Do(r api.Request) (api.Object, error) { return f.change(f.Client, r) }

// inProgram plants a bug into one program.
func inProgram(name string, change func(api.Client, api.Request) (api.Object, error)) Options {
	return Options{Faulty: cluster.Hooks{Client: func(program string, c api.Client) api.Client {
		if program == name || strings.HasPrefix(program, name+"/") {
			return faultyClient{c, change}
		}
		return c
	}}}
}

// faultyStore changes commits on their way to etcd.
type faultyStore struct {
	apiserver.Store
	commit func(s apiserver.Store, ops []etcdstore.Op) (int64, []etcdstore.Event, error)
}

func (f *faultyStore) Commit(ops ...etcdstore.Op) (int64, []etcdstore.Event, error) {
	return f.commit(f.Store, ops)
}

func inStore(commit func(apiserver.Store, []etcdstore.Op) (int64, []etcdstore.Event, error)) Options {
	return Options{Faulty: cluster.Hooks{Store: func(s apiserver.Store) apiserver.Store {
		return &faultyStore{s, commit}
	}}}
}

// bindTo has the scheduler ignore its own verdict.
func bindTo(node func(c api.Client) string) Options {
	return inProgram("kube-scheduler", func(c api.Client, r api.Request) (api.Object, error) {
		if b, ok := r.Object.(*corev1.Binding); ok {
			if n := node(c); n != "" {
				b.Target.Name = n
			}
		}
		return c.Do(r)
	})
}

// TestPlantedBugsAreCaught plants a bug of each kind and wants the checker to
// find it, by the rule that it breaks, within a few seeds.
func TestPlantedBugsAreCaught(t *testing.T) {
	lost := 0
	bugs := map[string]struct {
		options func() Options
		rule    string
	}{
		"the scheduler fills one node beyond its size": {func() Options {
			// The pods of the plan are small: let each ask for much more once it is stored.
			o := bindTo(func(api.Client) string { return "worker-1" })
			o.Faulty.Store = func(s apiserver.Store) apiserver.Store { return &faultyStore{s, inflate} }
			return o
		}, ruleFits},
		"the scheduler ignores taints": {func() Options {
			return bindTo(tainted)
		}, ruleTaints},
		"a bound pod is moved": {func() Options {
			return inStore(moved)
		}, ruleBoundOnce},
		"the controller creates each pod twice": {func() Options {
			return inProgram("kube-controller-manager", func(c api.Client, r api.Request) (api.Object, error) {
				if r.Verb == api.VerbCreate && r.Resource == api.Pods && r.Subresource == "" {
					c.Do(r)
				}
				return c.Do(r)
			})
		}, ruleReplicas},
		"the controller lets ReplicaSets grow too far": {func() Options {
			return inProgram("kube-controller-manager", func(c api.Client, r api.Request) (api.Object, error) {
				if rs, ok := r.Object.(*appsv1.ReplicaSet); ok && r.Subresource == "" && *rs.Spec.Replicas > 0 {
					more := *rs.Spec.Replicas + 3
					rs.Spec.Replicas = &more
				}
				return c.Do(r)
			})
		}, ruleReplicas},
		"a volume is attached wherever somebody asks": {func() Options {
			o := inProgram("kube-controller-manager", attachTwice)
			o.Break = func(c *cluster.Cluster) { c.World.Disks.Careless = true }
			return o
		}, ruleAttachment},
		"an acknowledged write is lost": {func() Options {
			lost = 0
			return inStore(func(s apiserver.Store, ops []etcdstore.Op) (int64, []etcdstore.Event, error) {
				if lost++; lost%400 != 0 || len(ops) != 1 || ops[0].Value == nil {
					return s.Commit(ops...)
				}
				kv, ok, err := s.Get(ops[0].Key, 0)
				if err != nil || !ok {
					return s.Commit(ops...)
				}
				revision := kv.ModRevision + 1 // says that it has written, and has not
				return revision, []etcdstore.Event{{Key: ops[0].Key, Value: ops[0].Value, Revision: revision}}, nil
			})
		}, ruleDurable},
		"kubelets do not report readiness": {func() Options {
			return inProgram("kubelet", func(c api.Client, r api.Request) (api.Object, error) {
				if r.Resource == api.Pods && r.Change != nil {
					change := r.Change
					r.Change = func(o api.Object) error {
						err := change(o)
						p := o.(*corev1.Pod)
						for i := range p.Status.Conditions {
							if p.Status.Conditions[i].Type == corev1.PodReady {
								p.Status.Conditions[i].Status = corev1.ConditionFalse
							}
						}
						return err
					}
				}
				return c.Do(r)
			})
		}, ruleEventually},
	}
	for name, bug := range bugs {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(15) {
				r, err := Run(context.Background(), seed, bug.options())
				if err != nil {
					t.Logf("seed %d: %v", seed, err) // a bug may well stop the run
				}
				for _, v := range r.Violations {
					if v.Rule == bug.rule {
						t.Logf("seed %d: %s", seed, v)
						return
					}
				}
			}
			t.Errorf("not caught: %s", bug.rule)
		})
	}
}

// tainted is a node with a NoSchedule taint of the plan's own, if there is one.
func tainted(c api.Client) string {
	list, err := c.List(api.Nodes, api.ListOptions{})
	if err != nil {
		return ""
	}
	for _, o := range list.Items {
		for _, t := range o.(*corev1.Node).Spec.Taints {
			if t.Effect == corev1.TaintEffectNoSchedule && t.Key == "reserved" {
				return o.GetName()
			}
		}
	}
	return ""
}

// rewrite passes one-op commits on with another value.
func rewrite(s apiserver.Store, ops []etcdstore.Op, prefix string, change func(any) []byte) (int64, []etcdstore.Event, error) {
	for i, op := range ops {
		if op.Value == nil || !strings.HasPrefix(op.Key, prefix) {
			continue
		}
		if o, err := decode(op.Value); err == nil {
			if value := change(o); value != nil {
				ops[i].Value = value
			}
		}
	}
	return s.Commit(ops...)
}

// inflate lets ReplicaSets' templates ask for a whole core, so that a node is soon full.
func inflate(s apiserver.Store, ops []etcdstore.Op) (int64, []etcdstore.Event, error) {
	return rewrite(s, ops, api.Deployments.Prefix(), func(o any) []byte {
		d := o.(*appsv1.Deployment)
		d.Spec.Template.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = *oneCore
		return encode(d)
	})
}

// moved puts a pod that runs onto another node.
func moved(s apiserver.Store, ops []etcdstore.Op) (int64, []etcdstore.Event, error) {
	return rewrite(s, ops, api.Pods.Prefix(), func(o any) []byte {
		p := o.(*corev1.Pod)
		if p.Status.Phase != corev1.PodRunning || p.Spec.NodeName != "worker-1" {
			return nil
		}
		p.Spec.NodeName = "worker-2"
		return encode(p)
	})
}

// attachTwice asks for each volume to be attached to a second node too.
func attachTwice(c api.Client, r api.Request) (api.Object, error) {
	if r.Verb == api.VerbDelete && strings.HasSuffix(r.Key.Name, "-again") {
		return nil, nil // and never takes it back
	}
	if va, ok := r.Object.(*storagev1.VolumeAttachment); ok && r.Verb == api.VerbCreate {
		second := va.DeepCopy()
		second.Name += "-again"
		second.Spec.NodeName = "worker-2"
		if va.Spec.NodeName == "worker-2" {
			second.Spec.NodeName = "worker-1"
		}
		q := r
		q.Object, q.Key.Name = second, second.Name
		c.Do(q)
	}
	return c.Do(r)
}
