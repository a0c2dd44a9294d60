package apiserver

import (
	"bytes"
	"encoding/json"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/internal/conformance"
	"minisim/sim/api"
	"minisim/sim/apiserver/kinds"
)

// FuzzObjects takes anything for an object of any kind and does to it all that a
// create and an update do but for storing it. What was stored is read as it was written.
func FuzzObjects(f *testing.F) {
	cases, err := conformance.Load("objects")
	if err != nil {
		f.Fatal(err)
	}
	resources := api.Resources()
	for _, c := range cases {
		var is struct{ Kind string }
		if json.Unmarshal(c.Request.Data(), &is) != nil {
			continue
		}
		for i, r := range resources {
			if r.Kind == is.Kind {
				f.Add(byte(i), []byte(c.Request.Data()))
			}
		}
	}
	f.Fuzz(func(t *testing.T, which byte, body []byte) {
		r := resources[int(which)%len(resources)]
		o, _, err := kinds.DecodeBody(r.GVK(), r.New, body, true, false)
		if err != nil {
			return
		}
		s := kinds.For(r)
		for _, do := range []func(api.Object){s.Default, s.PrepareForCreate} {
			if do != nil {
				do(o)
			}
		}
		if s.Validate != nil {
			s.Validate(o)
		}
		if s.Warnings != nil {
			s.Warnings(o)
		}
		if s.PrepareForUpdate != nil {
			changed := o.DeepCopyObject().(api.Object)
			s.PrepareForUpdate(changed, o)
			s.ValidateUpdate(changed, o)
		}
		stays(t, r, o)
	})
}

// stays fails if an object is not read as it was written.
func stays(t *testing.T, r *api.Resource, o api.Object) {
	t.Helper()
	data, err := encode(r, o)
	if err != nil {
		return // it has texts that are none
	}
	read, err := decode(r, data, 0)
	if err != nil {
		t.Fatalf("%v in %q", err, data)
	}
	if again, err := encode(r, read); err != nil || !bytes.Equal(again, data) {
		t.Errorf("%s becomes (%v)\n%q, was\n%q", r.Kind, err, again, data)
	}
}

// FuzzPatches changes a pod and a Service by anything that calls itself a patch, of each sort.
func FuzzPatches(f *testing.F) {
	f.Add(true, byte(0), []byte(`[{"op":"add","path":"/metadata/labels/x","value":"y"},{"op":"copy","from":"/spec","path":"/status"}]`))
	f.Add(true, byte(1), []byte(`{"metadata":{"labels":{"a":null}},"spec":null}`))
	f.Add(false, byte(2), []byte(`{"spec":{"ports":[{"$patch":"replace"},{"port":5}],"$setElementOrder/ports":[{"port":5},{"port":80}]}}`))
	f.Add(false, byte(2), []byte(`{"spec":{"$retainKeys":["type"],"type":"NodePort"},"metadata":{"$deleteFromPrimitiveList/finalizers":["a"]}}`))
	f.Add(true, byte(3), []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: b}, {name: a}]}"))
	kindsOf := []types.PatchType{types.JSONPatchType, types.MergePatchType, types.StrategicMergePatchType, types.ApplyYAMLPatchType}
	l := newLab(f, Latency{})
	pod := must[*corev1.Pod](f)(api.Create(l.admin, newPod("p")))
	service := must[*corev1.Service](f)(api.Create(l.admin, newService("s", corev1.ServiceTypeClusterIP)))
	f.Fuzz(func(_ *testing.T, first bool, kind byte, patch []byte) {
		r, o := api.Services, api.Object(service)
		if first {
			r, o = api.Pods, pod
		}
		_, _ = l.admin.Do(api.Request{
			Verb: api.VerbPatch, Resource: r, Key: api.KeyOf(o), PatchType: kindsOf[int(kind)%len(kindsOf)], Patch: patch, DryRun: true, Manager: "fuzz",
		})
	})
}
