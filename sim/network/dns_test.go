package network

import (
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/engine"
	"minisim/sim/trace"
)

// fixed is a client whose lists never change.
type fixed map[*api.Resource][]api.Object

func (f fixed) Do(api.Request) (api.Object, error) { return nil, api.ErrUnreachable }
func (f fixed) List(r *api.Resource, _ api.ListOptions) (api.List, error) {
	return api.List{Items: f[r]}, nil
}
func (f fixed) Watch(*api.Resource, api.WatchOptions) (api.Watch, error) { return silent{}, nil }

type silent struct{}

func (silent) Next() (api.Event, bool) { return api.Event{}, false }
func (silent) Stop()                   {}

func service(name, ip string, change func(*corev1.Service)) *corev1.Service {
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}, Spec: corev1.ServiceSpec{ClusterIP: ip}}
	if change != nil {
		change(s)
	}
	return s
}

func slice(svc string, endpoints ...discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: svc + "-1", Labels: map[string]string{discoveryv1.LabelServiceName: svc}},
		Endpoints:  endpoints,
	}
}

func endpoint(ip, hostname string, ready bool) discoveryv1.Endpoint {
	ep := discoveryv1.Endpoint{Addresses: []string{ip}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}}
	if hostname != "" {
		ep.Hostname = &hostname
	}
	return ep
}

func external(target string) func(*corev1.Service) {
	return func(s *corev1.Service) {
		s.Spec.Type, s.Spec.ExternalName = corev1.ServiceTypeExternalName, target
	}
}

func TestLookup(t *testing.T) {
	client := fixed{
		api.Services: {
			service("web", "10.96.0.7", nil),
			service("db", "None", nil),
			service("started", "None", func(s *corev1.Service) { s.Spec.PublishNotReadyAddresses = true }),
			service("empty", "None", nil),
			service("alias", "", external("db.default.svc.cluster.local")),
			service("out", "", external("db.example.com")),
			service("round", "", external("round.default.svc.cluster.local.")),
		},
		api.EndpointSlices: {
			slice("db", endpoint("10.244.0.9", "db-1", true), endpoint("10.244.0.3", "db-0", true), endpoint("10.244.0.4", "", false)),
			slice("started", endpoint("10.244.0.5", "", false)),
			slice("empty", endpoint("10.244.0.6", "", false)),
		},
	}
	e := engine.New(engine.Config{})
	p := component.NewProcess("coredns", "coredns", "", e, trace.NewRecorder(e, nil), client)
	d := NewDNS(p)
	if _, ok := d.Lookup("default", "web"); ok {
		t.Error("a name server that does not run answers")
	}
	p.Start()
	for _, c := range []struct {
		namespace, name string
		want            []string
	}{
		{"default", "web", []string{"10.96.0.7"}},
		{"other", "web", nil},
		{"other", "web.default", []string{"10.96.0.7"}},
		{"other", "web.default.svc", []string{"10.96.0.7"}},
		{"other", "web.default.svc.cluster.local", []string{"10.96.0.7"}},
		{"other", "web.default.svc.cluster.local.", []string{"10.96.0.7"}},
		{"default", "web.", nil},
		{"default", "nobody", nil},
		{"default", "db", []string{"10.244.0.3", "10.244.0.9"}},
		{"default", "db-1.db", []string{"10.244.0.9"}},
		{"default", "db-7.db", nil},
		{"default", "started", []string{"10.244.0.5"}},
		{"default", "empty", nil},
		{"default", "alias", []string{"10.244.0.3", "10.244.0.9"}},
		{"default", "out", []string{"db.example.com"}},
		{"default", "round", nil},
	} {
		got, ok := d.Lookup(c.namespace, c.name)
		if !reflect.DeepEqual(got, c.want) || ok != (c.want != nil) {
			t.Errorf("%s in %s: %v, %v", c.name, c.namespace, got, ok)
		}
	}
}
