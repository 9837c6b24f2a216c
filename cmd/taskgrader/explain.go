package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
)

func newExplain() *cobra.Command {
	return &cobra.Command{
		Use: "explain [KIND|RULE]", Short: "print the manual of a kind of check or of a Dockerfile rule",
		Long: "explain prints the manual of a kind or a rule, or lists them all.\n\n  $ taskgrader explain cache\n  $ taskgrader explain cmd-exec\n\n" + exitCodes,
		Args: takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			w := cmd.OutOrStdout()
			var known []string
			for _, k := range kinds.All() {
				known = append(known, k.Name)
				for _, t := range k.Manual.Topics {
					known = append(known, t.ID)
				}
			}
			if len(args) == 0 {
				list(w)
				return nil
			}
			for _, k := range kinds.All() {
				if k.Name == args[0] {
					fmt.Fprintf(w, "%s: %s\n\n%s\n\nExample, an entry of checks:\n\n%s\n", k.Name, k.Manual.Summary, k.Manual.Text, k.Manual.Example)
					return nil
				}
				for _, t := range k.Manual.Topics {
					if t.ID == args[0] {
						explainRule(w, t)
						return nil
					}
				}
			}
			return unknownWord("kind or rule", args[0], known)
		},
	}
}

func list(w io.Writer) {
	fmt.Fprintln(w, "Kinds of check:")
	for _, k := range kinds.All() {
		fmt.Fprintf(w, "  %-14s %s\n", k.Name, k.Manual.Summary)
	}
	for _, k := range kinds.All() {
		if len(k.Manual.Topics) > 0 {
			fmt.Fprintf(w, "\nRules of %s:\n", k.Name)
			for _, t := range k.Manual.Topics {
				fmt.Fprintf(w, "  %-20s %s\n", t.ID, t.Summary)
			}
		}
	}
}

func explainRule(w io.Writer, t check.Topic) {
	fmt.Fprintf(w, "%s: %s\n\n%s\n\nBad:\n\n%s\nGood:\n\n%s", t.ID, t.Summary, t.Why, t.Bad, t.Good)
}
