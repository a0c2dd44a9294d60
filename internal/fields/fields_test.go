package fields

import (
	"errors"
	"testing"

	v1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func TestDecodeNamesFields(t *testing.T) {
	for text, want := range map[string]string{
		`{spec: {containers: [{name: a}, {name: b, resources: {requests: {cpu: lots}}}]}}`: `spec.containers[1].resources.requests.cpu: "lots" is no quantity such as 500m, 2 or 1Gi`,
		`{spec: {containers: [{resources: {limits: {memory: 1GB, cpu: "1x"}}}]}}`: "spec.containers[0].resources.limits.cpu: \"1x\" is no quantity such as 500m, 2 or 1Gi; " +
			`spec.containers[0].resources.limits.memory: "1GB" is no quantity such as 500m, 2 or 1Gi`,
		`[1]`:                                      `must be a mapping, not a list`,
		`{spec: {containers: 5}}`:                  `spec.containers: must be a list, not 5`,
		`{spec: {containers: {name: a}}}`:          `spec.containers: must be a list, not a mapping`,
		`{spec: []}`:                               `spec: must be a mapping, not a list`,
		`{spec: {hostNetwork: "no"}}`:              `spec.hostNetwork: must be true or false, not "no"`,
		`{spec: {priority: 1.5}}`:                  `spec.priority: must be a whole number up to 2147483647, not 1.5`,
		`{spec: {priority: 99999999999}}`:          `spec.priority: must be a whole number up to 2147483647, not 99999999999`,
		`{metadata: {name: 5, labels: {a: true}}}`: "metadata.labels.a: must be text, not true; metadata.name: must be text, not 5",
		`{metadata: {deletionTimestamp: soon}}`:    `metadata.deletionTimestamp: "soon" is no time such as 2026-01-31T12:00:00Z`,
		`{spec: {containers: [{livenessProbe: {httpGet: {port: []}}}]}}`: `spec.containers[0].livenessProbe.httpGet.port: must be`,
	} {
		raw, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		_, err = Decode(raw, new(v1.Pod))
		if err == nil || len(err.Error()) < len(want) || err.Error()[:len(want)] != want {
			t.Errorf("%s:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

func TestDecodeReads(t *testing.T) {
	var pod v1.Pod
	ignored, err := Decode([]byte(`{"spec":{"nodeName":"a","Hostname":"b","tolerations":[{"sed":1}]},"kind":"Pod","kind":"Pod"}`), &pod)
	if err != nil || pod.Spec.NodeName != "a" || pod.Spec.Hostname != "" {
		t.Errorf("%v, %v", pod.Spec, err)
	}
	want := "spec.Hostname: there is no such field; spec.tolerations[0].sed: there is no such field; kind: it stands twice"
	if ignored.Error() != want {
		t.Errorf("ignored: %v\nwant     %s", ignored, want)
	}
	var faults Faults
	if _, err := Decode([]byte(`{"a":`), &pod); err == nil || errors.As(err, &faults) {
		t.Errorf("half an object: %v", err)
	}
}
