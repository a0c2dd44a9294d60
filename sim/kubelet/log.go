package kubelet

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"minisim/sim/api"
	"minisim/sim/world"
)

// maxLog is how many lines of a container's log are kept, the newest ones. A real
// kubelet begins a new file at containerLogMaxSize, and shows of the old ones nothing.
const maxLog = 10_000

// tellerMark begins the lines that the simulation writes into a log in place of
// the container's program; what that itself writes has none.
const tellerMark = "minisim: "

// containerLog is what one run of a container writes. It lies on the machine's
// disk as long as the run is known there.
type containerLog struct {
	written []api.LogLine // by what has happened, the oldest first
	lost    int           // of the oldest, for which there was no room
	planned []planned     // what the program writes when it is time, unless it has ended by then
	ended   time.Duration // when the run ended; never while it goes on
	last    string        // the line that is written then, if any
}

// planned is a line whose time is known beforehand: nothing happens then but that it is written.
type planned struct {
	from  time.Duration
	every time.Duration // and again, so far apart; 0: once
	text  string
}

// newLog is the log of a run that starts now, and of whose program the lines are known.
func newLog(now time.Duration, lines []world.Line) *containerLog {
	l := &containerLog{ended: never}
	for _, line := range lines {
		l.plan(now+line.After, line.Every, line.Text)
	}
	return l
}

// write adds a line that is written at a time.
func (l *containerLog) write(at time.Duration, text string) {
	l.written = append(l.written, api.LogLine{Time: at, Text: text})
	if over := len(l.written) - maxLog; over >= maxLog { // now and then, not for each line
		l.written, l.lost = slices.Clone(l.written[over:]), l.lost+over
	}
}

// say is write for several lines.
func (l *containerLog) say(at time.Duration, lines []string) {
	for _, text := range lines {
		l.write(at, text)
	}
}

// tell is write for what the simulation says.
func (l *containerLog) tell(at time.Duration, text string) { l.write(at, tellerMark+text) }

func (l *containerLog) plan(from, every time.Duration, text string) {
	l.planned = append(l.planned, planned{from, every, text})
}

// end closes the log with a last line; without one, if text is empty.
func (l *containerLog) end(at time.Duration, text string) {
	if l.ended = at; text != "" {
		l.last = tellerMark + text
	}
}

// appendTo appends the line for each time at which it is written after one time
// and up to another, at most the last maxLog of them.
func (p planned) appendTo(lines []api.LogLine, after, now time.Duration) []api.LogLine {
	first, last := int64(0), int64(0) // of its repetitions
	switch {
	case now < p.from:
		return lines
	case p.every > 0:
		last = int64((now - p.from) / p.every)
	}
	if after >= p.from {
		if p.every == 0 {
			return lines
		}
		first = int64((after-p.from)/p.every) + 1
	}
	for n := max(first, last-maxLog+1); n <= last; n++ {
		lines = append(lines, api.LogLine{Time: p.from + time.Duration(n)*p.every, Text: p.text})
	}
	return lines
}

// logReader is somebody's place in the log of a run.
type logReader struct {
	run   *run
	given int           // how many of the written lines, lost ones included
	until time.Duration // up to which the planned ones were given
	done  bool          // the last line was given
}

// Read gives what has been written since, in the order of its times.
func (r *logReader) Read(now time.Duration) (lines []api.LogLine, more bool) {
	l := r.run.log
	lines = append(lines, l.written[max(r.given-l.lost, 0):]...)
	r.given = l.lost + len(l.written)
	now = min(now, l.ended)
	for _, p := range l.planned {
		lines = p.appendTo(lines, r.until, now)
	}
	r.until = max(r.until, now)
	slices.SortStableFunc(lines, func(a, b api.LogLine) int { return cmp.Compare(a.Time, b.Time) })
	if l.last != "" && !r.done {
		lines, r.done = append(lines, api.LogLine{Time: l.ended, Text: l.last}), true
	}
	return lines[max(len(lines)-maxLog, 0):], r.run.alive
}

// Log opens the log of a container of a pod, of its latest run or of the one before
// it. The error is what a real kubelet answers, as the API server passes it on.
func (k *Kubelet) Log(key api.Key, name string, previous bool) (api.Log, error) {
	p := k.running[key]
	if p == nil {
		return nil, unknown(key.Name)
	}
	i := slices.IndexFunc(p.all, func(c *container) bool { return c.spec.Name == name })
	if i < 0 {
		return nil, unknown(key.Name)
	}
	c := p.all[i]
	var s corev1.ContainerStatus
	if !p.rejected() {
		p.fill(&s, c)
	}
	id, err := loggedRun(&s, key.Name, name, previous)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	for r := c.run; r != nil; r = r.previous {
		if r.id == id && r.log != nil {
			return &logReader{run: r, until: -1}, nil
		}
	}
	return nil, apierrors.NewBadRequest("unable to retrieve container logs for " + id)
}

// unknown is what becomes of a kubelet's answer that it has no such pod or container.
func unknown(pod string) error {
	return apierrors.NewGenericServerResponse(http.StatusNotFound, "", schema.GroupResource{Resource: "pods/log"}, pod, "", 0, false)
}

// loggedRun is the identifier of the run whose log is meant, by what the kubelet
// shows of the container: what runs comes before what has ended, and that before
// what waits.
func loggedRun(s *corev1.ContainerStatus, pod, container string, previous bool) (id string, err error) {
	last, state := s.LastTerminationState.Terminated, s.State
	switch {
	case s.Name == "":
		return "", fmt.Errorf("container %q in pod %q is not available", container, pod)
	case previous && (last == nil || last.ContainerID == ""):
		return "", fmt.Errorf("previous terminated container %q in pod %q not found", container, pod)
	case previous:
		return last.ContainerID, nil
	case state.Running != nil:
		return s.ContainerID, nil
	case state.Terminated != nil && state.Terminated.ContainerID != "":
		return state.Terminated.ContainerID, nil
	case last != nil && last.ContainerID != "":
		return last.ContainerID, nil
	case state.Terminated != nil || last != nil:
		return "", fmt.Errorf("container %q in pod %q is terminated", container, pod)
	}
	why := state.Waiting.Reason
	switch why {
	case "ErrImagePull":
		why = "image can't be pulled"
	case "ImagePullBackOff":
		why = "trying and failing to pull image"
	}
	return "", fmt.Errorf("container %q in pod %q is waiting to start: %s", container, pod, why)
}
