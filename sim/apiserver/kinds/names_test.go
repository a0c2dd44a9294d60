package kinds

import (
	"strings"
	"testing"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
)

// oddNames are what rules for names fall over.
var oddNames = []string{
	"", "a", "A", "0", "-", ".", "_", "/", "a-", "-a", "a.", ".a", "a..b", "a.-b", "a-.b", "a--b", "a_b", "a/b", "a/", "/b", "a/b/c",
	"A/b", "a.b/C_d.e-f", "..", "..a", "a..", ".hidden", "key.txt", "KEY_NAME", "with space", "ünï", "a=b", "12345", "1-2", "x\n", "a\x00",
	"example.com/x", "example.com/", "http", "http-alt", "a-very-long-name-of-a-port",
	strings.Repeat("a", 15), strings.Repeat("a", 16), strings.Repeat("a", 63), strings.Repeat("a", 64),
	strings.Repeat("a.", 126) + "a", strings.Repeat("a.", 127) + "a", strings.Repeat("a", 253), strings.Repeat("a", 254),
	strings.Repeat("a", 64) + "/b", "a/" + strings.Repeat("b", 63), "a/" + strings.Repeat("b", 64),
}

// TestRulesForNames compares the rules with apimachinery's, whose place they take.
func TestRulesForNames(t *testing.T) {
	rules := map[string]struct{ fast, full func(string) []string }{
		"label":         {dnsLabel, validation.IsDNS1123Label},
		"subdomain":     {dnsSubdomain, validation.IsDNS1123Subdomain},
		"qualified":     {qualifiedName, validation.IsQualifiedName},
		"label value":   {labelValue, validation.IsValidLabelValue},
		"key":           {configMapKey, validation.IsConfigMapKey},
		"variable":      {envVarName, validation.IsRelaxedEnvVarName},
		"port":          {portName, validation.IsValidPortName},
		"name":          {whole1(subdomainName, false), whole1(apivalidation.NameIsDNSSubdomain, false)},
		"prefix":        {whole1(subdomainName, true), whole1(apivalidation.NameIsDNSSubdomain, true)},
		"short name":    {whole1(labelName, false), whole1(apivalidation.NameIsDNSLabel, false)},
		"short prefix":  {whole1(labelName, true), whole1(apivalidation.NameIsDNSLabel, true)},
		"qualified key": {asMessages(isQualified), validation.IsQualifiedName},
	}
	for name, rule := range rules {
		for _, s := range oddNames {
			if fast, full := rule.fast(s), rule.full(s); (len(fast) == 0) != (len(full) == 0) {
				t.Errorf("%s %q: %q, but apimachinery %q", name, s, fast, full)
			}
		}
	}
}

func whole1(rule nameRule, prefix bool) func(string) []string {
	return func(s string) []string { return rule(s, prefix) }
}

func asMessages(sound func(string) bool) func(string) []string {
	return func(s string) []string {
		if sound(s) {
			return nil
		}
		return []string{"unsound"}
	}
}
