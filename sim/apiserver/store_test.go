package apiserver

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"

	"minisim/sim/api"
	"minisim/sim/etcdstore"
)

// play makes a varied history: creates, bindings, patches, deletions, conflicts.
func play(l *lab) {
	t := l.TB
	l.server.Bootstrap()
	must[*corev1.Node](t)(api.Create(l.admin, newNode("n1")))
	for i := range 20 {
		p := newPod("")
		p.GenerateName = "web-"
		p = must[*corev1.Pod](t)(api.Create(l.admin, p))
		if i%2 == 0 {
			if err := api.Bind(l.admin, api.KeyOf(p), p.UID, "n1"); err != nil {
				t.Fatal(err)
			}
			_, _ = api.UpdateStatus(l.admin, p) // conflicts
			must[*corev1.Pod](t)(api.PatchStatus(l.admin, api.Pods, api.KeyOf(p), func(p *corev1.Pod) error {
				p.Status.Phase = corev1.PodRunning
				p.Status.StartTime = ptr(metav1.NewTime(l.engine.Clock()))
				return nil
			}))
		}
		if i%3 == 0 {
			if err := api.Delete(l.admin, api.Pods, api.KeyOf(p), metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		l.run(123456789)
	}
	must[*corev1.Service](t)(api.Create(l.admin, newService("web", corev1.ServiceTypeNodePort)))
	must[*corev1.ConfigMap](t)(api.Create(l.admin, newConfigMap("cm")))
}

func newService(name string, kind corev1.ServiceType) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec:       corev1.ServiceSpec{Type: kind, Selector: map[string]string{"app": name}, Ports: []corev1.ServicePort{{Port: 80, Protocol: corev1.ProtocolTCP}}},
	}
}

// everything is all objects that the server has, as JSON.
func (l *lab) everything() map[string]string {
	out := map[string]string{}
	for _, r := range api.Resources() {
		for _, o := range must[api.List](l)(l.admin.List(r, api.ListOptions{})).Items {
			out[r.StoreKey(api.KeyOf(o))] = string(must[[]byte](l)(json.Marshal(o)))
		}
	}
	return out
}

// TestPlainEtcdClientSeesTheSameObjects reads the store with etcd's own client
// and apimachinery's own decoder.
func TestPlainEtcdClientSeesTheSameObjects(t *testing.T) {
	l := newLab(t, Latency{})
	play(l)
	have := l.everything()
	serializer := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)
	answer := must[*clientv3.GetResponse](t)(l.store.Client().Get(context.Background(), "/", clientv3.WithPrefix()))
	if len(answer.Kvs) != len(have) || len(have) < 20 {
		t.Errorf("etcd has %d keys, the API %d objects", len(answer.Kvs), len(have))
	}
	for _, kv := range answer.Kvs {
		r, k, ok := catalogOf(nil).parseStoreKey(string(kv.Key))
		if !ok {
			t.Errorf("unknown key %s", kv.Key)
			continue
		}
		o, _, err := serializer.Decode(kv.Value, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		object := o.(api.Object)
		if object.GetResourceVersion() != "" {
			t.Errorf("%s is stored with a resourceVersion", kv.Key)
		}
		object.SetResourceVersion(fmt.Sprint(kv.ModRevision))
		canonical(object)
		if want := l.server.Get(r, k); !reflect.DeepEqual(object, want) {
			t.Errorf("%s: etcd has\n%+v\nthe API\n%+v", kv.Key, object, want)
		}
	}
}

func TestRestartOverADurableStore(t *testing.T) {
	dir := t.TempDir()
	l := openLab(t, Latency{}, etcdstore.Options{DataDir: dir}, 0)
	play(l)
	before, revision, now := l.everything(), l.server.Revision(), l.engine.Now()
	svc := l.server.Get(api.Services, podKey("web")).(*corev1.Service)
	if err := l.store.Close(); err != nil {
		t.Fatal(err)
	}
	l = openLab(t, Latency{}, etcdstore.Options{DataDir: dir}, now)
	if after := l.everything(); !reflect.DeepEqual(after, before) {
		t.Errorf("%d objects before, %d after, or they differ", len(before), len(after))
	}
	if l.server.Revision() != revision {
		t.Errorf("revision %d, before %d", l.server.Revision(), revision)
	}
	if err := l.server.Bootstrap(); err != nil || l.server.Revision() != revision {
		t.Errorf("bootstrapping again: %v, revision %d", err, l.server.Revision())
	}
	if _, err := l.admin.Watch(api.Pods, api.WatchOptions{From: revision - 1}); !apierrors.IsResourceExpired(err) {
		t.Errorf("a watch from before the restart: %v", err)
	}
	taken := newService("other", corev1.ServiceTypeClusterIP)
	taken.Spec.ClusterIP = svc.Spec.ClusterIP
	if _, err := api.Create(l.admin, taken); !apierrors.IsInvalid(err) {
		t.Errorf("an address that is taken: %v", err)
	}
}

