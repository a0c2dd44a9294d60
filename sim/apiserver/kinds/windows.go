package kinds

import (
	"fmt"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// set is a field of which only matters whether it is set.
type set struct {
	name string
	is   bool
}

func (f *faults) forbidSet(p *field.Path, detail string, fields ...set) {
	for _, s := range fields {
		if s.is {
			f.forbidden(p, s.name, detail)
		}
	}
}

// linuxOnly forbids a pod for Linux what only Windows has.
func (c *podCheck) linuxOnly() {
	const detail = "windows options cannot be set for a linux pod"
	if s := c.spec.SecurityContext; s != nil && s.WindowsOptions != nil {
		c.forbidden(c.path.Child("securityContext"), "windowsOptions", detail)
	}
	c.eachContainer(func(p *field.Path, ctr *corev1.Container) {
		if s := ctr.SecurityContext; s != nil && s.WindowsOptions != nil {
			c.forbidden(p.Child("securityContext"), "windowsOptions", detail)
		}
	})
}

const notForWindows = "cannot be set for a windows pod"

// windowsOnly forbids a pod for Windows what only Linux has.
func (c *podCheck) windowsOnly() {
	spec, p := c.spec, c.path
	if s := spec.SecurityContext; s != nil {
		sp := p.Child("securityContext")
		c.forbidSet(sp, notForWindows, set{"appArmorProfile", s.AppArmorProfile != nil}, set{"seLinuxOptions", s.SELinuxOptions != nil})
		c.forbidSet(p, notForWindows, set{"hostUsers", spec.HostUsers != nil}, set{"hostPID", spec.HostPID}, set{"hostIPC", spec.HostIPC})
		c.forbidSet(sp, notForWindows, set{"seccompProfile", s.SeccompProfile != nil}, set{"fsGroup", s.FSGroup != nil},
			set{"fsGroupChangePolicy", s.FSGroupChangePolicy != nil}, set{"sysctls", len(s.Sysctls) > 0})
		c.forbidSet(p, notForWindows, set{"shareProcessNamespace", spec.ShareProcessNamespace != nil})
		c.forbidSet(sp, notForWindows, set{"runAsUser", s.RunAsUser != nil}, set{"runAsGroup", s.RunAsGroup != nil},
			set{"supplementalGroups", s.SupplementalGroups != nil}, set{"supplementalGroupsPolicy", s.SupplementalGroupsPolicy != nil},
			set{"seLinuxChangePolicy", s.SELinuxChangePolicy != nil})
	}
	c.eachContainer(func(p *field.Path, ctr *corev1.Container) {
		s := ctr.SecurityContext
		if s == nil {
			return
		}
		c.forbidSet(p.Child("securityContext"), notForWindows, set{"appArmorProfile", s.AppArmorProfile != nil},
			set{"seLinuxOptions", s.SELinuxOptions != nil}, set{"seccompProfile", s.SeccompProfile != nil},
			set{"capabilities", s.Capabilities != nil}, set{"readOnlyRootFilesystem", s.ReadOnlyRootFilesystem != nil},
			set{"privileged", s.Privileged != nil}, set{"allowPrivilegeEscalation", s.AllowPrivilegeEscalation != nil},
			set{"procMount", s.ProcMount != nil}, set{"runAsUser", s.RunAsUser != nil}, set{"runAsGroup", s.RunAsGroup != nil})
	})
}

// hostProcess validates Windows' containers that run on the host itself: all of
// a pod's or none, and on the host's network.
func (c *podCheck) hostProcess() {
	whole := hostProcessOf(c.spec.SecurityContext)
	count, all := 0, 0
	c.eachWithSecurity(func(p *field.Path, ctr *corev1.Container) {
		all++
		var own *bool
		if s := ctr.SecurityContext; s != nil && s.WindowsOptions != nil {
			own = s.WindowsOptions.HostProcess
		}
		if whole != nil && own != nil && *whole != *own {
			c.invalid(p.Child("securityContext", "windowsOptions"), "hostProcess", *own,
				fmt.Sprintf("pod hostProcess value must be identical if both are specified, was %v", *whole))
		}
		if own != nil && *own || own == nil && whole != nil && *whole {
			count++
		}
	})
	if count == 0 {
		return
	}
	if count != all {
		c.invalid(c.path, "", "", "If pod contains any hostProcess containers then all containers must be HostProcess containers")
	}
	if !c.spec.HostNetwork {
		c.invalid(c.path, "hostNetwork", false, "hostNetwork must be true if pod contains any hostProcess containers")
	}
}

func hostProcessOf(s *corev1.PodSecurityContext) *bool {
	if s == nil || s.WindowsOptions == nil {
		return nil
	}
	return s.WindowsOptions.HostProcess
}

// eachWithSecurity visits all containers if any, or the pod, has Windows' options;
// most have not.
func (c *podCheck) eachWithSecurity(visit func(*field.Path, *corev1.Container)) {
	any := hostProcessOf(c.spec.SecurityContext) != nil
	for _, list := range [][]corev1.Container{c.spec.Containers, c.spec.InitContainers} {
		for i := range list {
			any = any || list[i].SecurityContext != nil && list[i].SecurityContext.WindowsOptions != nil
		}
	}
	if any {
		c.eachContainer(visit)
	}
}

func (f *faults) windowsOptions(p *field.Path, o *corev1.WindowsSecurityContextOptions) {
	if o == nil {
		return
	}
	p = p.Child("windowsOptions")
	if name := o.GMSACredentialSpecName; name != nil {
		f.messages(p, "gmsaCredentialSpecName", name, dnsSubdomain(*name))
	}
	if spec := o.GMSACredentialSpec; spec != nil {
		if *spec == "" {
			f.invalid(p, "gmsaCredentialSpec", spec, "gmsaCredentialSpec cannot be an empty string")
		} else if len(*spec) > 64<<10 {
			f.invalid(p, "gmsaCredentialSpec", spec, "gmsaCredentialSpec size must be under 64 KiB")
		}
	}
	if name := o.RunAsUserName; name != nil {
		f.messages(p, "runAsUserName", name, windowsUser(*name))
	}
}

// windowsUser is the rule for a user's name with or without a domain.
func windowsUser(name string) (messages []string) {
	switch {
	case name == "":
		return []string{"runAsUserName cannot be an empty string"}
	case regexp.MustCompile(`[[:cntrl:]]+`).MatchString(name):
		return []string{"runAsUserName cannot contain control characters"}
	case strings.Count(name, `\`) > 1:
		return []string{"runAsUserName cannot contain more than one backslash"}
	}
	domain, user, hasDomain := strings.Cut(name, `\`)
	if !hasDomain {
		domain, user = "", name
	}
	if len(domain) >= 256 {
		messages = append(messages, "runAsUserName's Domain length must be under 256 characters")
	}
	if hasDomain && !windowsDomain(domain) {
		messages = append(messages, "runAsUserName's Domain doesn't match the NetBios nor the DNS format")
	}
	if user == "" {
		messages = append(messages, "runAsUserName's User cannot be empty")
	} else if len(user) > 104 {
		messages = append(messages, "runAsUserName's User length must not be longer than 104 characters")
	}
	if user != "" && strings.Trim(user, ". ") == "" {
		messages = append(messages, "runAsUserName's User cannot contain only periods or spaces")
	}
	if strings.ContainsAny(user, `"/\:;|=,+*?<>@[]`) {
		messages = append(messages, `runAsUserName's User cannot contain the following characters: "/\:;|=,+*?<>@[]`)
	}
	return messages
}

func windowsDomain(domain string) bool {
	const label = `[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?`
	return regexp.MustCompile(`^[^\\/:\*\?"<>|\.][^\\/:\*\?"<>|]{0,14}$`).MatchString(domain) ||
		regexp.MustCompile(`^`+label+`(?:\.`+label+`)*$`).MatchString(domain)
}
