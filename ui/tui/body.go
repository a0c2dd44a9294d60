package tui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"minisim/sim/trace"
)

// The screen reads what records say in their documented form, that of
// `-o json`, as any other program would. Here are the parts of it that it shows.

type decisionBody struct {
	Pod       string `json:"pod"`
	Attempt   int    `json:"attempt"`
	Examined  int    `json:"examined"`
	Feasible  int    `json:"feasible"`
	Prefilter *struct {
		Plugin  string   `json:"plugin"`
		Reasons []string `json:"reasons"`
	} `json:"prefilter"`
	Nodes []struct {
		Name     string   `json:"name"`
		Feasible bool     `json:"feasible"`
		Plugin   string   `json:"plugin"`
		Reasons  []string `json:"reasons"`
		Detail   string   `json:"detail"`
		Scores   map[string]struct {
			Weighted int64 `json:"weighted"`
		} `json:"scores"`
		Total int64 `json:"total"`
	} `json:"nodes"`
	Shortened  bool `json:"shortened"`
	Rejections []struct {
		Plugin string `json:"plugin"`
		Reason string `json:"reason"`
		Nodes  int    `json:"nodes"`
	} `json:"rejections"`
	Winner  string `json:"winner"`
	Message string `json:"message"`
}

type reconcileBody struct {
	Controller string `json:"controller"`
	Resource   string `json:"resource"`
	Key        string `json:"key"`
	Want       string `json:"want"`
	Have       string `json:"have"`
	Do         string `json:"do"`
	Because    string `json:"because"`
}

type podBody struct {
	Pod string `json:"pod"`
	Did string `json:"did"`
}

// read fills v from a record's body; it is false for a body of another kind.
func read(b trace.Body, kind string, v any) bool {
	if b == nil || b.Kind() != kind {
		return false
	}
	data, err := json.Marshal(b)
	return err == nil && json.NewDecoder(bytes.NewReader(data)).Decode(v) == nil
}

// decisionOf reads a scheduling decision, nil for any other record.
func decisionOf(b trace.Body) *Decision {
	var in decisionBody
	if !read(b, "decision", &in) {
		return nil
	}
	out := &Decision{
		Pod: in.Pod, Attempt: in.Attempt, Examined: in.Examined, Feasible: in.Feasible,
		Winner: in.Winner, Shortened: in.Shortened,
	}
	if p := in.Prefilter; p != nil && p.Plugin != "" {
		out.Prefilter = p.Plugin + ": " + strings.Join(p.Reasons, ", ")
	}
	for _, n := range in.Nodes {
		for plugin := range n.Scores {
			if !slices.Contains(out.Plugins, plugin) {
				out.Plugins = append(out.Plugins, plugin)
			}
		}
	}
	slices.Sort(out.Plugins)
	for _, n := range in.Nodes {
		c := Candidate{Node: n.Name, Total: n.Total}
		if !n.Feasible {
			c.Rejected, c.Reason = n.Plugin, n.Detail
			if c.Rejected == "" {
				c.Rejected = "all nodes"
			}
			if c.Reason == "" {
				c.Reason = strings.Join(n.Reasons, ", ")
			}
		}
		for _, p := range out.Plugins {
			c.Scores = append(c.Scores, n.Scores[p].Weighted)
		}
		out.Nodes = append(out.Nodes, c)
	}
	slices.SortStableFunc(out.Nodes, func(a, b Candidate) int { return int(b.Total - a.Total) })
	if in.Shortened {
		for _, r := range in.Rejections {
			out.Counts = append(out.Counts, fmt.Sprintf("%d by %s: %s", r.Nodes, r.Plugin, r.Reason))
		}
	}
	out.Outcome = outcome(b, in.Message)
	return out
}

// outcome is the last part of a decision's sentence, and the message of the
// Event where nobody has won.
func outcome(b trace.Body, message string) string {
	sentence := ""
	if t, ok := b.(trace.Teller); ok {
		parts := strings.Split(t.Tell(), "; ")
		sentence = parts[len(parts)-1]
	}
	if message != "" {
		sentence += ". " + message
	}
	return sentence
}

func reconcileOf(b trace.Body) *Reconcile {
	var in reconcileBody
	if !read(b, "reconcile", &in) {
		return nil
	}
	return &Reconcile{
		Controller: in.Controller, Object: in.Resource + " " + in.Key,
		Want: in.Want, Have: in.Have, Do: in.Do, Because: in.Because, About: Ref{Resource: in.Resource, Key: in.Key},
	}
}
