package compose

import (
	"fmt"
	"maps"
	"net"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// defaultGrace is how long Docker waits for a container to stop; Kubernetes would wait 30 s.
const defaultGrace = 10

// schedulerLabel is the label by which a service asks for a profile of the scheduler, for compose has no key for it.
const schedulerLabel = "minisim.scheduler"

// podTemplate makes the pods of the service: its container, what waits or runs before it, and what it mounts.
func (s *service) podTemplate() corev1.PodTemplateSpec {
	main := s.container(&s.ContainerSpec, s.kube)
	main.Ports = s.containerPorts()
	main.TTY, main.Stdin = s.Tty, s.StdinOpen
	main.Resources = s.resources()
	s.probes(&main)
	s.lifecycle(&main)

	grace := int64(defaultGrace)
	if s.StopGracePeriod != nil {
		grace = int64(seconds(durationOf(s.StopGracePeriod)))
	}
	links := s.t.v1
	spec := corev1.PodSpec{TerminationGracePeriodSeconds: &grace, EnableServiceLinks: &links, SchedulerName: s.Labels[schedulerLabel]}
	mounts := s.mounts()
	spec.Volumes, main.VolumeMounts = mounts.volumes, mounts.mounts
	waits, jobs := s.waits()
	spec.InitContainers = append(waits, s.hooks(mounts.mounts)...)
	spec.ServiceAccountName = s.account(jobs)
	spec.Containers = []corev1.Container{main}
	if main.Lifecycle != nil && main.Lifecycle.StopSignal != nil {
		spec.OS = &corev1.PodOS{Name: corev1.Linux} // Kubernetes takes a stop signal only with it
	}
	s.host(&spec)
	s.dns(&spec)
	s.place(&spec)
	s.podSecurity(&spec)
	labels := s.labels()
	for _, alias := range s.aliases() {
		labels[aliasLabel(alias.name)] = "yes"
	}
	for _, n := range s.on() {
		maps.Copy(labels, n.label())
	}
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: s.podAnnotations()},
		Spec:       spec,
	}
}

// podAnnotations are the container's labels and annotations: Kubernetes labels are for selecting.
func (s *service) podAnnotations() map[string]string {
	all := s.annotations(s.Labels, "labels")
	for key, value := range s.annotations(s.Annotations, "annotations") {
		if all == nil {
			all = map[string]string{}
		}
		all[key] = value
	}
	return all
}

// host maps what a container shares with its host, and its name.
func (s *service) host(spec *corev1.PodSpec) {
	if s.NetworkMode == "host" {
		spec.HostNetwork, spec.DNSPolicy = true, corev1.DNSClusterFirstWithHostNet
	}
	s.sharing("pid", s.Pid, &spec.HostPID)
	s.sharing("ipc", s.Ipc, &spec.HostIPC)
	if s.UserNSMode == "host" {
		yes := true
		spec.HostUsers = &yes
	} else if s.UserNSMode != "" {
		s.note(Lost, "the container's users are mapped by "+s.UserNSMode, "Kubernetes chooses the mapping", "", "userns_mode")
	}
	if s.Init != nil && *s.Init {
		yes := true
		spec.ShareProcessNamespace = &yes
	}
	if s.Runtime != "" {
		class := dnsName(s.Runtime)
		spec.RuntimeClassName = &class
		s.note(Changed, "Docker runs the container with the runtime "+s.Runtime, "runtimeClassName: the RuntimeClass "+class+" must exist in the cluster",
			"create it, or leave the key out", "runtime")
	}
	if name := s.Hostname; name != "" {
		if len(validation.IsDNS1123Label(name)) > 0 {
			s.note(Changed, "the container's host name is "+name, "it is no DNS label, so it is "+dnsName(name), "", "hostname")
			name = dnsName(name)
		}
		spec.Hostname = name
	}
}

// sharing maps a namespace (pid, ipc) that is the host's own.
func (s *service) sharing(key, mode string, hosts *bool) {
	switch {
	case mode == "host":
		*hosts = true
	case mode == "" || mode == "private" || mode == "none" || mode == "shareable":
	default:
		s.note(Lost, "the container shares its "+key+" namespace with "+mode, "each service has pods of its own", "make them containers of one pod", key)
	}
}

// dns maps extra hosts and name servers.
func (s *service) dns(spec *corev1.PodSpec) {
	for host, ips := range sorted(s.ExtraHosts) {
		for _, ip := range ips {
			switch {
			case ip == "host-gateway":
				s.note(Lost, host+" is the machine that runs the container", "a pod has no fixed machine to talk to", "", "extra_hosts", host)
			case net.ParseIP(ip) == nil || len(validation.IsDNS1123Subdomain(strings.ToLower(host))) > 0:
				s.note(Lost, fmt.Sprintf("%s is %s", host, ip), "this is no name with an IP address", "", "extra_hosts", host)
			default:
				spec.HostAliases = append(spec.HostAliases, corev1.HostAlias{IP: ip, Hostnames: []string{strings.ToLower(host)}})
			}
		}
	}
	config := &corev1.PodDNSConfig{}
	for i, server := range s.DNS {
		if net.ParseIP(server) == nil || len(config.Nameservers) == 3 {
			s.note(Lost, "the container asks the name server "+server, "Kubernetes takes up to 3 IP addresses", "", "dns", index(i))
			continue
		}
		config.Nameservers = append(config.Nameservers, server)
	}
	for i, domain := range s.DNSSearch {
		if len(validation.IsDNS1123Subdomain(strings.TrimSuffix(domain, "."))) > 0 {
			s.note(Lost, "names are searched in "+domain, "this is no DNS domain", "", "dns_search", index(i))
			continue
		}
		config.Searches = append(config.Searches, domain)
	}
	for _, option := range s.DNSOpts {
		name, value, has := strings.Cut(option, ":")
		if name == "" {
			continue
		}
		o := corev1.PodDNSConfigOption{Name: name}
		if has {
			o.Value = &value
		}
		config.Options = append(config.Options, o)
	}
	if len(config.Nameservers)+len(config.Searches)+len(config.Options) > 0 {
		spec.DNSConfig = config
	}
}

