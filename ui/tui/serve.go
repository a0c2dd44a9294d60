package tui

import "time"

// rest is the time between two steps of a run that plays: wall of real time stands
// for virtual of the run's.
type rest struct {
	began         time.Time
	wall, virtual time.Duration
}

// begins notes that the run rests for some real time before its next step.
func (p *player) begins(wall time.Duration) {
	p.rest = rest{}
	if next := p.now().session.Pending(1); wall > 0 && len(next) > 0 {
		p.rest = rest{time.Now(), wall, next[0].Time - p.now().session.Now()}
	}
}

// reached is how much of the run's time has gone by since its last step.
func (r rest) reached() time.Duration {
	if r.wall <= 0 {
		return 0
	}
	return time.Duration(float64(r.virtual) * min(float64(time.Since(r.began))/float64(r.wall), 1))
}

// serve has the server, if any, show the cluster that is on the screen.
func (p *player) serve() {
	if c := p.now().session.Cluster(); p.server != nil && p.served != c {
		p.served = c
		p.server.Follow(c)
	}
}

// knock has something in it when somebody waits outside.
func (p *player) knock() <-chan struct{} {
	if p.server == nil {
		return nil
	}
	return p.server.Wake
}

// letIn serves who waits outside. While the run stands still its clock does, too:
// what they write is stored, and nobody acts on it before the next step.
func (p *player) letIn() {
	f := p.now()
	at := f.session.Now()
	if p.playing || p.goal != nil {
		at += p.rest.reached()
	} else if f.session.Waiting() {
		p.strides++ // what it changes is lit, and nothing else
		f.camera.tape.mark()
	}
	future := len(f.session.Future())
	served := f.session.Serve(at)
	if p.server.Attend(f.session) {
		served = true
	}
	if !served {
		return
	}
	if p.note = ""; future > 0 {
		p.say("somebody has written to the cluster: from here on the run goes another way than before")
	}
	p.show()
}

// pacing is how fast the run plays: one that is served goes on after its end as
// fast as real time, so that somebody with kubectl can look on.
func (p *player) pacing() Pace {
	if p.server != nil && p.now().session.End() != nil && !p.pace.Max && p.pace.Speed == 0 {
		return Pace{Speed: p.pace.factor()}
	}
	return p.pace
}
