package plugins

import (
	"testing"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func affinityTo(key string, selector *metav1.LabelSelector, options ...func(*v1.PodAffinityTerm)) v1.PodAffinityTerm {
	t := v1.PodAffinityTerm{TopologyKey: key, LabelSelector: selector}
	for _, o := range options {
		o(&t)
	}
	return t
}

func app(name string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}
}

func ensureAffinity(p *v1.Pod) *v1.Affinity {
	if p.Spec.Affinity == nil {
		p.Spec.Affinity = &v1.Affinity{}
	}
	return p.Spec.Affinity
}

func near(terms ...v1.PodAffinityTerm) podOption {
	return func(p *v1.Pod) {
		ensureAffinity(p).PodAffinity = &v1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: terms}
	}
}

func away(terms ...v1.PodAffinityTerm) podOption {
	return func(p *v1.Pod) {
		ensureAffinity(p).PodAntiAffinity = &v1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: terms}
	}
}

func inNamespace(name string) podOption { return func(p *v1.Pod) { p.Namespace = name } }

const (
	host = v1.LabelHostname
	zone = v1.LabelTopologyZone
)

func TestInterPodAffinityFilter(t *testing.T) {
	// Zone x has a and b, zone y has c; d has no zone. The web pod runs on a.
	nodes := []*v1.Node{aNode("a", nodeLabels(zone, "x")), aNode("b", nodeLabels(zone, "x")), aNode("c", nodeLabels(zone, "y")), aNode("d")}
	team := &v1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "other", Labels: map[string]string{"team": "t"}}}
	byTeam := func(t *v1.PodAffinityTerm) {
		t.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": "t"}}
	}
	everywhere := func(t *v1.PodAffinityTerm) { t.NamespaceSelector = &metav1.LabelSelector{} }
	named := func(t *v1.PodAffinityTerm) { t.Namespaces = []string{"other"} }
	web := aPod("web", podLabels("app", "web"))
	no := unresolvable("node(s) didn't match pod affinity rules")
	anti := unschedulable("node(s) didn't match pod anti-affinity rules")
	existing := unschedulable("node(s) didn't satisfy existing pods anti-affinity rules")
	for name, c := range map[string]struct {
		bound, pod *v1.Pod
		want       [4]verdict
	}{
		"near, by host":                            {web, aPod("p", near(affinityTo(host, app("web")))), [4]verdict{fits, no, no, no}},
		"near, by zone":                            {web, aPod("p", near(affinityTo(zone, app("web")))), [4]verdict{fits, fits, no, no}},
		"both terms by one":                        {web, aPod("p", near(affinityTo(zone, app("web")), affinityTo(host, app("db")))), [4]verdict{no, no, no, no}},
		"first of its kind":                        {web, aPod("p", podLabels("app", "db"), near(affinityTo(zone, app("db")))), [4]verdict{fits, fits, fits, no}},
		"no first of others":                       {web, aPod("p", podLabels("app", "x"), near(affinityTo(zone, app("db")))), [4]verdict{no, no, no, no}},
		"no selector":                              {web, aPod("p", near(affinityTo(zone, nil))), [4]verdict{no, no, no, no}},
		"empty selector":                           {web, aPod("p", near(affinityTo(zone, &metav1.LabelSelector{}))), [4]verdict{fits, fits, no, no}},
		"away, by host":                            {web, aPod("p", away(affinityTo(host, app("web")))), [4]verdict{anti, fits, fits, fits}},
		"away, by zone":                            {web, aPod("p", away(affinityTo(zone, app("web")))), [4]verdict{anti, anti, fits, fits}},
		"the bound one's":                          {aPod("q", away(affinityTo(zone, app("web")))), web, [4]verdict{existing, existing, fits, fits}},
		"other namespace":                          {aPod("q", podLabels("app", "web"), inNamespace("other")), aPod("p", away(affinityTo(host, app("web")))), [4]verdict{fits, fits, fits, fits}},
		"namespace by name":                        {aPod("q", podLabels("app", "web"), inNamespace("other")), aPod("p", away(affinityTo(host, app("web"), named))), [4]verdict{anti, fits, fits, fits}},
		"name replaces own":                        {web, aPod("p", away(affinityTo(host, app("web"), named))), [4]verdict{fits, fits, fits, fits}},
		"namespace by label":                       {aPod("q", podLabels("app", "web"), inNamespace("other")), aPod("p", away(affinityTo(host, app("web"), byTeam))), [4]verdict{anti, fits, fits, fits}},
		"all namespaces":                           {web, aPod("p", away(affinityTo(host, app("web"), everywhere))), [4]verdict{anti, fits, fits, fits}},
		"the bound one's, too":                     {aPod("q", away(affinityTo(host, app("web"), byTeam))), aPod("p", podLabels("app", "web"), inNamespace("other")), [4]verdict{existing, fits, fits, fits}},
		"the scheduler never reads matchLabelKeys": {web, aPod("p", podLabels("v", "2"), away(affinityTo(host, app("web"), func(t *v1.PodAffinityTerm) { t.MatchLabelKeys = []string{"v"} }))), [4]verdict{anti, fits, fits, fits}},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{nodes: nodes, bound: map[string][]*v1.Pod{"a": {c.bound}}}
			w.objects = append(w.objects, team)
			checkFilter(t, InterPodAffinity{HardPodAffinityWeight: 1}, w, c.pod, c.want[:]...)
		})
	}
}

