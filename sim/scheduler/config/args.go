package config

import (
	"errors"
	"fmt"
	"strings"

	v1 "k8s.io/api/core/v1"
	configv1 "k8s.io/kube-scheduler/config/v1"

	"minisim/internal/fields"
	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/plugins"
)

// configure applies pluginConfig: the arguments of plugins that take some.
func (b *builder) configure() {
	seen := make(map[string]bool)
	for i, c := range b.source.PluginConfig {
		field := fmt.Sprintf("pluginConfig[%d]", i)
		if seen[c.Name] {
			b.fault(field, "%s is configured twice", c.Name)
			continue
		}
		seen[c.Name] = true
		if b.plugin(field+".name", c.Name) == nil {
			continue
		}
		made, err := withArgs(c.Name, c.Args.Raw)
		var wrong fields.Faults
		switch {
		case errors.As(err, &wrong):
			for _, f := range wrong {
				b.fault(strings.TrimSuffix(field+".args."+f.Path, "."), "%s", f.Text)
			}
		case err != nil:
			b.fault(field+".args", "%v", err)
		case made != nil:
			b.made[c.Name] = made
		}
	}
}

// withArgs makes a plugin with arguments; nil for one whose arguments have no
// effect here.
func withArgs(name string, raw []byte) (framework.Plugin, error) {
	switch name {
	case "NodeResourcesFit":
		return decode(raw, fitPlugin)
	case "NodeResourcesBalancedAllocation":
		return decode(raw, balancedPlugin)
	case "InterPodAffinity":
		return decode(raw, interPodPlugin)
	case "PodTopologySpread":
		return decode(raw, spreadPlugin)
	case "NodeAffinity":
		return decode(raw, func(a configv1.NodeAffinityArgs) (framework.Plugin, error) {
			return plugins.NodeAffinity{Added: a.AddedAffinity}, nil
		})
	case "DefaultPreemption":
		return decode(raw, preemptionPlugin)
	case "VolumeBinding", "DynamicResources":
		return nil, nil
	}
	return nil, fmt.Errorf("%s takes no arguments", name)
}

func decode[A any](raw []byte, build func(A) (framework.Plugin, error)) (framework.Plugin, error) {
	var args A
	if len(raw) > 0 {
		if err := strictly(raw, &args); err != nil {
			return nil, err
		}
	}
	return build(args)
}

func fitPlugin(a configv1.NodeResourcesFitArgs) (framework.Plugin, error) {
	strategy, err := strategyOf(a.ScoringStrategy)
	if err != nil {
		return nil, fmt.Errorf("scoringStrategy: %w", err)
	}
	return &plugins.NodeResourcesFit{Strategy: strategy, IgnoredResources: a.IgnoredResources, IgnoredGroups: a.IgnoredResourceGroups}, nil
}

func strategyOf(s *configv1.ScoringStrategy) (plugins.Strategy, error) {
	if s == nil {
		s = &configv1.ScoringStrategy{}
	}
	resources, err := resourcesOf(s.Resources)
	if err != nil {
		return plugins.Strategy{}, err
	}
	switch s.Type {
	case configv1.LeastAllocated, "":
		return plugins.LeastAllocated(resources...), nil
	case configv1.MostAllocated:
		return plugins.MostAllocated(resources...), nil
	case configv1.RequestedToCapacityRatio:
		if s.RequestedToCapacityRatio == nil {
			return plugins.Strategy{}, fmt.Errorf("requestedToCapacityRatio.shape is needed for type %s", s.Type)
		}
		shape, err := shapeOf(s.RequestedToCapacityRatio.Shape)
		return plugins.RequestedToCapacityRatio(shape, resources...), err
	}
	return plugins.Strategy{}, fmt.Errorf("type %q: want LeastAllocated, MostAllocated or RequestedToCapacityRatio", s.Type)
}

// resourcesOf reads resources with weights; cpu and memory by default.
func resourcesOf(specs []configv1.ResourceSpec) ([]plugins.WeightedResource, error) {
	if len(specs) == 0 {
		return []plugins.WeightedResource{{Name: v1.ResourceCPU, Weight: 1}, {Name: v1.ResourceMemory, Weight: 1}}, nil
	}
	var out []plugins.WeightedResource
	for i, r := range specs {
		if r.Weight == 0 {
			r.Weight = 1
		}
		if r.Weight < 1 || r.Weight > 100 {
			return nil, fmt.Errorf("resources[%d].weight: %d is not from 1 to 100", i, r.Weight)
		}
		out = append(out, plugins.WeightedResource{Name: v1.ResourceName(r.Name), Weight: r.Weight})
	}
	return out, nil
}

