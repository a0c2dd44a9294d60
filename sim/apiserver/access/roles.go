package access

import (
	"slices"
	"strings"
)

// role is what one component's user may do.
type role struct {
	name  string
	user  string // or a prefix of users, if it ends with ":"
	grant []grant
}

// grant allows verbs on resources; "*" stands for all.
type grant struct {
	verbs, resources string // separated by spaces
}

const (
	read  = "get list watch"
	write = "create update patch delete"
)

// roles follow the default ClusterRoles of the same names. The controllers' own
// service accounts share one row: what each of them needs differs in the
// resources only, and they run in one program.
var roles = []role{
	{name: "system:kube-scheduler", user: "system:kube-scheduler", grant: []grant{
		{read, "pods nodes namespaces services replicasets statefulsets persistentvolumeclaims persistentvolumes poddisruptionbudgets storageclasses csinodes volumeattachments priorityclasses"},
		{"create", "pods/binding"},
		{"update patch", "pods/status persistentvolumeclaims persistentvolumes"},
		{"delete", "pods"},
		{"create update patch", "events"},
		{"get list watch create update", "leases"},
	}},
	{name: "system:kube-controller-manager", user: "system:kube-controller-manager", grant: []grant{{"*", "*"}}},
	{name: "system:node-proxier", user: "system:kube-proxy", grant: []grant{
		{read, "services endpointslices nodes"},
		{"create update patch", "events"},
	}},
	{name: "system:coredns", user: "system:serviceaccount:kube-system:coredns", grant: []grant{
		{"list watch", "services endpointslices pods namespaces"},
		{"create update patch", "events"},
	}},
	{name: "storage-driver", user: "system:serviceaccount:kube-system:storage-driver", grant: []grant{
		{read, "persistentvolumeclaims persistentvolumes storageclasses csinodes nodes pods volumeattachments"},
		{write, "persistentvolumes"},
		{"update patch", "persistentvolumeclaims persistentvolumeclaims/status persistentvolumes/status volumeattachments volumeattachments/status"},
		{"create update patch", "events"},
		{read + " " + write, "leases"},
	}},
	{name: "system:controller", user: "system:serviceaccount:kube-system:", grant: []grant{{"*", "*"}}},
	// Not a role of Kubernetes: a translated `service_completed_successfully` waits with kubectl as the default service
	// account, for which one would have to write a Role. Until there are Roles, it may look at jobs.
	{name: "job-reader", user: "system:serviceaccount:default:", grant: []grant{{read, "jobs"}}},
	{name: "system:node", user: "system:node:", grant: []grant{
		{read, "services"},
		{"create update patch", "events"},
	}},
}

// holds says whether the user of a request has the role.
func (r role) holds(a Attributes) bool {
	if strings.HasSuffix(r.user, ":") {
		return strings.HasPrefix(a.User, r.user)
	}
	return a.User == r.user
}

func (r role) grants(a Attributes) bool {
	for _, g := range r.grant {
		if has(g.verbs, string(a.Verb)) && has(g.resources, resourceOf(a)) {
			return true
		}
	}
	return false
}

func has(words, word string) bool {
	return words == "*" || slices.Contains(strings.Fields(words), word)
}
