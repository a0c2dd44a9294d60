package controller

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"minisim/sim/api"
	"minisim/sim/component"
)

// endpointsText is "ports: ready | not ready" for each subset, by the pods' names.
func endpointsText(e *corev1.Endpoints) string {
	var out []string
	for _, s := range e.Subsets {
		var ports, ready, not []string
		for _, p := range s.Ports {
			ports = append(ports, fmt.Sprintf("%s=%d/%s", p.Name, p.Port, p.Protocol))
		}
		for _, a := range s.Addresses {
			ready = append(ready, a.TargetRef.Name)
		}
		for _, a := range s.NotReadyAddresses {
			not = append(not, a.TargetRef.Name)
		}
		out = append(out, strings.Join(ports, ",")+": "+strings.Join(ready, " ")+" | "+strings.Join(not, " "))
	}
	return strings.Join(out, "; ")
}

func endpointsOf(b *bench, name string) *corev1.Endpoints {
	o, _ := b.objects[api.Endpoints][api.Key{Namespace: "default", Name: name}].(*corev1.Endpoints)
	return o
}

func TestEndpointsFollowPods(t *testing.T) {
	b := newBench(t)
	b.ready, b.gone = -1, 10*time.Second
	addNode(b, "n1")
	b.start()
	svc := add(b, service("web"))
	b.run(time.Second)
	e := endpointsOf(b, "web")
	if e == nil || len(e.Subsets) != 0 {
		t.Fatalf("without pods: %+v", e)
	}
	born := svc.CreationTimestamp.UTC().Format(time.RFC3339)
	if got := e.Annotations[corev1.EndpointsLastChangeTriggerTime]; got != born || len(e.OwnerReferences) != 0 {
		t.Errorf("since %s, want %s; owners %v", got, born, e.OwnerReferences)
	}
	if want := map[string]string{"tier": "front", "endpoints.kubernetes.io/managed-by": "endpoint-controller"}; !maps.Equal(e.Labels, want) {
		t.Errorf("labels %v", e.Labels)
	}
	webPod(b, "web-1", "web", "n1", false, 8080)
	webPod(b, "web-2", "web", "n1", true, 8080)
	webPod(b, "db-1", "db", "n1", true, 8080)
	b.run(5 * time.Second)
	e = endpointsOf(b, "web")
	if got := endpointsText(e); got != "web=8080/TCP: web-2 | web-1" {
		t.Errorf("with pods: %q", got)
	}
	a := e.Subsets[0].Addresses[0]
	if a.IP == "" || *a.NodeName != "n1" || a.TargetRef.Kind != "Pod" || a.TargetRef.Namespace != "default" || a.TargetRef.UID == "" || a.Hostname != "" {
		t.Errorf("address %+v", a)
	}
	slice := all[*discoveryv1.EndpointSlice](b, api.EndpointSlices)[0]
	ready := podCondition(get[*corev1.Pod](b, api.Pods, "web-2"), corev1.PodReady).LastTransitionTime.UTC().Format(time.RFC3339)
	for _, got := range []string{e.Annotations[corev1.EndpointsLastChangeTriggerTime], slice.Annotations[corev1.EndpointsLastChangeTriggerTime]} {
		if got != ready {
			t.Errorf("since %q, want %s", got, ready)
		}
	}

	b.delete(get[*corev1.Pod](b, api.Pods, "web-2"), metav1.DeletePropagationBackground)
	b.run(time.Second)
	if got := endpointsText(endpointsOf(b, "web")); got != "web=8080/TCP:  | web-1" {
		t.Errorf("while one terminates: %q", got)
	}
	b.remove(api.Endpoints, api.KeyOf(e))
	b.run(time.Second)
	if got := endpointsText(endpointsOf(b, "web")); got != "web=8080/TCP:  | web-1" {
		t.Errorf("after somebody deleted them: %q", got)
	}
	before := b.revision
	change(b, svc, func(s *corev1.Service) { s.Annotations = map[string]string{"a": "b"} })
	b.run(time.Second)
	if b.revision != before+1 {
		t.Errorf("%d writes where nothing changed", b.revision-before-1)
	}
	b.remove(api.Services, api.KeyOf(svc))
	b.run(time.Second)
	if e := endpointsOf(b, "web"); e != nil {
		t.Errorf("they outlive their Service: %+v", e)
	}
	if told := b.told("endpoints-controller"); strings.Join(told, "") != "" {
		t.Errorf("it repeats what is told of slices: %q", told)
	}
}

