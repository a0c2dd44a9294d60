package access

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"minisim/sim/api"
)

// world is a few objects: a pod on worker-1 that uses a secret, a config map and a claim.
type world map[string]api.Object

func (w world) Get(r *api.Resource, k api.Key) api.Object { return w[r.StoreKey(k)] }

func (w world) PodsOn(node string, f func(api.Object) bool) {
	for _, o := range w {
		if p, ok := o.(*corev1.Pod); ok && p.Spec.NodeName == node {
			f(p)
		}
	}
}

func newWorld() world {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"}}
	pod.Spec.NodeName, pod.Spec.ServiceAccountName = "worker-1", "robot"
	pod.Spec.Containers = []corev1.Container{{EnvFrom: []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}}}}}
	pod.Spec.Volumes = []corev1.Volume{
		{VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "password"}}},
		{VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}},
	}
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "data"}}
	claim.Spec.VolumeName = "pv-1"
	va := &storagev1.VolumeAttachment{ObjectMeta: metav1.ObjectMeta{Name: "va-1"}}
	va.Spec.NodeName = "worker-1"
	w := world{}
	for _, o := range []api.Object{pod, claim, va} {
		w[api.Of(o).StoreKey(api.KeyOf(o))] = o
	}
	return w
}

// newPolicy has the default roles and bindings.
func newPolicy(more ...api.Object) *Policy {
	p := NewPolicy()
	for _, o := range append(Defaults(), more...) {
		p.Follow(nil, o)
	}
	return p
}

