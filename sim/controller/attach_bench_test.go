package controller

import (
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/engine"
	"minisim/sim/world"
)

// storageBench is machines with a storage system and kubelets that say which
// volumes they use. It fails the test when a disk that is not shared is attached twice.
type storageBench struct {
	*machines
	world   *world.World
	manager *component.Process
	driver  *component.Process
}

func newStorageBench(t *testing.T) *storageBench {
	t.Helper()
	s := &storageBench{machines: newMachines(t)}
	s.world = world.New(s.engine)
	s.engine.Register("volumes", engine.ActorFunc(s.unmount))
	s.observe = append(s.observe, s.kubelets)
	add(s.bench, DefaultStorageClass())
	s.startStorage(DefaultOptions())
	s.startDriver()
	return s
}

func (s *storageBench) startStorage(o Options) {
	s.manager = s.process()
	c := newCaches(s.manager)
	addNodeControllers(s.manager, c, o)
	addStorageControllers(s.manager, c, o)
	s.manager.Start()
}

func (s *storageBench) startDriver() {
	s.driver = component.NewProcess("storage-driver", DriverName, "", s.engine, s.trace, s.bench)
	NewStorageDriver(s.driver, s.world, DefaultStorageOptions())
	s.driver.Start()
}

// kubelets does what the kubelets of machines that are alive do about volumes.
func (s *storageBench) kubelets(old, new api.Object) {
	pod, ok := new.(*corev1.Pod)
	if !ok || pod.Spec.NodeName == "" || s.dead[pod.Spec.NodeName] {
		return
	}
	if pod.DeletionTimestamp != nil {
		s.engine.OnceAfter(time.Second, engine.Work{Actor: "volumes", Kind: "gone", Key: api.KeyOf(pod).String()})
		return
	}
	s.use(pod, true)
}

// unmount ends a pod on a machine that is alive.
func (s *storageBench) unmount(w engine.Work) {
	if pod, ok := s.objects[api.Pods][api.ParseKey(w.Key)].(*corev1.Pod); ok && !s.dead[pod.Spec.NodeName] {
		s.remove(api.Pods, api.KeyOf(pod))
		s.use(pod, false)
	}
}

// use puts the volumes of a pod's claims into its node's status.volumesInUse, or takes them out.
func (s *storageBench) use(pod *corev1.Pod, in bool) {
	for _, name := range claimsOf(pod) {
		claim, ok := s.objects[api.PersistentVolumeClaims][api.ParseKey(name)].(*corev1.PersistentVolumeClaim)
		if !ok || claim.Spec.VolumeName == "" {
			continue
		}
		volume := uniqueVolumeName(s.objects[api.PersistentVolumes][api.Key{Name: claim.Spec.VolumeName}].(*corev1.PersistentVolume))
		_, err := api.PatchStatus(s.bench, api.Nodes, api.Key{Name: pod.Spec.NodeName}, func(n *corev1.Node) error {
			list := slices.DeleteFunc(slices.Clone(n.Status.VolumesInUse), func(v corev1.UniqueVolumeName) bool { return v == volume })
			if in {
				list = append(list, volume)
			}
			n.Status.VolumesInUse = list
			return nil
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *storageBench) claim(name string, adjust func(*corev1.PersistentVolumeClaim)) *corev1.PersistentVolumeClaim {
	s.t.Helper()
	class := "standard"
	c := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, StorageClassName: &class,
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
	if adjust != nil {
		adjust(c)
	}
	return add(s.bench, c)
}

// user adds a running pod on a node that uses claims.
func (s *storageBench) user(name, node string, claims ...string) *corev1.Pod {
	s.t.Helper()
	return s.pod(name, node, func(pod *corev1.Pod) {
		for _, c := range claims {
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: c, VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: c},
			}})
		}
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
	})
}

// attachments are the VolumeAttachments as "node attached" or "node waiting", sorted.
func (s *storageBench) attachments() []string {
	var out []string
	for _, va := range all[*storagev1.VolumeAttachment](s.bench, api.VolumeAttachments) {
		state := "waiting"
		if va.Status.Attached {
			state = "attached"
		}
		if va.DeletionTimestamp != nil {
			state += ", going"
		}
		out = append(out, fmt.Sprintf("%s %s", va.Spec.NodeName, state))
	}
	slices.Sort(out)
	return out
}
