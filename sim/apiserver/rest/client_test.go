package rest_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	clientrest "k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

const protobuf = "application/vnd.kubernetes.protobuf"

// client is a client-go client that speaks the content type given.
func (w *town) client(contentType string, change ...func(*clientrest.Config)) *kubernetes.Clientset {
	w.Helper()
	c, err := clientcmd.BuildConfigFromFlags("", w.file)
	if err != nil {
		w.Fatal(err)
	}
	c.ContentType = contentType
	c.QPS = -1
	for _, f := range change {
		f(c)
	}
	set, err := kubernetes.NewForConfig(c)
	if err != nil {
		w.Fatal(err)
	}
	return set
}

func configMap(name string, labels map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Data: map[string]string{"a": "1"}}
}

// TestVerbs goes through all verbs in the forms that client-go speaks.
func TestVerbs(t *testing.T) {
	w := build(t, config(), 10)
	for _, contentType := range []string{"application/json", protobuf} {
		t.Run(contentType, func(t *testing.T) {
			ctx := t.Context()
			maps := w.client(contentType).CoreV1().ConfigMaps("default")
			made, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "made-"}}, metav1.CreateOptions{})
			if err != nil || len(made.Name) != len("made-")+5 || made.UID == "" {
				t.Fatalf("%v: %v", made, err)
			}
			one, err := maps.Create(ctx, configMap("one", map[string]string{"x": "y"}), metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := maps.Create(ctx, configMap("one", nil), metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
				t.Errorf("a second one: %v", err)
			}
			if _, err := maps.Create(ctx, configMap("dry", nil), metav1.CreateOptions{DryRun: []string{"All"}}); err != nil {
				t.Error(err)
			}
			if _, err := maps.Get(ctx, "dry", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
				t.Errorf("a dry run has created something: %v", err)
			}
			changed := one.DeepCopy()
			changed.Data["b"] = "2"
			if changed, err = maps.Update(ctx, changed, metav1.UpdateOptions{}); err != nil || changed.ResourceVersion == one.ResourceVersion {
				t.Fatalf("%v: %v", changed, err)
			}
			if _, err := maps.Update(ctx, one, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
				t.Errorf("an update of an old version: %v", err)
			}
			for kind, patch := range map[types.PatchType]string{
				types.JSONPatchType:           `[{"op":"add","path":"/data/json","value":"1"}]`,
				types.MergePatchType:          `{"data":{"merge":"1"}}`,
				types.StrategicMergePatchType: `{"data":{"strategic":"1"}}`,
			} {
				if _, err := maps.Patch(ctx, "one", kind, []byte(patch), metav1.PatchOptions{}); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
			}
			got, err := maps.Get(ctx, "one", metav1.GetOptions{})
			if err != nil || len(got.Data) != 5 {
				t.Errorf("%v: %v", got.Data, err)
			}
			list, err := maps.List(ctx, metav1.ListOptions{LabelSelector: "x=y"})
			if err != nil || len(list.Items) != 1 || list.Items[0].Name != "one" || list.ResourceVersion == "" {
				t.Errorf("%v: %v", list, err)
			}
			if _, err := maps.List(ctx, metav1.ListOptions{FieldSelector: "data=1"}); !apierrors.IsBadRequest(err) {
				t.Errorf("a field that cannot be selected by: %v", err)
			}
			if err := maps.Delete(ctx, "one", *metav1.NewPreconditionDeleteOptions("other")); !apierrors.IsConflict(err) {
				t.Errorf("a deletion of another object: %v", err)
			}
			if err := maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "x=y"}); err != nil {
				t.Error(err)
			}
			if err := maps.Delete(ctx, made.Name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
			if err := maps.Delete(ctx, "one", metav1.DeleteOptions{}); !apierrors.IsNotFound(err) {
				t.Errorf("what the collection has deleted: %v", err)
			}
		})
	}
}

// TestSubresources binds, scales and evicts.
func TestSubresources(t *testing.T) {
	w := build(t, config(), 10)
	c, ctx := w.client(protobuf), t.Context()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: corev1.PodSpec{
		SchedulerName: "nobody", Containers: []corev1.Container{{Name: "c", Image: "nginx"}},
	}}
	if _, err := c.CoreV1().Pods("default").Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	err := c.CoreV1().Pods("default").Bind(ctx, &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Name: "p"}, Target: corev1.ObjectReference{Kind: "Node", Name: "worker-1"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	err = c.PolicyV1().Evictions("default").Evict(ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "p"}})
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, err = c.CoreV1().Pods("default").Get(ctx, "p", metav1.GetOptions{}); err != nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if !apierrors.IsNotFound(err) {
		t.Errorf("the evicted pod: %v", err)
	}
}

