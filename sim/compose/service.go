package compose

import (
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/internal/source"
)

// service is one compose service on its way to Kubernetes.
type service struct {
	types.ServiceConfig
	t        *translation
	kube     string // its name in Kubernetes
	kind     workload
	replicas int32 // how many pods it wants

	deployLabels map[string]string // of deploy.labels, those that Kubernetes takes as annotations
	waitNames    map[string]string // the Services that others wait on, by "started" and "healthy"
	published    []types.ServicePortConfig
}

// namespace is where all objects go.
const namespace = "default"

// translate makes the objects of all services.
func (t *translation) translate() {
	t.nameServices()
	for _, s := range t.services {
		s.readLabelFiles()
		if s.Deploy != nil {
			s.deployLabels = s.annotations(s.Deploy.Labels, "deploy", "labels")
		}
		s.chooseReplicas()
	}
	for _, s := range t.services {
		s.chooseKind()
	}
	t.nameNetworks()
	t.translateFiles()
	t.translateVolumes()
	for _, s := range t.services {
		if s.Provider != nil {
			s.note(Lost, "runs the "+s.Provider.Type+" provider instead of a container", "no object is made for it", "run what it provides yourself", "provider")
			continue
		}
		s.translateBuild()
		s.translatePorts()
		s.translateWorkload()
	}
	t.translateAliases()
	t.translateNetworks()
	t.translatePolicies()
	t.translateJobs()
}

// note records what became of a key of the service.
func (s *service) note(level Level, compose, kubernetes, do string, path ...string) {
	s.t.note(level, compose, kubernetes, do, append([]string{"services", s.Name}, path...)...)
}

// at is the place of a key of the service.
func (s *service) at(path ...string) source.Pos {
	return s.t.at(append([]string{"services", s.Name}, path...)...)
}

// labels mark everything that belongs to the service; app selects its pods.
func (s *service) labels() map[string]string { return map[string]string{"app": s.kube} }

// meta is the metadata of an object of the service.
func (s *service) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: s.labels()}
}

// object wraps a typed object with what it is for.
func (s *service) object(r Resource, why string, path ...string) Object {
	return Object{Resource: r, Service: s.Name, Pos: s.at(path...), Why: "service " + s.Name + " " + why}
}

func typeMeta(apiVersion, kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: apiVersion, Kind: kind}
}

// find is the active service of a name, or nil.
func (t *translation) find(name string) *service {
	for _, s := range t.services {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// waitsFor is the condition under which a service starts after another one.
func (s *service) waitsFor(other string) (types.ServiceDependency, bool) {
	d, ok := s.DependsOn[other]
	return d, ok
}

// dependents are the services that wait for this one under one of the conditions.
func (s *service) dependents(conditions ...string) []*service {
	var found []*service
	for _, other := range s.t.services {
		if d, ok := other.waitsFor(s.Name); ok && slices.Contains(conditions, d.Condition) {
			found = append(found, other)
		}
	}
	return found
}

// chooseReplicas reads how many containers the service has.
func (s *service) chooseReplicas() {
	s.replicas = 1
	if s.Deploy != nil && s.Deploy.Replicas != nil {
		s.replicas = int32(*s.Deploy.Replicas)
	} else if s.Scale != nil {
		s.replicas = int32(*s.Scale)
	}
}

// label is a label of the service, from labels or deploy.labels.
func (s *service) label(name string) string {
	if v, ok := s.Labels[name]; ok {
		return v
	}
	if s.Deploy != nil {
		return s.Deploy.Labels[name]
	}
	return ""
}

// translateBuild names the image of a service that is built.
func (s *service) translateBuild() {
	if s.Build == nil {
		return
	}
	if s.Image == "" {
		s.Image = strings.ToLower(s.t.project.Name + "-" + s.Name)
		if imageName(s.Image) != "" {
			s.t.faults.Add(s.at("build"), "give it a name with image:", "services.%s.build: the image would be named %q, which is no image name", s.Name, s.Image)
		}
	}
	s.note(Changed, "compose builds the image "+s.Image+" on this machine", "nodes pull images, they build none",
		"build it, and push it where the nodes can pull it", "build")
	context := s.Build.Context
	if context != "" && s.t.opts.Dir != "" && !strings.Contains(context, "://") && !s.t.isDir(context) {
		s.note(Lost, "builds from "+context, "there is no such folder", "", "build")
	}
	if !s.t.opts.NoBuild {
		s.t.builds = append(s.t.builds, Build{Image: s.Image, Context: context, Service: s.Name, Pos: s.at("build")})
	}
}
