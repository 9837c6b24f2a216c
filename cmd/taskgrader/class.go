package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/taskgrader/taskgrader/grader"
	"github.com/taskgrader/taskgrader/grader/batch"
	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/engine"
	"github.com/taskgrader/taskgrader/grader/report"
	"github.com/taskgrader/taskgrader/grader/reports"
	"github.com/taskgrader/taskgrader/grader/roster"
	"github.com/taskgrader/taskgrader/grader/submission"
)

// classOptions are what class takes besides what grade does.
type classOptions struct {
	gradeOptions
	jobs   int
	roster string
	fresh  bool

	keepFirst bool
}

func newClass() *cobra.Command {
	o := classOptions{}
	cmd := &cobra.Command{
		Use: "class DIR", Short: "grade every submission in a folder",
		Long: `class grades every child folder, .zip, .tar.gz and .tgz of DIR, and writes a page for each student, a page of the class
(index.html) and the grades (grades.csv). The names that Moodle, Canvas, Brightspace and gh classroom give to submissions are
recognised. DIR may also be the folder above, or the archive that the platform hands out. Of two submissions of one student
the later counts.

Run it again, after an interruption too, and only what is missing, changed, or ended in an error is graded.

  $ taskgrader class submissions --roster class.csv
  $ taskgrader class submissions --fresh              grade all again, and say what changed

` + exitCodes,
		Args: takes(1, 1), ValidArgsFunction: completeFolder,
		RunE: func(cmd *cobra.Command, args []string) error { return runClass(cmd, args[0], o) },
	}
	o.add(cmd)
	f := cmd.Flags()
	f.IntVar(&o.jobs, "jobs", 0, "how many are graded at once; from processors and memory unless given")
	f.StringVar(&o.roster, "roster", "", "CSV of the class: id, name, email, team; or a gradebook")
	f.BoolVar(&o.keepFirst, "keep-first", false, "of two submissions of one student the first counts, not the later")
	f.BoolVar(&o.fresh, "fresh", false, "grade all again, and say what changed")
	return cmd
}

func runClass(cmd *cobra.Command, dir string, o classOptions) error {
	r, err := o.load()
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("jobs") && o.jobs < 1 {
		return usageError{fmt.Sprintf("--jobs is how many are graded at once, not %d", o.jobs),
			"Give 1 or more, or leave it out: processors and memory say how many."}
	}
	options := batch.Options{Out: reports.Dir(o.out), Jobs: o.jobs, Fresh: o.fresh, KeepFirst: o.keepFirst,
		Seed: o.seed, Only: o.only, Keep: o.keep, Version: version()}
	found, err := o.find(cmd, dir, &options)
	if err != nil {
		return err
	}
	defer found.Close()
	var e *engine.Engine // connected when there is something to grade
	options.Ready = func(bases map[string]string) (err error) {
		if e, err = connect(cmd); err == nil {
			e.Pin(bases)
		}
		return err
	}
	options.Bases = func() map[string]string {
		if e == nil {
			return nil
		}
		return e.Pinned()
	}
	defer func() {
		if e != nil {
			e.Close()
		}
	}()
	lazy := grader.EngineFunc(func(ctx context.Context, job check.Job) (grader.Workplace, error) {
		return e.Open(ctx, job)
	})
	show := newProgress(cmd.ErrOrStderr(), o.quiet)
	options.Progress = show.event
	unsaid := context.AfterFunc(cmd.Context(), show.stopping)
	c, err := batch.Run(cmd.Context(), lazy, r, found.Entries, options)
	unsaid()
	show.done()
	if c == nil {
		return ours(err)
	}
	if shown := o.showClass(cmd, *c); shown != nil {
		return shown
	}
	switch {
	case cmd.Context().Err() != nil:
		return usageError{err.Error(), "what is finished is kept: the same command goes on from there"}
	case err != nil:
		return err
	case c.Failed():
		return errGrader
	case c.Below(o.failUnder):
		return errBelow
	}
	return nil
}

