package scenario

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"minisim/sim/cluster"
	"minisim/sim/world"
)

// maxWorkers bounds a cluster: the largest that Kubernetes itself supports.
const maxWorkers = 5000

// Image is what a scenario says of an image of the registry.
type Image struct {
	Name    string `json:"name"`
	Bytes   int64  `json:"bytes,omitempty"` // compressed; 0: what is known of it
	Missing bool   `json:"missing,omitempty"`
}

// cluster reads the cluster key: how many masters, which workers, what lies between and around them.
func (d *decoder) cluster(n *yaml.Node, s *Scenario) {
	c := &s.Cluster
	var zones []string
	var bandwidth int64
	d.fields(n, "cluster", keys{
		"masters": func(n *yaml.Node) {
			masters := int64(1)
			if d.integer(n, "masters", 1, 9, &masters) && masters > 1 {
				d.fault(n, "use masters: 1", "clusters with %d masters are not there yet", masters)
			}
			c.Masters = int(masters)
		},
		"workers": func(n *yaml.Node) { d.workers(n, c) },
		"metrics": func(n *yaml.Node) { d.boolean(n, "metrics", &c.Metrics) },
		"zones": func(n *yaml.Node) {
			d.each(n, "zones", func(n *yaml.Node) {
				var w cluster.Worker
				if d.label(n, &w, corev1.LabelTopologyZone, n); w.Labels != nil {
					zones = append(zones, n.Value)
				}
			})
		},
		"images": func(n *yaml.Node) { d.images(n, s) },
		"network": func(n *yaml.Node) {
			d.fields(n, "network", keys{
				"latency":   func(n *yaml.Node) { d.latency(n, c) },
				"bandwidth": func(n *yaml.Node) { d.bytes(n, "bandwidth", &bandwidth) },
			})
		},
	})
	if c.Workers == nil {
		d.add(n, c, cluster.Worker{}, cluster.DefaultWorkers, true)
	}
	for i := range c.Workers {
		w := &c.Workers[i]
		w.Bandwidth = cmp.Or(w.Bandwidth, bandwidth)
		if _, placed := w.Labels[corev1.LabelTopologyZone]; len(zones) > 0 && !placed {
			w.Labels = maps.Clone(w.Labels) // several workers may share the labels of one line
			if w.Labels == nil {
				w.Labels = map[string]string{}
			}
			w.Labels[corev1.LabelTopologyZone] = zones[i%len(zones)]
		}
	}
}

// maxLatency bounds the latency of watch events: beyond it a real watch would be cut off.
const maxLatency = time.Minute

// latency reads one time, or the least and the longest.
func (d *decoder) latency(n *yaml.Node, c *cluster.Config) {
	l := cluster.DefaultLatency
	ok := true
	if n.Kind == yaml.ScalarNode {
		ok = d.duration(n, "latency", &l.Min)
		l.Max = l.Min
	} else {
		d.fields(n, "latency", keys{
			"min": func(n *yaml.Node) { ok = d.duration(n, "min", &l.Min) && ok },
			"max": func(n *yaml.Node) { ok = d.duration(n, "max", &l.Max) && ok },
		})
	}
	if ok && (l.Max < l.Min || l.Max > maxLatency) {
		d.fault(n, "", "latency: max (%s) must lie between min (%s) and %s", l.Max, l.Min, maxLatency)
	}
	c.Latency = &l
}

// images reads what the registry has: image name → its size, or that it is missing.
func (d *decoder) images(n *yaml.Node, s *Scenario) {
	d.entries(n, "images", func(key, value *yaml.Node) {
		i := Image{Name: key.Value}
		if _, err := world.Normal(i.Name); err != nil {
			d.fault(key, "", "%q is not the name of an image: %s", shorten(i.Name), err)
		}
		if value.Kind == yaml.ScalarNode && value.Value == "missing" {
			i.Missing = true
		} else if value.Kind == yaml.ScalarNode {
			d.bytes(value, "the size of image "+i.Name, &i.Bytes)
		} else {
			d.fields(value, "an image", keys{
				"size":    func(n *yaml.Node) { d.bytes(n, "size", &i.Bytes) },
				"missing": func(n *yaml.Node) { d.boolean(n, "missing", &i.Missing) },
			})
		}
		s.Images = append(s.Images, i)
	})
	slices.SortFunc(s.Images, func(a, b Image) int { return strings.Compare(a.Name, b.Name) })
}

