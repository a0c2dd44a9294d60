package scenario

import (
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"minisim/sim/api"
)

var drainVerb = &Verb{
	Name: "drain", Usage: "drain NODE | drain node of SERVICE",
	Help: "cordon a node and evict its pods, as far as their disruption budgets allow",
	parse: func(args []string, _ *View) (action, error) {
		p, rest, err := parsePlace(args)
		if err != nil {
			return nil, err
		}
		return &drain{place: p}, tooMany(rest)
	},
}

// drain does what `kubectl drain --ignore-daemonsets --delete-emptydir-data` does.
type drain struct {
	place
	node  string
	since time.Duration
}

func (d *drain) do(r *Runner) error {
	name, err := d.find(r)
	if err != nil {
		return err
	}
	d.node, d.since = name, r.Cluster.Engine.Now()
	return cordon{places{{name: name}}, true}.do(r)
}

// finished evicts what can be evicted and is true once no pod is left. A
// refused eviction (429) is tried again, as kubectl does, but not for ever: see MaxWait.
func (d *drain) finished(r *Runner) (bool, error) {
	onNode := fields.OneTermEqualSelector("spec.nodeName", d.node)
	list, err := r.client.List(api.Pods, api.ListOptions{Fields: onNode})
	if err != nil {
		return false, err
	}
	left := 0
	for _, o := range list.Items {
		pod := o.(*corev1.Pod)
		if _, daemon := api.ControllerOf(pod, api.DaemonSets); daemon {
			continue
		}
		left++
		if pod.DeletionTimestamp != nil {
			continue
		}
		if err := evict(r.client, pod); err != nil && !apierrors.IsTooManyRequests(err) && !apierrors.IsNotFound(err) {
			return false, fmt.Errorf("drain %s: %w", d.node, err)
		}
	}
	if left == 0 {
		r.Cluster.Trace.Add(Said{"node " + d.node + " is drained"})
	} else if r.Cluster.Engine.Now()-d.since > MaxWait {
		return false, fmt.Errorf("%s still on %s after %s; a pod ends only when its kubelet says so, or its budget allows it", count(int64(left), "pod"), d.node, MaxWait)
	}
	return left == 0, nil
}

func (d *drain) noticed() bool { return false }

// next is when kubectl looks again whether the pods have gone.
func (d *drain) next(now time.Duration) time.Duration { return now + time.Second }

func evict(c api.Client, pod *corev1.Pod) error {
	key := api.KeyOf(pod)
	_, err := c.Do(api.Request{
		Verb: api.VerbCreate, Resource: api.Pods, Subresource: "eviction", Key: key,
		Object: &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}},
	})
	var status apierrors.APIStatus
	if err != nil && !errors.As(err, &status) {
		return fmt.Errorf("evict pod %s: %w", key, err)
	}
	return err
}
