package plugins

import (
	"testing"

	v1 "k8s.io/api/core/v1"
)

func holds(name string, bytes int64) nodeOption {
	return func(n *v1.Node) {
		n.Status.Images = append(n.Status.Images, v1.ContainerImage{Names: []string{name}, SizeBytes: bytes})
	}
}

func TestImageLocality(t *testing.T) {
	image := func(names ...string) *v1.Pod {
		return aPod("p", func(p *v1.Pod) {
			p.Spec.Containers = nil
			for _, name := range names {
				p.Spec.Containers = append(p.Spec.Containers, v1.Container{Image: name})
			}
		})
	}
	const big, small = 1000 * mebibyte, 30 * mebibyte
	w := world{nodes: []*v1.Node{aNode("a", holds("registry/big:1", big)), aNode("b", holds("tiny:latest", small)), aNode("c"), aNode("d")}}
	for name, c := range map[string]struct {
		pod  *v1.Pod
		want []int64
	}{
		// A quarter of the nodes has it: 250 MiB count, (250−23)·100/977.
		"on one of four nodes": {image("registry/big:1"), []int64{23, 0, 0, 0}},
		"too small to count":   {image("tiny"), []int64{0, 0, 0, 0}},
		"another tag":          {image("registry/big:2"), []int64{0, 0, 0, 0}},
		// Twice 250 MiB of at most 2000: (500−23)·100/1977.
		"counts for each container": {image("registry/big:1", "registry/big:1"), []int64{24, 0, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) { checkScores(t, ImageLocality{}, w, c.pod, c.want, c.want) })
	}
	everywhere := world{nodes: []*v1.Node{aNode("a", holds("app:latest", 2*big))}}
	checkScores(t, ImageLocality{}, everywhere, image("app"), []int64{100}, []int64{100})
}

func TestNormalizedImage(t *testing.T) {
	for image, want := range map[string]string{
		"redis": "redis:latest", "redis:7": "redis:7", "host:5000/redis": "host:5000/redis:latest", "host:5000/redis:7": "host:5000/redis:7",
	} {
		if got := normalizedImage(image); got != want {
			t.Errorf("%s: %s", image, got)
		}
	}
}
