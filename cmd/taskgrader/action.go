package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader"
	"github.com/taskgrader/taskgrader/grader/actions"
	"github.com/taskgrader/taskgrader/grader/baseimage"
	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/engine"
	"github.com/taskgrader/taskgrader/grader/export"
	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/report"
	"github.com/taskgrader/taskgrader/grader/reports"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/submission"
)

func newAction() *cobra.Command {
	o := actionOptions{gradeOptions: gradeOptions{format: "text", noColor: true}}
	cmd := &cobra.Command{
		Use: "action [DIR]", Short: "grade one submission in a GitHub Actions job", Hidden: true,
		Long: `action is what the GitHub action of this project runs: grade, with the answer in GitHub's own words. It
makes the base images ready, grades DIR, and writes the student's page and JSON, the outputs (GITHUB_OUTPUT), the
summary of the job (GITHUB_STEP_SUMMARY), and, where Classroom 50 runs it, result.json.

stdout gets workflow commands and nothing else: the notices from which GitHub Classroom takes points, and annotations.
stderr gets the talk. What a student wrote may be in it, so workflow commands must be stopped while it is printed, as
scripts/action-grade does.

` + exitCodes,
		Args: takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"."} // whatever is in it: a folder without Dockerfile has its points, too
			}
			err := runAction(cmd, args, o)
			if err == nil || errors.Is(err, errGrader) || errors.Is(err, errBelow) || cmd.Context().Err() != nil {
				return err
			}
			return errors.Join(err, unfinished(cmd.OutOrStdout(), err))
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.rubric, "rubric", "task-api", "rubric: a file, a folder, or the name of a built-in one")
	f.StringVar(&o.out, "out", "reports", "folder for the student's page and JSON")
	f.StringVar(&o.seed, "seed", "", "hexadecimal seed of the random values; a new one unless given")
	f.Float64Var(&o.failUnder, "fail-under", 0, "exit with 1 below this per cent")
	f.BoolVar(&o.points, "report-points", true, "print the notices from which GitHub Classroom takes points")
	return cmd
}

type actionOptions struct {
	gradeOptions
	points bool
}

func runAction(cmd *cobra.Command, args []string, o actionOptions) error {
	r, err := o.load()
	if err != nil {
		return err
	}
	sub, err := openSubmission(cmd, args)
	if err != nil {
		return err
	}
	defer sub.Close()
	at := inRepository(sub.Dir)
	if repository := os.Getenv("GITHUB_REPOSITORY"); at == "." && repository != "" {
		sub.ID = submission.SafeID(path.Base(repository)) // the folder of a checkout may be called anything
	}
	e, err := connect(cmd)
	if err != nil {
		return err
	}
	defer e.Close()
	talk := cmd.ErrOrStderr()
	prepare(cmd.Context(), talk, e, sub.Dir)
	fmt.Fprintln(talk, "grading …")
	rep := grader.Grade(cmd.Context(), engineOf(e), r, *sub, grader.Options{Seed: o.seed,
		Version: version()}).For(result.Student)
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	files := actionFiles{talk: talk, page: filepath.Join(o.out, rep.Submission.ID+".html"),
		data: filepath.Join(o.out, rep.Submission.ID+".json")}
	if err := files.write(rep); err != nil {
		return graderError{err}
	}
	if err := report.Text(talk, rep, report.TextOptions{Page: files.page, Args: cmd.Flags().Args()}); err != nil {
		return graderError{err}
	}
	if o.points {
		if err := actions.Points(cmd.OutOrStdout(), rep); err != nil {
			return graderError{err}
		}
	}
	if err := actions.Annotations(cmd.OutOrStdout(), rep, at); err != nil {
		return graderError{err}
	}
	verdict := o.verdict(rep)
	if errors.Is(verdict, errBelow) {
		return errors.Join(verdict, actions.Failure(cmd.OutOrStdout(), "Below fail-under",
			fmt.Sprintf("This job fails below %v %% of the points.", o.failUnder), ""))
	}
	return verdict
}

