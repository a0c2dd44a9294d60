package scenario

import (
	"strings"
	"testing"

	"minisim/internal/source"
)

const webService = "services:\n  web: {image: nginx}\n  db: {image: redis}\n"

// loadText loads a compose file with an x-minisim block from memory.
func loadText(t testing.TB, text string) (*Scenario, error) {
	t.Helper()
	f, err := source.Parse("f.yaml", []byte(text))
	if err != nil {
		return nil, err
	}
	return Load("f", f, Options{})
}

// TestFaultsHaveTheirPlace gives the decoder one mistake after the other: each is
// told once, in one line, with its place and with what would be right. The block
// begins in line 4; what stands in `block` is indented by two.
func TestFaultsHaveTheirPlace(t *testing.T) {
	for block, want := range map[string]string{
		"":                           "4:11: x-minisim must be a mapping of keys to values, this is empty; it may have about, cluster",
		"[1]":                        "5:3: x-minisim must be a mapping of keys to values, this is a list",
		"text":                       "5:3: x-minisim must be a mapping of keys to values, this is \"text\"",
		"timelin: []":                `5:3: x-minisim has no key "timelin"; did you mean "timeline"?`,
		"what: 1":                    `5:3: x-minisim has no key "what"; it may have about, cluster, finally, objects, scheduler, seed, services, timeline, until`,
		"about: [x]":                 "5:10: about must be text, this is a list",
		"about:":                     "5:9: about must be text, this is empty",
		"seed: many":                 `5:9: seed must be a whole number, this is "many"`,
		"seed: -1":                   "5:9: seed must be at least 0, this is -1",
		"seed: 1.5":                  `5:9: seed must be a whole number, this is "1.5"`,
		"seed: 99999999999999999999": `5:9: seed must be a whole number, this is "99999999999999999999"`,
		"until: 60":                  `5:10: until: "60" is not a time; write for example 60s, 9m or 1h30m`,
		"until: -1s":                 `5:10: until: "-1s" is negative`,
		"until: 900000h":             `5:10: until: "900000h" is more than ten years`,
		"until: {}":                  "5:10: until must be a time such as 60s or 9m, this is a mapping",
		"until: 99999999999999h":     `5:10: until: "99999999999999h" is not a time`,

		"cluster: 3":                                         `5:12: cluster must be a mapping of keys to values, this is "3"; it may have images, masters, metrics, network, workers, zones`,
		"cluster: {masters: none}":                           `5:22: masters must be a whole number, this is "none"`,
		"cluster: {masters: 0}":                              "5:22: masters must be at least 1, this is 0",
		"cluster: {workers: {}}":                             "5:22: workers must be a number or a list, this is a mapping; write workers: 3 or a list of them",
		"cluster: {workers: -1}":                             "5:22: workers must be at least 0, this is -1",
		"cluster: {workers: 5001}":                           "5:22: workers must be at most 5000, this is 5001",
		"cluster: {workers: [5]}":                            `5:23: a worker must be a mapping of keys to values, this is "5"`,
		"cluster: {workers: [{cpus: 4}]}":                    `5:24: a worker has no key "cpus"; did you mean "cpu"?`,
		"cluster: {workers: [{name: A_b}]}":                  `5:30: a worker cannot be called "A_b"`,
		"cluster: {workers: [{name: []}]}":                   "5:30: name must be text, this is a list",
		"cluster: {workers: [{name: a}, {name: a}]}":         `5:34: two workers are called "a"`,
		"cluster: {workers: [{count: 3000}, {count: 3000}]}": "5:38: there cannot be more than 5000 workers",
		"cluster: {workers: [{cpu: 0}]}":                     "5:29: cpu must be above 0, this is 0",
		"cluster: {workers: [{cpu: -2}]}":                    "5:29: cpu must be above 0, this is -2",
		"cluster: {workers: [{memory: lots}]}":               `5:32: memory: "lots" is not an amount; write for example 4, 500m or 8Gi`,
		"cluster: {workers: [{memory: [8Gi]}]}":              "5:32: memory must be an amount such as 4, 500m or 8Gi, this is a list",
		"cluster: {workers: [{memory: 99999999999E}]}":       "5:32: memory: 99999999999E is more than there is",
		"cluster: {workers: [{pods: 0}]}":                    "5:30: pods must be at least 1, this is 0",
		"cluster: {workers: [{bandwidth: fast}]}":            `5:35: bandwidth: "fast" is not an amount`,
		"cluster: {workers: [{labels: [a]}]}":                "5:32: labels must be a mapping of names to values, this is a list",
		"cluster: {workers: [{labels: {a: [b]}}]}":           "5:36: the value of label a must be text, this is a list",
		"cluster: {workers: [{labels: {'a b': c}}]}":         "5:33: label a b=c:",
		"cluster: {workers: [{zone: {}}]}":                   "5:30: the value of label topology.kubernetes.io/zone must be text, this is a mapping",
		"cluster: {workers: [{taints: x}]}":                  `5:32: taints must be a list, this is "x"`,
		"cluster: {workers: [{taints: [{}]}]}":               "5:33: a taint must be text, this is a mapping",
		"cluster: {workers: [{taints: [a=b]}]}":              `5:33: "a=b" is not a taint; write key=value:Effect, for example dedicated=db:NoSchedule`,
		"cluster: {workers: [{taints: ['a=b:No']}]}":         `5:33: taint "a=b:No": the effect must be NoSchedule, PreferNoSchedule or NoExecute`,
		"cluster: {zones: a}":                                `5:20: zones must be a list, this is "a"`,
		"cluster: {zones: [[a]]}":                            "5:21: the value of label topology.kubernetes.io/zone must be text, this is a list",
		"cluster: {network: fast}":                           `5:22: network must be a mapping of keys to values, this is "fast"; it may have bandwidth, latency`,
		"cluster: {network: {latency: [1s]}}":                "5:32: latency must be a mapping of keys to values, this is a list",
		"cluster: {network: {latency: {min: 5s, max: 1s}}}":  "5:32: latency: max (1s) must lie between min (5s) and 1m0s",
		"cluster: {network: {latency: 2m}}":                  "5:32: latency: max (2m0s) must lie between min (2m0s) and 1m0s",
		"cluster: {images: [a]}":                             "5:21: images must be a mapping of names to values, this is a list",
		"cluster: {images: {'A B': missing}}":                `5:22: "A B" is not the name of an image`,
		"cluster: {images: {a: gone}}":                       `5:25: the size of image a: "gone" is not an amount`,
		"cluster: {images: {a: {missing: 1}}}":               `5:35: missing must be true or false, this is "1"`,
		"cluster: {images: {a: {size: 0}}}":                  "5:32: size must be above 0, this is 0",

		"scheduler: [a]":           "5:14: scheduler must be a mapping or a file's name, this is a list",
		"scheduler: sched.yaml":    `5:14: scheduler: there is no folder to look for "sched.yaml" in; write the configuration in place of the name`,
		"scheduler: {profile: []}": "5:15: scheduler: profile: there is no such field",
		"scheduler:\n    profiles:\n      - plugins: {score: {enabled: [{name: NodeAfinity}]}}": `7:37: scheduler: profiles[0].plugins.score.enabled[0]: there is no plugin "NodeAfinity"`,
		"scheduler: {profiles: [{pluginConfig: [{name: InterPodAffinity, args: {x: 1}}]}]}":     "5:74: scheduler: profiles[0].pluginConfig[0].args.x: there is no such field",
		"scheduler: {podInitialBackoffSeconds: 0}":                                              "5:15: scheduler: podInitialBackoffSeconds: 0 is not above 0",
		"scheduler: {profiles: 5}": "5:15: scheduler: profiles: must be a list, not 5",

		"services: [web]":                        "5:13: services must be a mapping of names to values, this is a list",
		"services: {web: 5}":                     `5:19: the behaviour of a service must be a mapping of keys to values, this is "5"; it may have cpu, exits, load, log, memory, start, stop, stuck`,
		"services: {web: {cpu: 0}}":              "5:25: cpu must be above 0, this is 0",
		"services: {web: {load: much}}":          `5:26: load: "much" is not an amount; write for example 4, 500m or 8Gi`,
		"cluster: {metrics: 1}":                  `5:22: metrics must be true or false, this is "1"`,
		"objects: {}":                            "5:12: objects must be a list",
		"objects: [{kind: Pod}]":                 "5:13: an object: apiVersion and kind must say what it is",
		"objects: [{apiVersion: v1, kind: Pot}]": "5:13: an object: no kind Pot in v1",
		"objects: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, dat: {}}]": `5:13: an object: error unmarshaling JSON: while decoding JSON: json: unknown field "dat"`,
		"objects: [{apiVersion: v1, kind: ConfigMap}]":                               "5:13: an object: metadata.name must be set",
		"services: {webb: {}}":                            `5:14: there is no service "webb"; did you mean "web"?`,
		"services: {web: {start: soon}}":                  `5:27: start: "soon" is not a time`,
		"services: {web: {stop: 5}}":                      `5:26: stop: "5" is not a time`,
		"services: {web: {stuck: maybe}}":                 `5:27: stuck must be true or false, this is "maybe"`,
		"services: {web: {log: hello}}":                   `5:25: log must be a list, this is "hello"`,
		"services: {web: {log: [{after: 1s}]}}":           "5:26: a line of a log has no text; add line: and its text",
		"services: {web: {log: [{line: a, every: 1ms}]}}": "5:43: every must be at least 100ms",
		"services: {web: {log: ['a\\nb', \"a\\nb\"]}}":    "5:34: a line of a log must be one line; make a list item of each line",
		"services: {webb: {log: [a]}}":                    `5:14: there is no service "webb"; did you mean "web"?`,
		"services: {web: {exits: true}}":                  `5:27: exits must be a mapping of keys to values, this is "true"; it may have after, code`,
		"services: {web: {exits: {code: 256}}}":           "5:34: code must be at most 255, this is 256",

		"timeline: 60s":                                                 `5:13: timeline must be a list, this is "60s"`,
		"timeline: [60s]":                                               `5:14: an entry of the timeline must be a mapping of keys to values, this is "60s"`,
		"timeline: [{say: hello}]":                                      "5:14: an entry of the timeline has no time; say when, for example at: 60s",
		"timeline: [{at: 60, say: x}]":                                  `5:19: at: "60" is not a time; write for example 60s, 9m or 1h30m`,
		"timeline: [{at: 1s, say: {}}]":                                 "5:28: say must be text, this is a mapping",
		"timeline: [{at: 1s, do: {}}]":                                  "5:27: do must be text, this is a mapping",
		"timeline: [{at: 1s, do: [[]]}]":                                "5:28: do must be text, this is a list",
		"timeline: [{at: 1s, do: kil node worker-1}]":                   `5:27: there is no verb "kil"; did you mean "kill"?`,
		"timeline: [{at: 1s, do: kill node worker-9}]":                  `5:27: there is no node "worker-9"; did you mean "worker-1"?`,
		"timeline: [{at: 1s, do: scale wep 3}]":                         `5:27: there is no service "wep"; did you mean "web"?`,
		"timeline: [{at: 1s, pause: []}]":                               "5:30: pause must be text, this is a list",
		"timeline: [{at: 1s, expect: 'redy(\"web\") == 1'}]":            "5:36: \"redy(\\\"web\\\") == 1\": nothing is called redy; did you mean ready?",
		"timeline: [{at: 1s, expect: 'ready(\"web\")'}]":                `5:31: "ready(\"web\")" is not a yes-or-no question, but gives a number; compare it`,
		"timeline: [{at: 1s, expect: 'ready(\"wep\") == 1'}]":           `5:32: there is no service "wep"; did you mean "web"?`,
		"timeline: [{at: 1s, expect: '1 == 1 && ready(\"wep\") == 1'}]": `5:42: there is no service "wep"`,
		"timeline: [{at: 1s, expect: 'nodeReady(\"worker-7\")'}]":       `5:32: there is no node "worker-7"`,
		"timeline: [{at: 1s, expect: 'size(objects(\"podz\")) > 0'}]":   `5:31: "size(objects(\"podz\")) > 0": there is no resource "podz"`,
		"timeline: [{at: 1s, expect: [a]}]":                             "5:31: expect must be an expression, this is a list",
		"timeline: [{at: 1s, expect: ''}]":                              "5:31: expect must be an expression, this is empty",
		"timeline: [{at: 1s, do: cordon worker-1, within: 5s}]":         "5:14: within: says nothing without expect:",
		"timeline: [{at: 1s, say: x, times: 2}]":                        "5:14: times: says nothing without every:",
		"timeline: [{at: 1s, say: x, again: true}]":                     "5:14: again: says nothing without when:",
		"timeline: [{every: 0s, say: x}]":                               "5:22: every must be above 0",
		"timeline: [{every: 5s, say: x}]":                               "5:14: entry 1 of the timeline repeats without end, so the run would never end; add times: or until: to it, or until: to the scenario",
		"timeline: [{every: 5s, times: 0, say: x}]":                     "5:33: times must be at least 1, this is 0",
		"timeline: [{at: 9s, every: 5s, until: 8s, say: x}]":            "5:14: until: (8s) comes before the first time (9s)",
		"timeline: [{when: 'true', every: 5s, times: 1, say: x}]":       "5:14: every: and when: do not go together; use when: with again: true",
		"timeline: [{when: 5, say: x}]":                                 `5:21: "5" is not a yes-or-no question, but gives a number; compare it: 5 > 0`,

		"timeline: [{at: 1s, ask: why}]":                                                                                 `5:28: a question must be a mapping of keys to values, this is "why"`,
		"timeline: [{at: 1s, ask: {answer: '1'}}]":                                                                       "5:28: a question without words; add question:",
		"timeline: [{at: 1s, ask: {question: why}}]":                                                                     "5:28: a question without an answer; add answer:, for example answer: node of next pod of web",
		"timeline: [{at: 1s, ask: {question: why, answer: []}}]":                                                         "5:52: answer must be text, this is a list",
		"timeline: [{at: 1s, ask: {question: why, answer: '1', choices: a}}]":                                            `5:66: choices must be a list, this is "a"`,
		"timeline: [{at: 1s, ask: {question: why, answer: a, choices: [a, A]}}]":                                         `5:64: the choice "A" stands twice`,
		"timeline: [{at: 1s, ask: {question: why, answer: colour of next pod of web}}]":                                  `5:52: "colour of next pod of web" cannot be asked of a decision; there are node of next pod of SERVICE`,
		"timeline: [{at: 1s, ask: {question: why, answer: node of next pod of wep}}]":                                    `5:52: there is no service "wep"; did you mean "web"?`,
		"timeline: [{at: 1s, ask: {question: why, answer: rule against x for next pod of web}}]":                         `5:52: there is no node "x"`,
		"timeline: [{at: 1s, ask: {question: why, answer: redy}}]":                                                       "5:52: \"redy\": nothing is called redy; did you mean ready?",
		"timeline: [{at: 1s, ask: {question: why, answer: '1', points: -1}}]":                                            "5:65: points must be at least 0, this is -1",
		"timeline: [{at: 1s, ask: {question: why, answer: '1', after: 5s, when: 'true'}}]":                               "5:28: after: and when: do not go together",
		"timeline: [{every: 1s, times: 2, ask: {question: why, answer: '1'}}]":                                           "5:14: an entry that repeats cannot ask; ask once",
		"timeline: [{at: 1s, ask: {id: a, question: b, answer: '1'}}, {at: 2s, ask: {id: a, question: c, answer: '1'}}]": `5:78: two questions are called "a", the first at f.yaml:5:28; give it another id:`,

		"finally: x":              `5:12: finally must be a list, this is "x"`,
		"finally: [[]]":           "5:13: an expectation must be a mapping of keys to values, this is a list",
		"finally: [{because: x}]": "5:13: an expectation without expect:",
		"finally: [ready]":        "5:13: \"ready\": ready does not say of what; it is written",
	} {
		t.Run(block, func(t *testing.T) {
			text := webService + "x-minisim:"
			if block != "" {
				text += "\n  " + block
			}
			_, err := loadText(t, text+"\n")
			if err == nil {
				t.Fatal("no fault was found")
			}
			got := strings.Split(err.Error(), "\n")
			if len(got) != 1 || !strings.HasPrefix(got[0], "f.yaml:"+want) {
				t.Errorf("got  %s\nwant f.yaml:%s", strings.Join(got, "\n     "), want)
			}
		})
	}
}

