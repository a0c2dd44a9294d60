package apiserver

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

// withQuota gives the namespace default a quota of two pods with one CPU that is counted as empty.
func withQuota(l *lab) {
	l.Helper()
	hard := corev1.ResourceList{"pods": resource.MustParse("2"), "requests.cpu": resource.MustParse("1")}
	q := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "q"}, Spec: corev1.ResourceQuotaSpec{Hard: hard}}
	q, err := api.Create(l.admin, q)
	if err != nil {
		l.Fatal(err)
	}
	q = q.DeepCopy()
	q.Status = corev1.ResourceQuotaStatus{Hard: hard, Used: corev1.ResourceList{"pods": {}, "requests.cpu": {}}}
	if _, err := api.UpdateStatus(l.admin, q); err != nil {
		l.Fatal(err)
	}
}

// requests are the records of all requests so far.
func (l *lab) requests() (out []Request) {
	for _, r := range l.records {
		if q, ok := r.Body.(Request); ok {
			out = append(out, q)
		}
	}
	return out
}

func podOfCPU(name, cpu string) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
	pod.Spec.Containers = []corev1.Container{{Name: "app", Image: "x"}}
	if cpu != "" {
		pod.Spec.Containers[0].Resources.Requests = corev1.ResourceList{"cpu": resource.MustParse(cpu)}
	}
	return pod
}

func TestQuotaIsCharged(t *testing.T) {
	l := newLab(t, Latency{})
	withQuota(l)
	used := func() string {
		u := l.server.Get(api.ResourceQuotas, api.Key{Namespace: "default", Name: "q"}).(*corev1.ResourceQuota).Status.Used
		pods, cpu := u["pods"], u["requests.cpu"]
		return pods.String() + " " + cpu.String()
	}
	dry := api.Request{Verb: api.VerbCreate, Resource: api.Pods, Object: podOfCPU("dry", "400m"), DryRun: true}
	if _, err := l.admin.Do(dry); err != nil || used() != "0 0" {
		t.Errorf("a dry run: %v, %s", err, used())
	}
	for _, c := range []struct{ name, cpu, refusal, used string }{
		{"a", "400m", "", "1 400m"},
		{"b", "", `pods "b" is forbidden: failed quota: q: must specify requests.cpu for: app`, "1 400m"},
		{"c", "700m", `pods "c" is forbidden: exceeded quota: q, requested: requests.cpu=700m, used: requests.cpu=400m, limited: requests.cpu=1`, "1 400m"},
		{"d", "600m", "", "2 1"},
		{"e", "1m", `pods "e" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=1m, used: pods=2,requests.cpu=1, limited: pods=2,requests.cpu=1`, "2 1"},
	} {
		_, err := api.Create(l.admin, podOfCPU(c.name, c.cpu))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.refusal || used() != c.used || (err != nil) != apierrors.IsForbidden(err) {
			t.Errorf("%s: %q, used %s", c.name, got, used())
		}
	}
	rec := slices.IndexFunc(l.requests(), func(r Request) bool { return r.Key == "default/a" && r.Outcome == Created })
	if rec < 0 || !strings.Contains(strings.Join(l.requests()[rec].Admission, "; "), "ResourceQuota: charged to q") {
		t.Error("the account of the run does not tell of the charge")
	}
}

// TestQuotaWithinGroup has several pods created in one transaction, each of which
// finds what those before it have used.
func TestQuotaWithinGroup(t *testing.T) {
	l := newLab(t, Latency{})
	withQuota(l)
	var refused int
	api.Together(l.admin, func() {
		for _, name := range []string{"a", "b", "c"} {
			if _, err := api.Create(l.admin, podOfCPU(name, "300m")); apierrors.IsForbidden(err) {
				refused++
			}
		}
	})
	if refused != 1 || l.server.Get(api.Pods, api.Key{Namespace: "default", Name: "c"}) != nil {
		t.Errorf("%d pods were refused", refused)
	}
}

func TestPodSecurityWarns(t *testing.T) {
	l := newLab(t, Latency{})
	label := func(level string) {
		if _, err := api.Patch(l.admin, api.Namespaces, api.Key{Name: "default"}, func(ns *corev1.Namespace) error {
			ns.Labels = map[string]string{"pod-security.kubernetes.io/" + level: "restricted"}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	var warnings []string
	try := func(name string) error {
		_, err := l.admin.Do(api.Request{Verb: api.VerbCreate, Resource: api.Pods, Object: podOfCPU(name, ""), Warn: func(s string) { warnings = append(warnings, s) }})
		return err
	}
	label("warn")
	if err := try("a"); err != nil || len(warnings) != 1 || !strings.HasPrefix(warnings[0], `would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "app" must set securityContext.allowPrivilegeEscalation=false)`) {
		t.Errorf("%v, %q", err, warnings)
	}
	label("audit")
	if err := try("b"); err != nil || len(warnings) != 1 {
		t.Errorf("%v, %q", err, warnings)
	}
	if recs := l.requests(); !strings.Contains(strings.Join(recs[len(recs)-1].Admission, "; "), "PodSecurity: would violate") {
		t.Errorf("not audited: %+v", recs[len(recs)-1])
	}
	label("enforce")
	if err := try("c"); !apierrors.IsForbidden(err) {
		t.Error(err)
	}
}
