package compose

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/template"
	"go.yaml.in/yaml/v3"

	"minisim/internal/source"
)

// decoder turns a file's tree into plain values as compose sees them: aliases and merge keys expanded, variables
// replaced, text made a number or a truth value where compose does so. Extension keys of the top level are left out.
type decoder struct {
	t *translation
	v *view
}

func (d decoder) value(n *yaml.Node, path []string) any {
	n = source.Resolve(n)
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		d.mapping(m, n, path)
		return m
	case yaml.SequenceNode:
		items := make([]any, 0, len(n.Content))
		for i, item := range n.Content {
			if item.Tag == "!reset" {
				continue
			}
			items = append(items, d.value(item, below(path, index(i))))
		}
		return items
	default:
		return d.scalar(n, path)
	}
}

// mapping adds a mapping's entries; own entries are stronger than merged ones.
func (d decoder) mapping(into map[string]any, n *yaml.Node, path []string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := source.Resolve(n.Content[i]), n.Content[i+1]
		if source.IsMerge(key) || (len(path) == 0 && strings.HasPrefix(key.Value, "x-")) {
			continue
		}
		if tag := key.ShortTag(); tag != "!!str" && tag != "!!merge" {
			d.t.faults.Add(d.v.file.Place(n.Content[i]), "put it in quotes", "the key %s is not text", key.Value)
			continue
		}
		if _, taken := into[key.Value]; taken {
			continue
		}
		if value.Tag == "!reset" {
			d.t.note(Changed, "takes back what an extended service sets", "the key is treated as absent here, and an extended service's value stays",
				"leave the key out of the extended service", below(path, key.Value)...)
			continue
		}
		into[key.Value] = d.value(value, below(path, key.Value))
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if source.IsMerge(n.Content[i]) {
			for _, merged := range source.Merged(n.Content[i+1]) {
				d.mapping(into, merged, path)
			}
		}
	}
}

func (d decoder) scalar(n *yaml.Node, path []string) any {
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		var b bool
		if n.Decode(&b) == nil {
			return b
		}
	case "!!int":
		var i int
		if n.Decode(&i) == nil {
			return i
		}
	case "!!float":
		var f float64
		if n.Decode(&f) == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return f
		}
	}
	return d.interpolate(n, path)
}

// interpolate replaces the variables in a text, and makes it a number or truth value where compose wants one.
func (d decoder) interpolate(n *yaml.Node, path []string) any {
	value := n.Value
	if strings.Contains(value, "$") {
		lookup := func(name string) (string, bool) {
			found, ok := d.v.env[name]
			return found, ok
		}
		replaced, err := template.SubstituteWithOptions(value, lookup, template.WithoutLogging)
		if err != nil {
			d.badTemplate(n, err)
			return value
		}
		d.unset(n, path)
		value = replaced
	}
	cast := castAt(path)
	if cast == nil {
		return value
	}
	typed, ok := cast.parse(value)
	if !ok {
		d.t.faults.Add(d.v.file.Place(n), "", "%s %s", pathText(path), cast.wrong(value))
		d.v.told[pathText(path)] = true
		return value
	}
	return typed
}

func (d decoder) badTemplate(n *yaml.Node, err error) {
	var missing *template.MissingRequiredError
	if errors.As(err, &missing) {
		text := "the variable " + missing.Variable + " is not set"
		if missing.Reason != "" {
			text += ": " + missing.Reason
		}
		d.t.faults.Add(d.v.file.Place(n), "set it in the environment or in .env", "%s", text)
		return
	}
	d.t.faults.Add(d.v.file.Place(n), "write $$ for a plain $", "there is a broken variable in %q", n.Value)
}

// unset notes the variables that become an empty text because nothing sets them.
func (d decoder) unset(n *yaml.Node, path []string) {
	value, place := n.Value, d.v.at(path)
	variables := template.ExtractVariables(map[string]any{"": value}, template.DefaultPattern)
	for name, variable := range sorted(variables) {
		if _, ok := d.v.env[name]; ok || variable.DefaultValue != "" || variable.PresenceValue != "" || hasOperator(value, name) {
			continue
		}
		d.t.notes = append(d.t.notes, Note{
			Pos: place, Path: pathText(path), Level: Changed, Compose: "the variable " + name + " is not set",
			Kubernetes: "it becomes an empty text", Do: "set " + name + " in the environment or in .env",
		})
		d.t.blank(name, place, d.v.file.Place(n))
	}
}

