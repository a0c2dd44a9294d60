package compose

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/compose-spec/compose-go/v2/types"
	corev1 "k8s.io/api/core/v1"
)

// maxEntries bounds the files of a folder that becomes a ConfigMap.
const maxEntries = 500

// mountBind maps a bind mount: files of the project become a ConfigMap, other paths are the node's own.
func (s *service) mountBind(m *mounts, v types.ServiceVolumeConfig, key []string) {
	relative, inside := s.t.inProject(v.Source)
	var mount *corev1.VolumeMount
	switch {
	case !inside:
		mount = s.hostPath(m, v, key)
	case s.isCode(relative):
		s.note(Changed, "the source code in "+v.Source+" hides what the image was built with", "the image's own files are used",
			"build again after a change", key...)
		return
	default:
		mount = s.projectFiles(m, v, relative, key)
	}
	if mount == nil || v.Bind == nil {
		return
	}
	switch propagation := v.Bind.Propagation; propagation {
	case "shared", "rshared":
		if s.Privileged {
			mode := corev1.MountPropagationBidirectional
			mount.MountPropagation = &mode
		} else {
			s.note(Lost, "mounts made in the container are seen outside ("+propagation+")", "Kubernetes allows this to privileged containers only", "", key...)
		}
	case "slave", "rslave":
		mode := corev1.MountPropagationHostToContainer
		mount.MountPropagation = &mode
	}
	if v.Bind.SELinux != "" {
		s.note(Lost, "the files get an SELinux label ("+v.Bind.SELinux+")", "Kubernetes labels files as the pod's seLinuxOptions say", "", key...)
	}
}

