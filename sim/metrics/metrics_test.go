package metrics

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/engine"
	"minisim/sim/trace"
	"minisim/sim/world"
)

// town is an API with objects that do not change, and kubelets that tell what the test says.
type town struct {
	objects map[*api.Resource][]api.Object
	nodes   func(now time.Duration) []Node
	engine  *engine.Engine
}

func (town) Do(api.Request) (api.Object, error) { return nil, api.ErrUnreachable }

func (w town) List(r *api.Resource, _ api.ListOptions) (api.List, error) {
	return api.List{Items: w.objects[r], Revision: 1}, nil
}

func (town) Watch(*api.Resource, api.WatchOptions) (api.Watch, error) { return silence{}, nil }

func (w town) Scrape() []Node { return w.nodes(w.engine.Now()) }

type silence struct{}

func (silence) Next() (api.Event, bool) { return api.Event{}, false }
func (silence) Stop()                   {}

// shown is for example "web 15s 20m/10Mi" for each node or pod that is answered for.
func shown(t *testing.T, s *Server, r *api.Resource, o api.ListOptions) string {
	t.Helper()
	list, err := s.List(r, o)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, o := range list {
		text := o.GetName()
		show := func(l corev1.ResourceList) { text += fmt.Sprintf(" %s/%s", l.Cpu(), l.Memory()) }
		switch m := o.(type) {
		case *metricsv1beta1.NodeMetrics:
			text += " " + m.Window.Duration.String()
			show(m.Usage)
		case *metricsv1beta1.PodMetrics:
			text += " " + m.Window.Duration.String()
			for _, c := range m.Containers {
				show(c.Usage)
			}
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func TestServer(t *testing.T) {
	e := engine.New(engine.Config{})
	pod := func(name string, l map[string]string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: "1", Labels: l}}
	}
	sample := func(pod, container string, started time.Duration) Container {
		return Container{Pod: api.Key{Namespace: "default", Name: pod}, UID: "1", Name: container, Started: started, Use: world.Use{CPU: 20, Memory: 10 << 20}}
	}
	w := town{engine: e, objects: map[*api.Resource][]api.Object{
		api.Nodes: {&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "worker-1"}}},
		api.Pods:  {pod("db", nil), pod("web", map[string]string{"app": "web"})},
	}}
	w.nodes = func(now time.Duration) []Node {
		n := Node{Name: "worker-1", Use: world.Use{CPU: 70, Memory: 410 << 20}, Containers: []Container{sample("gone", "c", 0), sample("db", "c", 0)}}
		if now >= 30*time.Second {
			n.Containers = append(n.Containers, sample("web", "a", 19*time.Second), sample("web", "b", 25*time.Second))
		}
		if now >= 60*time.Second {
			n.Containers[3].Started = 55 * time.Second // it was started again
		}
		return []Node{n}
	}
	p := component.NewProcess("metrics-server", "metrics-server", "", e, trace.NewRecorder(e, nil), w)
	s := New(p, w)
	if _, err := s.List(api.PodMetrics, api.ListOptions{}); err != api.ErrUnreachable {
		t.Errorf("it answers before it has begun: %v", err)
	}
	p.Start()
	for _, c := range []struct {
		at          time.Duration
		nodes, pods string
	}{
		{time.Second, "", ""},
		{16 * time.Second, "worker-1 15s 70m/410Mi", "db 15s 20m/10Mi"},
		{31 * time.Second, "worker-1 15s 70m/410Mi", "db 15s 20m/10Mi"}, // container b has only run for 5 s
		{46 * time.Second, "worker-1 15s 70m/410Mi", "db 15s 20m/10Mi, web 15s 20m/10Mi 20m/10Mi"},
		{61 * time.Second, "worker-1 15s 70m/410Mi", "db 15s 20m/10Mi"},
		{76 * time.Second, "worker-1 15s 70m/410Mi", "db 15s 20m/10Mi, web 15s 20m/10Mi 20m/10Mi"},
	} {
		if err := e.RunTo(c.at); err != nil {
			t.Fatal(err)
		}
		if nodes, pods := shown(t, s, api.NodeMetrics, api.ListOptions{}), shown(t, s, api.PodMetrics, api.ListOptions{}); nodes != c.nodes || pods != c.pods {
			t.Errorf("at %s: nodes %q, pods %q; want %q, %q", c.at, nodes, pods, c.nodes, c.pods)
		}
	}
	selector, _ := labels.Parse("app=web")
	if got := shown(t, s, api.PodMetrics, api.ListOptions{Namespace: "default", Labels: selector}); !strings.HasPrefix(got, "web ") {
		t.Errorf("selected %q", got)
	}
	if got := shown(t, s, api.PodMetrics, api.ListOptions{Namespace: "other"}); got != "" {
		t.Errorf("in another namespace %q", got)
	}
	if _, err := s.Get(api.PodMetrics, api.Key{Namespace: "default", Name: "nothing"}); !apierrors.IsNotFound(err) || err.Error() != `podmetrics.metrics.k8s.io "default/nothing" not found` {
		t.Errorf("nothing: %v", err)
	}
	if o, err := s.Get(api.NodeMetrics, api.Key{Name: "worker-1"}); err != nil || !o.(*metricsv1beta1.NodeMetrics).Timestamp.Time.Equal(engine.Epoch.Add(75*time.Second)) {
		t.Errorf("worker-1: %v %v", o, err)
	}
}

// A container that is young is known to have used nothing before it began.
func TestFreshContainer(t *testing.T) {
	e := engine.New(engine.Config{})
	w := town{engine: e, objects: map[*api.Resource][]api.Object{api.Pods: {&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"}}}}}
	w.nodes = func(now time.Duration) []Node {
		return []Node{{Name: "worker-1", Containers: []Container{{Pod: api.Key{Namespace: "default", Name: "web"}, Name: "c", Started: 4 * time.Second}}[:min(1, int(now/(10*time.Second)))]}}
	}
	p := component.NewProcess("metrics-server", "metrics-server", "", e, trace.NewRecorder(e, nil), w)
	s := New(p, w)
	p.Start()
	if err := e.RunTo(15 * time.Second); err != nil {
		t.Fatal(err)
	}
	if got := shown(t, s, api.PodMetrics, api.ListOptions{}); got != "web 11s 0/0" {
		t.Errorf("got %q", got)
	}
}
