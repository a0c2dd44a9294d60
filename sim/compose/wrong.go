package compose

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/distribution/reference"
	"github.com/mattn/go-shellwords"
	"github.com/xhit/go-str2duration/v2"
)

// Each function here is a valueCheck, or makes one: it says what is wrong with a value, or "".

// imageName checks an image's name as the Docker engine and the nodes' container runtimes do.
func imageName(v any) string {
	s := text(v)
	_, err := reference.ParseNormalizedNamed(s)
	switch {
	case s == "":
		return `is no image name: ""`
	case err != nil:
		return fmt.Sprintf("is no image name: %q: %s", s, strings.TrimPrefix(oneLine(err), reference.ErrReferenceInvalidFormat.Error()+": "))
	}
	return ""
}

// notEmpty checks what names something else in the file.
func notEmpty(v any) string {
	if s, ok := v.(string); ok && s == "" {
		return "must not be empty"
	}
	return ""
}

func duration(v any) string {
	s, ok := v.(string)
	if !ok {
		return ""
	}
	d, err := str2duration.ParseDuration(s)
	switch {
	case err != nil || s == "":
		return fmt.Sprintf("must be a duration such as 30s or 1m30s, not %q", s)
	case d < 0:
		return "must not be negative, but is " + s
	}
	return ""
}

func oneOf(allowed ...string) valueCheck {
	return func(v any) string {
		if s, ok := v.(string); ok && !slices.Contains(allowed, s) {
			return fmt.Sprintf("must be %s, not %q", strings.Join(allowed, " or "), s)
		}
		return ""
	}
}

var restartPattern = regexp.MustCompile(`^(no|always|unless-stopped|on-failure(:[0-9]{1,9})?)$`)

func restartPolicy(v any) string {
	if s, ok := v.(string); ok && !restartPattern.MatchString(s) {
		return fmt.Sprintf("must be no, always, on-failure[:N] or unless-stopped, not %q", s)
	}
	return ""
}

func shellWords(v any) string {
	if s, ok := v.(string); ok {
		if _, err := shellwords.Parse(s); err != nil {
			return fmt.Sprintf("is no command line: %s in %q", oneLine(err), s)
		}
	}
	return ""
}

func healthTest(v any) string {
	words := list(v)
	if words == nil {
		return ""
	}
	if len(words) == 0 {
		return "must not be empty"
	}
	switch text(words[0]) {
	case "NONE":
		return ""
	case "CMD", "CMD-SHELL":
		if len(words) < 2 {
			return "has no command after " + text(words[0])
		}
		return ""
	}
	return fmt.Sprintf("must begin with CMD, CMD-SHELL or NONE, not %q", text(words[0]))
}

func absolute(v any) string {
	if s := text(v); !strings.HasPrefix(s, "/") || strings.ContainsAny(s, ":\n") {
		return fmt.Sprintf("must be an absolute path in the container, not %q", s)
	}
	return ""
}

func mountText(v any) string {
	s, ok := v.(string)
	if !ok {
		if mapping(v) != nil && mapping(v)["target"] == nil {
			return "needs a target"
		}
		return ""
	}
	mount, err := format.ParseVolume(s)
	if err != nil {
		return fmt.Sprintf("is no mount: %q", s)
	}
	if absolute(mount.Target) != "" {
		return fmt.Sprintf("must be mounted at an absolute path in the container, not %q", mount.Target)
	}
	return ""
}

func tmpfsText(v any) string {
	s, ok := v.(string)
	if !ok {
		return ""
	}
	target, options, _ := strings.Cut(s, ":")
	if wrong := absolute(target); wrong != "" {
		return wrong
	}
	for _, option := range strings.Split(options, ",") {
		if limit, ok := strings.CutPrefix(option, "size="); ok {
			if wrong := size(limit); wrong != "" {
				return wrong
			}
		}
	}
	return ""
}

func portText(v any) string {
	switch v := v.(type) {
	case int:
		return between(1, 65535)(v)
	case float64:
		return fmt.Sprintf("is no port: %v; put it in quotes", v)
	case string:
		ports, err := types.ParsePortConfig(v)
		if err != nil || len(ports) == 0 {
			return fmt.Sprintf("is no port: %q; write \"8080:80\", \"80\", or \"127.0.0.1:8080:80/udp\"", v)
		}
		for _, port := range ports {
			if port.Target == 0 {
				return fmt.Sprintf("is no port: %q; 0 is no port in a container", v)
			}
		}
	case map[string]any:
		if v["target"] == nil {
			return "needs a target"
		}
	}
	return ""
}

func publishedText(v any) string {
	s := fmt.Sprint(v)
	if v == nil || s == "" {
		return ""
	}
	low, high, isRange := strings.Cut(s, "-")
	for _, part := range []string{low, high} {
		if part == "" && !isRange {
			continue
		}
		if n, err := strconv.Atoi(part); err != nil || n < 0 || n > 65535 {
			return fmt.Sprintf("must be a port or a range of ports, not %q", s)
		}
	}
	return ""
}

func exposeText(v any) string {
	s, ok := v.(string)
	if !ok {
		s = fmt.Sprint(v)
	}
	if _, err := exposed(s); err != nil {
		return fmt.Sprintf("is no port: %q", s)
	}
	return ""
}

func countOrAll(v any) string {
	if text(v) == "all" {
		return ""
	}
	return between(-1, math.MaxInt32)(v)
}

func constraintText(v any) string {
	if s, ok := v.(string); ok {
		if _, err := parseConstraint(s); err != nil {
			return "is no constraint: " + err.Error()
		}
	}
	return ""
}

func environmentNames(v any) string {
	for _, entry := range names(v) {
		name := entry
		if mapping(v) == nil {
			name, _, _ = strings.Cut(entry, "=")
		}
		if name == "" || name != strings.TrimSpace(name) || strings.ContainsAny(name, "=\x00") {
			return fmt.Sprintf("has no proper name in %q", entry)
		}
	}
	return ""
}

func hostText(v any) string {
	if s, ok := v.(string); ok {
		if _, err := types.NewHostsList([]string{s}); err != nil {
			return fmt.Sprintf("must be HOST=IP, not %q", s)
		}
	}
	return ""
}

// durationOf is a compose duration, or 0.
func durationOf(d *types.Duration) time.Duration {
	if d == nil {
		return 0
	}
	return time.Duration(*d)
}
