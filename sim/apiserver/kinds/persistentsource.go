package kinds

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// persistentSource validates where the data of a persistent volume is.
func (f *faults) persistentSource(s *corev1.PersistentVolumeSpec, name string) {
	one := oneType{f: f, p: specPath, detail: oneVolumeType}
	if one.is(s.HostPath != nil, "hostPath") {
		f.hostPath(specPath.Child("hostPath"), s.HostPath)
	}
	f.cloudDisks(&one, s.GCEPersistentDisk, s.AWSElasticBlockStore)
	f.persistentNetwork(&one, s)
	f.persistentISCSI(&one, s.ISCSI, name)
	if one.is(s.Cinder != nil, "cinder") {
		p := specPath.Child("cinder")
		f.notEmpty(p, "volumeID", s.Cinder.VolumeID)
		if ref := s.Cinder.SecretRef; ref != nil {
			f.notEmpty(p.Child("secretRef"), "name", ref.Name)
			f.notEmpty(p.Child("secretRef"), "namespace", ref.Namespace)
		}
	}
	if one.is(s.FC != nil, "fc") {
		f.fibreChannel(specPath.Child("fc"), s.FC)
	}
	if s.FlexVolume != nil {
		one.count++
		f.flexVolume(specPath.Child("flexVolume"), s.FlexVolume.Driver, s.FlexVolume.Options)
	}
	f.persistentVendors(&one, s)
	if one.is(s.Local != nil, "local") {
		p := specPath.Child("local")
		f.notEmpty(p, "path", s.Local.Path)
		f.noBacksteps(p, "path", s.Local.Path)
		if s.NodeAffinity == nil {
			f.required(specPath, "nodeAffinity", "Local volume requires node affinity")
		}
	}
	if one.is(s.StorageOS != nil, "storageos") {
		p := specPath.Child("storageos")
		f.storageOS(p, s.StorageOS.VolumeName, s.StorageOS.VolumeNamespace)
		if ref := s.StorageOS.SecretRef; ref != nil {
			f.notEmpty(p.Child("secretRef"), "name", ref.Name)
			f.notEmpty(p.Child("secretRef"), "namespace", ref.Namespace)
		}
	}
	if one.is(s.CSI != nil, "csi") {
		f.persistentCSI(specPath.Child("csi"), s.CSI)
	}
	if one.count == 0 {
		f.required(specPath, "", "must specify a volume type")
	}
}

func (f *faults) persistentNetwork(one *oneType, s *corev1.PersistentVolumeSpec) {
	if one.is(s.Glusterfs != nil, "glusterfs") {
		p := specPath.Child("glusterfs")
		f.glusterfs(p, s.Glusterfs.EndpointsName, s.Glusterfs.Path)
		if ns := s.Glusterfs.EndpointsNamespace; ns != nil && *ns == "" {
			f.invalid(p, "endpointsNamespace", *ns, "if the endpointnamespace is set, it must be a valid namespace name")
		} else if ns != nil {
			f.rule(p, "endpointsNamespace", *ns, dnsLabel)
		}
	}
	if one.is(s.Flocker != nil, "flocker") {
		f.flocker(specPath.Child("flocker"), s.Flocker)
	}
	if one.is(s.NFS != nil, "nfs") {
		f.nfs(specPath.Child("nfs"), s.NFS)
	}
	if one.is(s.RBD != nil, "rbd") {
		f.rbd(specPath.Child("rbd"), s.RBD.CephMonitors, s.RBD.RBDImage)
	}
	if one.is(s.Quobyte != nil, "quobyte") {
		f.quobyte(specPath.Child("quobyte"), s.Quobyte)
	}
	if one.is(s.CephFS != nil, "cephFS") && len(s.CephFS.Monitors) == 0 {
		f.required(specPath.Child("cephfs"), "monitors", "")
	}
}

func (f *faults) persistentISCSI(one *oneType, s *corev1.ISCSIPersistentVolumeSource, name string) {
	if !one.is(s != nil, "iscsi") {
		return
	}
	p := specPath.Child("iscsi")
	f.notEmpty(p, "targetPortal", s.TargetPortal)
	if s.InitiatorName != nil && len(name)+1+len(s.TargetPortal) > 64 {
		f.invalid(p, "targetportal", s.TargetPortal, tooLongPortal)
	}
	f.iscsi(p, iscsiFields{s.IQN, s.Lun, s.DiscoveryCHAPAuth || s.SessionCHAPAuth, s.SecretRef != nil, s.InitiatorName}, validFormat)
	if s.SecretRef != nil {
		f.notEmpty(p.Child("secretRef"), "name", s.SecretRef.Name)
	}
}

func (f *faults) persistentVendors(one *oneType, s *corev1.PersistentVolumeSpec) {
	if one.is(s.AzureFile != nil, "azureFile") {
		p := specPath.Child("azureFile")
		f.azureFile(p, s.AzureFile.SecretName, s.AzureFile.ShareName)
		if ns := s.AzureFile.SecretNamespace; ns != nil {
			f.notEmpty(p, "secretNamespace", *ns)
		}
	}
	if one.is(s.VsphereVolume != nil, "vsphereVolume") {
		f.notEmpty(specPath.Child("vsphereVolume"), "volumePath", s.VsphereVolume.VolumePath)
	}
	if one.is(s.PhotonPersistentDisk != nil, "photonPersistentDisk") {
		f.notEmpty(specPath.Child("photonPersistentDisk"), "pdID", s.PhotonPersistentDisk.PdID)
	}
	if one.is(s.PortworxVolume != nil, "portworxVolume") {
		f.notEmpty(specPath.Child("portworxVolume"), "volumeID", s.PortworxVolume.VolumeID)
	}
	if one.is(s.AzureDisk != nil, "azureDisk") {
		f.azureDisk(specPath.Child("azureDisk"), s.AzureDisk)
	}
	if one.is(s.ScaleIO != nil, "scaleIO") {
		f.scaleIOFields(specPath.Child("scaleIO"), s.ScaleIO.Gateway, s.ScaleIO.System, s.ScaleIO.VolumeName)
	}
}

func (f *faults) persistentCSI(p *field.Path, s *corev1.CSIPersistentVolumeSource) {
	f.csiDriver(p, "driver", s.Driver)
	f.notEmpty(p, "volumeHandle", s.VolumeHandle)
	for _, ref := range []struct {
		child  string
		secret *corev1.SecretReference
	}{
		{"controllerPublishSecretRef", s.ControllerPublishSecretRef}, {"controllerExpandSecretRef", s.ControllerExpandSecretRef},
		{"nodePublishSecretRef", s.NodePublishSecretRef}, {"nodeExpandSecretRef", s.NodeExpandSecretRef},
	} {
		if ref.secret != nil {
			f.require(p.Child(ref.child), "name", ref.secret.Name, dnsSubdomain)
			f.require(p.Child(ref.child), "namespace", ref.secret.Namespace, dnsLabel)
		}
	}
}
