package kinds

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const oneVolumeType = "may not specify more than 1 volume type"

// checkVolumes validates the volumes and remembers the sound ones. podName is
// "" for a template.
func (c *podCheck) checkVolumes(podName string) {
	p := c.path.Child("volumes")
	for i := range c.spec.Volumes {
		v := &c.spec.Volumes[i]
		before := len(c.list)
		c.volumeSource(p.Index(i), v, podName)
		c.require(p.Index(i), "name", v.Name, dnsLabel)
		if c.volume(v.Name) != nil {
			c.duplicate(p.Index(i), "name", v.Name)
		}
		if len(c.list) == before {
			c.volumes = append(c.volumes, v)
		}
		if v.PersistentVolumeClaim != nil && podName != "" && c.ownClaim(podName, v.PersistentVolumeClaim.ClaimName) {
			c.invalid(p.Index(i).Child("persistentVolumeClaim"), "claimName", v.PersistentVolumeClaim.ClaimName,
				"must not reference a PVC that gets created for an ephemeral volume")
		}
	}
}

// ownClaim reports whether a claim is one that will be made for the pod.
func (c *podCheck) ownClaim(podName, claim string) bool {
	return slices.ContainsFunc(c.spec.Volumes, func(v corev1.Volume) bool {
		return v.Ephemeral != nil && podName+"-"+v.Name == claim
	})
}

func (c *podCheck) volumeSource(p *field.Path, v *corev1.Volume, podName string) {
	one := oneType{f: c.faults, p: p, detail: oneVolumeType}
	if one.is(v.EmptyDir != nil, "emptyDir") && v.EmptyDir.SizeLimit != nil && v.EmptyDir.SizeLimit.Sign() < 0 {
		c.forbidden(p.Child("emptyDir"), "sizeLimit", "SizeLimit field must be a valid resource quantity")
	}
	if one.is(v.HostPath != nil, "hostPath") {
		c.hostPath(p.Child("hostPath"), v.HostPath)
	}
	if one.is(v.GitRepo != nil, "gitRepo") {
		c.notEmpty(p.Child("gitRepo"), "repository", v.GitRepo.Repository)
		c.descending(p.Child("gitRepo"), "directory", v.GitRepo.Directory)
	}
	c.cloudDisks(&one, v.GCEPersistentDisk, v.AWSElasticBlockStore)
	if one.is(v.Secret != nil, "secret") {
		c.secretVolume(p.Child("secret"), v.Secret)
	}
	if one.is(v.NFS != nil, "nfs") {
		c.nfs(p.Child("nfs"), v.NFS)
	}
	c.podISCSI(&one, v)
	c.networkVolumes(&one, v)
	if one.is(v.DownwardAPI != nil, "downwarAPI") { // sic
		c.downwardVolume(p.Child("downwardAPI"), v.DownwardAPI)
	}
	if one.is(v.FC != nil, "fc") {
		c.fibreChannel(p.Child("fc"), v.FC)
	}
	if one.is(v.FlexVolume != nil, "flexVolume") {
		c.flexVolume(p.Child("flexVolume"), v.FlexVolume.Driver, v.FlexVolume.Options)
	}
	if one.is(v.ConfigMap != nil, "configMap") {
		c.configMapVolume(p.Child("configMap"), v.ConfigMap)
	}
	c.vendorVolumes(&one, v)
	if one.is(v.Projected != nil, "projected") {
		c.projected(p.Child("projected"), v.Projected)
	}
	c.scaleIO(&one, v.ScaleIO)
	c.lastVolumes(&one, v, podName)
	if one.count == 0 {
		c.required(p, "", "must specify a volume type")
	}
}

// networkVolumes are the sources between iSCSI and the downward API.
func (c *podCheck) networkVolumes(one *oneType, v *corev1.Volume) {
	if one.is(v.Glusterfs != nil, "glusterfs") {
		c.glusterfs(one.p.Child("glusterfs"), v.Glusterfs.EndpointsName, v.Glusterfs.Path)
	}
	if one.is(v.Flocker != nil, "flocker") {
		c.flocker(one.p.Child("flocker"), v.Flocker)
	}
	if one.is(v.PersistentVolumeClaim != nil, "persistentVolumeClaim") {
		c.notEmpty(one.p.Child("persistentVolumeClaim"), "claimName", v.PersistentVolumeClaim.ClaimName)
	}
	if one.is(v.RBD != nil, "rbd") {
		c.rbd(one.p.Child("rbd"), v.RBD.CephMonitors, v.RBD.RBDImage)
	}
	if one.is(v.Cinder != nil, "cinder") {
		c.notEmpty(one.p.Child("cinder"), "volumeID", v.Cinder.VolumeID)
		if v.Cinder.SecretRef != nil {
			c.notEmpty(one.p.Child("cinder", "secretRef"), "name", v.Cinder.SecretRef.Name)
		}
	}
	if one.is(v.CephFS != nil, "cephFS") && len(v.CephFS.Monitors) == 0 {
		c.required(one.p.Child("cephfs"), "monitors", "")
	}
	if one.is(v.Quobyte != nil, "quobyte") {
		c.quobyte(one.p.Child("quobyte"), v.Quobyte)
	}
}

