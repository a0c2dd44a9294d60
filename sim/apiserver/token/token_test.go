package token

import (
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
)

// world is what there is.
type world []api.Object

func (w world) Get(r *api.Resource, k api.Key) api.Object {
	for _, o := range w {
		if api.Of(o) == r && api.KeyOf(o) == k {
			return o
		}
	}
	return nil
}

func meta(namespace, name, uid string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(uid)}
}

var (
	now    = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	robot  = &corev1.ServiceAccount{ObjectMeta: meta("shop", "robot", "1")}
	pod    = &corev1.Pod{ObjectMeta: meta("shop", "app", "2"), Spec: corev1.PodSpec{ServiceAccountName: "robot", NodeName: "n1"}}
	other  = &corev1.Pod{ObjectMeta: meta("shop", "other", "3"), Spec: corev1.PodSpec{ServiceAccountName: "default", NodeName: "gone"}}
	secret = &corev1.Secret{ObjectMeta: meta("shop", "old", "4")}
	node   = &corev1.Node{ObjectMeta: meta("", "n1", "5")}
	around = world{robot, pod, other, secret, node}
)

func request(seconds int64, kind, name, uid string) *authenticationv1.TokenRequest {
	r := &authenticationv1.TokenRequest{}
	if seconds != 0 {
		r.Spec.ExpirationSeconds = &seconds
	}
	if kind != "" {
		r.Spec.BoundObjectRef = &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: kind, Name: name, UID: types.UID(uid)}
	}
	Default(r)
	return r
}

func TestLifetime(t *testing.T) {
	for _, c := range []struct {
		name      string
		r         *authenticationv1.TokenRequest
		lasts     int64
		warnAfter int64
		fault     string
	}{
		{"nothing said", request(0, "", "", ""), 3600, 0, ""},
		{"the shortest", request(600, "", "", ""), 600, 0, ""},
		{"too short", request(599, "", "", ""), 0, 0, "may not specify a duration less than 10 minutes"},
		{"too long", request(1<<32+1, "", "", ""), 0, 0, "may not specify a duration larger than 2^32 seconds"},
		{"of a pod's volume", request(3607, "Pod", "app", "2"), 365 * 24 * 3600, 3607, ""},
		{"of no pod", request(3607, "", "", ""), 3607, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if errs := Validate(c.r); len(errs) > 0 || c.fault != "" {
				if len(errs) != 1 || !strings.HasSuffix(errs[0].Error(), c.fault) || c.fault == "" {
					t.Errorf("faults %v, want %q", errs, c.fault)
				}
				return
			}
			got, err := Grant(c.r, robot, around, now)
			if err != nil || got.Expiry != now.Unix()+c.lasts {
				t.Errorf("%v, lasts %d s", err, got.Expiry-now.Unix())
			}
			if w := got.Kubernetes.WarnAfter; c.warnAfter == 0 && w != 0 || c.warnAfter != 0 && w != now.Unix()+c.warnAfter {
				t.Errorf("warns after %d", w)
			}
		})
	}
	elsewhere := request(3607, "Pod", "app", "2")
	elsewhere.Spec.Audiences = []string{"vault"}
	if got, err := Grant(elsewhere, robot, around, now); err != nil || got.Expiry != now.Unix()+3607 {
		t.Errorf("a token for somebody else lasts %d s, %v", got.Expiry-now.Unix(), err)
	}
}

