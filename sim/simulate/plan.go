package simulate

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"minisim/sim/api"
	"minisim/sim/cluster"
	"minisim/sim/engine"
)

// plan is what a seed decides: the cluster, what runs on it and what goes wrong when.
type plan struct {
	dice      *dice
	latency   cluster.Latency
	workers   []cluster.Worker
	workloads []*workload
	work      []deed
}

// deed is one thing that is done to the cluster.
type deed struct {
	at   time.Duration
	what string
	do   func(*run)
}

// workload is a Deployment, perhaps with a disk.
type workload struct {
	name     string
	replicas int // as last wanted
	disk     bool
	object   *appsv1.Deployment
}

// dice draws numbers of one seed, one after the other.
type dice struct {
	engine *engine.Engine
	n      uint64
}

func (d *dice) below(limit int) int {
	d.n++
	return d.engine.Intn(limit, "simulate", "", "plan", d.n)
}

func (d *dice) between(lo, hi time.Duration) time.Duration {
	d.n++
	return d.engine.Between(lo, hi, "simulate", "", "plan", d.n)
}

func makePlan(seed uint64) plan {
	p := plan{dice: &dice{engine: engine.New(engine.Config{Seed: seed})}}
	d := p.dice
	// Latencies from a healthy network's to ones at which most writes meet others.
	p.latency.Max = [...]time.Duration{5 * time.Millisecond, 50 * time.Millisecond, 300 * time.Millisecond, time.Second}[d.below(4)]
	p.latency.Min = p.latency.Max / 10
	for i := range 3 + d.below(4) {
		w := cluster.Worker{Name: fmt.Sprintf("worker-%d", i+1)}
		w.CPU = *resource.NewQuantity(int64(2+2*d.below(3)), resource.DecimalSI)
		w.Memory = resource.MustParse("8Gi")
		if d.below(4) == 0 && i > 1 {
			w.Taints = []corev1.Taint{{Key: "reserved", Effect: corev1.TaintEffectNoSchedule}}
		}
		p.workers = append(p.workers, w)
	}
	for i := range 2 + d.below(3) {
		w := &workload{name: fmt.Sprintf("app-%d", i+1), replicas: 1 + d.below(5), disk: i == 0 && d.below(2) == 0}
		if w.disk {
			w.replicas = 1
		}
		w.object = deployment(w, 50+50*d.below(4), d)
		p.workloads = append(p.workloads, w)
	}
	p.planWork()
	return p
}

// deployment is small enough that all workloads together fit on one worker of the smallest size.
func deployment(w *workload, milli int, d *dice) *appsv1.Deployment {
	replicas := int32(w.replicas)
	labels := map[string]string{"app": w.name}
	o := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: w.name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "main", Image: "nginx:1.27-alpine",
					Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
						corev1.ResourceCPU:    *resource.NewMilliQuantity(int64(milli), resource.DecimalSI),
						corev1.ResourceMemory: resource.MustParse("64Mi"),
					}},
				}}},
			},
		},
	}
	if w.disk {
		o.Spec.Strategy.Type = appsv1.RecreateDeploymentStrategyType
		o.Spec.Template.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: w.name}}}}
		o.Spec.Template.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
		return o
	}
	surge := intstr.FromInt32(int32(d.below(3)))
	unavailable := intstr.FromInt32(1)
	o.Spec.Strategy = appsv1.DeploymentStrategy{
		Type:          appsv1.RollingUpdateDeploymentStrategyType,
		RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &surge, MaxUnavailable: &unavailable},
	}
	return o
}

func claim(name string) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
}

// chaosTaint begins the keys of the taints that the plan puts on nodes.
const chaosTaint = "chaos"

// planWork draws what is done when.
func (p *plan) planWork() {
	d := p.dice
	for _, w := range p.workloads {
		p.add(2*time.Second, "apply "+w.name, func(r *run) {
			if w.disk {
				r.try(api.Create(r.admin, claim(w.name)))
			}
			r.try(api.Create(r.admin, w.object))
		})
	}
	faults := []func(time.Duration){p.killMachine, p.killMachine, p.crashProgram, p.crashProgram, p.crashProgram, p.scale, p.rush, p.rush, p.deletePod, p.update, p.taintNode, p.cordonNode}
	for range 8 + d.below(12) {
		at := d.between(faultsFrom, faultsUntil-2*time.Minute)
		faults[d.below(len(faults))](at)
	}
}

func (p *plan) add(at time.Duration, what string, do func(*run)) {
	p.work = append(p.work, deed{at, what, do})
}

func (p *plan) words() []string {
	var out []string
	for _, w := range p.work {
		out = append(out, fmt.Sprintf("%s: %s", w.at.Round(time.Millisecond), w.what))
	}
	return out
}

