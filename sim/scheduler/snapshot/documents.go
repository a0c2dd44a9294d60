package snapshot

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// documents adds the objects of a file that may hold several YAML documents,
// or one JSON document.
func (l *loader) documents(text []byte) error {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	found := false
	for n := 1; ; n++ {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) && found {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return errors.New("there is no object in it")
		}
		if err != nil {
			return err
		}
		raw := document
		if !json.Valid(document) {
			if raw, err = yaml.YAMLToJSON(document); err != nil {
				return fmt.Errorf("document %d: %w", n, err)
			}
		}
		if bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
			continue // nothing but comments
		}
		found = true
		if err := l.item(raw, fmt.Sprintf("document %d", n)); err != nil {
			return err
		}
	}
}