// TestAllFaultsComeAtOnce has several mistakes in one file, of the compose part too.
func TestAllFaultsComeAtOnce(t *testing.T) {
	_, err := loadText(t, "services:\n  web: {imagee: nginx, image: nginx}\nx-minisim:\n  seed: x\n  cluster: {workers: [{cpu: 0, memory: x}]}\n  timeline:\n    - do: kil\n")
	if err == nil || len(strings.Split(err.Error(), "\n")) != 6 {
		t.Errorf("want 6 faults, got\n%v", err)
	}
}

// FuzzBlock throws text at the decoder. Whatever it is, it gives a scenario that
// can be written down for the hash, or faults with places.
func FuzzBlock(f *testing.F) {
	for _, seed := range []string{
		"seed: 1", "timeline: [{at: 1s, do: [kill node worker-1, wait 5s]}]", "cluster: &a {workers: 2, network: {latency: 1ms}}\n  services: *a",
		"timeline:\n    - {when: 'ready(\"web\") == 1', again: true, say: '**x**', ask: {question: q, answer: node of next pod of web}}",
		"scheduler: {profiles: [{schedulerName: a}]}", "<<: {seed: 2}", "finally: ['true']", "about: \"\\u0000\"",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, block string) {
		s, err := loadText(t, webService+"x-minisim:\n  "+block+"\n")
		if err == nil {
			if len(s.Input()) == 0 {
				t.Error("no input")
			}
			return
		}
		faults, ok := err.(source.Diagnostics)
		if !ok || len(faults) == 0 {
			t.Fatalf("not a list of faults: %v", err)
		}
		for _, fault := range faults {
			if fault.Msg == "" || fault.Pos.File == "" {
				t.Errorf("a fault without words or place: %+v", fault)
			}
		}
	})
}
