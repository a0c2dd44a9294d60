package kubelet

import (
	"cmp"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/world"
)

// program is what goes on inside a running container, as data: it lives on the
// machine and goes on while no kubelet looks.
type program struct {
	script  []instruction // nil: what the image does
	at      int           // the instruction that is being done
	asleep  bool
	code    int32         // of the last instruction
	due     time.Duration // when the next thing happens; never if nothing will
	end     time.Duration // of a wait for a Job
	asked   bool          // the first question of a wait was told
	answers time.Duration // from when on probes succeed
	stop    time.Duration // that it takes after SIGTERM; 0: a fraction of a second
	stuck   bool          // only SIGKILL ends it
	exits   bool          // at due, with code: the image's program
}

// jobPoll is how often a wait for a Job looks; kubectl itself watches.
const jobPoll = time.Second

// programOf is what a container does from its start on.
func programOf(c *corev1.Container, pod *corev1.Pod, image world.Image, now time.Duration) program {
	argv := append(append([]string(nil), c.Command...), c.Args...)
	if script, ok := parseCommand(argv, pod.Namespace); ok {
		return program{script: script, due: now, answers: now, stuck: true}
	}
	does := image.Program
	if does.Shell() && (len(argv) > 0 || c.Stdin || c.TTY) {
		does = world.Program{} // a command that is not simulated, or a shell that waits for input
	}
	p := program{due: never, answers: now + does.Start, stop: does.Stop, stuck: does.Stuck}
	if does.Exits {
		p.exits, p.code, p.due = true, does.ExitCode, now+does.After
	}
	return p
}

// taskTime is how long a program takes that is there to end and of which nothing
// else is known. It then ends with code 0.
const taskTime = 5 * time.Second

// asTask gives a program that would run for ever an end, where ending is what
// its container is there for, and says so.
func (p *pod) asTask(c *container, d *program) (told string) {
	whose := "a Job's program"
	switch owner := metav1.GetControllerOf(p.obj); {
	case d.script != nil || d.exits || c.kind == sidecar:
		return ""
	case c.kind == initContainer:
		whose = "an init container's program"
	case owner == nil || owner.Kind != api.Jobs.Kind:
		return ""
	}
	d.exits, d.due = true, p.now()+taskTime
	return fmt.Sprintf("; ends with code 0 after %s: what %s does here unless the scenario says otherwise", seconds(taskTime), whose)
}

// crash has the program end at once.
func (d *program) crash(now time.Duration, code int32) {
	d.script, d.exits, d.code, d.due = nil, true, code, now
}

// live lets a container's program do what is due by now, and says whether it has ended.
func (p *pod) live(c *container) (ended bool) {
	d := &c.run.does
	for d.due <= p.now() {
		if d.script == nil {
			return d.exits
		}
		if d.at == len(d.script) {
			return true
		}
		in := &d.script[d.at]
		if in.after == ifGood && d.code != 0 || in.after == ifBad && d.code == 0 {
			d.at++
			continue
		}
		if !p.do(c, d, in) {
			continue
		}
		if in.kind == doExit {
			d.at = len(d.script)
		} else {
			d.at++
		}
	}
	return false
}

// do carries on with an instruction and says whether it is done; if not, due is
// when to look again.
func (p *pod) do(c *container, d *program, in *instruction) (done bool) {
	switch in.kind {
	case doSucceed:
		d.code = 0
		c.run.log.say(d.due, in.says)
	case doFail:
		d.code = 1
	case doExit:
		d.code = in.code
	case doSleep:
		if in.d < 0 {
			d.due = never
			return false
		}
		if !d.asleep {
			d.asleep = true
			d.due += in.d
			return false
		}
		d.asleep, d.code = false, 0
	case doResolve:
		return p.resolve(c, d, in)
	case doAwait:
		return p.await(c, d, in)
	}
	return true
}

// resolve asks cluster DNS for a name. The first question without an answer is
// told, the rest are not.
func (p *pod) resolve(c *container, d *program, in *instruction) bool {
	if p.k.cfg.DNS != nil {
		if a, ok := p.k.cfg.DNS.Lookup(p.key.Namespace, in.name); ok {
			if d.asked {
				p.tell(c, "resolved", fmt.Sprintf("%s resolves now, to %s", in.name, a[0]))
			}
			d.asked, d.code, d.due = false, 0, p.now()
			return true
		}
	}
	if !d.asked {
		d.asked = true
		p.tell(c, "wait", fmt.Sprintf("%s does not resolve yet, asks again every %s", in.name, seconds(in.d)))
	}
	c.run.log.say(p.now(), in.says)
	d.due = p.now() + in.d
	return false
}

// await looks whether a Job is complete, until the time-out: kubectl then ends with an error.
func (p *pod) await(c *container, d *program, in *instruction) bool {
	key := api.Key{Namespace: p.key.Namespace, Name: in.name}
	if in.space != "" {
		key.Namespace = in.space
	}
	if !d.asked {
		d.end = never
		if in.d >= 0 { // negative: kubectl waits for a week
			d.end = p.now() + in.d
		}
	}
	done := func(code int32) bool {
		d.asked, d.code, d.due = false, code, p.now()
		return true
	}
	job, err := api.Get[*batchv1.Job](p.account(), api.Jobs, key)
	switch {
	case err == nil && jobComplete(job):
		p.tell(c, "resolved", "job "+key.String()+" is complete")
		c.run.log.write(p.now(), "job.batch/"+key.Name+" condition met")
		return done(0)
	case err != nil && !apierrors.IsNotFound(err):
		p.tell(c, "wait", "cannot look at job "+key.String()+": "+err.Error())
		return done(1)
	case p.now() >= d.end:
		c.run.log.write(p.now(), "error: timed out waiting for the condition on jobs/"+key.Name)
		return done(1)
	}
	if !d.asked {
		d.asked = true
		why := "is not complete yet"
		if apierrors.IsNotFound(err) {
			why = "does not exist yet"
		}
		p.tell(c, "wait", "job "+key.String()+" "+why+", waits for it")
	}
	d.due = min(p.now()+jobPoll, d.end)
	return false
}

// account is a client with the identity of the pod's service account, with which its containers talk to the API.
func (p *pod) account() api.Client {
	if p.k.cfg.Account == nil {
		return p.k.cfg.Process.Client
	}
	return p.k.cfg.Account(p.key.Namespace, cmp.Or(p.obj.Spec.ServiceAccountName, "default"))
}

func jobComplete(j *batchv1.Job) bool {
	for _, c := range j.Status.Conditions {
		if c.Type == batchv1.JobComplete {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
