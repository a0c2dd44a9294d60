package roster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Merge puts the cluster's context into the user's kubeconfig, makes it the current
// one there, and gives the file's path. The file is the first of KUBECONFIG that is
// no cluster's own, or else ~/.kube/config. Unmerge takes the context out again.
func (r Roster) Merge(c Cluster) (string, error) {
	path, err := r.userConfig()
	if err != nil {
		return "", err
	}
	own, err := clientcmd.LoadFromFile(c.Kubeconfig())
	if err != nil {
		return "", err
	}
	name := c.Context()
	cluster, user, context := own.Clusters[name].DeepCopy(), own.AuthInfos[name].DeepCopy(), own.Contexts[name].DeepCopy()
	if cluster == nil || user == nil || context == nil {
		return "", fmt.Errorf("%s: it no longer has the cluster, user and context %s; somebody has changed it: start the cluster anew", c.Kubeconfig(), name)
	}
	// Without an origin they are written to the file that is changed, not to the one that they are from.
	cluster.LocationOfOrigin, user.LocationOfOrigin, context.LocationOfOrigin = "", "", ""
	if err := c.Unmerge(); err != nil { // it may be in another file
		return "", err
	}
	// Noted first: what is noted and was not merged does no harm.
	if err := os.WriteFile(filepath.Join(c.Dir, mergedFile), []byte(path), 0o600); err != nil {
		return "", err
	}
	err = change(path, func(to *clientcmdapi.Config) {
		to.Clusters[name], to.AuthInfos[name], to.Contexts[name] = cluster, user, context
		to.CurrentContext = name
	})
	return path, err
}

// Unmerge takes the cluster out of the kubeconfig that it was merged into, if it
// was, and if what stands there is still this cluster.
func (c Cluster) Unmerge() error {
	note := filepath.Join(c.Dir, mergedFile)
	path, err := os.ReadFile(note)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := c.takeOut(string(path)); err != nil {
		return fmt.Errorf("take context %s out of %s: %w", c.Context(), path, err)
	}
	return os.Remove(note)
}

func (c Cluster) takeOut(path string) error {
	own, err := clientcmd.LoadFromFile(c.Kubeconfig())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	mine := own.Clusters[c.Context()]
	if mine == nil {
		return nil // somebody has changed it: which is ours cannot be told any more
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return change(path, func(from *clientcmdapi.Config) {
		name := c.Context()
		there := from.Clusters[name]
		if there == nil || !reflect.DeepEqual(there.CertificateAuthorityData, mine.CertificateAuthorityData) {
			return
		}
		delete(from.Clusters, name)
		delete(from.AuthInfos, name)
		delete(from.Contexts, name)
		if from.CurrentContext == name {
			from.CurrentContext = ""
		}
	})
}

// change changes one kubeconfig, which may not exist yet, as kubectl config does: under the file's own lock.
func change(path string, f func(*clientcmdapi.Config)) error {
	options := clientcmd.NewDefaultPathOptions()
	options.LoadingRules.ExplicitPath = path
	config, err := options.GetStartingConfig()
	if err != nil {
		return err
	}
	f(config)
	return clientcmd.ModifyConfig(options, *config, false)
}

// userConfig is the kubeconfig that the user's kubectl writes to.
func (r Roster) userConfig() (string, error) {
	for _, path := range filepath.SplitList(os.Getenv(clientcmd.RecommendedConfigPathEnvVar)) {
		within := func(root string) bool {
			return strings.HasPrefix(filepath.Clean(path), root+string(filepath.Separator))
		}
		if path != "" && !slices.ContainsFunc(r.roots, within) {
			return filepath.Abs(path)
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, clientcmd.RecommendedHomeDir, clientcmd.RecommendedFileName), nil
}
