package e2e

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	crconfig "sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	"minisim/internal/served"
)

const websiteFinalizer = "web.example.com/domain"

// websiteReconciler makes a Deployment of each website and gives its domain back in the end.
type websiteReconciler struct {
	client.Client
	released *atomic.Int64
}

// Reconcile brings the cluster nearer to what one website says.
func (r *websiteReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var site website
	if err := r.Get(ctx, req.NamespacedName, &site); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !site.DeletionTimestamp.IsZero() {
		if !controllerutil.RemoveFinalizer(&site, websiteFinalizer) {
			return ctrl.Result{}, nil
		}
		err := r.Update(ctx, &site)
		if err == nil { // one that has read an older version tries in vain, and comes again
			r.released.Add(1)
		}
		return ctrl.Result{}, err
	}
	if controllerutil.AddFinalizer(&site, websiteFinalizer) {
		return ctrl.Result{}, r.Update(ctx, &site) // and comes again by its own watch
	}
	d := backend(&site)
	if _, err := controllerutil.CreateOrUpdate(ctx, r.Client, d, func() error {
		labels := map[string]string{"site": site.Name}
		d.Spec.Replicas, d.Spec.Selector = &site.Spec.Replicas, &metav1.LabelSelector{MatchLabels: labels}
		d.Spec.Template.Labels = labels
		if len(d.Spec.Template.Spec.Containers) == 0 {
			d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "web"}}
		}
		d.Spec.Template.Spec.Containers[0].Image = site.Spec.Image
		return controllerutil.SetControllerReference(&site, d, r.Scheme())
	}); err != nil {
		return ctrl.Result{}, err
	}
	ready := metav1.Condition{Type: "Ready", Status: metav1.ConditionFalse, Reason: "Waiting", ObservedGeneration: site.Generation}
	if d.Status.ReadyReplicas == site.Spec.Replicas && d.Status.UpdatedReplicas == site.Spec.Replicas {
		ready.Status, ready.Reason = metav1.ConditionTrue, "Serving"
	}
	meta.SetStatusCondition(&site.Status.Conditions, ready)
	site.Status.ObservedGeneration, site.Status.Replicas, site.Status.Selector = site.Generation, d.Status.ReadyReplicas, "site="+site.Name
	return ctrl.Result{}, r.Status().Update(ctx, &site)
}

// operator starts a manager with the reconciler, which runs until stop or the test's end.
func (w *town) operator(name string, released *atomic.Int64) (stop func()) {
	w.Helper()
	m, err := ctrl.NewManager(w.config(), manager.Options{
		Scheme: websiteScheme(), Metrics: server.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
		LeaderElection: true, LeaderElectionID: "websites", LeaderElectionNamespace: "default", LeaderElectionReleaseOnCancel: true,
		RetryPeriod: new(200 * time.Millisecond), RenewDeadline: new(5 * time.Second), LeaseDuration: new(10 * time.Second),
		Controller: crconfig.Controller{SkipNameValidation: new(true)}, // there are two of them in this process
	})
	if err != nil {
		w.Fatal(err)
	}
	err = ctrl.NewControllerManagedBy(m).Named("website").For(&website{}).Owns(&appsv1.Deployment{}).
		Complete(&websiteReconciler{Client: m.GetClient(), released: released})
	if err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Start(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.Errorf("manager %s: %v", name, err)
		}
	})
	w.Cleanup(stop) // before the cluster's own
	return stop
}

