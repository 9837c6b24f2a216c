package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader/baseimage"
	"github.com/taskgrader/taskgrader/grader/engine"
)

func newDoctor() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "what is missing on this machine, and what the sandbox does here",
		Long: "doctor says of each thing whether it holds here, and how to get what does not.\n\n  $ taskgrader doctor\n\n" + exitCodes, Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			w := cmd.OutOrStdout()
			e, err := engine.Connect(cmd.Context())
			var missing *engine.Unavailable
			if errors.As(err, &missing) {
				fmt.Fprintf(w, "bad   docker              %v\n      fix: %s\n", missing, missing.Fix)
				return errGrader
			}
			if err != nil {
				return graderError{err}
			}
			defer e.Close()
			findings, err := e.Doctor(cmd.Context())
			if err != nil {
				return graderError{err}
			}
			for _, ref := range baseimage.Default {
				labels, present, err := e.Store().Lookup(cmd.Context(), ref)
				if err != nil {
					return graderError{err}
				}
				f := engine.Finding{Name: "image", Status: "ok", Detail: ref}
				switch {
				case !present:
					f.Status, f.Detail, f.Fix = "warn", ref+" is not here", "taskgrader images"
				case baseimage.IsStandIn(labels):
					f.Status, f.Detail, f.Fix = "warn", ref+" is "+labels[baseimage.Label], "docker pull "+ref
				}
				findings = append(findings, f)
			}
			bad := false
			for _, f := range findings {
				fmt.Fprintf(w, "%-5s %-19s %s\n", f.Status, f.Name, f.Detail)
				if f.Fix != "" {
					fmt.Fprintf(w, "      fix: %s\n", f.Fix)
				}
				bad = bad || f.Status == "bad"
			}
			if bad {
				return errGrader
			}
			return nil
		},
	}
}
