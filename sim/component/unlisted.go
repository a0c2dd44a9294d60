package component

import (
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Unlisted is the record of a cache that could not be filled, as client-go logs
// it: "Failed to watch". It is tried again every second, and recorded again when the reason is another.
type Unlisted struct {
	Process string `json:"process"`
	Cache   string `json:"cache"`
	Error   string `json:"error"`
}

// Kind is "unlisted".
func (Unlisted) Kind() string { return "unlisted" }

// Tell is for example "kube-scheduler cannot list nodes: nodes is forbidden: …".
func (u Unlisted) Tell() string {
	return u.Process + " cannot list " + u.Cache + ": " + u.Error + "; it tries again every second"
}

// listed notes how filling a cache went. A server that cannot be reached is told
// of where it is down; a resource that is not served has no cache.
func (p *Process) listed(cache string, err error) {
	if err == nil || Unreachable(err) || apierrors.IsNotFound(err) {
		delete(p.unlisted, cache)
		return
	}
	if text := err.Error(); p.unlisted[cache] != text {
		p.unlisted[cache] = text
		p.Trace.Then(Unlisted{Process: p.Name, Cache: cache, Error: text})
	}
}
