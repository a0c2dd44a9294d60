package plugins

import (
	"testing"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"minisim/sim/scheduler/framework"
)

func mounts(claims ...string) podOption {
	return func(p *v1.Pod) {
		for _, name := range claims {
			p.Spec.Volumes = append(p.Spec.Volumes, v1.Volume{Name: name, VolumeSource: v1.VolumeSource{
				PersistentVolumeClaim: &v1.PersistentVolumeClaimVolumeSource{ClaimName: name}}})
		}
	}
}

// aClaim is one of class slow, bound to a volume unless that is "".
func aClaim(name, volume string, options ...func(*v1.PersistentVolumeClaim)) *v1.PersistentVolumeClaim {
	class := "slow"
	c := &v1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", Annotations: map[string]string{}}}
	c.Spec.StorageClassName, c.Spec.VolumeName = &class, volume
	c.Spec.Resources.Requests = list("storage", "5Gi")
	c.Spec.AccessModes = []v1.PersistentVolumeAccessMode{v1.ReadWriteOnce}
	if volume != "" {
		c.Annotations["pv.kubernetes.io/bind-completed"] = "yes"
	}
	for _, o := range options {
		o(c)
	}
	return c
}

func aVolume(name string, options ...func(*v1.PersistentVolume)) *v1.PersistentVolume {
	v := &v1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: name}}
	v.Spec.StorageClassName, v.Spec.Capacity = "slow", list("storage", "10Gi")
	v.Spec.AccessModes = []v1.PersistentVolumeAccessMode{v1.ReadWriteOnce}
	v.Spec.CSI = &v1.CSIPersistentVolumeSource{Driver: "disk.example.com", VolumeHandle: name}
	v.Status.Phase = v1.VolumeAvailable
	for _, o := range options {
		o(v)
	}
	return v
}

func onlyOn(key, value string) func(*v1.PersistentVolume) {
	return func(v *v1.PersistentVolume) {
		v.Spec.NodeAffinity = &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{
			NodeSelectorTerms: []v1.NodeSelectorTerm{expression(key, v1.NodeSelectorOpIn, value)}}}
	}
}

func aClass(mode storagev1.VolumeBindingMode, provisioner string) *storagev1.StorageClass {
	return &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "slow"}, Provisioner: provisioner, VolumeBindingMode: &mode}
}

const (
	waits     = storagev1.VolumeBindingWaitForFirstConsumer
	immediate = storagev1.VolumeBindingImmediate
	disk      = "disk.example.com"
)

