package controller

import (
	"fmt"
	"slices"
	"strings"

	discoveryv1 "k8s.io/api/discovery/v1"
)

// endpointCount is for example "3 endpoints, 2 ready, 1 terminating". How many
// serve is said where it is not those that are ready.
func endpointCount(s *discoveryv1.EndpointSlice) string {
	var ready, serving, terminating int
	for i := range s.Endpoints {
		c := s.Endpoints[i].Conditions
		ready += count(deref(c.Ready))
		serving += count(deref(c.Serving))
		terminating += count(deref(c.Terminating))
	}
	text := fmt.Sprintf("%d endpoints, %d ready", len(s.Endpoints), ready)
	if len(s.Endpoints) == 1 {
		text = fmt.Sprintf("1 endpoint, %d ready", ready)
	}
	if serving != ready {
		text += fmt.Sprintf(", %d serving", serving)
	}
	if terminating > 0 {
		text += fmt.Sprintf(", %d terminating", terminating)
	}
	return text
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// tellUpdate is the count of a slice's endpoints after a change, and what has
// changed where the count is the same as before.
func tellUpdate(before, after *discoveryv1.EndpointSlice) string {
	text := endpointCount(after)
	if before == nil || endpointCount(before) != text {
		return text
	}
	if names := changedEndpoints(before, after); len(names) > 0 {
		return text + "; changed: " + strings.Join(names, ", ")
	}
	return text + "; changed: labels or ports"
}

// changedEndpoints are the names of those that only one of two slices has, or in another state.
func changedEndpoints(before, after *discoveryv1.EndpointSlice) []string {
	var names []string
	note := func(of, other []discoveryv1.Endpoint) {
		for i := range of {
			same := slices.ContainsFunc(other, func(e discoveryv1.Endpoint) bool {
				return endpointKey(&e) == endpointKey(&of[i]) && sameEndpoint(&e, &of[i])
			})
			if name := endpointName(&of[i]); !same && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	note(after.Endpoints, before.Endpoints)
	note(before.Endpoints, after.Endpoints)
	slices.Sort(names)
	return names
}
