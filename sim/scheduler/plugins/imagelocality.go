package plugins

import (
	"strings"

	v1 "k8s.io/api/core/v1"

	"minisim/sim/scheduler/framework"
)

// ImageLocality prefers nodes that already hold the pod's images. An image
// counts by its size, scaled by the share of nodes that hold it, so that pods
// do not crowd onto the few nodes that have a rare one.
type ImageLocality struct{}

var (
	_ framework.ScorePlugin = ImageLocality{}
	_ framework.Dependent   = ImageLocality{}
)

const (
	mebibyte = 1024 * 1024
	// imageFloor is the sum of image sizes below which nothing is scored.
	imageFloor int64 = 23 * mebibyte
	// imageCeiling is the most that counts, per container.
	imageCeiling int64 = 1000 * mebibyte
)

// Name implements framework.Plugin.
func (ImageLocality) Name() string { return "ImageLocality" }

// DependsOn implements framework.Dependent: other nodes' images count too.
func (ImageLocality) DependsOn(*framework.PodInfo) ([]framework.Epoch, bool) {
	return []framework.Epoch{framework.EpochImages}, true
}

// Score is 0 to 100 for sums of image sizes from 23 MiB to 1000 MiB per
// container.
func (ImageLocality) Score(c *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) int64 {
	var sum, containers int64
	total := len(c.View.Nodes())
	eachContainer(pod.Pod, func(container *v1.Container) {
		containers++
		name := normalizedImage(container.Image)
		if !node.HasImage(name) {
			return
		}
		size, nodes := c.View.Image(name)
		sum += int64(float64(size) * (float64(nodes) / float64(total)))
	})
	ceiling := imageCeiling * containers
	sum = max(min(sum, ceiling), imageFloor)
	return framework.MaxNodeScore * (sum - imageFloor) / (ceiling - imageFloor)
}

// normalizedImage adds the tag that an untagged image name stands for.
func normalizedImage(name string) string {
	if strings.LastIndex(name, ":") <= strings.LastIndex(name, "/") {
		return name + ":latest"
	}
	return name
}
