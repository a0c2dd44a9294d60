package admission

import (
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
)

// world is some objects, in the order of their keys.
type world []api.Object

func (w world) Get(r *api.Resource, k api.Key) api.Object {
	for _, o := range w {
		if api.Of(o) == r && api.KeyOf(o) == k {
			return o
		}
	}
	return nil
}

func (w world) Each(r *api.Resource, namespace string, f func(api.Object) bool) {
	for _, o := range w {
		if api.Of(o) == r && (namespace == "" || o.GetNamespace() == namespace) && !f(o) {
			return
		}
	}
}

func named(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "default", Name: name} }

func class(name string, value int32, isDefault bool, policy corev1.PreemptionPolicy) *schedulingv1.PriorityClass {
	return &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Value: value, GlobalDefault: isDefault, PreemptionPolicy: &policy}
}

func storage(name string, isDefault string, age time.Duration) *storagev1.StorageClass {
	return &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{
		Name: name, Annotations: map[string]string{defaultClassAnnotation: isDefault}, CreationTimestamp: metav1.Time{Time: time.Unix(1e9, 0).Add(-age)},
	}}
}

var around = world{
	&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "default"}},
	&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1", Labels: map[string]string{corev1.LabelTopologyZone: "z1", corev1.LabelTopologyRegion: "r1", "x": "y"}}},
	class("high", 1000, false, corev1.PreemptNever),
	storage("a-old", "true", time.Hour), storage("b-new", "true", 0), storage("c-new", "true", 0), storage("d-other", "false", 0),
	&corev1.Pod{ObjectMeta: named("there"), Spec: corev1.PodSpec{NodeName: "n2"}},
	podOn("n1", "here", "1"), podOn("n2", "elsewhere", "2"),
}

// podOn is a pod with the volume that has a token.
func podOn(node, name, uid string) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: named(name), Spec: corev1.PodSpec{NodeName: node, Volumes: []corev1.Volume{{VolumeSource: corev1.VolumeSource{Projected: tokenSource()}}}}}
	p.UID = types.UID(uid)
	return p
}

func create(o api.Object) *Attributes {
	return &Attributes{User: "kubernetes-admin", Verb: api.VerbCreate, Resource: api.Of(o), Key: api.KeyOf(o), Object: o, Generate: generate}
}

func generate(base string) string { return base + "abcde" }

func TestPodIsCompleted(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: named("p"), Spec: corev1.PodSpec{
		Containers:        []corev1.Container{{Name: "c"}},
		PriorityClassName: "high",
		Tolerations:       []corev1.Toleration{{Key: corev1.TaintNodeNotReady, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute}},
	}}
	changed, err := Admit(create(pod), around)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(changed, "; "); got != "ServiceAccount: service account default with its token; Priority: priority 1000 of class high; DefaultTolerationSeconds: not-ready and unreachable tolerated for 300 s" {
		t.Errorf("changed: %s", got)
	}
	s := pod.Spec
	if s.ServiceAccountName != "default" || s.DeprecatedServiceAccount != "default" || *s.Priority != 1000 || *s.PreemptionPolicy != corev1.PreemptNever {
		t.Errorf("%+v", s)
	}
	if len(s.Tolerations) != 2 || s.Tolerations[0].TolerationSeconds != nil || s.Tolerations[1].Key != corev1.TaintNodeUnreachable || *s.Tolerations[1].TolerationSeconds != 300 {
		t.Errorf("tolerations %+v", s.Tolerations)
	}
	everything := &corev1.Pod{ObjectMeta: named("p"), Spec: corev1.PodSpec{Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}}}}
	if _, err := Admit(create(everything), around); err != nil || len(everything.Spec.Tolerations) != 1 {
		t.Errorf("a pod that tolerates everything: %v %+v", err, everything.Spec.Tolerations)
	}
}

func TestGlobalDefaultClass(t *testing.T) {
	with := append(world{class("usual", 7, true, corev1.PreemptLowerPriority)}, around...)
	pod := &corev1.Pod{ObjectMeta: named("p")}
	if _, err := Admit(create(pod), with); err != nil || *pod.Spec.Priority != 7 || pod.Spec.PriorityClassName != "usual" {
		t.Errorf("%v %+v", err, pod.Spec)
	}
	if _, err := Admit(create(class("second", 8, true, corev1.PreemptLowerPriority)), with); err == nil || !strings.HasSuffix(err.Error(), "PriorityClass usual is already marked as default. Only one default can exist") {
		t.Errorf("a second default: %v", err)
	}
}

func TestStorage(t *testing.T) {
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: named("c")}
	if _, err := Admit(create(claim), around); err != nil || *claim.Spec.StorageClassName != "b-new" || claim.Finalizers[0] != pvcProtection {
		t.Errorf("%v %+v", err, claim)
	}
	none := ""
	claim = &corev1.PersistentVolumeClaim{ObjectMeta: named("c"), Spec: corev1.PersistentVolumeClaimSpec{StorageClassName: &none}}
	if _, err := Admit(create(claim), around); err != nil || *claim.Spec.StorageClassName != "" {
		t.Errorf("a claim that wants no class: %v %+v", err, claim)
	}
	pv := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "v", Finalizers: []string{pvProtection}}}
	if changed, err := Admit(create(pv), around); err != nil || len(pv.Finalizers) != 1 || len(changed) != 0 {
		t.Errorf("%v %v %+v", err, changed, pv)
	}
}