// vendorVolumes are the sources between config maps and projections.
func (c *podCheck) vendorVolumes(one *oneType, v *corev1.Volume) {
	if one.is(v.AzureFile != nil, "azureFile") {
		c.azureFile(one.p.Child("azureFile"), v.AzureFile.SecretName, v.AzureFile.ShareName)
	}
	if one.is(v.VsphereVolume != nil, "vsphereVolume") {
		c.notEmpty(one.p.Child("vsphereVolume"), "volumePath", v.VsphereVolume.VolumePath)
	}
	if one.is(v.PhotonPersistentDisk != nil, "photonPersistentDisk") {
		c.notEmpty(one.p.Child("photonPersistentDisk"), "pdID", v.PhotonPersistentDisk.PdID)
	}
	if one.is(v.PortworxVolume != nil, "portworxVolume") {
		c.notEmpty(one.p.Child("portworxVolume"), "volumeID", v.PortworxVolume.VolumeID)
	}
	if one.is(v.AzureDisk != nil, "azureDisk") {
		c.azureDisk(one.p.Child("azureDisk"), v.AzureDisk)
	}
	if one.is(v.StorageOS != nil, "storageos") {
		c.storageOS(one.p.Child("storageos"), v.StorageOS.VolumeName, v.StorageOS.VolumeNamespace)
		if v.StorageOS.SecretRef != nil {
			c.notEmpty(one.p.Child("storageos", "secretRef"), "name", v.StorageOS.SecretRef.Name)
		}
	}
}

func (c *podCheck) scaleIO(one *oneType, s *corev1.ScaleIOVolumeSource) {
	if one.is(s != nil, "scaleIO") {
		c.scaleIOFields(one.p.Child("scaleIO"), s.Gateway, s.System, s.VolumeName)
	}
}

func (c *podCheck) lastVolumes(one *oneType, v *corev1.Volume, podName string) {
	if one.is(v.CSI != nil, "csi") {
		c.csiVolume(one.p.Child("csi"), v.CSI)
	}
	if one.is(v.Ephemeral != nil, "ephemeral") {
		c.ephemeral(one.p, v, podName)
	}
	if one.is(v.Image != nil, "image") {
		c.notEmpty(one.p.Child("image"), "reference", v.Image.Reference)
		oneOf(c.faults, one.p.Child("image"), "pullPolicy", v.Image.PullPolicy, corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever)
	}
}

func (c *podCheck) podISCSI(one *oneType, v *corev1.Volume) {
	if v.ISCSI == nil {
		return
	}
	s, p := v.ISCSI, one.p.Child("iscsi")
	if one.is(true, "iscsi") {
		c.notEmpty(p, "targetPortal", s.TargetPortal)
		c.iscsi(p, iscsiFields{s.IQN, s.Lun, s.DiscoveryCHAPAuth || s.SessionCHAPAuth, s.SecretRef != nil, s.InitiatorName}, startsWithIQN)
	}
	if s.InitiatorName != nil && len(v.Name)+1+len(s.TargetPortal) > 64 {
		c.invalid(one.p, "name", v.Name, tooLongPortal)
	}
}

func (c *podCheck) csiVolume(p *field.Path, s *corev1.CSIVolumeSource) {
	c.csiDriver(p, "driver", s.Driver)
	if s.NodePublishSecretRef == nil {
		return
	}
	if s.NodePublishSecretRef.Name == "" {
		c.required(p.Child("nodePublishSecretRef"), "name", "")
	} else {
		c.rule(p, "name", s.NodePublishSecretRef.Name, dnsSubdomain)
	}
}

// ephemeral validates a volume whose claim is made with the pod.
func (c *podCheck) ephemeral(p *field.Path, v *corev1.Volume, podName string) {
	template := v.Ephemeral.VolumeClaimTemplate
	if template == nil {
		c.required(p.Child("ephemeral"), "volumeClaimTemplate", "")
	} else {
		at := p.Child("ephemeral", "volumeClaimTemplate")
		c.templateMeta(at.Child("metadata"), &template.ObjectMeta)
		c.claimSpec(at.Child("spec"), &template.Spec, false)
	}
	if podName == "" || v.Name == "" {
		return
	}
	name := podName + "-" + v.Name
	for _, m := range dnsSubdomain(name) {
		c.invalid(p, "name", v.Name, fmt.Sprintf("PVC name %q: %v", name, m))
	}
}

// templateMeta admits of the metadata of a claim's template only labels and annotations.
func (f *faults) templateMeta(p *field.Path, m *metav1.ObjectMeta) {
	f.annotations(p, "annotations", m.Annotations)
	f.labels(p, "labels", m.Labels)
	const detail = "cannot be set"
	for _, other := range []struct {
		name string
		set  bool
	}{
		{"name", m.Name != ""}, {"generateName", m.GenerateName != ""}, {"namespace", m.Namespace != ""},
		{"selfLink", m.SelfLink != ""}, {"uID", m.UID != ""}, {"resourceVersion", m.ResourceVersion != ""},
		{"generation", m.Generation != 0}, {"creationTimestamp", !m.CreationTimestamp.IsZero()},
		{"deletionTimestamp", m.DeletionTimestamp != nil}, {"deletionGracePeriodSeconds", m.DeletionGracePeriodSeconds != nil},
		{"ownerReferences", m.OwnerReferences != nil}, {"finalizers", m.Finalizers != nil}, {"managedFields", m.ManagedFields != nil},
	} {
		if other.set {
			f.forbidden(p, other.name, detail)
		}
	}
}
