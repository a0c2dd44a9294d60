package scenario

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"minisim/sim/cluster"
)

// maxWorkers bounds a cluster: the largest that Kubernetes itself supports.
const maxWorkers = 5000

// cluster reads the cluster key: how many masters, which workers.
func (d *decoder) cluster(n *yaml.Node, c *cluster.Config) {
	d.fields(n, "cluster", map[string]func(*yaml.Node){
		"masters": func(n *yaml.Node) {
			masters := int64(1)
			d.integer(n, "masters", 1, &masters)
			if masters > 1 {
				d.fault(n, "use masters: 1", "clusters with %d masters are not there yet", masters)
			}
			c.Masters = int(masters)
		},
		"workers": func(n *yaml.Node) { d.workers(n, c) },
		"latency": func(n *yaml.Node) {
			l := cluster.DefaultLatency
			d.fields(n, "latency", map[string]func(*yaml.Node){
				"min": func(n *yaml.Node) { d.duration(n, "min", &l.Min) },
				"max": func(n *yaml.Node) { d.duration(n, "max", &l.Max) },
			})
			if l.Max < l.Min || l.Max > time.Minute {
				d.fault(n, "", "latency: max (%s) must lie between min (%s) and 1m", l.Max, l.Min)
			}
			c.Latency = &l
		},
	})
}

// workers reads either a number of workers or a list of them.
func (d *decoder) workers(n *yaml.Node, c *cluster.Config) {
	c.Workers = []cluster.Worker{}
	if n.Kind == yaml.ScalarNode {
		var count int64
		d.integer(n, "workers", 0, &count)
		d.add(n, c, cluster.Worker{}, count, true)
		return
	}
	d.each(n, "workers", func(n *yaml.Node) {
		var w cluster.Worker
		count, many := int64(1), false
		d.fields(n, "a worker", map[string]func(*yaml.Node){
			"name": func(n *yaml.Node) {
				d.text(n, "name", &w.Name)
				if problems := validation.IsDNS1123Subdomain(w.Name); len(problems) > 0 {
					d.fault(n, "", "a worker cannot be called %q: %s", w.Name, problems[0])
				}
			},
			"count":     func(n *yaml.Node) { many = true; d.integer(n, "count", 0, &count) },
			"cpu":       func(n *yaml.Node) { d.quantity(n, "cpu", &w.CPU) },
			"memory":    func(n *yaml.Node) { d.quantity(n, "memory", &w.Memory) },
			"pods":      func(n *yaml.Node) { d.integer(n, "pods", 1, &w.Pods) },
			"bandwidth": func(n *yaml.Node) { d.bandwidth(n, &w) },
			"zone":      func(n *yaml.Node) { d.label(n, &w, corev1.LabelTopologyZone, n.Value) },
			"labels": func(n *yaml.Node) {
				d.entries(n, "labels", func(key, value *yaml.Node) { d.label(key, &w, key.Value, value.Value) })
			},
			"taints": func(n *yaml.Node) {
				d.each(n, "taints", func(n *yaml.Node) {
					t, err := parseTaint(n.Value)
					if err != nil {
						d.fault(n, "", "%s", err)
					}
					w.Taints = append(w.Taints, t)
				})
			},
		})
		d.add(n, c, w, count, many)
	})
}

func (d *decoder) bandwidth(n *yaml.Node, w *cluster.Worker) {
	var q = cluster.DefaultMemory
	d.quantity(n, "bandwidth", &q)
	w.Bandwidth = q.Value()
}

func (d *decoder) label(at *yaml.Node, w *cluster.Worker, key, value string) {
	if problems := append(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)...); len(problems) > 0 {
		d.fault(at, "", "label %s=%s: %s", key, value, problems[0])
		return
	}
	if w.Labels == nil {
		w.Labels = map[string]string{}
	}
	w.Labels[key] = value
}

// add puts count copies of w into the cluster: base-1, base-2, … when there may be several or w has no name.
func (d *decoder) add(n *yaml.Node, c *cluster.Config, w cluster.Worker, count int64, many bool) {
	if int64(len(c.Workers))+count > maxWorkers {
		d.fault(n, "", "there cannot be more than %d workers", maxWorkers)
		return
	}
	taken := make(map[string]bool, len(c.Workers))
	for _, other := range c.Workers {
		taken[other.Name] = true
	}
	base := cmp.Or(w.Name, "worker")
	for i := range count {
		copy := w
		copy.Name = base
		if many || w.Name == "" {
			for i++; taken[fmt.Sprintf("%s-%d", base, i)]; i++ {
			}
			copy.Name = fmt.Sprintf("%s-%d", base, i)
		}
		if taken[copy.Name] {
			d.fault(n, "", "two workers are called %q", copy.Name)
			return
		}
		taken[copy.Name] = true
		c.Workers = append(c.Workers, copy)
	}
}

// parseTaint reads key=value:Effect or key:Effect, as kubectl writes them.
func parseTaint(s string) (corev1.Taint, error) {
	var t corev1.Taint
	pair, effect, ok := strings.Cut(s, ":")
	t.Key, t.Value, _ = strings.Cut(pair, "=")
	t.Effect = corev1.TaintEffect(effect)
	if !ok || t.Key == "" {
		return t, fmt.Errorf("%q is not a taint; write key=value:Effect, for example dedicated=db:NoSchedule", s)
	}
	if problems := append(validation.IsQualifiedName(t.Key), validation.IsValidLabelValue(t.Value)...); len(problems) > 0 {
		return t, fmt.Errorf("taint %q: %s", s, problems[0])
	}
	switch t.Effect {
	case corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute:
		return t, nil
	}
	return t, fmt.Errorf("taint %q: the effect must be NoSchedule, PreferNoSchedule or NoExecute", s)
}