// inProject tells whether a path is in the project folder, and where in it.
func (t *translation) inProject(source string) (string, bool) {
	if strings.HasPrefix(source, "~") || strings.HasPrefix(source, `\`) {
		return "", false
	}
	if !filepath.IsAbs(source) {
		clean := filepath.Clean(source)
		return clean, clean != ".." && !strings.HasPrefix(clean, "../")
	}
	if t.opts.Dir == "" {
		return "", false
	}
	dir, err := filepath.Abs(t.opts.Dir)
	if err != nil {
		return "", false
	}
	relative, err := filepath.Rel(dir, source)
	return relative, err == nil && relative != ".." && !strings.HasPrefix(relative, "../")
}

// isCode tells whether a path of the project is a folder that the service's image is built from.
func (s *service) isCode(relative string) bool {
	if s.Build == nil || strings.Contains(s.Build.Context, "://") {
		return false
	}
	context, inside := s.t.inProject(s.Build.Context)
	if !inside || context != "." && relative != context && !strings.HasPrefix(relative, context+"/") {
		return false
	}
	return relative == context || s.t.isDir(relative) || s.t.opts.Dir == "" && path.Ext(relative) == ""
}

// hostPath mounts a path of the node.
func (s *service) hostPath(m *mounts, v types.ServiceVolumeConfig, key []string) *corev1.VolumeMount {
	if !path.IsAbs(v.Source) || strings.Contains(v.Source+"/", "/../") {
		s.note(Lost, "mounts "+v.Source+" of this machine", "nodes have no such path, so an empty folder is mounted", "write an absolute path that nodes have", key...)
		return m.add("bind", corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}, v.Target, v.ReadOnly)
	}
	kind := corev1.HostPathUnset
	switch {
	case strings.HasSuffix(v.Source, ".sock"):
		kind = corev1.HostPathSocket
	case strings.HasPrefix(v.Source, "/dev/"):
	case v.Bind != nil && bool(v.Bind.CreateHostPath) && path.Ext(v.Source) == "" && !strings.HasPrefix(v.Source, "/etc/"):
		kind = corev1.HostPathDirectoryOrCreate
	}
	s.note(Changed, "mounts "+v.Source+" of the one machine", "mounts that path of whichever node the pod runs on", "keep the data in a named volume, or pin the service to a node", key...)
	return m.add("host", corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path.Clean(v.Source), Type: &kind}}, v.Target, v.ReadOnly)
}

// projectFiles mounts a file or folder of the project as a ConfigMap.
func (s *service) projectFiles(m *mounts, v types.ServiceVolumeConfig, relative string, key []string) *corev1.VolumeMount {
	full, err := s.t.path(relative)
	var files map[string]projectFile
	var single bool
	if err == nil {
		files, single, err = collect(full)
	}
	switch {
	case errors.Is(err, errTooLarge) && !strings.HasPrefix(relative, ".."):
		s.note(Changed, "mounts "+v.Source+" of this machine", "it is too large for a ConfigMap, so the node's own /"+filepath.ToSlash(relative)+" is mounted", "put the files into the image or a volume", key...)
		return m.add("host", corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/" + filepath.ToSlash(relative)}}, v.Target, v.ReadOnly)
	case err != nil || len(files) == 0:
		why := "it has no files"
		if err != nil {
			why = whyNot(err)
		}
		s.note(Changed, "mounts "+v.Source+" of this machine", "an empty folder is mounted: "+why, "", key...)
		return m.add("bind", corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}, v.Target, v.ReadOnly)
	}
	if !v.ReadOnly {
		s.note(Changed, "the container and this machine both write to "+v.Source, "a ConfigMap with a copy of it, which cannot be written to", "say :ro, or use a named volume", key...)
	}
	name := s.t.free("ConfigMap", s.kube+"-files", append([]string{"services", s.Name}, key...)...)
	config := &corev1.ConfigMap{TypeMeta: typeMeta("v1", "ConfigMap"), ObjectMeta: s.meta(name)}
	source := &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: name}}
	source.Items = fill(config, files)
	s.t.objects.files = append(s.t.objects.files, s.object(config, "mounts "+v.Source+" of the project", key...))
	mount := m.add("files", corev1.VolumeSource{ConfigMap: source}, v.Target, v.ReadOnly)
	if single {
		mount.SubPath = source.Items[0].Path
	}
	return mount
}

// projectFile is a file of the project.
type projectFile struct {
	data       []byte
	executable bool
}

// collect reads a file, or all files of a folder by their paths in it.
func collect(root string) (files map[string]projectFile, single bool, err error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, false, err
	}
	files = map[string]projectFile{}
	total := 0
	add := func(name, full string, info fs.FileInfo) error {
		if total += int(info.Size()) + len(name); info.Size() > maxRead || total > maxRead-4096 || len(files) == maxEntries {
			return errTooLarge
		}
		data, err := os.ReadFile(full)
		files[filepath.ToSlash(name)] = projectFile{data: data, executable: info.Mode()&0o111 != 0}
		return err
	}
	if !info.IsDir() {
		if !info.Mode().IsRegular() {
			return nil, false, fmt.Errorf("it is neither a file nor a folder")
		}
		return files, true, add(filepath.Base(root), root, info)
	}
	err = filepath.WalkDir(root, func(full string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, full)
		if err != nil {
			return err
		}
		return add(name, full, info)
	})
	return files, false, err
}

// fill puts files into a ConfigMap and says which key is at which path.
func fill(config *corev1.ConfigMap, files map[string]projectFile) []corev1.KeyToPath {
	var items []corev1.KeyToPath
	used := map[string]bool{}
	executable := int32(0o755)
	for name, file := range sorted(files) {
		key := strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_' {
				return r
			}
			return '_'
		}, name)
		if len(key) > 200 {
			key = key[len(key)-200:]
		}
		key = strings.TrimLeft(key, ".")
		for unique, n := key, 2; used[key] || key == ""; n++ {
			key = fmt.Sprintf("%s_%d", unique, n)
		}
		used[key] = true
		if utf8.Valid(file.data) {
			if config.Data == nil {
				config.Data = map[string]string{}
			}
			config.Data[key] = string(file.data)
		} else {
			if config.BinaryData == nil {
				config.BinaryData = map[string][]byte{}
			}
			config.BinaryData[key] = file.data
		}
		item := corev1.KeyToPath{Key: key, Path: name}
		if file.executable {
			item.Mode = &executable
		}
		items = append(items, item)
	}
	return items
}
