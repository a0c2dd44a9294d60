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
				options = append(options, r.fits(words, strings.Fields(form))...)
			}
		}
	}
	last := words[len(words)-1]
	options = slices.DeleteFunc(options, func(o string) bool { return !strings.HasPrefix(o, last) })
	slices.Sort(options)
	return slices.Compact(options)
}

// fits gives what may stand at the place of the last word in one form of a verb's usage.
func (r *Runner) fits(words, form []string) []string {
	at := len(words) - 1
	if at > 1 && len(form) > 1 && form[len(form)-1] == "…" { // as many as one likes of what stands before it
		for len(form) <= at+1 {
			form = slices.Insert(form, len(form)-1, form[len(form)-2])
		}
	}
	if at >= len(form) {
		return nil
	}
	for i, w := range form[:at] {
		if w == strings.ToLower(w) && !slices.Contains(strings.Split(w, "|"), words[i]) {
			return nil
		}
	}
	switch form[at] {
	case "NODE":
		return r.Names().Machines
	case "SERVICE":
		return r.Names().Services
	case "NAME":
		var names []string
		r.Cluster.API.Each(api.Pods, "default", func(o api.Object) bool {
			names = append(names, o.GetName())
			return true
		})
		return names
	}
	if w := form[at]; w == strings.ToLower(w) && w != "…" {
		return strings.Split(w, "|")
	}
	return nil
}
