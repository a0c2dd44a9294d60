package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"minisim/sim/api"
	"minisim/sim/trace"
)

// opened makes what the person has asked to see.
func (c *camera) opened(o Order) *Opened {
	switch o.Do {
	case DoList:
		if o.Text == "" {
			return c.resources()
		}
		return c.list(o.Text)
	case DoObject:
		return c.object(o.Ref)
	case DoEvents:
		return c.events()
	case DoWhy:
		return c.why()
	}
	return nil
}

// resources lists the kinds of objects that there are.
func (c *camera) resources() *Opened {
	o := &Opened{Title: "objects: choose a resource", Columns: []string{"RESOURCE", "OBJECTS"}}
	for _, r := range api.Resources() {
		n := 0
		c.session.Cluster().API.Each(r, "", func(api.Object) bool { n++; return true })
		if n > 0 {
			o.Rows = append(o.Rows, Row{Cells: []string{r.String(), fmt.Sprint(n)}, Ref: Ref{Resource: r.Name}})
		}
	}
	return o
}

// list lists the objects of a resource.
func (c *camera) list(name string) *Opened {
	r := api.ByName(name)
	if r == nil {
		return &Opened{Title: name, Error: "there is no resource " + name}
	}
	o := &Opened{Title: r.String(), Columns: append([]string{"NAME", "REVISION", "AGE"}, summaryColumns(r)...), Rows: []Row{}}
	now := c.session.Cluster().Engine.Clock()
	c.session.Cluster().API.Each(r, "", func(obj api.Object) bool {
		cells := []string{api.KeyOf(obj).String(), obj.GetResourceVersion(), short(now.Sub(obj.GetCreationTimestamp().Time))}
		more, tone := c.summary(obj)
		o.Rows = append(o.Rows, Row{Cells: append(cells, more...), Ref: Ref{Resource: r.Name, Key: api.KeyOf(obj).String()}, Tone: tone})
		return true
	})
	return o
}

// object is one object as YAML, with who wrote it and why.
func (c *camera) object(ref Ref) *Opened {
	r := api.ByName(ref.Resource)
	if r == nil {
		return &Opened{Title: ref.Resource, Error: "there is no resource " + ref.Resource}
	}
	key := api.ParseKey(ref.Key)
	title := api.Ref(r, key)
	obj, err := c.session.Object(r, key, ref.Revision)
	if err != nil {
		return &Opened{Title: title, Error: err.Error()}
	}
	copied := obj.DeepCopyObject().(api.Object)
	copied.SetManagedFields(nil)
	copied.GetObjectKind().SetGroupVersionKind(r.GVK())
	text, err := yaml.Marshal(copied)
	if err != nil {
		return &Opened{Title: title, Error: err.Error()}
	}
	o := &Opened{Title: title, Ref: ref}
	revisions := c.revisions(r, key)
	at := len(revisions) - 1
	for i, rev := range revisions {
		if fmt.Sprint(rev) == obj.GetResourceVersion() {
			at = i
		}
	}
	if at >= 0 {
		o.tell(fmt.Sprintf("revision %d, number %d of %d of this object (< and > go through them), written because", revisions[at], at+1, len(revisions)))
		if r, ok := c.writer(revisions[at]); ok {
			for _, l := range c.chain(r) {
				o.tell(chainLine(l))
			}
		}
		o.add("")
		if at > 0 {
			o.Before = revisions[at-1]
		}
		if at < len(revisions)-1 {
			o.After = revisions[at+1]
		}
	}
	o.add(strings.Split(strings.TrimRight(string(text), "\n"), "\n")...)
	return o
}

// tell adds a sentence.
func (o *Opened) tell(s string) { o.Text = append(o.Text, Paragraph{s, true}) }

// add adds lines that must stay as they are.
func (o *Opened) add(lines ...string) {
	for _, s := range lines {
		o.Text = append(o.Text, Paragraph{Text: s})
	}
}

// revisions are those at which an object was written, oldest first.
func (c *camera) revisions(r *api.Resource, key api.Key) []int64 {
	versions, err := c.session.History(r, key)
	if err != nil {
		return nil
	}
	var out []int64
	for _, v := range versions {
		if !v.Deleted {
			out = append(out, v.Revision)
		}
	}
	return out
}

// writer is the request that wrote a revision.
func (c *camera) writer(revision int64) (trace.Record, bool) {
	records := c.session.Records(0, c.session.StepNumber())
	for i := len(records) - 1; i >= 0; i-- {
		var q requestBody
		if read(records[i].Body, "request", &q) && q.Revision == revision {
			return records[i], true
		} else if q.Revision != 0 && q.Revision < revision {
			break // revisions only grow
		}
	}
	return trace.Record{}, false
}

