// Package conformance holds requests with the answers that a real Kubernetes API
// server gave to them, and compares other answers with those. The README says what
// is in a case. It is for tests only.
package conformance

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed objects/*.yaml server/*.yaml
var files embed.FS

// Case is one request and its answer.
type Case struct {
	Name      string
	Setup     []json.RawMessage
	Before    []Step
	Request   Request
	After     []Request
	Answer    Answer
	ManagedBy bool `json:"compareManagedFields"`
}

// Step is something that is done before the request: a request of its own,
// perhaps again and again, or none (Path is empty).
type Step struct {
	Request
	Sleep   float64 // seconds
	Compact bool
	Until   *Until
}

// Until is what the answer to a step has to become.
type Until struct {
	Code  int
	Field string // dotted
	Value any
}

// Request is one request.
type Request struct {
	Verb, Path, ContentType string
	Query                   map[string]string
	Headers                 map[string]string
	Body                    json.RawMessage
	RawBody                 string
	Identity                *Identity
}

// Identity is who makes a request.
type Identity struct {
	Anonymous      bool
	Bearer         string // a token
	ServiceAccount string // namespace/name
	Certificate    string // O=GROUP/CN=USER
	Impersonate    *struct {
		User   string
		Groups []string
	}
}

// Data is the body as bytes.
func (r Request) Data() []byte {
	if r.RawBody != "" {
		return []byte(r.RawBody)
	}
	return r.Body
}

// Answer is what the server said.
type Answer struct {
	Code                    int
	Warnings                []string
	RetryAfter              *int
	Allow                   *string
	Status, Reason, Message string
	Details                 map[string]any
	Causes                  []Cause
	Defaulted               map[string]any
	List                    *List
	Events                  []Event
	Text, ContentType       *string
	Version                 map[string]string
	After                   []Answer
}

// Cause is one of the causes of a Status.
type Cause struct{ Reason, Field, Message string }

// List is what is told of a list.
type List struct {
	Kind, APIVersion   string
	Names              []string
	Continue           string
	RemainingItemCount *int64
}

// Event is one event of a watch.
type Event struct {
	Type   string
	Object map[string]any
}

// Load reads the cases of a folder, "objects" or "server", in the order of their names.
func Load(folder string) ([]Case, error) {
	entries, err := files.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, e := range entries {
		text, err := files.ReadFile(path.Join(folder, e.Name()))
		if err != nil {
			return nil, err
		}
		c, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
		c.Name = strings.TrimSuffix(e.Name(), ".yaml")
		cases = append(cases, c)
	}
	return cases, nil
}

// Traceless says whether a case leaves everything as it was: one request that is refused.
func (c *Case) Traceless() bool {
	return len(c.Setup)+len(c.Before)+len(c.After) == 0 && c.Answer.Code >= 400
}

// parse reads a case. Its YAML is of version 1.2, where y and n are not booleans.
func parse(text []byte) (c Case, err error) {
	var any map[string]any
	if err := yaml.Unmarshal(text, &any); err != nil {
		return c, err
	}
	var asJSON bytes.Buffer
	e := json.NewEncoder(&asJSON)
	e.SetEscapeHTML(false) // a body may have variables in it: <uid of …>
	if err := e.Encode(any); err != nil {
		return c, err
	}
	return c, json.Unmarshal(asJSON.Bytes(), &c)
}
