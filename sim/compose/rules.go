package compose

import "strings"

// rule says what becomes of an attribute wherever it is used. Code that maps an attribute and sees a difference in the
// case at hand says so by a note of its own, which takes the rule's place.
type rule struct {
	level      Level
	compose    string
	kubernetes string
	do         string
}

func kept(kubernetes string) rule { return rule{level: Kept, kubernetes: kubernetes} }

func lost(compose, kubernetes string) rule {
	return rule{level: Lost, compose: compose, kubernetes: kubernetes}
}

func lostDo(compose, kubernetes, do string) rule {
	return rule{level: Lost, compose: compose, kubernetes: kubernetes, do: do}
}

func changed(compose, kubernetes, do string) rule {
	return rule{level: Changed, compose: compose, kubernetes: kubernetes, do: do}
}

// rules has the attributes of the Compose Specification, written as it writes them: "*" is any name, "[]" any item of
// a list. "/" behind an attribute makes the rule hold for all that is below it too. What has no rule is reported as
// lost, so an attribute that the specification gains is told to the user from the first day.
var rules = joined(map[string]rule{
	"version":  kept("nothing depends on the version of the file"),
	"name":     kept("the project's name, which begins the names of built images"),
	"include/": kept("the included files are read as part of this one"),

	"networks":                kept("the cluster's network"),
	"networks.*":              kept("a NetworkPolicy"),
	"networks.*.name":         lost("names the network", noNetworks),
	"networks.*.driver":       lost("chooses how the network is made", noNetworks),
	"networks.*.driver_opts/": lost("sets options of the driver", noNetworks),
	"networks.*.ipam/":        lost("chooses the network's addresses", noNetworks),
	"networks.*.external/":    lost("the network exists already", noNetworks),
	"networks.*.internal":     kept("the NetworkPolicy's egress"),
	"networks.*.attachable":   lost("other containers may join", noNetworks),
	"networks.*.enable_ipv4":  lost("chooses the IP version", "the cluster chooses it"),
	"networks.*.enable_ipv6":  lost("chooses the IP version", "the cluster chooses it"),
	"networks.*.labels/":      lost("labels the network", noNetworks),

	"volumes":                   kept("a PersistentVolumeClaim for each volume"),
	"volumes.*":                 kept("a PersistentVolumeClaim"),
	"volumes.*.name":            kept("the claim's name"),
	"volumes.*.driver":          lostDo("chooses the volume driver", "the storage class chooses it", "name a class by the label "+storageClassLabel),
	"volumes.*.driver_opts/":    lostDo("sets options of the driver; NFS, tmpfs and bind of the local driver are mapped", "the storage class has its own", "name a class by the label "+storageClassLabel),
	"volumes.*.external/":       kept("a claim that must exist already"),
	"volumes.*.labels/":         kept("the claim's annotations"),
	"configs":                   kept("a ConfigMap for each config"),
	"configs.*":                 kept("a ConfigMap"),
	"configs.*.name":            kept("the ConfigMap's name"),
	"configs.*.content":         kept("the ConfigMap's data"),
	"configs.*.environment":     kept("the ConfigMap's data"),
	"configs.*.file":            kept("the ConfigMap's data"),
	"configs.*.external/":       kept("a ConfigMap that must exist already"),
	"configs.*.labels/":         kept("the ConfigMap's annotations"),
	"configs.*.template_driver": lost("fills in a template", "a ConfigMap holds the text as it is"),
	"secrets":                   kept("a Secret for each secret"),
	"secrets.*":                 kept("a Secret"),
	"secrets.*.name":            kept("the Secret's name"),
	"secrets.*.environment":     kept("the Secret's data"),
	"secrets.*.file":            kept("the Secret's data"),
	"secrets.*.external/":       kept("a Secret that must exist already"),
	"secrets.*.labels/":         kept("the Secret's annotations"),
	"secrets.*.driver":          lost("a driver keeps the secret", "a Secret holds it, and here it is empty"),
	"secrets.*.driver_opts/":    lost("sets options of the driver", "a Secret has no driver"),
	"secrets.*.template_driver": lost("fills in a template", "a Secret holds the text as it is"),

	"models/": lostDo("serves a language model to services", "Kubernetes has nothing like it", "run a model server as a service"),
	"jobs/":   lostDo("runs a container at times or on demand", "no object is made for it", "write a Job or a CronJob"),

	"services":   kept("a workload and Services for each service"),
	"services.*": kept("a workload and Services"),
}, under("services.*.", containerRules), under("services.*.", workloadRules), under("services.*.", serviceRules), under("services.*.pre_start.[].", hookRules))

