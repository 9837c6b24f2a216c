package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
)

func newRubricTest() *cobra.Command {
	o := gradeOptions{}
	cmd := &cobra.Command{
		Use: "test EXPECTED.yaml", Short: "grade sample submissions and compare with what is expected of each",
		Long: `test grades the folders beside EXPECTED.yaml that it names, and says where the verdicts differ from it:

  rubric: task-api
  submissions:
    lesson: {score: 100}
    no-expose: {fails: [instructions, listens], why: EXPOSE is missing}

Every check that fails does not name must pass, or be blocked by one that it names.

` + exitCodes,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runRubricTest(cmd, args[0], o) },
	}
	cmd.Flags().StringSliceVar(&o.only, "only", nil, "names of submissions")
	cmd.Flags().StringVar(&o.rubric, "rubric", "", "another rubric than EXPECTED.yaml names")
	return cmd
}

func runRubricTest(cmd *cobra.Command, file string, o gradeOptions) error {
	expected, err := rubric.LoadExpected(file)
	if err != nil {
		return err
	}
	if o.rubric == "" {
		o.rubric = expected.Rubric
	}
	only := o.only
	o.only, o.format = nil, "text"
	r, err := o.load()
	if err != nil {
		return err
	}
	e, err := connect(cmd)
	if err != nil {
		return err
	}
	defer e.Close()
	wrong, failed := 0, false
	for _, want := range expected.Submissions {
		if len(only) > 0 && !slices.Contains(only, want.ID) {
			continue
		}
		sub, err := submission.Open(filepath.Join(filepath.Dir(file), want.ID))
		if err != nil {
			return err
		}
		rep := grader.Grade(cmd.Context(), engineOf(e), r, *sub, grader.Options{Version: version()})
		if cmd.Context().Err() != nil {
			return cmd.Context().Err()
		}
		differences := want.Diff(rep)
		failed = failed || rep.Score == nil
		mark := "ok  "
		if len(differences) > 0 {
			wrong++
			mark = "DIFF"
		}
		score := "error"
		if rep.Score != nil {
			score = fmt.Sprint(*rep.Score)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s %-28s %6s  %5.1fs\n", mark, want.ID, score, float64(rep.DurationMS)/1000)
		for _, d := range differences {
			fmt.Fprintln(cmd.OutOrStdout(), "       "+d)
		}
	}
	switch {
	case failed:
		return errGrader
	case wrong > 0:
		return errBelow
	}
	return nil
}