// events are the Events of the API, the latest last.
func (c *camera) events() *Opened {
	o := &Opened{Title: "events", Columns: []string{"TIME", "REASON", "OBJECT", "MESSAGE"}, Rows: []Row{}}
	epoch := c.session.Cluster().Engine.Clock().Add(-c.session.Now())
	var all []*corev1.Event
	c.session.Cluster().API.Each(api.Events, "", func(obj api.Object) bool {
		all = append(all, obj.(*corev1.Event))
		return true
	})
	slices.SortStableFunc(all, func(a, b *corev1.Event) int { return lastSeen(a).Compare(lastSeen(b)) })
	for _, e := range all {
		tone := Plain
		if e.Type == corev1.EventTypeWarning {
			tone = Bad
		}
		message := e.Message
		if e.Count > 1 {
			message = fmt.Sprintf("(%d times) %s", e.Count, message)
		}
		about := strings.ToLower(e.InvolvedObject.Kind) + "/" + e.InvolvedObject.Name
		o.Rows = append(o.Rows, Row{
			Cells: []string{short(lastSeen(e).Sub(epoch)), e.Reason, about, message},
			Ref:   Ref{Resource: api.Events.Name, Key: api.KeyOf(e).String()}, Tone: tone,
		})
	}
	return o
}

func lastSeen(e *corev1.Event) time.Time {
	for _, t := range []time.Time{e.LastTimestamp.Time, e.EventTime.Time} {
		if !t.IsZero() {
			return t
		}
	}
	return e.CreationTimestamp.Time
}

// why is all that is known of the step that is shown: what was compared, and the
// chain of causes back to the compose file.
func (c *camera) why() *Opened {
	r, ok := c.shown()
	o := &Opened{Title: "why"}
	if !ok {
		o.tell("Nothing has happened yet.")
		return o
	}
	chain := c.chain(r)
	o.tell(fmt.Sprintf("step %d:", r.Step))
	o.tell(chainLine(chain[0]))
	o.add("")
	if dec := decisionOf(r.Body); dec != nil && dec.Feasible > 0 {
		o.add(scoreSheet(dec)...)
	}
	if d, ok := r.Body.(trace.Detailer); ok {
		o.add(d.Detail()...)
		o.add("")
	}
	o.tell("because, the nearest cause first:")
	for _, l := range chain[1:] {
		o.tell(chainLine(l))
	}
	return o
}

// sheetNodes is how many nodes stand side by side in a score sheet.
const sheetNodes = 5

// scoreSheet is the best nodes' points side by side, a line for each rule.
func scoreSheet(dec *Decision) []string {
	var nodes []Candidate
	for _, c := range dec.Nodes {
		if c.Rejected == "" && len(nodes) < sheetNodes {
			nodes = append(nodes, c)
		}
	}
	row := func(name string, cell func(Candidate) string) string {
		s := fmt.Sprintf("  %-32s", name)
		for _, c := range nodes {
			s += fmt.Sprintf("%12s", cut(cell(c), 11, "…"))
		}
		return s
	}
	out := []string{row("points for", func(c Candidate) string { return c.Node })}
	for i, p := range dec.Plugins {
		out = append(out, row(p, func(c Candidate) string { return fmt.Sprint(c.Scores[i]) }))
	}
	return append(out, row("in all", func(c Candidate) string { return fmt.Sprint(c.Total) }), "")
}

func chainLine(l Line) string { return fmt.Sprintf("%9s  %s: %s", seconds(l.Time), l.Actor, l.Text) }

// maxChain is how many causes are followed.
const maxChain = 100

// chain is a record and what led to it. Of a step's own work only what says more than the record itself is kept.
func (c *camera) chain(r trace.Record) []Line {
	lines := []Line{lineOf(r, sentence(r.Body))}
	for range maxChain {
		cause, ok := c.find(r.Cause)
		if !ok {
			break
		}
		if _, work := trace.StepWork(cause.Body); !work {
			lines = append(lines, lineOf(cause, sentence(cause.Body)))
		}
		r = cause
	}
	return lines
}

// find gives a record by its number, as far back as records are kept.
func (c *camera) find(id trace.ID) (trace.Record, bool) {
	if id == 0 {
		return trace.Record{}, false
	}
	to := c.session.StepNumber()
	for n := uint64(64); ; n *= 8 {
		from := to - min(n, to)
		records := c.session.Records(from, to)
		if len(records) > 0 && records[0].ID <= id {
			i, ok := slices.BinarySearchFunc(records, id, func(r trace.Record, id trace.ID) int { return int(r.ID) - int(id) })
			if !ok {
				return trace.Record{}, false
			}
			return records[i], true
		}
		if from == 0 {
			return trace.Record{}, false
		}
	}
}
