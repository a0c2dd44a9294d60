package plugins

import (
	"testing"

	v1 "k8s.io/api/core/v1"
)

func hostPort(ip string, protocol v1.Protocol, port int32) podOption {
	return func(p *v1.Pod) {
		p.Spec.Containers[0].Ports = append(p.Spec.Containers[0].Ports, v1.ContainerPort{ContainerPort: port, HostPort: port, HostIP: ip, Protocol: protocol})
	}
}

func TestNodePorts(t *testing.T) {
	always := v1.ContainerRestartPolicyAlways
	sidecar := func(policy *v1.ContainerRestartPolicy) podOption {
		return func(p *v1.Pod) {
			p.Spec.InitContainers = []v1.Container{{Name: "side", RestartPolicy: policy, Ports: []v1.ContainerPort{{HostPort: 80}}}}
		}
	}
	taken := unschedulable("node(s) didn't have free ports for the requested pod ports")
	for name, c := range map[string]struct {
		there, wants podOption
		want         verdict
	}{
		"same port":              {hostPort("", v1.ProtocolTCP, 80), hostPort("", v1.ProtocolTCP, 80), taken},
		"TCP is usual":           {hostPort("", "", 80), hostPort("", v1.ProtocolTCP, 80), taken},
		"another port":           {hostPort("", v1.ProtocolTCP, 80), hostPort("", v1.ProtocolTCP, 81), fits},
		"another protocol":       {hostPort("", v1.ProtocolTCP, 80), hostPort("", v1.ProtocolUDP, 80), fits},
		"another address":        {hostPort("10.0.0.1", v1.ProtocolTCP, 80), hostPort("10.0.0.2", v1.ProtocolTCP, 80), fits},
		"all addresses are held": {hostPort("", v1.ProtocolTCP, 80), hostPort("10.0.0.2", v1.ProtocolTCP, 80), taken},
		"all are wanted":         {hostPort("10.0.0.2", v1.ProtocolTCP, 80), hostPort("0.0.0.0", v1.ProtocolTCP, 80), taken},
		"no host port":           {hostPort("", v1.ProtocolTCP, 80), func(*v1.Pod) {}, fits},
		"a sidecar's":            {sidecar(&always), hostPort("", v1.ProtocolTCP, 80), taken},
		"an init container's":    {sidecar(nil), hostPort("", v1.ProtocolTCP, 80), fits},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{nodes: []*v1.Node{aNode("a")}, bound: map[string][]*v1.Pod{"a": {aPod("q", c.there)}}}
			checkFilter(t, NodePorts{}, w, aPod("p", c.wants), c.want)
		})
	}
}
