package kubelet

import (
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/trace"
)

// podVolumes are the volumes of one pod on their way to being mounted.
type podVolumes struct {
	list  []*volume
	since time.Duration // when the wait for them began
	late  bool          // it was told that the wait has taken too long
}

// volume is one volume of a pod. Those that need nothing but a folder on the
// node (emptyDir, hostPath, …) are mounted with the sandbox and have none.
type volume struct {
	spec    *corev1.Volume
	claim   string // of a PersistentVolumeClaim, else ""
	pv      string // the PersistentVolume's name, once known
	handle  string // of the disk; "" for a volume that is not attached
	unique  string // kubernetes.io/csi/<driver>^<handle>, as the Node's status has it
	mounted bool
	due     time.Duration // when the mount that is under way is done; 0: none is
	retry   time.Duration // not before this time after a failure …
	delay   time.Duration // … which doubles
	told    string        // why it is waited for, as was told last
}

// The back-off of a volume operation that fails.
const (
	volumeBackoff    = 500 * time.Millisecond
	maxVolumeBackoff = 2*time.Minute + 2*time.Second
)

func (p *pod) newVolumes() *podVolumes {
	v := &podVolumes{since: p.now()}
	for i := range p.obj.Spec.Volumes {
		spec := &p.obj.Spec.Volumes[i]
		vol := &volume{spec: spec}
		switch {
		case spec.PersistentVolumeClaim != nil:
			vol.claim = spec.PersistentVolumeClaim.ClaimName
		case spec.Ephemeral != nil:
			vol.claim = p.key.Name + "-" + spec.Name
		case spec.ConfigMap == nil && spec.Secret == nil && spec.Projected == nil:
			continue
		}
		v.list = append(v.list, vol)
	}
	return v
}

// mountVolumes mounts the pod's volumes; it goes on when all of them are.
func (p *pod) mountVolumes() bool {
	if p.vols == nil {
		p.vols = p.newVolumes()
	}
	all := true
	for _, v := range p.vols.list {
		if v.mounted {
			continue
		}
		if v.retry > p.now() {
			p.at(v.retry)
		} else {
			p.mount(v)
		}
		all = all && v.mounted
	}
	if all {
		p.stage, p.probed = stageSandbox, p.now()
		return true
	}
	if end := p.vols.since + volumeTimeout; end > p.now() {
		p.at(end)
	} else if !p.vols.late {
		p.vols.late = true
		p.tell(nil, "wait", fmt.Sprintf("has waited for its volumes for %s now (the kubelet gives up a sync after that, and begins the next): %s",
			seconds(volumeTimeout), strings.Join(p.missing(), ", ")))
	}
	return false
}

// unresolved says whether the disk behind some claim is not known yet.
func (v *podVolumes) unresolved() bool {
	for _, vol := range v.list {
		if vol.claim != "" && vol.pv == "" {
			return true
		}
	}
	return false
}

func (p *pod) missing() []string {
	var out []string
	for _, v := range p.vols.list {
		if !v.mounted {
			out = append(out, v.spec.Name)
		}
	}
	return out
}

// mount takes one volume as far as it goes now.
func (p *pod) mount(v *volume) {
	var err error
	switch {
	case v.claim != "":
		err = p.mountClaim(v)
	case v.spec.ConfigMap != nil:
		_, err = p.configMap(v.spec.ConfigMap.Name, v.spec.ConfigMap.Optional)
		v.mounted = err == nil
	case v.spec.Secret != nil:
		_, err = p.secret(v.spec.Secret.SecretName, v.spec.Secret.Optional)
		v.mounted = err == nil
	case v.spec.Projected != nil:
		err = p.project(v.spec.Projected)
		v.mounted = err == nil
	}
	if err != nil {
		p.mountFails(v, err)
	}
}

// claimError is what is wrong with a claim, before any mount is tried.
type claimError struct{ error }

// mountFails reports a failure; the next try comes after a back-off.
func (p *pod) mountFails(v *volume, err error) {
	if component.Unreachable(err) {
		v.retry = p.now() + component.Retry
		p.at(v.retry)
		return
	}
	v.delay = min(max(2*v.delay, volumeBackoff), maxVolumeBackoff)
	v.retry = p.now() + v.delay
	p.at(v.retry)
	name := v.spec.Name
	if v.pv != "" {
		name = v.pv
	}
	text := fmt.Sprintf("MountVolume.SetUp failed for volume %q : %v", name, err)
	var claim claimError
	if errors.As(err, &claim) {
		text = fmt.Sprintf("Unable to attach or mount volumes: unmounted volumes=[%s], unattached volumes=[], failed to process volumes=[%s]: %v", v.spec.Name, v.spec.Name, err)
	}
	p.event(corev1.EventTypeWarning, "FailedMount", text)
	p.waitFor(v, text+"; tries again, at longer and longer intervals (at most "+seconds(maxVolumeBackoff)+")")
}

