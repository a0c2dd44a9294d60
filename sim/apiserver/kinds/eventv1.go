package kinds

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"minisim/sim/api"
)

// eventsV1 are those that come by events.k8s.io/v1. The faults are told in the
// words of the core group, in which events are stored (ValidateEventCreate and
// ValidateEventUpdate of Kubernetes).
var eventsV1 = kind[*corev1.Event]{
	validate: func(f *faults, e *corev1.Event) {
		f.event(e, "reportingController")
		f.meta(e, true, apivalidation.NameIsDNSSubdomain)
		f.eventSeries(e.Series)
		if e.EventTime.IsZero() {
			f.required(nil, "eventTime", "")
		}
		if e.Type != corev1.EventTypeNormal && e.Type != corev1.EventTypeWarning {
			f.invalid(nil, "type", "", "has invalid value: "+e.Type)
		}
		f.unsetInEvent("firstTimestamp", !e.FirstTimestamp.IsZero())
		f.unsetInEvent("lastTimestamp", !e.LastTimestamp.IsZero())
		f.unsetInEvent("count", e.Count != 0)
		f.unsetInEvent("source", e.Source != corev1.EventSource{})
	},
	validateUpdate: func(f *faults, new, old *corev1.Event) {
		f.event(new, "reportingController")
		f.metaUpdate(new, old)
		if !equality.Semantic.DeepEqual(new.Series, old.Series) {
			f.eventSeries(new.Series)
		}
		for _, c := range []struct {
			child    string
			new, old any
		}{
			{"involvedObject", new.InvolvedObject, old.InvolvedObject}, {"reason", new.Reason, old.Reason}, {"message", new.Message, old.Message},
			{"source", new.Source, old.Source}, {"firstTimestamp", new.FirstTimestamp, old.FirstTimestamp}, {"lastTimestamp", new.LastTimestamp, old.LastTimestamp},
			{"count", new.Count, old.Count}, {"type", new.Type, old.Type},
		} {
			f.immutable(nil, c.child, c.new, c.old)
		}
		if a, b := new.EventTime.Truncate(time.Microsecond), old.EventTime.Truncate(time.Microsecond); !a.Equal(b) {
			f.immutable(nil, "eventTime", new.EventTime, old.EventTime)
		}
		f.immutable(nil, "action", new.Action, old.Action)
		f.immutable(nil, "related", new.Related, old.Related)
		f.immutable(nil, "reportingController", new.ReportingController, old.ReportingController)
		f.immutable(nil, "reportingInstance", new.ReportingInstance, old.ReportingInstance)
	},
	createOnUpdate: true,
}

func (f *faults) eventSeries(s *corev1.EventSeries) {
	if s == nil {
		return
	}
	if s.Count < 2 {
		f.add(field.Invalid(field.NewPath("series.count"), "", "should be at least 2"))
	}
	if s.LastObservedTime.IsZero() {
		f.add(field.Required(field.NewPath("series.lastObservedTime"), ""))
	}
}

func (f *faults) unsetInEvent(child string, set bool) {
	if set {
		f.invalid(nil, child, "", "needs to be unset")
	}
}

func eventFromV1(in *eventsv1.Event) *corev1.Event {
	in = in.DeepCopy()
	out := &corev1.Event{
		ObjectMeta: in.ObjectMeta, InvolvedObject: in.Regarding, Related: in.Related, Reason: in.Reason, Message: in.Note, Type: in.Type,
		EventTime: in.EventTime, Action: in.Action, ReportingController: in.ReportingController, ReportingInstance: in.ReportingInstance,
		Source: in.DeprecatedSource, FirstTimestamp: in.DeprecatedFirstTimestamp, LastTimestamp: in.DeprecatedLastTimestamp, Count: in.DeprecatedCount,
	}
	if in.Series != nil {
		out.Series = &corev1.EventSeries{Count: in.Series.Count, LastObservedTime: in.Series.LastObservedTime}
	}
	out.TypeMeta = typeMeta(api.Events)
	return out
}

func eventToV1(in *corev1.Event) *eventsv1.Event {
	in = in.DeepCopy()
	out := &eventsv1.Event{
		ObjectMeta: in.ObjectMeta, Regarding: in.InvolvedObject, Related: in.Related, Reason: in.Reason, Note: in.Message, Type: in.Type,
		EventTime: in.EventTime, Action: in.Action, ReportingController: in.ReportingController, ReportingInstance: in.ReportingInstance,
		DeprecatedSource: in.Source, DeprecatedFirstTimestamp: in.FirstTimestamp, DeprecatedLastTimestamp: in.LastTimestamp, DeprecatedCount: in.Count,
	}
	if in.Series != nil {
		out.Series = &eventsv1.EventSeries{Count: in.Series.Count, LastObservedTime: in.Series.LastObservedTime}
	}
	out.TypeMeta = typeMeta(api.EventsV1)
	return out
}

func typeMeta(r *api.Resource) metav1.TypeMeta {
	version, kind := r.GVK().ToAPIVersionAndKind()
	return metav1.TypeMeta{APIVersion: version, Kind: kind}
}
