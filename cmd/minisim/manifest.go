package main

import (
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"

	"minisim/internal/source"
)

// checkManifest finds a file that is meant for kubectl: its first document has both
// apiVersion and kind. Whatever else is wrong with a file is found by who reads it.
func checkManifest(path string) error {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > source.MaxBytes {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	var head struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
	}
	if yaml.NewDecoder(f).Decode(&head) != nil || head.APIVersion == "" || head.Kind == "" {
		return nil
	}
	return usageError{fmt.Errorf("%s: this is a Kubernetes manifest: minisim up -d, then kubectl apply -f %s", path, shellQuote(path))}
}
