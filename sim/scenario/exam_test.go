package scenario

import (
	"strings"
	"testing"
	"time"
)

const exam3 = `
services:
  web:
    image: nginx
    deploy: {replicas: 1, resources: {reservations: {cpus: '1', memory: 32M}}}
x-minisim:
  cluster:
    workers:
      - {name: small, cpu: 2}
      - {name: large, cpu: 8}
      - {name: closed, cpu: 8, taints: ["a=b:NoSchedule"]}
  timeline:
    - at: 20s
      ask: {question: 'Where?', choices: [small, large, none], answer: node of next pod of web, points: 3, explanation: "**So** it is."}
      do: scale web 2
    - {at: 40s, ask: {id: rule, question: 'Why not?', answer: rule against closed for next pod of web}, do: scale web 3}
    - {at: 60s, ask: {id: fit, question: 'How many?', answer: feasible nodes of next pod of web}, do: scale web 4}
    - {at: 80s, ask: {id: where, question: 'Where are they?', answer: 'nodes("web")', when: 'ready("web") == 5'}, do: scale web 5}
    - {at: 100s, ask: {id: later, question: 'Is one left?', answer: 'ready("web") == 1', after: 20s}, do: scale web 1}
    - {at: 140s, ask: {id: letter, question: 'Which?', choices: [a, b], answer: b}}
    - {at: 150s, ask: {id: never, question: 'When?', answer: node of next pod of web}}
`

var rightAnswers = map[string]string{
	"q1": "small", "rule": "tainttoleration", "fit": "2.0", "where": "small, large", "later": "y", "letter": "2", "never": "small",
}

func TestAnswersAreMarkedAgainstTheRun(t *testing.T) {
	silent := begin(t, exam3)
	quiet := silent.finish()
	if quiet.Of != 0 || !strings.Contains(silent.said("mark"), "the right answer is small. So it is.\ndefault/web-") {
		t.Errorf("nobody has answered: %+v\n%s", quiet, silent.said("mark"))
	}

	good := begin(t, exam3)
	for id, a := range rightAnswers {
		if err := good.Answer(id, a); err != nil {
			t.Error(id, err)
		}
	}
	end := good.finish()
	for _, m := range good.Marks() {
		if m.Correct != (m.ID != "never") {
			t.Errorf("%s: %+v", m.ID, m)
		}
	}
	if end.Points != 8 || end.Of != 8 || !end.OK() {
		t.Errorf("want 8 of 8 points, for what was never decided is worth nothing: %+v", end)
	}

	bad := begin(t, exam3)
	for id := range rightAnswers {
		wrong := "3"
		if id == "letter" {
			wrong = "a"
		}
		if err := bad.Answer(id, wrong); err != nil {
			t.Error(id, err)
		}
	}
	if end := bad.finish(); end.Points != 0 || end.Of != 8 || !end.OK() {
		t.Errorf("want 0 of 8 points and a run that is a success all the same: %+v", end)
	}
	if h := bad.End().Hash; h != quiet.Hash || h != end.Hash {
		t.Errorf("answers have changed the hash: %s, %s, %s", quiet.Hash, end.Hash, h)
	}
}

// TestMarksComeWhenTheyCan: at the decision, when the condition is true, after the time.
func TestMarksComeWhenTheyCan(t *testing.T) {
	m := begin(t, exam3)
	at := map[string]time.Duration{}
	for {
		more, err := m.Step()
		if err != nil {
			t.Fatal(err)
		}
		for _, mark := range m.Marks() {
			if _, seen := at[mark.ID]; !seen {
				at[mark.ID] = m.Cluster.Engine.Now()
			}
		}
		if !more {
			break
		}
	}
	if d := at["q1"] - 20*time.Second; d <= 0 || d > time.Second || at["later"] != 120*time.Second || at["letter"] != 140*time.Second {
		t.Errorf("marked at %v", at)
	}
	if d := at["where"] - 80*time.Second; d <= 0 || d > 5*time.Second {
		t.Errorf("where was marked at %s", at["where"])
	}
}