func TestObjectsOfThePast(t *testing.T) {
	l := newLab(t, Latency{})
	first := must[*corev1.ConfigMap](t)(api.Create(l.admin, newConfigMap("cm")))
	created := l.server.Revision()
	must[*corev1.ConfigMap](t)(api.Patch(l.admin, api.ConfigMaps, podKey("cm"), func(o *corev1.ConfigMap) error { o.Data["a"] = "2"; return nil }))
	if err := api.Delete(l.admin, api.ConfigMaps, podKey("cm"), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		revision int64
		want     string // "" is none
	}{{created - 1, ""}, {created, "1"}, {created + 1, "2"}, {created + 2, ""}, {0, ""}} {
		o, err := l.server.Object(api.ConfigMaps, podKey("cm"), c.revision)
		switch {
		case c.want == "":
			if !apierrors.IsNotFound(err) {
				t.Errorf("at %d: %v, %v", c.revision, o, err)
			}
		case err != nil || o.(*corev1.ConfigMap).Data["a"] != c.want:
			t.Errorf("at %d: %v, %v", c.revision, o, err)
		}
	}
	if o := must[api.Object](t)(l.server.Object(api.ConfigMaps, podKey("cm"), created)); !reflect.DeepEqual(o, api.Object(first)) {
		t.Errorf("then  %+v\nnow %+v", first, o)
	}
	if _, err := l.server.Object(api.ConfigMaps, podKey("cm"), 999); apierrors.ReasonForError(err) != metav1.StatusReasonTimeout {
		t.Errorf("in the future: %v", err)
	}
	if err := l.store.Compact(created + 1); err != nil {
		t.Fatal(err)
	}
	if _, err := l.server.Object(api.ConfigMaps, podKey("cm"), created); !apierrors.IsResourceExpired(err) {
		t.Errorf("compacted: %v", err)
	}
}

func TestDeterminism(t *testing.T) {
	run := func() (string, map[string]string) {
		l := openLab(t, DefaultLatency, etcdstore.Options{}, 0)
		l.watcher(l.admin, "w", api.Pods, api.ListOptions{}, l.server.Revision())
		play(l)
		l.run(time.Second)
		return l.trace.Hash(), l.everything()
	}
	hash, objects := run()
	for range 3 {
		if h, o := run(); h != hash || !reflect.DeepEqual(o, objects) {
			t.Fatalf("hashes %s and %s", hash, h)
		}
	}
}

// strange is a store in which somebody else has written to a key.
type strange struct {
	Store
	have int64
}

func (s strange) Commit(ops ...etcdstore.Op) (int64, []etcdstore.Event, error) {
	return 0, nil, &etcdstore.ConflictError{Key: ops[0].Key, Have: s.have, Want: ops[0].Guard}
}

func TestForeignWritersAreConflicts(t *testing.T) {
	l := newLab(t, Latency{})
	cm := must[*corev1.ConfigMap](t)(api.Create(l.admin, newConfigMap("cm")))
	changed := cm.DeepCopy()
	changed.Data["a"] = "2"
	l.server.Store = strange{l.store, 99}
	if _, err := api.Update(l.admin, changed); !apierrors.IsConflict(err) {
		t.Errorf("update: %v", err)
	}
	if _, err := api.Create(l.admin, newConfigMap("new")); !apierrors.IsAlreadyExists(err) {
		t.Errorf("create: %v", err)
	}
	l.server.Store = strange{l.store, 0}
	if err := api.Delete(l.admin, api.ConfigMaps, podKey("cm"), metav1.DeleteOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("delete: %v", err)
	}
}
