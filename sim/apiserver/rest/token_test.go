package rest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	clientrest "k8s.io/client-go/rest"

	"minisim/sim/apiserver/token"
	"minisim/sim/engine"
)

// bearing is a client that shows a token and nothing else.
func (w *town) bearing(token string) *kubernetes.Clientset {
	return w.client("", func(c *clientrest.Config) {
		c.BearerToken, c.CertData, c.KeyData = token, nil, nil
	})
}

// TestTokenOfAPod follows a token from its issue to the end of the pod that it is bound to.
func TestTokenOfAPod(t *testing.T) {
	w := build(t, config(), 10)
	for _, contentType := range []string{"application/json", protobuf} {
		t.Run(contentType, func(t *testing.T) {
			ctx, admin := t.Context(), w.client(contentType)
			pods, accounts := admin.CoreV1().Pods("default"), admin.CoreV1().ServiceAccounts("default")
			pod, err := pods.Create(ctx, &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: "app"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "nginx:1.27"}}},
			}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			issued, err := accounts.CreateToken(ctx, "default", &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
				BoundObjectRef: &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: "app"},
			}}, metav1.CreateOptions{})
			if err != nil || issued.Name != "default" || *issued.Spec.ExpirationSeconds != 3600 || issued.Status.ExpirationTimestamp.Sub(issued.CreationTimestamp.Time) != time.Hour {
				t.Fatalf("%+v, %v", issued, err)
			}
			robot := w.bearing(issued.Status.Token)
			who, err := robot.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			u := who.Status.UserInfo
			if u.Username != "system:serviceaccount:default:default" || strings.Join(u.Groups, " ") != "system:serviceaccounts system:serviceaccounts:default system:authenticated" ||
				u.UID == "" || u.Extra["authentication.kubernetes.io/pod-uid"][0] != string(pod.UID) {
				t.Errorf("who: %+v", u)
			}
			if _, err := robot.CoreV1().Secrets("default").List(ctx, metav1.ListOptions{}); !apierrors.IsForbidden(err) {
				t.Errorf("a secret without a right to it: %v", err)
			}
			review := func() authenticationv1.TokenReviewStatus {
				r, err := admin.AuthenticationV1().TokenReviews().Create(ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: issued.Status.Token}}, metav1.CreateOptions{})
				if err != nil {
					t.Fatal(err)
				}
				return r.Status
			}
			if s := review(); !s.Authenticated || s.User.Username != u.Username || len(s.Audiences) != 1 || s.Error != "" {
				t.Errorf("review: %+v", s)
			}
			if _, err := robot.AuthenticationV1().TokenReviews().Create(ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: "x"}}, metav1.CreateOptions{}); !apierrors.IsForbidden(err) {
				t.Errorf("anybody may review tokens: %v", err)
			}
			now := int64(0)
			if err := pods.Delete(ctx, "app", metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
				t.Fatal(err)
			}
			if _, err := robot.CoreV1().Pods("default").List(ctx, metav1.ListOptions{}); !apierrors.IsUnauthorized(err) {
				t.Errorf("after the pod's end: %v", err)
			}
			if s := review(); s.Authenticated || s.Error != "service account token has been invalidated" {
				t.Errorf("review after the pod's end: %+v", s)
			}
		})
	}
}

