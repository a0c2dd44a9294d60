package config

import (
	"strings"
	"testing"

	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/plugins"
)

const head = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"

// shown writes down what a profile does at the two points that matter most.
func shown(p *framework.Profile) (filters string, weights map[string]int64) {
	var names []string
	for _, f := range p.Filters {
		names = append(names, f.Name())
	}
	weights = make(map[string]int64)
	for _, s := range p.Scores {
		weights[s.Name()] = s.Weight
	}
	return strings.Join(names, " "), weights
}

func TestDefaultsStayWithoutProfiles(t *testing.T) {
	c, err := Load([]byte(head + "parallelism: 4\nleaderElection: {leaderElect: false}\n"))
	if err != nil || len(c.Profiles) != 1 || c.Profiles[0].Name != "default-scheduler" {
		t.Fatalf("%v, %v", c, err)
	}
	got, weights := shown(c.Profiles[0])
	if want, _ := shown(plugins.DefaultProfile()); got != want || weights["TaintToleration"] != 3 {
		t.Errorf("filters %s, weights %v", got, weights)
	}
}

func TestEnableDisableAndWeigh(t *testing.T) {
	c, err := Load([]byte(head + `profiles:
- schedulerName: one
  plugins:
    score:
      disabled: [{name: ImageLocality}]
      enabled: [{name: NodeAffinity, weight: 9}]
    filter:
      disabled: [{name: '*'}]
      enabled: [{name: NodeResourcesFit}, {name: NodeUnschedulable}]
- schedulerName: two
  plugins:
    multiPoint:
      disabled: [{name: PodTopologySpread}, {name: TaintToleration}]
      enabled: [{name: InterPodAffinity, weight: 5}]
`))
	if err != nil || len(c.Profiles) != 2 {
		t.Fatalf("%v, %v", c, err)
	}
	filters, weights := shown(c.Profiles[0])
	if filters != "NodeResourcesFit NodeUnschedulable" || weights["NodeAffinity"] != 9 || weights["ImageLocality"] != 0 || weights["TaintToleration"] != 3 {
		t.Errorf("one: %s, %v", filters, weights)
	}
	if c.Profiles[0].Scores[0].Name() != "NodeAffinity" {
		t.Errorf("one: %s is scored first", c.Profiles[0].Scores[0].Name())
	}
	filters, weights = shown(c.Profiles[1])
	if strings.Contains(filters, "Taint") || strings.Contains(filters, "Spread") || weights["InterPodAffinity"] != 5 || weights["TaintToleration"] != 0 {
		t.Errorf("two: %s, %v", filters, weights)
	}
}