func TestNewNodesAreTainted(t *testing.T) {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n9"}}
	for range 2 {
		if _, err := Admit(create(node), around); err != nil || len(node.Spec.Taints) != 1 || node.Spec.Taints[0].ToString() != "node.kubernetes.io/not-ready:NoSchedule" {
			t.Errorf("%v %+v", err, node.Spec.Taints)
		}
	}
}

func TestBindingBringsTopology(t *testing.T) {
	b := &corev1.Binding{ObjectMeta: named("p"), Target: corev1.ObjectReference{Name: "n1"}}
	a := &Attributes{Verb: api.VerbCreate, Resource: api.Pods, Subresource: "binding", Key: api.KeyOf(b), Object: b}
	if _, err := Admit(a, around); err != nil || len(b.Labels) != 2 || b.Labels[corev1.LabelTopologyZone] != "z1" {
		t.Errorf("%v %v", err, b.Labels)
	}
}

func TestNodeRestriction(t *testing.T) {
	kubelet := func(verb api.Verb, sub string, o, old api.Object) *Attributes {
		key := api.Key{}
		r := api.Pods
		switch {
		case o != nil:
			key, r = api.KeyOf(o), api.Of(o)
		case old != nil:
			key, r = api.KeyOf(old), api.Of(old)
		}
		return &Attributes{User: "system:node:n1", Groups: []string{"system:nodes"}, Verb: verb, Subresource: sub, Resource: r, Key: key, Object: o, Old: old, Generate: generate}
	}
	ref := func(name, uid string) *authenticationv1.BoundObjectReference {
		return &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: name, UID: types.UID(uid)}
	}
	token := func(bound *authenticationv1.BoundObjectReference, audiences ...string) *Attributes {
		a := kubelet(api.VerbCreate, "token", &corev1.ServiceAccount{ObjectMeta: named("default")}, nil)
		a.Object = &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{BoundObjectRef: bound, Audiences: audiences}}
		return a
	}
	node := func(name string, change func(*corev1.Node)) *corev1.Node {
		n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if change != nil {
			change(n)
		}
		return n
	}
	label := func(k string) func(*corev1.Node) {
		return func(n *corev1.Node) { n.Labels = map[string]string{k: "x"} }
	}
	taint := func(n *corev1.Node) {
		n.Spec.Taints = []corev1.Taint{{Key: "k", Effect: corev1.TaintEffectNoSchedule}}
	}
	there := around[len(around)-1].(*corev1.Pod)
	for _, c := range []struct {
		name string
		a    *Attributes
		want string // the error's end, "" if it is admitted
	}{
		{"registers itself", kubelet(api.VerbCreate, "", node("n1", taint), nil), ""},
		{"with labels of its own", kubelet(api.VerbCreate, "", node("n1", label("disk")), nil), ""},
		{"with a kubelet's label", kubelet(api.VerbCreate, "", node("n1", label("node.kubernetes.io/instance-type")), nil), ""},
		{"with a role", kubelet(api.VerbCreate, "", node("n1", label("node-role.kubernetes.io/control-plane")), nil), "is not allowed to set the following labels: node-role.kubernetes.io/control-plane"},
		{"with an isolating label", kubelet(api.VerbCreate, "", node("n1", label("x.node-restriction.kubernetes.io/a")), nil), "is not allowed to set the following labels: x.node-restriction.kubernetes.io/a"},
		{"registers another", kubelet(api.VerbCreate, "", node("n2", nil), nil), `node "n1" is not allowed to modify node "n2"`},
		{"reports its status", kubelet(api.VerbUpdate, "status", node("n1", nil), node("n1", nil)), ""},
		{"takes its taints away", kubelet(api.VerbUpdate, "", node("n1", nil), node("n1", taint)), `node "n1" is not allowed to modify taints`},
		{"takes a label away", kubelet(api.VerbUpdate, "", node("n1", nil), node("n1", label("kubernetes.io/x"))), "is not allowed to modify labels: kubernetes.io/x"},
		{"creates a pod", kubelet(api.VerbCreate, "", &corev1.Pod{ObjectMeta: named("p")}, nil), `pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods`},
		{"updates another's pod", kubelet(api.VerbUpdate, "status", there, there), `node "n1" can only update pod status for pods with spec.nodeName set to itself`},
		{"wants a token for nobody", token(nil), "node requested token not bound to a pod"},
		{"wants a token for a pod without its UID", token(&authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: "here"}), "node requested token with a pod binding without a uid"},
		{"wants a token for its own pod", token(ref("here", "1")), ""},
		{"wants a token for an earlier pod", token(ref("here", "9")), "the UID in the bound object reference (9) does not match the UID in record. The object might have been deleted and then recreated"},
		{"wants a token for another node's pod", token(ref("elsewhere", "2")), "node requested token bound to a pod scheduled on a different node"},
		{"wants a token for many", token(ref("here", "1"), "a", "b"), "node may only request 0 or 1 audiences"},
		{"wants a token for somebody else", token(ref("here", "1"), "vault"), `audience "vault" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience`},
		{"deletes another's pod", kubelet(api.VerbDelete, "", nil, there), `node "n1" can only delete pods with spec.nodeName set to itself`},
	} {
		_, err := Admit(c.a, around)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasSuffix(err.Error(), ": "+c.want)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