// A pod that gets ready while the cache of Endpoints lags behind is not forgotten.
func TestEndpointsWaitForTheirOwnWrites(t *testing.T) {
	b := newBench(t)
	b.ready = -1
	b.latency[api.Endpoints] = 2 * time.Second
	addNode(b, "n1")
	b.start()
	add(b, service("web"))
	for i := range 5 {
		webPod(b, fmt.Sprint("web-", i), "web", "n1", true, 8080)
		b.run(700 * time.Millisecond)
	}
	b.run(4 * time.Second)
	if e := endpointsOf(b, "web"); len(e.Subsets[0].Addresses) != 5 {
		t.Errorf("%q", endpointsText(e))
	}
	for _, r := range b.records {
		if f, ok := r.Body.(component.Failure); ok {
			t.Errorf("it ran into itself: %+v", f)
		}
	}
}

func TestEndpointsOfSpecialServices(t *testing.T) {
	both := "web=8080/TCP:  | web-1; web=9090/TCP: web-3 | " // subsets have the order of their hashes
	for _, c := range []struct {
		name   string
		adjust func(*corev1.Service)
		want   []string // in any order
		label  bool
	}{
		{"plain", func(*corev1.Service) {}, strings.Split(both, "; "), false},
		{"headless", func(s *corev1.Service) { s.Spec.ClusterIP = corev1.ClusterIPNone }, strings.Split(both, "; "), true},
		{"headless without ports", func(s *corev1.Service) { s.Spec.ClusterIP = corev1.ClusterIPNone; s.Spec.Ports = nil }, []string{": web-3 | web-1"}, true},
		{"publishes what is not ready", func(s *corev1.Service) { s.Spec.PublishNotReadyAddresses = true }, []string{"web=8080/TCP: web-1 going | ", "web=9090/TCP: web-3 | "}, false},
		{"port by number", func(s *corev1.Service) { s.Spec.Ports[0].TargetPort = intstr.FromInt32(81) }, []string{"web=81/TCP: web-3 | web-1"}, false},
		{"port that no pod has", func(s *corev1.Service) { s.Spec.Ports[0].TargetPort = intstr.FromString("admin") }, []string{""}, false},
		{"two ports of the same pods", func(s *corev1.Service) {
			s.Spec.Ports[0].TargetPort = intstr.FromInt32(81)
			s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{Name: "admin", Port: 82, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(82)})
		}, []string{"web=81/TCP,admin=82/TCP: web-3 | web-1"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.ready, b.gone = -1, time.Hour
			addNode(b, "n1")
			b.start()
			webPod(b, "web-1", "web", "n1", false, 8080)
			webPod(b, "web-3", "web", "n1", true, 9090)
			b.delete(webPod(b, "going", "web", "n1", true, 8080), metav1.DeletePropagationBackground)
			webPod(b, "ended", "web", "n1", true, 9090)
			b.setPod("ended", corev1.PodSucceeded, false)
			svc := service("web")
			c.adjust(svc)
			add(b, svc)
			b.run(5 * time.Second)
			e := endpointsOf(b, "web")
			got := endpointsText(e)
			for _, want := range c.want {
				if !strings.Contains(got, want) || len(got) != len(strings.Join(c.want, "; ")) {
					t.Errorf("got  %q\nwant %q", got, c.want)
				}
			}
			if _, ok := e.Labels[corev1.IsHeadlessService]; ok != c.label {
				t.Errorf("labels %v", e.Labels)
			}
		})
	}
}

