package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/taskgrader/taskgrader/grader"
	"github.com/taskgrader/taskgrader/grader/batch"
	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
)

func newRubricTest() *cobra.Command {
	o := rubricTest{}
	cmd := &cobra.Command{
		Use: "test EXPECTED.yaml|DIR", Short: "grade sample submissions and compare with what is expected of each",
		Long: `test grades the folders beside EXPECTED.yaml that it names, and says where the verdicts differ from it.
Of a folder, its expected.yaml is taken:

  rubric: task-api
  submissions:
    lesson: {score: 100}
    no-expose: {fails: [instructions, listens], why: EXPOSE is missing}

Every check that fails does not name must pass, or be blocked by one that it names. At the end it says which checks no
sample ever fails: a rule that nothing breaks is a rule that nothing tests. The rubric is a name, or a path from the
file.

  $ taskgrader rubric test samples/expected.yaml
  $ taskgrader rubric test --only no-expose samples/expected.yaml

The exit code is 1 when a verdict differs.

` + exitCodes,
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return runRubricTest(cmd, args[0], o) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.samples, "only", nil, "names of submissions")
	f.StringVar(&o.rubric, "rubric", "", "another rubric than EXPECTED.yaml names")
	f.StringVar(&o.seed, "seed", "", "hexadecimal seed of the random values; a new one unless given")
	f.IntVar(&o.jobs, "jobs", 0, "how many are graded at once; from processors and memory unless given")
	f.BoolVar(&o.quiet, "quiet", false, "no progress")
	offer(cmd, "rubric", completeRubric)
	return cmd
}

type rubricTest struct {
	gradeOptions
	samples []string
	jobs    int
}

func runRubricTest(cmd *cobra.Command, file string, o rubricTest) error {
	if isFolder(file) {
		file = filepath.Join(file, "expected.yaml")
	}
	expected, err := rubric.LoadExpected(file)
	if errors.Is(err, os.ErrNotExist) {
		return usageError{fmt.Sprintf("there is no file %q", file), "what it holds: taskgrader explain expected"}
	}
	if err != nil {
		return err
	}
	folder := filepath.Dir(file)
	if o.rubric == "" {
		o.rubric = expected.RubricIn(folder)
	}
	r, err := o.load()
	if err != nil {
		return err
	}
	if problems := expected.Check(r, os.DirFS(folder)); len(problems) > 0 {
		return problems
	}
	samples, err := o.choose(expected.Submissions)
	if err != nil {
		return err
	}
	e, err := connect(cmd)
	if err != nil {
		return err
	}
	defer e.Close()
	if o.jobs <= 0 {
		o.jobs = batch.DefaultJobs(int64(r.Limits.Run.Memory))
	}
	summary := summary{untested: map[string]bool{}}
	for _, c := range r.Checks {
		summary.untested[c.ID] = true
	}
	for i, graded := range o.grade(cmd, engineOf(e), r, folder, samples) {
		rep := <-graded // all of them, so that nothing works any more when the engine is closed
		if cmd.Context().Err() != nil {
			continue
		}
		o.tell(cmd, samples[i], rep, filepath.Join(folder, samples[i].ID), &summary)
	}
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	summary.print(cmd, r, len(samples) == len(expected.Submissions), expected.Unnamed(os.DirFS(folder)), file)
	switch {
	case summary.failed > 0:
		return errGrader
	case len(summary.wrong) > 0:
		return errBelow
	}
	return nil
}

// choose returns the samples that --only names, or all.
func (o *rubricTest) choose(all []rubric.ExpectedSubmission) ([]rubric.ExpectedSubmission, error) {
	if len(o.samples) == 0 {
		return all, nil
	}
	var names []string
	for _, s := range all {
		names = append(names, s.ID)
	}
	for _, name := range o.samples {
		if !slices.Contains(names, name) {
			return nil, unknownWord("submission", name, names)
		}
	}
	return slices.DeleteFunc(slices.Clone(all),
		func(s rubric.ExpectedSubmission) bool { return !slices.Contains(o.samples, s.ID) }), nil
}

