package controller

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

func TestWhatIsToldOfAnUpdatedSlice(t *testing.T) {
	// An endpoint is a name and flags: r for ready, s for serving, t for terminating.
	slice := func(endpoints ...[2]string) *discoveryv1.EndpointSlice {
		s := &discoveryv1.EndpointSlice{}
		for _, e := range endpoints {
			var on [3]bool
			for i, flag := range "rst" {
				for _, f := range e[1] {
					on[i] = on[i] || f == flag
				}
			}
			s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{
				TargetRef:  &corev1.ObjectReference{Name: e[0]},
				Conditions: discoveryv1.EndpointConditions{Ready: &on[0], Serving: &on[1], Terminating: &on[2]},
			})
		}
		return s
	}
	type ep = [2]string
	for _, c := range []struct {
		before, after *discoveryv1.EndpointSlice
		want          string
	}{
		{slice(), slice(ep{"a", ""}), "1 endpoint, 0 ready"},
		{slice(ep{"a", ""}), slice(ep{"a", "rs"}), "1 endpoint, 1 ready"},
		{nil, slice(ep{"a", "rs"}), "1 endpoint, 1 ready"},
		{slice(ep{"a", ""}, ep{"b", "rs"}), slice(ep{"a", "t"}, ep{"b", "rs"}), "2 endpoints, 1 ready, 1 terminating"},
		{slice(ep{"a", "rs"}), slice(ep{"a", "st"}), "1 endpoint, 0 ready, 1 serving, 1 terminating"},
		{slice(ep{"a", "rs"}), slice(ep{"a", "r"}), "1 endpoint, 1 ready, 0 serving"}, // publishNotReadyAddresses
		{slice(ep{"a", "rs"}, ep{"b", ""}), slice(ep{"a", ""}, ep{"b", "rs"}), "2 endpoints, 1 ready; changed: a, b"},
		{slice(ep{"a", "rs"}), slice(ep{"c", "rs"}), "1 endpoint, 1 ready; changed: a, c"},
		{slice(ep{"a", "rs"}), slice(ep{"a", "rs"}), "1 endpoint, 1 ready; changed: labels or ports"},
	} {
		if got := tellUpdate(c.before, c.after); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
