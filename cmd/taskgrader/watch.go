package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader"
	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/report"
	"github.com/taskgrader/taskgrader/grader/reports"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
	"github.com/taskgrader/taskgrader/grader/watch"
)

func newWatch() *cobra.Command {
	o := gradeOptions{}
	cmd := &cobra.Command{
		Use: "watch [DIR]", Short: "grade again whenever a file is saved",
		Long: `watch grades the folder, and again whenever a file in it is saved, and then says only what changed: each
check that passes now, or no longer does, as soon as it is known. Ctrl-C ends it.

Where the rubric is a file, it is watched, too: what is wrong with it is said, and an edit builds nothing, and asks only
the checks that changed. So a rubric is written beside a sample of which one knows what is right.

All files count but those that .dockerignore keeps out of the build, and .git, .venv, __pycache__ and the like. Every
time the same random values are sent, so that what changes is the program's doing.

  $ taskgrader watch ./my-work
  $ taskgrader watch --only create,read
  $ taskgrader watch --rubric notes.yaml samples/right

` + exitCodes,
		Args: takes(0, 1), ValidArgsFunction: completeFolder,
		RunE: func(cmd *cobra.Command, args []string) error { return runWatch(cmd, args, o) },
	}
	o.addCommon(cmd)
	return cmd
}

func runWatch(cmd *cobra.Command, args []string, o gradeOptions) error {
	r, err := o.load()
	if err != nil {
		return err
	}
	sub, err := openSubmission(cmd, args)
	if err != nil {
		return err
	}
	defer sub.Close()
	if len(args) > 0 && submission.IsArchive(args[0]) {
		return usageError{fmt.Sprintf("%q is no folder", args[0]), "unpack it, and watch the folder"}
	}
	e, err := connect(cmd)
	if err != nil {
		return err
	}
	defer e.Close()
	if o.seed == "" {
		o.seed = grader.NewSeed()
	}
	loop := grader.NewLoop(engineOf(e))
	defer func() { _ = loop.Close() }() // what is left is removed with the engine's
	var also []string
	if !r.BuiltIn {
		also = []string{r.File}
	}
	w := watcher{cmd: cmd, options: o, rubric: r, dir: sub.Dir, engine: engineOf(e), loop: loop,
		talk: newTalk(cmd.Context(), cmd.ErrOrStderr(), o.quiet), told: map[string]result.Check{},
		ids: shownIDs(r, o.only)}
	for _, warning := range r.Warnings {
		warn(cmd, warning)
	}
	if err := watch.Run(cmd.Context(), sub.Dir, reports.Dir(o.out).Folders(), also, w.grade); err != nil {
		return graderError{err}
	}
	return cmd.Context().Err()
}

// watcher grades one folder again and again.
type watcher struct {
	cmd     *cobra.Command
	options gradeOptions
	rubric  *rubric.Rubric
	dir     string
	engine  grader.Engine
	loop    *grader.Loop // for a rubric that is a file
	talk    *talk

	digest string                  // of the folder and the rubric as they were last graded
	folder string                  // the digest of the folder then, until something in it changes
	score  *float64                // when it was
	told   map[string]result.Check // the verdicts that were shown; empty before the first report
	ids    map[string]string       // what each check is called to students
}

// grade grades once. When ctx ends before that is done, a later call goes on from what was told.
func (w *watcher) grade(ctx context.Context, changed []string) {
	sub, err := submission.Open(w.dir)
	if err != nil {
		sayError(w.cmd.ErrOrStderr(), err)
		return
	}
	if !slices.Equal(changed, []string{w.rubric.File}) {
		w.folder = ""
	} else if w.folder != "" {
		sub.Digest = w.folder // the rubric may lie in it, and is no part of what is graded
	}
	if !w.read(changed) {
		return
	}
	digest := sub.Digest + w.rubric.Digest
	if digest == w.digest {
		return // saved as it was
	}
	// a verdict may be told and the file be as it was before, so that counts as a change until this
	// is done
	w.digest = ""
	out, begun, first := w.cmd.OutOrStdout(), time.Now(), len(w.told) == 0
	if !first {
		say(out, fmt.Sprintf("\n%s  %s", begun.Format(time.TimeOnly), strings.Join(changed, " ")))
	}
	now := map[string]result.Check{}
	o := grader.Options{Seed: w.options.seed, Only: w.options.only, Version: version(), Progress: w.talk.say}
	o.Decided = func(c result.Check) {
		now[c.ID] = w.shown(c)
		if !first && ctx.Err() == nil {
			w.tell(c)
		}
	}
	rep := w.run(ctx, *sub, o)
	w.talk.done()
	if ctx.Err() != nil {
		return
	}
	if err := reports.Dir(w.options.out).Write(rep); err != nil {
		sayError(w.cmd.ErrOrStderr(), err)
	}
	text := w.options.text(w.cmd, rep)
	switch {
	case rep.Score == nil:
		text.Page = ""
		rep = rep.For(result.Student)
		rep.Checks, rep.Skills = nil, nil // what went wrong, and no more
		_ = report.Text(out, rep, text)
		return
	case first:
		_ = report.Text(out, rep.For(result.Student), text)
		if !w.options.quiet {
			say(w.cmd.ErrOrStderr(), fmt.Sprintf("\nwatching %s; Ctrl-C ends it", w.dir))
		}
		w.told = now
	default:
		w.conclude(rep, begun)
	}
	w.digest, w.folder, w.score = digest, sub.Digest, rep.Score
}