// TestTokenGrantsWhatRolesSay has a token read what a role lets its account read, until the account goes.
func TestTokenGrantsWhatRolesSay(t *testing.T) {
	w := build(t, config(), 10)
	ctx, admin := t.Context(), w.client("")
	if _, err := admin.CoreV1().ServiceAccounts("default").Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "reader"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.RbacV1().RoleBindings("default").Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "readers"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: "default", Name: "reader"}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	elsewhere, err := admin.CoreV1().ServiceAccounts("default").CreateToken(ctx, "reader", &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: []string{"vault"}}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.bearing(elsewhere.Status.Token).CoreV1().Pods("default").List(ctx, metav1.ListOptions{}); !apierrors.IsUnauthorized(err) {
		t.Errorf("with a token for somebody else: %v", err)
	}
	issued, err := admin.CoreV1().ServiceAccounts("default").CreateToken(ctx, "reader", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	reader := w.bearing(issued.Status.Token)
	if _, err := reader.CoreV1().Pods("default").List(ctx, metav1.ListOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := reader.CoreV1().Pods("kube-system").List(ctx, metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("in another namespace: %v", err)
	}
	if err := admin.CoreV1().ServiceAccounts("default").Delete(ctx, "reader", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.CoreV1().Pods("default").List(ctx, metav1.ListOptions{}); !apierrors.IsUnauthorized(err) {
		t.Errorf("after the account's end: %v", err)
	}
}

// TestForgedTokens shows tokens that nobody here has signed.
func TestForgedTokens(t *testing.T) {
	w := build(t, config(), 10)
	issued, err := w.client("").CoreV1().ServiceAccounts("kube-system").CreateToken(t.Context(), "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	real := strings.Split(issued.Status.Token, ".")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(algorithm jose.SignatureAlgorithm, key any) string {
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, nil)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := jose.ParseSigned(issued.Status.Token, []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			t.Fatal(err)
		}
		signed, err := s.Sign(parsed.UnsafePayloadWithoutVerification())
		if err != nil {
			t.Fatal(err)
		}
		text, err := signed.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for name, token := range map[string]string{
		"none":              "eyJhbGciOiJub25lIn0." + real[1] + ".",
		"no signature":      real[0] + "." + real[1] + ".",
		"another key":       sign(jose.ES256, key),
		"another algorithm": sign(jose.HS256, []byte(strings.Repeat("k", 32))),
		"another payload":   real[0] + "." + real[1][:len(real[1])-4] + "AAAA." + real[2],
	} {
		if code, body, _ := w.ask("GET", "/api", token, ""); code != 401 {
			t.Errorf("%s: %d %s", name, code, body)
		}
	}
	if code, body, _ := w.ask("GET", "/api", issued.Status.Token, ""); code != 200 {
		t.Errorf("the true one: %d %s", code, body)
	}
}

// TestIssuerIsKnown checks a token by what discovery says, as others would.
func TestIssuerIsKnown(t *testing.T) {
	w := build(t, config(), 10)
	issued, err := w.client("").CoreV1().ServiceAccounts("default").CreateToken(t.Context(), "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	token := issued.Status.Token
	if code, _, _ := w.ask("GET", "/openid/v1/jwks", "", ""); code != 403 {
		t.Errorf("nobody may ask for the keys: %d", code)
	}
	_, body, _ := w.ask("GET", "/.well-known/openid-configuration", token, "")
	if !strings.Contains(body, `"issuer": "https://kubernetes.default.svc.cluster.local"`) || !strings.Contains(body, "/openid/v1/jwks") {
		t.Error(body)
	}
	_, body, _ = w.ask("GET", "/openid/v1/jwks", token, "")
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(body), &keys); err != nil || len(keys.Keys) != 1 || !keys.Keys[0].IsPublic() {
		t.Fatalf("%v: %s", err, body)
	}
	signed, err := jose.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signed.Verify(keys.Keys[0]); err != nil || signed.Signatures[0].Header.KeyID != keys.Keys[0].KeyID {
		t.Errorf("%v, key %s", err, signed.Signatures[0].Header.KeyID)
	}
}

// TestTokensLeaveNoTrace has tokens issued and shown: no step of the run, and nothing in its hash.
func TestTokensLeaveNoTrace(t *testing.T) {
	w := build(t, config(), 1)
	w.pause()
	state := func() (steps uint64, hash string) {
		w.visit(func(e *engine.Engine) { steps, hash = e.Steps(), w.cluster.Trace.Hash() })
		return steps, hash
	}
	steps, hash := state()
	first := ""
	for range 3 {
		issued, err := w.client("").CoreV1().ServiceAccounts("default").CreateToken(t.Context(), "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if issued.Status.Token == first {
			t.Error("two tokens are the same")
		}
		first = issued.Status.Token
		w.ask("GET", "/api", first, "")
	}
	if s, h := state(); s != steps || h != hash {
		t.Errorf("%d steps, hash %s; before %d, %s", s, h, steps, hash)
	}
}

// TestListedTokenIsForTheServer reviews a token from the list, for the server and for somebody else.
func TestListedTokenIsForTheServer(t *testing.T) {
	w := build(t, config(), 10)
	for audience, want := range map[string]bool{"": true, token.Issuer: true, "vault": false} {
		r := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: "secret"}}
		if audience != "" {
			r.Spec.Audiences = []string{audience, "another"}
		}
		got, err := w.client("").AuthenticationV1().TokenReviews().Create(t.Context(), r, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if s := got.Status; s.Authenticated != want || want != slices.Equal(s.Audiences, []string{token.Issuer}) || want != (s.Error == "") {
			t.Errorf("for %q: %+v", audience, s)
		}
	}
}
