package apiserver

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"k8s.io/apiextensions-apiserver/pkg/apihelpers"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"minisim/sim/api"
	"minisim/sim/apiserver/custom"
	"minisim/sim/engine"
)

// defined is a definition of custom resources with its present state.
type defined struct {
	*custom.Definition
	crd *apiextensionsv1.CustomResourceDefinition // as the cache has it
}

// definitions are what the server knows of custom resources.
type definitions struct {
	byName   map[string]*defined
	steps    map[string]uint64 // of work on each definition so far
	failures map[string]int    // of the work on each definition, one after the other
}

// defineWork is the work on one CustomResourceDefinition: what Kubernetes has
// controllers for within the API server (names, establishing, finalizing).
const defineWork = "define"

// ErrRedefined ends the watches of a custom resource whose definition has changed or gone.
var ErrRedefined = errors.New("the definition of the resource has changed")

// define keeps what derives from a CustomResourceDefinition that has changed (nil: come or gone).
func (s *Server) define(name string, crd *apiextensionsv1.CustomResourceDefinition) error {
	was := s.definitions.byName[name]
	switch {
	case crd == nil:
		s.forget(was)
		delete(s.definitions.byName, name)
	case was != nil && was.Same(crd):
		s.definitions.byName[name] = &defined{was.Definition, crd}
	default:
		d, err := custom.New(crd)
		if err != nil {
			return err
		}
		next := &defined{d, crd}
		s.definitions.byName[name] = next
		if err := s.redefine(was, next); err != nil {
			return err
		}
	}
	s.catalog.Store(catalogOf(s.definitions.byName))
	s.defineLater(name)
	return nil
}

// redefine gives a definition's objects a table, and takes those over that there are.
func (s *Server) redefine(was, now *defined) error {
	t := &table{resource: now.Stored.Resource, spaces: map[string]map[string]*item{}, window: window{floor: s.cache.revision}}
	if was != nil {
		for _, space := range s.cache.tables[was.Stored.Resource].spaces {
			for _, it := range space {
				o, err := now.Read(it.raw)
				if err != nil {
					return err
				}
				o.SetResourceVersion(it.object.GetResourceVersion())
				t.put(api.KeyOf(o), &item{object: o, size: it.size, revision: it.revision, raw: it.raw})
			}
		}
	}
	s.forget(was)
	s.cache.tables[now.Stored.Resource] = t
	return nil
}

// forget drops a definition's objects from the cache and ends their watches.
func (s *Server) forget(d *defined) {
	if d == nil {
		return
	}
	s.hub.close(func(w *watch) bool { return w.filter.resource == d.Stored.Resource }, ErrRedefined)
	delete(s.cache.tables, d.Stored.Resource)
}

// defineLater has the server work on a definition soon, as long after its change as a watch takes.
func (s *Server) defineLater(name string) {
	latency := s.Engine.Between(s.Latency.Min, s.Latency.Max, s.Name, name, "definition latency", s.definitions.steps[name])
	s.definitions.steps[name]++
	s.Engine.Once(s.Engine.Now()+latency, engine.Work{Actor: s.Name, Kind: defineWork, Key: name})
}

// defineAll is defineLater for all definitions.
func (s *Server) defineAll() {
	for _, name := range slices.Sorted(maps.Keys(s.definitions.byName)) {
		s.defineLater(name)
	}
}

// workOn does one step of what a definition needs. The write that it makes brings the next.
func (s *Server) workOn(name string) {
	if s.down {
		return
	}
	d := s.definitions.byName[name]
	if d == nil {
		delete(s.definitions.steps, name)
		delete(s.definitions.failures, name)
		s.namesFreed(name)
		return
	}
	crd := d.crd.DeepCopy()
	switch {
	case s.acceptNames(crd), s.establish(crd), approve(crd):
	case crd.DeletionTimestamp != nil && apihelpers.CRDHasFinalizer(crd, apiextensionsv1.CustomResourceCleanupFinalizer):
		if !s.cleanUp(d, crd) {
			return
		}
	default:
		return
	}
	for i := range crd.Status.Conditions {
		if c := &crd.Status.Conditions[i]; c.LastTransitionTime.IsZero() {
			c.LastTransitionTime = s.now()
		}
	}
	request := api.Request{Verb: api.VerbUpdate, Resource: api.CustomResourceDefinitions, Subresource: "status", Key: api.Key{Name: name}, Object: crd}
	if _, err := s.do(s.itself(), request); err != nil { // told with the request
		s.defineAgain(name)
		return
	}
	delete(s.definitions.failures, name)
}