// read reads the rubric again where it was saved, and reports whether it can be graded by it. What
// is wrong with it is said; the verdicts that were told stay.
func (w *watcher) read(changed []string) bool {
	if w.rubric.BuiltIn || !slices.Contains(changed, w.rubric.File) {
		return true
	}
	r, err := w.options.load()
	if err != nil {
		say(w.cmd.OutOrStdout(), fmt.Sprintf("\n%s  %s", time.Now().Format(time.TimeOnly), w.rubric.File))
		sayError(w.cmd.ErrOrStderr(), err)
		return false
	}
	if r.Digest == w.rubric.Digest {
		return true
	}
	for _, warning := range r.Warnings {
		warn(w.cmd, warning)
	}
	w.rubric, w.ids = r, shownIDs(r, w.options.only)
	return true
}

// run grades: in a loop where the rubric may change.
func (w *watcher) run(ctx context.Context, sub submission.Submission, o grader.Options) result.Report {
	if w.rubric.BuiltIn {
		return grader.Grade(ctx, w.engine, w.rubric, sub, o)
	}
	return w.loop.Grade(ctx, w.rubric, sub, o)
}

// shownIDs returns what each check of a rubric is called to students.
func shownIDs(r *rubric.Rubric, only []string) map[string]string {
	asked := r.Select(only)
	slices.Sort(asked)
	var all result.Report
	for _, i := range asked {
		all.Checks = append(all.Checks, result.Check{ID: r.Checks[i].ID, Hidden: r.Checks[i].Hidden})
	}
	ids := map[string]string{}
	for n, c := range all.For(result.Student).Checks {
		ids[r.Checks[asked[n]].ID] = c.ID
	}
	return ids
}

// tell says what became of a check, at once.
func (w *watcher) tell(c result.Check) {
	shown := w.shown(c)
	w.talk.aside(func() {
		if said, _ := report.Change(w.cmd.OutOrStdout(), w.told[c.ID], shown,
			w.options.text(w.cmd, result.Report{})); said {
			w.told[c.ID] = shown
		}
	})
}

// shown returns what a student may see of a check.
func (w *watcher) shown(c result.Check) result.Check {
	shown := result.Report{Checks: []result.Check{c}}.For(result.Student).Checks[0]
	shown.ID = w.ids[c.ID]
	return shown
}

// conclude says what the changes come to.
func (w *watcher) conclude(rep result.Report, begun time.Time) {
	out := w.cmd.OutOrStdout()
	blocked := map[string]int{}
	for _, c := range rep.For(result.Student).Checks {
		if c.Status == result.Blocked {
			blocked[c.BlockedBy]++
		}
	}
	for _, id := range slices.Sorted(maps.Keys(blocked)) {
		fmt.Fprintf(out, "%d more could not be judged, because %s did not pass\n", blocked[id],
			cmp.Or(id, "something before"))
	}
	score := plain.Points(*rep.Score) + " of " + plain.Points(rep.MaxScore)
	switch {
	case w.score != nil && *w.score == *rep.Score:
		score += ", as before"
	case w.score != nil:
		score = plain.Points(*w.score) + " → " + score
	}
	fmt.Fprintf(out, "Score %s  (%.1f s)\n", score, time.Since(begun).Seconds())
}
