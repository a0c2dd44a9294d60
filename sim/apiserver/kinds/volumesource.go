package kinds

import (
	"net"
	"path"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Here are the sources that volumes of pods and persistent volumes share.

func (f *faults) cloudDisks(one *oneType, gce *corev1.GCEPersistentDiskVolumeSource, aws *corev1.AWSElasticBlockStoreVolumeSource) {
	if one.is(gce != nil, "gcePersistentDisk") {
		f.notEmpty(one.p.Child("persistentDisk"), "pdName", gce.PDName)
		f.partition(one.p.Child("persistentDisk"), gce.Partition)
	}
	if one.is(aws != nil, "awsElasticBlockStore") {
		f.notEmpty(one.p.Child("awsElasticBlockStore"), "volumeID", aws.VolumeID)
		f.partition(one.p.Child("awsElasticBlockStore"), aws.Partition)
	}
}

func (f *faults) partition(p *field.Path, partition int32) {
	if partition < 0 || partition > 255 {
		f.invalid(p, "partition", partition, validation.InclusiveRangeError(1, 255))
	}
}

func (f *faults) nfs(p *field.Path, s *corev1.NFSVolumeSource) {
	f.notEmpty(p, "server", s.Server)
	f.notEmpty(p, "path", s.Path)
	if !path.IsAbs(s.Path) {
		f.invalid(p, "path", s.Path, "must be an absolute path")
	}
}

func (f *faults) glusterfs(p *field.Path, endpoints, path string) {
	f.notEmpty(p, "endpoints", endpoints)
	f.notEmpty(p, "path", path)
}

func (f *faults) flocker(p *field.Path, s *corev1.FlockerVolumeSource) {
	if s.DatasetName == "" && s.DatasetUUID == "" {
		f.required(p, "", "one of datasetName and datasetUUID is required")
	}
	if s.DatasetName != "" && s.DatasetUUID != "" {
		f.invalid(p, "", "resource", "datasetName and datasetUUID can not be specified simultaneously")
	}
	if strings.Contains(s.DatasetName, "/") {
		f.invalid(p, "datasetName", s.DatasetName, "must not contain '/'")
	}
}

func (f *faults) rbd(p *field.Path, monitors []string, image string) {
	if len(monitors) == 0 {
		f.required(p, "monitors", "")
	}
	f.notEmpty(p, "image", image)
}

func (f *faults) quobyte(p *field.Path, s *corev1.QuobyteVolumeSource) {
	const pair = "must be a host:port pair or multiple pairs separated by commas"
	switch {
	case s.Registry == "":
		f.required(p, "registry", pair)
	case len(s.Tenant) >= 65:
		f.required(p, "tenant", "must be a UUID and may not exceed a length of 64 characters")
	default:
		for address := range strings.SplitSeq(s.Registry, ",") {
			if _, _, err := net.SplitHostPort(address); err != nil {
				f.invalid(p, "registry", s.Registry, pair)
			}
		}
	}
	f.notEmpty(p, "volume", s.Volume)
}

func (f *faults) fibreChannel(p *field.Path, s *corev1.FCVolumeSource) {
	if len(s.TargetWWNs) == 0 && len(s.WWIDs) == 0 {
		f.required(p, "targetWWNs", "must specify either targetWWNs or wwids, but not both")
	}
	if len(s.TargetWWNs) == 0 {
		return
	}
	if len(s.WWIDs) != 0 {
		f.invalid(p, "targetWWNs", s.TargetWWNs, "targetWWNs and wwids can not be specified simultaneously")
	}
	if s.Lun == nil {
		f.required(p, "lun", "lun is required if targetWWNs is specified")
	} else {
		f.lun(p, *s.Lun)
	}
}

func (f *faults) lun(p *field.Path, lun int32) {
	if lun < 0 || lun > 255 {
		f.invalid(p, "lun", lun, validation.InclusiveRangeError(0, 255))
	}
}

func (f *faults) flexVolume(p *field.Path, driver string, options map[string]string) {
	f.notEmpty(p, "driver", driver)
	for _, k := range sorted(nil, options) {
		namespace, _, _ := strings.Cut(k, "/")
		domain := "." + strings.ToLower(namespace)
		if strings.HasSuffix(domain, ".kubernetes.io") || strings.HasSuffix(domain, ".k8s.io") {
			f.invalid(p.Child("options").Key(k), "", k, "kubernetes.io and k8s.io namespaces are reserved")
		}
	}
}

func (f *faults) azureFile(p *field.Path, secret, share string) {
	f.notEmpty(p, "secretName", secret)
	f.notEmpty(p, "shareName", share)
}

func (f *faults) azureDisk(p *field.Path, s *corev1.AzureDiskVolumeSource) {
	f.notEmpty(p, "diskName", s.DiskName)
	f.notEmpty(p, "diskURI", s.DataDiskURI)
	ifSetOneOf(f, p, "cachingMode", s.CachingMode,
		corev1.AzureDataDiskCachingNone, corev1.AzureDataDiskCachingReadOnly, corev1.AzureDataDiskCachingReadWrite)
	ifSetOneOf(f, p, "kind", s.Kind, corev1.AzureDedicatedBlobDisk, corev1.AzureManagedDisk, corev1.AzureSharedBlobDisk)
	if s.Kind == nil {
		return
	}
	managed := *s.Kind == corev1.AzureManagedDisk
	if managed && !strings.HasPrefix(s.DataDiskURI, "/subscriptions/") {
		f.add(field.NotSupported(p.Child("diskURI"), s.DataDiskURI,
			[]string{"/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"}))
	}
	if !managed && !strings.HasPrefix(s.DataDiskURI, "https://") {
		f.add(field.NotSupported(p.Child("diskURI"), s.DataDiskURI,
			[]string{"https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"}))
	}
}

func (f *faults) storageOS(p *field.Path, name, namespace string) {
	f.require(p, "volumeName", name, dnsLabel)
	if namespace != "" {
		f.rule(p, "volumeNamespace", namespace, dnsLabel)
	}
}

func (f *faults) scaleIOFields(p *field.Path, gateway, system, volume string) {
	f.notEmpty(p, "gateway", gateway)
	f.notEmpty(p, "system", system)
	f.notEmpty(p, "volumeName", volume)
}

// csiDriver validates the name of a CSI driver, which may have capitals.
func (f *faults) csiDriver(p *field.Path, child, name string) {
	if name == "" {
		f.required(p, child, "")
		return
	}
	if len(name) > 63 {
		f.add(field.TooLong(at(p, child), "", 63))
	}
	f.messages(p, child, name, dnsSubdomain(strings.ToLower(name)))
}

// iscsiFields are what the two forms of an iSCSI source have in common.
type iscsiFields struct {
	iqn       string
	lun       int32
	chap      bool
	secret    bool
	initiator *string
}

const (
	tooLongPortal = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified."
	validFormat   = "must be valid format"
	startsWithIQN = "must be valid format starting with iqn, eui, or naa"
)

func (f *faults) iscsi(p *field.Path, s iscsiFields, wrongStart string) {
	if s.iqn == "" {
		f.required(p, "iqn", "")
	} else {
		f.iqn(p, "iqn", s.iqn, wrongStart)
	}
	f.lun(p, s.lun)
	if s.chap && !s.secret {
		f.required(p, "secretRef", "")
	}
	if s.initiator != nil {
		f.iqn(p, "initiatorname", *s.initiator, wrongStart)
	}
}

func (f *faults) iqn(p *field.Path, child, name, wrongStart string) {
	for _, form := range iqnForms {
		if strings.HasPrefix(name, form.prefix) {
			if !regexp.MustCompile(form.pattern).MatchString(name) {
				f.invalid(p, child, name, validFormat)
			}
			return
		}
	}
	f.invalid(p, child, name, wrongStart)
}

// iqnForms are the forms that iSCSI names have, by the prefix that tells them
// apart. Volumes of that sort are too rare to keep the expressions at hand.
var iqnForms = []struct{ prefix, pattern string }{
	{"iqn", `iqn\.\d{4}-\d{2}\.([[:alnum:]-.]+)(:[^,;*&$|\s]+)$`},
	{"eui", `^eui.[[:alnum:]]{16}$`},
	{"naa", `^naa.[[:alnum:]]{32}$`},
}
