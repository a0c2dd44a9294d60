package kinds

import corev1 "k8s.io/api/core/v1"

const mountableSecretsAnnotation = "kubernetes.io/enforce-mountable-secrets"

var serviceAccounts = kind[*corev1.ServiceAccount]{
	name:   subdomainName,
	create: func(a *corev1.ServiceAccount) { onlyNames(a.Secrets) },
	update: func(new, _ *corev1.ServiceAccount) { onlyNames(new.Secrets) },
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

// onlyNames keeps of references to secrets, which are of the account's namespace, their names.
func onlyNames(secrets []corev1.ObjectReference) {
	for i, s := range secrets {
		secrets[i] = corev1.ObjectReference{Name: s.Name}
	}
}

// mountableSecrets remarks upon an annotation of old.
func mountableSecrets(a *corev1.ServiceAccount) []string {
	return oldAnnotation(a.Annotations, mountableSecretsAnnotation,
		"deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets")
}
