package kinds

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// fileMode validates the mode of files in a volume, which may be nil.
func (f *faults) fileMode(p *field.Path, child string, mode *int32) {
	if mode != nil && (*mode < 0 || *mode > 0o777) {
		f.invalid(p, child, *mode, "must be a number between 0 and 0777 (octal), both inclusive")
	}
}

func (f *faults) hostPath(p *field.Path, s *corev1.HostPathVolumeSource) {
	if s.Path == "" {
		f.required(p, "path", "")
		return
	}
	f.noBacksteps(p, "path", s.Path)
	ifSetOneOf(f, p, "type", s.Type, corev1.HostPathUnset, corev1.HostPathBlockDev, corev1.HostPathCharDev, corev1.HostPathDirectory,
		corev1.HostPathDirectoryOrCreate, corev1.HostPathFile, corev1.HostPathFileOrCreate, corev1.HostPathSocket)
}

func (f *faults) secretVolume(p *field.Path, s *corev1.SecretVolumeSource) {
	f.notEmpty(p, "secretName", s.SecretName)
	f.fileMode(p, "defaultMode", s.DefaultMode)
	f.keysToPaths(p, s.Items, nil, "")
}

func (f *faults) configMapVolume(p *field.Path, s *corev1.ConfigMapVolumeSource) {
	f.notEmpty(p, "name", s.Name)
	f.fileMode(p, "defaultMode", s.DefaultMode)
	f.keysToPaths(p, s.Items, nil, "")
}

// keysToPaths validates which keys become which files. taken, if given, are the
// paths that a projection has already; a conflict is told with the source's name.
func (f *faults) keysToPaths(p *field.Path, items []corev1.KeyToPath, taken *takenPaths, name string) {
	for i, item := range items {
		idx := p.Child("items").Index(i)
		f.notEmpty(idx, "key", item.Key)
		f.notEmpty(idx, "path", item.Path)
		f.localFile(idx, "path", item.Path)
		f.fileMode(idx, "mode", item.Mode)
		if taken != nil && item.Path != "" {
			taken.take(f, item.Path, name)
		}
	}
}

func (f *faults) downwardVolume(p *field.Path, s *corev1.DownwardAPIVolumeSource) {
	f.fileMode(p, "defaultMode", s.DefaultMode)
	for i := range s.Items {
		f.downwardFile(p, &s.Items[i])
	}
}

func (f *faults) downwardFile(p *field.Path, file *corev1.DownwardAPIVolumeFile) {
	f.notEmpty(p, "path", file.Path)
	f.localFile(p, "path", file.Path)
	switch {
	case file.FieldRef != nil:
		f.fieldRef(p.Child("fieldRef"), file.FieldRef, fileFields)
		if file.ResourceFieldRef != nil {
			f.invalid(p, "", "resource", "fieldRef and resourceFieldRef can not be specified simultaneously")
		}
	case file.ResourceFieldRef != nil:
		f.resourceRef(p.Child("resourceFieldRef"), file.ResourceFieldRef, true)
	default:
		f.required(p, "", "one of fieldRef and resourceFieldRef is required")
	}
	f.fileMode(p, "mode", file.Mode)
}

// takenPaths are the files of a projected volume, none of which two sources may give.
type takenPaths struct {
	volume *field.Path
	paths  []string
}

func (t *takenPaths) take(f *faults, path, told string) {
	if slices.Contains(t.paths, path) {
		f.invalid(t.volume, "", told, "conflicting duplicate paths")
		return
	}
	t.paths = append(t.paths, path)
}

func (f *faults) projected(p *field.Path, s *corev1.ProjectedVolumeSource) {
	f.fileMode(p, "defaultMode", s.DefaultMode)
	taken := &takenPaths{volume: p}
	for i := range s.Sources {
		f.projection(p.Child("sources").Index(i), &s.Sources[i], taken)
	}
}

func (f *faults) projection(p *field.Path, s *corev1.VolumeProjection, taken *takenPaths) {
	count := 0
	if s.Secret != nil {
		count++
		f.notEmpty(p.Child("secret"), "name", s.Secret.Name)
		f.keysToPaths(p.Child("secret"), s.Secret.Items, taken, s.Secret.Name)
	}
	if s.ConfigMap != nil {
		count++
		f.notEmpty(p.Child("configMap"), "name", s.ConfigMap.Name)
		f.keysToPaths(p.Child("configMap"), s.ConfigMap.Items, taken, s.ConfigMap.Name)
	}
	if s.DownwardAPI != nil {
		count++
		for i := range s.DownwardAPI.Items {
			file := &s.DownwardAPI.Items[i]
			f.downwardFile(p.Child("downwardAPI"), file)
			if file.Path != "" {
				taken.take(f, file.Path, file.Path)
			}
		}
	}
	if s.ServiceAccountToken != nil {
		count++
		f.tokenProjection(p.Child("serviceAccountToken"), s.ServiceAccountToken, taken.volume)
	}
	if s.ClusterTrustBundle != nil {
		count++
		f.trustBundle(p.Child("clusterTrustBundle"), s.ClusterTrustBundle, taken)
	}
	if count > 1 {
		f.forbidden(p, "", "may not specify more than 1 volume type per source")
	}
}

func (f *faults) tokenProjection(p *field.Path, t *corev1.ServiceAccountTokenProjection, volume *field.Path) {
	if seconds := t.ExpirationSeconds; seconds != nil {
		if *seconds < 10*60 {
			f.invalid(p, "expirationSeconds", *seconds, "may not specify a duration less than 10 minutes")
		}
		if *seconds > 1<<32 {
			f.invalid(p, "expirationSeconds", *seconds, "may not specify a duration larger than 2^32 seconds")
		}
	}
	if t.Path == "" {
		f.required(volume, "path", "")
		return
	}
	f.localFile(volume, "path", t.Path)
}

func (f *faults) trustBundle(p *field.Path, b *corev1.ClusterTrustBundleProjection, taken *takenPaths) {
	switch {
	case b.Name != nil && b.SignerName != nil:
		f.invalid(p, "", internal{b}, "only one of name and signerName may be used")
	case b.Name != nil:
		if *b.Name == "" {
			f.required(p, "name", "must be a valid object name")
		}
		for _, m := range dnsSubdomain(*b.Name) {
			f.invalid(p, "name", *b.Name, "not a valid clustertrustbundlename: "+m)
		}
		if b.LabelSelector != nil {
			f.invalid(p, "labelSelector", b.LabelSelector, "labelSelector must be unset if name is specified")
		}
	case b.SignerName != nil:
		if *b.SignerName == "" {
			f.required(p, "signerName", "must be a valid signer name")
		}
		f.selector(p, "labelSelector", b.LabelSelector)
	default:
		f.required(p, "", "either name or signerName must be specified")
	}
	f.notEmpty(p, "path", b.Path)
	f.localFile(p, "path", b.Path)
	taken.take(f, b.Path, b.Path)
}
