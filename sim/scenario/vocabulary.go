package scenario

import (
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"minisim/sim/api"
)

// function is one function of the language of conditions.
type function struct {
	name, help string
	takes      []argument
	result     *cel.Type
	needs      []*api.Resource // what its answer derives from; nil: the resource that its first argument names
	call       func(v *View, args []string) (any, error)
}

// argument says what a function's argument, always a string, names.
type argument int

const (
	serviceArg  argument = iota // a service of the compose file
	nodeArg                     // a machine
	resourceArg                 // a resource, as ByName finds it
	nameArg                     // an object of the cluster
	reasonArg                   // the reason of an Event
)

func (a argument) String() string {
	return [...]string{"service", "node", "resource", "name", "reason"}[a]
}

var (
	pods   = []*api.Resource{api.Pods}
	disks  = []*api.Resource{api.Pods, api.PersistentVolumeClaims, api.PersistentVolumes}
	object = cel.MapType(cel.StringType, cel.DynType)
)

// vocabulary is all functions that a condition may use beside CEL's own, sorted by name.
var vocabulary = []function{
	{"events", "how many Events have a reason, repetitions counted", []argument{reasonArg}, cel.IntType, []*api.Resource{api.Events},
		func(v *View, a []string) (any, error) { return v.Events(a[0]), nil }},
	{"failed", "how many pods of a service have the phase Failed", []argument{serviceArg}, cel.IntType, pods,
		func(v *View, a []string) (any, error) { return v.InPhase(a[0], "Failed"), nil }},
	{"keptData", "whether a ready pod of a service has found on its disk what an earlier pod wrote", []argument{serviceArg}, cel.BoolType, disks,
		func(v *View, a []string) (any, error) { return v.KeptData(a[0]), nil }},
	{"nodeReady", "whether a node's condition Ready is True", []argument{nodeArg}, cel.BoolType, []*api.Resource{api.Nodes},
		func(v *View, a []string) (any, error) { return v.NodeReady(a[0]), nil }},
	{"nodes", "the names of the nodes that ready pods of a service run on, sorted", []argument{serviceArg}, cel.ListType(cel.StringType), pods,
		func(v *View, a []string) (any, error) { return v.NodesOf(a[0]), nil }},
	{"object", `one object of the namespace default or of none: object("deployment", "app").status.readyReplicas`, []argument{resourceArg, nameArg}, cel.DynType, nil,
		func(v *View, a []string) (any, error) { return v.Object(a[0], a[1]) }},
	{"objects", `all objects of a resource: objects("pods").exists(p, p.status.phase == "Failed")`, []argument{resourceArg}, cel.ListType(object), nil,
		func(v *View, a []string) (any, error) { return v.Objects(a[0]) }},
	{"pending", "how many pods of a service have the phase Pending", []argument{serviceArg}, cel.IntType, pods,
		func(v *View, a []string) (any, error) { return v.InPhase(a[0], "Pending"), nil }},
	{"pods", `the pods of a service, sorted by name: pods("web").all(p, p.spec.nodeName != "worker-1")`, []argument{serviceArg}, cel.ListType(object), pods,
		func(v *View, a []string) (any, error) { return v.PodObjects(a[0]) }},
	{"ready", "how many pods of a service are ready and not being deleted", []argument{serviceArg}, cel.IntType, pods,
		func(v *View, a []string) (any, error) { return v.Ready(a[0]), nil }},
	{"replicas", "how many pods of a service there are that are not being deleted", []argument{serviceArg}, cel.IntType, pods,
		func(v *View, a []string) (any, error) { return v.Replicas(a[0]), nil }},
	{"restarts", "how often containers of a service's pods were started again", []argument{serviceArg}, cel.IntType, pods,
		func(v *View, a []string) (any, error) { return v.Restarts(a[0]), nil }},
	{"running", "how many pods of a service have the phase Running", []argument{serviceArg}, cel.IntType, pods,
		func(v *View, a []string) (any, error) { return v.InPhase(a[0], "Running"), nil }},
	{"succeeded", "how many pods of a service have the phase Succeeded", []argument{serviceArg}, cel.IntType, pods,
		func(v *View, a []string) (any, error) { return v.InPhase(a[0], "Succeeded"), nil }},
	{"terminating", "how many pods of a service are being deleted", []argument{serviceArg}, cel.IntType, pods,
		func(v *View, a []string) (any, error) { return v.Terminating(a[0]), nil }},
}

// usage is the function as one writes it, with the type of its answer: "ready(service) int".
func (f *function) usage() string {
	var args []string
	for _, a := range f.takes {
		args = append(args, a.String())
	}
	result := f.result.String()
	switch f.name {
	case "object":
		result = "object"
	case "objects", "pods":
		result = "list(object)"
	}
	return fmt.Sprintf("%s(%s) %s", f.name, strings.Join(args, ", "), result)
}

// Vocabulary lists the functions that conditions may use, with what each says: "ready(service) int: how many …".
func Vocabulary() []string {
	var lines []string
	for i := range vocabulary {
		lines = append(lines, vocabulary[i].usage()+": "+vocabulary[i].help)
	}
	return lines
}

func functionNamed(name string) *function {
	for i := range vocabulary {
		if vocabulary[i].name == name {
			return &vocabulary[i]
		}
	}
	return nil
}

func functionNames() []string {
	var names []string
	for _, f := range vocabulary {
		names = append(names, f.name)
	}
	return names
}

// newEnv is the language, with questions answered from v.
func newEnv(v *View) (*cel.Env, error) {
	var options []cel.EnvOption
	for _, f := range vocabulary {
		args := make([]*cel.Type, len(f.takes))
		for i := range args {
			args[i] = cel.StringType
		}
		options = append(options, cel.Function(f.name, cel.Overload(f.name+"_of", args, f.result,
			cel.FunctionBinding(func(args ...ref.Val) ref.Val {
				given := make([]string, len(args))
				for i, a := range args {
					given[i], _ = a.Value().(string)
				}
				value, err := f.call(v, given)
				if err != nil {
					return types.NewErr("%s", err)
				}
				return types.DefaultTypeAdapter.NativeToValue(value)
			}))))
	}
	return cel.NewEnv(options...)
}
