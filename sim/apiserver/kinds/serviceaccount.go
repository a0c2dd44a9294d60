package kinds

import corev1 "k8s.io/api/core/v1"

const mountableSecretsAnnotation = "kubernetes.io/enforce-mountable-secrets"

var serviceAccounts = kind[*corev1.ServiceAccount]{
	name: subdomainName,
	validateUpdate: func(f *faults, new, old *corev1.ServiceAccount) {
		f.metaUpdate(new, old)
		f.meta(new, true, subdomainName)
	},
	warnings: mountableSecrets,
	updateWarnings: func(new, old *corev1.ServiceAccount) []string {
		if _, known := old.Annotations[mountableSecretsAnnotation]; known {
			return nil
		}
		return mountableSecrets(new)
	},
}

// mountableSecrets remarks upon an annotation of old.
func mountableSecrets(a *corev1.ServiceAccount) []string {
	return oldAnnotation(a.Annotations, mountableSecretsAnnotation,
		"deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets")
}
