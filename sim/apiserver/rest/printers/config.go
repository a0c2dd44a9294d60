package printers

import (
	"reflect"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// plainKinds are those with little to show.
var plainKinds = map[reflect.Type]printer{
	reflect.TypeFor[*corev1.ConfigMap](): of(columns("Name|Data|Age", map[string]string{"Data": corev1.ConfigMap{}.SwaggerDoc()["data"]}),
		func(c *corev1.ConfigMap, now time.Time) []any {
			return []any{c.Name, int64(len(c.Data) + len(c.BinaryData)), age(c, now)}
		}),
	reflect.TypeFor[*corev1.Secret](): of(columns("Name|Type|Data|Age", map[string]string{
		"Type": corev1.Secret{}.SwaggerDoc()["type"], "Data": corev1.Secret{}.SwaggerDoc()["data"],
	}), func(s *corev1.Secret, now time.Time) []any {
		return []any{s.Name, string(s.Type), int64(len(s.Data)), age(s, now)}
	}),
	reflect.TypeFor[*coordinationv1.Lease](): of(columns("Name|Holder|Age", map[string]string{"Holder": coordinationv1.LeaseSpec{}.SwaggerDoc()["holderIdentity"]}),
		func(l *coordinationv1.Lease, now time.Time) []any {
			return []any{l.Name, text(l.Spec.HolderIdentity, ""), age(l, now)}
		}),
	reflect.TypeFor[*corev1.ServiceAccount](): of(columns("Name|Secrets|Age", map[string]string{"Secrets": corev1.ServiceAccount{}.SwaggerDoc()["secrets"]}),
		func(a *corev1.ServiceAccount, now time.Time) []any {
			return []any{a.Name, int64(len(a.Secrets)), age(a, now)}
		}),
	reflect.TypeFor[*nodev1.RuntimeClass](): of(columns("Name|Handler|Age", map[string]string{"Handler": nodev1.RuntimeClass{}.SwaggerDoc()["handler"]}),
		func(c *nodev1.RuntimeClass, now time.Time) []any {
			return []any{c.Name, c.Handler, age(c, now)}
		}),
	reflect.TypeFor[*corev1.Event](): of(columns("Last Seen|Type|Reason|Object|Subobject*|Source*|Message|First Seen*|Count*|Name*", map[string]string{
		"Last Seen": corev1.Event{}.SwaggerDoc()["lastTimestamp"], "Type": corev1.Event{}.SwaggerDoc()["type"], "Reason": corev1.Event{}.SwaggerDoc()["reason"],
		"Object": corev1.Event{}.SwaggerDoc()["involvedObject"], "Subobject": corev1.ObjectReference{}.SwaggerDoc()["fieldPath"],
		"Source": corev1.Event{}.SwaggerDoc()["source"], "Message": corev1.Event{}.SwaggerDoc()["message"],
		"First Seen": corev1.Event{}.SwaggerDoc()["firstTimestamp"], "Count": corev1.Event{}.SwaggerDoc()["count"],
	}), eventCells),
}

func eventCells(e *corev1.Event, now time.Time) []any {
	first := since(e.FirstTimestamp, now)
	if e.FirstTimestamp.IsZero() {
		first = since(metav1.Time(e.EventTime), now)
	}
	last, count := since(e.LastTimestamp, now), e.Count
	if e.LastTimestamp.IsZero() {
		last = first
	}
	if e.Series != nil {
		last, count = since(metav1.Time(e.Series.LastObservedTime), now), e.Series.Count
	} else if count == 0 {
		count = 1
	}
	object := strings.ToLower(e.InvolvedObject.Kind)
	if e.InvolvedObject.Name != "" {
		object += "/" + e.InvolvedObject.Name
	}
	source := or(e.Source.Component, e.ReportingController)
	if host := or(e.Source.Host, e.ReportingInstance); host != "" {
		source += ", " + host
	}
	return []any{
		last, e.Type, e.Reason, object, e.InvolvedObject.FieldPath, source, strings.TrimSpace(e.Message), first, int64(count), e.Name,
	}
}
