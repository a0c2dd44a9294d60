package scenario

import (
	"strings"
	"testing"
)

func TestCompleteForm(t *testing.T) {
	named := func(what string) []string { return []string{what + "-1", what + "-2"} }
	for _, c := range []struct{ words, usage, want string }{
		{"kill ", "kill node NODE …", "node"},
		{"kill node ", "kill node NODE …", "NODE-1 NODE-2"},
		{"kill node a b ", "kill node NODE …", "NODE-1 NODE-2"},
		{"kill pod ", "kill node NODE …", ""},
		{"kill node of ", "kill node of SERVICE", "SERVICE-1 SERVICE-2"},
		{"scale web 3 ", "scale SERVICE REPLICAS", ""},
		{"stride ", "stride event|phase", "event phase"},
		{"stride phase ", "stride event|phase NODE", "NODE-1 NODE-2"},
	} {
		got := strings.Join(CompleteForm(strings.Split(c.words, " "), c.usage, named), " ")
		if got != c.want {
			t.Errorf("%q of %q: %q, want %q", c.words, c.usage, got, c.want)
		}
	}
}