func TestServicesWithoutSelectorKeepTheirEndpoints(t *testing.T) {
	b := newBench(t)
	add(b, &corev1.Endpoints{ObjectMeta: metav1.ObjectMeta{Name: "left-over"}})
	elected := &corev1.Endpoints{ObjectMeta: metav1.ObjectMeta{Name: "leader", Annotations: map[string]string{electionRecord: "{}"}}}
	add(b, elected)
	for name, adjust := range map[string]func(*corev1.Service){
		"by-hand": func(s *corev1.Service) { s.Spec.Selector = nil },
		"outside": func(s *corev1.Service) { s.Spec.Type = corev1.ServiceTypeExternalName },
	} {
		svc := service(name)
		adjust(svc)
		add(b, svc)
		add(b, &corev1.Endpoints{ObjectMeta: metav1.ObjectMeta{Name: name}, Subsets: []corev1.EndpointSubset{{Addresses: []corev1.EndpointAddress{{IP: "192.0.2.1"}}}}})
	}
	b.start()
	b.run(time.Minute)
	if got := names(b, api.Endpoints); got != "by-hand leader outside" {
		t.Errorf("there are %s", got)
	}
	if e := endpointsOf(b, "by-hand"); len(e.Subsets) != 1 || len(e.Labels) != 0 {
		t.Errorf("changed: %+v", e)
	}
}

func TestEndpointsAreTruncated(t *testing.T) {
	many := func(ready, notReady int) corev1.EndpointSubset {
		return corev1.EndpointSubset{Addresses: make([]corev1.EndpointAddress, ready), NotReadyAddresses: make([]corev1.EndpointAddress, notReady)}
	}
	for _, c := range []struct {
		subsets []corev1.EndpointSubset
		want    string
	}{
		{[]corev1.EndpointSubset{many(600, 400)}, "false 600+400"},
		{[]corev1.EndpointSubset{many(600, 401)}, "true 600+400"},
		{[]corev1.EndpointSubset{many(900, 300), many(50, 100)}, "true 900+38 50+12"}, // ¾ of 50 is rounded up
		{[]corev1.EndpointSubset{many(1000, 5)}, "true 1000+0"},
		{[]corev1.EndpointSubset{many(800, 9), many(400, 9)}, "true 667+0 333+0"},
	} {
		got := fmt.Sprint(truncate(c.subsets))
		for _, s := range c.subsets {
			got += fmt.Sprintf(" %d+%d", len(s.Addresses), len(s.NotReadyAddresses))
		}
		if got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	b := newBench(t)
	addNode(b, "n1")
	b.ready = -1
	var pods []*corev1.Pod
	for i := range mostAddresses + 1 {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("web-", i), UID: types.UID(fmt.Sprint(i)), Labels: map[string]string{"app": "web"}}}
		pod.Status.Phase, pod.Status.PodIP = corev1.PodRunning, fmt.Sprintf("10.1.%d.%d", i/250, i%250+1)
		pods = append(pods, add(b, pod))
	}
	b.start()
	svc := service("web")
	svc.Spec.Ports[0].TargetPort = intstr.FromInt32(80)
	add(b, svc)
	b.run(time.Minute)
	if e := endpointsOf(b, "web"); len(e.Subsets[0].NotReadyAddresses) != mostAddresses || e.Annotations[corev1.EndpointsOverCapacity] != "truncated" {
		t.Errorf("%d addresses, %v", len(e.Subsets[0].NotReadyAddresses), e.Annotations)
	}
	b.remove(api.Pods, api.KeyOf(pods[0]))
	b.run(time.Minute)
	if e := endpointsOf(b, "web"); e.Annotations[corev1.EndpointsOverCapacity] != "" {
		t.Errorf("it fits again: %v", e.Annotations)
	}
}
