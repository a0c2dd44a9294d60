package e2e

import "k8s.io/client-go/kubernetes"

// definitions says whether the server has CustomResourceDefinitions.
func definitions(c kubernetes.Interface) bool {
	_, err := c.Discovery().ServerResourcesForGroupVersion("apiextensions.k8s.io/v1")
	return err == nil
}
