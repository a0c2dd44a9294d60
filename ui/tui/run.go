package tui

import (
	"context"
	"errors"
	"io"

	tea "charm.land/bubbletea/v2"

	"minisim/sim/cluster"
	"minisim/sim/session"
)

// Options choose how the screen looks and how fast it plays.
type Options struct {
	In      io.Reader
	Out     io.Writer
	Environ []string // NO_COLOR, TERM, LANG, …
	Glyphs  Glyphs
	Background
	Pace    Pace
	Playing bool // it begins to play by itself
	Server  *Server
}

// Server is the face of a cluster to those who come from outside; nil: there is none.
type Server struct {
	// Follow has it serve another cluster from now on. The player calls it, for
	// the first cluster, too.
	Follow func(*cluster.Cluster)
	// Wake has something in it when somebody has come.
	Wake <-chan struct{}
	// Attend carries out what people at other terminals want of the session that is
	// on the screen, and says whether there was anything.
	Attend func(*session.Session) bool
	// Way is how one comes in, as a person types it.
	Way string
}

// Background is that of the terminal.
type Background int

// The backgrounds. Of an unknown one the terminal is asked.
const (
	Unknown Background = iota
	Dark
	Light
)

// ErrInterrupted says that the person has pressed Ctrl-C.
var ErrInterrupted = errors.New("interrupted")

// Run shows a session until the person leaves, and gives back the future in
// which they stand then; it may be another session than s. The caller closes it.
// The terminal is as it was before, whatever happens.
func Run(ctx context.Context, s *session.Session, o Options) (*session.Session, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := newPlayer(s, o.Pace)
	p.server = o.Server
	if o.Playing {
		p.give(Order{Do: DoPlay})
	}
	played := make(chan error, 1)
	go func() { played <- p.run(ctx) }()

	program := tea.NewProgram(newModel(p.give, p.box, o.Glyphs, o.Background),
		tea.WithContext(ctx), tea.WithInput(o.In), tea.WithOutput(o.Out), tea.WithEnvironment(o.Environ), tea.WithoutSignalHandler())
	_, err := program.Run()
	cancel()
	broken := <-played
	if errors.Is(broken, context.Canceled) {
		broken = nil
	}
	if errors.Is(err, tea.ErrInterrupted) {
		err = ErrInterrupted
	}
	now, closing := p.close()
	return now, errors.Join(broken, err, closing)
}
