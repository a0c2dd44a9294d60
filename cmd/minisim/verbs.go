package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"minisim/sim/scenario"
)

// verbsCommand lists what a timeline, the prompt of --step and a running cluster understand.
func verbsCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use: "verbs", Short: "List the verbs and functions of scenarios", Args: atMost(0),
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintln(s.out, "Verbs, for timelines (do:), the prompt of --step, and a running cluster (minisim kill …):")
			for _, v := range scenario.Verbs() {
				fmt.Fprintf(s.out, "  %s\n      %s\n", v.Usage, v.Help)
			}
			fmt.Fprintln(s.out, "\nFunctions of conditions (CEL), for when:, expect: and wait until:")
			for _, line := range scenario.Vocabulary() {
				fmt.Fprintf(s.out, "  %s\n", line)
			}
			fmt.Fprintln(s.out, "\nThe scheduler's next decision, for answer: of a question:")
			for _, line := range scenario.Facts() {
				fmt.Fprintf(s.out, "  %s\n", line)
			}
			return nil
		},
	}
}
