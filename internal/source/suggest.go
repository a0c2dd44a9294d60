package source

import (
	"slices"
	"strings"
)

// Suggest finds the candidate that the writer of word most likely meant, or "". Letter case, hyphens and underscores
// do not count; of equally near candidates the first in alphabetical order wins.
func Suggest(word string, candidates []string) string {
	plain := flatten(word)
	allowed := max(1, len(plain)/3)
	best, distance := "", allowed+1
	for _, candidate := range slices.Sorted(slices.Values(candidates)) {
		other := flatten(candidate)
		d := edits(plain, other)
		if d > allowed && len(plain) >= 3 && strings.HasPrefix(other, plain) {
			d = allowed // cut short, as in "env" for "environment"
		}
		if d < distance && d < max(len(plain), 2) && candidate != word {
			best, distance = candidate, d
		}
	}
	return best
}

// DidYouMean is the hint for a word that is not among the candidates: `did you mean "x"?`, or "".
func DidYouMean(word string, candidates []string) string {
	if near := Suggest(word, candidates); near != "" {
		return `did you mean "` + near + `"?`
	}
	return ""
}

func flatten(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(s))
}

// edits counts the insertions, deletions, replacements and swaps of neighbours that turn a into b.
func edits(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	before := make([]int, len(b)+1)
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
