package rest

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"

	"minisim/sim/api"
)

// connection is a subresource that leads to a program: a kubelet answers it in a
// real cluster, or whatever listens in a pod. There is no process in a simulated one.
type connection struct {
	resource   *api.Resource
	name, kind string
	verbs      metav1.Verbs
}

var connections = []connection{
	{api.Pods, "attach", "PodAttachOptions", metav1.Verbs{"create", "get"}},
	{api.Pods, "exec", "PodExecOptions", metav1.Verbs{"create", "get"}},
	{api.Pods, "log", "Pod", metav1.Verbs{"get"}},
	{api.Pods, "portforward", "PodPortForwardOptions", metav1.Verbs{"create", "get"}},
	{api.Pods, "proxy", "PodProxyOptions", proxyVerbs},
	{api.Services, "proxy", "ServiceProxyOptions", proxyVerbs},
	{api.Nodes, "proxy", "NodeProxyOptions", proxyVerbs},
}

var proxyVerbs = metav1.Verbs{"create", "delete", "get", "patch", "update"}

func cutSub(name string) (resource, sub string, ok bool) { return strings.Cut(name, "/") }

// connectionOf is what a request is for, nil if it is for something else.
func connectionOf(t target) *connection {
	i := slices.IndexFunc(connections, func(c connection) bool { return c.resource == t.resource && c.name == t.subresource })
	if i < 0 {
		return nil
	}
	return &connections[i]
}

// stored reads the object that a connection goes by: whoever may connect need not be allowed to read it.
func (c *exchange) stored(r *api.Resource, k api.Key) (api.Object, error) {
	return look(c.r.Context(), c.bridge, func() (api.Object, error) {
		if err := c.bridge.api.Up(); err != nil {
			return nil, err
		}
		return c.bridge.api.Object(r, k, 0)
	})
}

// proxy says what would have to be there for somebody to talk to. The name may
// be SCHEME:NAME:PORT or NAME:PORT.
func (c *exchange) proxy() error {
	k := c.target.key()
	_, name, _, ok := utilnet.SplitSchemeNamePort(k.Name)
	if !ok {
		return apierrors.NewBadRequest(fmt.Sprintf("invalid %s request %q", c.target.resource.Singular, k.Name))
	}
	k.Name = name
	o, err := c.stored(c.target.resource, k)
	if err != nil {
		return err
	}
	if pod, ok := o.(*corev1.Pod); ok && pod.Status.PodIP == "" {
		return apierrors.NewBadRequest("address not allowed")
	}
	return noProcess("simulated containers run no processes: nothing listens to what a proxy passes on")
}

// stream says what would have to be there for a stream from a container.
func (c *exchange) stream() error {
	if c.query().Has("dryRun") && c.target.subresource != "log" {
		return apierrors.NewBadRequest("dryRun is not supported")
	}
	o, err := c.stored(api.Pods, c.target.key())
	if err != nil {
		return err
	}
	pod := o.(*corev1.Pod)
	if c.target.subresource != "portforward" {
		if _, err := containerOf(pod, c.query().Get("container")); err != nil {
			return err
		}
	}
	if pod.Spec.NodeName == "" {
		return apierrors.NewBadRequest(fmt.Sprintf("pod %s does not have a host assigned", pod.Name))
	}
	return noProcess("simulated containers run no processes: there is nothing to " + deed[c.target.subresource])
}

var deed = map[string]string{"exec": "execute a command in", "attach": "attach to", "portforward": "forward a port to"}

// noProcess refuses what only a process could answer. Its code is one whose text clients show as it is.
func noProcess(why string) error { return apierrors.NewBadRequest(why) }

// containerOf is the container that is meant; of several one has to be named.
func containerOf(pod *corev1.Pod, name string) (string, error) {
	var names []string
	for _, c := range append(slices.Clone(pod.Spec.InitContainers), pod.Spec.Containers...) {
		names = append(names, c.Name)
	}
	for _, c := range pod.Spec.EphemeralContainers {
		names = append(names, c.Name)
	}
	switch {
	case slices.Contains(names, name):
		return name, nil
	case name != "":
		return "", apierrors.NewBadRequest(fmt.Sprintf("container %s is not valid for pod %s", name, pod.Name))
	case len(pod.Spec.Containers) == 1:
		return pod.Spec.Containers[0].Name, nil
	}
	return "", apierrors.NewBadRequest(fmt.Sprintf("a container name must be specified for pod %s, choose one of: %v", pod.Name, names))
}
