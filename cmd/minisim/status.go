package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"minisim/internal/roster"
	"minisim/sim/api"
	"minisim/sim/scenario"
	"minisim/ui/remote"
)

// status is how a running cluster stands.
type status struct {
	roster.Cluster
	State    string              `json:"state"`       // running, paused or by hand
	Speed    float64             `json:"speed"`       // virtual seconds a second; 0: as fast as it can
	Virtual  string              `json:"virtualTime"` // since the epoch
	Date     time.Time           `json:"date"`        // in the cluster
	Steps    uint64              `json:"steps"`
	Hash     string              `json:"hash"`
	Dark     []string            `json:"mastersWithoutPower,omitempty"`
	Nodes    []nodeStatus        `json:"nodes"` // while no API server answers, as it has last known them
	Pods     int                 `json:"pods"`
	Running  int                 `json:"running"` // pods in the phase Running
	Services []scenario.Standing `json:"services,omitempty"`

	Scene string           `json:"scene,omitempty"` // where the scenario has paused it, and how it goes on
	Open  []questionStatus `json:"questions,omitempty"`
}

// questionStatus is a question that can be answered.
type questionStatus struct {
	ID       string   `json:"id"`
	Question string   `json:"question"`
	Choices  []string `json:"choices,omitempty"`
	Points   int64    `json:"points"`
	Answer   string   `json:"answer,omitempty"` // given so far
}

// nodeStatus is what is true of a worker, and what the masters believe.
type nodeStatus struct {
	Name  string `json:"name"`
	Power bool   `json:"power"`
	Ready bool   `json:"ready"`
}

// byHand is the state of a run that somebody steps through at its own terminal.
const byHand = "by hand"

// status looks at the cluster.
func (h *host) status() status {
	c := h.cluster()
	s := status{
		Cluster: h.home.Cluster, State: byHand, Virtual: clock(h.session.Now()) + "s", Date: c.Engine.Clock(),
		Steps: h.session.StepNumber(), Hash: h.session.Hash(), Services: h.runner().Standings(),
	}
	if k := h.keeper; k != nil {
		s.State, s.Speed, s.Date = "running", k.speed, k.live.Date().UTC()
		if k.paused {
			s.State = "paused"
		}
		if k.scene != nil {
			s.Scene = sceneText(k.scene)
		}
	}
	for _, q := range h.runner().Open() {
		s.Open = append(s.Open, questionStatus{q.ID, scenario.Plain(q.Text), q.Choices, q.Points, h.runner().Given(q.ID)})
	}
	machines := c.Machines()
	for _, master := range machines[:len(machines)-len(c.Config.Workers)] {
		if !c.On(master) {
			s.Dark = append(s.Dark, master)
		}
	}
	for _, w := range c.Config.Workers {
		s.Nodes = append(s.Nodes, nodeStatus{w.Name, c.On(w.Name), believedReady(c.API.Get(api.Nodes, api.Key{Name: w.Name}))})
	}
	c.API.Each(api.Pods, "", func(o api.Object) bool {
		s.Pods++
		if o.(*corev1.Pod).Status.Phase == corev1.PodRunning {
			s.Running++
		}
		return true
	})
	return s
}

// believedReady says whether a node's object has it as Ready; nil is none.
func believedReady(o api.Object) bool {
	n, ok := o.(*corev1.Node)
	return ok && slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}

func (s status) ready() (ready int) {
	for _, n := range s.Nodes {
		if n.Ready {
			ready++
		}
	}
	return ready
}

// inHours is a time of an hour or more as a person says it, in brackets: " (14h56m)".
func inHours(seconds string) string {
	d, err := time.ParseDuration(seconds)
	if err != nil || d < time.Hour {
		return ""
	}
	return fmt.Sprintf(" (%dh%02dm)", d/time.Hour, d%time.Hour/time.Minute)
}

func (s status) print(w io.Writer) {
	line := func(key, format string, args ...any) {
		if key != "" {
			key += ":"
		}
		fmt.Fprintf(w, "%-10s %s\n", key, fmt.Sprintf(format, args...))
	}
	line("cluster", "%s", s.Name)
	if s.Scenario != "" {
		line("file", "%s", s.Scenario)
	}
	if s.State == byHand {
		line("state", "stepped through by hand, at its own terminal")
	} else {
		line("state", "%s, virtual time goes %s", s.State, pacedAt(s.Speed))
	}
	line("time", "%s%s of virtual time, %d steps, hash %s", s.Virtual, inHours(s.Virtual), s.Steps, s.Hash)
	if s.Scene != "" {
		line("scene", "%s", s.Scene)
	}
	for _, q := range s.Open {
		line("question", "%s: %s", q.ID, q.Question)
		for i, c := range q.Choices {
			line("", "%d. %s", i+1, c)
		}
		if q.Answer != "" {
			line("", "answered so far: %s", q.Answer)
		}
	}
	for _, master := range s.Dark {
		line("masters", "%s has no power: no API server answers, and nodes and pods are as last known", master)
	}
	line("nodes", "%d of %d ready", s.ready(), len(s.Nodes))
	for _, n := range s.Nodes {
		switch {
		case !n.Power && n.Ready:
			line("", "%s has no power; the masters believe it is Ready", n.Name)
		case !n.Power:
			line("", "%s has no power", n.Name)
		case !n.Ready:
			line("", "%s is not Ready", n.Name)
		}
	}
	line("pods", "%d, %d of them running", s.Pods, s.Running)
	for _, x := range s.Services {
		line("", "%s", x)
	}
	line("server", "%s", s.Server)
	line("kubectl", "export KUBECONFIG=%s", shellQuote(s.Kubeconfig()))
	if s.Logs {
		line("log", "%s", s.Log())
	}
}

func statusCommand(s streams) *cobra.Command {
	var output, name string
	c := &cobra.Command{
		Use: "status", Short: "Say how a running cluster stands", Args: atMost(0), GroupID: groupRunning,
		Example: "  minisim status\n  minisim status --name c1 -o json | jq .hash",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := oneOf("-o", output, "text", "json"); err != nil {
				return err
			}
			form := []string{"status"}
			if output == "json" {
				form = append(form, "json")
			}
			return order(c.Context(), s, name, form...)
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	nameFlag(c, &name)
	return c
}

// askStatus gets a cluster's status, with little patience.
func askStatus(ctx context.Context, c roster.Cluster) (*status, error) {
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var text bytes.Buffer
	if err := remote.Do(ctx, c.Socket(), remote.Request{Args: []string{"status", "json"}}, &text); err != nil {
		return nil, err
	}
	s := &status{}
	return s, json.Unmarshal(text.Bytes(), s)
}