// prepare makes the base images ready. What goes wrong here is only said: whether it costs
// anything, and whose fault it is, the build says.
func prepare(ctx context.Context, talk io.Writer, e *engine.Engine, dir string) {
	say := func(line string) { fmt.Fprintln(talk, plain.Line(line, 200)) }
	file, err := dockerfile.Load(os.DirFS(dir))
	if err != nil {
		return // the checks say what is wrong with it
	}
	made, err := baseimage.Prepare(ctx, e.Store(), file.References(), baseimage.Options{Progress: say})
	for _, m := range made {
		say(fmt.Sprintf("%s %s %s", m.Action, m.Ref, m.Note))
	}
	if err != nil {
		say(err.Error())
	}
}

// actionFiles are where an action's texts go. Only the student's view is written: the machine is
// the student's, too.
type actionFiles struct {
	talk       io.Writer
	page, data string
}

func (f actionFiles) write(rep result.Report) error {
	if err := os.MkdirAll(filepath.Dir(f.page), 0o755); err != nil {
		return fmt.Errorf("making the reports folder: %w", err)
	}
	if err := reports.WriteFile(f.page, func(w io.Writer) error { return report.HTML(w, rep) }); err != nil {
		return err
	}
	if err := reports.WriteFile(f.data, func(w io.Writer) error { return report.JSON(w, rep) }); err != nil {
		return err
	}
	if err := appendTo("GITHUB_STEP_SUMMARY", func(w io.Writer) error { return actions.Summary(w, rep) }); err != nil {
		return err
	}
	outputs := []actions.Output{{Name: "status", Value: string(rep.Status)},
		{Name: "max-score", Value: plain.Points(rep.MaxScore)},
		{Name: "report", Value: f.page}, {Name: "report-json", Value: f.data}}
	if rep.Score != nil {
		outputs = append(outputs, actions.Output{Name: "score", Value: plain.Points(*rep.Score)})
		if text, err := exported("classroom", rep); err == nil {
			outputs = append(outputs, actions.Output{Name: "result", Value: strings.TrimSpace(text)})
		} else {
			fmt.Fprintf(f.talk, "taskgrader: the output result stays empty: %v\n", err) // the points do not need it
		}
	}
	if err := forClassroom50(rep); err != nil {
		return err
	}
	return appendTo("GITHUB_OUTPUT", func(w io.Writer) error { return actions.Outputs(w, outputs...) })
}

// exported returns a report in an outside format.
func exported(format string, rep result.Report) (string, error) {
	all := export.All()
	f := all[slices.IndexFunc(all, func(f export.Format) bool { return f.Name == format })]
	var b strings.Builder
	err := f.One(&b, export.Student{ID: rep.Submission.ID, Submission: rep.Submission.ID, State: class.Graded,
		Report: &rep}, export.Options{Env: os.Getenv})
	return b.String(), err
}

// forClassroom50 writes result.json where Classroom 50's runner looks for it, when that is who runs
// this.
func forClassroom50(rep result.Report) error {
	if rep.Score == nil || os.Getenv("CLASSROOM") == "" || os.Getenv("ASSIGNMENT") == "" ||
		os.Getenv("SUBMISSION_TAG") == "" {
		return nil
	}
	text, err := exported("classroom50", rep)
	if err != nil {
		return fmt.Errorf("writing Classroom 50's result: %w", err)
	}
	return reports.WriteFile("result.json", func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
}

// unfinished returns that there is no report at all, and why.
func unfinished(w io.Writer, err error) error {
	return errors.Join(actions.Failure(w, "No score", err.Error(), grader.HintOf(err)),
		appendTo("GITHUB_OUTPUT", func(w io.Writer) error {
			return actions.Outputs(w, actions.Output{Name: "status", Value: string(result.Error)})
		}))
}

// appendTo writes to the end of the file that an environment variable names, if there is one.
func appendTo(variable string, write func(io.Writer) error) error {
	name := os.Getenv(variable)
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("opening %s: %w", variable, err)
	}
	return errors.Join(write(f), f.Close())
}

// inRepository returns a folder as the repository's root sees it.
func inRepository(dir string) string {
	rel, err := filepath.Rel(os.Getenv("GITHUB_WORKSPACE"), dir)
	if err != nil || !filepath.IsLocal(rel) {
		return ""
	}
	return filepath.ToSlash(rel)
}
