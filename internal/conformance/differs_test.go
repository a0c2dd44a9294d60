package conformance_test

// differs are the cases that are not answered as by a real API server, and why.
var differs = map[string]string{
	"166-pod-resize-memory-limit-removed":       "pods have no subresource resize",
	"168-pod-ephemeral-containers-accepted":     "pods have no subresource ephemeralcontainers",
	"492-node-capacity-by-status":               "the recorded cluster's agent had filled in the node's status",
	"512-wire-content-type-xml":                 wire,
	"526-deployment-patch-unknown-field-strict": "the message shows the object without the fields' owners, who are noted from the first apply on",
	"534-wire-path-unknown-resource":            wire,
	"536-wire-path-unknown":                     wire,
	"538-wire-method-post-on-item":              wire,
	"540-wire-method-patch-on-collection":       wire,
	"542-wire-accept-bad":                       wire,
	"544-wire-patch-content-type-json":          wire,
	"566-delete-dry-run":                        wire,
	"576-patch-json-not-list":                   wire,
	"606-apply-force-on-merge-patch":            wire,
	"616-scale-wrong-kind":                      wire,
	"636-subresource-log-fake-node-unscheduled": "a log without lines has the code 200",
	"648-list-limit-garbage":                    wire,
	"660-list-version-garbage":                  wire,
	"662-list-match-without-version":            wire,
	"664-list-match-bad":                        wire,
	"668-get-version-future":                    wire,
	"672-watch-initial-events-no-match":         wire,
	"674-watch-match-set":                       wire,
	"678-auth-anonymous-cluster-nodes":          anonymous,
	"682-auth-anonymous-metrics":                anonymous,
	"688-auth-sa-subresource-denied":            wire,
	"700-auth-impersonate-group-denied":         wire,
	"704-auth-impersonate-group-without-user":   wire,
	"712-auth-ssar-empty":                       wire,
	"716-auth-token-too-short":                  tokens,
	"718-auth-token-bound-missing-pod":          tokens,
	"720-auth-token-review-bad":                 tokens,
	"722-crd-name-mismatch":                     custom,
	"724-crd-group-protected":                   custom,
	"726-crd-no-versions":                       custom,
	"728-crd-two-storage-versions":              custom,
	"730-crd-scope-bad":                         custom,
	"732-crd-non-structural-no-type":            custom,
	"734-crd-schema-preserve-unknown-top":       custom,
	"736-crd-schema-default-wrong-type":         custom,
	"738-crd-schema-array-no-items":             custom,
	"740-crd-printer-column-path-bad":           custom,
	"742-crd-accepted":                          custom,
	"744-widget-accepted-defaults":              custom,
	"746-widget-required-missing":               custom,
	"748-widget-pattern-length":                 custom,
	"750-widget-cel-rule":                       custom,
	"752-widget-unknown-strict":                 custom,
	"754-widget-spec-null":                      custom,
	"756-widget-transition-rule":                custom,
	"758-widget-status-subresource":             custom,
	"760-widget-put-no-version":                 custom,
	"762-widget-apply-bad-type":                 custom,
	"764-expired-continue":                      history,
	"766-expired-watch-crd":                     history,
}

const (
	tokens    = "there are no tokens for service accounts"
	wire      = "code or wording of the HTTP face"
	anonymous = "nobody is let in without saying who they are"
	custom    = "there are no custom resources"
	history   = "the test cannot have the store forget its history"
)
