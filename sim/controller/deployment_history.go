package controller

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/dump"
	"k8s.io/apimachinery/pkg/util/rand"

	"minisim/sim/api"
	"minisim/sim/component"
)

// Annotations that the Deployment controller keeps.
const (
	revisionAnnotation        = "deployment.kubernetes.io/revision"
	revisionHistoryAnnotation = "deployment.kubernetes.io/revision-history"
	desiredReplicasAnnotation = "deployment.kubernetes.io/desired-replicas"
	maxReplicasAnnotation     = "deployment.kubernetes.io/max-replicas"
)

// notCopied are the annotations of a Deployment that its ReplicaSets do not get.
var notCopied = map[string]bool{
	corev1.LastAppliedConfigAnnotation: true, revisionAnnotation: true, revisionHistoryAnnotation: true,
	desiredReplicasAnnotation: true, maxReplicasAnnotation: true, appsv1.DeprecatedRollbackTo: true,
}

// templateHash is the value of the label pod-template-hash, computed as Kubernetes does.
func templateHash(t *corev1.PodTemplateSpec, collisions *int32) string {
	h := fnv.New32a()
	fmt.Fprintf(h, "%v", dump.ForHash(*t))
	if collisions != nil {
		var b [8]byte
		binary.LittleEndian.PutUint32(b[:], uint32(*collisions))
		h.Write(b[:])
	}
	return rand.SafeEncodeString(fmt.Sprint(h.Sum32()))
}

// sameTemplate compares two templates but for the label pod-template-hash.
func sameTemplate(a, b *corev1.PodTemplateSpec) bool {
	x, y := *a, *b
	x.Labels, y.Labels = withoutHash(a.Labels), withoutHash(b.Labels)
	return maps.Equal(x.Labels, y.Labels) && equality.Semantic.DeepEqual(&x, &y)
}

func withoutHash(l map[string]string) map[string]string {
	if _, ok := l[appsv1.DefaultDeploymentUniqueLabelKey]; !ok {
		return l
	}
	l = maps.Clone(l)
	delete(l, appsv1.DefaultDeploymentUniqueLabelKey)
	return l
}

// comparison is what sameTemplate said of a ReplicaSet and its Deployment, when
// both were of these generations: no template changes without its object's
// generation, but both are asked about again for each of their pods.
type comparison struct {
	deployment types.UID
	generation [2]int64
	same       bool
}

// present says whether a ReplicaSet has the Deployment's present template.
func (r *rollout) present(rs *appsv1.ReplicaSet) bool {
	c, generation := r.compared[rs.UID], [2]int64{r.d.Generation, rs.Generation}
	if c.deployment != r.d.UID || c.generation != generation {
		c = comparison{r.d.UID, generation, sameTemplate(&rs.Spec.Template, &r.d.Spec.Template)}
		r.compared[rs.UID] = c
	}
	return c.same
}

// find tells the new ReplicaSet, which has the present template, from the old ones.
// Should several have it, the oldest is the new one, so that the choice never changes.
func (r *rollout) find() {
	r.newSet, r.oldSets = nil, nil
	for _, rs := range r.sets {
		if r.newSet == nil && r.present(rs) {
			r.newSet = rs
		} else {
			r.oldSets = append(r.oldSets, rs)
		}
	}
}