const noNetworks = "Kubernetes has one network for all pods"

// containerRules are about what every container has.
var containerRules = map[string]rule{
	"image":                             kept("the container's image"),
	"command":                           kept("the container's args"),
	"entrypoint":                        kept("the container's command"),
	"working_dir":                       kept("the container's workingDir"),
	"environment/":                      kept("the container's env"),
	"env_file/":                         kept("a ConfigMap, read by envFrom"),
	"user":                              kept("runAsUser and runAsGroup"),
	"group_add":                         kept("supplementalGroups"),
	"privileged":                        kept("privileged"),
	"read_only":                         kept("readOnlyRootFilesystem"),
	"cap_add":                           kept("capabilities"),
	"cap_drop":                          kept("capabilities"),
	"security_opt":                      kept("the container's securityContext"),
	"sysctls/":                          kept("the pod's sysctls"),
	"hostname":                          kept("the pod's hostname"),
	"extra_hosts/":                      kept("hostAliases"),
	"dns":                               changed("only these name servers are asked for outside names", "they are added to the cluster's", ""),
	"dns_opt":                           kept("options of dnsConfig"),
	"dns_search":                        kept("searches of dnsConfig"),
	"labels/":                           kept("the pod's annotations"),
	"label_file":                        kept("the pod's annotations"),
	"annotations/":                      kept("the pod's annotations"),
	"configs":                           kept("files from ConfigMaps"),
	"configs.[].source":                 kept("the ConfigMap"),
	"configs.[].target":                 kept("where the file is mounted"),
	"configs.[].mode":                   kept("the file's mode"),
	"configs.[].uid":                    lost("the file's owner", ownedByRoot),
	"configs.[].gid":                    lost("the file's group", ownedByRoot),
	"secrets":                           kept("files from Secrets"),
	"secrets.[].source":                 kept("the Secret"),
	"secrets.[].target":                 kept("where the file is mounted"),
	"secrets.[].mode":                   kept("the file's mode"),
	"secrets.[].uid":                    lost("the file's owner", ownedByRoot),
	"secrets.[].gid":                    lost("the file's group", ownedByRoot),
	"tmpfs":                             kept("an emptyDir in memory"),
	"shm_size":                          kept("an emptyDir in memory at /dev/shm"),
	"volumes":                           kept("the pod's volumes"),
	"volumes.[].type":                   kept("the kind of volume"),
	"volumes.[].source":                 kept("the volume"),
	"volumes.[].target":                 kept("mountPath"),
	"volumes.[].read_only":              kept("readOnly of the mount"),
	"volumes.[].consistency":            lost("tunes file sharing on a Mac", "nodes share no files with a Mac"),
	"volumes.[].bind":                   kept("options of the mount"),
	"volumes.[].bind.propagation":       kept("mountPropagation"),
	"volumes.[].bind.create_host_path":  kept("the type of the hostPath"),
	"volumes.[].bind.selinux":           lost("labels the files for SELinux", "seLinuxOptions of the pod do so"),
	"volumes.[].bind.recursive":         lost("says whether mounts below are mounted too", "they always are"),
	"volumes.[].volume":                 kept("options of the mount"),
	"volumes.[].volume.nocopy":          changed("does not copy the image's files into a new volume", "a new volume is always empty", ""),
	"volumes.[].volume.subpath":         kept("subPath"),
	"volumes.[].volume.labels/":         lost("labels the volume when the mount makes it", "labels of the top-level volume are mapped"),
	"volumes.[].tmpfs":                  kept("options of the emptyDir"),
	"volumes.[].tmpfs.size":             kept("sizeLimit"),
	"volumes.[].tmpfs.mode":             lost("the folder's mode", "an emptyDir has the mode 0777"),
	"volumes.[].image":                  kept("options of the mount"),
	"volumes.[].image.subpath":          kept("subPath"),
	"volumes_from":                      kept("the other service's mounts"),
	"pull_policy":                       kept("imagePullPolicy"),
	"pull_refresh_after":                lost("says when an image is old", "Kubernetes pulls at the start of a pod, or never again"),
	"platform":                          kept("nodeSelector"),
	"runtime":                           kept("runtimeClassName"),
	"init":                              changed("an init process reaps the dead", "the pod's pause container does, in a shared process namespace", ""),
	"pid":                               kept("hostPID"),
	"ipc":                               kept("hostIPC"),
	"userns_mode":                       kept("hostUsers"),
	"stop_grace_period":                 kept("terminationGracePeriodSeconds"),
	"stop_signal":                       kept("lifecycle.stopSignal"),
	"cpus":                              kept("the limit of cpu"),
	"cpu_quota":                         kept("the limit of cpu"),
	"cpu_period":                        kept("part of the limit of cpu"),
	"cpu_shares":                        kept("the request of cpu"),
	"mem_limit":                         kept("the limit of memory"),
	"mem_reservation":                   kept("the request of memory"),
	"gpus/":                             kept("an extended resource"),
	"network_mode":                      kept("the cluster's network"),
	"networks.*":                        kept("the cluster's network"),
	"networks":                          kept("labels, by which NetworkPolicies select its pods"),
	"networks.*.aliases":                kept("a Service for each alias"),
	"networks.*.interface_name":         lost("names the interface", onePodNetwork),
	"networks.*.ipv4_address":           lost("a fixed address", "pods get new addresses; a Service has a fixed one"),
	"networks.*.ipv6_address":           lost("a fixed address", "pods get new addresses; a Service has a fixed one"),
	"networks.*.link_local_ips":         lost("more addresses", onePodNetwork),
	"networks.*.mac_address":            lost("a fixed MAC address", onePodNetwork),
	"networks.*.driver_opts/":           lost("options of the driver", onePodNetwork),
	"networks.*.priority":               lost("the order of networks", onePodNetwork),
	"networks.*.gw_priority":            lost("which network leads outside", onePodNetwork),
	"networks.*.use_service_name_alias": lost("whether the service's name is found on this network", "it is always found"),
	"mac_address":                       lost("a fixed MAC address", onePodNetwork),
	"domainname":                        lost("the domain in the host name", "a pod's domain is the cluster's"),
	"blkio_config/":                     lost("limits and weighs disk access", "Kubernetes does not"),
	"cgroup":                            lost("chooses the cgroup namespace", byRuntime),
	"cgroup_parent":                     lost("chooses the parent cgroup", "the kubelet does"),
	"cpu_count":                         lost("limits CPUs on Windows", "use cpus"),
	"cpu_percent":                       lost("limits CPUs on Windows", "use cpus"),
	"cpu_rt_period":                     lost("real-time scheduling", "Kubernetes has none"),
	"cpu_rt_runtime":                    lost("real-time scheduling", "Kubernetes has none"),
	"cpuset":                            lost("ties it to certain CPUs", "only the kubelet's CPU manager does, for whole CPUs requested"),
	"credential_spec/":                  lost("a Windows service account", "Windows nodes are not simulated"),
	"device_cgroup_rules":               lost("allows access to devices", "a device plugin does"),
	"devices/":                          lostDo("gives access to devices of the machine", "a device plugin does", "use one and request its resource"),
	"isolation":                         lost("isolation on Windows", "use a runtime class"),
	"logging/":                          lostDo("chooses where the log goes", "the kubelet keeps it in files", "collect logs by an agent on each node"),
	"mem_swappiness":                    lost("how eagerly memory is swapped", "the kubelet's configuration decides"),
	"memswap_limit":                     lost("limits memory and swap together", "the kubelet's configuration decides"),
	"models/":                           lost("tells it where models are", "no models are run"),
	"oom_kill_disable":                  lost("is not killed when memory runs out", "Kubernetes has nothing like it"),
	"oom_score_adj":                     lost("who is killed first when memory runs out", "the kubelet sets it from requests and limits"),
	"pids_limit":                        lost("limits its processes", "the kubelet's podPidsLimit does, for all pods of a node"),
	"storage_opt":                       lost("limits its disk", "use limits of ephemeral-storage"),
	"ulimits/":                          lost("limits open files and the like", byRuntime),
	"umask":                             lost("the mode of new files", byRuntime),
	"use_api_socket":                    lost("gives it Docker's socket", "nodes run no Docker"),
	"uts":                               lost("chooses the host name's namespace", "a pod has its own"),
}