func TestVolumeBindingFilter(t *testing.T) {
	nodes := []*v1.Node{aNode("a", nodeLabels(zone, "x")), aNode("b", nodeLabels(zone, "y"))}
	all := func(reason string) [2]verdict { return [2]verdict{unresolvable(reason), unresolvable(reason)} }
	conflict := unresolvable("node(s) had volume node affinity conflict")
	nothing := unresolvable("node(s) didn't find available persistent volumes to bind")
	limited := aClass(waits, disk)
	limited.AllowedTopologies = []v1.TopologySelectorTerm{{MatchLabelExpressions: []v1.TopologySelectorLabelRequirement{{Key: zone, Values: []string{"y"}}}}}
	tells := true
	driver := &storagev1.CSIDriver{ObjectMeta: metav1.ObjectMeta{Name: disk}, Spec: storagev1.CSIDriverSpec{StorageCapacity: &tells}}
	free := list("storage", "6Gi")["storage"]
	capacity := &storagev1.CSIStorageCapacity{ObjectMeta: metav1.ObjectMeta{Name: "x", Namespace: "default"}, StorageClassName: "slow",
		NodeTopology: &metav1.LabelSelector{MatchLabels: map[string]string{zone: "x"}}, Capacity: &free}
	lost := func(c *v1.PersistentVolumeClaim) { c.Status.Phase = v1.ClaimLost }
	going := func(c *v1.PersistentVolumeClaim) { c.DeletionTimestamp = &metav1.Time{} }
	chosen := func(c *v1.PersistentVolumeClaim) { c.Annotations["volume.kubernetes.io/selected-node"] = "b" }
	for name, c := range map[string]struct {
		objects []runtime.Object
		want    [2]verdict
	}{
		"missing":              {nil, all(`persistentvolumeclaim "data" not found`)},
		"lost":                 {[]runtime.Object{aClaim("data", "pv", lost)}, all(`persistentvolumeclaim "data" bound to non-existent persistentvolume "pv"`)},
		"being deleted":        {[]runtime.Object{aClaim("data", "pv", going)}, all(`persistentvolumeclaim "data" is being deleted`)},
		"unbound, immediate":   {[]runtime.Object{aClaim("data", ""), aClass(immediate, disk)}, all("pod has unbound immediate PersistentVolumeClaims")},
		"bound":                {[]runtime.Object{aClaim("data", "pv"), aVolume("pv")}, [2]verdict{}},
		"bound, in a zone":     {[]runtime.Object{aClaim("data", "pv"), aVolume("pv", onlyOn(zone, "y"))}, [2]verdict{conflict, fits}},
		"its volume is gone":   {[]runtime.Object{aClaim("data", "pv")}, all("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)")},
		"to be provisioned":    {[]runtime.Object{aClaim("data", ""), aClass(waits, disk)}, [2]verdict{}},
		"provisioned in one":   {[]runtime.Object{aClaim("data", ""), limited}, [2]verdict{nothing, fits}},
		"being provisioned":    {[]runtime.Object{aClaim("data", "", chosen), aClass(waits, disk)}, [2]verdict{nothing, fits}},
		"no provisioner":       {[]runtime.Object{aClaim("data", ""), aClass(waits, "kubernetes.io/no-provisioner")}, [2]verdict{nothing, nothing}},
		"a volume is there":    {[]runtime.Object{aClaim("data", ""), aClass(waits, "kubernetes.io/no-provisioner"), aVolume("pv", onlyOn(zone, "x"))}, [2]verdict{fits, nothing}},
		"the volume is small":  {[]runtime.Object{aClaim("data", ""), aClass(waits, "kubernetes.io/no-provisioner"), aVolume("pv", func(v *v1.PersistentVolume) { v.Spec.Capacity = list("storage", "1Gi") })}, [2]verdict{nothing, nothing}},
		"free storage is told": {[]runtime.Object{aClaim("data", ""), aClass(waits, disk), driver, capacity}, [2]verdict{fits, unresolvable("node(s) did not have enough free storage")}},
	} {
		t.Run(name, func(t *testing.T) {
			checkFilter(t, VolumeBinding{}, world{nodes: nodes, objects: c.objects}, aPod("p", mounts("data")), c.want[:]...)
		})
	}
}

// written notes what a binding plugin writes.
type written struct{ selected, bound, to string }

func (w *written) Bind(_ *framework.PodInfo, node string) error { w.to = node; return nil }
func (w *written) SelectNode(claim, node string) error          { w.selected = claim + " " + node; return nil }
func (w *written) BindVolume(volume, claim string) error        { w.bound = volume + " " + claim; return nil }

func TestVolumeBindingPreBind(t *testing.T) {
	for name, c := range map[string]struct {
		objects []runtime.Object
		code    framework.Code
		want    written
	}{
		"bound":       {[]runtime.Object{aClaim("data", "pv"), aVolume("pv")}, framework.Success, written{}},
		"provisioned": {[]runtime.Object{aClaim("data", ""), aClass(waits, disk)}, framework.Wait, written{selected: "default/data a"}},
		"found":       {[]runtime.Object{aClaim("data", ""), aClass(waits, disk), aVolume("pv")}, framework.Wait, written{bound: "pv default/data"}},
	} {
		t.Run(name, func(t *testing.T) {
			view := world{nodes: []*v1.Node{aNode("a")}, objects: c.objects}.view()
			got := &written{}
			status := VolumeBinding{}.PreBind(framework.NewCycleState(view), framework.NewPodInfo(aPod("p", mounts("data"))), "a", got)
			if code := codeOf(status); code != c.code || *got != c.want {
				t.Errorf("%v, wrote %+v", code, *got)
			}
		})
	}
}

func codeOf(s *framework.Status) framework.Code {
	if s == nil {
		return framework.Success
	}
	return s.Code
}

func TestDefaultBinder(t *testing.T) {
	w := &written{}
	if s := (DefaultBinder{}).Bind(framework.NewPodInfo(aPod("p")), "a", w); !s.OK() || w.to != "a" {
		t.Errorf("%v, bound to %q", s, w.to)
	}
}

