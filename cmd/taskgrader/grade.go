package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader"
	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/engine"
	"github.com/taskgrader/taskgrader/grader/report"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
	"github.com/taskgrader/taskgrader/rubrics"
)

func newGrade() *cobra.Command {
	o := gradeOptions{}
	cmd := &cobra.Command{
		Use: "grade [DIR]", Short: "grade one submission",
		Long: `grade builds the folder's Dockerfile, runs it, and writes the report. DIR is the current folder unless given.

  $ taskgrader grade ./my-work
  $ taskgrader grade --only layer-cache,builds
  $ taskgrader grade --seed 18f3a2 ./my-work     ask exactly the same again

` + exitCodes,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			return runGrade(cmd, dir, o)
		},
	}
	o.add(cmd)
	return cmd
}

func runGrade(cmd *cobra.Command, dir string, o gradeOptions) error {
	ctx := cmd.Context()
	r, err := o.load()
	if err != nil {
		return err
	}
	sub, err := submission.Open(dir)
	if err != nil {
		return err
	}
	defer sub.Close()
	e, err := connect(cmd)
	if err != nil {
		return err
	}
	defer e.Close()
	talk := newTalk(cmd, o)
	rep := grader.Grade(ctx, engineOf(e), r, *sub, grader.Options{Seed: o.seed, Only: o.only, Keep: o.keep, Version: version(), Progress: talk.say})
	talk.done()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := report.WriteFiles(o.out, rep); err != nil {
		return graderError{err}
	}
	if err := o.show(cmd, rep); err != nil {
		return err
	}
	return o.verdict(rep)
}

// gradeOptions are what grade and class share.
type gradeOptions struct {
	rubric, out, seed, format string
	only                      []string
	failUnder                 float64
	keep, quiet, noColor      bool
}

func (o *gradeOptions) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.rubric, "rubric", "task-api", "rubric: a file, a folder, or the name of a built-in one")
	f.StringVar(&o.out, "out", "reports", "folder for the reports")
	f.StringVar(&o.seed, "seed", "", "hexadecimal seed of the random values; a new one unless given")
	f.StringSliceVar(&o.only, "only", nil, "ids of the checks to ask, with what they need")
	f.Float64Var(&o.failUnder, "fail-under", 0, "exit with 1 below this per cent")
	f.StringVar(&o.format, "format", "text", "what stdout gets: text or json")
	f.BoolVar(&o.keep, "keep", false, "leave image and container, and say their names")
	f.BoolVar(&o.quiet, "quiet", false, "no progress")
	f.BoolVar(&o.noColor, "no-color", false, "no colour; also NO_COLOR")
}

// load reads the rubric, and checks what the flags say of it.
func (o *gradeOptions) load() (*rubric.Rubric, error) {
	if o.format != "text" && o.format != "json" {
		return nil, unknownWord("format", o.format, []string{"text", "json"})
	}
	if err := grader.CheckSeed(o.seed); err != nil {
		return nil, err
	}
	if o.failUnder < 0 || o.failUnder > 100 {
		return nil, fmt.Errorf("--fail-under is a per cent from 0 to 100, not %v", o.failUnder)
	}
	r, err := rubric.Load(o.rubric, rubrics.FS, kinds.All())
	if err != nil {
		return nil, err
	}
	for _, id := range o.only {
		var ids []string
		found := false
		for _, c := range r.Checks {
			ids = append(ids, c.ID)
			found = found || c.ID == id
		}
		if !found {
			return nil, unknownWord("check", id, ids)
		}
	}
	return r, nil
}

func (o *gradeOptions) show(cmd *cobra.Command, rep result.Report) error {
	if o.format == "json" {
		return report.JSON(cmd.OutOrStdout(), rep)
	}
	return report.Text(cmd.OutOrStdout(), rep, report.TextOptions{Color: o.color(cmd), Page: filepath.Join(o.out, "students", rep.Submission.ID+".html")})
}

func (o *gradeOptions) verdict(rep result.Report) error {
	switch {
	case rep.Status == result.Error:
		return errGrader
	case rep.MaxScore > 0 && *rep.Score*100 < o.failUnder*rep.MaxScore:
		return errBelow
	}
	return nil
}

// connect connects to Docker and removes what a dead run left.
func connect(cmd *cobra.Command) (*engine.Engine, error) {
	e, err := engine.Connect(cmd.Context())
	if err != nil {
		return nil, graderError{err}
	}
	if _, err := e.Sweep(cmd.Context()); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(cmd.ErrOrStderr(), "taskgrader: removing what an earlier run left: %v\n", err)
	}
	return e, nil
}

func engineOf(e *engine.Engine) grader.Engine {
	return grader.EngineFunc(func(ctx context.Context, job check.Job) (grader.Workplace, error) { return e.Open(ctx, job) })
}
