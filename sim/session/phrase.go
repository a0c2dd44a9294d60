package session

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"minisim/internal/source"
)

// A person may say when to stop in a few plain words instead of CEL. What they
// say is turned into a moment's name or a condition, which is then shown.

var (
	opening   = regexp.MustCompile(`^(?:when|until|if|once)\s+`)
	rejection = regexp.MustCompile(`^(?:an?|the|any|next)?\s*pod\s+(?:is|gets|was)\s+rejected$`)
	standing  = regexp.MustCompile(`^(\S+)\s+(?:(?:is|becomes|gets)\s+)?(not\s*ready|ready)$`)
)

// plainly turns words into what Break and Goal take; other texts stay as they are.
func (s *Session) plainly(text string) (string, error) {
	text = strings.TrimSpace(text)
	words := strings.ToLower(opening.ReplaceAllString(text, ""))
	if rejection.MatchString(words) {
		return "rejected", nil
	}
	m := standing.FindStringSubmatch(words)
	if m == nil {
		return opening.ReplaceAllString(text, ""), nil
	}
	not := strings.HasPrefix(m[2], "not")
	machines, services := s.Cluster().Machines(), s.Scenario().Compose.Services
	switch name := m[1]; {
	case slices.Contains(machines, name) && not:
		return fmt.Sprintf("!nodeReady(%q)", name), nil
	case slices.Contains(machines, name):
		return fmt.Sprintf("nodeReady(%q)", name), nil
	case slices.Contains(services, name) && not:
		return fmt.Sprintf("ready(%q) < replicas(%q)", name, name), nil
	case slices.Contains(services, name):
		return fmt.Sprintf("ready(%q) > 0", name), nil
	default:
		known := slices.Concat(machines, services)
		hint := source.DidYouMean(name, known)
		if hint == "" {
			hint = "there are " + strings.Join(known, ", ")
		}
		return "", fmt.Errorf("there is no machine and no service %q; %s", name, hint)
	}
}

// Goal is a stop in words: a moment's name, a condition in CEL, or a sentence such
// as "worker-1 is NotReady". The error is for what nobody can understand.
func (s *Session) Goal(text string) (Stop, error) {
	text, err := s.plainly(text)
	if err != nil {
		return Stop{}, err
	}
	b, err := s.parse(text)
	if err != nil {
		return Stop{}, err
	}
	if b.moment != nil {
		return Stop{what: "the next " + text, record: b.moment}, nil
	}
	return When(text), nil
}
