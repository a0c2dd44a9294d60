package kubelet

import (
	"slices"
	"strings"
)

// printed gives the lines that echo or printf writes, none where that depends on
// more than is understood here: formats, and variables that a kubelet puts in.
func printed(name string, args []string) []string {
	escapes := name == "printf"
	if escapes && (len(args) != 1 || strings.Contains(args[0], "%")) {
		return nil
	}
	for name == "echo" && len(args) > 0 && slices.Contains(echoFlags, args[0]) {
		escapes = args[0] != "-n" && args[0] != "-E"
		args = args[1:]
	}
	text := strings.Join(args, " ")
	if strings.Contains(text, "$(") {
		return nil
	}
	if escapes {
		text = unescape.Replace(text)
	}
	if name == "printf" {
		if text == "" {
			return nil
		}
		text = strings.TrimSuffix(text, "\n")
	}
	return strings.Split(text, "\n")
}

var echoFlags = []string{"-n", "-e", "-E", "-ne", "-en"}

var unescape = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t")
