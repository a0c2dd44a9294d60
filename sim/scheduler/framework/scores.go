package framework

import (
	"bytes"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Score is one plugin's score of a node.
type Score struct {
	// Raw is the plugin's own measure, Normalized is 0–100, Weighted is
	// Normalized times the plugin's weight.
	Raw        int64 `json:"raw"`
	Normalized int64 `json:"normalized"`
	Weighted   int64 `json:"weighted"`
}

// Scores are a node's scores by plugin; in JSON an object. All nodes of a
// decision share the list of names, which keeps records small.
type Scores struct {
	plugins []string // sorted
	scores  []Score
}

// All lists the scores, sorted by plugin.
func (s Scores) All() iter.Seq2[string, Score] {
	return func(yield func(string, Score) bool) {
		for i, plugin := range s.plugins {
			if !yield(plugin, s.scores[i]) {
				return
			}
		}
	}
}

// Get returns one plugin's score, and whether there is one.
func (s Scores) Get(plugin string) (Score, bool) {
	i := slices.Index(s.plugins, plugin)
	if i < 0 {
		return Score{}, false
	}
	return s.scores[i], true
}

// Without returns the scores less some plugins'.
func (s Scores) Without(plugins ...string) Scores {
	var out Scores
	for plugin, score := range s.All() {
		if !slices.Contains(plugins, plugin) {
			out.plugins, out.scores = append(out.plugins, plugin), append(out.scores, score)
		}
	}
	return out
}

// IsZero reports whether there are none, so that JSON leaves them out.
func (s Scores) IsZero() bool { return len(s.plugins) == 0 }

// MarshalJSON writes an object with a field per plugin.
func (s Scores) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, plugin := range s.plugins {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(plugin)
		if err != nil {
			return nil, err
		}
		score, err := json.Marshal(s.scores[i])
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(score)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Scores) UnmarshalJSON(text []byte) error {
	var byName map[string]Score
	if err := json.Unmarshal(text, &byName); err != nil {
		return err
	}
	*s = Scores{}
	for _, plugin := range slices.Sorted(maps.Keys(byName)) {
		s.plugins, s.scores = append(s.plugins, plugin), append(s.scores, byName[plugin])
	}
	return nil
}

// scoreboard writes down the scores of feasible nodes.
type scoreboard struct {
	columns []ScoreColumn // sorted by plugin
	plugins []string
}

func newScoreboard(columns []ScoreColumn) *scoreboard {
	b := &scoreboard{columns: slices.Clone(columns)}
	slices.SortFunc(b.columns, func(a, c ScoreColumn) int { return strings.Compare(a.Plugin, c.Plugin) })
	for _, c := range b.columns {
		b.plugins = append(b.plugins, c.Plugin)
	}
	return b
}

// at returns the scores of the i-th feasible node.
func (b *scoreboard) at(i int) Scores {
	s := Scores{plugins: b.plugins, scores: make([]Score, len(b.columns))}
	for k, c := range b.columns {
		s.scores[k] = Score{c.Raw[i], c.Normalized[i], c.Normalized[i] * c.Weight}
	}
	return s
}
