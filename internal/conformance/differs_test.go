package conformance_test

// differs are the cases that are not answered as by a real API server, and why.
var differs = map[string]string{
	"492-node-capacity-by-status":               "the recorded cluster's agent had filled in the node's status",
	"526-deployment-patch-unknown-field-strict": "the message shows the object without the fields' owners, who are noted from the first apply on",
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
	"766-expired-watch-crd":                     custom,
}

const (
	tokens = "there are no tokens for service accounts"
	custom = "there are no custom resources"
)
