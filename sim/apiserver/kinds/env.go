package kinds

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (c *podCheck) env(p *field.Path, vars []corev1.EnvVar) {
	for i := range vars {
		v := &vars[i]
		if v.Name == "" {
			c.required(p.Index(i), "name", "")
		} else if messages := envVarName(v.Name); messages != nil {
			c.messages(p.Index(i), "name", v.Name, messages)
		}
		if v.ValueFrom != nil {
			c.envSource(p.Index(i).Child("valueFrom"), v)
		}
	}
}

func (c *podCheck) envSource(p *field.Path, v *corev1.EnvVar) {
	s := v.ValueFrom
	count := 0
	if s.FieldRef != nil {
		count++
		c.fieldRef(p.Child("fieldRef"), s.FieldRef, envFields)
	}
	if s.ResourceFieldRef != nil {
		count++
		c.resourceRef(p.Child("resourceFieldRef"), s.ResourceFieldRef, false)
	}
	if s.ConfigMapKeyRef != nil {
		count++
		c.keyRef(p.Child("configMapKeyRef"), s.ConfigMapKeyRef.Name, s.ConfigMapKeyRef.Key)
	}
	if s.SecretKeyRef != nil {
		count++
		c.keyRef(p.Child("secretKeyRef"), s.SecretKeyRef.Name, s.SecretKeyRef.Key)
	}
	if s.FileKeyRef != nil {
		count++
		c.fileRef(p.Child("fileKeyRef"), s.FileKeyRef)
	}
	switch {
	case count == 0:
		c.invalid(p, "", "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`")
	case v.Value != "":
		c.invalid(p, "", "", "may not be specified when `value` is not empty")
	case count > 1:
		c.invalid(p, "", "", "may not have more than one field specified at a time")
	}
}

func (f *faults) keyRef(p *field.Path, name, key string) {
	f.rule(p, "name", name, dnsSubdomain)
	f.require(p, "key", key, configMapKey)
}

func (f *faults) fileRef(p *field.Path, r *corev1.FileKeySelector) {
	f.require(p, "key", r.Key, envVarName)
	f.require(p, "volumeName", r.VolumeName, dnsLabel)
	if r.Path == "" {
		f.required(p, "path", "")
	} else {
		f.noBacksteps(p, "path", r.Path)
	}
}

// fileRefVolumes requires the files of variables to lie in empty directories.
func (c *podCheck) fileRefVolumes() {
	c.eachContainer(func(p *field.Path, ctr *corev1.Container) {
		for i, v := range ctr.Env {
			if v.ValueFrom == nil || v.ValueFrom.FileKeyRef == nil {
				continue
			}
			name := v.ValueFrom.FileKeyRef.VolumeName
			ref := p.Child("env").Index(i).Child("valueFrom", "fileKeyRef")
			n := slices.IndexFunc(c.spec.Volumes, func(v corev1.Volume) bool { return v.Name == name })
			if n < 0 {
				c.notFound(ref, "volumeName", name)
			} else if c.spec.Volumes[n].EmptyDir == nil {
				c.invalid(ref, "volumeName", name, "referenced volume must be of type emptyDir")
			}
		}
	})
}

func (c *podCheck) envFrom(p *field.Path, sources []corev1.EnvFromSource) {
	for i := range sources {
		s := &sources[i]
		if s.Prefix != "" {
			c.rule(p.Index(i), "prefix", s.Prefix, envVarName)
		}
		if s.ConfigMapRef != nil {
			c.envFromName(p.Index(i).Child("configMapRef"), s.ConfigMapRef.Name)
		}
		if s.SecretRef != nil {
			c.envFromName(p.Index(i).Child("secretRef"), s.SecretRef.Name)
		}
		switch {
		case s.ConfigMapRef == nil && s.SecretRef == nil:
			c.invalid(p, "", "", "must specify one of: `configMapRef` or `secretRef`")
		case s.ConfigMapRef != nil && s.SecretRef != nil:
			c.invalid(p, "", "", "may not have more than one field specified at a time")
		}
	}
}