// workers reads either a number of workers or a list of them.
func (d *decoder) workers(n *yaml.Node, c *cluster.Config) {
	c.Workers = []cluster.Worker{}
	if n.Kind != yaml.SequenceNode {
		var count int64
		if n.Kind == yaml.MappingNode {
			d.fault(n, "write workers: 3 or a list of them", "workers must be a number or a list, this is a mapping")
		} else if d.integer(n, "workers", 0, maxWorkers, &count) {
			d.add(n, c, cluster.Worker{}, count, true)
		}
		return
	}
	d.each(n, "workers", func(n *yaml.Node) {
		var w cluster.Worker
		count, many := int64(1), false
		if !d.fields(n, "a worker", keys{
			"name": func(n *yaml.Node) {
				if !d.text(n, "name", &w.Name) {
					return
				}
				if problems := validation.IsDNS1123Subdomain(w.Name); len(problems) > 0 {
					d.fault(n, "", "a worker cannot be called %q: %s", shorten(w.Name), problems[0])
				}
			},
			"count":     func(n *yaml.Node) { many = true; d.integer(n, "count", 0, maxWorkers, &count) },
			"cpu":       func(n *yaml.Node) { d.quantity(n, "cpu", &w.CPU) },
			"memory":    func(n *yaml.Node) { d.quantity(n, "memory", &w.Memory) },
			"pods":      func(n *yaml.Node) { d.integer(n, "pods", 1, 10_000, &w.Pods) },
			"bandwidth": func(n *yaml.Node) { d.bytes(n, "bandwidth", &w.Bandwidth) },
			"zone":      func(n *yaml.Node) { d.label(n, &w, corev1.LabelTopologyZone, n) },
			"labels": func(n *yaml.Node) {
				d.entries(n, "labels", func(key, value *yaml.Node) { d.label(key, &w, key.Value, value) })
			},
			"taints": func(n *yaml.Node) { d.taints(n, &w) },
		}) {
			return
		}
		d.add(n, c, w, count, many)
	})
}

func (d *decoder) taints(n *yaml.Node, w *cluster.Worker) {
	d.each(n, "taints", func(n *yaml.Node) {
		var text string
		if !d.text(n, "a taint", &text) {
			return
		}
		t, err := parseTaint(text)
		if err != nil {
			d.fault(n, "", "%s", err)
			return
		}
		w.Taints = append(w.Taints, t)
	})
}

// label puts a label on a worker.
func (d *decoder) label(at *yaml.Node, w *cluster.Worker, key string, value *yaml.Node) {
	if value.Kind != yaml.ScalarNode {
		d.fault(value, "", "the value of label %s must be text, this is %s", key, describe(value))
		return
	}
	if problems := append(validation.IsQualifiedName(key), validation.IsValidLabelValue(value.Value)...); len(problems) > 0 {
		d.fault(at, "", "label %s=%s: %s", shorten(key), shorten(value.Value), problems[0])
		return
	}
	if w.Labels == nil {
		w.Labels = map[string]string{}
	}
	w.Labels[key] = value.Value
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
	base, next := cmp.Or(w.Name, "worker"), 1
	for range count {
		one := w
		one.Name = base
		if many || w.Name == "" {
			for ; taken[fmt.Sprintf("%s-%d", base, next)]; next++ {
			}
			one.Name = fmt.Sprintf("%s-%d", base, next)
		}
		if taken[one.Name] {
			d.fault(n, "", "two workers are called %q", one.Name)
			return
		}
		taken[one.Name] = true
		c.Workers = append(c.Workers, one)
	}
}

// parseTaint reads key=value:Effect or key:Effect, as kubectl writes them.
func parseTaint(s string) (corev1.Taint, error) {
	var t corev1.Taint
	pair, effect, ok := strings.Cut(s, ":")
	t.Key, t.Value, _ = strings.Cut(pair, "=")
	t.Effect = corev1.TaintEffect(effect)
	if !ok || t.Key == "" {
		return t, fmt.Errorf("%q is not a taint; write key=value:Effect, for example dedicated=db:NoSchedule", shorten(s))
	}
	if problems := append(validation.IsQualifiedName(t.Key), validation.IsValidLabelValue(t.Value)...); len(problems) > 0 {
		return t, fmt.Errorf("taint %q: %s", shorten(s), problems[0])
	}
	switch t.Effect {
	case corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute:
		return t, nil
	}
	return t, fmt.Errorf("taint %q: the effect must be NoSchedule, PreferNoSchedule or NoExecute", shorten(s))
}
