package compose

import (
	"fmt"
	"hash/fnv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// maxName leaves room behind a name for what we and the controllers add: "-published", a ReplicaSet's hash.
const maxName = 52

// dnsName turns any name into one that Kubernetes takes for every kind of object (RFC 1035: small letters, digits and
// hyphens, a letter first). A name that is one already stays as it is.
func dnsName(name string) string {
	clean := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		default:
			return '-'
		}
	}, strings.ToLower(name)), "-")
	if clean == "" || clean[0] >= '0' && clean[0] <= '9' {
		clean = strings.TrimSuffix("n-"+clean, "-")
	}
	if len(clean) > maxName {
		h := fnv.New32a()
		h.Write([]byte(name))
		clean = fmt.Sprintf("%s-%08x", strings.TrimRight(clean[:maxName-9], "-"), h.Sum32())
	}
	return clean
}

// claim takes a name for an object that the file's author named. Two names of the file that become one are a fault.
func (t *translation) claim(kind, name string, path ...string) bool {
	key := kind + "/" + name
	if before, taken := t.names[key]; taken {
		t.faults.Add(t.at(path...), "rename one of them", "%s and %s would both be %s %q in Kubernetes", before, pathText(path), kind, name)
		return false
	}
	t.names[key] = pathText(path)
	return true
}

// free takes a name for an object that we invent, with a number behind it when it is taken.
func (t *translation) free(kind, name string, path ...string) string {
	unique := name
	for n := 2; t.names[kind+"/"+unique] != ""; n++ {
		unique = fmt.Sprintf("%s-%d", name, n)
	}
	t.names[kind+"/"+unique] = pathText(path)
	return unique
}

// nameServices gives every active service its name in Kubernetes.
func (t *translation) nameServices() {
	for _, s := range t.services {
		s.kube = dnsName(s.Name)
		t.claim("Service", s.kube, "services", s.Name)
		if s.kube == s.Name {
			continue
		}
		do := "use the new name where others connect to it"
		if uses := t.usesOf(s.Name); len(uses) > 0 {
			do = "change the old name in " + strings.Join(uses, " and ")
		}
		s.note(Changed, s.Name+" is a service's name", "it is no DNS name, so everything of it is named "+s.kube, do)
	}
}

// usesOf lists the environment variables whose values have a service's name as a word.
func (t *translation) usesOf(name string) []string {
	var uses []string
	for _, s := range t.services {
		for variable, value := range sorted(s.Environment) {
			if value != nil && hasWord(*value, name) {
				uses = append(uses, fmt.Sprintf("%s of service %s", variable, s.Name))
			}
		}
	}
	return uses
}

// hasWord tells whether a text has a name in it that is no part of a longer name.
func hasWord(text, name string) bool {
	part := func(b byte) bool {
		return b == '_' || b == '-' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
	}
	for from := 0; ; {
		i := strings.Index(text[from:], name)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(name)
		if (start == 0 || !part(text[start-1])) && (end == len(text) || !part(text[end])) {
			return true
		}
		from = start + 1
	}
}

// annotations keeps the labels whose keys Kubernetes takes.
func (s *service) annotations(labels map[string]string, path ...string) map[string]string {
	kept := map[string]string{}
	for key, value := range sorted(labels) {
		if len(validation.IsQualifiedName(strings.ToLower(key))) > 0 {
			s.note(Lost, "the container has the label "+key, "this is no valid key for an annotation", "shorten it, and use letters, digits, . _ - only", below(path, key)...)
			continue
		}
		kept[key] = value
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}
