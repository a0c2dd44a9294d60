package kubelet

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
)

// checkEnvironment says what a container's environment is made of and is not
// there: the error that the real kubelet gives for it.
func (p *pod) checkEnvironment(c *container) error {
	for _, from := range c.spec.EnvFrom {
		var err error
		switch {
		case from.ConfigMapRef != nil:
			_, err = p.configMap(from.ConfigMapRef.Name, from.ConfigMapRef.Optional)
		case from.SecretRef != nil:
			_, err = p.secret(from.SecretRef.Name, from.SecretRef.Optional)
		}
		if err != nil {
			return err
		}
	}
	for _, env := range c.spec.Env {
		if env.ValueFrom == nil {
			continue
		}
		if err := p.checkReference(env.ValueFrom); err != nil {
			return err
		}
	}
	return nil
}

func (p *pod) checkReference(from *corev1.EnvVarSource) error {
	if ref := from.ConfigMapKeyRef; ref != nil {
		cm, err := p.configMap(ref.Name, ref.Optional)
		if err != nil || cm == nil || optional(ref.Optional) {
			return err
		}
		_, text := cm.Data[ref.Key]
		_, binary := cm.BinaryData[ref.Key]
		if !text && !binary {
			return fmt.Errorf("couldn't find key %v in ConfigMap %v/%v", ref.Key, p.key.Namespace, ref.Name)
		}
	}
	if ref := from.SecretKeyRef; ref != nil {
		s, err := p.secret(ref.Name, ref.Optional)
		if err != nil || s == nil || optional(ref.Optional) {
			return err
		}
		if _, ok := s.Data[ref.Key]; !ok {
			return fmt.Errorf("couldn't find key %v in Secret %v/%v", ref.Key, p.key.Namespace, ref.Name)
		}
	}
	return nil
}

// configMap reads a ConfigMap of the pod's namespace; nil without an error for an optional one that is not there.
func (p *pod) configMap(name string, may *bool) (*corev1.ConfigMap, error) {
	o, err := api.Get[*corev1.ConfigMap](p.k.cfg.Process.Client, api.ConfigMaps, api.Key{Namespace: p.key.Namespace, Name: name})
	return o, explain(err, may)
}

// secret is configMap for a Secret.
func (p *pod) secret(name string, may *bool) (*corev1.Secret, error) {
	o, err := api.Get[*corev1.Secret](p.k.cfg.Process.Client, api.Secrets, api.Key{Namespace: p.key.Namespace, Name: name})
	return o, explain(err, may)
}

// explain reduces an error of the API to the words that the kubelet reports: `configmap "x" not found`.
func explain(err error, may *bool) error {
	switch {
	case err == nil, apierrors.IsNotFound(err) && optional(may):
		return nil
	case apierrors.IsNotFound(err):
		var status *apierrors.StatusError
		if errors.As(err, &status) && status.ErrStatus.Details != nil {
			return fmt.Errorf("%s %q not found", singular(status.ErrStatus.Details.Kind), status.ErrStatus.Details.Name)
		}
	}
	return err
}

func singular(plural string) string {
	if r := api.ByName(plural); r != nil {
		return r.Singular
	}
	return plural
}

func optional(b *bool) bool { return b != nil && *b }