const (
	ownedByRoot   = "the file belongs to root, or to fsGroup"
	onePodNetwork = "a pod has one interface, on the cluster's network"
	byRuntime     = "the container runtime's configuration decides"
)

// workloadRules are about what services and jobs have.
var workloadRules = map[string]rule{
	"build/":                     changed("builds the image on this machine", "nodes pull images", "push it where the nodes can pull it"),
	"depends_on":                 kept("init containers that wait"),
	"depends_on.*":               kept("an init container that waits"),
	"depends_on.*.condition":     kept("what the init container waits for"),
	"depends_on.*.required":      kept("nothing waits for a service that is not started"),
	"depends_on.*.restart":       kept("restarts nothing"),
	"healthcheck":                kept("a readiness probe"),
	"healthcheck.test":           kept("the probe's command"),
	"healthcheck.interval":       kept("periodSeconds"),
	"healthcheck.timeout":        kept("timeoutSeconds"),
	"healthcheck.retries":        kept("failureThreshold"),
	"healthcheck.start_period":   kept("a startup probe"),
	"healthcheck.start_interval": kept("periodSeconds of the startup probe"),
	"healthcheck.disable":        kept("no probe"),
	"expose":                     kept("ports of the Service"),
	"ports":                      kept("ports of the Services"),
	"ports.[].target":            kept("targetPort"),
	"ports.[].published":         kept("the port of the Service for outsiders"),
	"ports.[].protocol":          kept("protocol"),
	"ports.[].app_protocol":      kept("appProtocol"),
	"ports.[].name":              kept("the port's name"),
	"ports.[].mode":              kept("a Service, or a hostPort"),
	"ports.[].host_ip":           kept("whether it is published"),
	"stdin_open":                 kept("stdin"),
	"tty":                        kept("tty"),
}

