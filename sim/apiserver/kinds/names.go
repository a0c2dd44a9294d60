package kinds

import (
	"strings"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
)

// nameRule is a rule for the name of an object. With prefix the name is the
// beginning of one that will be generated.
type nameRule = func(name string, prefix bool) []string

// The rules below are apimachinery's, whose messages they give. As its regular
// expressions would be most of what it costs to validate a pod, a loop over the
// bytes lets the sound values pass first.

// subdomainName is the rule for the names of most kinds.
func subdomainName(name string, prefix bool) []string {
	if isSubdomain(generated(name, prefix)) {
		return nil
	}
	return apivalidation.NameIsDNSSubdomain(name, prefix)
}

// labelName is the rule for names that become one label of a DNS name.
func labelName(name string, prefix bool) []string {
	if isLabel(generated(name, prefix)) {
		return nil
	}
	return apivalidation.NameIsDNSLabel(name, prefix)
}

// generated drops the dash before the part of a name that is to be generated.
func generated(name string, prefix bool) string {
	if prefix {
		return strings.TrimSuffix(name, "-")
	}
	return name
}

func dnsLabel(s string) []string {
	if isLabel(s) {
		return nil
	}
	return validation.IsDNS1123Label(s)
}

func dnsSubdomain(s string) []string {
	if isSubdomain(s) {
		return nil
	}
	return validation.IsDNS1123Subdomain(s)
}

func qualifiedName(s string) []string {
	if isQualified(s) {
		return nil
	}
	return validation.IsQualifiedName(s)
}

func labelValue(s string) []string {
	if s == "" || len(s) <= validation.LabelValueMaxLength && isName(s) {
		return nil
	}
	return validation.IsValidLabelValue(s)
}

func configMapKey(s string) []string {
	if s != "" && s[0] != '.' && len(s) <= validation.DNS1123SubdomainMaxLength && isName(s) {
		return nil
	}
	return validation.IsConfigMapKey(s)
}

func envVarName(s string) []string {
	if s != "" && isName(s) {
		return nil
	}
	return validation.IsRelaxedEnvVarName(s)
}

func portName(s string) []string {
	letter := strings.IndexFunc(s, func(r rune) bool { return 'a' <= r && r <= 'z' }) >= 0
	if letter && len(s) <= 15 && isLabel(s) && !strings.Contains(s, "--") {
		return nil
	}
	return validation.IsValidPortName(s)
}

func lower(c byte) bool    { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
func alphanum(c byte) bool { return lower(c) || 'A' <= c && c <= 'Z' }

// isLabel reports whether s is a DNS label in lower case.
func isLabel(s string) bool {
	if s == "" || len(s) > validation.DNS1123LabelMaxLength {
		return false
	}
	for i := 0; i < len(s); i++ {
		if !lower(s[i]) && (s[i] != '-' || i == 0 || i == len(s)-1) {
			return false
		}
	}
	return true
}

// isSubdomain reports whether s is made of DNS labels with dots between them.
func isSubdomain(s string) bool {
	if s == "" || len(s) > validation.DNS1123SubdomainMaxLength {
		return false
	}
	edge := true // at the first byte of a label, or after a dash
	start := true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case lower(c):
			edge, start = false, false
		case c == '-' && !start:
			edge = true
		case c == '.' && !edge:
			edge, start = true, true
		default:
			return false
		}
	}
	return !edge
}

// isName reports whether s has only letters, digits, '-', '_' and '.', the first
// and the last being a letter or digit.
func isName(s string) bool {
	if s == "" || !alphanum(s[0]) || !alphanum(s[len(s)-1]) {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; !alphanum(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// isQualified reports whether s is a name, perhaps after a domain and a slash.
func isQualified(s string) bool {
	if domain, name, ok := strings.Cut(s, "/"); ok {
		if !isSubdomain(domain) {
			return false
		}
		s = name
	}
	return len(s) <= 63 && isName(s)
}