func TestInterPodAffinityScore(t *testing.T) {
	weigh := func(weight int32, term v1.PodAffinityTerm) []v1.WeightedPodAffinityTerm {
		return []v1.WeightedPodAffinityTerm{{Weight: weight, PodAffinityTerm: term}}
	}
	likes := func(weight int32, term v1.PodAffinityTerm) podOption {
		return func(p *v1.Pod) {
			ensureAffinity(p).PodAffinity = &v1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: weigh(weight, term)}
		}
	}
	dislikes := func(weight int32, term v1.PodAffinityTerm) podOption {
		return func(p *v1.Pod) {
			ensureAffinity(p).PodAntiAffinity = &v1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: weigh(weight, term)}
		}
	}
	nodes := []*v1.Node{aNode("a", nodeLabels(zone, "x")), aNode("b", nodeLabels(zone, "x")), aNode("c", nodeLabels(zone, "y"))}
	web := func(options ...podOption) *v1.Pod { return aPod("web", append(options, podLabels("app", "web"))...) }
	for name, c := range map[string]struct {
		bound, pod      *v1.Pod
		raw, normalized []int64
	}{
		"likes":                     {web(), aPod("p", likes(10, affinityTo(zone, app("web")))), []int64{10, 10, 0}, []int64{100, 100, 0}},
		"dislikes":                  {web(), aPod("p", dislikes(10, affinityTo(host, app("web")))), []int64{-10, 0, 0}, []int64{0, 100, 100}},
		"is liked":                  {aPod("q", likes(7, affinityTo(host, app("web")))), web(), []int64{7, 0, 0}, []int64{100, 0, 0}},
		"is disliked":               {aPod("q", dislikes(7, affinityTo(host, app("web")))), web(), []int64{-7, 0, 0}, []int64{0, 100, 100}},
		"is required":               {aPod("q", near(affinityTo(zone, app("web")))), web(), []int64{1, 1, 0}, []int64{100, 100, 0}},
		"in between":                {web(likes(4, affinityTo(host, app("web")))), web(likes(3, affinityTo(zone, app("web")))), []int64{7, 3, 0}, []int64{100, 42, 0}},
		"all equal":                 {web(), aPod("p", likes(3, affinityTo("no-such-label", app("web"))), dislikes(1, affinityTo(zone, app("db")))), nil, nil},
		"nothing contributes":       {web(), aPod("p"), nil, nil},
		"required ones do not rate": {web(), aPod("p", near(affinityTo("x", app("db")))), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			checkScores(t, InterPodAffinity{HardPodAffinityWeight: 1}, world{nodes: nodes, bound: map[string][]*v1.Pod{"a": {c.bound}}}, c.pod, c.raw, c.normalized)
		})
	}
}