// serviceRules are about what only services have.
var serviceRules = map[string]rule{
	"attach":         lost("whether compose shows its log", "use kubectl logs"),
	"container_name": kept("a Service of that name"),
	"develop/":       lost("what compose watches while you edit", "it is about this machine only"),
	"extends/":       kept("what the other service has"),
	"external_links": kept("an ExternalName Service"),
	"links":          kept("an init container that waits, and a Service for the alias"),
	"post_start/":    kept("lifecycle.postStart"),
	"pre_start":      kept("an init container"),
	"pre_stop/":      kept("lifecycle.preStop"),
	"profiles":       kept("the service is made because a profile is active"),
	"provider/":      lost("something else than a container provides it", "no object is made for it"),
	"restart":        kept("restartPolicy"),
	"scale":          kept("replicas"),

	"deploy":                                           kept("the workload"),
	"deploy.mode":                                      kept("the kind of workload"),
	"deploy.replicas":                                  kept("replicas"),
	"deploy.endpoint_mode":                             kept("a Service with or without an address of its own"),
	"deploy.labels/":                                   kept("annotations of the workload and its Service"),
	"deploy.update_config":                             kept("the Deployment's strategy"),
	"deploy.update_config.parallelism":                 kept("maxUnavailable or maxSurge"),
	"deploy.update_config.order":                       kept("maxUnavailable or maxSurge"),
	"deploy.update_config.delay":                       changed("waits between groups of tasks", "minReadySeconds: each new pod must be ready that long", ""),
	"deploy.update_config.monitor":                     changed("watches a new task for failures", "progressDeadlineSeconds: the update must advance within it", ""),
	"deploy.update_config.failure_action":              lostDo("what happens when an update fails", "the update stops and stays where it is", "use kubectl rollout undo"),
	"deploy.update_config.max_failure_ratio":           lost("how many failures are allowed", "none are"),
	"deploy.rollback_config/":                          lost("how an update is taken back", "as an update is made"),
	"deploy.resources":                                 kept("the container's resources"),
	"deploy.resources.limits":                          kept("limits"),
	"deploy.resources.limits.cpus":                     kept("the limit of cpu"),
	"deploy.resources.limits.memory":                   kept("the limit of memory"),
	"deploy.resources.limits.pids":                     lost("limits its processes", "the kubelet's podPidsLimit does, for all pods of a node"),
	"deploy.resources.reservations":                    kept("requests"),
	"deploy.resources.reservations.cpus":               kept("the request of cpu"),
	"deploy.resources.reservations.memory":             kept("the request of memory"),
	"deploy.resources.reservations.devices/":           kept("an extended resource"),
	"deploy.resources.reservations.generic_resources/": kept("an extended resource"),
	"deploy.restart_policy":                            kept("restartPolicy"),
	"deploy.restart_policy.condition":                  kept("restartPolicy"),
	"deploy.restart_policy.max_attempts":               changed("gives up after so many restarts", "only a Job gives up (backoffLimit); other pods are restarted for ever", ""),
	"deploy.restart_policy.delay":                      changed("waits so long before a restart", "the kubelet waits 10 s, then twice as long each time, up to 5 minutes", ""),
	"deploy.restart_policy.window":                     changed("how long it takes to tell that a start succeeded", "the kubelet forgets failures after 10 minutes", ""),
	"deploy.placement":                                 kept("where pods may run"),
	"deploy.placement.constraints":                     kept("required node affinity"),
	"deploy.placement.preferences":                     kept("topology spread constraints"),
	"deploy.placement.preferences.[].spread":           kept("a topology spread constraint"),
	"deploy.placement.max_replicas_per_node":           kept("a topology spread constraint"),
}