// find lists the submissions, says where they are when that is not dir itself, and reads the
// roster.
func (o *classOptions) find(cmd *cobra.Command, dir string, options *batch.Options) (*submission.Found, error) {
	same := func(full, other string) bool {
		a, errA := os.Stat(full)
		b, errB := os.Stat(other)
		return other != "" && errA == nil && errB == nil && os.SameFile(a, b)
	}
	found, err := submission.Find(dir, func(full string) bool { return same(full, o.out) })
	var refused *submission.Refused
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, noFolder(dir)
	case errors.As(err, &refused):
		return nil, usageError{refused.Message, refused.Hint}
	case err != nil:
		return nil, err
	}
	if found.Note != "" {
		say(cmd.ErrOrStderr(), "taskgrader: "+found.Note)
	}
	options.Ignored = slices.DeleteFunc(found.Ignored, func(name string) bool {
		full := filepath.Join(found.Dir, name)
		return same(full, o.roster) || same(full, o.rubric)
	})
	if o.roster != "" {
		if options.Roster, err = roster.Read(o.roster); err != nil {
			return nil, errors.Join(err, found.Close())
		}
		for _, note := range options.Roster.Notes {
			say(cmd.ErrOrStderr(), "taskgrader: "+note)
		}
	}
	if len(found.Entries) == 0 {
		refused := &batch.RefusedError{Text: fmt.Sprintf("the folder %q holds no submissions", dir),
			Fix: "Each child folder, .zip, .tar.gz or .tgz is one."}
		if _, err := os.Stat(filepath.Join(dir, dockerfile.Find(os.DirFS(dir)))); err == nil {
			refused.Fix = fmt.Sprintf("It looks like one submission: taskgrader grade %s", dir)
		}
		return nil, refused
	}
	return found, nil
}

// ours returns what a run ended with: a mistake of the caller, or a fault of ours.
func ours(err error) error {
	var refused *batch.RefusedError
	var fault graderError
	if errors.As(err, &refused) || errors.As(err, &fault) {
		return err
	}
	return graderError{err}
}

func (o *classOptions) showClass(cmd *cobra.Command, c class.Class) error {
	if o.format == "json" {
		return class.JSON(cmd.OutOrStdout(), c)
	}
	out := reports.Dir(o.out)
	return report.Summary(cmd.OutOrStdout(), c, report.SummaryOptions{Color: o.color(cmd), Page: out.Index(),
		Grades: out.Grades()})
}

// progress shows how far a class is.
type progress interface {
	event(batch.Event)
	stopping() // after Ctrl-C, from any goroutine
	done()
}

func newProgress(w io.Writer, quiet bool) progress {
	switch {
	case quiet:
		return noProgress{}
	case isTerminal(w):
		return &barProgress{out: w}
	}
	return lineProgress{w}
}

type noProgress struct{}

func (noProgress) event(batch.Event) {}
func (noProgress) stopping()         {}
func (noProgress) done()             {}

// lineProgress is one line for each submission that is graded.
type lineProgress struct{ out io.Writer }

func (p lineProgress) event(e batch.Event) {
	if e.Row != nil && e.Row.Now {
		say(p.out, fmt.Sprintf("%d/%d %s: %s", e.Done, e.Total, e.ID, e.Row.Line()))
	}
}

func (p lineProgress) stopping() { fmt.Fprintln(p.out, stopping) }
func (lineProgress) done()       {}

// barProgress is a bar for the class and a line for each worker.
type barProgress struct {
	out     io.Writer
	mu      sync.Mutex
	screen  *mpb.Progress
	total   *mpb.Bar
	workers []*worker
}

type worker struct {
	bar  *mpb.Bar
	what atomic.Pointer[string]
}

func (p *barProgress) event(e batch.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.screen == nil {
		p.screen = mpb.New(mpb.WithOutput(p.out), mpb.WithWidth(48))
		p.total = p.screen.AddBar(int64(e.Total), mpb.BarPriority(-1), mpb.BarRemoveOnComplete(),
			mpb.AppendDecorators(decor.CountersNoUnit(" %d of %d")))
	}
	p.total.SetCurrent(int64(e.Done))
	if e.Worker < 0 {
		return
	}
	for len(p.workers) <= e.Worker {
		p.workers = append(p.workers, p.newWorker())
	}
	what := ""
	if e.What != "" {
		what = fmt.Sprintf("  %-28.28s %s", e.ID, e.What)
	}
	p.workers[e.Worker].what.Store(&what)
}

func (p *barProgress) newWorker() *worker {
	w := &worker{}
	w.what.Store(new(string))
	w.bar = p.screen.New(0, mpb.NopStyle(), mpb.PrependDecorators(
		decor.Any(func(decor.Statistics) string { return *w.what.Load() })))
	return w
}

// stopping is said above the bars.
func (p *barProgress) stopping() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.screen != nil {
		fmt.Fprintln(p.screen, clearLine+stopping)
	}
}

func (p *barProgress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.screen == nil {
		return
	}
	for _, w := range p.workers {
		w.bar.Abort(true)
	}
	p.total.Abort(true)
	p.screen.Wait()
}
