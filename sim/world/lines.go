package world

import "time"

// Line is something that a program writes into its container's log.
type Line struct {
	After time.Duration // since the container's start
	Every time.Duration // and again, so far apart; 0: once
	Text  string
}

// SetLogFor says what containers of an image write in the pods of one app (by
// their label app). Nothing in the run depends on it.
func (r *Registry) SetLogFor(app, image string, lines []Line) {
	if name, err := r.normal(image); err == nil {
		r.logs[appImage{app, name}] = lines
	}
}

// LogFor is what containers of an image write in the pods of an app; nothing, as far as nobody has said.
func (r *Registry) LogFor(app, image string) []Line {
	name, err := r.normal(image)
	if err != nil {
		return nil
	}
	return r.logs[appImage{app, name}]
}
