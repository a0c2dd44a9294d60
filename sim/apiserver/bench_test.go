package apiserver

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/etcdstore"
)

// benchPod is a pod as a ReplicaSet makes it.
func benchPod(name string) *corev1.Pod {
	yes := true
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "default", Name: name, Labels: map[string]string{"app": "web", "pod-template-hash": "5d4f8c7b9"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web-5d4f8c7b9", UID: "4b0c1f6e-0b0e-4c5e-9f0e-3a1b2c3d4e5f", Controller: &yes, BlockOwnerDeletion: &yes}},
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "app", Image: "nginx:1.27",
			Env:   []corev1.EnvVar{{Name: "REDIS_HOST", Value: "redis"}, {Name: "MODE", Value: "production"}},
			Ports: []corev1.ContainerPort{{ContainerPort: 80}},
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("64Mi"),
			}},
		}}},
	}
}

func rate(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N), "µs/write")
}

// BenchmarkRawCommit is what the store does without a server in front of it, with
// the bytes of a stored pod.
func BenchmarkRawCommit(b *testing.B) {
	l := newLab(b, Latency{})
	must[*corev1.Pod](b)(api.Create(l.admin, benchPod("model")))
	stored, _, err := l.store.Get(api.Pods.StoreKey(podKey("model")), 0)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if _, _, err := l.store.Commit(etcdstore.Op{Key: fmt.Sprintf("/registry/pods/default/raw-%d", i), Value: stored.Value}); err != nil {
			b.Fatal(err)
		}
	}
	rate(b)
}

func BenchmarkCreatePod(b *testing.B) {
	l := newLab(b, Latency{})
	pods := make([]*corev1.Pod, b.N)
	for i := range pods {
		pods[i] = benchPod(fmt.Sprintf("web-%d", i))
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if _, err := api.Create(l.admin, pods[i]); err != nil {
			b.Fatal(err)
		}
	}
	rate(b)
}

func BenchmarkUpdatePodStatus(b *testing.B) {
	l := newLab(b, Latency{})
	const pods = 1000
	for i := range pods {
		must[*corev1.Pod](b)(api.Create(l.admin, benchPod(fmt.Sprintf("web-%d", i))))
	}
	now := metav1.NewTime(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		_, err := api.PatchStatus(l.admin, api.Pods, podKey(fmt.Sprintf("web-%d", i%pods)), func(p *corev1.Pod) error {
			p.Status.Phase = corev1.PodRunning
			p.Status.PodIP = fmt.Sprintf("10.244.%d.%d", i>>8&255, i&255)
			p.Status.StartTime = &now
			p.Status.ContainerStatuses = []corev1.ContainerStatus{{
				Name: "app", Ready: true, Image: "nginx:1.27", RestartCount: int32(i),
				State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
			}}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	rate(b)
}

// BenchmarkPipeline is the server's own cost of creating a pod: everything but the store.
func BenchmarkPipeline(b *testing.B) {
	l := newLab(b, Latency{})
	s := &freeStore{Store: l.store, revision: l.store.Revision()}
	l.server.Store = s
	pods := make([]*corev1.Pod, b.N)
	for i := range pods {
		pods[i] = benchPod(fmt.Sprintf("web-%d", i))
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if _, err := api.Create(l.admin, pods[i]); err != nil {
			b.Fatal(err)
		}
	}
	rate(b)
}

// freeStore commits at no cost and keeps nothing.
type freeStore struct {
	Store
	revision int64
}

func (s *freeStore) Commit(ops ...etcdstore.Op) (int64, []etcdstore.Event, error) {
	s.revision++
	return s.revision, []etcdstore.Event{{Key: ops[0].Key, Value: ops[0].Value, Revision: s.revision}}, nil
}

// BenchmarkBootstrap is what a cluster's first start costs besides the store's own.
func BenchmarkBootstrap(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		l := openLab(b, Latency{}, etcdstore.Options{}, 0)
		b.StartTimer()
		if err := l.server.Bootstrap(); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		l.store.Close()
		b.StartTimer()
	}
}
