package kinds

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/component-helpers/node/util/sysctl"
)

func (c *podCheck) podSecurity(p *field.Path, s *corev1.PodSecurityContext) {
	c.groupID(p, "fsGroup", s.FSGroup)
	c.userID(p, "runAsUser", s.RunAsUser)
	c.groupID(p, "runAsGroup", s.RunAsGroup)
	for i := range s.SupplementalGroups {
		c.groupID(p.Child("supplementalGroups").Index(i), "", &s.SupplementalGroups[i])
	}
	if share := c.spec.ShareProcessNamespace; share != nil && *share && c.spec.HostPID {
		c.invalid(p, "shareProcessNamespace", *share, "ShareProcessNamespace and HostPID cannot both be enabled")
	}
	if len(s.Sysctls) > 0 {
		c.sysctls(p.Child("sysctls"), s.Sysctls)
	}
	ifSetOneOf(c.faults, p, "fsGroupChangePolicy", s.FSGroupChangePolicy, corev1.FSGroupChangeAlways, corev1.FSGroupChangeOnRootMismatch)
	c.seccomp(p, s.SeccompProfile)
	c.windowsOptions(p, s.WindowsOptions)
	c.appArmor(p, s.AppArmorProfile)
	ifSetOneOf(c.faults, p, "supplementalGroupsPolicy", s.SupplementalGroupsPolicy,
		corev1.SupplementalGroupsPolicyMerge, corev1.SupplementalGroupsPolicyStrict)
	ifSetOneOf(c.faults, p, "seLinuxChangePolicy", s.SELinuxChangePolicy, corev1.SELinuxChangePolicyRecursive)
}

func (c *podCheck) containerSecurity(p *field.Path, s *corev1.SecurityContext) {
	c.userID(p, "runAsUser", s.RunAsUser)
	c.groupID(p, "runAsGroup", s.RunAsGroup)
	ifSetOneOf(c.faults, p, "procMount", s.ProcMount, corev1.DefaultProcMount, corev1.UnmaskedProcMount)
	if s.ProcMount != nil && *s.ProcMount == corev1.UnmaskedProcMount && c.sharesUsers() {
		c.invalid(p, "procMount", s.ProcMount, "`hostUsers` must be false to use `Unmasked`")
	}
	c.seccomp(p, s.SeccompProfile)
	if s.AllowPrivilegeEscalation != nil && !*s.AllowPrivilegeEscalation {
		if s.Privileged != nil && *s.Privileged {
			c.invalid(p, "", internal{s}, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
		}
		if s.Capabilities != nil && slices.Contains(s.Capabilities.Add, "CAP_SYS_ADMIN") {
			c.invalid(p, "", internal{s}, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN")
		}
	}
	c.windowsOptions(p, s.WindowsOptions)
	c.appArmor(p, s.AppArmorProfile)
}

func (f *faults) userID(p *field.Path, child string, id *int64) {
	if id != nil {
		f.messages(p, child, *id, validation.IsValidUserID(*id))
	}
}

func (f *faults) groupID(p *field.Path, child string, id *int64) {
	if id != nil {
		f.messages(p, child, *id, validation.IsValidGroupID(*id))
	}
}

const sysctlPattern = `^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$`

func (c *podCheck) sysctls(p *field.Path, sysctls []corev1.Sysctl) {
	pattern := regexp.MustCompile(sysctlPattern)
	for i, s := range sysctls {
		idx := p.Index(i)
		switch {
		case s.Name == "":
			c.required(idx, "name", "")
		case len(s.Name) > 253 || !pattern.MatchString(s.Name):
			c.invalid(idx, "name", s.Name, fmt.Sprintf("must have at most %d characters and match regex %s", 253, pattern))
		case slices.ContainsFunc(sysctls[:i], func(o corev1.Sysctl) bool { return o.Name == s.Name }):
			c.duplicate(idx, "name", s.Name)
		}
		switch ns, _, _ := sysctl.GetNamespace(s.Name); {
		case c.spec.HostNetwork && ns == sysctl.NetNamespace:
			c.invalid(idx, "name", s.Name, "may not be specified when 'hostNetwork' is true")
		case c.spec.HostIPC && ns == sysctl.IPCNamespace:
			c.invalid(idx, "name", s.Name, "may not be specified when 'hostIPC' is true")
		}
	}
}

func (f *faults) seccomp(p *field.Path, profile *corev1.SeccompProfile) {
	if profile == nil {
		return
	}
	p = p.Child("seccompProfile")
	if profile.Type == "" {
		f.required(p, "type", "type is required when seccompProfile is set")
	} else {
		ifSetOneOf(f, p, "type", &profile.Type, corev1.SeccompProfileTypeLocalhost, corev1.SeccompProfileTypeRuntimeDefault, corev1.SeccompProfileTypeUnconfined)
	}
	switch local := profile.LocalhostProfile; {
	case profile.Type != corev1.SeccompProfileTypeLocalhost:
		if local != nil {
			f.invalid(p, "localhostProfile", internal{profile}, "can only be set when seccomp type is Localhost")
		}
	case local == nil:
		f.required(p, "localhostProfile", "must be set when seccomp type is Localhost")
	default:
		f.descending(p, "localhostProfile", *local)
	}
}

func (f *faults) appArmor(p *field.Path, profile *corev1.AppArmorProfile) {
	if profile == nil {
		return
	}
	p = p.Child("appArmorProfile")
	switch profile.Type {
	case corev1.AppArmorProfileTypeLocalhost:
		f.appArmorFile(p, profile.LocalhostProfile)
	case corev1.AppArmorProfileTypeRuntimeDefault, corev1.AppArmorProfileTypeUnconfined:
		if profile.LocalhostProfile != nil {
			f.invalid(p, "localhostProfile", profile.LocalhostProfile, "can only be set when AppArmor type is Localhost")
		}
	case "":
		f.required(p, "type", "type is required when appArmorProfile is set")
	default:
		f.add(field.NotSupported(p.Child("type"), profile.Type, []corev1.AppArmorProfileType{
			corev1.AppArmorProfileTypeLocalhost, corev1.AppArmorProfileTypeRuntimeDefault, corev1.AppArmorProfileTypeUnconfined}))
	}
}

func (f *faults) appArmorFile(p *field.Path, name *string) {
	const child, detail, longest = "localhostProfile", "must be set when AppArmor type is Localhost", 4095
	if name == nil {
		f.required(p, child, detail)
		return
	}
	switch trimmed := strings.TrimSpace(*name); {
	case trimmed != *name:
		f.invalid(p, child, *name, "must not be padded with whitespace")
	case trimmed == "":
		f.required(p, child, detail)
	}
	if len(*name) > longest {
		f.add(field.TooLong(p.Child(child), "", longest))
	}
}
