package controller

import "strings"

// nodeAccount is the service account of all controllers of nodes.
const nodeAccount = "node-controller"

// accounts are the service accounts, in kube-system, of controllers that do not
// act under their own names; their rights are in the ClusterRoles "system:controller:…".
var accounts = map[string]string{
	"daemonset-controller":                        "daemon-set-controller",
	"endpoints-controller":                        "endpoint-controller",
	"garbage-collector-controller":                "generic-garbage-collector",
	"horizontal-pod-autoscaler-controller":        "horizontal-pod-autoscaler",
	"serviceaccount-controller":                   "service-account-controller",
	"persistentvolumeclaim-protection-controller": "pvc-protection-controller",
	"persistentvolume-protection-controller":      "pv-protection-controller",
	attachDetachName:                              "attachdetach-controller",
	pvBinderName:                                  "persistent-volume-binder",
	podGCName:                                     "pod-garbage-collector",
}

// accountOf is the service account of a controller, or of a second queue of one ("name/volumes").
func accountOf(name string) string {
	name, _, _ = strings.Cut(name, "/")
	if account, ok := accounts[name]; ok {
		return account
	}
	return name
}
