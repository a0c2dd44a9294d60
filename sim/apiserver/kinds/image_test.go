package kinds

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestPullPolicy(t *testing.T) {
	for image, want := range map[string]corev1.PullPolicy{
		"nginx":                           corev1.PullAlways,
		"nginx:latest":                    corev1.PullAlways,
		"nginx:1.27":                      corev1.PullIfNotPresent,
		"registry.example.com:5000/a":     corev1.PullAlways,
		"registry.example.com:5000/a:1":   corev1.PullIfNotPresent,
		"registry.example.com/a/b:latest": corev1.PullAlways,
		"nginx@sha256:e4720093a3c1381245b53a5a51b417963b3c4472d3f47fc301930a4f3b17666a":        corev1.PullIfNotPresent,
		"nginx:latest@sha256:e4720093a3c1381245b53a5a51b417963b3c4472d3f47fc301930a4f3b17666a": corev1.PullAlways,
		"Not An Image": corev1.PullIfNotPresent,
		"":             corev1.PullIfNotPresent,
	} {
		if got := pullPolicy(image); got != want {
			t.Errorf("%q: %s, want %s", image, got, want)
		}
	}
}
