package kinds

import (
	"crypto/tls"
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var secrets = kind[*corev1.Secret]{
	name:     subdomainName,
	defaults: defaultSecret,
	update: func(new, old *corev1.Secret) {
		orElse(&new.Type, old.Type)
	},
	validate: func(f *faults, s *corev1.Secret) { f.secret(s) },
	validateUpdate: func(f *faults, new, old *corev1.Secret) {
		f.metaUpdate(new, old)
		f.immutable(nil, "type", new.Type, old.Type)
		if isTrue(old.Immutable) {
			f.frozen("immutable", isTrue(new.Immutable))
			f.frozen("data", apiequality.Semantic.DeepEqual(new.Data, old.Data))
		}
		f.meta(new, true, subdomainName)
		f.secret(new)
	},
	warnings: func(s *corev1.Secret) []string {
		if s.Type != corev1.SecretTypeTLS {
			return nil
		}
		if _, err := tls.X509KeyPair(s.Data[corev1.TLSCertKey], s.Data[corev1.TLSPrivateKeyKey]); err != nil {
			return []string{err.Error()}
		}
		return nil
	},
}

// defaultSecret also moves the data that were sent as text to the others.
func defaultSecret(s *corev1.Secret) {
	if len(s.StringData) > 0 && s.Data == nil {
		s.Data = make(map[string][]byte, len(s.StringData))
	}
	for k, v := range s.StringData {
		s.Data[k] = []byte(v)
	}
	s.StringData = nil
	orElse(&s.Type, corev1.SecretTypeOpaque)
}

func (f *faults) secret(s *corev1.Secret) {
	size := 0
	for _, key := range sorted(nil, s.Data) {
		f.messages(dataPath.Key(key), "", key, configMapKey(key))
		size += len(s.Data[key])
	}
	if size > corev1.MaxSecretSize {
		f.add(field.TooLong(dataPath, "", corev1.MaxSecretSize))
	}
	switch s.Type {
	case corev1.SecretTypeServiceAccountToken:
		if s.Annotations[corev1.ServiceAccountNameKey] == "" {
			f.required(metadataPath.Child("annotations").Key(corev1.ServiceAccountNameKey), "", "")
		}
	case corev1.SecretTypeDockercfg:
		f.dockerConfig(s, corev1.DockerConfigKey)
	case corev1.SecretTypeDockerConfigJson:
		f.dockerConfig(s, corev1.DockerConfigJsonKey)
	case corev1.SecretTypeBasicAuth:
		_, user := s.Data[corev1.BasicAuthUsernameKey]
		_, password := s.Data[corev1.BasicAuthPasswordKey]
		if !user && !password {
			f.required(dataPath.Key(corev1.BasicAuthUsernameKey), "", "")
			f.required(dataPath.Key(corev1.BasicAuthPasswordKey), "", "")
		}
	case corev1.SecretTypeSSHAuth:
		if len(s.Data[corev1.SSHAuthPrivateKey]) == 0 {
			f.required(dataPath.Key(corev1.SSHAuthPrivateKey), "", "")
		}
	case corev1.SecretTypeTLS:
		f.hasData(s, corev1.TLSCertKey)
		f.hasData(s, corev1.TLSPrivateKeyKey)
	}
}

// hasData requires a key, which may be empty.
func (f *faults) hasData(s *corev1.Secret, key string) bool {
	_, ok := s.Data[key]
	if !ok {
		f.required(dataPath.Key(key), "", "")
	}
	return ok
}

// dockerConfig requires a key with JSON.
func (f *faults) dockerConfig(s *corev1.Secret, key string) {
	if !f.hasData(s, key) {
		return
	}
	var any map[string]any
	if err := json.Unmarshal(s.Data[key], &any); err != nil {
		f.invalid(dataPath.Key(key), "", "<secret contents redacted>", err.Error())
	}
}
