package apiserver

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

// TestGracefulDeletion follows pods through one or more deletions. Times are
// seconds after the first one.
func TestGracefulDeletion(t *testing.T) {
	type step struct {
		wait  time.Duration
		grace int64  // as the request says; none: not at all
		want  string // "gone", or the grace period and deletion time
	}
	const none = -100
	for _, c := range []struct {
		name  string
		bound bool
		phase corev1.PodPhase
		steps []step
	}{
		{"not scheduled", false, "", []step{{0, none, "gone"}}},
		{"finished", true, corev1.PodSucceeded, []step{{0, none, "gone"}}},
		{"its own period", true, corev1.PodRunning, []step{{0, none, "30 s, ends at 30"}}},
		{"the request's period", true, corev1.PodRunning, []step{{0, 5, "5 s, ends at 5"}}},
		{"a negative period", true, corev1.PodRunning, []step{{0, -1, "1 s, ends at 1"}}},
		{"at once", true, corev1.PodRunning, []step{{0, 0, "gone"}}},
		{"again", true, corev1.PodRunning, []step{{0, none, "30 s, ends at 30"}, {7 * time.Second, none, "30 s, ends at 30"}}},
		{"again, not longer", true, corev1.PodRunning, []step{{0, 10, "10 s, ends at 10"}, {time.Second, 60, "10 s, ends at 10"}}},
		{"again, shorter", true, corev1.PodRunning, []step{{0, none, "30 s, ends at 30"}, {7 * time.Second, 20, "20 s, ends at 20"}}},
		{"the kubelet's last word", true, corev1.PodRunning, []step{{0, none, "30 s, ends at 30"}, {3 * time.Second, 0, "gone"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t, Latency{})
			p := must[*corev1.Pod](t)(api.Create(l.admin, newPod("a")))
			if c.bound {
				if err := api.Bind(l.admin, podKey("a"), p.UID, "n1"); err != nil {
					t.Fatal(err)
				}
				must[*corev1.Pod](t)(api.PatchStatus(l.admin, api.Pods, podKey("a"), func(p *corev1.Pod) error { p.Status.Phase = c.phase; return nil }))
			}
			start := l.server.now()
			for _, s := range c.steps {
				l.run(s.wait)
				var o metav1.DeleteOptions
				if s.grace != none {
					o.GracePeriodSeconds = &s.grace
				}
				if err := api.Delete(l.admin, api.Pods, podKey("a"), o); err != nil {
					t.Fatal(err)
				}
				got := "gone"
				if p, ok := l.server.Get(api.Pods, podKey("a")).(*corev1.Pod); ok {
					got = time.Duration(*p.DeletionGracePeriodSeconds * 1e9).String()
					got = strings.TrimSuffix(got, "s") + " s, ends at " + strings.TrimSuffix(p.DeletionTimestamp.Sub(start.Time).String(), "s")
					if p.Generation != 2 {
						t.Errorf("generation %d", p.Generation)
					}
				}
				if got != s.want {
					t.Errorf("after %s: got %s, want %s", s.wait, got, s.want)
				}
			}
		})
	}
}

func TestForcedDeletionIsSeenInTwoSteps(t *testing.T) {
	l := newLab(t, Latency{})
	p := must[*corev1.Pod](t)(api.Create(l.admin, newPod("a")))
	if err := api.Bind(l.admin, podKey("a"), p.UID, "n1"); err != nil {
		t.Fatal(err)
	}
	w := l.watcher(l.admin, "w", api.Pods, api.ListOptions{}, l.server.Revision())
	if err := api.Delete(l.admin, api.Pods, podKey("a"), *metav1.NewDeleteOptions(0)); err != nil {
		t.Fatal(err)
	}
	l.run(time.Second)
	w.want(t, "MODIFIED a", "DELETED a")
}

