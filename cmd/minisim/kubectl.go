package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"
)

// standIn is our own kubectl: cmd/minisim-kubectl.
const standIn = "minisim-kubectl"

func kubectlCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use: "kubectl [--name NAME] ARGS...", Short: "Run kubectl on a running cluster",
		Long: `Kubectl runs the kubectl on your PATH, or else minisim-kubectl (make kubectl) from
beside minisim or the PATH, with the cluster's kubeconfig. All arguments but a
leading --name are kubectl's own.`,
		Example: "  minisim kubectl get pods -o wide\n  minisim kubectl --name c1 apply -f web.yaml",
		GroupID: groupServing, DisableFlagParsing: true, DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
				return c.Help()
			}
			name, args, err := kubectlArgs(args)
			if err != nil {
				return err
			}
			program, err := findKubectl()
			if err != nil {
				return err
			}
			one, err := findCluster(s, name)
			if err != nil {
				return err
			}
			return become(program, args, environ(os.Environ(), one.Kubeconfig()))
		},
	}
}

// kubectlArgs takes a leading --name, and a -- that ends our own flags, off the arguments.
func kubectlArgs(args []string) (name string, rest []string, err error) {
	if len(args) > 0 && args[0] == "--name" {
		if len(args) == 1 {
			return "", nil, usageError{errors.New("--name: which cluster?")}
		}
		name, args = args[1], args[2:]
	} else if len(args) > 0 && strings.HasPrefix(args[0], "--name=") {
		name, args = strings.TrimPrefix(args[0], "--name="), args[1:]
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	return name, args, nil
}

// findKubectl finds kubectl, or what stands in for it.
func findKubectl() (string, error) {
	if path, err := exec.LookPath("kubectl"); err == nil {
		return path, nil
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), standIn)
		if path, err := exec.LookPath(beside); err == nil {
			return path, nil
		}
	}
	if path, err := exec.LookPath(standIn); err == nil {
		return path, nil
	}
	return "", errors.New("there is no kubectl on the PATH, and no " + standIn + " beside minisim or on the PATH; " +
		"install kubectl (https://kubernetes.io/docs/tasks/tools/), or build ours from minisim's sources with: make kubectl")
}

// environ is an environment with one kubeconfig in it. Another one must not stay beside
// it: which of two a program takes is its own affair.
func environ(env []string, kubeconfig string) []string {
	const name = clientcmd.RecommendedConfigPathEnvVar + "="
	env = slices.DeleteFunc(slices.Clone(env), func(v string) bool { return strings.HasPrefix(v, name) })
	return append(env, name+kubeconfig)
}

// become has another program take this process's place, with its streams, signals and exit code.
func become(program string, args, env []string) error {
	err := syscall.Exec(program, append([]string{"kubectl"}, args...), env)
	return fmt.Errorf("%s: %w", program, err)
}
