package kinds

import (
	"encoding/json"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"minisim/sim/api"
)

// refusals are what is wrong with specs, by kind, beyond what the recorded answers
// of a real server show. A row is the spec and the faults: "field: message", …
var refusals = map[string][][2]string{
	"Pod": {
		{`containers: [{name: a, image: x}, {name: a, image: x}]`, `spec.containers[1].name: Duplicate value: "a"`},
		{`containers: [{name: a, image: " x"}]`, `spec.containers[0].image: Invalid value: " x": must not have leading or trailing whitespace`},
		{`containers: [{name: a, image: x, ports: [{name: "80"}]}]`, `spec.containers[0].ports[0].name: Invalid value: "80": must contain at least one letter (a-z), spec.containers[0].ports[0].containerPort: Required value`},
		{`containers: [{name: a, image: x, ports: [{containerPort: 1, hostPort: 9}, {containerPort: 2, hostPort: 9}]}]`, `spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//9"`},
		{`containers: [{name: a, image: x, env: [{name: e, valueFrom: {}}]}]`, "spec.containers[0].env[0].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"},
		{`containers: [{name: a, image: x, envFrom: [{prefix: b}]}]`, "spec.containers[0].envFrom: Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`"},
		{`containers: [{name: a, image: x, resources: {requests: {example.com/gpu: 1}}}]`, `spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources`},
		{`containers: [{name: a, image: x, resources: {limits: {hugepages-2Mi: 3Mi}}}]`, `spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi, spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi, spec.containers[0].resources: Forbidden: HugePages require cpu or memory`},
		{`containers: [{name: a, image: x, livenessProbe: {tcpSocket: {port: 0}, periodSeconds: -3}}]`, `spec.containers[0].livenessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, inclusive, spec.containers[0].livenessProbe.periodSeconds: Invalid value: -3: must be greater than or equal to 0`},
		{`containers: [{name: a, image: x, lifecycle: {preStop: {sleep: {seconds: 31}}}}]`, `spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)`},
		{`{containers: [{name: a, image: x}], volumes: [{name: v, emptyDir: {}, hostPath: {path: /x}}]}`, `spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type`},
		{`{containers: [{name: a, image: x, volumeMounts: [{name: v, mountPath: ""}]}]}`, `spec.containers[0].volumeMounts[0].name: Not found: "v", spec.containers[0].volumeMounts[0].mountPath: Required value`},
		{`{containers: [{name: a, image: x}], initContainers: [{name: a, image: x, readinessProbe: {tcpSocket: {port: 3}}}]}`, `spec.initContainers[0].name: Duplicate value: "a", spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always`},
		{`{containers: [{name: a, image: x}], ephemeralContainers: [{name: d, image: x}]}`, `spec.ephemeralContainers: Forbidden: cannot be set on create`},
		{`{containers: [{name: a, image: x}], hostAliases: [{ip: 010.0.0.1}]}`, `spec.hostAliases[0].ip: Invalid value: "010.0.0.1": must not have leading 0s`},
		{`{containers: [{name: a, image: x}], tolerations: [{key: k, operator: Exists, value: v, tolerationSeconds: 1}]}`, "spec.tolerations[0].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set, spec.tolerations[0].operator: Invalid value: \"v\": value must be empty when `operator` is 'Exists'"},
		{`{containers: [{name: a, image: x}], topologySpreadConstraints: [{maxSkew: 0, topologyKey: t, whenUnsatisfiable: Never}]}`, `spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero, spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Never": supported values: "DoNotSchedule", "ScheduleAnyway"`},
		{`{containers: [{name: a, image: x}], hostPID: true, shareProcessNamespace: true}`, `spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled`},
		{`{containers: [{name: a, image: x, resources: {requests: {cpu: 2}}}], resources: {requests: {cpu: 1}}}`, `spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2`},
		{`{containers: [{name: a, image: x}], os: {name: windows}, hostPID: true}`, `spec.hostPID: Forbidden: cannot be set for a windows pod`},
		{`{containers: [{name: a, image: x}], os: {}}`, `spec.os.name: Required value`},
		{`{containers: [{name: a, image: x, lifecycle: {preStop: {sleep: {seconds: 1}}}}], terminationGracePeriodSeconds: -1}`, ``},
		{`{containers: [{name: a, image: x}], securityContext: {seLinuxChangePolicy: MountOption}}`, `spec.securityContext.seLinuxChangePolicy: Unsupported value: "MountOption": supported values: "Recursive"`},
		{`{containers: [{name: a, image: x}], initContainers: [{name: i, image: x, restartPolicy: Always, restartPolicyRules: [{action: Foo}]}]}`, `spec.initContainers[0].restartPolicyRules[0].action: Unsupported value: "Foo": supported values: "Restart", "RestartAllContainers", spec.initContainers[0].restartPolicyRules[0].exitCodes: Required value: must be specified`},
		{`{containers: [{name: a, image: x}], volumes: [{name: v, csi: {}}]}`, `spec.volumes[0].csi.driver: Required value`},
		{`{containers: [{name: a, image: x}], volumes: [{name: v, projected: {sources: [{podCertificate: {keyType: foo}, secret: {name: s}}]}}]}`, ``},
		{`{containers: [{name: a, image: x}], dnsPolicy: None}`, "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"},
	},
	"Deployment": {
		{`{}`, "spec.selector: Required value, spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`, spec.template.spec.containers: Required value"},
		{`{selector: {}, template: {spec: {containers: [{name: a, image: x}]}}}`, `spec.selector: Invalid value: {}: empty selector is invalid for deployment`},
		{`{selector: {matchLabels: {a: b}}, minReadySeconds: 9, progressDeadlineSeconds: 9, strategy: {rollingUpdate: {maxSurge: 0%, maxUnavailable: 0}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: x}]}}}`, "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0, spec.progressDeadlineSeconds: Invalid value: 9: must be greater than minReadySeconds"},
	},
	"StatefulSet": {
		{`{selector: {matchLabels: {a: b}}, serviceName: A, updateStrategy: {type: OnDelete, rollingUpdate: {partition: 1}}, template: {metadata: {labels: {a: b}}}}`, `spec.updateStrategy.rollingUpdate: Invalid value: {"Partition":1,"MaxUnavailable":null}: only allowed for updateStrategy 'RollingUpdate', spec.serviceName: Invalid value: "A": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?'), spec.template.spec.containers: Required value`},
		{`{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: A, image: x}]}}, volumeClaimTemplates: [{metadata: {name: v}, spec: {accessModes: [ReadWriteOnce]}}]}`, `spec.volumeClaimTemplates[0].spec.resources[storage]: Required value, spec.template.spec.containers[0].name: Invalid value: "A": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`},
		{`{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: x, volumeMounts: [{name: w, mountPath: /w}]}], hostname: Not.One}}, volumeClaimTemplates: [{metadata: {name: v}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}}}]}`, `spec.template.spec.containers[0].volumeMounts[0].name: Not found: "w"`},
		{`{revisionHistoryLimit: -1, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {subdomain: Not.One, volumes: [{name: v}], containers: [{name: a, image: x, volumeMounts: [{name: v, mountPath: /v}]}]}}, volumeClaimTemplates: [{metadata: {name: v}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}}}]}`, ``},
	},
	"Job": {
		{`{completionMode: Indexed, completions: 5, successPolicy: {rules: [{succeededIndexes: 1-2-3}]}, template: {spec: {restartPolicy: Never, containers: [{name: a, image: x}]}}}`, `spec.successPolicy.rules[0].succeededIndexes: Invalid value: "1-2-3": error parsing succeededIndexes: the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by '-'`},
		{`{completionMode: Indexed, completions: 5, successPolicy: {rules: [{succeededIndexes: "1,1"}]}, template: {spec: {restartPolicy: Never, containers: [{name: a, image: x}]}}}`, `spec.successPolicy.rules[0].succeededIndexes: Invalid value: "1,1": error parsing succeededIndexes: non-increasing order, previous: 1, current: 1`},
		{`{completionMode: Foo, template: {spec: {containers: [{name: a, image: x}]}}}`, `spec.completionMode: Unsupported value: "Foo": supported values: "NonIndexed", "Indexed", spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"`},
		{`{podFailurePolicy: {rules: [{action: FailJob}]}, template: {spec: {restartPolicy: Never, containers: [{name: a, image: x}]}}}`, `spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`},
	},
	"Service": {
		{`{type: ExternalName}`, `spec.externalName: Required value`},
		{`{clusterIP: None, type: NodePort, ports: [{port: 1}]}`, `spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services`},
		{`{ports: [{port: 1, nodePort: 30001}]}`, "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"},
		{`{externalIPs: [127.0.0.1, x], ports: [{port: 1}]}`, `spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128), spec.externalIPs[1]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`},
		{`{ipFamilyPolicy: Foo, ports: [{port: 1}]}`, `spec.ipFamilyPolicy: Unsupported value: "Foo": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"`},
	},
	"PersistentVolumeClaim": {
		{`{accessModes: [ReadWriteOncePod, ReadWriteOnce], resources: {requests: {storage: 0}}}`, `spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes, spec.resources[storage]: Invalid value: "0": must be greater than zero`},
	},
	"PersistentVolume": {
		{`{accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, local: {path: /x}}`, `spec.nodeAffinity: Required value: Local volume requires node affinity`},
		{`{accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, hostPath: {path: /x}, nfs: {server: a, path: /b}}`, `spec.nfs: Forbidden: may not specify more than 1 volume type`},
	},
	"Node": {
		{`{taints: [{key: a}], podCIDRs: [10.0.0.0/24, 10.1.0.0/24]}`, `metadata.taints[0].effect: Required value, spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: may specify no more than one CIDR for each IP family`},
	},
	"PodDisruptionBudget": {
		{`{minAvailable: 150%}`, `spec.minAvailable: Invalid value: "150%": must not be greater than 100%`},
		{`{minAvailable: 1, maxUnavailable: 1}`, `spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set`},
	},
	"CronJob": {
		{`{schedule: "@daily", concurrencyPolicy: Wait, jobTemplate: {spec: {manualSelector: true, selector: {matchLabels: {a: b}}, template: {spec: {restartPolicy: Always, containers: [{name: a, image: x}]}}}}}`, `spec.concurrencyPolicy: Unsupported value: "Wait": supported values: "Allow", "Forbid", "Replace", spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never", spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: ` + "`selector` will be auto-generated" + `, spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"`},
		{`{schedule: "TZ=0", timeZone: a//b, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: x}]}}}}}`, `spec.schedule: Invalid value: "TZ=0": invalid schedule format: runtime error: slice bounds out of range [:-1], spec.schedule: Invalid value: "TZ=0": cannot use TZ or CRON_TZ in schedule, use timeZone field instead, spec.timeZone: Invalid value: "a//b": unknown time zone a//b`},
	},
	"NetworkPolicy": {
		{`{podSelector: {}, policyTypes: [Ingress, Egress, Ingress]}`, `spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes`},
		{`{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8, 11.0.0.0/9]}, podSelector: {}}], ports: [{port: web, endPort: 9}, {port: 9, endPort: 8}]}]}`, "spec.egress[0].ports[0].endPort: Invalid value: 9: may not be specified when `port` is non-numeric, spec.egress[0].ports[1].endPort: Invalid value: 9: must be greater than or equal to `port`, spec.egress[0].to[0].ipBlock.except[0]: Invalid value: \"10.0.0.0/8\": must be a strict subset of `cidr`, spec.egress[0].to[0].ipBlock.except[1]: Invalid value: \"11.0.0.0/9\": must be a strict subset of `cidr`, spec.egress[0].to[0]: Forbidden: may not specify both ipBlock and another peer"},
	},
	"Ingress": {
		{`{defaultBackend: {service: {name: A, port: {name: http, number: 80}}}}`, `spec.defaultBackend.service.name: Invalid value: "A": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?'), spec.defaultBackend: Invalid value: "": cannot set both port name & port number`},
		{`{rules: [{http: {paths: [{path: x, pathType: ImplementationSpecific, backend: {resource: {kind: a/b, name: ""}}}, {path: /}, {path: /a/.., pathType: Exact, backend: {service: {name: b, port: {number: 70000}}}}]}}]}`, `spec.rules[0].http.paths[0].path: Invalid value: "x": must be an absolute path, spec.rules[0].http.paths[0].backend.resource.kind: Invalid value: "a/b": may not contain '/', spec.rules[0].http.paths[0].backend.resource.name: Required value, spec.rules[0].http.paths[1].pathType: Required value: pathType must be specified, spec.rules[0].http.paths[2].path: Invalid value: "/a/..": cannot end with '/..', spec.rules[0].http.paths[2].backend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive`},
	},
	"IngressClass": {
		{`{controller: a.b/c, parameters: {kind: "", name: c, scope: Namespace}}`, "spec.parameters.kind: Required value, spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"},
		{`{controller: a.b/c, parameters: {kind: k, name: c, namespace: x}}`, "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"},
	},
	"ResourceQuota": {
		{`{hard: {storage: 1, requests.storage: -1}, scopes: [BestEffort]}`, `spec.hard[requests.storage]: Invalid value: "-1": must be greater than or equal to 0, spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota, spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource`},
		{`{hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In}, {scopeName: Terminating, operator: In, values: [a]}]}}`, `spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when ` + "`operator`" + ` is 'In' or 'NotIn' for scope selector, spec.scopeSelector.matchExpressions.operator: Invalid value: "In": must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity`},
	},
	"LimitRange": {
		{`{limits: [{type: Pod, max: {storage: 1}}, {type: Pod}, {type: Node}]}`, `spec.limits[0].max[storage]: Invalid value: "storage": must be a standard resource for containers, spec.limits[1].type: Duplicate value: "Pod", spec.limits[2].type: Invalid value: "Node": must be a standard limit type or fully qualified`},
		{`{limits: [{type: Container, min: {cpu: 1}, max: {cpu: 2}, maxLimitRequestRatio: {cpu: 3}}]}`, `spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000`},
	},
	"HorizontalPodAutoscaler": {
		{`{scaleTargetRef: {kind: Deployment, name: a/b}, maxReplicas: -1}`, `spec.maxReplicas: Invalid value: -1: must be greater than or equal to 1, spec.maxReplicas: Invalid value: -1: must be greater than or equal to ` + "`minReplicas`" + `, spec.scaleTargetRef.name: Invalid value: "a/b": may not contain '/', spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group`},
		{`{scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, maxReplicas: 2, metrics: [{type: Pods, resource: {name: cpu, target: {type: Utilization}}, external: {metric: {name: ""}, target: {type: Value, value: 0}}}]}`, `spec.metrics[0].external.metric.name: Required value: must specify a metric name, spec.metrics[0].external.target.value: Invalid value: "0": must be positive, spec.metrics[0].pods: Required value: must populate information for the given metric source, spec.metrics[0].external: Forbidden: must populate the given metric source only, spec.metrics[0].resource: Forbidden: must populate the given metric source only`},
	},
	"CSINode": {
		{`{drivers: [{name: d, nodeID: ""}, {name: d, nodeID: x, allocatable: {count: -1}}]}`, `spec.drivers[0].nodeID: Required value, spec.drivers[1].allocatable.count: Invalid value: -1: must be greater than or equal to 0, spec.drivers[1].name: Duplicate value: "d"`},
	},
	"VolumeAttachment": {
		{`{attacher: d, nodeName: node}`, `spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName`},
		{`{attacher: d, nodeName: node, source: {inlineVolumeSpec: {capacity: {storage: 1}}}}`, `spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified in the context of inline volumes, spec.source.inlineVolumeSpec.accessModes: Required value, spec.source.inlineVolumeSpec.csi: Required value: may not be specified in the context of inline volumes`},
	},
}

