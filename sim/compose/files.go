package compose

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// translateFiles makes a ConfigMap of each config and a Secret of each secret that a service uses.
func (t *translation) translateFiles() {
	for _, name := range t.inFileOrder(slices.Collect(maps.Keys(t.project.Configs)), "configs") {
		t.file("configs", name, types.FileObjectConfig(t.project.Configs[name]))
	}
	for _, name := range t.inFileOrder(slices.Collect(maps.Keys(t.project.Secrets)), "secrets") {
		t.file("secrets", name, types.FileObjectConfig(t.project.Secrets[name]))
	}
}

// fileName is the object's name: the one that the file gives, else its key.
func (t *translation) fileName(section, key string) string {
	name := t.project.Configs[key].Name
	if section == "secrets" {
		name = t.project.Secrets[key].Name
	}
	if name == "" || name == t.project.Name+"_"+key {
		name = key
	}
	return dnsName(name)
}

// file makes the object of one config or secret.
func (t *translation) file(section, key string, f types.FileObjectConfig) {
	place := []string{section, key}
	user := t.userOfFile(section, key)
	if user == nil {
		t.note(Lost, "no active service uses it", "no object is made for it", "", place...)
		return
	}
	kind := map[string]string{"configs": "ConfigMap", "secrets": "Secret"}[section]
	name := t.fileName(section, key)
	if bool(f.External) {
		t.note(Changed, "it exists already", "the "+kind+" "+name+" must exist already, with the key "+key, "create it first", place...)
		return
	}
	if !t.claim(kind, name, place...) {
		return
	}
	data := t.fileContent(section, key, f)
	meta := metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: user.labels(), Annotations: t.annotations(f.Labels, place...)}
	var r Resource
	if section == "configs" {
		config := &corev1.ConfigMap{TypeMeta: typeMeta("v1", kind), ObjectMeta: meta}
		fill(config, map[string]projectFile{key: {data: data}})
		r = config
	} else {
		r = &corev1.Secret{TypeMeta: typeMeta("v1", kind), ObjectMeta: meta, Type: corev1.SecretTypeOpaque, Data: map[string][]byte{key: data}}
	}
	t.objects.files = append(t.objects.files, Object{
		Resource: r, Service: user.Name, Pos: t.at(place...), Why: "service " + user.Name + " uses the " + strings.TrimSuffix(section, "s") + " " + key,
	})
}

// fileContent is what a config or secret holds.
func (t *translation) fileContent(section, key string, f types.FileObjectConfig) []byte {
	switch {
	case f.Environment != "":
		value, ok := t.env[f.Environment]
		if !ok {
			t.note(Changed, "holds the variable "+f.Environment, "it is not set, so it is empty", "set it", section, key, "environment")
		}
		return []byte(value)
	case f.File != "":
		data, err := t.readFile(f.File)
		if err != nil {
			t.note(Changed, "holds the file "+f.File, "it is empty: "+whyNot(err), "", section, key, "file")
		}
		return data
	}
	return []byte(f.Content)
}

// userOfFile is the first service that uses a config or secret.
func (t *translation) userOfFile(section, key string) *service {
	for _, s := range t.services {
		if section == "configs" && slices.ContainsFunc(s.Configs, func(c types.ServiceConfigObjConfig) bool { return c.Source == key }) ||
			section == "secrets" && slices.ContainsFunc(s.Secrets, func(c types.ServiceSecretConfig) bool { return c.Source == key }) {
			return s
		}
	}
	return nil
}

// mountFile mounts a config or secret as one file.
func (s *service) mountFile(m *mounts, section string, f types.FileReferenceConfig, i int) {
	key := []string{section, index(i)}
	target := f.Target
	switch {
	case section == "configs" && target == "":
		target = "/" + f.Source
	case section == "secrets" && target == "":
		target = "/run/secrets/" + f.Source
	case section == "secrets" && !path.IsAbs(target):
		target = "/run/secrets/" + target
	case !path.IsAbs(target):
		target = "/" + target
	}
	target = path.Clean(target)
	if m.targets[target] || strings.Contains(target, ":") {
		s.note(Lost, "is mounted at "+target, "this is no free place for it", "choose another target", key...)
		return
	}
	item := corev1.KeyToPath{Key: f.Source, Path: path.Base(target)}
	if f.Mode != nil {
		if mode := int32(*f.Mode); mode >= 0 && mode <= 0o777 {
			item.Mode = &mode
		} else {
			s.note(Lost, "the file has the mode "+f.Mode.String(), "Kubernetes takes 0 to 0777", "", below(key, "mode")...)
		}
	}
	name := s.t.fileName(section, f.Source)
	source := corev1.VolumeSource{}
	if section == "configs" {
		source.ConfigMap = &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Items: []corev1.KeyToPath{item}}
	} else {
		source.Secret = &corev1.SecretVolumeSource{SecretName: name, Items: []corev1.KeyToPath{item}}
	}
	mount := m.add(strings.TrimSuffix(section, "s")+"-"+name, source, target, true)
	mount.SubPath = item.Path
}

// fits tells whether data is small enough for an object.
func (s *service) fits(size int, what string, place []string) bool {
	if size < maxRead {
		return true
	}
	s.note(Lost, "reads "+what, "it is "+errTooLarge.Error(), "", place...)
	return false
}
