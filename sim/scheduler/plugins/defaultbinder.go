package plugins

import "minisim/sim/scheduler/framework"

// DefaultBinder writes the binding through the API's pods/binding subresource.
type DefaultBinder struct{}

var _ framework.BindPlugin = DefaultBinder{}

// Name implements framework.Plugin.
func (DefaultBinder) Name() string { return "DefaultBinder" }

// Bind implements framework.BindPlugin.
func (DefaultBinder) Bind(pod *framework.PodInfo, nodeName string, w framework.Writer) *framework.Status {
	if err := w.Bind(pod, nodeName); err != nil {
		return framework.Failure(err)
	}
	return nil
}
