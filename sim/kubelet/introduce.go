package kubelet

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// introduce begins the log of a container that has just started with what is
// known of it: its command, its volumes, and when and where it will answer.
func (p *pod) introduce(c *container) {
	r := c.run
	now, d := p.now(), &r.does
	if argv := append(append([]string(nil), c.spec.Command...), c.spec.Args...); len(argv) > 0 {
		if d.script != nil {
			r.log.tell(now, "its command is simulated: "+commandLine(argv))
		} else {
			r.log.tell(now, "its command is not simulated, so it does what its image or the scenario says: "+commandLine(argv))
		}
	}
	for _, m := range c.spec.VolumeMounts {
		if text := p.contents(m.Name); text != "" {
			r.log.tell(now, m.MountPath+" is "+text)
		}
	}
	if d.script == nil && !(d.exits && d.due <= d.answers) {
		r.log.plan(d.answers, 0, tellerMark+"answers"+ports(c.spec))
	}
}

// contents says what is on the disk of a mounted claim; nothing is known of other volumes.
func (p *pod) contents(volume string) string {
	before, mounted := p.box.mounted[volume]
	if !mounted {
		return ""
	}
	for _, v := range p.vols.list {
		if v.spec.Name != volume {
			continue
		}
		text := fmt.Sprintf("the volume %s (claim %s)", v.pv, v.claim)
		switch {
		case before == nil:
			return text + ", an empty disk"
		case before.Pod == p.name && before.Machine == p.k.Name():
			return text + ", with its own data"
		}
		return fmt.Sprintf("%s, with the data that pod %s has written on %s", text, before.Pod, before.Machine)
	}
	return ""
}

// ports says on which ports a container answers, as far as it declares any.
func ports(c *corev1.Container) string {
	var out []string
	for _, port := range c.Ports {
		text := strconv.Itoa(int(port.ContainerPort)) + "/" + string(port.Protocol)
		out = append(out, strings.TrimSuffix(text, "/"))
	}
	if len(out) == 0 {
		return ""
	}
	return " on " + strings.Join(out, ", ")
}

// commandLine writes words as one would type them into a shell.
func commandLine(argv []string) string {
	out := make([]string, len(argv))
	for i, w := range argv {
		if out[i] = w; w == "" || strings.ContainsAny(w, " \t\n'\"\\$`;&|<>()*?#~") {
			out[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(out, " ")
}
