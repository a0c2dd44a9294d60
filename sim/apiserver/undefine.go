package apiserver

import (
	"time"

	"k8s.io/apiextensions-apiserver/pkg/apihelpers"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/engine"
)

// undefine marks a definition that is to be deleted: its objects go first.
func (c *call) undefine(it *item) (api.Object, error) {
	crd := it.object.(*apiextensionsv1.CustomResourceDefinition).DeepCopy()
	now := c.server.now()
	crd.DeletionTimestamp = &now
	if !apihelpers.CRDHasFinalizer(crd, apiextensionsv1.CustomResourceCleanupFinalizer) {
		crd.Finalizers = append(crd.Finalizers, apiextensionsv1.CustomResourceCleanupFinalizer)
	}
	setCondition(crd, apiextensionsv1.Terminating, apiextensionsv1.ConditionTrue,
		"InstanceDeletionPending", "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon")
	apihelpers.FindCRDCondition(crd, apiextensionsv1.Terminating).LastTransitionTime = now
	return c.writeMarked(it, crd)
}

// cleanUpAgain is how often the server looks whether the objects of a definition are gone.
const cleanUpAgain = 5 * time.Second

// cleanUp deletes the objects of a definition that is to be deleted. It says
// whether there is something to write: that it has begun, or that it is done.
func (s *Server) cleanUp(d *defined, crd *apiextensionsv1.CustomResourceDefinition) bool {
	const inProgress = "InstanceDeletionInProgress"
	established := api.Established(crd)
	if c := apihelpers.FindCRDCondition(crd, apiextensionsv1.Terminating); c == nil || c.Reason != inProgress {
		setCondition(crd, apiextensionsv1.Terminating, apiextensionsv1.ConditionTrue, inProgress, "CustomResource deletion is in progress")
		return true
	}
	if established && s.deleteInstances(d) > 0 {
		s.Engine.Once(s.Engine.Now()+cleanUpAgain, engine.Work{Actor: s.Name, Kind: defineWork, Key: crd.Name})
		return false
	}
	reason, message := "InstanceDeletionCompleted", "removed all instances"
	if !established {
		reason, message = "NeverEstablished", "resource was never established"
	}
	setCondition(crd, apiextensionsv1.Terminating, apiextensionsv1.ConditionFalse, reason, message)
	apihelpers.CRDRemoveFinalizer(crd, apiextensionsv1.CustomResourceCleanupFinalizer)
	return true
}

// deleteInstances deletes all objects of a definition, and says how many stay for now.
func (s *Server) deleteInstances(d *defined) int {
	r := d.Stored.Resource
	all := &filter{resource: r}
	for _, o := range s.cache.tables[r].list(all) {
		if o.GetDeletionTimestamp() == nil {
			s.do(s.itself(), api.Request{Verb: api.VerbDelete, Resource: r, Key: api.KeyOf(o), Delete: metav1.DeleteOptions{}}) // what fails is tried again
		}
	}
	return len(s.cache.tables[r].list(all))
}