// hasOperator tells whether a variable is written with a default, even an empty one: ${NAME:-}.
func hasOperator(value, name string) bool {
	_, rest, found := strings.Cut(value, "${"+name)
	return found && rest != "" && strings.ContainsRune(":-+?", rune(rest[0]))
}

// cast makes text a number or truth value.
type cast struct {
	want  string
	parse func(string) (any, bool)
}

// wrong says why a text is not what is wanted.
func (c *cast) wrong(s string) string {
	if wrong := outOfRange(s); wrong != "" && c != truth {
		return wrong
	}
	return fmt.Sprintf("must be %s, not %q", c.want, s)
}

var (
	wholeNumber = &cast{"a whole number", func(s string) (any, bool) { i, err := strconv.Atoi(s); return i, err == nil }}
	decimal     = &cast{"a number", func(s string) (any, bool) {
		f, err := strconv.ParseFloat(s, 64)
		return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
	}}
	octal = &cast{"an octal number", func(s string) (any, bool) {
		i, err := strconv.ParseUint(s, 0, 32)
		return int(i), err == nil
	}}
	truth = &cast{"true or false", func(s string) (any, bool) {
		switch strings.ToLower(s) {
		case "true", "y", "yes", "on":
			return true, true
		case "false", "n", "no", "off":
			return false, true
		}
		return nil, false
	}}
)

// casts are the attributes below a service, job or pre_start hook whose text is a number or truth value, as in
// compose-go; "*" is any key and "[]" any item.
var casts = map[string]*cast{
	"cpu_count": wholeNumber, "cpu_percent": decimal, "cpu_period": wholeNumber, "cpu_quota": wholeNumber,
	"cpu_rt_period": wholeNumber, "cpu_rt_runtime": wholeNumber, "cpus": decimal, "cpu_shares": wholeNumber, "init": truth,
	"networks.*.use_service_name_alias": truth, "oom_kill_disable": truth, "oom_score_adj": wholeNumber, "pids_limit": wholeNumber,
	"privileged": truth, "read_only": truth, "umask": octal, "ulimits.*": wholeNumber, "ulimits.*.hard": wholeNumber,
	"ulimits.*.soft": wholeNumber, "volumes.[].read_only": truth, "volumes.[].volume.nocopy": truth,
	"volumes.[].bind.create_host_path": truth, "depends_on.*.required": truth, "depends_on.*.restart": truth,
	"healthcheck.retries": wholeNumber, "healthcheck.disable": truth, "ports.[].target": wholeNumber, "stdin_open": truth, "tty": truth,
	"deploy.replicas": wholeNumber, "deploy.update_config.parallelism": wholeNumber, "deploy.update_config.max_failure_ratio": decimal,
	"deploy.rollback_config.parallelism": wholeNumber, "deploy.rollback_config.max_failure_ratio": decimal,
	"deploy.restart_policy.max_attempts": wholeNumber, "deploy.placement.max_replicas_per_node": wholeNumber, "scale": wholeNumber,
	"deploy.resources.limits.pids": wholeNumber, "blkio_config.weight": wholeNumber,
	"deploy.resources.reservations.generic_resources.[].discrete_resource_spec.value": wholeNumber,
	"attach": truth, "build.no_cache": truth, "build.pull": truth, "build.privileged": truth,
	"post_start.[].privileged": truth, "pre_stop.[].privileged": truth, "pre_start.[].per_replica": truth, "env_file.[].required": truth,
	"triggers.manual": truth,
}

func castAt(path []string) *cast {
	if len(path) < 3 {
		return nil
	}
	switch path[0] {
	case "services", "jobs":
		rest := path[2:]
		if rest[0] == "pre_start" && len(rest) > 2 {
			if c := castBelow(rest[2:]); c != nil {
				return c
			}
		}
		return castBelow(rest)
	case "networks", "volumes", "secrets", "configs":
		if len(path) == 3 && slices.Contains([]string{"external", "internal", "attachable", "enable_ipv4", "enable_ipv6"}, path[2]) {
			return truth
		}
	}
	return nil
}

func castBelow(path []string) *cast {
	if len(path) == 1 {
		return casts[path[0]]
	}
	pattern := path[0]
	for _, part := range path[1:] {
		if _, err := strconv.Atoi(part); err == nil {
			part = "[]"
		} else if pattern == "networks" || pattern == "ulimits" || pattern == "depends_on" {
			part = "*"
		}
		pattern += "." + part
	}
	return casts[pattern]
}
