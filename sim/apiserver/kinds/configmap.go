package kinds

import (
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var configMaps = kind[*corev1.ConfigMap]{
	name:     subdomainName,
	validate: func(f *faults, c *corev1.ConfigMap) { f.configMap(c) },
	validateUpdate: func(f *faults, new, old *corev1.ConfigMap) {
		f.metaUpdate(new, old)
		if isTrue(old.Immutable) {
			f.frozen("immutable", isTrue(new.Immutable))
			f.frozen("data", apiequality.Semantic.DeepEqual(new.Data, old.Data))
			f.frozen("binaryData", apiequality.Semantic.DeepEqual(new.BinaryData, old.BinaryData))
		}
		f.meta(new, true, subdomainName)
		f.configMap(new)
	},
}

var (
	dataPath       = field.NewPath("data")
	binaryDataPath = field.NewPath("binaryData")
)

func isTrue(b *bool) bool { return b != nil && *b }

// frozen adds a fault unless a field of an immutable object has stayed the same.
func (f *faults) frozen(child string, same bool) {
	if !same {
		f.forbidden(nil, child, "field is immutable when `immutable` is set")
	}
}

func (f *faults) configMap(c *corev1.ConfigMap) {
	size := 0
	for _, key := range sorted(nil, c.Data) {
		f.messages(dataPath.Key(key), "", key, configMapKey(key))
		if _, both := c.BinaryData[key]; both {
			f.invalid(dataPath.Key(key), "", key, "duplicate of key present in binaryData")
		}
		size += len(c.Data[key])
	}
	for _, key := range sorted(nil, c.BinaryData) {
		f.messages(binaryDataPath.Key(key), "", key, configMapKey(key))
		size += len(c.BinaryData[key])
	}
	if size > corev1.MaxSecretSize {
		f.add(field.TooLong(field.NewPath(""), "", corev1.MaxSecretSize))
	}
}
