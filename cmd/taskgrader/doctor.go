package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader/baseimage"
	"github.com/taskgrader/taskgrader/grader/engine"
	"github.com/taskgrader/taskgrader/grader/engine/dockerhost"
)

func newDoctor() *cobra.Command {
	proving := false
	cmd := &cobra.Command{
		Use: "doctor", Short: "what is missing on this machine, and what the sandbox does here",
		Long: "doctor says of each thing whether it holds here, and how to get what does not. With --prove it " +
			"grades submissions that try to get out or to use all there is, and says of each whether it was held; " +
			"that takes a minute, and harms nothing.\n\n  $ taskgrader doctor\n  $ taskgrader doctor --prove\n\n" +
			exitCodes,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if proving {
				return prove(cmd)
			}
			w := cmd.OutOrStdout()
			findings, err := examine(cmd.Context())
			if err != nil {
				return graderError{err}
			}
			return printFindings(w, findings, isTerminal(w) && os.Getenv("NO_COLOR") == "", width(w))
		},
	}
	cmd.Flags().BoolVar(&proving, "prove", false, "grade hostile submissions, and say what was held")
	return cmd
}

func examine(ctx context.Context) ([]engine.Finding, error) {
	e, err := engine.Connect(ctx)
	var missing *dockerhost.Unavailable
	if errors.As(err, &missing) {
		return []engine.Finding{{Name: "docker", Status: "bad", Detail: missing.Error(), Fix: missing.Fix}}, nil
	}
	if err != nil {
		return nil, err
	}
	defer e.Close()
	findings, err := e.Doctor(ctx)
	if err != nil {
		return nil, err
	}
	for _, ref := range baseimage.Default {
		labels, present, err := e.Store().Lookup(ctx, ref)
		if err != nil {
			return nil, err
		}
		f := engine.Finding{Name: "base image", Status: "ok", Detail: ref}
		switch {
		case !present:
			f.Status, f.Detail, f.Fix = "warn", ref+" is not here", "taskgrader images"
		case baseimage.IsStandIn(labels):
			f.Status, f.Detail, f.Fix = "warn", ref+" is "+labels[baseimage.Label], "docker pull "+ref
		}
		findings = append(findings, f)
	}
	return findings, nil
}

// printFindings writes one paragraph for each, wrapped to the width of a terminal, below the name
// where that is narrow; the error says that something is bad.
func printFindings(w io.Writer, findings []engine.Finding, color bool, width int) error {
	indent, below := 26, ""
	if width > 0 && width < 50 {
		indent, below = 6, "\n      "
	}
	counts := map[string]int{}
	for _, f := range findings {
		counts[f.Status]++
		mark := fmt.Sprintf("%-4s", f.Status)
		if color {
			mark = map[string]string{"ok": "\x1b[32m", "warn": "\x1b[33m", "bad": "\x1b[31;1m"}[f.Status] + mark +
				"\x1b[0m"
		}
		fmt.Fprintf(w, "%s  %-20s%s%s\n", mark, f.Name, below, wrap(f.Detail, width, indent))
		if f.Fix != "" {
			fmt.Fprintf(w, "%*s%s\n", indent, "", wrap("fix: "+f.Fix, width, indent))
		}
	}
	fmt.Fprintf(w, "\n%d ok, %d to know, %d bad\n", counts["ok"], counts["warn"], counts["bad"])
	if counts["bad"] > 0 {
		return errGrader
	}
	return nil
}

// wrap breaks text between words, so that with the indent it fits the width; 0 is no limit.
func wrap(text string, width, indent int) string {
	var b strings.Builder
	at := indent
	for i, word := range strings.Fields(text) {
		long := len([]rune(word))
		switch {
		case i == 0:
		case width > indent+20 && at+1+long > width-1:
			fmt.Fprintf(&b, "\n%*s", indent, "")
			at = indent
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += long
	}
	return b.String()
}
