package compose

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/go-units"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// mounts are the volumes of a pod and where its container mounts them.
type mounts struct {
	volumes []corev1.Volume
	mounts  []corev1.VolumeMount
	names   map[string]bool
	targets map[string]bool
}

// add mounts a volume under a name that is made unique, and returns the mount to refine. A target that is taken
// already keeps what it has: compose lets the service's own mounts win over copied ones.
func (m *mounts) add(name string, source corev1.VolumeSource, target string, readOnly bool) *corev1.VolumeMount {
	unique := name
	for n := 2; m.names[unique]; n++ {
		unique = name + "-" + index(n)
	}
	m.names[unique] = true
	m.volumes = append(m.volumes, corev1.Volume{Name: unique, VolumeSource: source})
	return m.mount(unique, target, readOnly)
}

func (m *mounts) mount(name, target string, readOnly bool) *corev1.VolumeMount {
	m.targets[target] = true
	m.mounts = append(m.mounts, corev1.VolumeMount{Name: name, MountPath: target, ReadOnly: readOnly})
	return &m.mounts[len(m.mounts)-1]
}

// mounts maps everything that the service's container has mounted.
func (s *service) mounts() *mounts {
	m := &mounts{names: map[string]bool{}, targets: map[string]bool{}}
	for i, volume := range s.Volumes {
		s.mountVolume(m, volume, s.mountPath(volume, i)...)
	}
	for i, tmpfs := range s.Tmpfs {
		s.mountTmpfs(m, tmpfs, "tmpfs", index(i))
	}
	if s.ShmSize > 0 {
		m.add("shm", memory(int64(s.ShmSize)), "/dev/shm", false)
	}
	for i, config := range s.Configs {
		s.mountFile(m, "configs", types.FileReferenceConfig(config), i)
	}
	for i, secret := range s.Secrets {
		s.mountFile(m, "secrets", types.FileReferenceConfig(secret), i)
	}
	s.copyMounts(m)
	return m
}

// mountPath is the key of a mount in the file: merging may have moved it in the list.
func (s *service) mountPath(volume types.ServiceVolumeConfig, i int) []string {
	for _, path := range s.t.origins([]string{"services", s.Name, "volumes"}) {
		for _, v := range s.t.views {
			for j, item := range list(v.valueAt(path)) {
				target := text(mapping(item)["target"])
				if short := text(item); short != "" {
					for _, part := range strings.Split(short, ":") {
						if strings.TrimRight(part, "/") == strings.TrimRight(volume.Target, "/") {
							target = volume.Target
						}
					}
				}
				if target == volume.Target {
					return []string{"volumes", index(j)}
				}
			}
		}
	}
	return []string{"volumes", index(i)}
}

// mountVolume maps one of volumes.
func (s *service) mountVolume(m *mounts, v types.ServiceVolumeConfig, path ...string) {
	switch v.Type {
	case types.VolumeTypeBind:
		s.mountBind(m, v, path)
	case types.VolumeTypeTmpfs:
		var limit int64
		if v.Tmpfs != nil {
			limit = int64(v.Tmpfs.Size)
		}
		m.add("tmpfs", memory(limit), v.Target, v.ReadOnly)
	case types.VolumeTypeImage:
		mount := m.add("image", corev1.VolumeSource{Image: &corev1.ImageVolumeSource{Reference: v.Source}}, v.Target, true)
		if v.Image != nil {
			mount.SubPath = s.subPath(v.Image.SubPath, path)
		}
	case types.VolumeTypeVolume, "":
		s.mountNamed(m, v, path)
	default:
		s.note(Lost, "mounts a "+v.Type, "Kubernetes has nothing like it", "", path...)
	}
}

// mountNamed maps a named or anonymous volume.
func (s *service) mountNamed(m *mounts, v types.ServiceVolumeConfig, path []string) {
	if v.Source == "" {
		m.add("anonymous", corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}, v.Target, v.ReadOnly)
		s.note(Changed, "an anonymous volume outlives its container", "an emptyDir is gone with its pod", "give it a name to keep the data", path...)
		return
	}
	name := dnsName(v.Source)
	var mount *corev1.VolumeMount
	if m.names[name] { // the same volume twice in one pod
		mount = m.mount(name, v.Target, v.ReadOnly)
	} else {
		mount = m.add(name, s.t.volumeSource(v.Source), v.Target, v.ReadOnly)
	}
	if v.Volume != nil {
		mount.SubPath = s.subPath(v.Volume.Subpath, path)
	}
}

// subPath maps a folder inside a volume; Kubernetes takes no way out of it.
func (s *service) subPath(path string, key []string) string {
	if strings.HasPrefix(path, "/") || strings.Contains("/"+path+"/", "/../") {
		s.note(Lost, "mounts the folder "+path+" of the volume", "Kubernetes takes a path inside the volume only, so all of it is mounted", "", key...)
		return ""
	}
	return path
}

// mountTmpfs maps one of tmpfs: "/run:size=64m,mode=1777".
func (s *service) mountTmpfs(m *mounts, tmpfs string, path ...string) {
	target, options, _ := strings.Cut(tmpfs, ":")
	var limit int64
	for _, option := range strings.Split(options, ",") {
		if size, ok := strings.CutPrefix(option, "size="); ok {
			limit, _ = units.RAMInBytes(size)
		} else if option != "" {
			s.note(Lost, "mounts it with "+option, "an emptyDir has no such option", "", path...)
		}
	}
	m.add("tmpfs", memory(limit), target, false)
}

// memory is a volume in memory, of a size in bytes or, with 0, without a limit.
func memory(limit int64) corev1.VolumeSource {
	dir := &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory}
	if limit > 0 {
		dir.SizeLimit = resource.NewQuantity(limit, resource.BinarySI)
	}
	return corev1.VolumeSource{EmptyDir: dir}
}

// copyMounts maps volumes_from: the other service's mounts at the same places.
func (s *service) copyMounts(m *mounts) {
	for i, from := range s.VolumesFrom {
		name, mode, _ := strings.Cut(from, ":")
		other := s.t.find(name)
		if strings.HasPrefix(from, types.ContainerPrefix) || other == nil {
			s.note(Lost, "mounts what "+from+" has mounted", "there is no such service here", "", "volumes_from", index(i))
			continue
		}
		for _, v := range other.Volumes {
			if m.targets[v.Target] {
				continue
			}
			v.ReadOnly = v.ReadOnly || mode == "ro"
			s.mountVolume(m, v, "volumes_from", index(i))
		}
	}
}

// namedVolumes are the named volumes of the service, copied ones too, and whether it writes to them.
func (s *service) namedVolumes() map[string]bool {
	writes := map[string]bool{}
	add := func(volumes []types.ServiceVolumeConfig, readOnly bool) {
		for _, v := range volumes {
			if (v.Type == types.VolumeTypeVolume || v.Type == "") && v.Source != "" {
				writes[v.Source] = writes[v.Source] || !(v.ReadOnly || readOnly)
			}
		}
	}
	add(s.Volumes, false)
	for _, from := range s.VolumesFrom {
		name, mode, _ := strings.Cut(from, ":")
		if other := s.t.find(name); other != nil {
			add(other.Volumes, mode == "ro")
		}
	}
	return writes
}

// writableVolume is a named volume that the service writes to, or "".
func (s *service) writableVolume() string {
	for name, writes := range sorted(s.namedVolumes()) {
		if writes && s.t.volumeSource(name).PersistentVolumeClaim != nil {
			return name
		}
	}
	return ""
}
