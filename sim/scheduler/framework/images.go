package framework

import v1 "k8s.io/api/core/v1"

// imageTable knows every image name that some node holds.
type imageTable map[string]*imageState

type imageState struct {
	size  int64 // bytes, as the first node to have it reported
	nodes int
}

// replace accounts for a node whose images changed from old's to new's (either
// may be nil) and reports whether any image's spread changed.
func (t imageTable) replace(old, new *v1.Node) bool {
	before, after := imageSizes(old), imageSizes(new)
	changed := false
	for name := range before {
		if _, still := after[name]; still {
			continue
		}
		changed = true
		if t[name].nodes--; t[name].nodes == 0 {
			delete(t, name)
		}
	}
	for name, size := range after {
		if _, had := before[name]; had {
			continue
		}
		changed = true
		if t[name] == nil {
			t[name] = &imageState{size: size}
		}
		t[name].nodes++
	}
	return changed
}

func imageSizes(node *v1.Node) map[string]int64 {
	if node == nil || len(node.Status.Images) == 0 {
		return nil
	}
	sizes := make(map[string]int64)
	for _, image := range node.Status.Images {
		for _, name := range image.Names {
			if _, seen := sizes[name]; !seen {
				sizes[name] = image.SizeBytes
			}
		}
	}
	return sizes
}

// Image returns an image's size in bytes and the number of nodes that hold it.
func (s *Snapshot) Image(name string) (size int64, nodes int) {
	if state := s.images[name]; state != nil {
		return state.size, state.nodes
	}
	return 0, 0
}
