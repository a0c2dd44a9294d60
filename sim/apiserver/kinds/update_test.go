package kinds

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
)

const (
	onePod     = `{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: default}, spec: {nodeSelector: {a: b}, activeDeadlineSeconds: 9, tolerations: [{key: t, operator: Exists}], containers: [{name: a, image: x}]}}`
	gatedPod   = `{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: default}, spec: {nodeSelector: {a: b}, schedulingGates: [{name: g}], containers: [{name: a, image: x}]}}`
	oneClaim   = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: x, namespace: default}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 2Gi}}}}`
	oneService = `{apiVersion: v1, kind: Service, metadata: {name: x, namespace: default}, spec: {type: NodePort, ports: [{port: 80}]}}`
	oneNode    = `{apiVersion: v1, kind: Node, metadata: {name: x}, spec: {podCIDR: 10.0.0.0/24, providerID: p}}`
	oneDeploy  = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: x, namespace: default}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: x}]}}}}`
	oneJob     = `{apiVersion: batch/v1, kind: Job, metadata: {name: x, namespace: default}, spec: {suspend: true, template: {spec: {restartPolicy: Never, containers: [{name: a, image: x}]}}}}`
	oneSet     = `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: x, namespace: default}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: x}]}}}}`
	oneDaemon  = `{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: x, namespace: default}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: x}]}}}}`
	frozenMap  = `{apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: default}, immutable: true, data: {a: b}}`
	oneSlice   = `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: x, namespace: default}, addressType: IPv4, endpoints: [{addresses: [10.0.0.1]}]}`
	oneBudget  = `{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: x, namespace: default}, spec: {minAvailable: 1}}`
	oneBinding = `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: x, namespace: default}, roleRef: {kind: Role, name: r}}`
	oneIngress = `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: x, namespace: default}, spec: {defaultBackend: {service: {name: s, port: {number: 80}}}}}`
	oneCron    = `{apiVersion: batch/v1, kind: CronJob, metadata: {name: x, namespace: default}, spec: {schedule: "@daily", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: x}]}}}}}}`
	oneCSINode = `{apiVersion: storage.k8s.io/v1, kind: CSINode, metadata: {name: x}, spec: {drivers: [{name: d, nodeID: i}]}}`
)

