package kinds

import corev1 "k8s.io/api/core/v1"

var serviceAccounts = kind[*corev1.ServiceAccount]{
	name: subdomainName,
	validateUpdate: func(f *faults, new, old *corev1.ServiceAccount) {
		f.metaUpdate(new, old)
		f.meta(new, true, subdomainName)
	},
}