// try ignores the error of something that a fault may make impossible.
func (r *run) try(_ any, err error) {
	if err != nil {
		r.cluster.Trace.Add(cluster.Problem{Text: "chaos: " + err.Error()})
	}
}

func (p *plan) machine() string {
	i := p.dice.below(len(p.workers) + 1)
	if i == len(p.workers) {
		return "master-1"
	}
	return p.workers[i].Name
}

func (p *plan) killMachine(at time.Duration) {
	m, back := p.machine(), p.dice.between(time.Second, 8*time.Minute)
	p.add(at, "kill "+m, func(r *run) { r.try(nil, r.cluster.Kill(m)) })
	p.add(at+back, "start "+m, func(r *run) {
		if !r.cluster.On(m) {
			r.try(nil, r.cluster.Start(m))
		}
	})
}

func (p *plan) crashProgram(at time.Duration) {
	programs := []string{"kube-controller-manager", "kube-controller-manager", "kube-scheduler", "storage-driver", "kubelet/" + p.workers[p.dice.below(len(p.workers))].Name}
	name := programs[p.dice.below(len(programs))]
	if n := p.dice.below(12); n < 6 {
		p.add(at, fmt.Sprintf("crash %s after %d requests", name, n), func(r *run) { r.try(nil, r.cluster.StopAfter(name, n)) })
		return
	}
	p.add(at, "crash "+name+" between two writes", func(r *run) { r.try(nil, r.cluster.StopMidway(name)) })
}

func (p *plan) workload() *workload { return p.workloads[p.dice.below(len(p.workloads))] }

func (p *plan) scale(at time.Duration) {
	w, n := p.workload(), p.dice.below(7)
	if w.disk {
		n = p.dice.below(2)
	}
	p.scaleTo(w, n, at)
}

func (p *plan) scaleTo(w *workload, n int, at time.Duration) {
	p.add(at, fmt.Sprintf("scale %s to %d", w.name, n), func(r *run) {
		_, err := api.Patch(r.admin, api.Deployments, api.KeyOf(w.object), func(o *appsv1.Deployment) error {
			replicas := int32(n)
			o.Spec.Replicas = &replicas
			return nil
		})
		if err == nil {
			w.replicas = n
		}
		r.try(nil, err)
	})
}

// rush is a person who cannot decide: a workload is scaled several times while
// its controller is still busy with what was wanted before.
func (p *plan) rush(at time.Duration) {
	w := p.workload()
	if w.disk {
		p.scale(at)
		return
	}
	for range 4 {
		p.scaleTo(w, 1+p.dice.below(6), at)
		at += p.dice.between(0, p.latency.Max)
	}
}

// update changes the pod template, so that all pods are replaced.
func (p *plan) update(at time.Duration) {
	w := p.workload()
	p.add(at, "update "+w.name, func(r *run) {
		r.try(api.Patch(r.admin, api.Deployments, api.KeyOf(w.object), func(o *appsv1.Deployment) error {
			if o.Spec.Template.Annotations == nil {
				o.Spec.Template.Annotations = map[string]string{}
			}
			o.Spec.Template.Annotations["updated"] = at.String()
			return nil
		}))
	})
}

func (p *plan) deletePod(at time.Duration) {
	w, pick := p.workload(), p.dice.below(1000)
	p.add(at, "delete a pod of "+w.name, func(r *run) {
		list, err := r.admin.List(api.Pods, api.ListOptions{})
		var of []api.Key
		for _, o := range list.Items {
			if o.GetLabels()["app"] == w.name {
				of = append(of, api.KeyOf(o))
			}
		}
		if len(of) > 0 {
			err = api.Delete(r.admin, api.Pods, of[pick%len(of)], metav1.DeleteOptions{})
		}
		r.try(nil, err)
	})
}

func (p *plan) taintNode(at time.Duration) {
	node := p.workers[p.dice.below(len(p.workers))].Name
	effect := []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute}[p.dice.below(2)]
	p.add(at, fmt.Sprintf("taint %s with %s", node, effect), func(r *run) {
		r.patchNode(node, func(n *corev1.Node) {
			n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: fmt.Sprintf("%s-%d", chaosTaint, at), Effect: effect})
		})
	})
}

func (p *plan) cordonNode(at time.Duration) {
	node := p.workers[p.dice.below(len(p.workers))].Name
	p.add(at, "cordon "+node, func(r *run) {
		r.patchNode(node, func(n *corev1.Node) { n.Spec.Unschedulable = true })
	})
	p.add(at+p.dice.between(time.Second, 3*time.Minute), "uncordon "+node, func(r *run) {
		r.patchNode(node, func(n *corev1.Node) { n.Spec.Unschedulable = false })
	})
}

func (r *run) patchNode(name string, change func(*corev1.Node)) {
	r.try(api.Patch(r.admin, api.Nodes, api.Key{Name: name}, func(n *corev1.Node) error {
		change(n)
		return nil
	}))
}