// TestUpdates patches objects, on the main resource or its status. faults is how
// the answer begins that is wanted, "" for success; generation what it is then.
func TestUpdates(t *testing.T) {
	const frozen = "spec: Forbidden: pod updates may not change fields other than"
	for name, c := range map[string]struct {
		object, sub, patch string
		faults             string
		generation         int64
	}{
		"image":                      {onePod, "", `{spec: {containers: [{name: a, image: z}]}}`, "", 2},
		"labels only":                {onePod, "", `{metadata: {labels: {c: d}}}`, "", 1},
		"command":                    {onePod, "", `{spec: {containers: [{name: a, image: x, command: [c]}]}}`, frozen, 0},
		"another container":          {onePod, "", `{spec: {containers: [{name: a, image: x}, {name: b, image: x}]}}`, "spec.containers: Forbidden: pod updates may not add or remove containers", 0},
		"longer deadline":            {onePod, "", `{spec: {activeDeadlineSeconds: 10}}`, "spec.activeDeadlineSeconds: Invalid value: 10: must be less than or equal to previous value", 0},
		"shorter deadline":           {onePod, "", `{spec: {activeDeadlineSeconds: 8}}`, "", 2},
		"no toleration":              {onePod, "", `{spec: {tolerations: []}}`, "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds", 0},
		"node of a gated pod":        {gatedPod, "", `{spec: {nodeName: node}}`, frozen, 0},
		"narrower gated pod":         {gatedPod, "", `{spec: {nodeSelector: {c: d}}}`, "", 2},
		"wider gated pod":            {gatedPod, "", `{spec: {nodeSelector: {a: null}}}`, "spec.nodeSelector: Invalid value: {}: only additions to spec.nodeSelector are allowed", 0},
		"another gate":               {gatedPod, "", `{spec: {schedulingGates: [{name: g}, {name: h}]}}`, "spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'h'", 0},
		"a gate less":                {gatedPod, "", `{spec: {schedulingGates: null}}`, "", 2},
		"status of a pod":            {onePod, "status", `{spec: {nodeName: node}, status: {phase: Running}}`, "", 1},
		"size of an unbound claim":   {oneClaim, "", `{spec: {resources: {requests: {storage: 3Gi}}}}`, "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims", 0},
		"volume of a claim":          {oneClaim, "", `{spec: {volumeName: v}}`, "", 0},
		"service to ClusterIP":       {oneService, "", `{spec: {type: ClusterIP}}`, "", 0},
		"service to ExternalName":    {oneService, "", `{spec: {type: ExternalName, externalName: a.b, clusterIP: null, clusterIPs: null, ports: null}}`, "", 0},
		"another cluster IP":         {oneService, "", `{spec: {clusterIP: 10.96.0.9}}`, "spec.clusterIPs[0]: Invalid value: [\"10.96.0.9\"]: may not change once set", 0},
		"another pod CIDR":           {oneNode, "", `{spec: {podCIDR: 10.1.0.0/24, podCIDRs: [10.1.0.0/24]}}`, `spec.podCIDRs: Invalid value: ["10.1.0.0/24","10.0.0.0/24"]: may specify no more than one CIDR for each IP family, spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid`, 0},
		"finalizer of a node":        {oneNode, "", `{metadata: {finalizers: [Bad!]}}`, `metadata.finalizers: Invalid value: "Bad!": name part must consist of`, 0},
		"grace period of a node":     {oneNode, "", `{metadata: {deletionGracePeriodSeconds: 5}}`, `metadata.deletionGracePeriodSeconds: Invalid value: 5: field is immutable`, 0},
		"features of a node":         {oneNode, "status", `{status: {declaredFeatures: [b]}}`, `status.declaredFeatures[0]: Invalid value: "b": invalid feature name "b": must start with an UpperCamelCase segment`, 0},
		"another provider":           {oneNode, "", `{spec: {providerID: q}}`, `spec.providerID: Forbidden: node updates may not change providerID except from "" to valid`, 0},
		"negative capacity":          {oneNode, "status", `{status: {capacity: {cpu: -1}, allocatable: {cpu: 1}}}`, `status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0`, 0},
		"replicas":                   {oneDeploy, "", `{spec: {replicas: 3}}`, "", 2},
		"annotation of a deployment": {oneDeploy, "", `{metadata: {annotations: {c: d}}}`, "", 2},
		"label of a deployment":      {oneDeploy, "", `{metadata: {labels: {c: d}}}`, "", 1},
		"selector":                   {oneDeploy, "", `{spec: {selector: {matchLabels: {a: c}}, template: {metadata: {labels: {a: c}}}}}`, `spec.selector: Invalid value: {"matchLabels":{"a":"c"}}: field is immutable`, 0},
		"replicas in the status":     {oneDeploy, "status", `{spec: {replicas: 9}, status: {replicas: 1, readyReplicas: 2}}`, "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas", 0},
		"nodes of a suspended job":   {oneJob, "", `{spec: {template: {spec: {nodeSelector: {a: b}}}}}`, "", 2},
		"image of a suspended job":   {oneJob, "", `{spec: {template: {spec: {containers: [{name: a, image: z}]}}}}`, "spec.template.spec: Invalid value: ", 0},
		"end without a cause":        {oneJob, "status", `{status: {startTime: "2026-01-01T00:00:00Z", conditions: [{type: Failed, status: "True"}]}}`, "status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition", 0},
		"end without a time":         {oneJob, "status", `{status: {startTime: "2026-01-01T00:00:00Z", conditions: [{type: SuccessCriteriaMet, status: "True"}, {type: Complete, status: "True"}]}}`, "status.completionTime: Required value: completionTime is required for Complete jobs", 0},
		"end without a start":        {oneJob, "status", `{status: {conditions: [{type: FailureTarget, status: "True"}, {type: Failed, status: "True"}]}}`, "status.startTime: Required value: startTime is required for finished job", 0},
		"end with pods":              {oneJob, "status", `{status: {active: 1, startTime: "2026-01-01T00:00:00Z", conditions: [{type: FailureTarget, status: "True"}, {type: Failed, status: "True"}]}}`, "status.active: Invalid value: 1: active>0 is invalid for finished job", 0},
		"end":                        {oneJob, "status", `{status: {startTime: "2026-01-01T00:00:00Z", completionTime: "2026-01-01T00:00:01Z", succeeded: 1, conditions: [{type: SuccessCriteriaMet, status: "True"}, {type: Complete, status: "True"}]}}`, "", 1},
		"more ready than active":     {oneJob, "status", `{status: {ready: 1}}`, "status.ready: Invalid value: 1: cannot set more ready pods than active", 0},
		"indexes of a plain job":     {oneJob, "status", `{status: {completedIndexes: "0"}}`, `status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode`, 0},
		"resume":                     {oneJob, "", `{spec: {suspend: false}}`, "", 2},
		"image of a stateful set":    {oneSet, "", `{spec: {template: {spec: {containers: [{name: a, image: ""}]}}}}`, `spec.template.spec.containers[0].image: Required value`, 0},
		"claims of a stateful set":   {oneSet, "", `{spec: {volumeClaimTemplates: [{metadata: {name: v}}]}}`, "spec: Forbidden: updates to statefulset spec for fields other than", 0},
		"history of a stateful set":  {oneSet, "", `{spec: {revisionHistoryLimit: -1}}`, "", 2},
		"selector of a daemon set":   {oneDaemon, "", `{spec: {selector: {matchLabels: {a: c}}}}`, `spec.selector: Invalid value: {"matchLabels":{"a":"c"}}: field is immutable`, 0},
		"frozen data":                {frozenMap, "", `{data: {a: c}}`, "data: Forbidden: field is immutable when `immutable` is set", 0},
		"label of a frozen map":      {frozenMap, "", `{metadata: {labels: {c: d}}}`, "", 0},
		"endpoints":                  {oneSlice, "", `{endpoints: [{addresses: [10.0.0.2]}]}`, "", 2},
		"family of a slice":          {oneSlice, "", `{addressType: IPv6, endpoints: []}`, `addressType: Invalid value: "IPv6": field is immutable`, 0},
		"budget":                     {oneBudget, "", `{spec: {minAvailable: 2}, status: {currentHealthy: 5}}`, "", 2},
		"status of a budget":         {oneBudget, "status", `{status: {disruptionsAllowed: -1}}`, "status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0", 0},
		"another role":               {oneBinding, "", `{roleRef: {name: s}}`, `roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"s"}: cannot change roleRef`, 0},
		"subjects":                   {oneBinding, "", `{subjects: [{kind: User, name: u}]}`, "", 0},
		"class of an ingress":        {oneIngress, "", `{spec: {ingressClassName: c}, status: {loadBalancer: {ingress: [{ip: 1.2.3.4}]}}}`, "", 2},
		"address of an ingress":      {oneIngress, "status", `{status: {loadBalancer: {ingress: [{hostname: 1.2.3.4}]}}}`, `status.loadBalancer.ingress[0].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address`, 0},
		"another schedule":           {oneCron, "", `{spec: {schedule: "@hourly"}}`, "", 2},
		"capacity of a driver":       {oneCSINode, "", `{spec: {drivers: [{name: d, nodeID: i, allocatable: {count: 5}}]}}`, "", 0},
		"identity at a driver":       {oneCSINode, "", `{spec: {drivers: [{name: d, nodeID: j}]}}`, `spec.drivers: Invalid value: `, 0},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := patchIn(t, types.StrategicMergePatchType, c.object, c.sub, c.patch)
			if c.faults == "" && err != nil || c.faults != "" && err == nil {
				t.Fatalf("answers %v, want %q", err, c.faults)
			}
			if err == nil {
				if o.GetGeneration() != c.generation {
					t.Errorf("generation %d, want %d", o.GetGeneration(), c.generation)
				}
				return
			}
			if _, faults, _ := strings.Cut(err.Error(), " is invalid: "); !strings.HasPrefix(strings.TrimPrefix(faults, "["), c.faults) {
				t.Errorf("\n got %v\nwant %s", err, c.faults)
			}
		})
	}
}

