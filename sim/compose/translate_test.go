package compose

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"minisim/internal/source"
)

// TestFaults are faults that need other files, or are not in testdata/golden/faults.yaml for another reason. The file
// stands in a folder with the files that are named.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name, text string
		files      map[string]string
		want       string
	}{
		{"missing env_file", "services: {web: {image: a, env_file: [x.env]}}", nil,
			`compose.yaml:1:39: services.web.env_file[0]: cannot read "x.env": no such file or directory`},
		{"broken env_file", "services: {web: {image: a, env_file: x.env}}", map[string]string{"x.env": "A=\"b\n"},
			`compose.yaml:1:28: broken environment file "x.env"`},
		{"missing include", "include: [more.yaml]\nservices: {web: {image: a}}", nil, `compose.yaml:1:11: more.yaml: no such file`},
		{"include of itself", "include: [compose.yaml]\nservices: {web: {image: a}}", map[string]string{"compose.yaml": "services: {web: {image: a}}"}, ``},
		{"fault in an included file", "include: [more.yaml]", map[string]string{"more.yaml": "services:\n  a:\n    imgae: x\n    image: y\n"},
			`more.yaml:3:5: services.a has no key "imgae"; did you mean "image"?`},
		{"broken included file", "include: [more.yaml]", map[string]string{"more.yaml": "services: [\n"}, `more.yaml:2:1: broken YAML`},
		{"remote include", "include: ['oci://example.com/a']", nil, `compose.yaml:1:11: "oci://example.com/a" is not a local file`},
		{"missing extends file", "services: {web: {extends: {file: b.yaml, service: a}}}", nil, `compose.yaml:1:28: b.yaml: no such file`},
		{"unknown extended service", "services: {web: {extends: {file: b.yaml, service: bass}}}", map[string]string{"b.yaml": "services: {base: {image: x}}"},
			`compose.yaml:1:42: services.web.extends.service: there is no service "bass" in b.yaml; did you mean "base"?`},
		{"unknown extended service here", "services: {web: {extends: bass}, base: {image: x}}", nil,
			`compose.yaml:1:18: services.web.extends: there is no service "bass"; did you mean "base"?`},
		{"circle of extends", "services: {a: {extends: b, image: x}, b: {extends: a}}", nil, `compose.yaml:1:43: services extend each other in a circle: a → b → a; remove one of these extends`},
		{"dependency in a profile", "services: {web: {image: a, depends_on: [db]}, db: {image: b, profiles: [data]}}", nil,
			`compose.yaml:1:41: services.web.depends_on[0]: service "db" is not started, because no profile data is active; start it with --profile data, or say required: false`},
		{"names that become one", "services: {a_b: {image: x}, a-b: {image: y}}", nil,
			`compose.yaml:1:29: services.a_b and services.a-b would both be Service "a-b" in Kubernetes; rename one of them`},
		{"volumes that become one", "services: {a: {image: x, volumes: ['v_1:/a', 'v-1:/b']}}\nvolumes: {v_1: , v-1: }", nil,
			`would both be PersistentVolumeClaim "v-1" in Kubernetes`},
		{"project name", "name: My Shop\nservices: {web: {image: a}}", nil,
			`compose.yaml:1:1: "My Shop" is no project name: only small letters, digits, - and _, with a letter or digit first; for example myshop`},
		{"a key that is no text", "services: {web: {image: a, environment: {80: a}}}", nil, `compose.yaml:1:42: the key 80 is not text; put it in quotes`},
		{"no services", "volumes: {a: }", nil, `compose.yaml: there are no services in the file; write them under services:`},
		{"no services, and said so", "services: {}", nil, ``},
		{"all services inactive", "services: {web: {image: a, profiles: [x]}}", nil, ``},
		{"a long circle", "services: {a: {image: x, depends_on: [b]}, b: {image: x, links: [c]}, c: {image: x, network_mode: 'service:a'}}", nil,
			`services wait for each other in a circle: a → b → c → a; remove one of these dependencies`},
		{"scale and replicas", "services: {a: {image: x, scale: 2, deploy: {replicas: 3}}}", nil, `compose.yaml:1:26: services.a: scale is 2, but deploy.replicas is 3; keep one of them`},
		{"container_name and replicas", "services: {a: {image: x, scale: 2, container_name: abc}}", nil, `several containers cannot all be named "abc"`},
		{"config without content", "services: {a: {image: x}}\nconfigs: {c: {}}", nil, `compose.yaml:2:11: configs.c needs exactly one of file, environment, content, or external: true`},
		{"network_mode and networks", "services: {a: {image: x, network_mode: host, networks: [default]}}", nil, `services.a has both network_mode and networks; keep one of them`},
		{"an empty network", "services: {a: {image: x, networks: ['']}}", nil, `compose.yaml:1:37: services.a.networks[0] must not be empty`},
		{"an unset network", "services: {a: {image: x, networks: ['${NET}']}}", nil, `services.a.networks[0] must not be empty; NET is not set`},
		{"an empty dependency", "services: {a: {image: x, depends_on: ['']}}", nil, `services.a.depends_on[0] must not be empty`},
		{"an empty secret", "services: {a: {image: x, secrets: ['']}}", nil, `services.a.secrets[0] must not be empty`},
		{"an empty base", "services: {a: {image: x, extends: ''}}", nil, `services.a.extends must not be empty`},
		{"not a number", "services: {a: {image: x, scale: '${N}'}}", nil, `compose.yaml:1:33: services.a.scale must be a whole number, not ""; N is not set: set it in the environment or in .env`},
		{"an unset image", "services: {web: {image: '${FOO}'}}", nil, `compose.yaml:1:18: services.web.image is no image name: ""; FOO is not set: set it in the environment or in .env`},
		{"an unset registry and tag", "services: {web: {image: '${REGISTRY}/x:${TAG}'}}", nil, `services.web.image is no image name: "/x:": invalid reference format; REGISTRY and TAG are not set: set them in the environment or in .env`},
		{"an unset environment file", "services: {web: {image: a, env_file: '${NAME}.env'}}", nil, `cannot read ".env": no such file or directory; NAME is not set`},
		{"an unset volume", "services: {web: {image: a, volumes: ['${DATA}:/data']}}", nil, `compose.yaml:1:38: services.web.volumes[0] is no mount: ":/data"; DATA is not set: set it in the environment or in .env`},
		{"a name that has a default", "services: {web: {image: '${FOO:-}'}}", nil, `compose.yaml:1:18: services.web.image is no image name: ""`},
		{"a size that is too large", "services: {a: {image: x, mem_limit: 99999999999999999999999g}}", nil, `compose.yaml:1:26: services.a.mem_limit is too large: 99999999999999999999999g`},
		{"more bytes than 8 EiB", "services: {a: {image: x, shm_size: 8589934592g}}", nil, `services.a.shm_size is too large: 8589934592g`},
		{"a number of bytes that is too large", "services: {a: {image: x, mem_limit: '9223372036854775808'}}", nil, `services.a.mem_limit is too large: 9223372036854775808`},
		{"a size that is negative", "services: {a: {image: x, mem_limit: -1g}}", nil, `services.a.mem_limit must not be negative, but is -1g`},
		{"too many containers", "services: {a: {image: x, scale: 99999999999999999999}}", nil, `services.a.scale must be at most 2147483647, but is 100000000000000000000`},
		{"far too many containers", "services: {a: {image: x, scale: '99999999999999999999'}}", nil, `services.a.scale is too large: 99999999999999999999`},
		{"too many CPUs", "services: {a: {image: x, cpus: '1e400'}}", nil, `compose.yaml:1:32: services.a.cpus is too large: 1e400`},
		{"too many reserved CPUs", "services: {a: {image: x, deploy: {resources: {reservations: {cpus: '1e400'}}}}}", nil, `reservations.cpus is too large: 1e400`},
		{"too small a number", "services: {a: {image: x, oom_score_adj: '-99999999999999999999'}}", nil, `services.a.oom_score_adj is too small: -99999999999999999999`},
		{"a number for a truth value", "services: {a: {image: x, tty: '99999999999999999999'}}", nil, `services.a.tty must be true or false, not "99999999999999999999"`},
		{"a bad image name", "services: {a: {image: 'NGINX:Bad Tag'}}", nil, `compose.yaml:1:16: services.a.image is no image name: "NGINX:Bad Tag"`},
		{"an image name in capitals", "services: {a: {image: NGINX}}", nil, `services.a.image is no image name: "NGINX": repository name (library/NGINX) must be lowercase`},
		{"an image with a broken digest", "services: {a: {image: 'x@sha256:12'}}", nil, `services.a.image is no image name: "x@sha256:12"`},
		{"no image name at all", "services: {a: {image: ''}}", nil, `services.a.image is no image name: ""`},
		{"a build whose image has no name", "name: shop\nservices: {a.: {build: '.'}}", nil, `compose.yaml:2:17: services.a..build: the image would be named "shop-a.", which is no image name; give it a name with image:`},
		{"no name for a service", "services: {'a b': {image: x}}", nil, `compose.yaml:1:12: "a b" is no name for one of services; use letters, digits, and . _ - only`},
		{"duplicate target", "services: {a: {image: x, tmpfs: /a, volumes: ['vol:/a/']}}\nvolumes: {vol: }", nil, `services.a.tmpfs[0]: /a is already mounted by services.a.volumes[0]; keep one of them`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range c.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := translateIn(dir, c.text)
			if c.want == "" {
				if err != nil {
					t.Fatalf("got %v, want none", err)
				}
				return
			}
			var faults source.Diagnostics
			if !errors.As(err, &faults) {
				t.Fatalf("got %v, want Diagnostics", err)
			}
			got := strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
			if !strings.Contains(got, c.want) || len(faults) != 1 {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// only finds the object of a type and name.
func only[T Resource](t *testing.T, r *Result, name string) T {
	t.Helper()
	for _, o := range r.Objects {
		if found, ok := o.Resource.(T); ok && o.GetName() == name {
			return found
		}
	}
	var none T
	t.Fatalf("there is no %T %q", none, name)
	return none
}

func TestWorkloads(t *testing.T) {
	r := translateText(t, `
services:
  server: {image: a, restart: always, deploy: {replicas: 0}}
  daemon: {image: a, deploy: {mode: global}}
  task: {image: a, restart: "no"}
  retry: {image: a, restart: "on-failure:4"}
  steady: {image: a, restart: on-failure, scale: 2}
  prepare: {image: a}
  after: {image: a, depends_on: {prepare: {condition: service_completed_successfully}}}
  stateful: {image: a, labels: {kompose.controller.type: StatefulSet}}
`)
	if d := only[*appsv1.Deployment](t, r, "server"); *d.Spec.Replicas != 0 {
		t.Errorf("replicas 0 became %d", *d.Spec.Replicas)
	}
	only[*appsv1.DaemonSet](t, r, "daemon")
	only[*appsv1.StatefulSet](t, r, "stateful")
	only[*appsv1.Deployment](t, r, "steady")
	if j := only[*batchv1.Job](t, r, "task"); *j.Spec.BackoffLimit != 0 || j.Spec.Template.Spec.RestartPolicy != corev1.RestartPolicyNever {
		t.Errorf("task: %v", j.Spec)
	}
	if j := only[*batchv1.Job](t, r, "retry"); *j.Spec.BackoffLimit != 4 || j.Spec.Template.Spec.RestartPolicy != corev1.RestartPolicyOnFailure {
		t.Errorf("retry: %v", j.Spec)
	}
	only[*batchv1.Job](t, r, "prepare")
	after := only[*appsv1.Deployment](t, r, "after").Spec.Template.Spec
	wait, role := after.InitContainers, only[*rbacv1.Role](t, r, "after-waits")
	only[*corev1.ServiceAccount](t, r, after.ServiceAccountName)
	if rule := role.Rules[0]; len(rule.ResourceNames) != 1 || rule.ResourceNames[0] != "prepare" {
		t.Errorf("it may look at %v", rule.ResourceNames)
	}
	if name := only[*appsv1.Deployment](t, r, "steady").Spec.Template.Spec.ServiceAccountName; name != "" {
		t.Errorf("who waits for no Job has the service account %q", name)
	}
	if len(wait) != 1 || strings.Join(wait[0].Command, " ") != "kubectl wait --for=condition=complete job/prepare --timeout=-1s" {
		t.Errorf("waits by %v", wait)
	}
}

// reaches says whether the policies let pods with some labels in to others, or the other way out.
func reaches(policies []*networkingv1.NetworkPolicy, from, to map[string]string) bool {
	selects := func(s *metav1.LabelSelector, labelled map[string]string) bool {
		selector, _ := metav1.LabelSelectorAsSelector(s)
		return selector.Matches(labels.Set(labelled))
	}
	anyOf := func(peers []networkingv1.NetworkPolicyPeer, labelled map[string]string) bool {
		return len(peers) == 0 || slices.ContainsFunc(peers, func(p networkingv1.NetworkPolicyPeer) bool {
			return p.NamespaceSelector == nil && selects(p.PodSelector, labelled)
		})
	}
	in, out, guarded, held := false, false, false, false
	for _, p := range policies {
		if selects(&p.Spec.PodSelector, to) && slices.Contains(p.Spec.PolicyTypes, networkingv1.PolicyTypeIngress) {
			guarded = true
			for _, rule := range p.Spec.Ingress {
				in = in || anyOf(rule.From, from)
			}
		}
		if selects(&p.Spec.PodSelector, from) && slices.Contains(p.Spec.PolicyTypes, networkingv1.PolicyTypeEgress) {
			held = true
			for _, rule := range p.Spec.Egress {
				out = out || anyOf(rule.To, to)
			}
		}
	}
	return (in || !guarded) && (out || !held)
}

// TestNetworksSeparate has services reach each other if, and only if, they share a network.
func TestNetworksSeparate(t *testing.T) {
	r := translateText(t, `
services:
  proxy: {image: a, networks: [front], ports: ["80:8080"]}
  api: {image: a, networks: [front, back]}
  db: {image: a, networks: [back], ports: ["5432:5432"]}
  other: {image: a}
  alone: {image: a, network_mode: none}
networks:
  front:
  back: {internal: true}
  unused:
`)
	var policies []*networkingv1.NetworkPolicy
	pods := map[string]map[string]string{"outside": {}}
	for _, o := range r.Objects {
		switch o := o.Resource.(type) {
		case *networkingv1.NetworkPolicy:
			policies = append(policies, o)
		case *appsv1.Deployment:
			pods[o.Name] = o.Spec.Template.Labels
		}
	}
	for from, reached := range map[string]string{ // a port that is published can be reached from anywhere
		"proxy": "api outside proxy", "api": "api db outside proxy", "db": "api db", "other": "other outside proxy", "alone": "", "outside": "outside proxy",
	} {
		for to := range pods {
			if got := reaches(policies, pods[from], pods[to]); got != slices.Contains(strings.Fields(reached), to) {
				t.Errorf("%s reaches %s: %v", from, to, got)
			}
		}
	}
	r = translateText(t, "services:\n  web: {image: a}\n  db: {image: a, networks: [default]}\n")
	for _, o := range r.Objects {
		if _, ok := o.Resource.(*networkingv1.NetworkPolicy); ok {
			t.Errorf("with the default network alone there is a policy %s", o.GetName())
		}
	}
}

func TestEnvironment(t *testing.T) {
	r := translateText(t, `
services:
  web:
    image: a
    env_file: a.env
    environment: ["Z=last in the alphabet", "A=$$(X) $$$$(Y) $$Z 100$$", HOME, MISSING]
`)
	c := only[*appsv1.Deployment](t, r, "web").Spec.Template.Spec.Containers[0]
	want := []corev1.EnvVar{
		{Name: "Z", Value: "last in the alphabet"}, {Name: "A", Value: "$$(X) $$$$(Y) $Z 100$"}, {Name: "HOME", Value: "/home/me"},
	}
	if len(c.Env) != len(want) {
		t.Fatalf("got %v", c.Env)
	}
	for i := range want {
		if c.Env[i] != want[i] {
			t.Errorf("got %v, want %v", c.Env[i], want[i])
		}
	}
	config := only[*corev1.ConfigMap](t, r, "web-env")
	if len(c.EnvFrom) != 1 || c.EnvFrom[0].ConfigMapRef.Name != "web-env" || config.Data["A"] != "from file" || config.Data["B"] != "quoted /home/me" {
		t.Errorf("env_file: %v, %v", c.EnvFrom, config.Data)
	}
}

func TestPorts(t *testing.T) {
	r := translateText(t, `
services:
  web:
    image: a
    ports: ["8080:80", "8081:80", "9000-9001:9000-9001/udp", "127.0.0.1:5000:5000", "10.0.0.1:6000:6000"]
    expose: ["80", "7000"]
  free: {image: a, ports: ["80"]}
  quiet: {image: a}
`)
	ports := func(name string) string {
		var words []string
		for _, p := range only[*corev1.Service](t, r, name).Spec.Ports {
			words = append(words, p.Name+">"+p.TargetPort.String())
		}
		return strings.Join(words, " ")
	}
	for name, want := range map[string]string{
		"web":           "tcp-80>80 udp-9000>9000 udp-9001>9001 tcp-5000>5000 tcp-6000>6000 tcp-7000>7000",
		"web-published": "tcp-8080>80 tcp-8081>80 udp-9000>9000 udp-9001>9001 tcp-6000>6000",
		"free":          "tcp-80>80", "free-published": "tcp-80>80", "quiet": "",
	} {
		if got := ports(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if s := only[*corev1.Service](t, r, "free-published"); s.Spec.Type != corev1.ServiceTypeNodePort {
		t.Errorf("free-published is a %s", s.Spec.Type)
	}
	if s := only[*corev1.Service](t, r, "quiet"); s.Spec.ClusterIP != corev1.ClusterIPNone {
		t.Errorf("quiet has the address %q", s.Spec.ClusterIP)
	}
}

func TestVolumes(t *testing.T) {
	r := translateText(t, `
services:
  db: {image: a, volumes: ["data:/data", "/scratch", "./conf:/conf:ro", "./password.txt:/p:ro", "./none:/none", "./run.sh:/run.sh:ro"]}
  one: {image: a, volumes: ["shared:/s"]}
  two: {image: a, volumes: ["shared:/s:ro"]}
volumes: {data: , shared: }
`)
	mode := func(name string) corev1.PersistentVolumeAccessMode {
		return only[*corev1.PersistentVolumeClaim](t, r, name).Spec.AccessModes[0]
	}
	if mode("data") != corev1.ReadWriteOnce || mode("shared") != corev1.ReadWriteMany {
		t.Errorf("data %s, shared %s", mode("data"), mode("shared"))
	}
	for name, want := range map[string]appsv1.DeploymentStrategyType{"db": appsv1.RecreateDeploymentStrategyType, "one": appsv1.RecreateDeploymentStrategyType, "two": ""} {
		if got := only[*appsv1.Deployment](t, r, name).Spec.Strategy.Type; got != want {
			t.Errorf("%s: strategy %q, want %q", name, got, want)
		}
	}
	config := only[*corev1.ConfigMap](t, r, "db-files")
	if config.Data["hello.txt"] != "hello\n" || config.Data["sub_site.conf"] != "server {}\n" {
		t.Errorf("conf became %v", config.Data)
	}
	spec := only[*appsv1.Deployment](t, r, "db").Spec.Template.Spec
	if items := spec.Volumes[2].ConfigMap.Items; items[1] != (corev1.KeyToPath{Key: "sub_site.conf", Path: "sub/site.conf"}) {
		t.Errorf("items %v", items)
	}
	if m := spec.Containers[0].VolumeMounts[3]; m.MountPath != "/p" || m.SubPath != "password.txt" {
		t.Errorf("the file is mounted as %v", m)
	}
	if mode := spec.Volumes[5].ConfigMap.Items[0].Mode; mode == nil || *mode != 0o755 {
		t.Errorf("a script lost its mode: %v", spec.Volumes[5].ConfigMap.Items)
	}
	if spec.Volumes[4].EmptyDir == nil {
		t.Errorf("a missing folder became %v", spec.Volumes[4])
	}
}

func TestProfilesAndBuilds(t *testing.T) {
	file, err := source.Parse("compose.yaml", []byte("services: {web: {build: app}, debug: {image: b, profiles: [dev]}}"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		options  Options
		services int
		builds   int
	}{
		{Options{}, 1, 1}, {Options{Profiles: []string{"dev"}}, 2, 1}, {Options{Profiles: []string{"*"}, NoBuild: true}, 2, 0},
		{Options{Env: map[string]string{"COMPOSE_PROFILES": "a,dev"}}, 2, 1},
	} {
		c.options.File = file
		r, err := Translate(c.options)
		if err != nil || len(r.Services) != c.services || len(r.Builds) != c.builds || len(r.Services)+len(r.Inactive) != 2 {
			t.Errorf("%v: %v, %v", c.options, r, err)
		}
	}
}

// TestPlaces finds services where the project has them, though a file that another one extends has the same names.
func TestPlaces(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.yaml":    "services:\n  one: {extends: {file: base.yaml, service: two}}\n",
		"b.yaml":    "services:\n\n  two: {image: b}\n",
		"base.yaml": "services: {two: {image: x}}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, text string
		want       map[string]string
	}{
		{"included", "include: [a.yaml, b.yaml]\nservices: {web: {image: a}, off: {image: a, profiles: [x]}}",
			map[string]string{"one": "a.yaml:2:3", "two": "b.yaml:3:3", "web": "compose.yaml:2:12", "off": "compose.yaml:2:29"}},
		{"included and extended", "include: [a.yaml, base.yaml]", map[string]string{"one": "a.yaml:2:3", "two": "base.yaml:1:12"}},
		{"version 1", "web:\n  image: a\n", map[string]string{"web": "compose.yaml:1:1"}},
	} {
		r, err := translateIn(dir, c.text)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for name, want := range c.want {
			if got := strings.TrimPrefix(r.Places[name].String(), dir+string(filepath.Separator)); got != want || len(r.Places) != len(c.want) {
				t.Errorf("%s: %s is at %s of %v, want %s", c.name, name, got, r.Places, want)
			}
		}
	}
}

func TestConstraints(t *testing.T) {
	for text, want := range map[string]constraint{
		"node.hostname==a":          {"node.hostname", true, "a"},
		" node.labels.x.y != b c ":  {"node.labels.x.y", false, "b c"},
		"node.role   ==   manager":  {"node.role", true, "manager"},
		"engine.labels.a-b/c!=none": {"engine.labels.a-b/c", false, "none"},
	} {
		if got, err := parseConstraint(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "node.role", "node.role=manager", "node.role==chief", "node.labels.==a", "==a", "node.hostname==", "hostname==a"} {
		if got, err := parseConstraint(text); err == nil {
			t.Errorf("%q was taken as %v", text, got)
		}
	}
}

// TestWhatTheClusterMustHave are notes on what a file takes for granted and a cluster may lack.
func TestWhatTheClusterMustHave(t *testing.T) {
	r := translateText(t, `
services:
  proxy: {image: a, deploy: {placement: {constraints: [node.role == manager]}}}
  other: {image: a, deploy: {placement: {constraints: [node.role != manager]}}}
  boxed: {image: a, runtime: gvisor}
`)
	for _, want := range []string{
		"changed compose.yaml:3:56 services.proxy.deploy.placement.constraints[0]: runs on the swarm's managers; it wants nodes with the label node-role.kubernetes.io/control-plane",
		"in minisim masters are no nodes, so that its pods stay Pending; leave the constraint out, or give a worker this label",
		"changed compose.yaml:5:21 services.boxed.runtime: Docker runs the container with the runtime gvisor; runtimeClassName: the RuntimeClass gvisor must exist in the cluster",
	} {
		if strings.Count(notesText(r.Notes), want) != 1 {
			t.Errorf("not one note says %q in\n%s", want, notesText(r.Notes))
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{"web": "web", "my_db": "my-db", "My.App": "my-app", "9lives": "n-9lives", "_x_": "x", "...": "n"} {
		if got := dnsName(name); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
	a, b := dnsName(strings.Repeat("a", 80)+"1"), dnsName(strings.Repeat("a", 80)+"2")
	if len(a) > maxName || a == b {
		t.Errorf("long names became %q and %q", a, b)
	}
}

// TestWithoutFolder translates files that are embedded: what they name in a project folder is not there.
func TestWithoutFolder(t *testing.T) {
	r, err := translateIn("", `
services:
  web: {build: app, volumes: ["./app:/srv", "./conf:/conf"], secrets: [key]}
secrets: {key: {file: key.txt}}
`)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range invalid(r.Objects) {
		t.Error(fault)
	}
	for _, want := range []string{"volumes[0]: the source code in ./app hides", "volumes[1]: mounts ./conf of this machine; an empty folder is mounted: the compose file has no project folder",
		"secrets.key.file: holds the file key.txt; it is empty: the compose file has no project folder"} {
		if !strings.Contains(notesText(r.Notes), want) {
			t.Errorf("no note says %q in\n%s", want, notesText(r.Notes))
		}
	}
	for _, text := range []string{"include: [a.yaml]", "services: {web: {extends: {file: a.yaml, service: x}}}", "services: {web: {image: a, env_file: a.env}}"} {
		if _, err := translateIn("", text); err == nil || !strings.Contains(err.Error(), "no project folder") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestQuiet proves that compose-go's log, which goes to standard error by default, goes nowhere.
func TestQuiet(t *testing.T) {
	translateText(t, `services: {web: {image: "a${UNSET}", init: "yes"}}`)
	if logrus.StandardLogger().Out != io.Discard {
		t.Error("compose-go's log is not turned off")
	}
}

// FuzzTranslate holds that no file makes it panic, that every fault has a place, and that what it makes is valid.
func FuzzTranslate(f *testing.F) {
	for _, pattern := range []string{"testdata/golden/*.yaml", "testdata/project/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, path := range files {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := translateIn("testdata/project", string(data))
		var faults source.Diagnostics
		switch {
		case err == nil:
			for _, fault := range invalid(r.Objects) {
				t.Error(fault)
			}
		case !errors.As(err, &faults) || len(faults) == 0 || faults[0].Pos.File == "" || strings.Contains(err.Error(), "cannot be read as a compose file"):
			t.Errorf("%v", err)
		}
	})
}

func BenchmarkTranslate(b *testing.B) {
	data, err := os.ReadFile("testdata/golden/webapp.yaml")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := translateIn("testdata/project", string(data)); err != nil {
			b.Fatal(err)
		}
	}
}