func TestVolumeZone(t *testing.T) {
	nodes := []*v1.Node{aNode("a", nodeLabels(zone, "x")), aNode("b", nodeLabels(zone, "y")), aNode("c"), aNode("d", nodeLabels(v1.LabelFailureDomainBetaZone, "x"))}
	in := func(value string) *v1.PersistentVolume {
		return aVolume("pv", func(v *v1.PersistentVolume) { v.Labels = map[string]string{zone: value} })
	}
	no := unresolvable("node(s) had no available volume zone")
	checkFilter(t, VolumeZone{}, world{nodes: nodes, objects: []runtime.Object{aClaim("data", "pv"), in("x")}}, aPod("p", mounts("data")), fits, no, fits, no)
	checkFilter(t, VolumeZone{}, world{nodes: nodes, objects: []runtime.Object{aClaim("data", "pv"), in("y__x")}}, aPod("p", mounts("data")), fits, fits, fits, no)
	old := aVolume("pv", func(v *v1.PersistentVolume) { v.Labels = map[string]string{v1.LabelFailureDomainBetaZone: "x"} })
	checkFilter(t, VolumeZone{}, world{nodes: nodes, objects: []runtime.Object{aClaim("data", "pv"), old}}, aPod("p", mounts("data")), fits, no, fits, fits)
	if got := zonesIn("x__"); got != nil {
		t.Errorf("a list with an empty name: %q", got)
	}
}

func TestVolumeRestrictions(t *testing.T) {
	oncePod := func(c *v1.PersistentVolumeClaim) {
		c.Spec.AccessModes = []v1.PersistentVolumeAccessMode{v1.ReadWriteOncePod}
	}
	taken := unschedulable("node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode")
	w := world{nodes: []*v1.Node{aNode("a"), aNode("b")}, bound: map[string][]*v1.Pod{"a": {aPod("q", mounts("data"))}}}
	w.objects = []runtime.Object{aClaim("data", "pv", oncePod), aClaim("shared", "pv")}
	checkFilter(t, VolumeRestrictions{}, w, aPod("p", mounts("data")), taken, taken)
	checkFilter(t, VolumeRestrictions{}, w, aPod("p", mounts("shared")), fits, fits)

	gce := func(name string, readOnly bool) podOption {
		return func(p *v1.Pod) {
			p.Spec.Volumes = []v1.Volume{{VolumeSource: v1.VolumeSource{GCEPersistentDisk: &v1.GCEPersistentDiskVolumeSource{PDName: name, ReadOnly: readOnly}}}}
		}
	}
	noDisk := unschedulable("node(s) had no available disk")
	w = world{nodes: []*v1.Node{aNode("a"), aNode("b")}, bound: map[string][]*v1.Pod{"a": {aPod("q", gce("d", true))}}}
	checkFilter(t, VolumeRestrictions{}, w, aPod("p", gce("d", false)), noDisk, fits)
	checkFilter(t, VolumeRestrictions{}, w, aPod("p", gce("d", true)), fits, fits)
}

func TestNodeVolumeLimits(t *testing.T) {
	two := int32(2)
	csiNode := &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Spec: storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{
		{Name: disk, NodeID: "a", Allocatable: &storagev1.VolumeNodeResources{Count: &two}}}}}
	w := world{nodes: []*v1.Node{aNode("a"), aNode("b")}, bound: map[string][]*v1.Pod{"a": {aPod("q", mounts("one"))}}}
	w.objects = []runtime.Object{csiNode, aClass(waits, disk), aClaim("one", "pv-1"), aVolume("pv-1"), aClaim("two", "pv-2"), aVolume("pv-2"), aClaim("three", "")}
	full := unschedulable("node(s) exceed max volume count")
	checkFilter(t, NodeVolumeLimits{}, w, aPod("p", mounts("two")), fits, fits)
	checkFilter(t, NodeVolumeLimits{}, w, aPod("p", mounts("two", "three")), full, fits)
	checkFilter(t, NodeVolumeLimits{}, w, aPod("p", mounts("one", "two")), fits, fits)
	pv := "pv-9"
	w.objects = append(w.objects, aVolume(pv), &storagev1.VolumeAttachment{ObjectMeta: metav1.ObjectMeta{Name: "x"},
		Spec: storagev1.VolumeAttachmentSpec{NodeName: "a", Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: &pv}}})
	checkFilter(t, NodeVolumeLimits{}, w, aPod("p", mounts("two")), full, fits)
}
