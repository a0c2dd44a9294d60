package rest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

// connection is a subresource of pods that a kubelet answers in a real cluster, by
// way of the container. There is no process in a simulated one.
type connection struct {
	name, kind string
	verbs      metav1.Verbs
}

var connections = []connection{
	{"attach", "PodAttachOptions", metav1.Verbs{"create", "get"}},
	{"exec", "PodExecOptions", metav1.Verbs{"create", "get"}},
	{"log", "Pod", metav1.Verbs{"get"}},
	{"portforward", "PodPortForwardOptions", metav1.Verbs{"create", "get"}},
}

func cutSub(name string) (resource, sub string, ok bool) { return strings.Cut(name, "/") }

// connectionOf is what a request is for, nil if it is for something else.
func connectionOf(t target) *connection {
	i := slices.IndexFunc(connections, func(s connection) bool { return s.name == t.subresource })
	if t.resource != api.Pods || i < 0 {
		return nil
	}
	return &connections[i]
}

// stream says what would have to be there for a stream from a container.
func (c *exchange) stream() error {
	o, err := look(c.r.Context(), c.bridge, func() (api.Object, error) {
		if err := c.bridge.api.Up(); err != nil {
			return nil, err
		}
		return c.bridge.api.Object(api.Pods, c.target.key(), 0)
	})
	if err != nil {
		return err
	}
	pod := o.(*corev1.Pod)
	container, err := containerOf(pod, c.query().Get("container"), c.target.subresource == "portforward")
	if err != nil {
		return err
	}
	if pod.Spec.NodeName == "" {
		if c.target.subresource == "log" {
			c.begun = true
			c.w.WriteHeader(http.StatusNoContent) // as a real server has it: nothing has been written yet
			return nil
		}
		return apierrors.NewBadRequest(fmt.Sprintf("pod %s does not have a host assigned", pod.Name))
	}
	if c.target.subresource == "log" {
		if why := waitingFor(pod, container); why != "" {
			return apierrors.NewBadRequest(fmt.Sprintf("container %q in pod %q is waiting to start: %s", container, pod.Name, why))
		}
		return unimplemented("simulated containers run no processes, so nothing writes a log; see kubectl describe pod for what has happened to it")
	}
	return unimplemented("simulated containers run no processes: there is nothing to " + deed[c.target.subresource])
}

var deed = map[string]string{"exec": "execute a command in", "attach": "attach to", "portforward": "forward a port to"}

// unimplemented is what a simulated cluster cannot do. Its code is one whose
// text clients show as it is.
func unimplemented(why string) error { return apierrors.NewBadRequest(why) }

// containerOf is the container that is meant; of several one has to be named.
func containerOf(pod *corev1.Pod, name string, any bool) (string, error) {
	var names []string
	for _, c := range append(slices.Clone(pod.Spec.Containers), pod.Spec.InitContainers...) {
		if c.Name == name {
			return name, nil
		}
		names = append(names, c.Name)
	}
	switch {
	case name != "":
		return "", apierrors.NewBadRequest(fmt.Sprintf("container %s is not valid for pod %s", name, pod.Name))
	case len(pod.Spec.Containers) == 1 || any:
		return names[0], nil
	case pod.Annotations["kubectl.kubernetes.io/default-container"] != "":
		return pod.Annotations["kubectl.kubernetes.io/default-container"], nil
	}
	return "", apierrors.NewBadRequest(fmt.Sprintf("a container name must be specified for pod %s, choose one of: [%s]", pod.Name, strings.Join(names[:len(pod.Spec.Containers)], " ")))
}

// waitingFor is the reason for which a container has not started, "" if it has.
func waitingFor(pod *corev1.Pod, container string) string {
	for _, s := range append(slices.Clone(pod.Status.ContainerStatuses), pod.Status.InitContainerStatuses...) {
		if s.Name == container && s.State.Waiting != nil && s.LastTerminationState.Terminated == nil {
			return s.State.Waiting.Reason
		}
	}
	return ""
}
