package kinds

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func newEvent() *corev1.Event {
	at := metav1.NewMicroTime(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC))
	return &corev1.Event{
		TypeMeta: typeMeta(api.Events), ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "x"},
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: "default", Name: "p"},
		Related:        &corev1.ObjectReference{Kind: "Node", Name: "n"},
		Reason:         "Looked", Message: "nothing there", Type: corev1.EventTypeNormal, Action: "Look",
		ReportingController: "example.com/me", ReportingInstance: "me-1", EventTime: at,
		Series: &corev1.EventSeries{Count: 2, LastObservedTime: at},
	}
}

// TestEventRoundTrip has an event of either sort seen through events.k8s.io/v1 and back.
func TestEventRoundTrip(t *testing.T) {
	older := newEvent()
	older.Series, older.EventTime, older.Count = nil, metav1.MicroTime{}, 3
	older.Source = corev1.EventSource{Component: "kubelet", Host: "n"}
	older.FirstTimestamp, older.LastTimestamp = metav1.Unix(1, 0), metav1.Unix(2, 0)
	for _, in := range []*corev1.Event{newEvent(), older} {
		v1 := ToVersion(in, api.EventsV1)
		if got := v1.GetObjectKind().GroupVersionKind(); got != api.EventsV1.GVK() {
			t.Errorf("it is a %s", got)
		}
		if out := ToPresent(v1); !equality.Semantic.DeepEqual(out, in) {
			t.Errorf("got %+v, want %+v", out, in)
		}
	}
}

// TestEventV1Rules has what only the newer group refuses.
func TestEventV1Rules(t *testing.T) {
	newer, older := For(api.EventsV1), For(api.Events)
	for want, change := range map[string]func(*corev1.Event){
		"":                          func(*corev1.Event) {},
		"eventTime: Required value": func(e *corev1.Event) { e.EventTime = metav1.MicroTime{} },
		`type: Invalid value: "": has invalid value: Bad`:       func(e *corev1.Event) { e.Type = "Bad" },
		`count: Invalid value: "": needs to be unset`:           func(e *corev1.Event) { e.Count = 1 },
		`source: Invalid value: "": needs to be unset`:          func(e *corev1.Event) { e.Source.Host = "n" },
		`series.count: Invalid value: "": should be at least 2`: func(e *corev1.Event) { e.Series.Count = 1 },
		"series.lastObservedTime: Required value":               func(e *corev1.Event) { e.Series.LastObservedTime = metav1.MicroTime{} },
		`firstTimestamp: Invalid value: "": needs to be unset`:  func(e *corev1.Event) { e.FirstTimestamp = metav1.Unix(1, 0) },
	} {
		e := newEvent()
		change(e)
		if got := newer.Validate(e).ToAggregate(); want == "" && got != nil || want != "" && (got == nil || got.Error() != want) {
			t.Errorf("got %v, want %q", got, want)
		}
		if got := older.Validate(e); len(got) > 0 {
			t.Errorf("the core group refuses it, too: %v", got)
		}
	}
	changed := newEvent()
	changed.Reason, changed.ReportingController = "Other", ""
	got := newer.ValidateUpdate(changed, newEvent()).ToAggregate()
	for _, want := range []string{`reason: Invalid value: "Other": field is immutable`, "reportingController: Required value", `reportingController: Invalid value: "": field is immutable`} {
		if got == nil || !strings.Contains(got.Error(), want) {
			t.Errorf("got %v, want %q among it", got, want)
		}
	}
}