// TestPages reads a list page by page while it changes.
func TestPages(t *testing.T) {
	w := build(t, config(), 10)
	ctx, maps := t.Context(), w.client("").CoreV1().ConfigMaps("default")
	for i := range 25 {
		if _, err := maps.Create(ctx, configMap(fmt.Sprintf("map-%02d", i), map[string]string{"n": fmt.Sprint(i)}), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	o := metav1.ListOptions{Limit: 10, FieldSelector: "metadata.name!=kube-root-ca.crt"}
	for {
		page, err := maps.List(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Items {
			names = append(names, m.Name)
		}
		if o.Continue = page.Continue; o.Continue == "" {
			break
		}
		if err := maps.Delete(ctx, fmt.Sprintf("map-%02d", 20-len(names)/10), metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		maps.Create(ctx, configMap(fmt.Sprintf("new-%d", len(names)), nil), metav1.CreateOptions{})
	}
	if len(names) != 25 || !slices.IsSorted(names) || names[24] != "map-24" {
		t.Errorf("the pages do not show one moment: %q", names)
	}
	if _, err := maps.List(ctx, metav1.ListOptions{Continue: "nonsense"}); !apierrors.IsBadRequest(err) {
		t.Errorf("a token that nobody gave out: %v", err)
	}
	if _, err := maps.List(ctx, metav1.ListOptions{ResourceVersion: "999999"}); !apierrors.IsTimeout(err) {
		t.Errorf("a version that has not come: %v", err)
	}
	exact, err := maps.List(ctx, metav1.ListOptions{ResourceVersion: "5", ResourceVersionMatch: metav1.ResourceVersionMatchExact})
	if err != nil || len(exact.Items) != 0 || exact.ResourceVersion != "5" {
		t.Errorf("the state of an old version: %v", err)
	}
}

// TestWatch watches from a version, and with the present state first.
func TestWatch(t *testing.T) {
	w := build(t, config(), 10)
	for _, contentType := range []string{"application/json", protobuf} {
		t.Run(contentType, func(t *testing.T) {
			ctx, maps := t.Context(), w.client(contentType).CoreV1().ConfigMaps("kube-public")
			old, err := maps.Create(ctx, configMap("old", nil), metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			yes := true
			all, err := maps.Watch(ctx, metav1.ListOptions{
				FieldSelector: "metadata.name!=kube-root-ca.crt", SendInitialEvents: &yes, AllowWatchBookmarks: true,
				ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer all.Stop()
			hears(t, all, watch.Added, "old")
			mark := hears(t, all, watch.Bookmark, "")
			if mark.Annotations[metav1.InitialEventsAnnotationKey] != "true" {
				t.Errorf("the present state does not end with %v", mark.Annotations)
			}
			maps.Create(ctx, configMap("young", nil), metav1.CreateOptions{})
			maps.Delete(ctx, "young", metav1.DeleteOptions{})
			hears(t, all, watch.Added, "young")
			gone := hears(t, all, watch.Deleted, "young")

			since, err := maps.Watch(ctx, metav1.ListOptions{ResourceVersion: old.ResourceVersion, TimeoutSeconds: new(int64(1))})
			if err != nil {
				t.Fatal(err)
			}
			hears(t, since, watch.Added, "young")
			if o := hears(t, since, watch.Deleted, "young"); o.ResourceVersion != gone.ResourceVersion {
				t.Errorf("deleted at %s and at %s", o.ResourceVersion, gone.ResourceVersion)
			}
			select {
			case _, more := <-since.ResultChan():
				if more {
					t.Error("there was more to hear")
				}
			case <-time.After(5 * time.Second):
				t.Error("the watch did not end in time")
			}
			maps.Delete(ctx, "old", metav1.DeleteOptions{})
		})
	}
}

func hears(t *testing.T, w watch.Interface, kind watch.EventType, name string) *corev1.ConfigMap {
	t.Helper()
	select {
	case ev := <-w.ResultChan():
		m, ok := ev.Object.(*corev1.ConfigMap)
		if !ok || ev.Type != kind || m.Name != name {
			t.Fatalf("heard %s %v, not %s %s", ev.Type, ev.Object, kind, name)
		}
		return m
	case <-time.After(10 * time.Second):
		t.Fatalf("did not hear %s %s", kind, name)
	}
	return nil
}

// TestInformers has informers and many writers, and nothing may be lost.
func TestInformers(t *testing.T) {
	w := build(t, config(), 10)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := w.client(protobuf)
	factory := informers.NewSharedInformerFactoryWithOptions(c, 0, informers.WithNamespace("default"))
	informer := factory.Core().V1().ConfigMaps().Informer()
	var added atomic.Int64
	informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: func(o any) {
		if o.(*corev1.ConfigMap).Labels["by"] == "writer" {
			added.Add(1)
		}
	}})
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		t.Fatal("the informer has not synced")
	}
	const writers, each = 8, 25
	for i := range writers {
		go func() {
			for j := range each {
				if _, err := c.CoreV1().ConfigMaps("default").Create(ctx, configMap(fmt.Sprintf("w-%d-%d", i, j), map[string]string{"by": "writer"}), metav1.CreateOptions{}); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	for range 200 {
		if added.Load() == writers*each {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("the informer has heard of %d of %d objects", added.Load(), writers*each)
}

// TestCrowd has many watchers look on while many write: each hears of everything once and in order.
func TestCrowd(t *testing.T) {
	const watchers, writers, each = 100, 20, 10
	w := build(t, config(), 10)
	ctx, c := t.Context(), w.client(protobuf)
	var heard sync.WaitGroup
	for range watchers {
		watching, err := c.CoreV1().ConfigMaps("default").Watch(ctx, metav1.ListOptions{LabelSelector: "by=crowd"})
		if err != nil {
			t.Fatal(err)
		}
		heard.Go(func() {
			defer watching.Stop()
			last, seen := int64(0), map[string]bool{}
			for ev := range watching.ResultChan() {
				m, ok := ev.Object.(*corev1.ConfigMap)
				if !ok {
					t.Errorf("heard %v", ev.Object)
					return
				}
				version, err := strconv.ParseInt(m.ResourceVersion, 10, 64)
				if err != nil || version <= last || seen[m.Name] || ev.Type != watch.Added {
					t.Errorf("heard %s %s at %s after %d", ev.Type, m.Name, m.ResourceVersion, last)
				}
				last, seen[m.Name] = version, true
				if len(seen) == writers*each {
					return
				}
			}
			t.Errorf("the watch ended after %d events", len(seen))
		})
	}
	for i := range writers {
		heard.Go(func() {
			for j := range each {
				if _, err := c.CoreV1().ConfigMaps("default").Create(ctx, configMap(fmt.Sprintf("c-%d-%d", i, j), map[string]string{"by": "crowd"}), metav1.CreateOptions{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	heard.Wait()
}

// TestLeaderElection has two candidates of whom one leads.
func TestLeaderElection(t *testing.T) {
	w := build(t, config(), 1)
	c := w.client("")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	leads := make(chan string, 2)
	for _, name := range []string{"a", "b"} {
		go leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
			Lock: &resourcelock.LeaseLock{
				LeaseMeta: metav1.ObjectMeta{Namespace: "default", Name: "lead"}, Client: c.CoordinationV1(),
				LockConfig: resourcelock.ResourceLockConfig{Identity: name},
			},
			LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 200 * time.Millisecond,
			Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) { leads <- name }, OnStoppedLeading: func() {}},
		})
	}
	first := <-leads
	select {
	case second := <-leads:
		t.Errorf("%s and %s lead", first, second)
	case <-time.After(time.Second):
	}
	lease, err := c.CoordinationV1().Leases("default").Get(ctx, "lead", metav1.GetOptions{})
	if err != nil || *lease.Spec.HolderIdentity != first {
		t.Errorf("%v: %v", lease, err)
	}
}

// TestServerSideApply has two owners of one field.
func TestServerSideApply(t *testing.T) {
	w := build(t, config(), 10)
	ctx, maps := t.Context(), w.client("").CoreV1().ConfigMaps("default")
	mine := applycore.ConfigMap("owned", "default").WithData(map[string]string{"a": "1", "b": "1"})
	got, err := maps.Apply(ctx, mine, metav1.ApplyOptions{FieldManager: "me"})
	if err != nil || len(got.ManagedFields) != 1 || got.ManagedFields[0].Manager != "me" {
		t.Fatalf("%v: %v", got, err)
	}
	if age := w.live.Date().Sub(got.ManagedFields[0].Time.Time); age < -time.Minute || age > time.Minute {
		t.Errorf("the owner's entry is of %s, not of virtual time", got.ManagedFields[0].Time)
	}
	again, err := maps.Apply(ctx, mine, metav1.ApplyOptions{FieldManager: "me"})
	if err != nil || again.ResourceVersion != got.ResourceVersion {
		t.Errorf("the same once more has written something: %v", err)
	}
	other := applycore.ConfigMap("owned", "default").WithData(map[string]string{"a": "2"})
	if _, err := maps.Apply(ctx, other, metav1.ApplyOptions{FieldManager: "you"}); !apierrors.IsConflict(err) {
		t.Errorf("took the field of another: %v", err)
	}
	if got, err = maps.Apply(ctx, other, metav1.ApplyOptions{FieldManager: "you", Force: true}); err != nil || got.Data["a"] != "2" || len(got.ManagedFields) != 2 {
		t.Errorf("%v: %v", got, err)
	}
	got.Data["c"] = "3"
	if got, err = maps.Update(ctx, got, metav1.UpdateOptions{FieldManager: "they"}); err != nil || len(got.ManagedFields) != 3 {
		t.Errorf("%v: %v", got, err)
	}
	mine = applycore.ConfigMap("owned", "default").WithData(map[string]string{})
	if got, err = maps.Apply(ctx, mine, metav1.ApplyOptions{FieldManager: "me"}); err != nil || len(got.Data) != 2 || got.Data["b"] != "" {
		t.Errorf("what I want no more is still there: %v %v", got.Data, err)
	}
}