// TestOperator has an operator of somebody's own bring websites about: with a
// standby that takes over, through a pause of the whole cluster, to a clean end.
func TestOperator(t *testing.T) {
	ctrl.SetLogger(logr.Discard()) // what it says of conflicts is no news
	w := serve(t, served.Config{Speed: 20})
	ctx := t.Context()
	c, err := client.New(w.config(), client.Options{Scheme: websiteScheme()})
	if err != nil {
		t.Fatal(err)
	}
	w.define(ctx, c, websiteDefinition)

	var released atomic.Int64
	stopFirst := w.operator("first", &released)
	site := &website{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "blog"}, Spec: websiteSpec{Image: "nginx:1.27"}}
	if err := c.Create(ctx, site); err != nil {
		t.Fatal(err)
	}
	serving := func(n int32) {
		t.Helper()
		eventually(t, fmt.Sprintf("%d replicas serve", n), func() error {
			if err := c.Get(ctx, client.ObjectKeyFromObject(site), site); err != nil {
				return err
			}
			if site.Spec.Replicas != n || site.Status.Replicas != n || site.Status.ObservedGeneration != site.Generation || !meta.IsStatusConditionTrue(site.Status.Conditions, "Ready") {
				return fmt.Errorf("%+v %+v", site.Spec, site.Status)
			}
			return nil
		})
	}
	serving(1) // the schema's default
	d := backend(site)
	if err := c.Get(ctx, client.ObjectKeyFromObject(site), d); err != nil || !metav1.IsControlledBy(d, site) {
		t.Fatalf("the deployment of %s: %v, %v", site.UID, d.OwnerReferences, err)
	}
	if len(site.Finalizers) != 1 {
		t.Errorf("finalizers: %q", site.Finalizers)
	}

	// The scale subresource writes where the definition says.
	scale := &autoscalingv1.Scale{}
	if err := c.SubResource("scale").Get(ctx, site, scale); err != nil || scale.Spec.Replicas != 1 || scale.Status.Selector != "site=blog" {
		t.Fatalf("%+v, %v", scale, err)
	}
	scale.Spec.Replicas = 3
	if err := c.SubResource("scale").Update(ctx, site, client.WithSubResourceBody(scale)); err != nil {
		t.Fatal(err)
	}
	serving(3)

	// What breaks the schema is refused, and so is a stale writer.
	bad := site.DeepCopyObject().(*website)
	bad.Spec.Replicas = 21
	if err := c.Update(ctx, bad); !apierrors.IsInvalid(err) {
		t.Errorf("21 replicas of at most 20: %v", err)
	}
	bad.Spec.Replicas, bad.ResourceVersion = 4, "1"
	if err := c.Update(ctx, bad); !apierrors.IsConflict(err) {
		t.Errorf("a write from an old version: %v", err)
	}

	// A pause: the operator, which lives outside, goes on; the cluster's own programs do not.
	w.Pause()
	patch := client.MergeFrom(site.DeepCopyObject().(*website))
	site.Spec.Replicas = 5
	if err := c.Patch(ctx, site, patch); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the operator writes while the cluster is paused", func() error {
		if err := c.Get(ctx, client.ObjectKeyFromObject(d), d); err != nil || *d.Spec.Replicas != 5 {
			return fmt.Errorf("%d replicas are wanted, %v", *d.Spec.Replicas, err)
		}
		return nil
	})
	var pods corev1.PodList
	if err := c.List(ctx, &pods, client.MatchingLabels{"site": "blog"}); err != nil || len(pods.Items) != 3 {
		t.Errorf("somebody has reacted while all was paused: %d pods, %v", len(pods.Items), err)
	}
	w.Resume()
	serving(5)

	// The standby takes over, and makes good what was lost meanwhile.
	w.operator("second", &released)
	stopFirst()
	if err := c.Delete(ctx, d, client.PropagationPolicy(metav1.DeletePropagationForeground)); err != nil {
		t.Fatal(err)
	}
	old := d.UID
	eventually(t, "a new deployment", func() error {
		if err := c.Get(ctx, client.ObjectKeyFromObject(d), d); err != nil || d.UID == old {
			return fmt.Errorf("still %s, %v", old, err)
		}
		return nil
	})
	serving(5)

	// The end: the finalizer has its say, and what was owned goes.
	if err := c.Delete(ctx, site); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all of it goes", func() error {
		var sites websiteList
		var deployments appsv1.DeploymentList
		for _, l := range []client.ObjectList{&sites, &deployments, &pods} {
			if err := c.List(ctx, l, client.InNamespace("default")); err != nil {
				return err
			}
		}
		if len(sites.Items)+len(deployments.Items)+len(pods.Items) > 0 {
			return fmt.Errorf("%d websites, %d deployments, %d pods", len(sites.Items), len(deployments.Items), len(pods.Items))
		}
		return nil
	})
	eventually(t, "the domain is given back once", func() error {
		if n := released.Load(); n != 1 {
			return fmt.Errorf("%d times", n)
		}
		return nil
	})
}

// define creates a CustomResourceDefinition and waits until it is established.
func (w *town) define(ctx context.Context, c client.Client, text string) {
	w.Helper()
	var d unstructured.Unstructured
	if err := yaml.Unmarshal([]byte(text), &d.Object); err != nil {
		w.Fatal(err)
	}
	if err := c.Create(ctx, &d); err != nil {
		w.Fatal(err)
	}
	eventually(w, "the definition is established", func() error {
		if err := c.Get(ctx, client.ObjectKeyFromObject(&d), &d); err != nil {
			return err
		}
		conditions, _, err := unstructured.NestedSlice(d.Object, "status", "conditions")
		for _, o := range conditions {
			if m, ok := o.(map[string]any); ok && m["type"] == "Established" && m["status"] == "True" {
				return nil
			}
		}
		return fmt.Errorf("%v, %v", conditions, err)
	})
}

// eventually waits up to a minute until f has nothing to complain of.
func eventually(t testing.TB, what string, f func() error) {
	t.Helper()
	end := time.Now().Add(time.Minute)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: not yet, but %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
