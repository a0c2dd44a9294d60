package component

import (
	"maps"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"minisim/sim/api"
)

// An index gives, for each value, what a look at all objects gives, in the order of the keys.
func TestIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ix := &index[*corev1.Pod]{
			values:  func(p *corev1.Pod) []string { return []string{p.Spec.NodeName, p.Labels["app"]} },
			objects: map[string][]*corev1.Pod{},
		}
		all := map[api.Key]*corev1.Pod{}
		word := rapid.SampledFrom([]string{"a", "b", "c"})
		for range rapid.IntRange(1, 60).Draw(t, "changes") {
			k := api.Key{Namespace: word.Draw(t, "namespace"), Name: word.Draw(t, "name")}
			old, had := all[k]
			if had && rapid.IntRange(0, 3).Draw(t, "gone?") == 0 {
				ix.drop(k, old)
				delete(all, k)
				continue
			}
			p := &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Namespace: k.Namespace, Name: k.Name, Labels: map[string]string{"app": word.Draw(t, "app")}},
				Spec:       corev1.PodSpec{NodeName: word.Draw(t, "node")},
			}
			ix.put(k, old, p, had)
			all[k] = p
		}
		want := map[string][]*corev1.Pod{}
		for _, k := range slices.SortedFunc(maps.Keys(all), api.Key.Compare) {
			values := ix.values(all[k])
			slices.Sort(values)
			for _, v := range slices.Compact(values) {
				want[v] = append(want[v], all[k])
			}
		}
		if !maps.EqualFunc(ix.objects, want, slices.Equal[[]*corev1.Pod]) {
			t.Fatalf("the index has %v, want %v", ix.objects, want)
		}
	})
}