// grade grades several at once; the channels give the reports in the order of the samples.
func (o *rubricTest) grade(cmd *cobra.Command, e grader.Engine, r *rubric.Rubric, folder string,
	samples []rubric.ExpectedSubmission) []chan result.Report {
	reports := make([]chan result.Report, len(samples))
	var group errgroup.Group
	group.SetLimit(o.jobs)
	for i := range reports {
		reports[i] = make(chan result.Report, 1)
	}
	go func() {
		for i, s := range samples {
			group.Go(func() error {
				reports[i] <- o.one(cmd.Context(), e, r, filepath.Join(folder, s.ID))
				return nil
			})
		}
	}()
	return reports
}

func (o *rubricTest) one(ctx context.Context, e grader.Engine, r *rubric.Rubric, folder string) result.Report {
	sub, err := submission.Open(folder)
	if err != nil {
		return result.Report{Status: result.Error, Problem: &result.Problem{Phase: "open", Message: err.Error()}}
	}
	defer sub.Close()
	return grader.Grade(ctx, e, r, *sub, grader.Options{Seed: o.seed, Version: version()})
}

// summary is what a whole test comes to.
type summary struct {
	right, failed int
	wrong         []string
	untested      map[string]bool // checks that every sample passed so far
}

// tell says how one sample came out, and where it differs.
func (o *rubricTest) tell(cmd *cobra.Command, want rubric.ExpectedSubmission, rep result.Report, folder string,
	s *summary) {
	for _, c := range rep.Checks {
		if c.Status == result.Fail || c.Status == result.Partial {
			delete(s.untested, c.ID)
		}
	}
	out, mark, score := cmd.OutOrStdout(), "ok  ", "error"
	if rep.Score != nil {
		score = plain.Points(*rep.Score)
	}
	differences := want.Diff(rep)
	switch {
	case rep.Score == nil:
		s.failed++
		mark = "ERR "
	case len(differences) > 0:
		s.wrong = append(s.wrong, want.ID)
		mark = "DIFF"
	default:
		s.right++
	}
	fmt.Fprintf(out, "%s %-28s %6s  %5.1fs", mark, want.ID, score, float64(rep.DurationMS)/1000)
	if len(differences) > 0 && want.Why != "" {
		fmt.Fprintf(out, "  %s", plain.Line(want.Why, 80))
	}
	fmt.Fprintln(out)
	for _, d := range differences {
		indent := strings.Repeat(" ", 7+len(d)-len(strings.TrimLeft(d, " ")))
		fmt.Fprintln(out, indent+plain.Line(d, 300))
	}
	if len(differences) > 0 {
		if rep.Score != nil {
			fmt.Fprintf(out, "       if that is right, expect: %s\n", plain.Line(want.Instead(rep), 300))
		}
		fmt.Fprintf(out, "       see: taskgrader grade --rubric %s --seed %s %s\n", o.rubric, rep.Seed, folder)
	}
}

func (s *summary) print(cmd *cobra.Command, r *rubric.Rubric, all bool, unnamed []string, file string) {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "\n%d as expected", s.right)
	if len(s.wrong) > 0 {
		fmt.Fprintf(out, ", %d not: %s", len(s.wrong), strings.Join(s.wrong, ", "))
	}
	if s.failed > 0 {
		fmt.Fprintf(out, ", %d that the grader could not finish", s.failed)
	}
	fmt.Fprintln(out)
	var untested []string
	for _, c := range r.Checks {
		if s.untested[c.ID] {
			untested = append(untested, c.ID)
		}
	}
	if all && s.failed == 0 && len(untested) > 0 {
		fmt.Fprintf(out, "no sample fails: %s\n", strings.Join(untested, ", "))
	}
	if len(unnamed) > 0 {
		fmt.Fprintf(out, "not in %s: %s\n", file, strings.Join(unnamed, ", "))
	}
}
