package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader"
	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/engine"
	"github.com/taskgrader/taskgrader/grader/option"
	"github.com/taskgrader/taskgrader/grader/report"
	"github.com/taskgrader/taskgrader/grader/reports"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
	"github.com/taskgrader/taskgrader/rubrics"
)

func newGrade() *cobra.Command {
	o := gradeOptions{}
	cmd := &cobra.Command{
		Use: "grade [DIR]", Short: "grade one submission",
		Long: `grade builds the folder's Dockerfile, runs it, and writes the report. Without DIR it grades the current
folder, which must then hold a Dockerfile. A .zip or .tar.gz will do for DIR, too. It prints what the student may see;
what hidden checks wanted and got is in the reports below instructor.

  $ taskgrader grade ./my-work
  $ taskgrader grade --only layer-cache,builds
  $ taskgrader grade --seed 18f3a2 ./my-work     ask exactly the same again

` + exitCodes,
		Args: takes(0, 1), ValidArgsFunction: completeFolder,
		RunE: func(cmd *cobra.Command, args []string) error { return runGrade(cmd, args, o) },
	}
	o.add(cmd)
	return cmd
}

func runGrade(cmd *cobra.Command, args []string, o gradeOptions) error {
	ctx := cmd.Context()
	r, err := o.load()
	if err != nil {
		return err
	}
	sub, err := openSubmission(cmd, args)
	if err != nil {
		return err
	}
	defer sub.Close()
	e, err := connect(cmd)
	if err != nil {
		return err
	}
	closed := sync.OnceFunc(func() { _ = e.Close() })
	defer closed()
	talk := newTalk(cmd.Context(), cmd.ErrOrStderr(), o.quiet)
	rep := grader.Grade(ctx, engineOf(e), r, *sub, grader.Options{Seed: o.seed, Only: o.only, Keep: o.keep,
		Version: version(), Progress: talk.say})
	talk.done()
	go closed() // while the report is written
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := reports.Dir(o.out).Write(rep); err != nil {
		return graderError{err}
	}
	if err := o.show(cmd, rep.For(result.Student)); err != nil {
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
	o.addCommon(cmd)
	f := cmd.Flags()
	f.Float64Var(&o.failUnder, "fail-under", 0, "exit with 1 below this per cent")
	f.StringVar(&o.format, "format", "text", "what stdout gets: text or json")
	f.BoolVar(&o.keep, "keep", false, "leave image and container, and say their names")
	offer(cmd, "format", completeWords(formats...))
}

// addCommon adds the flags of all that grades.
func (o *gradeOptions) addCommon(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.rubric, "rubric", defaultRubric, "rubric: a file, a folder, or the name of a built-in one")
	f.StringVar(&o.out, "out", "reports", "folder for the reports")
	f.StringVar(&o.seed, "seed", "", "hexadecimal seed of the random values; a new one unless given")
	f.StringSliceVar(&o.only, "only", nil, "ids of the checks to ask, with what they need")
	f.BoolVar(&o.quiet, "quiet", false, "no progress")
	f.BoolVar(&o.noColor, "no-color", false, "no colour; also NO_COLOR")
	offer(cmd, "rubric", completeRubric)
	offer(cmd, "only", completeCheck)
	offer(cmd, "out", completeFolder)
}

const defaultRubric = "task-api"

var formats = []string{"text", "json"}

// load reads the rubric, and checks what the flags say of it.
func (o *gradeOptions) load() (*rubric.Rubric, error) {
	if o.format != "" && !slices.Contains(formats, o.format) {
		return nil, unknownWord("format", o.format, formats)
	}
	if err := grader.CheckSeed(o.seed); err != nil {
		return nil, err
	}
	if !(o.failUnder >= 0 && o.failUnder <= 100) { // NaN neither
		return nil, fmt.Errorf("--fail-under is a per cent from 0 to 100, not %v", o.failUnder)
	}
	r, err := rubric.Load(o.rubric, rubrics.FS, kinds.All())
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, c := range r.Checks {
		ids = append(ids, c.ID)
	}
	given := o.only
	o.only = nil
	for _, id := range given {
		switch id = strings.TrimSpace(id); {
		case id == "":
		case !slices.Contains(ids, id):
			return nil, unknownWord("check", id, ids)
		default:
			o.only = append(o.only, id)
		}
	}
	if given != nil && o.only == nil {
		return nil, usageError{"--only names no check", "known: " + strings.Join(ids, ", ")}
	}
	if o.out == "" { // what writes no reports
		return r, nil
	}
	if err := reports.Dir(o.out).Writable(); err != nil {
		return nil, usageError{fmt.Sprintf("no reports can be written to the folder %q: %v", o.out, err),
			"name one that you may write to, with --out"}
	}
	return r, nil
}