func TestRefusals(t *testing.T) {
	for kind, rows := range refusals {
		r := api.ByName(kind)
		for _, row := range rows {
			if got := faultsOf(t, r, `{"metadata":{"name":"x"},"spec":`+toJSON(t, row[0])+`}`); got != row[1] {
				t.Errorf("%s %s\n got %s\nwant %s", kind, row[0], got, row[1])
			}
		}
	}
}

// TestRefusalsOfOtherFields is the same for kinds without a spec: the row has the
// whole object but its name.
func TestRefusalsOfOtherFields(t *testing.T) {
	for _, row := range [][3]string{
		{"ConfigMap", `{data: {a: x}, binaryData: {a: eA==}}`, `data[a]: Invalid value: "a": duplicate of key present in binaryData`},
		{"Secret", `{type: kubernetes.io/basic-auth}`, `data[username]: Required value, data[password]: Required value`},
		{"Secret", `{type: kubernetes.io/service-account-token}`, `metadata.annotations[kubernetes.io/service-account.name]: Required value`},
		{"Secret", `{type: kubernetes.io/dockercfg, stringData: {.dockercfg: "{x"}}`, `data[.dockercfg]: Invalid value: "<secret contents redacted>": invalid character 'x' looking for beginning of object key string`},
		{"StorageClass", `{provisioner: p, volumeBindingMode: Foo}`, `volumeBindingMode: Unsupported value: "Foo": supported values: "Immediate", "WaitForFirstConsumer"`},
		{"StorageClass", `{provisioner: p, allowedTopologies: [{matchLabelExpressions: [{key: k, values: [v]}]}, {matchLabelExpressions: [{key: k, values: [v]}]}]}`, `allowedTopologies[1].matchLabelExpressions: Duplicate value: ""`},
		{"EndpointSlice", `{addressType: IPv4, endpoints: [{addresses: []}, {addresses: ["fd00::1"]}], ports: [{name: a}, {name: a, protocol: Foo}]}`, `ports[1].name: Duplicate value: "a", ports[1].protocol: Unsupported value: "Foo": supported values: "SCTP", "TCP", "UDP", endpoints[0].addresses: Required value: must contain at least 1 address, endpoints[1].addresses: Invalid value: "fd00::1": must be an IPv4 address`},
		{"EndpointSlice", `{addressType: IPv6, endpoints: [{addresses: ["fd00:0::1"]}]}`, `endpoints[0].addresses[0]: Invalid value: "fd00:0::1": must be in canonical form ("fd00::1")`},
		{"StorageClass", `{provisioner: p, allowedTopologies: [{}]}`, `allowedTopologies[0].matchLabelExpressions: Duplicate value: ""`},
		{"LimitRange", `{spec: {limits: [{type: Foo}, {type: kubernetes.io/foo}]}}`, `spec.limits[0].type: Invalid value: "Foo": must be a standard limit type or fully qualified`},
		{"PersistentVolume", `{metadata: {name: x, annotations: {volume.beta.kubernetes.io/mount-options: ro}}, spec: {accessModes: [ReadWriteOnce], capacity: {storage: 1}, hostPath: {path: /a}}}`, `metadata.annotations.volume.beta.kubernetes.io/mount-options: Forbidden: may not specify mount options for this volume type`},
		{"Event", `{involvedObject: {namespace: other}}`, `involvedObject.namespace: Invalid value: "other": does not match event.namespace`},
		{"Role", `{rules: [{nonResourceURLs: [/x]}]}`, `rules[0].verbs: Required value: verbs must contain at least one value, rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs`},
		{"ClusterRole", `{aggregationRule: {clusterRoleSelectors: []}}`, `aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil`},
		{"ClusterRoleBinding", `{roleRef: {kind: ClusterRole, name: a/b}, subjects: [{kind: ServiceAccount, name: a, apiGroup: x}]}`, `roleRef.name: Invalid value: "a/b": may not contain '/', subjects[0].apiGroup: Unsupported value: "x": supported values: "", subjects[0].namespace: Required value`},
		{"Endpoints", `{subsets: [{}, {addresses: [{ip: 127.0.0.1}], ports: [{port: 1}, {name: a, port: 0}]}]}`, "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`, subsets[1].addresses[0].ip: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128), subsets[1].ports[0].name: Required value, subsets[1].ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive"},
		{"ControllerRevision", `{revision: -1, data: [1]}`, `revision: Invalid value: -1: must be greater than or equal to 0, data: Required value: data must be a valid JSON object`},
		{"RuntimeClass", `{handler: A, overhead: {podFixed: {gpu: 1}}, scheduling: {tolerations: [{operator: Exists}, {operator: Exists}]}}`, `handler: Invalid value: "A": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?'), overhead.limits[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified, overhead.limits[gpu]: Invalid value: "gpu": must be a standard resource for containers, scheduling.tolerations[1]: Duplicate value: {"Key":"","Operator":"Exists","Value":"","Effect":"","TolerationSeconds":null}`},
		{"PriorityClass", `{metadata: {name: system-x}, value: 1}`, `metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-x is not a known system priority class`},
	} {
		text := strings.Replace(toJSON(t, row[1]), "{", `{"metadata":{"name":"x"},`, 1)
		if strings.Contains(row[1], "metadata") {
			text = toJSON(t, row[1])
		}
		if got := faultsOf(t, api.ByName(row[0]), text); got != row[2] {
			t.Errorf("%s %s\n got %s\nwant %s", row[0], row[1], got, row[2])
		}
	}
}

