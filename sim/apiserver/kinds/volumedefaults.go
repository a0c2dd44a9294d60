package kinds

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// defaultVolume fills in a volume of a pod; one without a source is an empty
// directory.
func defaultVolume(v *corev1.Volume) {
	if v.VolumeSource == (corev1.VolumeSource{}) {
		v.EmptyDir = &corev1.EmptyDirVolumeSource{}
		return
	}
	if v.Secret != nil {
		orNew(&v.Secret.DefaultMode, corev1.SecretVolumeSourceDefaultMode)
	}
	if v.ConfigMap != nil {
		orNew(&v.ConfigMap.DefaultMode, corev1.ConfigMapVolumeSourceDefaultMode)
	}
	if v.DownwardAPI != nil {
		orNew(&v.DownwardAPI.DefaultMode, corev1.DownwardAPIVolumeSourceDefaultMode)
		defaultDownwardFiles(v.DownwardAPI.Items)
	}
	if v.Projected != nil {
		defaultProjected(v.Projected)
	}
	if v.HostPath != nil {
		orNew(&v.HostPath.Type, corev1.HostPathUnset)
	}
	if v.Ephemeral != nil && v.Ephemeral.VolumeClaimTemplate != nil {
		defaultClaimSpec(&v.Ephemeral.VolumeClaimTemplate.Spec)
	}
	if v.Image != nil && v.Image.PullPolicy == "" {
		v.Image.PullPolicy = pullPolicy(v.Image.Reference)
	}
	defaultNetworkVolume(v)
}

func defaultNetworkVolume(v *corev1.Volume) {
	if v.ISCSI != nil {
		orElse(&v.ISCSI.ISCSIInterface, "default")
	}
	if v.RBD != nil {
		orElse(&v.RBD.RBDPool, "rbd")
		orElse(&v.RBD.RadosUser, "admin")
		orElse(&v.RBD.Keyring, "/etc/ceph/keyring")
	}
	if v.AzureDisk != nil {
		defaultAzureDisk(v.AzureDisk)
	}
	if v.ScaleIO != nil {
		orElse(&v.ScaleIO.StorageMode, "ThinProvisioned")
		orElse(&v.ScaleIO.FSType, "xfs")
	}
}

func defaultAzureDisk(d *corev1.AzureDiskVolumeSource) {
	orNew(&d.CachingMode, corev1.AzureDataDiskCachingReadWrite)
	orNew(&d.Kind, corev1.AzureSharedBlobDisk)
	orNew(&d.FSType, "ext4")
	orNew(&d.ReadOnly, false)
}

func defaultProjected(p *corev1.ProjectedVolumeSource) {
	orNew(&p.DefaultMode, corev1.ProjectedVolumeSourceDefaultMode)
	for i := range p.Sources {
		if s := &p.Sources[i]; s.DownwardAPI != nil {
			defaultDownwardFiles(s.DownwardAPI.Items)
		}
		if token := p.Sources[i].ServiceAccountToken; token != nil {
			orNew(&token.ExpirationSeconds, int64(time.Hour.Seconds()))
		}
	}
}

func defaultDownwardFiles(files []corev1.DownwardAPIVolumeFile) {
	for i := range files {
		defaultFieldRef(files[i].FieldRef)
	}
}

// orElse sets a value that was left out.
func orElse[T comparable](value *T, fallback T) {
	var none T
	if *value == none {
		*value = fallback
	}
}

// orNew sets a pointer that was left out.
func orNew[T any](value **T, fallback T) {
	if *value == nil {
		*value = new(fallback)
	}
}
