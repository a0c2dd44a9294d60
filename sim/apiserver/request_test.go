package apiserver

import (
	"errors"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
)

func newConfigMap(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}, Data: map[string]string{"a": "1"}}
}

func newDeployment(name string, replicas int32) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "nginx:1.27"}}},
			},
		},
	}
}

// wantStatus checks an error against code, reason and message of a real server.
func wantStatus(t *testing.T, err error, code int32, reason metav1.StatusReason, message string) {
	t.Helper()
	var s *apierrors.StatusError
	if !errors.As(err, &s) {
		t.Fatalf("want a Status, got %v", err)
	}
	if got := s.ErrStatus; got.Code != code || got.Reason != reason || got.Message != message {
		t.Errorf("got  %d %s %q\nwant %d %s %q", got.Code, got.Reason, got.Message, code, reason, message)
	}
}

// TestRefusals holds the errors against those that a real server (v1.36) gave.
func TestRefusals(t *testing.T) {
	const modified = "the object has been modified; please apply your changes to the latest version and try again"
	cm := func(change func(*corev1.ConfigMap)) *corev1.ConfigMap {
		o := newConfigMap("cm")
		change(o)
		return o
	}
	key := api.Key{Namespace: "default", Name: "cm"}
	for _, c := range []struct {
		name    string
		request api.Request
		code    int32
		reason  metav1.StatusReason
		message string
	}{
		{"get what is not there", api.Request{Verb: api.VerbGet, Resource: api.ConfigMaps, Key: podKey("nothing")},
			404, metav1.StatusReasonNotFound, `configmaps "nothing" not found`},
		{"update what is not there", api.Request{Verb: api.VerbUpdate, Resource: api.ConfigMaps, Object: newConfigMap("nothing")},
			404, metav1.StatusReasonNotFound, `configmaps "nothing" not found`},
		{"delete what is not there", api.Request{Verb: api.VerbDelete, Resource: api.Deployments, Key: podKey("nothing")},
			404, metav1.StatusReasonNotFound, `deployments.apps "nothing" not found`},
		{"create what exists", api.Request{Verb: api.VerbCreate, Resource: api.ConfigMaps, Object: newConfigMap("cm")},
			409, metav1.StatusReasonAlreadyExists, `configmaps "cm" already exists`},
		{"create with a resourceVersion", api.Request{Verb: api.VerbCreate, Resource: api.ConfigMaps, Object: cm(func(o *corev1.ConfigMap) { o.Name, o.ResourceVersion = "new", "5" })},
			500, "", `resourceVersion should not be set on objects to be created`},
		{"create in another namespace than the request's", api.Request{Verb: api.VerbCreate, Resource: api.ConfigMaps, Key: api.Key{Namespace: "kube-system"}, Object: newConfigMap("new")},
			400, metav1.StatusReasonBadRequest, `the namespace of the provided object does not match the namespace sent on the request`},
		{"create in no namespace", api.Request{Verb: api.VerbCreate, Resource: api.ConfigMaps, Object: cm(func(o *corev1.ConfigMap) { o.Namespace = "nowhere" })},
			404, metav1.StatusReasonNotFound, `namespaces "nowhere" not found`},
		{"update an old version", api.Request{Verb: api.VerbUpdate, Resource: api.ConfigMaps, Object: cm(func(o *corev1.ConfigMap) { o.ResourceVersion = "1" })},
			409, metav1.StatusReasonConflict, `Operation cannot be fulfilled on configmaps "cm": ` + modified},
		{"update a version that is none", api.Request{Verb: api.VerbUpdate, Resource: api.ConfigMaps, Object: cm(func(o *corev1.ConfigMap) { o.ResourceVersion = "abc" })},
			500, "", `strconv.ParseUint: parsing "abc": invalid syntax`},
		{"update another object of that name", api.Request{Verb: api.VerbUpdate, Resource: api.ConfigMaps, Object: cm(func(o *corev1.ConfigMap) { o.UID = "other" })},
			409, metav1.StatusReasonConflict, `Operation cannot be fulfilled on configmaps "cm": StorageError: invalid object, Code: 4, Key: /registry/configmaps/default/cm, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: UID-OF-CM`},
		{"update under another name", api.Request{Verb: api.VerbUpdate, Resource: api.ConfigMaps, Key: podKey("other"), Object: newConfigMap("cm")},
			400, metav1.StatusReasonBadRequest, `the name of the object (cm) does not match the name on the URL (other)`},
		{"update a lease without a version", api.Request{Verb: api.VerbUpdate, Resource: api.Leases, Object: &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "lnv"}}},
			422, metav1.StatusReasonInvalid, `leases.coordination.k8s.io "lnv" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`},
		{"delete another object of that name", api.Request{Verb: api.VerbDelete, Resource: api.ConfigMaps, Key: key, Delete: metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions("other")}},
			409, metav1.StatusReasonConflict, `Operation cannot be fulfilled on ConfigMap "cm": the UID in the precondition (other) does not match the UID in record (UID-OF-CM). The object might have been deleted and then recreated`},
		{"delete an old version", api.Request{Verb: api.VerbDelete, Resource: api.ConfigMaps, Key: key, Delete: metav1.DeleteOptions{Preconditions: &metav1.Preconditions{ResourceVersion: ptr("1")}}},
			409, metav1.StatusReasonConflict, `Operation cannot be fulfilled on ConfigMap "cm": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (VERSION-OF-CM). The object might have been modified`},
		{"delete with two policies", api.Request{Verb: api.VerbDelete, Resource: api.ConfigMaps, Key: key, Delete: metav1.DeleteOptions{PropagationPolicy: ptr(metav1.DeletePropagationBackground), OrphanDependents: ptr(true)}},
			422, metav1.StatusReasonInvalid, `DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Background": orphanDependents and deletionPropagation cannot be both set`},
		{"delete a namespace that must be", api.Request{Verb: api.VerbDelete, Resource: api.Namespaces, Key: api.Key{Name: "default"}},
			403, metav1.StatusReasonForbidden, `namespaces "default" is forbidden: this namespace may not be deleted`},
		{"a priority that the class does not give", api.Request{Verb: api.VerbCreate, Resource: api.Pods, Object: podWith(func(p *corev1.Pod) { p.Spec.Priority = ptr(int32(5)) })},
			403, metav1.StatusReasonForbidden, `pods "pod" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name`},
		{"a class that is not there", api.Request{Verb: api.VerbCreate, Resource: api.Pods, Object: podWith(func(p *corev1.Pod) { p.Spec.PriorityClassName = "high" })},
			403, metav1.StatusReasonForbidden, `pods "pod" is forbidden: no PriorityClass with name high was found`},
		{"an account that is not there", api.Request{Verb: api.VerbCreate, Resource: api.Pods, Object: podWith(func(p *corev1.Pod) { p.Spec.ServiceAccountName = "robot" })},
			403, metav1.StatusReasonForbidden, `pods "pod" is forbidden: error looking up service account default/robot: serviceaccount "robot" not found`},
		{"an invalid object", api.Request{Verb: api.VerbCreate, Resource: api.Pods, Object: podWith(func(p *corev1.Pod) { p.Spec.Containers[0].Image = "" })},
			422, metav1.StatusReasonInvalid, `Pod "pod" is invalid: spec.containers[0].image: Required value`},
		{"scale what is not there", api.Request{Verb: api.VerbGet, Resource: api.Deployments, Subresource: "scale", Key: podKey("nothing")},
			404, metav1.StatusReasonNotFound, `deployments.apps "nothing" not found`},
		{"scale an old version", api.Request{Verb: api.VerbUpdate, Resource: api.Deployments, Subresource: "scale", Object: &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web", ResourceVersion: "1"}}},
			409, metav1.StatusReasonConflict, `Operation cannot be fulfilled on deployments.apps "web": ` + modified},
		{"scale below zero", api.Request{Verb: api.VerbUpdate, Resource: api.Deployments, Subresource: "scale", Object: &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"}, Spec: autoscalingv1.ScaleSpec{Replicas: -1}}},
			422, metav1.StatusReasonInvalid, `Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0`},
		{"a subresource that is none", api.Request{Verb: api.VerbUpdate, Resource: api.ConfigMaps, Subresource: "status", Object: newConfigMap("cm")},
			404, metav1.StatusReasonNotFound, `the server could not find the requested resource`},
		{"a verb that a subresource has not", api.Request{Verb: api.VerbDelete, Resource: api.Pods, Subresource: "status", Key: podKey("pod")},
			405, metav1.StatusReasonMethodNotAllowed, `delete is not supported on resources of kind "pods"`},
		{"a patch that does not apply", api.Request{Verb: api.VerbPatch, Resource: api.ConfigMaps, Key: key, PatchType: types.JSONPatchType, Patch: []byte(`[{"op":"remove","path":"/data/zz"}]`)},
			422, metav1.StatusReasonInvalid, `the server rejected our request due to an error in our request`},
		{"a patch that names another object", api.Request{Verb: api.VerbPatch, Resource: api.ConfigMaps, Key: key, PatchType: types.MergePatchType, Patch: []byte(`{"metadata":{"name":"x"}}`)},
			400, metav1.StatusReasonBadRequest, `the name of the object (x) does not match the name on the URL (cm)`},
		{"a patch with an old version", api.Request{Verb: api.VerbPatch, Resource: api.ConfigMaps, Key: key, PatchType: types.MergePatchType, Patch: []byte(`{"metadata":{"resourceVersion":"1"}}`)},
			409, metav1.StatusReasonConflict, `Operation cannot be fulfilled on configmaps "cm": ` + modified},
		{"a strategic patch with a list for its key", api.Request{Verb: api.VerbPatch, Resource: api.Deployments, Key: podKey("web"), PatchType: types.StrategicMergePatchType, Patch: []byte(`{"spec":{"template":{"spec":{"containers":[{"name":[]}]}}}}`)},
			500, "", "this request caused the apiserver to panic: runtime error: comparing uncomparable type []interface {}"},
		{"a strategic patch without its key", api.Request{Verb: api.VerbPatch, Resource: api.Deployments, Key: podKey("web"), PatchType: types.StrategicMergePatchType, Patch: []byte(`{"spec":{"template":{"spec":{"containers":[{"image":"x:1"}]}}}}`)},
			500, "", `map: map[image:x:1] does not contain declared merge key: name`},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t, Latency{})
			have := must[*corev1.ConfigMap](t)(api.Create(l.admin, newConfigMap("cm")))
			must[*appsv1.Deployment](t)(api.Create(l.admin, newDeployment("web", 2)))
			must[*coordinationv1.Lease](t)(api.Create(l.admin, &coordinationv1.Lease{
				ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "lnv"},
				Spec:       coordinationv1.LeaseSpec{HolderIdentity: ptr("me"), LeaseDurationSeconds: ptr(int32(15))},
			}))
			before := l.server.Revision()
			_, err := l.admin.Do(c.request)
			message := strings.NewReplacer("UID-OF-CM", string(have.UID), "VERSION-OF-CM", have.ResourceVersion).Replace(c.message)
			wantStatus(t, err, c.code, c.reason, message)
			if l.server.Revision() != before {
				t.Error("a request that was refused has written")
			}
			if r := l.last(); r.Error != message || c.reason != "" && r.Outcome != Outcome(c.reason) || r.Revision != 0 {
				t.Errorf("record %+v", r)
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }

func podWith(change func(*corev1.Pod)) *corev1.Pod {
	p := newPod("pod")
	change(p)
	return p
}

func TestCreateFillsInWhatTheServerKnows(t *testing.T) {
	l := newLab(t, Latency{})
	l.run(1500 * 1e6)
	in := newPod("")
	in.GenerateName = "web-"
	in.UID, in.Namespace = "mine", "default"
	p := must[*corev1.Pod](t)(api.Create(l.admin, in))
	if in.Name != "" || in.UID != "mine" || in.Spec.Priority != nil {
		t.Error("the server has changed the object that it was given")
	}
	suffix, ok := strings.CutPrefix(p.Name, "web-")
	if !ok || len(suffix) != 5 || strings.Trim(suffix, "bcdfghjklmnpqrstvwxz2456789") != "" {
		t.Errorf("generated name %q", p.Name)
	}
	if u := string(p.UID); len(u) != 36 || u[14] != '4' || !strings.ContainsRune("89ab", rune(u[19])) {
		t.Errorf("UID %q is not a random UUID", u)
	}
	if got := p.CreationTimestamp.UTC().Format("15:04:05.000"); got != "00:00:01.000" {
		t.Errorf("created at %s", got)
	}
	if p.Kind != "Pod" || p.APIVersion != "v1" || p.ResourceVersion == "" {
		t.Errorf("type %s %s, version %q", p.APIVersion, p.Kind, p.ResourceVersion)
	}
	if p.Spec.ServiceAccountName != "default" || *p.Spec.Priority != 0 || len(p.Spec.Tolerations) != 2 || *p.Spec.Tolerations[0].TolerationSeconds != 300 {
		t.Errorf("admission left %+v", p.Spec)
	}
	if p.Status.Phase != corev1.PodPending || p.Spec.RestartPolicy != corev1.RestartPolicyAlways {
		t.Errorf("phase %q, restart policy %q", p.Status.Phase, p.Spec.RestartPolicy)
	}
	again := must[*corev1.Pod](t)(api.Create(l.admin, in))
	if again.Name == p.Name || again.UID == p.UID {
		t.Error("two objects made at one instant have the same name or UID")
	}
}

