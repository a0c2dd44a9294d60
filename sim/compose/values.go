package compose

import (
	"strings"
)

// valueCheck looks at a value that has the right shape and says what is wrong with it, or "".
type valueCheck func(any) string

// valueChecks are what the schema does not say about values, for attributes of services, jobs and pre_start hooks,
// in the notation of casts. Compose and the Docker engine would refuse most of these values later, or ignore them.
var valueChecks = map[string]valueCheck{
	"image": imageName, "stop_grace_period": duration, "pull_refresh_after": duration,
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
	"networks.[]": notEmpty, "models.[]": notEmpty, "configs.[]": notEmpty, "secrets.[]": notEmpty,
	"depends_on.[]": notEmpty, "links.[]": notEmpty, "volumes_from.[]": notEmpty, "extends": notEmpty, "extends.service": notEmpty,
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
