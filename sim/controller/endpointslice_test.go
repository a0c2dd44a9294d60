package controller

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"minisim/sim/api"
)

func service(name string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"tier": "front"}},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": name}, ClusterIP: "10.96.0.10", IPFamilies: []corev1.IPFamily{corev1.IPv4Protocol},
			Ports: []corev1.ServicePort{{Name: "web", Port: 80, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromString("http")}},
		},
	}
}

// webPod is a pod that a node runs, ready or not, with the port http.
func webPod(b *bench, name, app, node string, ready bool, port int32) *corev1.Pod {
	pod := add(b, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": app}},
		Spec: corev1.PodSpec{
			NodeName:   node,
			Containers: []corev1.Container{{Name: "c", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: port, Protocol: corev1.ProtocolTCP}}}},
		},
	})
	b.setPod(name, corev1.PodRunning, ready)
	return pod
}

func addNode(b *bench, name string) {
	add(b, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelTopologyZone: "zone-" + name}}})
}

// slicesText is "ports: pod(flags) …" for each slice; the flags are r for ready, s for serving, t for terminating.
func slicesText(b *bench) string {
	var out []string
	for _, s := range all[*discoveryv1.EndpointSlice](b, api.EndpointSlices) {
		var ports, eps []string
		for _, p := range s.Ports {
			ports = append(ports, fmt.Sprintf("%s=%d/%s", *p.Name, *p.Port, *p.Protocol))
		}
		for _, e := range s.Endpoints {
			flags := ""
			for f, on := range map[string]*bool{"r": e.Conditions.Ready, "s": e.Conditions.Serving, "t": e.Conditions.Terminating} {
				if *on {
					flags += f
				}
			}
			letters := strings.Split(flags, "")
			slices.Sort(letters)
			eps = append(eps, e.TargetRef.Name+"("+strings.Join(letters, "")+")")
		}
		out = append(out, strings.TrimSpace(strings.Join(ports, ",")+": "+strings.Join(eps, " ")))
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func TestSlicesFollowPods(t *testing.T) {
	b := newBench(t)
	b.ready, b.gone = -1, 10*time.Second
	addNode(b, "n1")
	addNode(b, "n2")
	b.start()
	svc := add(b, service("web"))
	b.run(time.Second)
	if got := slicesText(b); got != ":" {
		t.Errorf("without pods: %q, want the placeholder", got)
	}
	webPod(b, "web-2", "web", "n2", true, 8080)
	webPod(b, "web-1", "web", "n1", false, 8080)
	webPod(b, "db-1", "db", "n1", true, 8080)
	b.run(5 * time.Second)
	if got := slicesText(b); got != "web=8080/TCP: web-1() web-2(rs)" {
		t.Errorf("with pods: %q", got)
	}
	s := all[*discoveryv1.EndpointSlice](b, api.EndpointSlices)[0]
	ref := metav1.GetControllerOf(s)
	if ref == nil || ref.UID != svc.UID || ref.Kind != "Service" || !strings.HasPrefix(s.Name, "web-") || s.AddressType != discoveryv1.AddressTypeIPv4 {
		t.Errorf("slice %+v", s.ObjectMeta)
	}
	wantLabels := map[string]string{"tier": "front", "kubernetes.io/service-name": "web", "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}
	if !maps.Equal(s.Labels, wantLabels) {
		t.Errorf("labels %v", s.Labels)
	}
	if e := s.Endpoints[0]; *e.NodeName != "n1" || *e.Zone != "zone-n1" || len(e.Addresses) != 1 || e.TargetRef.Kind != "Pod" || e.TargetRef.UID == "" {
		t.Errorf("endpoint %+v", e)
	}

	b.setPod("web-1", corev1.PodRunning, true)
	b.delete(get[*corev1.Pod](b, api.Pods, "web-2"), metav1.DeletePropagationBackground)
	b.run(5 * time.Second)
	if got := slicesText(b); got != "web=8080/TCP: web-1(rs) web-2(st)" {
		t.Errorf("while one terminates: %q", got)
	}
	b.run(10 * time.Second)
	if got := slicesText(b); got != "web=8080/TCP: web-1(rs)" {
		t.Errorf("at the end: %q", got)
	}
	if n := len(all[*discoveryv1.EndpointSlice](b, api.EndpointSlices)); n != 1 {
		t.Errorf("%d slices, want one that was always updated", n)
	}
	change(b, svc, func(s *corev1.Service) { s.Labels["tier"] = "back" })
	b.run(5 * time.Second)
	if s := all[*discoveryv1.EndpointSlice](b, api.EndpointSlices)[0]; s.Labels["tier"] != "back" {
		t.Errorf("labels %v", s.Labels)
	}
}

func TestSlicesOfSpecialServices(t *testing.T) {
	for _, c := range []struct {
		name   string
		adjust func(*corev1.Service)
		want   string
		label  bool
	}{
		{"plain", func(*corev1.Service) {}, "web=8080/TCP: web-1() web-2(rs); web=9090/TCP: web-3(rs)", false},
		{"headless", func(s *corev1.Service) { s.Spec.ClusterIP = corev1.ClusterIPNone }, "web=8080/TCP: web-1() web-2(rs); web=9090/TCP: web-3(rs)", true},
		{"headless without ports", func(s *corev1.Service) { s.Spec.ClusterIP = corev1.ClusterIPNone; s.Spec.Ports = nil }, ": web-1() web-2(rs) web-3(rs)", true},
		{"publishes what is not ready", func(s *corev1.Service) { s.Spec.PublishNotReadyAddresses = true }, "web=8080/TCP: web-1(r) web-2(rs); web=9090/TCP: web-3(rs)", false},
		{"port by number", func(s *corev1.Service) { s.Spec.Ports[0].TargetPort = intstr.FromInt32(81) }, "web=81/TCP: web-1() web-2(rs) web-3(rs)", false},
		{"port that no pod has", func(s *corev1.Service) { s.Spec.Ports[0].TargetPort = intstr.FromString("admin") }, ": web-1() web-2(rs) web-3(rs)", false},
		{"no selector", func(s *corev1.Service) { s.Spec.Selector = nil }, "", false},
		{"a name elsewhere", func(s *corev1.Service) { s.Spec.Type = corev1.ServiceTypeExternalName }, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.ready = -1
			addNode(b, "n1")
			b.start()
			webPod(b, "web-1", "web", "n1", false, 8080)
			webPod(b, "web-2", "web", "n1", true, 8080)
			webPod(b, "web-3", "web", "n1", true, 9090)
			webPod(b, "ended", "web", "n1", true, 9090)
			b.setPod("ended", corev1.PodSucceeded, false)
			svc := service("web")
			c.adjust(svc)
			add(b, svc)
			b.run(5 * time.Second)
			if got := slicesText(b); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			for _, s := range all[*discoveryv1.EndpointSlice](b, api.EndpointSlices) {
				if _, ok := s.Labels[corev1.IsHeadlessService]; ok != c.label {
					t.Errorf("labels %v", s.Labels)
				}
			}
		})
	}
}

func TestSlicesHoldAHundredEndpoints(t *testing.T) {
	for _, latency := range []time.Duration{0, 3 * time.Millisecond, 2 * time.Second} {
		t.Run(latency.String(), func(t *testing.T) {
			b := newBench(t)
			b.ready, b.gone = -1, 0
			b.latency[api.EndpointSlices] = latency
			addNode(b, "n1")
			b.start()
			add(b, service("web"))
			for i := range 250 {
				webPod(b, fmt.Sprintf("web-%03d", i), "web", "n1", true, 8080)
				if i%10 == 0 {
					b.run(time.Millisecond)
				}
			}
			b.run(time.Minute)
			count := func() (sizes []int, pods map[string]int) {
				pods = map[string]int{}
				for _, s := range all[*discoveryv1.EndpointSlice](b, api.EndpointSlices) {
					sizes = append(sizes, len(s.Endpoints))
					for _, e := range s.Endpoints {
						pods[e.TargetRef.Name]++
					}
				}
				slices.Sort(sizes)
				return sizes, pods
			}
			sizes, pods := count()
			if slices.Max(sizes) > 100 || len(sizes) > 4 || len(pods) != 250 {
				t.Errorf("sizes %v, %d pods", sizes, len(pods))
			}
			for i := range 240 {
				b.delete(get[*corev1.Pod](b, api.Pods, fmt.Sprintf("web-%03d", i)), metav1.DeletePropagationBackground)
			}
			b.run(time.Minute)
			if _, pods = count(); len(pods) != 10 {
				t.Errorf("%d pods are left in %v", len(pods), pods)
			}
			for name, n := range pods {
				if n != 1 {
					t.Errorf("%s is there %d times", name, n)
				}
			}
		})
	}
}

func TestSlicesAreMadeGoodAgain(t *testing.T) {
	b := newBench(t)
	b.ready = -1
	addNode(b, "n1")
	b.start()
	svc := add(b, service("web"))
	webPod(b, "web-1", "web", "n1", true, 8080)
	b.run(5 * time.Second)
	s := all[*discoveryv1.EndpointSlice](b, api.EndpointSlices)[0]
	change(b, s, func(s *discoveryv1.EndpointSlice) { s.Endpoints = nil })
	b.run(500 * time.Millisecond)
	if got := slicesText(b); got != "web=8080/TCP:" {
		t.Fatalf("right after somebody emptied it: %q", got)
	}
	b.run(time.Second)
	if got := slicesText(b); got != "web=8080/TCP: web-1(rs)" {
		t.Errorf("a second later: %q", got)
	}
	b.delete(svc, metav1.DeletePropagationOrphan) // the slice stays behind
	b.remove(api.Services, api.KeyOf(svc))
	add(b, service("web"))
	b.run(5 * time.Second)
	left := all[*discoveryv1.EndpointSlice](b, api.EndpointSlices)
	if len(left) != 1 || left[0].UID == s.UID || slicesText(b) != "web=8080/TCP: web-1(rs)" {
		t.Errorf("after the Service was made anew: %q", slicesText(b))
	}
}

func TestReconcileOfSlicesIsQuietWhenNothingChanges(t *testing.T) {
	b := newBench(t)
	b.ready = -1
	addNode(b, "n1")
	b.start()
	svc := add(b, service("web"))
	webPod(b, "web-1", "web", "n1", true, 8080)
	b.run(5 * time.Second)
	before, told := b.revision, len(b.told("endpointslice-controller"))
	for i := range 5 {
		change(b, svc, func(s *corev1.Service) { s.Annotations = map[string]string{"i": fmt.Sprint(i)} })
		b.run(5 * time.Second)
	}
	if b.revision != before+5 || len(b.told("endpointslice-controller")) != told {
		t.Errorf("%d writes, want only the test's own 5", b.revision-before)
	}
}
