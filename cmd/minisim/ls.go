package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/duration"

	"minisim/internal/roster"
)

func lsCommand(s streams) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use: "ls", Short: "List the running clusters", Args: atMost(0), GroupID: groupServing, Aliases: []string{"list"},
		Long:    "Ls lists the clusters that you run on this machine, those of minisim run --serve, too.",
		Example: "  minisim ls\n  minisim ls -o json | jq -r '.[].kubeconfig'",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := oneOf("-o", output, "text", "json"); err != nil {
				return err
			}
			sweep(clusters(), s)
			all, err := clusters().List()
			if err != nil {
				return err
			}
			list := listed(c.Context(), all)
			if output == "json" {
				enc := json.NewEncoder(s.out)
				enc.SetIndent("", "  ")
				return enc.Encode(list)
			}
			if len(list) == 0 {
				_, err := fmt.Fprintln(s.out, "No cluster is running; minisim up starts one.")
				return err
			}
			return printClusters(s, list)
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return c
}

// listing is a cluster with what it answered.
type listing struct {
	status
	Kubeconfig string `json:"kubeconfig"`
	Log        string `json:"log,omitempty"`
}

// listed asks all clusters at once how they stand.
func listed(ctx context.Context, all []roster.Cluster) []listing {
	list := make([]listing, len(all))
	var asked sync.WaitGroup
	for i, c := range all {
		asked.Go(func() {
			list[i] = listing{status: status{Cluster: c, State: "does not answer"}, Kubeconfig: c.Kubeconfig()}
			if answer, err := askStatus(ctx, c); err == nil {
				list[i].status = *answer
				list[i].Cluster = c
			}
			if c.Logs {
				list[i].Log = c.Log()
			}
		})
	}
	asked.Wait()
	return list
}

func printClusters(s streams, list []listing) error {
	w := tabwriter.NewWriter(s.out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "NAME\tSTATE\tTIME\tNODES\tPODS\tSERVER\tPID\tAGE\tFILE")
	for _, l := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d/%d\t%d/%d\t%s\t%d\t%s\t%s\n", l.Name, l.State, cmp.Or(l.Virtual, "-"), l.ready(), len(l.Nodes),
			l.Running, l.Pods, l.Server, l.PID, duration.HumanDuration(time.Since(l.Started)), cmp.Or(l.Scenario, "-"))
	}
	return w.Flush()
}
