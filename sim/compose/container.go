package compose

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	corev1 "k8s.io/api/core/v1"
)

// container maps what any container has, a service's or a hook's.
func (s *service) container(spec *types.ContainerSpec, name string, path ...string) corev1.Container {
	c := corev1.Container{
		Name:            name,
		Image:           spec.Image,
		Command:         escapeAll(spec.Entrypoint),
		Args:            escapeAll(spec.Command),
		WorkingDir:      spec.WorkingDir,
		ImagePullPolicy: s.pullPolicy(spec, path),
		SecurityContext: s.security(spec, path),
	}
	c.EnvFrom = s.envFiles(spec, path)
	c.Env = s.environment(spec, path)
	return c
}

// expansion is where Kubernetes would expand a variable, or read an escaped dollar.
var expansion = regexp.MustCompile(`\$\$+\(?|\$\(`)

// escapeExpansion writes a value so that Kubernetes, which replaces $(NAME) and reads $$ as $, leaves it as it is.
func escapeExpansion(value string) string {
	return expansion.ReplaceAllStringFunc(value, func(found string) string { return strings.ReplaceAll(found, "$", "$$") })
}

func escapeAll(words []string) []string {
	var escaped []string
	for _, word := range words {
		escaped = append(escaped, escapeExpansion(word))
	}
	return escaped
}

// pullPolicy maps when the image is pulled.
func (s *service) pullPolicy(spec *types.ContainerSpec, path []string) corev1.PullPolicy {
	switch spec.PullPolicy {
	case "":
		if s.Build != nil && len(path) == 0 {
			return corev1.PullIfNotPresent
		}
		return ""
	case types.PullPolicyAlways:
		return corev1.PullAlways
	case types.PullPolicyNever:
		return corev1.PullNever
	case types.PullPolicyMissing, types.PullPolicyIfNotPresent, types.PullPolicyBuild:
		return corev1.PullIfNotPresent
	}
	s.note(Changed, "the image is pulled again when it is older than "+spec.PullPolicy+" says", "it is pulled at every start of a pod", "", below(path, "pull_policy")...)
	return corev1.PullAlways
}

// security maps who the process is and what it may do.
func (s *service) security(spec *types.ContainerSpec, path []string) *corev1.SecurityContext {
	var c corev1.SecurityContext
	at := func(parts ...string) []string { return below(path, parts...) }
	s.user(spec.User, &c, at("user"))
	if spec.Privileged {
		c.Privileged = &spec.Privileged
	}
	if spec.ReadOnly {
		c.ReadOnlyRootFilesystem = &spec.ReadOnly
	}
	if len(spec.CapAdd)+len(spec.CapDrop) > 0 {
		c.Capabilities = &corev1.Capabilities{Add: capabilities(spec.CapAdd), Drop: capabilities(spec.CapDrop)}
	}
	for i, option := range spec.SecurityOpt {
		s.securityOption(option, &c, at("security_opt", index(i)))
	}
	if c == (corev1.SecurityContext{}) {
		return nil
	}
	return &c
}

func capabilities(names []string) []corev1.Capability {
	var all []corev1.Capability
	for _, name := range names {
		all = append(all, corev1.Capability(strings.TrimPrefix(strings.ToUpper(name), "CAP_")))
	}
	return all
}

// user maps "user", "user:group"; Kubernetes takes numbers only.
func (s *service) user(user string, c *corev1.SecurityContext, path []string) {
	if user == "" {
		return
	}
	uid, gid, hasGroup := strings.Cut(user, ":")
	for _, part := range []struct {
		what, text string
		into       **int64
	}{{"user", uid, &c.RunAsUser}, {"group", gid, &c.RunAsGroup}} {
		if part.text == "" && (part.what == "group" && !hasGroup || part.what == "user") {
			continue
		}
		id, err := strconv.ParseInt(part.text, 10, 32)
		if err != nil || id < 0 {
			s.note(Changed, "the process runs as the "+part.what+" "+part.text, "it runs as the image says: a numeric UID is required here",
				"write the number that the image has for "+part.text, path...)
			continue
		}
		*part.into = &id
	}
}

// securityOption maps one of security_opt.
func (s *service) securityOption(option string, c *corev1.SecurityContext, path []string) {
	name, value, _ := strings.Cut(strings.Replace(option, "=", ":", 1), ":")
	lost := func(why string) {
		s.note(Lost, "security option "+option, why, "", path...)
	}
	switch name {
	case "no-new-privileges":
		no := false
		privileged := c.Privileged != nil && *c.Privileged ||
			c.Capabilities != nil && slices.Contains(c.Capabilities.Add, "SYS_ADMIN")
		switch {
		case value == "false":
		case privileged:
			lost("Kubernetes refuses it for a privileged container")
		default:
			c.AllowPrivilegeEscalation = &no
		}
	case "seccomp":
		if value != "unconfined" {
			lost("the node must have the profile in its seccomp folder first")
			return
		}
		c.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeUnconfined}
	case "apparmor":
		switch value {
		case "":
			lost("it names no profile")
		case "unconfined":
			c.AppArmorProfile = &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeUnconfined}
		case "docker-default", "runtime/default":
			c.AppArmorProfile = &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeRuntimeDefault}
		default:
			c.AppArmorProfile = &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeLocalhost, LocalhostProfile: &value}
		}
	case "label":
		s.seLinux(value, c, lost)
	default:
		lost("Kubernetes has nothing like it")
	}
}

func (s *service) seLinux(label string, c *corev1.SecurityContext, lost func(string)) {
	key, value, _ := strings.Cut(label, ":")
	options := c.SELinuxOptions
	if options == nil {
		options = &corev1.SELinuxOptions{}
	}
	switch key {
	case "user":
		options.User = value
	case "role":
		options.Role = value
	case "type":
		options.Type = value
	case "level":
		options.Level = value
	default:
		lost("Kubernetes cannot turn SELinux off for one container")
		return
	}
	c.SELinuxOptions = options
}