// openSubmission opens what a command is given, or the current folder where that is one.
func openSubmission(cmd *cobra.Command, args []string) (*submission.Submission, error) {
	if len(args) == 0 {
		if _, err := os.Stat(dockerfile.Find(os.DirFS("."))); err == nil {
			return submission.Open(".")
		}
		e := usageError{text: "this folder has no Dockerfile"}
		switch below, _ := filepath.Glob("*/Dockerfile"); len(below) {
		case 0:
			e.fix = fmt.Sprintf("go to the folder that has it, or name it: %s ./my-work", cmd.CommandPath())
		case 1:
			e.fix = fmt.Sprintf("the folder below has one: %s %s", cmd.CommandPath(), filepath.Dir(below[0]))
		default:
			e.fix = fmt.Sprintf("%d folders below have one: name one of them, or grade them all: taskgrader class .",
				len(below))
		}
		return nil, e
	}
	if args[0] == "" { // as of a variable that is not set
		return nil, noFolder("")
	}
	if err := notFile(cmd, args[0]); err != nil {
		return nil, err
	}
	sub, err := submission.Open(args[0])
	if errors.Is(err, fs.ErrNotExist) {
		err = noFolder(args[0])
	}
	return sub, err
}

// notFile refuses a file where a folder or an archive belongs.
func notFile(cmd *cobra.Command, name string) error {
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() && !submission.IsArchive(name) {
		return usageError{fmt.Sprintf("%q is a file", name), fmt.Sprintf("name the folder that it is in: %s %s",
			cmd.CommandPath(), filepath.Dir(name))}
	}
	return nil
}

// noFolder reports that a folder is not there, with the one beside it that was probably meant.
func noFolder(name string) error { return notThere("folder", name) }

func notThere(what, name string) error {
	e := usageError{text: fmt.Sprintf("there is no %s %q", what, name)}
	var beside []string
	children, _ := os.ReadDir(filepath.Dir(name))
	for _, c := range children {
		beside = append(beside, filepath.Join(filepath.Dir(name), c.Name()))
	}
	if near := option.Suggest(name, beside); near != "" {
		e.text += fmt.Sprintf(" (did you mean %q?)", near)
	}
	return e
}

func (o *gradeOptions) show(cmd *cobra.Command, rep result.Report) error {
	if o.format == "json" {
		return report.JSON(cmd.OutOrStdout(), rep)
	}
	return report.Text(cmd.OutOrStdout(), rep, o.text(cmd, rep))
}

// text returns how the verdict is shown.
func (o *gradeOptions) text(cmd *cobra.Command, rep result.Report) report.TextOptions {
	args := cmd.Flags().Args()
	if cmd.Flags().Changed("out") {
		args = append([]string{"--out", o.out}, args...)
	}
	return report.TextOptions{Color: o.color(cmd), Width: width(cmd.OutOrStdout()), Only: o.only, Args: args,
		Page: reports.Dir(o.out).Page(result.Student, rep.Submission.ID)}
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
	e.SweepBeside(cmd.Context(), func(err error) {
		if !errors.Is(err, context.Canceled) {
			say(cmd.ErrOrStderr(), fmt.Sprintf("taskgrader: removing what an earlier run left: %v", err))
		}
	})
	return e, nil
}

// engineOf returns the engine as the grader wants it.
func engineOf(e *engine.Engine) grader.Engine {
	return grader.EngineFunc(func(ctx context.Context, job check.Job) (grader.Session, error) {
		return e.Open(ctx, job)
	})
}
