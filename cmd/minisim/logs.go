package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

func logsCommand(s streams) *cobra.Command {
	var path bool
	var name string
	c := &cobra.Command{
		Use: "logs [NAME]", Short: "Print what has happened in a cluster that minisim up has started",
		Example: "  minisim logs c1\n  tail -f \"$(minisim logs c1 --path)\"",
		Args:    atMost(1), GroupID: groupServing, ValidArgsFunction: completeNames,
		RunE: func(_ *cobra.Command, args []string) error {
			one, err := whichCluster(s, args, name)
			if err != nil {
				return err
			}
			if !one.Logs {
				return fmt.Errorf("cluster %s writes no log: it tells on its own terminal what happens (process %d)", one.Name, one.PID)
			}
			if path {
				_, err := fmt.Fprintln(s.out, one.Log())
				return err
			}
			f, err := os.Open(one.Log())
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = io.Copy(s.out, f)
			return err
		},
	}
	c.Flags().BoolVar(&path, "path", false, "print where the log is")
	nameFlag(c, &name)
	return c
}
