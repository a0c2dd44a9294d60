package controller

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/rand"

	"minisim/sim/api"
	"minisim/sim/component"
)

// dataHashLabel has, on a StatefulSet's revision, the hash of its data.
const dataHashLabel = "controller.kubernetes.io/hash"

// maxNameCollisions is how many names one reconcile tries for a new revision.
const maxNameCollisions = 10

// templateHistory keeps the templates that a StatefulSet or a DaemonSet has had,
// as ControllerRevisions that it owns. The data of each is the patch that brings
// its template back; the one with the highest number has the present template.
type templateHistory struct {
	base       *base
	cache      *component.Cache[*appsv1.ControllerRevision]
	owner      api.Object
	selector   *metav1.LabelSelector
	template   *corev1.PodTemplateSpec
	collisions *int32 // as the owner's status has it; another one after a collision of names
	label      string // has the hash
	hash       func(data []byte, collisions *int32) string

	all []*appsv1.ControllerRevision // those that the owner controls, by number
}

// present makes the revision of the present template exist and have the highest
// number. It is not made for an owner that is going, or whose namespace is.
func (h *templateHistory) present() (*appsv1.ControllerRevision, error) {
	if err := h.find(); err != nil {
		return nil, err
	}
	data, err := templatePatch(h.template)
	if err != nil {
		return nil, err
	}
	number, last := int64(1), len(h.all)-1
	if last >= 0 {
		number = h.all[last].Revision + 1
	}
	for i := last; i >= 0; i-- {
		switch r := h.all[i]; {
		case !bytes.Equal(r.Data.Raw, data):
		case i == last:
			return r, nil
		default:
			return h.raise(i, number)
		}
	}
	if h.owner.GetDeletionTimestamp() != nil {
		return h.revision(data, number), nil
	}
	return h.create(data, number)
}

// find lists the owner's revisions, after adoption and release.
func (h *templateHistory) find() error {
	selector, err := metav1.LabelSelectorAsSelector(h.selector)
	if err != nil {
		return nil // the API does not let such a selector in
	}
	candidates := append(h.cache.By(byOwner, string(h.owner.GetUID())), selected(h.cache, byOrphanLabel, h.owner.GetNamespace(), selector)...)
	cl := &claim[*appsv1.ControllerRevision]{client: h.base.client, owner: h.owner, selector: selector, tell: h.tell}
	h.all, err = cl.of(candidates)
	slices.SortFunc(h.all, func(a, b *appsv1.ControllerRevision) int {
		return cmp.Or(cmp.Compare(a.Revision, b.Revision), a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return err
}

// raise gives a template that has come back the next number.
func (h *templateHistory) raise(i int, number int64) (*appsv1.ControllerRevision, error) {
	r := h.all[i].DeepCopy()
	h.tell(fmt.Sprintf("number revision %s %d instead of %d", r.Name, number, r.Revision), "its template has come back")
	r.Revision = number
	stored, err := api.Update(h.base.client, r)
	if err != nil {
		return nil, err
	}
	h.all = append(slices.Delete(h.all, i, i+1), stored)
	wrote(h.base.writes, api.KeyOf(h.owner), h.cache, stored)
	return stored, nil
}

// create keeps a new template. A name that another template has is avoided by
// counting the collision, which gives another hash.
func (h *templateHistory) create(data []byte, number int64) (*appsv1.ControllerRevision, error) {
	var taken error
	for range maxNameCollisions {
		r := h.revision(data, number)
		h.tell(fmt.Sprintf("keep the template as revision %d, %s", number, r.Name), "no revision has it")
		stored, err := api.Create(h.base.client, r)
		switch {
		case namespaceTerminating(err):
			return r, nil
		case apierrors.IsAlreadyExists(err):
			taken = err
			if stored, err = api.Get[*appsv1.ControllerRevision](h.base.client, api.ControllerRevisions, api.KeyOf(r)); err != nil {
				return nil, err
			}
			if !bytes.Equal(stored.Data.Raw, data) {
				count := deref(h.collisions) + 1
				h.collisions = &count
				continue
			}
		case err != nil:
			return nil, err
		}
		h.all = append(h.all, stored)
		wrote(h.base.writes, api.KeyOf(h.owner), h.cache, stored)
		return stored, nil
	}
	return nil, taken
}

// revision is the present template's, not stored yet.
func (h *templateHistory) revision(data []byte, number int64) *appsv1.ControllerRevision {
	hash, prefix := h.hash(data, h.collisions), h.owner.GetName()
	return &appsv1.ControllerRevision{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ControllerRevision"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: h.owner.GetNamespace(), Name: prefix[:min(len(prefix), 223)] + "-" + hash,
			Labels: withLabel(h.template.Labels, h.label, hash), Annotations: maps.Clone(h.owner.GetAnnotations()),
			OwnerReferences: []metav1.OwnerReference{api.OwnedBy(h.owner)},
		},
		Data: runtime.RawExtension{Raw: data}, Revision: number,
	}
}

// named is the owner's revision of a name, nil if it has none.
func (h *templateHistory) named(name string) *appsv1.ControllerRevision {
	for _, r := range h.all {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// trim deletes the first of old, until no more than limit are left of count.
func (h *templateHistory) trim(old []*appsv1.ControllerRevision, count int, limit *int32) error {
	if limit == nil || *limit < 0 {
		return nil
	}
	for _, r := range old[:max(0, min(count-int(*limit), len(old)))] {
		h.tell("delete revision "+r.Name, fmt.Sprintf("spec.revisionHistoryLimit %d", *limit))
		if err := api.Delete(h.base.client, api.ControllerRevisions, api.KeyOf(r), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

func (h *templateHistory) tell(do, because string) {
	h.base.tell(api.KeyOf(h.owner), component.Reconciled{Do: do, Because: because})
}

// templatePatch is the strategic merge patch that puts a template in the place of another.
func templatePatch(t *corev1.PodTemplateSpec) ([]byte, error) {
	text, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	var fields map[string]any // in a map the fields are sorted, as the hash needs them
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	fields["$patch"] = "replace"
	return json.Marshal(map[string]any{"spec": map[string]any{"template": fields}})
}

// templateIn is the template that a revision keeps.
func templateIn(r *appsv1.ControllerRevision) (*corev1.PodTemplateSpec, error) {
	var patch struct {
		Spec struct {
			Template corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(r.Data.Raw, &patch); err != nil {
		return nil, fmt.Errorf("template in %s: %w", api.Ref(api.ControllerRevisions, api.KeyOf(r)), err)
	}
	return &patch.Spec.Template, nil
}

// dataHash is in the name of a StatefulSet's revision, computed as Kubernetes does.
func dataHash(data []byte, collisions *int32) string {
	h := fnv.New32()
	h.Write(data)
	if collisions != nil {
		h.Write([]byte(strconv.FormatInt(int64(*collisions), 10)))
	}
	return rand.SafeEncodeString(fmt.Sprint(h.Sum32()))
}

// enqueueOwners has the owner of a revision reconciled when the revision changes, comes or goes.
func enqueueOwners(c *component.Cache[*appsv1.ControllerRevision], owner *api.Resource, q *component.Queue) {
	c.OnChange(func(old, new *appsv1.ControllerRevision) {
		r, _ := latest(old, new)
		if ref := metav1.GetControllerOfNoCopy(r); ref != nil && ref.Kind == owner.Kind {
			q.Add(api.Key{Namespace: r.Namespace, Name: ref.Name})
		}
	})
}
