package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/rubrics"
)

func newRubric() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rubric", Short: "check, list, show and test rubrics",
		Long: "rubric helps who writes a rubric.\n\n  $ taskgrader rubric show task-api > mine.yaml\n  $ taskgrader rubric check mine.yaml\n\n" + exitCodes,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownWord("command", args[0], []string{"check", "list", "show", "schema", "test"})
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(
		&cobra.Command{Use: "check FILE...", Short: "find all mistakes of a rubric at once", Args: cobra.MinimumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				for _, name := range args {
					r, err := rubric.Load(name, rubrics.FS, kinds.All())
					if err != nil {
						return err
					}
					fmt.Fprintf(cmd.OutOrStdout(), "%s: %d checks, %v points\n", r.File, len(r.Checks), r.Points)
				}
				return nil
			}},
		&cobra.Command{Use: "list", Short: "list the built-in rubrics", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				for _, name := range rubric.Names(rubrics.FS) {
					r, err := rubric.Load(name, rubrics.FS, kinds.All())
					if err != nil {
						return err
					}
					fmt.Fprintf(cmd.OutOrStdout(), "%-12s %3v points  %s\n", r.ID, r.Points, r.Title)
				}
				return nil
			}},
		&cobra.Command{Use: "show NAME", Short: "print a rubric", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				_, text, err := rubric.Find(args[0], rubrics.FS)
				if err != nil {
					return err
				}
				_, err = cmd.OutOrStdout().Write(text)
				return err
			}},
		&cobra.Command{Use: "schema", Short: "print the JSON Schema of rubrics, for editors", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				text, err := rubric.Schema(kinds.All())
				if err != nil {
					return err
				}
				_, err = cmd.OutOrStdout().Write(text)
				return err
			}},
		newRubricTest(),
	)
	return cmd
}