// The back-off of work on a definition, as client-go's default rate limiter has it.
const (
	defineBackoff    = 5 * time.Millisecond
	maxDefineBackoff = 1000 * time.Second
)

// defineAgain repeats work on a definition that has failed, each time in a row after twice as long.
func (s *Server) defineAgain(name string) {
	wait := maxDefineBackoff
	if n := s.definitions.failures[name]; n < 18 { // 5 ms << 18 is more than the most
		wait = defineBackoff << n
		s.definitions.failures[name]++
	}
	s.Engine.Once(s.Engine.Now()+wait, engine.Work{Actor: s.Name, Kind: defineWork, Key: name})
}

// setCondition sets a condition. One whose status is another gets its time when it is written.
func setCondition(crd *apiextensionsv1.CustomResourceDefinition, t apiextensionsv1.CustomResourceDefinitionConditionType, status apiextensionsv1.ConditionStatus, reason, message string) {
	c := apihelpers.FindCRDCondition(crd, t)
	if c == nil {
		crd.Status.Conditions = append(crd.Status.Conditions, apiextensionsv1.CustomResourceDefinitionCondition{Type: t})
		c = &crd.Status.Conditions[len(crd.Status.Conditions)-1]
	}
	if c.Status != status {
		c.LastTransitionTime.Reset()
	}
	c.Status, c.Reason, c.Message = status, reason, message
}

// establish has a definition served whose names have been accepted.
func (s *Server) establish(crd *apiextensionsv1.CustomResourceDefinition) bool {
	if api.Established(crd) || api.CRDCondition(crd, apiextensionsv1.NamesAccepted) != apiextensionsv1.ConditionTrue {
		return false
	}
	setCondition(crd, apiextensionsv1.Established, apiextensionsv1.ConditionTrue, "InitialNamesAccepted", "the initial names have been accepted")
	return true
}

// approve says of a definition in one of Kubernetes' own groups whether it has been approved.
func approve(crd *apiextensionsv1.CustomResourceDefinition) bool {
	if !apihelpers.IsProtectedCommunityGroup(crd.Spec.Group) {
		return false
	}
	status, reason := apiextensionsv1.ConditionFalse, ""
	state, message := apihelpers.GetAPIApprovalState(crd.Annotations)
	switch state {
	case apihelpers.APIApprovalInvalid:
		reason = "InvalidAnnotation"
	case apihelpers.APIApprovalMissing:
		reason = "MissingAnnotation"
	case apihelpers.APIApproved:
		status, reason = apiextensionsv1.ConditionTrue, "ApprovedAnnotation"
	case apihelpers.APIApprovalBypassed:
		reason = "UnapprovedAnnotation"
	}
	const kind = apiextensionsv1.KubernetesAPIApprovalPolicyConformant
	if c := apihelpers.FindCRDCondition(crd, kind); c != nil && c.Status == status && c.Reason == reason && c.Message == message {
		return false
	}
	setCondition(crd, kind, status, reason, message)
	return true
}

// namesFreed looks again at the definitions of a group in which one has gone.
func (s *Server) namesFreed(name string) {
	for _, other := range s.groupOf(name) {
		if api.CRDCondition(other, apiextensionsv1.NamesAccepted) != apiextensionsv1.ConditionTrue {
			s.defineLater(other.Name)
		}
	}
}

// groupOf are the definitions of the group that the name of one ends with, sorted by name.
func (s *Server) groupOf(name string) []*apiextensionsv1.CustomResourceDefinition {
	var out []*apiextensionsv1.CustomResourceDefinition
	for _, d := range s.definitions.byName {
		if d.crd.Name != name && name == firstLabel(name)+"."+d.crd.Spec.Group {
			out = append(out, d.crd)
		}
	}
	slices.SortFunc(out, func(a, b *apiextensionsv1.CustomResourceDefinition) int { return cmp.Compare(a.Name, b.Name) })
	return out
}
