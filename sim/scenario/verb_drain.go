package scenario

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
)

// The flags of `kubectl drain` that say what may be lost.
const (
	ignoreDaemonSets = "--ignore-daemonsets"
	deleteEmptyDir   = "--delete-emptydir-data"
	force            = "--force"
)

var drainVerb = &Verb{
	Name: "drain", Usage: "drain NODE | drain node of SERVICE",
	Help: "cordon a node and evict its pods, as far as their disruption budgets allow; " +
		"takes --ignore-daemonsets, --delete-emptydir-data and --force as kubectl drain does",
	Flags: []Flag{
		{ignoreDaemonSets, "go on although there are pods of DaemonSets, which stay"},
		{deleteEmptyDir, "evict pods with emptyDir volumes, too: what is in them is lost"},
		{force, "evict pods without a controller, too: nobody makes them anew"},
	},
	parse: func(args []string, _ *View) (action, error) {
		d := &drain{allowed: map[string]bool{}}
		args = slices.DeleteFunc(slices.Clone(args), func(arg string) bool {
			flag := arg == ignoreDaemonSets || arg == deleteEmptyDir || arg == force
			if flag {
				d.allowed[arg] = true
			}
			return flag
		})
		var err error
		if d.place, args, err = parsePlace(args); err != nil {
			return nil, err
		}
		return d, tooMany(args)
	},
}

// drain does what `kubectl drain` does: it looks once which pods there are, refuses
// if one of them would be lost without being asked for, and evicts the others.
type drain struct {
	place
	allowed map[string]bool // by flag
	node    string
	since   time.Duration
	left    []leaving
}

// leaving is a pod that is to go.
type leaving struct {
	key     api.Key
	uid     types.UID
	evicted bool
	again   time.Duration // when an eviction that was refused is asked for once more
}

// retry is how long kubectl waits when a disruption budget has refused an eviction.
const retry = 5 * time.Second

func (d *drain) do(r *Runner) error {
	name, err := d.find(r)
	if err != nil {
		return err
	}
	d.node, d.since = name, r.Cluster.Engine.Now()
	if err := (cordon{places{{name: name}}, true}).do(r); err != nil {
		return err
	}
	return d.choose(r)
}

// choose looks which pods are to go. The error names those that may not, by kubectl's rules.
func (d *drain) choose(r *Runner) error {
	list, err := r.client.List(api.Pods, api.ListOptions{Fields: fields.OneTermEqualSelector("spec.nodeName", d.node)})
	if err != nil {
		return err
	}
	refused, warned := map[string][]string{}, map[string][]string{}
	for _, o := range list.Items {
		pod := o.(*corev1.Pod)
		v, err := d.judge(r, pod)
		if err != nil {
			return err
		}
		switch {
		case v.refusal != "":
			refused[v.refusal] = append(refused[v.refusal], api.KeyOf(pod).String())
		case v.warning != "":
			warned[v.warning] = append(warned[v.warning], api.KeyOf(pod).String())
		}
		if v.goes {
			d.left = append(d.left, leaving{key: api.KeyOf(pod), uid: pod.UID})
		}
	}
	if len(refused) > 0 {
		return errors.New(strings.Join(listed(refused), "; ") + fmt.Sprintf(". Node %s stays cordoned", d.node))
	}
	if len(warned) > 0 {
		r.say("Warning: " + strings.Join(listed(warned), "; "))
	}
	return nil
}

// listed gives the messages with the pods that they are about, in order.
func listed(pods map[string][]string) (out []string) {
	for _, message := range slices.Sorted(maps.Keys(pods)) {
		out = append(out, message+": "+strings.Join(pods[message], ", "))
	}
	return out
}

// leave is what kubectl says of a pod: it goes, or it may not, and with which warning.
type leave struct {
	goes             bool
	refusal, warning string
}

// judge holds a pod against kubectl's rules, in their order. What has ended may always go.
func (d *drain) judge(r *Runner, pod *corev1.Pod) (leave, error) {
	if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
		return leave{goes: true}, nil
	}
	owner, owned := api.ControllerOf(pod, api.DaemonSets)
	if owned {
		_, err := api.Get[*appsv1.DaemonSet](r.client, api.DaemonSets, api.Key{Namespace: pod.Namespace, Name: owner.Name})
		switch {
		case apierrors.IsNotFound(err) && d.allowed[force]:
			return leave{goes: true, warning: err.Error()}, nil
		case apierrors.IsNotFound(err):
			return leave{refusal: "cannot delete " + err.Error()}, nil
		case err != nil:
			return leave{}, err
		case !d.allowed[ignoreDaemonSets]:
			return leave{refusal: "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)"}, nil
		}
		return leave{warning: "ignoring DaemonSet-managed Pods"}, nil
	}
	v := leave{goes: true}
	if slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.EmptyDir != nil }) {
		if !d.allowed[deleteEmptyDir] {
			return leave{refusal: "cannot delete Pods with local storage (use --delete-emptydir-data to override)"}, nil
		}
		v.warning = "deleting Pods with local storage"
	}
	if metav1.GetControllerOf(pod) == nil {
		if !d.allowed[force] {
			return leave{refusal: "cannot delete Pods that declare no controller (use --force to override)"}, nil
		}
		v.warning = "deleting Pods that declare no controller"
	}
	return v, nil
}

// finished evicts what can be evicted and is true once no pod is left. A refused
// eviction (429) is tried again, as kubectl does, but not for ever: see MaxWait.
func (d *drain) finished(r *Runner) (bool, error) {
	still := d.left[:0]
	for _, l := range d.left {
		gone, err := d.usher(r, &l)
		if err != nil {
			return false, err
		}
		if !gone {
			still = append(still, l)
		}
	}
	d.left = still
	if len(d.left) == 0 {
		r.say("node " + d.node + " is drained")
		return true, nil
	}
	if r.Cluster.Engine.Now()-d.since > MaxWait {
		return false, fmt.Errorf("%s still on %s after %s; a pod ends only when its kubelet says so, or its budget allows it", count(int64(len(d.left)), "pod"), d.node, MaxWait)
	}
	return false, nil
}

// usher asks for the eviction of a pod if it is time for that, and says whether it has gone.
func (d *drain) usher(r *Runner, l *leaving) (gone bool, err error) {
	pod, err := api.Get[*corev1.Pod](r.client, api.Pods, l.key)
	now := r.Cluster.Engine.Now()
	switch {
	case apierrors.IsNotFound(err), err == nil && pod.UID != l.uid:
		return true, nil
	case err != nil:
		return false, err
	case l.evicted || now < l.again:
		return false, nil
	}
	switch err = evict(r.client, pod); {
	case apierrors.IsNotFound(err):
		return true, nil
	case apierrors.IsTooManyRequests(err):
		l.again = now + retry
		r.say(fmt.Sprintf("error when evicting pods/%q -n %q (will retry after 5s): %v", pod.Name, pod.Namespace, err))
		return false, nil
	case err != nil:
		return false, fmt.Errorf("error when evicting pods/%q -n %q: %w", pod.Name, pod.Namespace, err)
	}
	l.evicted = true
	return false, nil
}

func (d *drain) noticed() bool { return false }

// next is when kubectl looks again whether the pods have gone, or asks once more.
func (d *drain) next(now time.Duration) time.Duration {
	at := now + retry
	for _, l := range d.left {
		if l.evicted {
			return now + time.Second
		}
		at = min(at, max(l.again, now+time.Nanosecond))
	}
	return at
}

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
