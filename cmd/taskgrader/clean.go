package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader/engine"
)

func newClean() *cobra.Command {
	return &cobra.Command{
		Use: "clean", Short: "remove the containers, networks and images that a dead run left",
		Long: "clean removes what runs of this machine left that are no more, also what --keep kept. A running " +
			"grader's things stay.\n\n  $ taskgrader clean\n\n" + exitCodes, Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := engine.Connect(cmd.Context())
			if err != nil {
				return graderError{err}
			}
			defer e.Close()
			swept, err := e.Clean(cmd.Context())
			fmt.Fprintf(cmd.OutOrStdout(), "removed: %d containers, %d networks, %d volumes, %d images\n",
				swept.Containers, swept.Networks, swept.Volumes, swept.Images)
			if err != nil {
				return graderError{err}
			}
			return nil
		},
	}
}
