package kinds

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (c *podCheck) mounts(p *field.Path, ctr *corev1.Container) {
	for i := range ctr.VolumeMounts {
		m := &ctr.VolumeMounts[i]
		if m.Name == "" {
			c.required(p.Index(i), "name", "")
		}
		if c.volume(m.Name) == nil {
			c.notFound(p.Index(i), "name", m.Name)
		}
		if m.MountPath == "" {
			c.required(p.Index(i), "mountPath", "")
		}
		if slices.ContainsFunc(ctr.VolumeMounts[:i], func(o corev1.VolumeMount) bool { return o.MountPath == m.MountPath }) {
			c.invalid(p.Index(i), "mountPath", m.MountPath, "must be unique")
		}
		for _, d := range ctr.VolumeDevices {
			if d.Name == m.Name {
				c.invalid(p.Index(i), "name", m.Name, "must not already exist in volumeDevices")
			}
			if d.DevicePath == m.MountPath {
				c.invalid(p.Index(i), "mountPath", m.MountPath, "must not already exist as a path in volumeDevices")
			}
		}
		c.mountOptions(p, i, m, ctr)
	}
}

// mountOptions validates what lies within the volume and how it is mounted. Some
// of its faults Kubernetes tells of the list, not of the mount.
func (c *podCheck) mountOptions(p *field.Path, i int, m *corev1.VolumeMount, ctr *corev1.Container) {
	if m.SubPath != "" {
		c.descending(p, "subPath", m.SubPath)
	}
	if m.SubPathExpr != "" {
		if m.SubPath != "" {
			c.invalid(p.Index(i), "subPathExpr", m.SubPathExpr, "subPathExpr and subPath are mutually exclusive")
		}
		c.descending(p, "subPathExpr", m.SubPathExpr)
	}
	if m.MountPropagation != nil {
		ifSetOneOf(c.faults, p, "mountPropagation", m.MountPropagation,
			corev1.MountPropagationBidirectional, corev1.MountPropagationHostToContainer, corev1.MountPropagationNone)
		if *m.MountPropagation == corev1.MountPropagationBidirectional && !privileged(ctr) {
			c.forbidden(p, "mountPropagation", "Bidirectional mount propagation is available only to privileged containers")
		}
	}
	c.recursiveReadOnly(p, m)
}

func privileged(ctr *corev1.Container) bool {
	s := ctr.SecurityContext
	return s != nil && s.Privileged != nil && *s.Privileged
}

func (f *faults) recursiveReadOnly(p *field.Path, m *corev1.VolumeMount) {
	const child = "recursiveReadOnly"
	if m.RecursiveReadOnly == nil || *m.RecursiveReadOnly == corev1.RecursiveReadOnlyDisabled {
		return
	}
	before := len(f.list)
	ifSetOneOf(f, p, child, m.RecursiveReadOnly,
		corev1.RecursiveReadOnlyDisabled, corev1.RecursiveReadOnlyEnabled, corev1.RecursiveReadOnlyIfPossible)
	if len(f.list) > before {
		return
	}
	if !m.ReadOnly {
		f.forbidden(p, child, "may only be specified when readOnly is true")
	}
	if m.MountPropagation != nil && *m.MountPropagation != corev1.MountPropagationNone {
		f.forbidden(p, child, "may only be specified when mountPropagation is None or not specified")
	}
}

func (c *podCheck) devices(p *field.Path, ctr *corev1.Container) {
	for i, d := range ctr.VolumeDevices {
		idx, before := p.Index(i), ctr.VolumeDevices[:i]
		volume := c.volume(d.Name)
		if d.Name == "" {
			c.required(idx, "name", "")
		} else if slices.ContainsFunc(before, func(o corev1.VolumeDevice) bool { return o.Name == d.Name }) {
			c.invalid(idx, "name", d.Name, "must be unique")
		}
		if volume == nil {
			c.notFound(idx, "name", d.Name)
		} else if volume.PersistentVolumeClaim == nil && volume.Ephemeral == nil {
			c.invalid(idx, "name", d.Name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode")
		}
		c.notEmpty(idx, "devicePath", d.DevicePath)
		if slices.ContainsFunc(before, func(o corev1.VolumeDevice) bool { return o.DevicePath == d.DevicePath }) {
			c.invalid(idx, "devicePath", d.DevicePath, "must be unique")
		}
		if hasBacksteps(d.DevicePath) {
			c.invalid(idx, "devicePath", d.DevicePath, "can not contain backsteps ('..')")
		}
		for _, m := range ctr.VolumeMounts {
			if m.Name == d.Name {
				c.invalid(idx, "name", d.Name, "must not already exist in volumeMounts")
			}
			if m.MountPath == d.DevicePath {
				c.invalid(idx, "devicePath", d.DevicePath, "must not already exist as a path in volumeMounts")
			}
		}
	}
}

func hasBacksteps(s string) bool {
	if !strings.Contains(s, "..") {
		return false
	}
	return slices.Contains(strings.Split(s, "/"), "..")
}

func (f *faults) noBacksteps(p *field.Path, child, s string) {
	if hasBacksteps(s) {
		f.invalid(p, child, s, "must not contain '..'")
	}
}

// descending requires a relative path that stays below where it starts.
func (f *faults) descending(p *field.Path, child, s string) {
	if path.IsAbs(s) {
		f.invalid(p, child, s, "must be a relative path")
	}
	f.noBacksteps(p, child, s)
}

// localFile is descending for names that must not begin with two dots either:
// those are how volumes name their own generations of files.
func (f *faults) localFile(p *field.Path, child, s string) {
	f.descending(p, child, s)
	if strings.HasPrefix(s, "..") && !strings.HasPrefix(s, "../") {
		f.invalid(p, child, s, "must not start with '..'")
	}
}