func TestQuestionsStopBeforeTheCommand(t *testing.T) {
	m := begin(t, exam3)
	for m.Stopped() == nil {
		if more, err := m.Step(); err != nil || !more {
			t.Fatal("nobody was asked", err)
		}
	}
	if q := m.Stopped().Question; q == nil || q.ID != "q1" || m.said("verb") != "" {
		t.Fatalf("stopped at %+v after %q", q, m.said("verb"))
	}
	for text, want := range map[string]string{"": "none of the choices", "smal": `did you mean "small"?`, "4": "answer with one of small, large, none"} {
		if err := m.Answer("q1", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("answer %q: %v, want %s", text, err, want)
		}
	}
	if err := m.Answer("q2", "x"); err == nil {
		t.Error("a question that does not exist was answered")
	}
	if err := m.Answer("q1", "2"); err != nil {
		t.Error(err)
	}
	if err := m.Answer("q1", "SMALL"); err != nil {
		t.Error("an answer cannot be changed before it is marked:", err)
	}
	m.to(30 * time.Second)
	if marks := m.Marks(); len(marks) != 1 || marks[0].Answer != "small" || marks[0].Points != 3 {
		t.Errorf("marks %+v", marks)
	}
	if err := m.Answer("q1", "large"); err == nil {
		t.Error("a question was answered after its mark")
	}
}

func TestRightAnswers(t *testing.T) {
	for _, c := range []struct {
		given, truth string
		want         bool
	}{
		{"worker-1", "worker-1", true}, {" Worker-1. ", "worker-1", true}, {"`worker-1`", "worker-1", true}, {"worker-2", "worker-1", false},
		{"3", "3", true}, {"3.0", "3", true}, {"three", "3", false}, {"nan", "NaN", true}, {"1e1", "10", true},
		{"yes", "yes", true}, {"TRUE", "yes", true}, {"n", "no", true}, {"false", "yes", false}, {"no", "yes", false},
		{"a, b", "b, a", true}, {"b,a", "a, b", true}, {"a", "a, b", false}, {"a, b, c", "a, b", false}, {"", "a", false},
	} {
		if got := right(c.given, c.truth); got != c.want {
			t.Errorf("right(%q, %q) = %v", c.given, c.truth, got)
		}
	}
}

func TestPlain(t *testing.T) {
	for markdown, want := range map[string]string{
		"plain": "plain", "**bold** and *em*, `code *kept*`": "bold and em, code *kept*", "# Title\ntext\nmore": "Title\ntext more",
		"a\n\nb": "a\nb", "see [the docs](https://x.y/z)": "see the docs (https://x.y/z)", "![](p.png)": "p.png",
		"- one\n- two": "- one\n- two", "1. one\n2. two": "1. one\n2. two", "> said": "said", "```\nx  y\n```\nafter": "    x  y\nafter",
		"2 * 3 * 4": "2 * 3 * 4", "snake_case_name": "snake_case_name", "(_em_)": "(em)", "": "",
	} {
		if got := Plain(markdown); got != want {
			t.Errorf("%q: got %q, want %q", markdown, got, want)
		}
	}
}

// TestConditionsRememberTheirAnswer asks again only when something was written that the answer derives from.
func TestConditionsRememberTheirAnswer(t *testing.T) {
	m := begin(t, web3)
	m.to(20 * time.Second)
	c, err := ParseCondition(`ready("web") == 3 && nodeReady("worker-1")`, m.View)
	if err != nil || len(c.needs) != 2 {
		t.Fatalf("%+v, %v", c, err)
	}
	if yes, err := c.Holds(); !yes || err != nil {
		t.Fatal(yes, err)
	}
	c.value = "remembered"
	m.to(25 * time.Second) // leases and Events only
	if _, err := c.Holds(); err == nil {
		t.Error("it was asked again though nothing has changed")
	}
	if err := m.Type("cordon worker-2"); err != nil {
		t.Fatal(err)
	}
	if yes, err := c.Holds(); !yes || err != nil {
		t.Error("it was not asked again though a node has changed")
	}
}

func TestFunctions(t *testing.T) {
	m := begin(t, web3)
	m.to(20 * time.Second)
	for text, want := range map[string]bool{
		`replicas("web") == 3 && running("web") == 3 && pending("web") == 0 && failed("web") == 0 && succeeded("web") == 0`: true,
		`terminating("web") == 0 && restarts("web") == 0 && !keptData("web")`:                                               true,
		`nodes("web") == ["worker-1", "worker-2", "worker-3"]`:                                                              true,
		`pods("web").all(p, p.status.phase == "Running")`:                                                                   true,
		`size(objects("nodes")) == 3 && objects("po").exists(p, p.metadata.labels.app == "web")`:                            true,
		`object("deployment", "web").spec.replicas == 3`:                                                                    true,
		`events("Scheduled") == 3`: true, `nodeReady("worker-1")`: true, `nodeReady("worker-9")`: false, `object("pod", "none").spec == 1`: false,
	} {
		c, err := ParseCondition(text, m.View)
		if err != nil {
			t.Error(text, err)
			continue
		}
		if got, err := c.Holds(); got != want {
			t.Errorf("%s: %v (%v)", text, got, err)
		}
	}
}
