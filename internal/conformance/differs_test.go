package conformance_test

// differs are the cases that are not answered as by a real API server, and why.
var differs = map[string]string{
	"492-node-capacity-by-status":               "the recorded cluster's agent had filled in the node's status",
	"526-deployment-patch-unknown-field-strict": "the message shows the object without the fields' owners, who are noted from the first apply on",
}
