package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	helmcmd "helm.sh/helm/v4/pkg/cmd"
	helmkube "helm.sh/helm/v4/pkg/kube"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/version"
	kubectlcmd "k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"

	"minisim/internal/served"
	apirest "minisim/sim/apiserver/rest"
)

// TestMain has this test's binary be kubectl and helm, too: programs of these
// names, which are the binary itself, come first on the PATH.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kubectl": kubectl, "helm": helm})
}

func kubectl() {
	version.SetDynamicVersion("v0.0.0-library") // the linker would tell it a better one
	if err := cli.RunNoErrOutput(kubectlcmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err) // prints it, and exits
	}
}

func helm() {
	helmkube.ManagedFieldsManager = "helm" // not the name of this binary
	c, err := helmcmd.NewRootCmd(os.Stdout, os.Args[1:], helmcmd.SetupLogging)
	if err == nil {
		err = c.Execute()
	}
	if coded, ok := errors.AsType[helmcmd.CommandError](err); ok {
		os.Exit(coded.ExitCode)
	}
	if err != nil {
		os.Exit(1)
	}
}

// town is a cluster that is served while a test runs.
type town struct {
	testing.TB
	*served.Cluster
	kubeconfig string
}

// serve starts a cluster.
func serve(t testing.TB, c served.Config) *town {
	t.Helper()
	made, err := served.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	w := &town{TB: t, Cluster: made, kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	t.Cleanup(func() {
		if err := made.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := made.Server.WriteKubeconfig(w.kubeconfig, "minisim", apirest.Admin); err != nil {
		t.Fatal(err)
	}
	return w
}

// config is how a client reaches the cluster, with nothing that slows it down.
func (w *town) config() *rest.Config {
	w.Helper()
	c, err := clientcmd.BuildConfigFromFlags("", w.kubeconfig)
	if err != nil {
		w.Fatal(err)
	}
	c.QPS = -1
	return c
}

// variables are those by which a program finds the cluster, and nothing of this machine's user.
func (w *town) variables() []string {
	home := filepath.Dir(w.kubeconfig)
	return []string{"KUBECONFIG=" + w.kubeconfig, "HOME=" + home, "TZ=UTC", "KUBE_EDITOR=false", "KUBECTL_EXTERNAL_DIFF="}
}