// podSecurity maps what Kubernetes sets for the pod as a whole.
func (s *service) podSecurity(spec *corev1.PodSpec) {
	var context corev1.PodSecurityContext
	for i, group := range s.GroupAdd {
		id, err := strconv.ParseInt(group, 10, 32)
		if err != nil || id < 0 {
			s.note(Changed, "the process is in the group "+group, "it is not: Kubernetes takes group numbers only", "write the group's number", "group_add", index(i))
			continue
		}
		context.SupplementalGroups = append(context.SupplementalGroups, id)
	}
	for name, value := range sorted(s.Sysctls) {
		if name == "" || strings.ContainsAny(name, " /:=") || strings.ToLower(name) != name || len(validation.IsDNS1123Subdomain(strings.ReplaceAll(name, "_", "-"))) > 0 {
			s.note(Lost, "sets the kernel parameter "+name, "this is no valid name for it", "", "sysctls", name)
			continue
		}
		context.Sysctls = append(context.Sysctls, corev1.Sysctl{Name: name, Value: value})
	}
	if len(context.SupplementalGroups)+len(context.Sysctls) > 0 {
		spec.SecurityContext = &context
	}
}

// hooks makes an init container of each pre_start hook.
func (s *service) hooks(mounts []corev1.VolumeMount) []corev1.Container {
	var made []corev1.Container
	for i := range s.PreStart {
		hook := &s.PreStart[i]
		if hook.Image == "" {
			hook.Image = s.Image
		}
		c := s.container(&hook.ContainerSpec, fmt.Sprintf("pre-start-%d", i+1), "pre_start", index(i))
		c.VolumeMounts = mounts
		made = append(made, c)
		if len(hook.Volumes) > 0 {
			s.note(Lost, "the hook has volumes of its own", "it has those of the service", "mount them in the service", "pre_start", index(i), "volumes")
		}
	}
	return made
}

// lifecycle maps hooks and the stop signal.
func (s *service) lifecycle(c *corev1.Container) {
	var l corev1.Lifecycle
	l.PostStart = s.hook("post_start", s.PostStart)
	l.PreStop = s.hook("pre_stop", s.PreStop)
	if s.StopSignal != "" {
		if signal, ok := signalOf(s.StopSignal); ok {
			l.StopSignal = &signal
		} else {
			s.note(Lost, "the container is stopped by "+s.StopSignal, "Kubernetes has no such signal", "", "stop_signal")
		}
	}
	if l != (corev1.Lifecycle{}) {
		c.Lifecycle = &l
	}
}

// hook makes one handler of several hooks, which compose runs one after the other.
func (s *service) hook(key string, hooks []types.ServiceHook) *corev1.LifecycleHandler {
	var commands [][]string
	for i, h := range hooks {
		if len(h.Command) == 0 {
			continue
		}
		commands = append(commands, h.Command)
		if h.User != "" || h.Privileged || h.WorkingDir != "" || len(h.Environment) > 0 {
			s.note(Changed, "the hook has its own user, folder or environment", "it runs as the container does", "", key, index(i))
		}
	}
	switch len(commands) {
	case 0:
		return nil
	case 1:
		return &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: commands[0]}}
	}
	script := make([]string, 0, len(commands))
	for _, command := range commands {
		script = append(script, shellQuote(command))
	}
	return &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"/bin/sh", "-c", strings.Join(script, " && ")}}}
}

// shellQuote writes a command so that a shell reads the same words.
func shellQuote(words []string) string {
	quoted := make([]string, 0, len(words))
	for _, word := range words {
		quoted = append(quoted, "'"+strings.ReplaceAll(word, "'", `'\''`)+"'")
	}
	return strings.Join(quoted, " ")
}

// signals are those that Kubernetes knows by name and Docker also by number.
var signals = map[string]string{
	"1": "SIGHUP", "2": "SIGINT", "3": "SIGQUIT", "4": "SIGILL", "5": "SIGTRAP", "6": "SIGABRT", "7": "SIGBUS", "8": "SIGFPE", "9": "SIGKILL",
	"10": "SIGUSR1", "11": "SIGSEGV", "12": "SIGUSR2", "13": "SIGPIPE", "14": "SIGALRM", "15": "SIGTERM", "16": "SIGSTKFLT", "17": "SIGCHLD",
	"18": "SIGCONT", "19": "SIGSTOP", "20": "SIGTSTP", "21": "SIGTTIN", "22": "SIGTTOU", "23": "SIGURG", "24": "SIGXCPU", "25": "SIGXFSZ",
	"26": "SIGVTALRM", "27": "SIGPROF", "28": "SIGWINCH", "29": "SIGIO", "30": "SIGPWR", "31": "SIGSYS",
}

func signalOf(name string) (corev1.Signal, bool) {
	name = strings.ToUpper(name)
	if byNumber := signals[name]; byNumber != "" {
		return corev1.Signal(byNumber), true
	}
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	for _, known := range signals {
		if known == name {
			return corev1.Signal(name), true
		}
	}
	return "", false
}
