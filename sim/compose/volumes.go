package compose

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// The size of a volume whose size nobody said, and the labels by which Kompose users say it.
const (
	defaultSize       = "1Gi"
	sizeLabel         = "kompose.volume.size"
	storageClassLabel = "kompose.volume.storage-class-name"
)

// translateVolumes makes a claim of each named volume that a service uses.
func (t *translation) translateVolumes() {
	for _, name := range t.inFileOrder(slices.Collect(maps.Keys(t.project.Volumes)), "volumes") {
		config := t.project.Volumes[name]
		users, pods := t.usersOf(name)
		if config.Driver == "local" {
			t.note(Kept, "keeps the volume on the machine's disk", "the default storage class keeps it", "", "volumes", name, "driver")
		}
		if len(users) == 0 {
			t.note(Lost, "a volume that no active service mounts", "no claim is made for it", "", "volumes", name)
			continue
		}
		if source := t.volumeSource(name); source.PersistentVolumeClaim == nil {
			t.note(Changed, "the local driver mounts "+config.DriverOpts["device"], "pods mount it themselves, without a claim", "", "volumes", name, "driver_opts")
			continue
		}
		if bool(config.External) {
			t.note(Changed, "a volume that exists already", "the claim "+t.claimName(name)+" must exist already", "create it first", "volumes", name)
			continue
		}
		if !t.claim("PersistentVolumeClaim", t.claimName(name), "volumes", name) {
			continue
		}
		if dnsName(name) != name {
			t.note(Changed, name+" is a volume's name", "it is no DNS name, so the claim is named "+t.claimName(name), "", "volumes", name)
		}
		t.objects.claims = append(t.objects.claims, t.volumeClaim(name, config, users, pods))
	}
}

// usersOf lists the services that mount a volume, and how many pods that makes.
func (t *translation) usersOf(volume string) (users []*service, pods int32) {
	for _, s := range t.services {
		if _, uses := s.namedVolumes()[volume]; !uses {
			continue
		}
		users = append(users, s)
		if s.kind == daemonSet {
			pods += 2 // one on every node: several
		} else {
			pods += max(1, s.replicas)
		}
	}
	return users, pods
}

// claimName is the claim's name: the volume's own name where the file gives one, else its key.
func (t *translation) claimName(key string) string {
	if name := t.project.Volumes[key].Name; name != "" && name != t.project.Name+"_"+key {
		return dnsName(name)
	}
	return dnsName(key)
}

func (t *translation) volumeClaim(name string, config types.VolumeConfig, users []*service, pods int32) Object {
	path := []string{"volumes", name}
	mode := corev1.ReadWriteOnce
	if pods > 1 {
		mode = corev1.ReadWriteMany
		t.note(Changed, fmt.Sprintf("containers of one machine share the volume, here %d", pods),
			"pods on several nodes share it (ReadWriteMany)", "use a storage class that can do this", path...)
	}
	size := t.volumeSize(name, config)
	claim := &corev1.PersistentVolumeClaim{
		TypeMeta: typeMeta("v1", "PersistentVolumeClaim"),
		ObjectMeta: metav1.ObjectMeta{
			Name: t.claimName(name), Namespace: namespace, Labels: users[0].labels(), Annotations: t.annotations(config.Labels, path...),
		},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{mode},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: size}},
		},
	}
	if class := config.Labels[storageClassLabel]; class != "" {
		if len(validation.IsDNS1123Subdomain(class)) > 0 {
			t.note(Lost, "asks for the storage class "+class, "this is no name of a storage class", "", path...)
		} else {
			claim.Spec.StorageClassName = &class
		}
	}
	names := make([]string, 0, len(users))
	for _, s := range users {
		names = append(names, s.Name)
	}
	why := "service " + names[0] + " has the named volume " + name
	if len(names) > 1 {
		why = "services " + strings.Join(names, " and ") + " share the named volume " + name
	}
	return Object{Resource: claim, Service: names[0], Pos: t.at(path...), Why: why}
}

func (t *translation) volumeSize(name string, config types.VolumeConfig) resource.Quantity {
	if wanted := config.Labels[sizeLabel]; wanted != "" {
		if size, err := resource.ParseQuantity(wanted); err == nil && size.Sign() > 0 {
			return size
		}
		t.note(Lost, "asks for the size "+wanted, "this is no quantity, so it is "+defaultSize, "write for example 5Gi", "volumes", name)
	} else {
		t.note(Changed, "a volume grows as far as the disk does", "a claim of "+defaultSize, "say its size by the label "+sizeLabel, "volumes", name)
	}
	return resource.MustParse(defaultSize)
}

// annotations keeps the labels of something that belongs to several services.
func (t *translation) annotations(labels map[string]string, path ...string) map[string]string {
	kept := map[string]string{}
	for key, value := range sorted(labels) {
		if len(validation.IsQualifiedName(strings.ToLower(key))) > 0 {
			t.note(Lost, "has the label "+key, "this is no valid key for an annotation", "", below(path, "labels", key)...)
			continue
		}
		kept[key] = value
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

// volumeSource is what stands for a named volume in a pod: usually its claim, but the driver options of the local
// driver can make it a file system of the network, of memory, or a folder of the node.
func (t *translation) volumeSource(name string) corev1.VolumeSource {
	options := t.project.Volumes[name].DriverOpts
	device := options["device"]
	mountOptions := strings.Split(options["o"], ",")
	switch kind := options["type"]; {
	case strings.HasPrefix(kind, "nfs"):
		server := ""
		for _, option := range mountOptions {
			if address, ok := strings.CutPrefix(option, "addr="); ok {
				server = address
			}
		}
		path := strings.TrimPrefix(device, ":")
		if server != "" && strings.HasPrefix(path, "/") {
			return corev1.VolumeSource{NFS: &corev1.NFSVolumeSource{Server: server, Path: path, ReadOnly: slices.Contains(mountOptions, "ro")}}
		}
	case kind == "tmpfs":
		return memory(0)
	case slices.Contains(mountOptions, "bind") && strings.HasPrefix(device, "/") && !strings.Contains("/"+device+"/", "/../"):
		create := corev1.HostPathDirectoryOrCreate
		return corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: device, Type: &create}}
	}
	return corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: t.claimName(name)}}
}