func TestArguments(t *testing.T) {
	c, err := Load([]byte(head + `profiles:
- pluginConfig:
  - name: NodeResourcesFit
    args:
      apiVersion: kubescheduler.config.k8s.io/v1
      kind: NodeResourcesFitArgs
      ignoredResourceGroups: [example.com]
      scoringStrategy: {type: RequestedToCapacityRatio, requestedToCapacityRatio: {shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]}}
  - name: InterPodAffinity
    args: {hardPodAffinityWeight: 7}
  - name: PodTopologySpread
    args: {defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: rack, whenUnsatisfiable: DoNotSchedule}]}
  - name: DefaultPreemption
    args: {minCandidateNodesAbsolute: 5}
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range c.Profiles[0].Plugins {
		switch p := p.(type) {
		case *plugins.NodeResourcesFit:
			if got := p.Strategy.Shape(1, 4); got != 25 || p.IgnoredGroups[0] != "example.com" {
				t.Errorf("a quarter full scores %d, ignored %v", got, p.IgnoredGroups)
			}
		case plugins.InterPodAffinity:
			if p.HardPodAffinityWeight != 7 {
				t.Errorf("weight %d", p.HardPodAffinityWeight)
			}
		case plugins.PodTopologySpread:
			if p.SystemDefaulted || len(p.Defaults) != 1 || p.Defaults[0].TopologyKey != "rack" {
				t.Errorf("constraints %+v", p)
			}
		case plugins.DefaultPreemption:
			if p.MinCandidates != 5 || p.MinCandidatesPercent != 10 {
				t.Errorf("%+v", p)
			}
		}
	}
}

func TestFaultsNameTheirField(t *testing.T) {
	for text, want := range map[string]string{
		"kind: Pod": "this is a Pod, not a KubeSchedulerConfiguration",
		"a: b":      "this is no KubeSchedulerConfiguration: it has no kind; begin with apiVersion: kubescheduler.config.k8s.io/v1",
		"just text": `this is no KubeSchedulerConfiguration: must be a mapping, not "just text"`,
		"kind: 5":   "this is no KubeSchedulerConfiguration: kind: must be text, not 5",
		"kind: KubeSchedulerConfiguration\napiVersion: v1beta3": `apiVersion: want kubescheduler.config.k8s.io/v1, not "v1beta3"`,
		head + "profiles: 5":                                                                                                                   "profiles: must be a list, not 5",
		head + "profile: []\nprofiles: [{pluginz: {}}]":                                                                                        "profile: there is no such field\nprofiles[0].pluginz: there is no such field",
		head + "profile: []":                                                                                                                   "profile: there is no such field",
		head + "podInitialBackoffSeconds: 20\npodMaxBackoffSeconds: 10":                                                                        "podMaxBackoffSeconds: 10 is less",
		head + "profiles: [{plugins: {multiPoint: {disabled: [{name: '*'}]}}}]":                                                                "a queue sort plugin and a bind plugin are needed",
		head + "extenders: [{urlPrefix: x}]":                                                                                                   "extenders:",
		head + "profiles: [{plugins: {score: {enabled: [{name: NodeAfinity}]}}}]":                                                              `profiles[0].plugins.score.enabled[0]: there is no plugin "NodeAfinity"`,
		head + "profiles: [{plugins: {filter: {enabled: [{name: ImageLocality}]}}}]":                                                           "profiles[0].plugins.filter.enabled[0]: ImageLocality does nothing at this extension point",
		head + "profiles: [{plugins: {bind: {disabled: [{name: '*'}]}}}]":                                                                      "a queue sort plugin and a bind plugin are needed",
		head + "profiles: [{schedulerName: a}, {schedulerName: a}]":                                                                            `profiles[1].schedulerName: "a" is the name of an earlier profile`,
		head + "profiles: [{pluginConfig: [{name: InterPodAffinity, args: {hardPodAffinityWeight: 101}}]}]":                                    "profiles[0].pluginConfig[0].args: hardPodAffinityWeight: 101 is not from 0 to 100",
		head + "profiles: [{pluginConfig: [{name: InterPodAffinity, args: {hardPodAffinityWieght: 1}}]}]":                                      "profiles[0].pluginConfig[0].args.hardPodAffinityWieght: there is no such field",
		head + "profiles: [{pluginConfig: [{name: InterPodAffinity, args: {hardPodAffinityWeight: much}}]}]":                                   `profiles[0].pluginConfig[0].args.hardPodAffinityWeight: must be a whole number up to 2147483647, not "much"`,
		head + "profiles: [{pluginConfig: [{name: NodePorts, args: {}}]}]":                                                                     "NodePorts takes no arguments",
		head + "profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: Least}}}]}]":                                `type "Least"`,
		head + "profiles: [{pluginConfig: [{name: PodTopologySpread, args: {defaultConstraints: [{maxSkew: 1}]}}]}]":                           "they need defaultingType List",
		head + "profiles: [{pluginConfig: [{name: DefaultPreemption, args: {minCandidateNodesAbsolute: 0, minCandidateNodesPercentage: 0}}]}]": "cannot both be 0",
		head + "profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: RequestedToCapacityRatio}}}]}]":             "shape is needed",
	} {
		if _, err := Load([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
}

// A plugin list of one's own, point by point, as some tutorials have it.
func TestOnlyWhatIsNamed(t *testing.T) {
	c, err := Load([]byte(head + `profiles:
- plugins:
    multiPoint: {disabled: [{name: '*'}]}
    queueSort: {enabled: [{name: PrioritySort}]}
    filter: {enabled: [{name: NodeName}]}
    score: {enabled: [{name: ImageLocality, weight: 4}]}
    bind: {enabled: [{name: DefaultBinder}]}
podInitialBackoffSeconds: 2
`))
	if err != nil {
		t.Fatal(err)
	}
	filters, weights := shown(c.Profiles[0])
	if filters != "NodeName" || len(weights) != 1 || weights["ImageLocality"] != 4 || len(c.Profiles[0].Plugins) != 4 || c.InitialBackoff.Seconds() != 2 {
		t.Errorf("%s, %v, %d plugins, %v", filters, weights, len(c.Profiles[0].Plugins), c.InitialBackoff)
	}
}
