package tui

// mailbox passes Snapshots to the screen. It holds one, the latest: who puts
// one in never waits, and replaces the one that nobody has taken.
type mailbox chan *Snapshot

func newMailbox() mailbox { return make(mailbox, 1) }

// put is used by one goroutine only.
func (m mailbox) put(s *Snapshot) {
	for {
		select {
		case m <- s:
			return
		default:
		}
		select {
		case <-m:
		default:
		}
	}
}