// waitFor tells once why a volume is waited for.
func (p *pod) waitFor(v *volume, why string) {
	if v.told != why {
		v.told = why
		p.tell(nil, "wait", why)
	}
}

// mountClaim mounts the volume of a claim: the claim must be bound, and a disk
// must have been attached to this machine by the attach/detach controller.
func (p *pod) mountClaim(v *volume) error {
	if v.pv == "" {
		if err := p.resolveClaim(v); err != nil {
			return err
		}
	}
	if v.unique == "" {
		v.mounted = true // nothing to attach: NFS, hostPath, local
		return nil
	}
	if v.due == 0 {
		if !p.k.volumes.isAttached(v.unique) {
			p.k.volumes.await(p)
			p.waitFor(v, fmt.Sprintf("waits for the volume %s (claim %s) to be attached to %s: that is the work of the attach/detach controller",
				v.pv, v.claim, p.k.Name()))
			return nil
		}
		if _, ok := p.box.mounted[v.spec.Name]; ok { // since before this kubelet started
			v.mounted = true
			return nil
		}
		v.due = p.now() + p.k.take(mountTime, p.name+"/"+v.spec.Name, "mount", p.box.made)
	}
	if v.due > p.now() {
		p.at(v.due)
		return nil
	}
	v.due = 0
	before, err := p.k.cfg.World.Disks.Mount(v.handle, p.k.Name(), p.name)
	if err != nil {
		return fmt.Errorf("rpc error: code = Internal desc = %w", err)
	}
	v.mounted = true
	p.box.mounted[v.spec.Name] = before
	switch {
	case before == nil:
		p.tell(nil, "mount", fmt.Sprintf("mounts the volume %s (claim %s): an empty disk", v.pv, v.claim))
	case before.Pod == p.name && before.Machine == p.k.Name():
		p.tell(nil, "mount", fmt.Sprintf("mounts the volume %s (claim %s) again, with its own data", v.pv, v.claim))
	default:
		p.tell(nil, "mount", fmt.Sprintf("mounts the volume %s (claim %s) and finds the data that pod %s has written on %s since %s s",
			v.pv, v.claim, before.Pod, before.Machine, trace.Seconds(before.From.Truncate(100*time.Millisecond))))
	}
	return nil
}

// resolveClaim finds the disk behind a claim.
func (p *pod) resolveClaim(v *volume) error {
	client := p.k.cfg.Process.Client
	key := api.Key{Namespace: p.key.Namespace, Name: v.claim}
	fail := func(err error) error {
		if component.Unreachable(err) {
			return err
		}
		return claimError{fmt.Errorf("error processing PVC %s: %w", key, err)}
	}
	claim, err := api.Get[*corev1.PersistentVolumeClaim](client, api.PersistentVolumeClaims, key)
	if err != nil {
		return fail(fmt.Errorf("failed to fetch PVC from API server: %w", err))
	}
	if claim.Status.Phase != corev1.ClaimBound || claim.Spec.VolumeName == "" {
		return fail(errors.New("PVC is not bound"))
	}
	pv, err := api.Get[*corev1.PersistentVolume](client, api.PersistentVolumes, api.Key{Name: claim.Spec.VolumeName})
	if err != nil {
		return fail(fmt.Errorf("failed to fetch PV from API server: %w", err))
	}
	v.pv = pv.Name
	if csi := pv.Spec.CSI; csi != nil {
		v.handle, v.unique = csi.VolumeHandle, "kubernetes.io/csi/"+csi.Driver+"^"+csi.VolumeHandle
		p.k.volumes.use(v.unique)
	}
	return nil
}

// unmount gives the pod's volumes back.
func (p *pod) unmount() {
	if p.vols == nil {
		return
	}
	for _, v := range p.vols.list {
		if v.unique != "" {
			p.k.volumes.drop(v.unique)
		}
	}
	clear(p.box.mounted)
	p.vols = nil
}
