package kinds

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var storageClasses = kind[*storagev1.StorageClass]{
	name: subdomainName,
	defaults: func(c *storagev1.StorageClass) {
		orNew(&c.ReclaimPolicy, corev1.PersistentVolumeReclaimDelete)
		orNew(&c.VolumeBindingMode, storagev1.VolumeBindingImmediate)
	},
	validate: func(f *faults, c *storagev1.StorageClass) { f.storageClass(c) },
	validateUpdate: func(f *faults, new, old *storagev1.StorageClass) {
		f.meta(new, false, subdomainName)
		f.storageClass(new)
		f.metaUpdate(new, old)
		f.immutable(nil, "parameters", new.Parameters, old.Parameters)
		f.immutable(nil, "provisioner", new.Provisioner, old.Provisioner)
		f.immutable(nil, "reclaimPolicy", new.ReclaimPolicy, old.ReclaimPolicy)
		f.immutable(nil, "volumeBindingMode", new.VolumeBindingMode, old.VolumeBindingMode)
	},
	warnings: storageClassWarnings,
}

// The most that the parameters of a class, or the metadata of an attachment, may be.
const (
	maxParameters     = 512
	maxParameterBytes = 256 << 10
)

func (f *faults) storageClass(c *storagev1.StorageClass) {
	if c.Provisioner == "" {
		f.required(nil, "provisioner", "")
	} else if provisioner := strings.ToLower(c.Provisioner); !isQualified(provisioner) {
		f.messages(field.NewPath("provisioner"), "", provisioner, qualifiedName(provisioner))
	}
	f.parameters(c.Parameters)
	if c.ReclaimPolicy != nil && *c.ReclaimPolicy != "" {
		ifSetOneOf(f, nil, "reclaimPolicy", c.ReclaimPolicy, corev1.PersistentVolumeReclaimDelete, corev1.PersistentVolumeReclaimRetain)
	}
	if c.VolumeBindingMode == nil {
		f.required(nil, "volumeBindingMode", "")
	}
	ifSetOneOf(f, nil, "volumeBindingMode", c.VolumeBindingMode, storagev1.VolumeBindingImmediate, storagev1.VolumeBindingWaitForFirstConsumer)
	p := field.NewPath("allowedTopologies")
	for i := range c.AllowedTopologies {
		f.topologyTerm(p.Index(i), &c.AllowedTopologies[i])
		for range sameBefore(c.AllowedTopologies, i) {
			f.duplicate(p.Index(i), "matchLabelExpressions", "")
		}
	}
}

func (f *faults) parameters(parameters map[string]string) {
	p := field.NewPath("parameters")
	if len(parameters) > maxParameters {
		f.add(field.TooLong(p, "", maxParameters))
		return
	}
	if _, ok := parameters[""]; ok {
		f.invalid(p, "", "", "field can not be empty.")
	}
	f.notLarger(p, parameters, maxParameterBytes)
}

// notLarger limits the bytes of keys and values together.
func (f *faults) notLarger(p *field.Path, m map[string]string, most int) {
	size := 0
	for k, v := range m {
		size += len(k) + len(v)
	}
	if size > most {
		f.add(field.TooLong(p, "", most))
	}
}

func (f *faults) topologyTerm(p *field.Path, t *corev1.TopologySelectorTerm) {
	for i, e := range t.MatchLabelExpressions {
		p := p.Child("matchLabelExpressions").Index(i)
		if len(e.Values) == 0 {
			f.required(p, "values", "")
		}
		for j, v := range e.Values {
			if slices.Contains(e.Values[:j], v) {
				f.duplicate(p.Child("values").Index(j), "", v)
			}
		}
		f.labelKey(p, "key", e.Key)
		if slices.ContainsFunc(t.MatchLabelExpressions[:i], func(o corev1.TopologySelectorLabelRequirement) bool { return o.Key == e.Key }) {
			f.duplicate(p, "key", e.Key)
		}
	}
}

// sameBefore counts the terms before one that ask for the same. A term that asks
// for nothing is, as in a real API server, a duplicate as often as there are terms.
func sameBefore(terms []corev1.TopologySelectorTerm, i int) (n int) {
	if len(terms[i].MatchLabelExpressions) == 0 {
		n = len(terms)
	}
	for _, t := range terms[:i] {
		if sameTopology(t, terms[i]) {
			n++
		}
	}
	return n
}

// sameTopology reports whether two terms ask for the same, in whatever order.
func sameTopology(a, b corev1.TopologySelectorTerm) bool {
	values := func(t corev1.TopologySelectorTerm) map[string]map[string]bool {
		all := map[string]map[string]bool{}
		for _, e := range t.MatchLabelExpressions {
			all[e.Key] = map[string]bool{}
			for _, v := range e.Values {
				all[e.Key][v] = true
			}
		}
		return all
	}
	return apiequality.Semantic.DeepEqual(values(a), values(b))
}

// storageClassWarnings remarks upon old labels in the topologies.
func storageClassWarnings(c *storagev1.StorageClass) (warnings []string) {
	for i, t := range c.AllowedTopologies {
		for j, e := range t.MatchLabelExpressions {
			if message, old := deprecatedLabel(e.Key); old {
				p := field.NewPath("allowedTopologies").Index(i).Child("matchLabelExpressions").Index(j).Child("key")
				warnings = append(warnings, p.String()+": "+message)
			}
		}
	}
	return warnings
}
