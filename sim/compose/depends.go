package compose

import (
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	corev1 "k8s.io/api/core/v1"
)

// The images that wait: busybox looks a name up, kubectl asks the API server.
const (
	lookupImage = "busybox:1.36"
	waitImage   = "registry.k8s.io/kubectl:v1.36.0"
)

// waits makes an init container for each service that must be there first, in
// file order, and says which of them are Jobs that it waits for to complete.
func (s *service) waits() (waits []corev1.Container, jobs []*service) {
	for _, name := range s.t.inFileOrder(slices.Collect(maps.Keys(s.DependsOn)), "services", s.Name, "depends_on") {
		d := s.DependsOn[name]
		path := s.dependencyPath(name)
		other := s.t.find(name)
		if other == nil || other.Provider != nil {
			s.note(Changed, name+" need not be there", "nothing waits for it", "", path...)
			continue
		}
		if other.replicas == 0 && other.kind != daemonSet {
			s.note(Changed, name+" has no replicas, so compose does not wait for it", "nothing waits for it", "", path...)
			continue
		}
		if d.Restart {
			s.noteDependencyRestart(name)
		}
		waits = append(waits, s.wait(other, d.Condition, path))
		if d.Condition == types.ServiceConditionCompletedSuccessfully && other.kind == job {
			jobs = append(jobs, other)
		}
	}
	return waits, jobs
}

// dependencyPath is the key that makes the service wait for another one: depends_on, links and others do.
func (s *service) dependencyPath(name string) []string {
	if s.t.written("services", s.Name, "depends_on", name) {
		return []string{"depends_on", name}
	}
	for key, values := range sorted(map[string][]string{
		"links": s.Links, "volumes_from": s.VolumesFrom, "network_mode": {s.NetworkMode}, "ipc": {s.Ipc}, "pid": {s.Pid},
	}) {
		for i, value := range values {
			switch value = strings.TrimPrefix(value, types.ServicePrefix); {
			case value != name && !strings.HasPrefix(value, name+":"):
			case key == "links" || key == "volumes_from":
				return []string{key, index(i)}
			default:
				return []string{key}
			}
		}
	}
	return []string{"depends_on"}
}

func (s *service) noteDependencyRestart(name string) {
	if s.t.written("services", s.Name, "depends_on", name, "restart") { // compose-go also sets it for links
		s.note(Lost, "is restarted together with "+name, "Kubernetes restarts no pod because of another", "make it connect again by itself", "depends_on", name, "restart")
	}
}

// wait is the init container that waits for one service.
func (s *service) wait(other *service, condition string, path []string) corev1.Container {
	c := corev1.Container{Name: "wait-for-" + other.kube, Image: lookupImage}
	again := "so does every pod that is made again later"
	switch {
	case condition == types.ServiceConditionCompletedSuccessfully && other.kind == job:
		c.Image = waitImage
		c.Command = []string{"kubectl", "wait", "--for=condition=complete", "job/" + other.kube, "--timeout=-1s"}
		s.note(Changed, "it starts after "+other.Name+" has completed", "an init container waits for the Job, with a service account that may look at it; "+again, "", path...)
		return c
	case condition == types.ServiceConditionCompletedSuccessfully:
		s.note(Lost, "it starts after "+other.Name+" has completed", "a "+string(other.kind)+" never completes, so nothing waits for that but for its start", "let it be a Job", path...)
	case condition == types.ServiceConditionHealthy:
		if other.HealthCheck == nil || other.HealthCheck.Disable {
			s.note(Changed, other.Name+" has no health check here", "its pods are ready as soon as they run", "give it a healthcheck", path...)
		} else {
			s.note(Changed, "it starts after "+other.Name+" is healthy", "an init container waits for a ready pod of it; "+again, "", path...)
		}
		c.Command = lookup(other, s.t.waitService(other, "healthy", s, path))
		return c
	default:
		s.note(Changed, "it starts after "+other.Name, "an init container waits for its name; "+again, "", path...)
	}
	c.Command = lookup(other, s.t.waitService(other, "started", s, path))
	return c
}

// lookup is the command that waits until a name resolves.
func lookup(other *service, name string) []string {
	return []string{"sh", "-c", "until nslookup " + name + "; do echo waiting for " + other.kube + "; sleep 2; done"}
}

// waitService makes, once, the headless Service whose name resolves as soon as a service has started or is healthy.
func (t *translation) waitService(other *service, state string, by *service, path []string) string {
	if name := other.waitNames[state]; name != "" {
		return name
	}
	name := t.free("Service", other.kube+"-"+state, append([]string{"services", by.Name}, path...)...)
	if other.waitNames == nil {
		other.waitNames = map[string]string{}
	}
	other.waitNames[state] = name
	t.objects.services = append(t.objects.services, Object{
		Resource: &corev1.Service{TypeMeta: typeMeta("v1", "Service"), ObjectMeta: other.meta(name), Spec: corev1.ServiceSpec{
			ClusterIP: corev1.ClusterIPNone, Selector: other.labels(), PublishNotReadyAddresses: state == "started",
		}},
		Service: other.Name, Pos: by.at(path...), Why: "service " + by.Name + " waits until " + other.Name + " is " + state,
	})
	return name
}