// TestUpdateWarnings has what Kubernetes remarks upon in a changed workload: not
// the name, and the template only if the spec has changed.
func TestUpdateWarnings(t *testing.T) {
	const old = `{spec: {template: {spec: {nodeSelector: {beta.kubernetes.io/os: linux}}}}}`
	const remark = "spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead"
	dotted := func(object string) string { return strings.Replace(object, "name: x", "name: x.y", 1) }
	for name, c := range map[string]struct{ object, patch, want string }{
		"deployment":   {dotted(oneDeploy), old, remark},
		"its label":    {dotted(oneDeploy), `{metadata: {labels: {c: d}}}`, ""},
		"daemon set":   {oneDaemon, old, remark},
		"its pace":     {oneDaemon, `{spec: {minReadySeconds: 1}}`, ""},
		"stateful set": {oneSet, `{spec: {revisionHistoryLimit: -1}}`, "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"},
		"job":          {dotted(oneJob), `{spec: {suspend: false}}`, ""},
		"cron job":     {dotted(oneCron), `{spec: {schedule: "@hourly"}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer()
			if err := s.setUp([]byte(toJSON(t, c.object))); err != nil {
				t.Fatal(err)
			}
			was := s.objects[len(s.objects)-1]
			is, err := patchIn(t, types.StrategicMergePatchType, c.object, "", c.patch)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(For(api.Of(was)).WarningsOnUpdate(is, was), "; "); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

// patchIn creates an object in a new server and patches it.
func patchIn(t *testing.T, how types.PatchType, object, sub, patch string) (api.Object, error) {
	t.Helper()
	s := newServer()
	if err := s.setUp([]byte(toJSON(t, object))); err != nil {
		t.Fatal(err)
	}
	old := s.objects[len(s.objects)-1]
	r := api.Of(old)
	data, err := patched(old, r, string(how), []byte(toJSON(t, patch)))
	if err != nil {
		t.Fatal(err)
	}
	o, _, err := DecodeBody(r.GVK(), r.New, data, false, true)
	if err != nil {
		t.Fatal(err)
	}
	return s.update(o, old, target{r: r, key: api.KeyOf(old), sub: sub})
}

func TestServiceKeepsWhatItHas(t *testing.T) {
	o, err := patchIn(t, types.MergePatchType, oneService, "", `{spec: {clusterIP: null, clusterIPs: null, ports: [{port: 81}]}}`)
	if err != nil {
		t.Fatal(err)
	}
	s := o.(*corev1.Service).Spec
	if s.ClusterIP != "10.96.0.7" || len(s.ClusterIPs) != 1 || s.Ports[0].NodePort != 30007 || s.Ports[0].TargetPort.IntVal != 81 {
		t.Errorf("the service became %+v", s)
	}
	if o, err = patchIn(t, types.MergePatchType, oneService, "", `{spec: {type: ClusterIP}}`); err != nil {
		t.Fatal(err)
	}
	if s := o.(*corev1.Service).Spec; s.Ports[0].NodePort != 0 || s.ExternalTrafficPolicy != "" || s.ClusterIP != "10.96.0.7" {
		t.Errorf("without node ports the service became %+v", s)
	}
}
