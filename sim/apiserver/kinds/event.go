package kinds

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// events are those of the core group, whose rules are laxer than their
// successor's.
var events = kind[*corev1.Event]{
	validate:       func(f *faults, e *corev1.Event) { f.event(e, "reportingComponent") },
	validateUpdate: func(f *faults, new, _ *corev1.Event) { f.event(new, "reportingComponent") },
	createOnUpdate: true,
}

// The most characters that the texts of an event may have, if it has a time with
// microseconds as the newer reporters send.
const (
	maxEventWord    = 128
	maxEventMessage = 1024
)

// event holds an event to the older rules. reporter is what the version that the
// request speaks calls the program that reports it.
func (f *faults) event(e *corev1.Event, reporter string) {
	if about := e.InvolvedObject.Namespace; !mayBeAbout(e, about) {
		f.invalid(field.NewPath("involvedObject"), "namespace", about, "does not match event.namespace")
	}
	if !e.EventTime.IsZero() {
		f.notEmpty(nil, reporter, e.ReportingController)
		f.rule(nil, reporter, e.ReportingController, qualifiedName)
		f.notEmpty(nil, "reportingInstance", e.ReportingInstance)
		f.atMost("reportingInstance", e.ReportingInstance, maxEventWord)
		f.notEmpty(nil, "action", e.Action)
		f.atMost("action", e.Action, maxEventWord)
		f.notEmpty(nil, "reason", e.Reason)
		f.atMost("reason", e.Reason, maxEventWord)
		f.atMost("message", e.Message, maxEventMessage)
	}
	f.rule(nil, "namespace", e.Namespace, dnsSubdomain)
}

// mayBeAbout reports whether an event may be about something in a namespace.
func mayBeAbout(e *corev1.Event, about string) bool {
	switch {
	case e.EventTime.IsZero() && about != "":
		return about == e.Namespace
	case e.EventTime.IsZero():
		return e.Namespace == "" || e.Namespace == metav1.NamespaceDefault
	case about == "":
		return e.Namespace == metav1.NamespaceDefault || e.Namespace == metav1.NamespaceSystem
	default:
		return true
	}
}

func (f *faults) atMost(child, text string, most int) {
	if len(text) > most {
		f.invalid(nil, child, "", fmt.Sprintf("can have at most %v characters", most))
	}
}
