package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

// version is set by the linker for releases.
var version = "0.1.0-dev"

// kubernetesVersion is the Kubernetes whose rules the simulation follows.
const kubernetesVersion = "v1.36"

func versionCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the versions", Args: atMost(0),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(s.out, "minisim %s (Kubernetes %s, %s)\n", version, kubernetesVersion, runtime.Version())
			return err
		},
	}
}
