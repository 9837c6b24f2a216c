package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/docs/examples"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/option"
	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/reports"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/rubrics"
)

func newRubric() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rubric", Short: "write, check, list, show and test rubrics",
		Long: `rubric helps who writes a rubric.

  $ taskgrader rubric new notes > notes.yaml     a commented one to begin with
  $ taskgrader rubric check notes.yaml           all its mistakes at once
  $ taskgrader explain                           everything a rubric can say
  $ taskgrader rubric test expected.yaml         does it judge sample submissions as it should

` + exitCodes,
		Args: cobra.ArbitraryArgs,
		RunE: subcommand,
	}
	cmd.AddCommand(newRubricNew(), newRubricCheck(), newRubricList(), newRubricShow(), newRubricSchema(),
		newRubricTest())
	return cmd
}

func newRubricNew() *cobra.Command {
	var like, out string
	cmd := &cobra.Command{
		Use: "new [NAME]", Short: "print a commented rubric to begin with",
		Long: `new prints a small rubric in which every line is explained. It passes check as it is. With --like it is
one of the examples: ` + strings.Join(examples.Names(), ", ") + `. With --out, a folder is made with it and
the samples that test it.

  $ taskgrader rubric new notes > notes.yaml
  $ taskgrader rubric new shop --like login > shop.yaml
  $ taskgrader rubric new shop --like login --out shop && taskgrader rubric test shop
  $ taskgrader rubric schema --out rubric.schema.json   for the editor

` + exitCodes,
		Args: takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := "my-rubric"
			if len(args) > 0 {
				name = args[0]
			}
			text := rubric.Starter(name)
			if like != "" {
				if !slices.Contains(examples.Names(), like) {
					return unknownWord("example", like, examples.Names())
				}
				var err error
				if text, err = examples.Rubric(like, name); err != nil {
					return err
				}
			} else if out != "" {
				return usageError{"--out needs --like beside it: samples come with an example",
					"such as: taskgrader rubric new shop --like login --out shop"}
			}
			var problems option.Problems
			if _, err := rubric.Parse("starter.yaml", text, kinds.All()); errors.As(err, &problems) {
				return usageError{problems[0].Message, "such as: taskgrader rubric new notes-api"}
			} else if err != nil {
				return err
			}
			if out != "" {
				if err := examples.Write(out, like, name); errors.Is(err, os.ErrExist) {
					return usageError{fmt.Sprintf("%q is there already", out), "name a folder that is not"}
				} else if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s\n", filepath.Join(out, name+".yaml"))
				return nil
			}
			_, err := cmd.OutOrStdout().Write(text)
			return err
		},
	}
	cmd.Flags().StringVar(&like, "like", "", "an example to begin with")
	cmd.Flags().StringVar(&out, "out", "", "a folder to make, with the example's samples, too")
	offer(cmd, "like", completeWords(examples.Names()...))
	return cmd
}

func newRubricCheck() *cobra.Command {
	return &cobra.Command{
		Use: "check RUBRIC...", Short: "find all mistakes of rubrics at once",
		Long: `check reads rubrics - files, folders or names of built-in ones - and says every mistake of each, with its
place and the fix.

  $ taskgrader rubric check notes.yaml
  taskgrader: notes.yaml:17:31: unknown key "wnat" (did you mean "want"?)

` + exitCodes,
		Args: takes(1, -1), ValidArgsFunction: completeRubric,
		RunE: func(cmd *cobra.Command, args []string) error {
			var mistakes several
			for _, name := range args {
				r, err := rubric.Load(name, rubrics.FS, kinds.All())
				if err != nil {
					mistakes = append(mistakes, err)
					continue
				}
				for _, w := range r.Warnings {
					warn(cmd, w)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, %s\n", r.File, plain.Plural(len(r.Checks), "check"),
					points(r.Points))
			}
			if len(mistakes) > 0 {
				return mistakes
			}
			return nil
		},
	}
}

// warn says what can be read and was probably meant otherwise.
func warn(cmd *cobra.Command, w option.Problem) {
	fmt.Fprintf(cmd.ErrOrStderr(), "taskgrader: warning: %s\n", plain.Line(w.Error(), 500))
	if w.Hint != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "hint: %s\n", plain.Line(w.Hint, 500))
	}
}

func newRubricList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "list the built-in rubrics",
		Long: "list names the built-in rubrics, with their points and titles.\n\n  $ taskgrader rubric list\n\n" +
			exitCodes,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range rubric.Names(rubrics.FS) {
				r, err := rubric.Load(name, rubrics.FS, kinds.All())
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%-12s %3v points  %s\n", r.ID, r.Points, r.Title)
			}
			return nil
		},
	}
}

func newRubricSchema() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "schema", Short: "print the JSON Schema of rubrics, for editors",
		Long: `schema prints what an editor needs to complete, explain and underline while a rubric is written. The
rubric's first line names the file:

  $ taskgrader rubric schema --out rubric.schema.json
  $ head -1 notes.yaml
  # yaml-language-server: $schema=./rubric.schema.json

` + exitCodes,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := rubric.Schema(kinds.All())
			if err != nil {
				return err
			}
			write := func(w io.Writer) error {
				_, err := w.Write(text)
				return err
			}
			if out == "" {
				return write(cmd.OutOrStdout())
			}
			return reports.WriteFile(out, write)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "a file to write, whole or not at all, instead of stdout")
	return cmd
}
