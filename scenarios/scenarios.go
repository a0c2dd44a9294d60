// Package scenarios holds the built-in scenarios: each file is a valid compose
// file with an optional x-minisim block, about one idea.
package scenarios

import "embed"

// Files are the scenarios, NAME.yaml each.
//
//go:embed *.yaml
var Files embed.FS