// hookRules are about pre_start hooks: what the init container has of its own. The rest it has in common with the pod.
var hookRules = func() map[string]rule {
	own := map[string]rule{
		"per_replica": changed("whether it runs for each replica or once", "an init container runs in every pod", ""),
	}
	for name := range containerRules {
		attribute := strings.TrimSuffix(name, "/")
		switch attribute {
		case "image", "command", "entrypoint", "working_dir", "environment", "env_file", "user", "privileged", "read_only",
			"cap_add", "cap_drop", "security_opt", "pull_policy":
			own[name] = containerRules[name]
		default:
			if !strings.Contains(attribute, ".") {
				own[attribute+"/"] = lost("the hook has its own "+attribute, "an init container shares its pod's, or has none")
			}
		}
	}
	return own
}()

// under puts a prefix before all attributes.
func under(prefix string, some map[string]rule) map[string]rule {
	all := make(map[string]rule, len(some))
	for name, r := range some {
		all[prefix+name] = r
	}
	return all
}

func joined(parts ...map[string]rule) map[string]rule {
	all := map[string]rule{}
	for _, part := range parts {
		for name, r := range part {
			all[name] = r
		}
	}
	return all
}

// ruleFor is the rule for an attribute as the specification writes it, and whether it holds for all below.
func ruleFor(attribute string) (r rule, deep, ok bool) {
	if r, ok := rules[attribute]; ok {
		return r, false, true
	}
	r, ok = rules[attribute+"/"]
	return r, true, ok
}
