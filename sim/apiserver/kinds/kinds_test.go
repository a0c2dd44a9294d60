package kinds

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func TestEveryResourceHasAStrategy(t *testing.T) {
	for _, r := range api.Resources() {
		s := For(r)
		if s == &unknown {
			t.Errorf("%v has none", r)
			continue
		}
		if r.Status != (s.PrepareForStatusUpdate != nil) || r.Status != (s.ValidateStatusUpdate != nil) {
			t.Errorf("%v: status is a subresource: %v; its strategy says otherwise", r, r.Status)
		}
	}
	if s := For(&api.Resource{Name: "gadgets"}); s == nil || s.Default != nil {
		t.Error("a resource without rules has some")
	}
}

// TestMetadataOfEveryKind makes the same faults in the metadata of all kinds.
func TestMetadataOfEveryKind(t *testing.T) {
	for _, r := range api.Resources() {
		o, s := r.New(), For(r)
		o.SetName("a/b")
		if r.Namespaced {
			o.SetNamespace("default")
		}
		if errs := s.Validate(o); len(errs) == 0 && r != api.Events {
			t.Errorf("%v: a name may have a slash", r)
		}
		old := r.New()
		old.SetUID("1")
		old.SetGeneration(3)
		o.SetUID("2")
		o.SetGeneration(7)
		if s.PrepareForUpdate(o, old); o.GetGeneration() > 4 {
			t.Errorf("%v: an update sets the generation to %d", r, o.GetGeneration())
		}
		told := map[string]bool{}
		for _, err := range s.ValidateUpdate(o, old) {
			told[err.Field] = true
		}
		for _, name := range []string{"metadata.resourceVersion", "metadata.uid", "metadata.name"} {
			if !told[name] {
				t.Errorf("%v: an update may change %s", r, name)
			}
		}
	}
}

// TestStatusIsItsOwn changes spec and status at once, on either path.
func TestStatusIsItsOwn(t *testing.T) {
	old := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a", Generation: 1}}
	changed := func() *corev1.Node {
		n := old.DeepCopy()
		n.Spec.Unschedulable = true
		n.Status.NodeInfo.KernelVersion = "6"
		return n
	}
	s := For(api.Nodes)
	main, status := changed(), changed()
	s.PrepareForUpdate(main, old)
	s.PrepareForStatusUpdate(status, old)
	if !main.Spec.Unschedulable || main.Status.NodeInfo.KernelVersion != "" {
		t.Errorf("an update of the main resource: %v", main)
	}
	if status.Spec.Unschedulable || status.Status.NodeInfo.KernelVersion != "6" {
		t.Errorf("an update of the status: %v", status)
	}
}

// TestDefaultTwice fills in what is filled in already: nothing may change.
func TestDefaultTwice(t *testing.T) {
	for _, r := range api.Resources() {
		s := For(r)
		if s.Default == nil {
			continue
		}
		o := r.New()
		s.Default(o)
		again := o.DeepCopyObject().(api.Object)
		if s.Default(again); !apiequality.Semantic.DeepEqual(o, again) {
			t.Errorf("%v: %v became %v", r, o, again)
		}
	}
}