func TestFinalizersHold(t *testing.T) {
	l := newLab(t, Latency{})
	cm := newConfigMap("cm")
	cm.Finalizers = []string{"example.com/a", "example.com/b"}
	must[*corev1.ConfigMap](t)(api.Create(l.admin, cm))
	if err := api.Delete(l.admin, api.ConfigMaps, api.KeyOf(cm), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := l.last(); got.Outcome != Deleting {
		t.Errorf("outcome %s", got.Outcome)
	}
	marked := l.server.Get(api.ConfigMaps, api.KeyOf(cm))
	if marked.GetDeletionTimestamp() == nil || *marked.GetDeletionGracePeriodSeconds() != 0 {
		t.Fatalf("not marked: %+v", marked)
	}
	l.run(5 * time.Second)
	if err := api.Delete(l.admin, api.ConfigMaps, api.KeyOf(cm), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if again := l.server.Get(api.ConfigMaps, api.KeyOf(cm)); again != marked {
		t.Error("a second deletion has changed it")
	}
	drop := func(f string) {
		t.Helper()
		_, err := api.Patch(l.admin, api.ConfigMaps, api.KeyOf(cm), func(o *corev1.ConfigMap) error {
			o.Finalizers = []string{}
			if f != "" {
				o.Finalizers = []string{f}
			}
			o.DeletionTimestamp = nil // cannot be taken back
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	drop("example.com/b")
	if o := l.server.Get(api.ConfigMaps, api.KeyOf(cm)); o == nil || o.GetDeletionTimestamp() == nil {
		t.Fatal("one finalizer left: it must stay, and stay marked")
	}
	drop("")
	if o := l.server.Get(api.ConfigMaps, api.KeyOf(cm)); o != nil || l.last().Outcome != Deleted {
		t.Errorf("it is still there: %v", o)
	}
}

func TestPropagation(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy *metav1.DeletionPropagation
		job    bool
		want   string // finalizers, "gone" without any
	}{
		{"by default", nil, false, "gone"},
		{"background", ptr(metav1.DeletePropagationBackground), false, "gone"},
		{"foreground", ptr(metav1.DeletePropagationForeground), false, "foregroundDeletion"},
		{"orphan", ptr(metav1.DeletePropagationOrphan), false, "orphan"},
		{"a job by default", nil, true, "orphan"},
		{"a job in the background", ptr(metav1.DeletePropagationBackground), true, "gone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t, Latency{})
			r := api.Deployments
			if c.job {
				r = api.Jobs
				must[*batchv1.Job](t)(api.Create(l.admin, &batchv1.Job{
					ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "x"},
					Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
						RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "app", Image: "nginx:1.27"}},
					}}},
				}))
			} else {
				must[*appsv1.Deployment](t)(api.Create(l.admin, newDeployment("x", 1)))
			}
			if err := api.Delete(l.admin, r, podKey("x"), metav1.DeleteOptions{PropagationPolicy: c.policy}); err != nil {
				t.Fatal(err)
			}
			got := "gone"
			if o := l.server.Get(r, podKey("x")); o != nil {
				got = strings.Join(o.GetFinalizers(), " ")
				if o.GetDeletionTimestamp() == nil || o.GetGeneration() != 2 {
					t.Errorf("not marked: %+v", o)
				}
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestNamespaceIsEmptiedBeforeItGoes(t *testing.T) {
	l := newLab(t, Latency{})
	key := api.Key{Name: "shop"}
	ns := must[*corev1.Namespace](t)(api.Create(l.admin, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}))
	if len(ns.Spec.Finalizers) != 1 || ns.Spec.Finalizers[0] != corev1.FinalizerKubernetes || ns.Status.Phase != corev1.NamespaceActive {
		t.Fatalf("new namespace %+v", ns)
	}
	if err := api.Delete(l.admin, api.Namespaces, key, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	ns = must[*corev1.Namespace](t)(api.Get[*corev1.Namespace](l.admin, api.Namespaces, key))
	if ns.Status.Phase != corev1.NamespaceTerminating || ns.DeletionTimestamp == nil {
		t.Fatalf("not terminating: %+v", ns)
	}
	cm := newConfigMap("late")
	cm.Namespace = "shop"
	_, err := api.Create(l.admin, cm)
	wantStatus(t, err, 403, metav1.StatusReasonForbidden, `configmaps "late" is forbidden: unable to create new content in namespace shop because it is being terminated`)
	if !apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		t.Error("the cause NamespaceTerminating is missing")
	}
	done := ns.DeepCopy()
	done.Spec.Finalizers = nil
	if _, err := l.admin.Do(api.Request{Verb: api.VerbUpdate, Resource: api.Namespaces, Subresource: "finalize", Object: done}); err != nil {
		t.Fatal(err)
	}
	if l.server.Get(api.Namespaces, key) != nil {
		t.Error("it is still there")
	}
}