// shapeOf reads a function's corners. The file's scores go from 0 to 10.
func shapeOf(points []configv1.UtilizationShapePoint) ([]plugins.Point, error) {
	if len(points) == 0 {
		return nil, fmt.Errorf("requestedToCapacityRatio.shape: at least one point is needed")
	}
	var out []plugins.Point
	for i, p := range points {
		switch {
		case p.Utilization < 0 || p.Utilization > 100:
			return nil, fmt.Errorf("requestedToCapacityRatio.shape[%d].utilization: %d is not from 0 to 100", i, p.Utilization)
		case i > 0 && p.Utilization <= points[i-1].Utilization:
			return nil, fmt.Errorf("requestedToCapacityRatio.shape[%d].utilization: the values must rise", i)
		case p.Score < 0 || p.Score > 10:
			return nil, fmt.Errorf("requestedToCapacityRatio.shape[%d].score: %d is not from 0 to 10", i, p.Score)
		}
		out = append(out, plugins.Point{Utilization: int64(p.Utilization), Score: int64(p.Score) * framework.MaxNodeScore / 10})
	}
	return out, nil
}

func balancedPlugin(a configv1.NodeResourcesBalancedAllocationArgs) (framework.Plugin, error) {
	resources, err := resourcesOf(a.Resources)
	if err != nil {
		return nil, err
	}
	p := &plugins.NodeResourcesBalancedAllocation{}
	for i, r := range resources {
		if r.Weight != 1 {
			return nil, fmt.Errorf("resources[%d].weight: it must be 1 here", i)
		}
		p.Resources = append(p.Resources, r.Name)
	}
	return p, nil
}

func interPodPlugin(a configv1.InterPodAffinityArgs) (framework.Plugin, error) {
	p := plugins.InterPodAffinity{HardPodAffinityWeight: 1, IgnorePreferredTermsOfExistingPods: a.IgnorePreferredTermsOfExistingPods}
	if w := a.HardPodAffinityWeight; w != nil {
		if *w < 0 || *w > 100 {
			return nil, fmt.Errorf("hardPodAffinityWeight: %d is not from 0 to 100", *w)
		}
		p.HardPodAffinityWeight = int64(*w)
	}
	return p, nil
}

func spreadPlugin(a configv1.PodTopologySpreadArgs) (framework.Plugin, error) {
	switch a.DefaultingType {
	case configv1.SystemDefaulting, "":
		if len(a.DefaultConstraints) > 0 {
			return nil, fmt.Errorf("defaultConstraints: they need defaultingType List")
		}
		return plugins.PodTopologySpread{Defaults: plugins.SystemDefaultConstraints(), SystemDefaulted: true}, nil
	case configv1.ListDefaulting:
		for i, c := range a.DefaultConstraints {
			if c.LabelSelector != nil {
				return nil, fmt.Errorf("defaultConstraints[%d].labelSelector: it must not be set; it comes from services and owners", i)
			}
		}
		return plugins.PodTopologySpread{Defaults: a.DefaultConstraints}, nil
	}
	return nil, fmt.Errorf("defaultingType %q: want System or List", a.DefaultingType)
}

func preemptionPlugin(a configv1.DefaultPreemptionArgs) (framework.Plugin, error) {
	p := plugins.DefaultPreemption{MinCandidatesPercent: 10, MinCandidates: 100}
	if n := a.MinCandidateNodesPercentage; n != nil {
		if *n < 0 || *n > 100 {
			return nil, fmt.Errorf("minCandidateNodesPercentage: %d is not from 0 to 100", *n)
		}
		p.MinCandidatesPercent = int(*n)
	}
	if n := a.MinCandidateNodesAbsolute; n != nil {
		if *n < 0 {
			return nil, fmt.Errorf("minCandidateNodesAbsolute: %d is negative", *n)
		}
		p.MinCandidates = int(*n)
	}
	if p.MinCandidates == 0 && p.MinCandidatesPercent == 0 {
		return nil, fmt.Errorf("minCandidateNodesPercentage and minCandidateNodesAbsolute cannot both be 0")
	}
	return p, nil
}
