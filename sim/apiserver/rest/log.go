package rest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"minisim/sim/api"
)

// log says why there is nothing to read of what a container has written.
func (c *exchange) log() error {
	if err := c.logOptions(); err != nil {
		return err
	}
	o, err := c.stored(api.Pods, c.target.key())
	if err != nil {
		return err
	}
	pod := o.(*corev1.Pod)
	container, err := containerOf(pod, c.query().Get("container"))
	if err != nil {
		return err
	}
	if pod.Spec.NodeName == "" {
		c.begun = true
		c.w.WriteHeader(http.StatusNoContent) // as a real server has it: nothing has been written yet
		return nil
	}
	if why := waitingFor(pod, container); why != "" {
		return apierrors.NewBadRequest(fmt.Sprintf("container %q in pod %q is waiting to start: %s", container, pod.Name, why))
	}
	return unimplemented("simulated containers run no processes, so nothing writes a log; see kubectl describe pod for what has happened to it")
}

// logOptions checks what is asked for of a log.
func (c *exchange) logOptions() error {
	var errs field.ErrorList
	for _, o := range []struct {
		name  string
		least int64
		why   string
	}{{"tailLines", 0, "must be greater than or equal to 0"}, {"limitBytes", 1, "must be greater than 0"}, {"sinceSeconds", 1, "must be greater than 0"}} {
		v := c.query().Get(o.name)
		if v == "" {
			continue
		}
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return apierrors.NewBadRequest(fmt.Sprintf("strconv.ParseInt: parsing %q: invalid syntax", v))
		}
		switch {
		case o.name == "sinceSeconds" && c.query().Get("sinceTime") != "":
			errs = append(errs, field.Forbidden(field.NewPath(""), "at most one of `sinceTime` or `sinceSeconds` may be specified"))
		case n < o.least:
			errs = append(errs, field.Invalid(field.NewPath(o.name), n, o.why))
		}
	}
	if v := c.query().Get("stream"); v != "" {
		errs = append(errs, field.Forbidden(field.NewPath("stream"), "may not be specified"))
	}
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("PodLogOptions").GroupKind(), c.target.name, errs)
}

// waitingFor is the reason for which a container has not started, "" if it has.
func waitingFor(pod *corev1.Pod, container string) string {
	for _, s := range append(slices.Clone(pod.Status.ContainerStatuses), pod.Status.InitContainerStatuses...) {
		if s.Name == container && s.State.Waiting != nil && s.LastTerminationState.Terminated == nil {
			return s.State.Waiting.Reason
		}
	}
	return ""
}