func TestUpdateWritesOnlyWhatChanges(t *testing.T) {
	l := newLab(t, Latency{})
	first := must[*corev1.ConfigMap](t)(api.Create(l.admin, newConfigMap("cm")))
	same := must[*corev1.ConfigMap](t)(api.Update(l.admin, first))
	if same.ResourceVersion != first.ResourceVersion || l.last().Outcome != Unchanged || l.last().Tell() != "" {
		t.Error("an update that changes nothing has written or is told")
	}
	next := first.DeepCopy()
	next.ResourceVersion, next.UID = "", ""
	next.CreationTimestamp = metav1.Time{}
	next.Data["a"] = "2"
	got := must[*corev1.ConfigMap](t)(api.Update(l.admin, next))
	if got.UID != first.UID || got.CreationTimestamp != first.CreationTimestamp || got.Data["a"] != "2" {
		t.Errorf("an unconditional update gave %+v", got)
	}
	if _, err := api.Update(l.admin, first); !apierrors.IsConflict(err) {
		t.Errorf("the older version was accepted: %v", err)
	}
	if first.Data["a"] != "1" {
		t.Error("an object that was handed out has changed")
	}
}

func TestStatusAndSpecificationAreApart(t *testing.T) {
	l := newLab(t, Latency{})
	d := must[*appsv1.Deployment](t)(api.Create(l.admin, newDeployment("web", 2)))
	both := d.DeepCopy()
	both.Spec.Replicas, both.Status.Replicas = ptr(int32(5)), 7
	got := must[*appsv1.Deployment](t)(api.UpdateStatus(l.admin, both))
	if *got.Spec.Replicas != 2 || got.Status.Replicas != 7 || got.Generation != 1 {
		t.Errorf("status update: replicas %d, status %d, generation %d", *got.Spec.Replicas, got.Status.Replicas, got.Generation)
	}
	both.ResourceVersion, both.Status.Replicas = "", 9
	got = must[*appsv1.Deployment](t)(api.Update(l.admin, both))
	if *got.Spec.Replicas != 5 || got.Status.Replicas != 7 || got.Generation != 2 {
		t.Errorf("update: replicas %d, status %d, generation %d", *got.Spec.Replicas, got.Status.Replicas, got.Generation)
	}
}

