package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func kubeconfigCommand(s streams) *cobra.Command {
	var merge bool
	var name string
	c := &cobra.Command{
		Use: "kubeconfig [NAME]", Short: "Print a cluster's kubeconfig, or merge it into yours",
		Long: `Kubeconfig prints the file by which kubectl gets to a running cluster. It lies in the
cluster's own folder; yours is left alone, unless --merge puts the context
minisim-NAME into it and makes it the current one. Minisim down takes it out again.`,
		Example: "  minisim kubeconfig c1 > c1.kubeconfig\n  minisim kubeconfig c1 --merge && kubectl --context minisim-c1 get pods",
		Args:    atMost(1), GroupID: groupServing, ValidArgsFunction: completeNames,
		RunE: func(_ *cobra.Command, args []string) error {
			one, err := whichCluster(s, args, name)
			if err != nil {
				return err
			}
			if merge {
				path, err := clusters().Merge(one)
				if err != nil {
					return fmt.Errorf("--merge: %w", err)
				}
				_, err = fmt.Fprintf(s.out, "context %s is in %s now, as the current one\n", one.Context(), path)
				return err
			}
			text, err := os.ReadFile(one.Kubeconfig())
			if err != nil {
				return err
			}
			_, err = s.out.Write(text)
			return err
		},
	}
	c.Flags().BoolVar(&merge, "merge", false, "put the context minisim-NAME into your own kubeconfig")
	nameFlag(c, &name)
	return c
}
