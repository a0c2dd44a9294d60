package kinds

import coordinationv1 "k8s.io/api/coordination/v1"

var leases = kind[*coordinationv1.Lease]{
	name:         subdomainName,
	create:       func(l *coordinationv1.Lease) { dropElection(l, nil) },
	update:       dropElection,
	validate:     func(f *faults, l *coordinationv1.Lease) { f.lease(&l.Spec) },
	anyFinalizer: true,
	validateUpdate: func(f *faults, new, old *coordinationv1.Lease) {
		f.genericMetaUpdate(new, old)
		f.lease(&new.Spec)
	},
	createOnUpdate: true,
	needsVersion:   true,
}

// dropElection drops fields whose feature is off in v1.36, unless they were there
// before.
func dropElection(l, old *coordinationv1.Lease) {
	if old == nil || old.Spec.Strategy == nil {
		l.Spec.Strategy = nil
	}
	if old == nil || old.Spec.PreferredHolder == nil {
		l.Spec.PreferredHolder = nil
	}
}

func (f *faults) lease(s *coordinationv1.LeaseSpec) {
	if d := s.LeaseDurationSeconds; d != nil && *d <= 0 {
		f.invalid(specPath, "leaseDurationSeconds", *d, "must be greater than 0")
	}
	if n := s.LeaseTransitions; n != nil && *n < 0 {
		f.invalid(specPath, "leaseTransitions", *n, "must be greater than or equal to 0")
	}
}