func revisionOf(o metav1.Object) int64 {
	n, err := strconv.ParseInt(o.GetAnnotations()[revisionAnnotation], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// bringUp makes the new ReplicaSet exist and be numbered as the newest revision.
func (r *rollout) bringUp() error {
	revision := int64(1)
	for _, rs := range r.oldSets {
		revision = max(revision, revisionOf(rs)+1)
	}
	if r.newSet == nil {
		return r.createSet(revision)
	}
	rs := r.newSet.DeepCopy()
	changed := r.annotate(rs, revision)
	if changed || rs.Spec.MinReadySeconds != r.d.Spec.MinReadySeconds {
		rs.Spec.MinReadySeconds = r.d.Spec.MinReadySeconds
		r.tellDo(fmt.Sprintf("update replica set %s: revision %s", rs.Name, rs.Annotations[revisionAnnotation]), "it has the present template")
		stored, err := api.Update(r.client, rs)
		if err != nil {
			return err
		}
		r.keep(&r.newSet, stored)
	}
	if err := r.setRevision(r.newSet.Annotations[revisionAnnotation]); err != nil {
		return err
	}
	if deploymentCondition(r.d.Status, appsv1.DeploymentProgressing) == nil {
		r.noteProgress(corev1.ConditionTrue, "FoundNewReplicaSet", fmt.Sprintf("Found new replica set %q", rs.Name))
	}
	return nil
}

// annotate copies the Deployment's annotations to its new ReplicaSet and raises its revision.
func (r *rollout) annotate(rs *appsv1.ReplicaSet, revision int64) (changed bool) {
	if rs.Annotations == nil {
		rs.Annotations = map[string]string{}
	}
	for k, v := range r.d.Annotations {
		if old, ok := rs.Annotations[k]; !notCopied[k] && (!ok || old != v) {
			rs.Annotations[k] = v
			changed = true
		}
	}
	before, had := rs.Annotations[revisionAnnotation]
	if revisionOf(rs) >= revision {
		return changed
	}
	rs.Annotations[revisionAnnotation] = strconv.FormatInt(revision, 10)
	if had { // the template of an earlier revision has come back
		history := append(strings.FieldsFunc(rs.Annotations[revisionHistoryAnnotation], isComma), before)
		rs.Annotations[revisionHistoryAnnotation] = strings.Join(history, ",")
	}
	return true
}

func isComma(c rune) bool { return c == ',' }

// setRevision numbers the Deployment as its new ReplicaSet.
func (r *rollout) setRevision(revision string) error {
	if r.d.Annotations[revisionAnnotation] == revision {
		return nil
	}
	d := r.d.DeepCopy()
	if d.Annotations == nil {
		d.Annotations = map[string]string{}
	}
	d.Annotations[revisionAnnotation] = revision
	r.tell(api.KeyOf(d), component.Reconciled{Report: true, Do: "note revision " + revision})
	stored, err := api.UpdateStatus(r.client, d)
	if err != nil {
		return err
	}
	wrote(r.writes, api.KeyOf(r.d), r.list, stored)
	status := r.d.Status
	r.d = stored.DeepCopy()
	r.d.Status = status
	return nil
}

// createSet creates the ReplicaSet of the present template. Its name is made of
// the template's hash, so that a second try finds what the first one made.
func (r *rollout) createSet(revision int64) error {
	rs := r.setFromTemplate(revision)
	n := *rs.Spec.Replicas
	r.tellDo(fmt.Sprintf("create replica set %s with %s", rs.Name, pods(int(n))), r.surgeText())
	stored, err := api.Create(r.client, rs)
	switch {
	case apierrors.IsAlreadyExists(err):
		return r.nameTaken(rs, err)
	case namespaceTerminating(err):
		return nil
	case component.Unreachable(err):
		return err
	case err != nil:
		message := fmt.Sprintf("Failed to create new replica set %q: %v", rs.Name, err)
		r.recorder.Event(r.d, corev1.EventTypeWarning, "ReplicaSetCreateError", message)
		r.noteProgress(corev1.ConditionFalse, "ReplicaSetCreateError", message)
		return errors.Join(err, r.writeIfChanged(r.d.Status))
	}
	r.keep(&r.newSet, stored)
	if n > 0 {
		r.recorder.Eventf(r.d, corev1.EventTypeNormal, "ScalingReplicaSet", "Scaled up replica set %s from 0 to %d", rs.Name, n)
	}
	r.noteProgress(corev1.ConditionTrue, "NewReplicaSetCreated", fmt.Sprintf("Created new replica set %q", rs.Name))
	return r.setRevision(stored.Annotations[revisionAnnotation])
}

func (r *rollout) setFromTemplate(revision int64) *appsv1.ReplicaSet {
	hash := templateHash(&r.d.Spec.Template, r.d.Status.CollisionCount)
	template := *r.d.Spec.Template.DeepCopy()
	template.Labels = withLabel(template.Labels, appsv1.DefaultDeploymentUniqueLabelKey, hash)
	selector := r.d.Spec.Selector.DeepCopy()
	selector.MatchLabels = withLabel(selector.MatchLabels, appsv1.DefaultDeploymentUniqueLabelKey, hash)
	rs := &appsv1.ReplicaSet{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ReplicaSet"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: r.d.Namespace, Name: r.d.Name + "-" + hash,
			Labels: maps.Clone(template.Labels), OwnerReferences: []metav1.OwnerReference{api.OwnedBy(r.d)},
		},
		Spec: appsv1.ReplicaSetSpec{MinReadySeconds: r.d.Spec.MinReadySeconds, Selector: selector, Template: template},
	}
	n := r.newSetSize(0)
	rs.Spec.Replicas = &n
	r.annotate(rs, revision)
	setReplicasAnnotations(rs, *r.d.Spec.Replicas, *r.d.Spec.Replicas+r.maxSurge())
	return rs
}

func withLabel(l map[string]string, key, value string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, l)
	out[key] = value
	return out
}

// nameTaken handles a ReplicaSet of the new one's name: either it is the new one,
// made before and not in the cache yet, or two templates have the same hash.
func (r *rollout) nameTaken(want *appsv1.ReplicaSet, taken error) error {
	rs, err := api.Get[*appsv1.ReplicaSet](r.client, api.ReplicaSets, api.KeyOf(want))
	if err != nil {
		return err
	}
	if ref := metav1.GetControllerOfNoCopy(rs); ref != nil && ref.UID == r.d.UID && sameTemplate(&rs.Spec.Template, &r.d.Spec.Template) {
		r.keep(&r.newSet, rs)
		return r.setRevision(rs.Annotations[revisionAnnotation])
	}
	status := *r.d.Status.DeepCopy()
	count := int32(1)
	if status.CollisionCount != nil {
		count += *status.CollisionCount
	}
	status.CollisionCount = &count
	r.tellDo(fmt.Sprintf("count hash collision %d", count), "another replica set has the name "+rs.Name)
	if err := r.writeStatus(status); err != nil {
		return err
	}
	return taken
}

// cleanUp deletes the oldest of those old ReplicaSets that exceed revisionHistoryLimit and are scaled down.
func (r *rollout) cleanUp() error {
	if r.d.Spec.RevisionHistoryLimit == nil {
		return nil
	}
	alive := slices.DeleteFunc(slices.Clone(r.oldSets), func(rs *appsv1.ReplicaSet) bool { return rs.DeletionTimestamp != nil })
	excess := len(alive) - int(*r.d.Spec.RevisionHistoryLimit)
	if excess <= 0 {
		return nil
	}
	slices.SortStableFunc(alive, func(a, b *appsv1.ReplicaSet) int { return cmp.Compare(revisionOf(a), revisionOf(b)) })
	for _, rs := range alive[:excess] {
		if rs.Status.Replicas != 0 || *rs.Spec.Replicas != 0 || rs.Generation > rs.Status.ObservedGeneration {
			continue
		}
		r.tellDo("delete replica set "+rs.Name, fmt.Sprintf("revisionHistoryLimit %d", *r.d.Spec.RevisionHistoryLimit))
		if err := api.Delete(r.client, api.ReplicaSets, api.KeyOf(rs), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}
