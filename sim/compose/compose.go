// Package compose turns a Docker Compose file into Kubernetes objects, and says of every key what became of it.
//
// It is pure: the same file, environment and project folder give the same objects and notes. It reads files (the
// project's env_file, configs, secrets and bind mounts), but knows no network, no clock and no cluster. It emits
// apps/v1 Deployment, StatefulSet and DaemonSet, batch/v1 Job, core/v1 Service, ConfigMap, Secret, ServiceAccount and
// PersistentVolumeClaim, and the Roles that pods need, in the namespace "default", complete enough to pass the API server's validation but not
// defaulted: that is the API server's work. What must not live here: defaulting, applying, the x-minisim block.
//
// The way of a file through the package: it is copied and repaired (version 1 files, slips that have one meaning:
// repair.go), its variables are replaced (decode.go), it is checked as a whole so that all faults come at once with
// their places (schema.go, values.go, refs.go), compose-go merges and types it (load.go), each service becomes
// objects (service.go and the files named after what they make), and at last every key that no code has spoken of is
// looked up in the table of rules (rules.go, report.go): a key without a rule is reported as lost, so nothing is
// dropped silently.
//
// # Waiting for other services
//
// depends_on becomes init containers. For a service that must have started or be healthy it runs
//
//	until nslookup NAME; do echo waiting for SERVICE; sleep 2; done
//
// in busybox. NAME is a headless Service: SERVICE-started, which publishes addresses that are not ready, or
// SERVICE-healthy, which publishes only ready ones. For service_completed_successfully the service becomes a Job and
// the init container runs
//
//	kubectl wait --for=condition=complete job/NAME --timeout=-1s
//
// as a service account that may look at this Job.
package compose

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"minisim/internal/source"
)

// Options say what to translate.
type Options struct {
	File     *source.File
	Env      map[string]string // the shell's environment, which replaces variables; may be nil
	Dir      string            // the project folder that relative paths start from; "" when there is none (an embedded file)
	Profiles []string          // the active profiles; "*" stands for all
	NoBuild  bool              // images of `build:` are not built: Result.Builds stays empty
}

// Resource is a typed API object such as *appsv1.Deployment.
type Resource interface {
	metav1.Object
	runtime.Object
}

// Object is a Kubernetes object and why it is there.
type Object struct {
	Resource
	Service string     // the compose service that it was made for; the first one in the file when several share it
	Pos     source.Pos // where in the compose file it comes from
	Why     string     // in words: "service redis has the named volume redis_data"
}

// Build is an image that `build:` makes. The caller puts it where the nodes can pull it.
type Build struct {
	Image   string
	Context string // the folder, as the file names it
	Service string
	Pos     source.Pos
}

// Result is what a compose file became.
type Result struct {
	Project  string   // the project's name
	Objects  []Object // in an order in which they can be applied: what pods use before the pods; services in file order
	Notes    []Note   // in the order of their places; every key of the file is under one of them
	Builds   []Build
	Services []string // the active services in file order
	Inactive []string // the services that no active profile starts, in file order

	Places map[string]source.Pos // where each service is written, in the file itself or in an included one
}

// Translate translates a compose file. All faults come at once, as source.Diagnostics.
func Translate(o Options) (*Result, error) {
	t := &translation{opts: o, names: map[string]string{}, unset: map[source.Pos][]string{}}
	if !t.read() {
		return nil, t.err()
	}
	if !t.load() {
		return nil, t.err()
	}
	t.translate()
	if err := t.err(); err != nil {
		return nil, err
	}
	t.report()
	return t.result(), nil
}
