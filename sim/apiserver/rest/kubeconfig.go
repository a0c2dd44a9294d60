package rest

import (
	"fmt"
	"os"
	"time"

	"sigs.k8s.io/yaml"
)

// Admin is the user of the kubeconfig, who may do anything.
var Admin = User{Name: "kubernetes-admin", Groups: []string{"system:masters"}}

// Kubeconfig is a configuration for kubectl and its like, with a certificate for
// a user. The context, cluster and user bear the name given.
func (s *Server) Kubeconfig(name string, u User) ([]byte, error) {
	cert, key, err := s.config.Keys.client(u, time.Now())
	if err != nil {
		return nil, fmt.Errorf("issue a certificate: %w", err)
	}
	c := kubeconfig{APIVersion: "v1", Kind: "Config", Context: name}
	var cluster, user, context named
	cluster.Name, user.Name, context.Name = name, name, name
	cluster.Cluster = map[string]any{"server": "https://" + s.Address(), "certificate-authority-data": []byte(s.config.Keys.RootCA())}
	user.User = map[string]any{"client-certificate-data": cert, "client-key-data": key}
	context.Context = map[string]any{"cluster": name, "user": name}
	c.Clusters, c.Users, c.Contexts = []named{cluster}, []named{user}, []named{context}
	return yaml.Marshal(c)
}

// kubeconfig is the file format of kubectl's configuration, as far as it is needed.
type kubeconfig struct {
	APIVersion string  `json:"apiVersion"`
	Kind       string  `json:"kind"`
	Clusters   []named `json:"clusters"`
	Users      []named `json:"users"`
	Contexts   []named `json:"contexts"`
	Context    string  `json:"current-context"`
}

type named struct {
	Name    string         `json:"name"`
	Cluster map[string]any `json:"cluster,omitempty"`
	User    map[string]any `json:"user,omitempty"`
	Context map[string]any `json:"context,omitempty"`
}

// WriteKubeconfig writes Kubeconfig to a file that only its owner can read.
func (s *Server) WriteKubeconfig(file, name string, u User) error {
	data, err := s.Kubeconfig(name, u)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return fmt.Errorf("write the kubeconfig: %w", err)
	}
	return os.Chmod(file, 0o600) // it may have been there, and more open
}
