package apiserver

import (
	"strings"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"minisim/sim/api"
	"minisim/sim/engine"
	"minisim/sim/etcdstore"
)

// newDefinition defines widgets, served in v1, which is stored, and v1beta1, which knows no color.
func newDefinition() *apiextensionsv1.CustomResourceDefinition {
	object := func(properties map[string]apiextensionsv1.JSONSchemaProps) apiextensionsv1.JSONSchemaProps {
		return apiextensionsv1.JSONSchemaProps{Type: "object", Properties: properties}
	}
	version := func(name string, spec map[string]apiextensionsv1.JSONSchemaProps) apiextensionsv1.CustomResourceDefinitionVersion {
		whole := object(map[string]apiextensionsv1.JSONSchemaProps{"spec": object(spec)})
		return apiextensionsv1.CustomResourceDefinitionVersion{
			Name: name, Served: true, Storage: name == "v1", Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &whole},
		}
	}
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "widgets.example.com"},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: "example.com", Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: "widgets", Kind: "Widget"},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{
				version("v1", map[string]apiextensionsv1.JSONSchemaProps{
					"size": {Type: "integer"}, "color": {Type: "string", Default: &apiextensionsv1.JSON{Raw: []byte(`"red"`)}},
				}),
				version("v1beta1", map[string]apiextensionsv1.JSONSchemaProps{"size": {Type: "integer"}}),
			},
		},
	}
}

func newWidget(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "example.com/v1", "kind": "Widget",
		"metadata": map[string]any{"namespace": "default", "name": name}, "spec": map[string]any{"size": int64(3)},
	}}
}

func (l *lab) widgets(version string) *api.Resource {
	return l.server.Catalog().Find(schema.GroupVersionResource{Group: "example.com", Version: version, Resource: "widgets"})
}

func (l *lab) define() {
	l.Helper()
	must[*apiextensionsv1.CustomResourceDefinition](l)(api.Create(l.admin, newDefinition()))
	if l.widgets("v1") != nil {
		l.Fatal("served before its names were accepted")
	}
	l.run(time.Second)
	if l.widgets("v1") == nil {
		l.Fatal("not served")
	}
}

func (l *lab) create(o *unstructured.Unstructured) (api.Object, error) {
	return l.admin.Do(api.Request{Verb: api.VerbCreate, Resource: l.widgets("v1"), Key: api.KeyOf(o), Object: o})
}

func TestCustomResourcesOfSeveralVersions(t *testing.T) {
	l := newLab(t, DefaultLatency)
	l.define()
	must[api.Object](t)(l.create(newWidget("one")))
	key := api.Key{Namespace: "default", Name: "one"}
	spec := func(version string) string {
		o := must[api.Object](t)(l.admin.Do(api.Request{Verb: api.VerbGet, Resource: l.widgets(version), Key: key}))
		color, _, _ := unstructured.NestedString(o.(*unstructured.Unstructured).Object, "spec", "color")
		return o.GetObjectKind().GroupVersionKind().Version + color
	}
	if got := spec("v1") + " " + spec("v1beta1"); got != "v1red v1beta1" {
		t.Errorf("shown as %s", got)
	}
	before := l.server.Revision()
	must[api.Object](t)(api.Patch(l.admin, l.widgets("v1"), key, func(o api.Object) error {
		return unstructured.SetNestedField(o.(*unstructured.Unstructured).Object, int64(5), "spec", "size")
	}))
	w := must[api.Watch](t)(l.admin.Watch(l.widgets("v1beta1"), api.WatchOptions{From: before, Actor: l.server.Name, Name: "old"}))
	if err := l.engine.RunTo(l.engine.Now() + time.Second); err != nil {
		t.Fatal(err)
	}
	ev, ok := w.Next()
	if !ok || ev.Type != api.Modified || ev.Object.GetObjectKind().GroupVersionKind().Version != "v1beta1" || ev.Object.GetGeneration() != 2 {
		t.Errorf("a watcher of the old version saw %+v", ev)
	}
}

func TestADefinitionGoesAfterItsObjects(t *testing.T) {
	l := newLab(t, DefaultLatency)
	l.define()
	held := newWidget("held")
	held.SetFinalizers([]string{"example.com/hold"})
	must[api.Object](t)(l.create(held))
	must[api.Object](t)(l.create(newWidget("free")))
	crd := api.Key{Name: "widgets.example.com"}
	if err := api.Delete(l.admin, api.CustomResourceDefinitions, crd, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.create(newWidget("late")); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), errTerminating.Error()) {
		t.Errorf("a new object while it goes: %v", err)
	}
	l.run(time.Minute)
	left := must[api.List](t)(l.admin.List(l.widgets("v1"), api.ListOptions{}))
	if len(left.Items) != 1 || left.Items[0].GetName() != "held" || l.server.Get(api.CustomResourceDefinitions, crd) == nil {
		t.Fatalf("left: %v", left.Items)
	}
	must[api.Object](t)(api.Patch(l.admin, l.widgets("v1"), api.KeyOf(held), func(o api.Object) error {
		o.SetFinalizers(nil)
		return nil
	}))
	l.run(time.Minute)
	if l.server.Get(api.CustomResourceDefinitions, crd) != nil || l.widgets("v1") != nil {
		t.Error("the definition is still there")
	}
}

func TestCustomResourcesSurviveARestart(t *testing.T) {
	o := etcdstore.Options{DataDir: t.TempDir()}
	l := openLab(t, DefaultLatency, o, 0)
	if err := l.server.Bootstrap(); err != nil {
		t.Fatal(err)
	}
	l.define()
	must[api.Object](t)(l.create(newWidget("one")))
	if err := l.store.Close(); err != nil {
		t.Fatal(err)
	}
	again := openLab(t, DefaultLatency, o, l.engine.Now())
	list := must[api.List](t)(again.admin.List(again.widgets("v1"), api.ListOptions{}))
	if len(list.Items) != 1 || list.Items[0].GetName() != "one" {
		t.Errorf("after the restart: %v", list.Items)
	}
}

// TestWorkOnADefinitionBacksOff fails work on a definition in a row; another one's does not wait for that.
func TestWorkOnADefinitionBacksOff(t *testing.T) {
	l := newLab(t, DefaultLatency)
	again := func(name string) time.Duration {
		w := engine.Work{Actor: l.server.Name, Kind: defineWork, Key: name}
		l.server.defineAgain(name)
		at, _ := l.engine.Due(w)
		l.engine.Cancel(w)
		return at - l.engine.Now()
	}
	for n := range 25 {
		if got, want := again("widgets.example.com"), min(5*time.Millisecond<<n, 1000*time.Second); got != want {
			t.Errorf("failure %d: again after %v, not %v", n+1, got, want)
		}
	}
	if got := again("others.example.com"); got != 5*time.Millisecond {
		t.Errorf("the other one: again after %v", got)
	}
}