func TestPatchKinds(t *testing.T) {
	for _, c := range []struct {
		name  string
		kind  types.PatchType
		patch string
	}{
		{"json", types.JSONPatchType, `[{"op":"replace","path":"/spec/replicas","value":3},{"op":"add","path":"/metadata/labels","value":{"x":"y"}}]`},
		{"merge", types.MergePatchType, `{"spec":{"replicas":3},"metadata":{"labels":{"x":"y"}}}`},
		{"strategic", types.StrategicMergePatchType, `{"spec":{"replicas":3,"template":{"spec":{"containers":[{"name":"app","image":"nginx:1.27"}]}}},"metadata":{"labels":{"x":"y"}}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t, Latency{})
			must[*appsv1.Deployment](t)(api.Create(l.admin, newDeployment("web", 2)))
			o := must[api.Object](t)(l.admin.Do(api.Request{Verb: api.VerbPatch, Resource: api.Deployments, Key: podKey("web"), PatchType: c.kind, Patch: []byte(c.patch)}))
			d := o.(*appsv1.Deployment)
			if *d.Spec.Replicas != 3 || d.Labels["x"] != "y" || len(d.Spec.Template.Spec.Containers) != 1 || d.Generation != 2 {
				t.Errorf("patched: %+v", d)
			}
		})
	}
	t.Run("in process", func(t *testing.T) {
		l := newLab(t, Latency{})
		must[*appsv1.Deployment](t)(api.Create(l.admin, newDeployment("web", 2)))
		list := []string{"kept by the caller"}
		d := must[*appsv1.Deployment](t)(api.Patch(l.admin, api.Deployments, podKey("web"), func(d *appsv1.Deployment) error {
			d.Spec.Template.Spec.Containers[0].Args = list
			return nil
		}))
		list[0] = "changed by the caller"
		if d.Spec.Template.Spec.Containers[0].Args[0] != "kept by the caller" {
			t.Error("the server shares memory with whoever patched")
		}
		refused := errors.New("no")
		if _, err := api.Patch(l.admin, api.Deployments, podKey("web"), func(*appsv1.Deployment) error { return refused }); !errors.Is(err, refused) {
			t.Errorf("the change's own error became %v", err)
		}
	})
}

func TestScale(t *testing.T) {
	l := newLab(t, Latency{})
	must[*appsv1.Deployment](t)(api.Create(l.admin, newDeployment("web", 2)))
	request := func(v api.Verb, replicas int32) *autoscalingv1.Scale {
		o := must[api.Object](t)(l.admin.Do(api.Request{Verb: v, Resource: api.Deployments, Subresource: "scale", Key: podKey("web"),
			Object: &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"}, Spec: autoscalingv1.ScaleSpec{Replicas: replicas}}}))
		return o.(*autoscalingv1.Scale)
	}
	if s := request(api.VerbUpdate, 4); s.Spec.Replicas != 4 || s.Status.Selector != "app=web" {
		t.Errorf("scaled: %+v", s)
	}
	if s := request(api.VerbGet, 0); s.Spec.Replicas != 4 {
		t.Errorf("read: %+v", s)
	}
	d := must[*appsv1.Deployment](t)(api.Get[*appsv1.Deployment](l.admin, api.Deployments, podKey("web")))
	if *d.Spec.Replicas != 4 || d.Generation != 2 {
		t.Errorf("%d replicas, generation %d", *d.Spec.Replicas, d.Generation)
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	l := newLab(t, Latency{})
	must[*corev1.ConfigMap](t)(api.Create(l.admin, newConfigMap("cm")))
	before := l.server.Revision()
	changed := newConfigMap("cm")
	changed.Data["a"] = "2"
	for _, r := range []api.Request{
		{Verb: api.VerbCreate, Resource: api.Pods, Object: newPod("new"), DryRun: true},
		{Verb: api.VerbUpdate, Resource: api.ConfigMaps, Object: changed, DryRun: true},
		{Verb: api.VerbDelete, Resource: api.ConfigMaps, Key: podKey("cm"), DryRun: true},
	} {
		if _, err := l.admin.Do(r); err != nil || l.last().Outcome != DryRun {
			t.Errorf("%s: %v, %s", r.Verb, err, l.last().Outcome)
		}
	}
	if l.server.Revision() != before {
		t.Error("a dry run has written")
	}
}

func TestListSelects(t *testing.T) {
	l := newLab(t, Latency{})
	for _, ns := range []string{"a", "a-b"} {
		must[*corev1.Namespace](t)(api.Create(l.admin, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}))
	}
	for _, p := range []struct{ ns, name, node, tier string }{{"a", "x", "n1", "web"}, {"a-b", "y", "n2", "web"}, {"default", "z", "n1", "db"}} {
		o := newPod(p.name)
		o.Namespace, o.Spec.NodeName, o.Labels = p.ns, p.node, map[string]string{"tier": p.tier}
		must[*corev1.Pod](t)(api.Create(l.admin, o))
	}
	for _, c := range []struct {
		options api.ListOptions
		want    string
	}{
		{api.ListOptions{}, "y x z"}, // as the keys of the store: "a-b/" comes before "a/"
		{api.ListOptions{Namespace: "a"}, "x"},
		{api.ListOptions{Labels: labels.SelectorFromSet(labels.Set{"tier": "web"})}, "y x"},
		{api.ListOptions{Fields: fields.OneTermEqualSelector("spec.nodeName", "n1")}, "x z"},
		{api.ListOptions{Fields: fields.OneTermNotEqualSelector("spec.nodeName", "n1")}, "y"},
		{api.ListOptions{Fields: fields.OneTermEqualSelector("metadata.name", "z")}, "z"},
		{api.ListOptions{Namespace: "a", Fields: fields.OneTermEqualSelector("metadata.name", "z")}, ""},
		{api.ListOptions{Fields: fields.OneTermEqualSelector("status.phase", "Pending"), Namespace: "default"}, "z"},
	} {
		got := must[api.List](t)(l.admin.List(api.Pods, c.options))
		var names []string
		for _, o := range got.Items {
			names = append(names, o.GetName())
		}
		if s := strings.Join(names, " "); s != c.want || got.Revision != l.server.Revision() {
			t.Errorf("%+v: got %q at %d, want %q", c.options, s, got.Revision, c.want)
		}
	}
	_, err := l.admin.List(api.Pods, api.ListOptions{Fields: fields.OneTermEqualSelector("spec.containers", "1")})
	wantStatus(t, err, 400, metav1.StatusReasonBadRequest, "field label not supported: spec.containers")
}

func TestRecordTellsTheWay(t *testing.T) {
	l := newLab(t, Latency{})
	l.watcher(l.client("system:kube-scheduler"), "s", api.Pods, api.ListOptions{}, l.server.Revision())
	l.watcher(l.client("system:kube-controller-manager"), "c", api.Pods, api.ListOptions{}, l.server.Revision())
	must[*corev1.Pod](t)(api.Create(l.admin, newPod("a")))
	want := "create pod default/a: allowed (system:masters), ServiceAccount: service account default with its token, " +
		"DefaultTolerationSeconds: not-ready and unreachable tolerated for 300 s, defaulted, valid → etcd revision 11 → told system:kube-controller-manager, system:kube-scheduler"
	if got := l.last().Tell(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	must[*corev1.Pod](t)(api.Get[*corev1.Pod](l.admin, api.Pods, podKey("a")))
	if got := l.last(); got.Tell() != "" || got.Outcome != Read {
		t.Errorf("a read is told: %s", got.Tell())
	}
	if _, err := api.Create(l.client("jane"), newPod("b")); !apierrors.IsForbidden(err) {
		t.Errorf("got %v", err)
	}
	want = `create pod default/b: pods is forbidden: User "jane" cannot create resource "pods" in API group "" in the namespace "default"`
	if got := l.last().Tell(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestGateAndDown(t *testing.T) {
	l := newLab(t, Latency{})
	gate := error(nil)
	c := l.server.Client(administrator, func(api.Request) error { return gate })
	calls := map[string]func() error{
		"do":    func() error { _, err := api.Create(c, newConfigMap("cm")); return err },
		"list":  func() error { _, err := c.List(api.Pods, api.ListOptions{}); return err },
		"watch": func() error { _, err := c.Watch(api.Pods, api.WatchOptions{From: l.server.Revision()}); return err },
	}
	records := l.trace.Records()
	for name, call := range calls {
		gate = api.ErrStopped
		if err := call(); !errors.Is(err, api.ErrStopped) {
			t.Errorf("%s through a closed gate: %v", name, err)
		}
		gate = nil
		l.server.Down(true)
		if err := call(); !errors.Is(err, api.ErrUnreachable) {
			t.Errorf("%s to a server that is down: %v", name, err)
		}
		l.server.Down(false)
	}
	if l.trace.Records() != records {
		t.Error("a request that did not reach the server has left a record")
	}
	for name, call := range calls {
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConsequence(t *testing.T) {
	l := newLab(t, Latency{})
	node := must[*corev1.Node](t)(api.Create(l.admin, newNode("n1")))
	quiet := func(name string, want bool, do func() error) {
		t.Helper()
		l.run(1e9)
		if err := do(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := l.engine.Quiet() > 0; got != want {
			t.Errorf("%s: quiet is %v", name, got)
		}
		if told := l.last().Tell() != ""; told == want {
			t.Errorf("%s: told is %v", name, told)
		}
	}
	heartbeat := func(status corev1.ConditionStatus) func() error {
		return func() error {
			_, err := api.PatchStatus(l.admin, api.Nodes, api.KeyOf(node), func(n *corev1.Node) error {
				n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status, LastHeartbeatTime: metav1.NewTime(l.engine.Clock())}}
				return nil
			})
			return err
		}
	}
	quiet("a first status", false, heartbeat(corev1.ConditionTrue))
	quiet("a heartbeat", true, heartbeat(corev1.ConditionTrue))
	quiet("a node that is not ready", false, heartbeat(corev1.ConditionFalse))
	quiet("a lease", true, func() error {
		_, err := api.Create(l.admin, &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Namespace: "kube-node-lease", Name: "n1"},
			Spec:       coordinationv1.LeaseSpec{HolderIdentity: ptr("n1"), LeaseDurationSeconds: ptr(int32(40))},
		})
		return err
	})
	quiet("a pod", false, func() error { _, err := api.Create(l.admin, newPod("a")); return err })
}

// causeOf is the message of a Status' first cause.
func causeOf(err error) string {
	var s *apierrors.StatusError
	if !errors.As(err, &s) || s.ErrStatus.Details == nil || len(s.ErrStatus.Details.Causes) == 0 {
		return ""
	}
	return s.ErrStatus.Details.Causes[0].Message
}
