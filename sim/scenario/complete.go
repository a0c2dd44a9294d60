package scenario

import (
	"slices"
	"strings"

	"minisim/sim/api"
)

// Complete lists, sorted, what may stand in place of the last word of a command:
// a verb at first, then what the verb's forms name at this place.
func (r *Runner) Complete(words []string) []string {
	if len(words) == 0 {
		return nil
	}
	var options []string
	for _, v := range Verbs() {
		if len(words) == 1 {
			options = append(options, v.Name)
		} else if v.Name == words[0] {
			for _, form := range strings.Split(v.Usage, " | ") {
				options = append(options, CompleteForm(words, form, r.named)...)
			}
		}
	}
	last := words[len(words)-1]
	options = slices.DeleteFunc(options, func(o string) bool { return !strings.HasPrefix(o, last) })
	slices.Sort(options)
	return slices.Compact(options)
}

// named are the names that a word in capitals stands for in a verb's usage.
func (r *Runner) named(what string) (names []string) {
	switch what {
	case "NODE":
		return r.Names().Machines
	case "SERVICE":
		return r.Names().Services
	case "NAME":
		r.Cluster.API.Each(api.Pods, "default", func(o api.Object) bool {
			names = append(names, o.GetName())
			return true
		})
	}
	return names
}

// CompleteForm gives what may stand in place of the last word of a command in one
// form of its usage. Words in small letters stand for themselves, those in capitals for what named says.
func CompleteForm(words []string, usage string, named func(what string) []string) []string {
	form, at := strings.Fields(usage), len(words)-1
	if n := len(form); n > 1 && form[n-1] == "…" { // as many as one likes of what stands before it
		form[n-1] = form[n-2]
		for len(form) <= at {
			form = append(form, form[n-2])
		}
	}
	if at >= len(form) {
		return nil
	}
	literal := func(w string) bool { return w == strings.ToLower(w) }
	for i, w := range form[:at] {
		if literal(w) && !slices.Contains(strings.Split(w, "|"), words[i]) {
			return nil
		}
	}
	if w := form[at]; !literal(w) {
		return named(w)
	}
	return strings.Split(form[at], "|")
}
