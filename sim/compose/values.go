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
	"github.com/docker/go-units"
	"github.com/mattn/go-shellwords"
	"github.com/xhit/go-str2duration/v2"
)

// valueCheck looks at a value that has the right shape and says what is wrong with it, or "".
type valueCheck func(any) string

// valueChecks are what the schema does not say about values, for attributes of services, jobs and pre_start hooks,
// in the notation of casts. Compose and the Docker engine would refuse most of these values later, or ignore them.
var valueChecks = map[string]valueCheck{
	"image": notBlank, "stop_grace_period": duration, "pull_refresh_after": duration,
	"command": shellWords, "entrypoint": shellWords,
	"healthcheck.interval": duration, "healthcheck.timeout": duration, "healthcheck.start_period": duration,
	"healthcheck.start_interval": duration, "healthcheck.retries": atLeast(0), "healthcheck.test": healthTest,
	"mem_limit": size, "mem_reservation": size, "shm_size": size, "memswap_limit": sizeOrMinusOne, "mem_swappiness": between(-1, 100),
	"cpus": atLeast(0), "cpu_shares": atLeast(0), "cpu_quota": atLeast(-1), "cpu_period": atLeast(0), "cpu_count": atLeast(0), "cpu_percent": between(0, 100),
	"pids_limit": atLeast(-1), "oom_score_adj": between(-1000, 1000), "scale": atLeast(0), "restart": restartPolicy,
	"volumes.[]": mountText, "volumes.[].tmpfs.size": size, "volumes.[].target": absolute, "tmpfs": tmpfsText, "tmpfs.[]": tmpfsText,
	"ports.[]": portText, "ports.[].target": between(1, 65535), "ports.[].mode": oneOf("ingress", "host"),
	"ports.[].protocol": oneOf("tcp", "udp", "sctp"), "ports.[].published": publishedText, "expose.[]": exposeText,
	"deploy.mode":          oneOf("replicated", "global", "replicated-job", "global-job"),
	"deploy.endpoint_mode": oneOf("vip", "dnsrr"), "deploy.replicas": atLeast(0),
	"deploy.resources.limits.cpus": atLeast(0), "deploy.resources.limits.memory": size, "deploy.resources.limits.pids": atLeast(-1),
	"deploy.resources.reservations.cpus": atLeast(0), "deploy.resources.reservations.memory": size,
	"deploy.resources.reservations.devices.[].count":                                  countOrAll,
	"deploy.resources.reservations.generic_resources.[].discrete_resource_spec.value": atLeast(0), "gpus.[].count": countOrAll,
	"deploy.restart_policy.condition": oneOf("none", "on-failure", "any"), "deploy.restart_policy.max_attempts": atLeast(0),
	"deploy.restart_policy.delay": duration, "deploy.restart_policy.window": duration,
	"deploy.placement.constraints.[]": constraintText, "deploy.placement.max_replicas_per_node": atLeast(0),
	"deploy.update_config.parallelism": atLeast(0), "deploy.update_config.delay": duration, "deploy.update_config.monitor": duration,
	"deploy.update_config.failure_action":    oneOf("continue", "pause", "rollback"),
	"deploy.update_config.max_failure_ratio": between(0, 1), "deploy.rollback_config.parallelism": atLeast(0),
	"deploy.rollback_config.delay": duration, "deploy.rollback_config.monitor": duration,
	"deploy.rollback_config.failure_action": oneOf("continue", "pause"), "deploy.rollback_config.max_failure_ratio": between(0, 1),
	"environment": environmentNames, "extra_hosts.[]": hostText, "env_file.[].format": oneOf("raw"),
}

// checkValues checks every value of a view that has a check.
func (t *translation) checkValues(v *view) {
	for _, kind := range []string{"services", "jobs"} {
		for name, service := range sorted(mapping(v.values[kind])) {
			t.checkBelow(v, service, []string{kind, name}, "")
			for i, hook := range list(mapping(service)["pre_start"]) {
				t.checkBelow(v, hook, []string{kind, name, "pre_start", index(i)}, "")
			}
		}
	}
}

func (t *translation) checkBelow(v *view, value any, path []string, pattern string) {
	if check := valueChecks[pattern]; check != nil && !v.told[pathText(path)] {
		if wrong := check(value); wrong != "" {
			t.faults.Add(v.at(path), "", "%s %s", pathText(path), wrong)
			return
		}
	}
	step := func(part string) string { return strings.TrimPrefix(pattern+"."+part, ".") }
	switch value := value.(type) {
	case map[string]any:
		for key, item := range sorted(value) {
			t.checkBelow(v, item, below(path, key), step(key))
		}
	case []any:
		for i, item := range value {
			t.checkBelow(v, item, below(path, index(i)), step("[]"))
		}
	}
}

func notBlank(v any) string {
	if s := text(v); s == "" || s != strings.TrimSpace(s) {
		return fmt.Sprintf("is no image name: %q", s)
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

// number reads a number however it is written.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	case string:
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
	}
	return 0, false
}

func atLeast(low float64) valueCheck { return between(low, math.MaxInt32) }

func between(low, high float64) valueCheck {
	return func(v any) string {
		n, ok := number(v)
		switch {
		case !ok && v == nil:
			return ""
		case !ok:
			return fmt.Sprintf("must be a number, not %q", fmt.Sprint(v))
		case n < low && low == 0:
			return fmt.Sprintf("must not be negative, but is %v", v)
		case n < low:
			return fmt.Sprintf("must be at least %v, but is %v", low, v)
		case n > high:
			return fmt.Sprintf("must be at most %v, but is %v", high, v)
		}
		return ""
	}
}

// bytesOf reads a size: a number of bytes, or text such as 64m.
func bytesOf(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case float64:
		return int64(v), v == math.Trunc(v) && math.Abs(v) < 1<<53
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return n, true
		}
		n, err := units.RAMInBytes(v)
		return n, err == nil
	}
	return 0, false
}

func size(v any) string {
	n, ok := bytesOf(v)
	switch {
	case strings.HasPrefix(text(v), "-") || ok && n < 0:
		return fmt.Sprintf("must not be negative, but is %v", v)
	case !ok && v != nil:
		return fmt.Sprintf("must be a size such as 64m or 1g, not %q", fmt.Sprint(v))
	}
	return ""
}

func sizeOrMinusOne(v any) string {
	if n, ok := bytesOf(v); ok && n == -1 {
		return ""
	}
	return size(v)
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