func TestBinding(t *testing.T) {
	for _, c := range []struct {
		name  string
		r     *authenticationv1.TokenRequest
		fault string
	}{
		{"a pod", request(0, "Pod", "app", ""), ""},
		{"its UID", request(0, "Pod", "app", "2"), ""},
		{"a secret", request(0, "Secret", "old", "4"), ""},
		{"a node", request(0, "Node", "n1", "5"), ""},
		{"another UID", request(0, "Pod", "app", "9"), `Operation cannot be fulfilled on Pod "app": the UID in the bound object reference (9) does not match the UID in record. The object might have been deleted and then recreated`},
		{"another account's pod", request(0, "Pod", "other", ""), `cannot bind token for serviceaccount "robot" to pod running with different serviceaccount name.`},
		{"no such pod", request(0, "Pod", "nothing", ""), `pods "nothing" not found`},
		{"no such kind", request(0, "ConfigMap", "x", ""), "cannot bind token to object of type /v1, Kind=ConfigMap"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Grant(c.r, robot, around, now)
			if c.fault != "" {
				if err == nil || err.Error() != c.fault {
					t.Errorf("got  %v\nwant %s", err, c.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if u, err := got.Check(around, now); err != nil || u.Name != "system:serviceaccount:shop:robot" || u.UID != "1" {
				t.Errorf("%+v, %v", u, err)
			}
		})
	}
}

func TestPodsTokenTellsOfTheNode(t *testing.T) {
	c, err := Grant(request(0, "Pod", "app", ""), robot, around, now)
	if err != nil {
		t.Fatal(err)
	}
	c.ID = "x"
	u, err := c.Check(world{robot, pod}, now) // which needs not be there any more
	if err != nil || u.Extra[podName][0] != "app" || u.Extra[podUID][0] != "2" || u.Extra[nodeName][0] != "n1" || u.Extra[nodeUID][0] != "5" || u.Extra[credentialID][0] != "JTI=x" {
		t.Errorf("%+v, %v", u, err)
	}
	if c, err = Grant(request(0, "Pod", "other", ""), &corev1.ServiceAccount{ObjectMeta: meta("shop", "default", "6")}, around, now); err != nil || *c.Kubernetes.Node != (Ref{Name: "gone"}) {
		t.Errorf("a node that is gone: %+v, %v", c.Kubernetes.Node, err)
	}
}

func TestTokenIsGoodNoMore(t *testing.T) {
	deleted := func(o api.Object, ago time.Duration) api.Object {
		o = o.DeepCopyObject().(api.Object)
		o.SetDeletionTimestamp(&metav1.Time{Time: now.Add(-ago)})
		return o
	}
	again := &corev1.ServiceAccount{ObjectMeta: meta("shop", "robot", "8")}
	anew := &corev1.Node{ObjectMeta: meta("", "n1", "9")}
	for _, c := range []struct {
		name       string
		kind, of   string
		now        world
		later      time.Duration
		is         string
		wantsGroup bool
	}{
		{"all is there", "Pod", "app", around, 0, "", true},
		{"within the leeway", "", "", around, 3660 * time.Second, "", true},
		{"it has expired", "", "", around, 3661 * time.Second, "service account token has expired", false},
		{"it is for later", "", "", around, -2 * time.Minute, "service account token is not valid yet", false},
		{"the account is gone", "", "", world{pod}, 0, `serviceaccounts "robot" not found`, false},
		{"the account is another one", "", "", world{again}, 0, "service account UID (8) does not match claim (1)", false},
		{"the account has just been deleted", "", "", world{deleted(robot, time.Minute)}, 0, "", true},
		{"the account should be gone", "", "", world{deleted(robot, 61*time.Second)}, 0, "service account shop/robot has been deleted", false},
		{"the pod is gone", "Pod", "app", world{robot}, 0, "service account token has been invalidated", false},
		{"the pod should be gone", "Pod", "app", world{robot, deleted(pod, 2*time.Minute)}, 0, "service account token has been invalidated", false},
		{"the secret is gone", "Secret", "old", world{robot}, 0, "service account token has been invalidated", false},
		{"the node is another one", "Node", "n1", world{robot, anew}, 0, "node UID (9) does not match service account node ref claim (5)", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			claims, err := Grant(request(0, c.kind, c.of, ""), robot, around, now)
			if err != nil {
				t.Fatal(err)
			}
			u, err := claims.Check(c.now, now.Add(c.later))
			if err == nil && c.is != "" || err != nil && err.Error() != c.is {
				t.Errorf("got  %v\nwant %s", err, c.is)
			}
			if c.wantsGroup && strings.Join(u.Groups, " ") != "system:serviceaccounts system:serviceaccounts:shop" {
				t.Errorf("groups %v", u.Groups)
			}
		})
	}
}

func TestAudience(t *testing.T) {
	c := Claims{Audience: []string{"a", "b"}}
	if both, err := c.For([]string{"b", "x"}); err != nil || len(both) != 1 || both[0] != "b" {
		t.Errorf("%v, %v", both, err)
	}
	if _, err := c.For([]string{"x"}); err == nil || err.Error() != `token audiences ["a" "b"] is invalid for the target audiences ["x"]` {
		t.Error(err)
	}
}
