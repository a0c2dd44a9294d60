package kinds

import (
	"fmt"
	"slices"

	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var csiNodes = kind[*storagev1.CSINode]{
	needsVersion: true,
	name:         subdomainName,
	validate:     func(f *faults, n *storagev1.CSINode) { f.csiDrivers(n.Spec.Drivers) },
	validateUpdate: func(f *faults, new, old *storagev1.CSINode) {
		f.meta(new, false, subdomainName)
		f.csiDrivers(new.Spec.Drivers)
		f.sameDrivers(new.Spec.Drivers, old.Spec.Drivers)
	},
}

const maxNodeID = 256

func (f *faults) csiDrivers(drivers []storagev1.CSINodeDriver) {
	for i := range drivers {
		d, p := &drivers[i], specPath.Child("drivers").Index(i)
		f.csiDriver(p, "name", d.Name)
		f.notEmpty(p, "nodeID", d.NodeID)
		if len(d.NodeID) > maxNodeID {
			f.invalid(p, "nodeID", d.NodeID, fmt.Sprintf("must be %d characters or less", maxNodeID))
		}
		if d.Allocatable != nil {
			notNegativePtr(f, p, "allocatable.count", d.Allocatable.Count)
		}
		if slices.ContainsFunc(drivers[:i], func(o storagev1.CSINodeDriver) bool { return o.Name == d.Name }) {
			f.duplicate(p, "name", d.Name)
		}
		f.topologyKeys(p, d.TopologyKeys)
	}
}

// topologyKeys validates keys of labels; their faults are told of the driver.
func (f *faults) topologyKeys(p *field.Path, keys []string) {
	for i, k := range keys {
		if k == "" {
			f.required(p, "", "")
		}
		if slices.Contains(keys[:i], k) {
			f.duplicate(p, "", k)
		}
		f.rule(p, "", k, qualifiedName)
	}
}

// sameDrivers forbids a driver to change, but for how many volumes it can take.
func (f *faults) sameDrivers(new, old []storagev1.CSINodeDriver) {
	for i := range old {
		for j := range new {
			if old[i].Name != new[j].Name {
				continue
			}
			is, was := new[j], old[i]
			is.Allocatable, was.Allocatable = nil, nil
			f.immutable(specPath, "drivers", is, was)
		}
	}
}