func toJSON(t *testing.T, text string) string {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// faultsOf creates an object in a server of the test's own.
func faultsOf(t *testing.T, r *api.Resource, text string) string {
	t.Helper()
	o, _, err := DecodeBody(r.GVK(), r.New, []byte(text), false, true)
	if err != nil {
		t.Fatal(err)
	}
	namespace := ""
	if r.Namespaced {
		namespace = "default"
	}
	if _, err = newServer().create(o, r, namespace); err == nil {
		return ""
	}
	_, faults, _ := strings.Cut(err.Error(), " is invalid: ")
	return strings.TrimSuffix(strings.TrimPrefix(faults, "["), "]")
}

// TestPrepared is what becomes of objects beyond their defaults: what Kubernetes
// drops, names or keeps in step without a word.
func TestPrepared(t *testing.T) {
	for name, c := range map[string]struct {
		resource     *api.Resource
		object, want string
	}{
		"account keeps names only":     {api.ServiceAccounts, `{secrets: [{name: a, namespace: b, kind: c}]}`, `"secrets":[{"name":"a"}]`},
		"source of a claim":            {api.PersistentVolumeClaims, `{spec: {dataSource: {apiGroup: x.y, kind: Z, name: n}}}`, `"spec":{"resources":{},"volumeMode":"Filesystem"}`},
		"snapshot as a claim's source": {api.PersistentVolumeClaims, `{spec: {dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: src}}}`, `"dataSourceRef":{"apiGroup":"snapshot.storage.k8s.io","kind":"VolumeSnapshot","name":"src"}`},
		"limit range without a name":   {api.LimitRanges, `{metadata: {name: "", uid: some-uuid}}`, `"name":"some-uuid"`},
		"surge of daemons":             {api.DaemonSets, `{spec: {updateStrategy: {type: OnDelete, rollingUpdate: {maxUnavailable: 2}}}}`, `"maxUnavailable":2,"maxSurge":0`},
		"pace of a stateful set":       {api.StatefulSets, `{spec: {updateStrategy: {type: RollingUpdate}}}`, `"updateStrategy":{"type":"RollingUpdate"}`},
		"image named by its ID":        {api.Pods, `{spec: {containers: [{name: a, image: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}]}}`, `"imagePullPolicy":"IfNotPresent"`},
		"gated since it was made":      {api.Pods, `{metadata: {creationTimestamp: 2026-01-01T00:00:00Z}, spec: {schedulingGates: [{name: a}], containers: []}}`, `"lastTransitionTime":"2026-01-01T00:00:00Z"`},
	} {
		t.Run(name, func(t *testing.T) {
			o := c.resource.New()
			if err := yaml.Unmarshal([]byte(c.object), o); err != nil {
				t.Fatal(err)
			}
			s := For(c.resource)
			if s.Default != nil {
				s.Default(o)
			}
			if s.PrepareForCreate != nil {
				s.PrepareForCreate(o)
			}
			if got, err := json.Marshal(o); err != nil || !strings.Contains(string(got), c.want) {
				t.Errorf("no %s in\n%s %v", c.want, got, err)
			}
		})
	}
}

// TestSelectableFieldsWithoutSchema has a definition refused that names fields of a schema that it does not have.
func TestSelectableFieldsWithoutSchema(t *testing.T) {
	const crd = `{metadata: {name: xs.g.io}, spec: {group: g.io, scope: Cluster, names: {plural: xs, kind: X},
		versions: [{name: v1, served: true, storage: true, schema: {}, selectableFields: [{jsonPath: .spec.a}]}]}}`
	o := api.CustomResourceDefinitions.New()
	if err := yaml.Unmarshal([]byte(crd), o); err != nil {
		t.Fatal(err)
	}
	s := For(api.CustomResourceDefinitions)
	s.Default(o)
	s.PrepareForCreate(o)
	if errs := s.Validate(o).ToAggregate(); errs == nil || !strings.Contains(errs.Error(), "spec.versions[0].schema.openAPIV3Schema: Required value") {
		t.Errorf("its faults are %v", errs)
	}
}