func TestAuthorize(t *testing.T) {
	key := func(s string) api.Key { return api.ParseKey(s) }
	node := []string{"system:nodes", "system:authenticated"}
	where := func(field, value string) fields.Selector { return fields.OneTermEqualSelector(field, value) }
	const w1 = "system:node:worker-1"
	p := newPolicy()
	for _, c := range []struct {
		user   string
		groups []string
		verb   api.Verb
		r      *api.Resource
		sub    string
		key    api.Key
		fields fields.Selector
		rule   string // "" is forbidden
		text   string
	}{
		{"anybody", []string{"system:masters"}, api.VerbDelete, api.Nodes, "", key("worker-1"), nil, "system:masters", ""},
		{"jane", nil, api.VerbList, api.Pods, "", key("default/"), nil, "", `pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"`},
		{"jane", nil, api.VerbCreate, api.Deployments, "", key("default/web"), nil, "", `deployments.apps is forbidden: User "jane" cannot create resource "deployments" in API group "apps" in the namespace "default"`},
		{"jane", nil, api.VerbUpdate, api.Pods, "status", key("default/web"), nil, "", `pods "web" is forbidden: User "jane" cannot update resource "pods/status" in API group "" in the namespace "default"`},

		{"system:kube-scheduler", nil, api.VerbCreate, api.Pods, "binding", key("default/web"), nil, "system:kube-scheduler", ""},
		{"system:kube-scheduler", nil, api.VerbCreate, api.Pods, "", key("default/web"), nil, "", `pods is forbidden: User "system:kube-scheduler" cannot create resource "pods" in API group "" in the namespace "default"`},
		{"system:kube-scheduler", nil, api.VerbUpdate, api.Nodes, "", key("worker-1"), nil, "", `nodes "worker-1" is forbidden: User "system:kube-scheduler" cannot update resource "nodes" in API group "" at the cluster scope`},
		{"system:serviceaccount:kube-system:node-controller", nil, api.VerbUpdate, api.Nodes, "status", key("worker-1"), nil, "system:controller:node-controller", ""},
		{"system:serviceaccount:kube-system:replicaset-controller", nil, api.VerbCreate, api.Pods, "", key("default/web"), nil, "system:controller:replicaset-controller", ""},
		{"system:serviceaccount:default:app", nil, api.VerbGet, api.Pods, "", key("default/web"), nil, "", `pods "web" is forbidden: User "system:serviceaccount:default:app" cannot get resource "pods" in API group "" in the namespace "default"`},
		{"system:serviceaccount:kube-system:coredns", nil, api.VerbWatch, api.EndpointSlices, "", key(""), nil, "system:coredns", ""},

		{w1, node, api.VerbCreate, api.Nodes, "", key("worker-1"), nil, "node authorizer", ""},
		{w1, node, api.VerbPatch, api.Nodes, "status", key("worker-1"), nil, "node authorizer", ""},
		{w1, node, api.VerbList, api.Nodes, "", key(""), where("metadata.name", "worker-1"), "node authorizer", ""},
		{w1, node, api.VerbList, api.Nodes, "", key(""), nil, "", `nodes is forbidden: User "system:node:worker-1" cannot list resource "nodes" in API group "" at the cluster scope: node 'worker-1' cannot read all nodes, only its own Node object`},
		{w1, node, api.VerbGet, api.Nodes, "", key("worker-2"), nil, "", `nodes "worker-2" is forbidden: User "system:node:worker-1" cannot get resource "nodes" in API group "" at the cluster scope: node 'worker-1' cannot read 'worker-2', only its own Node object`},
		{w1, node, api.VerbDelete, api.Nodes, "", key("worker-1"), nil, "", `nodes "worker-1" is forbidden: User "system:node:worker-1" cannot delete resource "nodes" in API group "" at the cluster scope`},
		{w1, node, api.VerbWatch, api.Pods, "", key(""), where("spec.nodeName", "worker-1"), "node authorizer", ""},
		{w1, node, api.VerbWatch, api.Pods, "", key(""), where("spec.nodeName", "worker-2"), "", `pods is forbidden: User "system:node:worker-1" cannot watch resource "pods" in API group "" at the cluster scope: can only list/watch pods with spec.nodeName field selector`},
		{w1, node, api.VerbGet, api.Pods, "", key("default/web"), nil, "node authorizer", ""},
		{"system:node:worker-2", node, api.VerbGet, api.Pods, "", key("default/web"), nil, "", `pods "web" is forbidden: User "system:node:worker-2" cannot get resource "pods" in API group "" in the namespace "default": no relationship found between node 'worker-2' and this object`},
		{w1, node, api.VerbPatch, api.Pods, "", key("default/web"), nil, "", `pods "web" is forbidden: User "system:node:worker-1" cannot patch resource "pods" in API group "" in the namespace "default"`},
		{w1, node, api.VerbUpdate, api.Leases, "", key("kube-node-lease/worker-1"), nil, "node authorizer", ""},
		{w1, node, api.VerbGet, api.Leases, "", key("kube-node-lease/worker-2"), nil, "", `leases.coordination.k8s.io "worker-2" is forbidden: User "system:node:worker-1" cannot get resource "leases" in API group "coordination.k8s.io" in the namespace "kube-node-lease": can only access node lease with the same name as the requesting node`},
		{w1, node, api.VerbGet, api.Secrets, "", key("default/password"), nil, "node authorizer", ""},
		{w1, node, api.VerbGet, api.ConfigMaps, "", key("default/settings"), nil, "node authorizer", ""},
		{w1, node, api.VerbGet, api.Secrets, "", key("default/settings"), nil, "", `secrets "settings" is forbidden: User "system:node:worker-1" cannot get resource "secrets" in API group "" in the namespace "default": no relationship found between node 'worker-1' and this object`},
		{w1, node, api.VerbGet, api.Secrets, "", key("other/password"), nil, "", `secrets "password" is forbidden: User "system:node:worker-1" cannot get resource "secrets" in API group "" in the namespace "other": no relationship found between node 'worker-1' and this object`},
		{w1, node, api.VerbGet, api.Secrets, "", key("default/"), nil, "", `secrets is forbidden: User "system:node:worker-1" cannot get resource "secrets" in API group "" in the namespace "default": No Object name found`},
		{w1, node, api.VerbList, api.Secrets, "", key("default/"), nil, "", `secrets is forbidden: User "system:node:worker-1" cannot list resource "secrets" in API group "" in the namespace "default": No Object name found`},
		{w1, node, api.VerbList, api.Secrets, "", key("default/"), where("metadata.name", "password"), "node authorizer", ""},
		{w1, node, api.VerbList, api.Secrets, "", key(""), nil, "", `secrets is forbidden: User "system:node:worker-1" cannot list resource "secrets" in API group "" at the cluster scope: can only read namespaced object of this type`},
		{w1, node, api.VerbGet, api.PersistentVolumes, "", key(""), nil, "", `persistentvolumes is forbidden: User "system:node:worker-1" cannot get resource "persistentvolumes" in API group "" at the cluster scope: No Object name found`},
		{w1, node, api.VerbGet, api.PersistentVolumeClaims, "", key("default/data"), nil, "node authorizer", ""},
		{w1, node, api.VerbGet, api.PersistentVolumes, "", key("pv-1"), nil, "node authorizer", ""},
		{"system:node:worker-2", node, api.VerbGet, api.PersistentVolumes, "", key("pv-1"), nil, "", `persistentvolumes "pv-1" is forbidden: User "system:node:worker-2" cannot get resource "persistentvolumes" in API group "" at the cluster scope: no relationship found between node 'worker-2' and this object`},
		{w1, node, api.VerbGet, api.VolumeAttachments, "", key("va-1"), nil, "node authorizer", ""},
		{w1, node, api.VerbList, api.Services, "", key(""), nil, "node authorizer", ""},
		{w1, node, api.VerbCreate, api.ServiceAccounts, "token", key("default/robot"), nil, "node authorizer", ""},
		{w1, node, api.VerbGet, api.ServiceAccounts, "", key("default/robot"), nil, "node authorizer", ""},
		{w1, node, api.VerbCreate, api.ServiceAccounts, "token", key("default/default"), nil, "", `serviceaccounts "default" is forbidden: User "system:node:worker-1" cannot create resource "serviceaccounts/token" in API group "" in the namespace "default": no relationship found between node 'worker-1' and this object`},
		{w1, node, api.VerbCreate, api.ServiceAccounts, "", key("default/robot"), nil, "", `serviceaccounts is forbidden: User "system:node:worker-1" cannot create resource "serviceaccounts" in API group "" in the namespace "default": can only read individual service accounts`},
		{w1, node, api.VerbList, api.Namespaces, "", key(""), nil, "", `namespaces is forbidden: User "system:node:worker-1" cannot list resource "namespaces" in API group "" at the cluster scope`},
		{w1, nil, api.VerbGet, api.Nodes, "", key("worker-1"), nil, "", `nodes "worker-1" is forbidden: User "system:node:worker-1" cannot get resource "nodes" in API group "" at the cluster scope`},
	} {
		d, err := p.Authorize(Attributes{User: c.user, Groups: c.groups, Verb: c.verb, Resource: c.r, Subresource: c.sub, Key: c.key, Fields: c.fields}, newWorld())
		text := ""
		if err != nil {
			text = err.Error()
		}
		if d.Rule != c.rule || text != c.text {
			t.Errorf("%s %s %s/%s %s:\ngot  %q %q\nwant %q %q", c.user, c.verb, c.r, c.sub, c.key, d.Rule, text, c.rule, c.text)
		}
	}
}
