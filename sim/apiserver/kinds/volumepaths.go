package kinds

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// volumePath is where a volume puts a file, and of which of its sources, if it has several.
type volumePath struct{ path, source string }

func (p volumePath) String() string {
	if p.source == "" {
		return fmt.Sprintf("%q", p.path)
	}
	return fmt.Sprintf("%q (%s)", p.path, p.source)
}

// volumePaths remarks upon files of a volume of which one hides another.
func (r *remarks) volumePaths() {
	for i := range r.spec.Volumes {
		v := &r.spec.Volumes[i]
		if s := v.ConfigMap; s != nil {
			r.overlaps(v.Name, fmt.Sprintf("ConfigMap %q", s.Name), keyPaths(s.Items, ""))
		}
		if s := v.Secret; s != nil {
			r.overlaps(v.Name, fmt.Sprintf("Secret %q", s.SecretName), keyPaths(s.Items, ""))
		}
		if s := v.DownwardAPI; s != nil {
			r.overlaps(v.Name, "DownwardAPI", downwardPaths(s.Items, ""))
		}
		if v.Projected != nil {
			r.projectedPaths(v.Name, v.Projected.Sources)
		}
	}
}

func (r *remarks) projectedPaths(volume string, sources []corev1.VolumeProjection) {
	var paths []volumePath
	for _, s := range sources {
		switch {
		case s == (corev1.VolumeProjection{}):
			r.list = append(r.list, fmt.Sprintf("volume %q (Projected) has no sources provided", volume))
		case s.ConfigMap != nil && s.ConfigMap.Items != nil:
			paths = append(paths, keyPaths(s.ConfigMap.Items, fmt.Sprintf("ConfigMap %q", s.ConfigMap.Name))...)
		case s.Secret != nil && s.Secret.Items != nil:
			paths = append(paths, keyPaths(s.Secret.Items, fmt.Sprintf("Secret %q", s.Secret.Name))...)
		case s.DownwardAPI != nil && s.DownwardAPI.Items != nil:
			paths = append(paths, downwardPaths(s.DownwardAPI.Items, "DownwardAPI")...)
		case s.ServiceAccountToken != nil:
			paths = append(paths, volumePath{s.ServiceAccountToken.Path, "ServiceAccountToken"})
		}
	}
	r.overlaps(volume, "Projected", paths)
}

func keyPaths(items []corev1.KeyToPath, source string) (paths []volumePath) {
	for _, k := range items {
		paths = append(paths, volumePath{k.Path, source})
	}
	return paths
}

func downwardPaths(items []corev1.DownwardAPIVolumeFile, source string) (paths []volumePath) {
	for _, f := range items {
		paths = append(paths, volumePath{f.Path, source})
	}
	return paths
}

// overlaps remarks upon each pair of paths of which one is the other, or a folder of it.
func (r *remarks) overlaps(volume, what string, paths []volumePath) {
	for i := range paths {
		p := &paths[i]
		if p.path = strings.TrimRight(p.path, "/"); p.path == "" {
			continue
		}
		for _, o := range paths[:i] {
			if o.path != "" && (strings.HasPrefix(o.path+"/", p.path+"/") || strings.HasPrefix(p.path+"/", o.path+"/")) {
				r.list = append(r.list, fmt.Sprintf("volume %q (%s): overlapping paths: %s with %s", volume, what, p, o))
			}
		}
	}
}
