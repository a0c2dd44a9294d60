package kinds

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// pullPolicy is the default for an image: Always if its tag is latest, spelled
// out or understood, otherwise IfNotPresent. A name that is no image reference
// has no tag.
func pullPolicy(image string) corev1.PullPolicy {
	if imageTag(image) == "latest" {
		return corev1.PullAlways
	}
	return corev1.PullIfNotPresent
}

// imageTag is the tag of an image reference, latest if it has neither tag nor
// digest, "" if it has only a digest or is malformed.
func imageTag(image string) string {
	name, digest, hasDigest := strings.Cut(image, "@")
	if hasDigest && !strings.Contains(digest, ":") {
		return ""
	}
	var tag string
	hasTag := false
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name, tag, hasTag = name[:i], name[i+1:], true
	}
	switch {
	case !isRepository(name) || isImageID(name) || len(name) > maxRepository || hasTag && !isTag(tag):
		return ""
	case hasTag || hasDigest:
		return tag
	}
	return "latest"
}

// isRepository reports whether a name may stand before the tag: components in
// lower case, of which the first may be a registry's host and port.
func isRepository(name string) bool {
	parts := strings.Split(name, "/")
	if first := parts[0]; len(parts) > 1 && (strings.ContainsAny(first, ".:") || first == "localhost" || strings.ToLower(first) != first) {
		parts = parts[1:]
	}
	for _, part := range parts {
		if part == "" || !lower(part[0]) || !lower(part[len(part)-1]) {
			return false
		}
		for i := 0; i < len(part); i++ {
			if c := part[i]; !lower(c) && c != '.' && c != '_' && c != '-' {
				return false
			}
		}
	}
	return true
}

// maxRepository is how long the name before the tag may be.
const maxRepository = 255

// isImageID reports whether a name is taken for the ID of an image: 64 hexadecimal digits.
func isImageID(name string) bool {
	return len(name) == 64 && strings.Trim(name, "0123456789abcdef") == ""
}

func isTag(tag string) bool {
	if tag == "" || len(tag) > 128 || tag[0] == '.' || tag[0] == '-' {
		return false
	}
	for i := 0; i < len(tag); i++ {
		if c := tag[i]; !alphanum(c) && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return true
}
