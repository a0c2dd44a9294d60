package kubelet

import (
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"minisim/sim/api"
)

// project gathers what a projected volume consists of. The error names all that
// is not to be had.
func (p *pod) project(s *corev1.ProjectedVolumeSource) error {
	var errs []error
	for _, src := range s.Sources {
		var err error
		switch {
		case src.ServiceAccountToken != nil:
			err = p.fetchToken(src.ServiceAccountToken)
		case src.ConfigMap != nil:
			_, err = p.configMap(src.ConfigMap.Name, src.ConfigMap.Optional)
		case src.Secret != nil:
			_, err = p.secret(src.Secret.Name, src.Secret.Optional)
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return utilerrors.NewAggregate(errs)
}

// fetchToken has the API server issue a token that is good as long as the pod is
// there. Simulated containers do not show it to anybody, so it is not renewed.
func (p *pod) fetchToken(t *corev1.ServiceAccountTokenProjection) error {
	r := &authenticationv1.TokenRequest{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.key.Namespace, Name: p.obj.Spec.ServiceAccountName},
		Spec: authenticationv1.TokenRequestSpec{
			ExpirationSeconds: t.ExpirationSeconds,
			BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: p.key.Name, UID: p.obj.UID},
		},
	}
	if t.Audience != "" {
		r.Spec.Audiences = []string{t.Audience}
	}
	_, err := p.k.cfg.Process.Client.Do(api.Request{
		Verb: api.VerbCreate, Resource: api.ServiceAccounts, Subresource: "token", Key: api.KeyOf(r), Object: r,
	})
	if err != nil {
		return fmt.Errorf("failed to fetch token: %w", err)
	}
	return nil
}