func (f *faults) envFromName(p *field.Path, name string) {
	if name == "" {
		f.required(p, "name", "")
		return
	}
	f.messages(p, "name", name, subdomainName(name, true))
}

// The fields of a pod that its containers may be told by variables and by files.
var (
	envFields = []string{
		"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
		"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
	}
	fileFields = []string{"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"}
	// pathFields are all that a field path can name; what is none of them cannot
	// even be converted.
	pathFields = []string{
		"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
		"spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "spec.schedulerName",
		"status.phase", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
	}
	resourceFields = []string{
		"limits.cpu", "limits.ephemeral-storage", "limits.memory",
		"requests.cpu", "requests.ephemeral-storage", "requests.memory",
	}
)

func (f *faults) fieldRef(p *field.Path, r *corev1.ObjectFieldSelector, fields []string) {
	if r.APIVersion == "" {
		f.required(p, "apiVersion", "")
		return
	}
	if r.FieldPath == "" {
		f.required(p, "fieldPath", "")
		return
	}
	named := r.FieldPath
	if named == "spec.host" { // as the first clients called it
		named = "spec.nodeName"
	}
	name, key, subscripted := subscript(named)
	convertible := slices.Contains(pathFields, named) || subscripted && (name == "metadata.annotations" || name == "metadata.labels")
	switch {
	case r.APIVersion != "v1":
		f.invalid(p, "fieldPath", r.FieldPath, "error converting fieldPath: unsupported pod version: "+r.APIVersion)
	case subscripted && !convertible:
		f.invalid(p, "fieldPath", r.FieldPath, "error converting fieldPath: field label does not support subscript: "+r.FieldPath)
	case !convertible:
		f.invalid(p, "fieldPath", r.FieldPath, "error converting fieldPath: field label not supported: "+r.FieldPath)
	case subscripted && name == "metadata.annotations":
		f.rule(p, "", strings.ToLower(key), qualifiedName)
	case subscripted:
		f.rule(p, "", key, qualifiedName)
	case !slices.Contains(fields, named):
		f.add(field.NotSupported(p.Child("fieldPath"), named, fields))
	}
}

// subscript splits "metadata.labels['key']".
func subscript(path string) (name, key string, ok bool) {
	inner, ok := strings.CutSuffix(path, "']")
	if !ok {
		return "", "", false
	}
	name, key, ok = strings.Cut(inner, "['")
	return name, key, ok && name != ""
}

func (f *faults) resourceRef(p *field.Path, r *corev1.ResourceFieldSelector, inVolume bool) {
	pages := strings.HasPrefix(r.Resource, "requests.hugepages-") || strings.HasPrefix(r.Resource, "limits.hugepages-")
	switch {
	case inVolume && r.ContainerName == "":
		f.required(p, "containerName", "")
	case r.Resource == "":
		f.required(p, "resource", "")
	case !pages && !slices.Contains(resourceFields, r.Resource):
		f.add(field.NotSupported(p.Child("resource"), r.Resource, resourceFields))
	}
	if r.Divisor.IsZero() {
		return
	}
	divisor := r.Divisor.String()
	_, resource, _ := strings.Cut(r.Resource, ".")
	if resource == "cpu" {
		if divisor != "1m" && divisor != "1" {
			f.invalid(p, "divisor", r.Resource, "only divisor's values 1m and 1 are supported with the cpu resource")
		}
		return
	}
	if what := divisible(resource, pages); what != "" && !slices.Contains(byteDivisors, divisor) {
		f.invalid(p, "divisor", r.Resource, "only divisor's values "+strings.Join(byteDivisors, ", ")+" are supported with the "+what+" resource")
	}
}

var byteDivisors = []string{"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"}

// divisible is what messages call a resource that is counted in bytes.
func divisible(resource string, pages bool) string {
	switch {
	case resource == "memory":
		return "memory"
	case resource == "ephemeral-storage":
		return "local ephemeral storage"
	case pages:
		return "hugepages"
	}
	return ""
}

// ip validates an address as Kubernetes does in fields that once took laxer forms.
func (f *faults) ip(p *field.Path, address string, known ...string) {
	f.add(validation.IsValidIPForLegacyField(p, address, true, known)...)
}
