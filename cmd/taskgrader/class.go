package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
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
	"github.com/taskgrader/taskgrader/grader/option"
	"github.com/taskgrader/taskgrader/grader/plain"
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
	locked    string

	fleet fleetOptions
}

func newClass() *cobra.Command {
	o := classOptions{}
	cmd := &cobra.Command{
		Use: "class DIR", Short: "grade every submission in a folder",
		Long: `class grades every child folder, .zip, .tar.gz and .tgz of DIR, and writes a page for each student, a
page of the class (index.html) and the grades (grades.csv). The names that Moodle, Canvas, Brightspace and gh classroom
give to submissions are recognised. DIR may also be the folder above, or the archive that the platform hands out. Of two
submissions of one student the later counts.

Run it again, after an interruption too, and only what is missing, changed, or ended in an error is graded.

With --fleet, other machines help, each with "taskgrader worker TOKEN"; "taskgrader workers" makes tokens and says who
is there.

  $ taskgrader class submissions --roster class.csv
  $ taskgrader class submissions --fresh              grade all again, and say what changed
  $ taskgrader class submissions --fleet --listen 0.0.0.0:4227

` + exitCodes,
		Args: takes(1, 1), ValidArgsFunction: completeFolder,
		RunE: func(cmd *cobra.Command, args []string) error {
			below, err := guardedHere()
			switch {
			case err != nil:
				return graderError{err}
			case below != nil:
				err := runClass(cmd, args[0], o, below)
				below.say(note{Ends: true}) // unless it panics
				return err
			case canGuard && cmd.Context().Value(mayGuard{}) != nil:
				return guardClass(cmd)
			}
			return runClass(cmd, args[0], o, nil)
		},
	}
	o.add(cmd)
	f := cmd.Flags()
	f.IntVar(&o.jobs, "jobs", 0, "how many are graded at once; from processors and memory unless given")
	f.StringVar(&o.roster, "roster", "", "CSV of the class: id, name, email, team; or a gradebook")
	f.BoolVar(&o.keepFirst, "keep-first", false, "of two submissions of one student the first counts, not the later")
	f.BoolVar(&o.fresh, "fresh", false, "grade all again, and say what changed")
	f.StringVar(&o.locked, "locked", "", "class.lock of another class, to be graded on the same base images")
	o.fleet.add(cmd)
	return cmd
}

// largeClass is from how many submissions on memory is spared, at the cost of some time.
const largeClass = 5000

// runClass grades a class, below another process or not.
func runClass(cmd *cobra.Command, dir string, o classOptions, below *guarded) error {
	if below != nil && below.Again { // what all are graded again for is on disk
		o.fresh = false
	}
	r, err := o.load()
	if err != nil {
		return err
	}
	if err := o.check(cmd); err != nil {
		return err
	}
	lock, err := o.lockGiven()
	if err != nil {
		return err
	}
	options := batch.Options{Out: reports.Dir(o.out), Jobs: o.jobs, Fresh: o.fresh, KeepFirst: o.keepFirst,
		Seed: o.seed, Only: o.only, Keep: o.keep, Version: version()}
	found, err := o.find(cmd, dir, &options)
	if err != nil {
		return err
	}
	defer found.Close()
	if len(found.Entries) > largeClass {
		debug.SetGCPercent(30) // its rows are most of the memory, and twice as much would be kept for them
	}
	refs := func() []string { return referencesOf(found.Entries, nil) }
	here := &machine{cmd: cmd, lock: lock, refs: refs}
	defer here.close()
	show := newProgress(cmd.ErrOrStderr(), o.quiet)
	options.Ready, options.Bases, options.Progress = here.ready, here.bases, show.event
	grade := batch.Local(grader.EngineFunc(here.open), r, options)
	if below != nil {
		grade = below.grade(grade, r, options.Version)
	}
	if o.fleet.at != "" {
		f := &coordinator{cmd: cmd, o: o, rubric: r, here: here, show: show, refs: refs}
		defer f.close()
		grade = f.spread(&options)
	}
	unsaid := context.AfterFunc(cmd.Context(), func() { show.say(stopping) })
	c, err := batch.RunFunc(cmd.Context(), grade, r, found.Entries, options)
	unsaid()
	show.done()
	if c == nil {
		return ours(err)
	}
	if unkept := here.keepLock(options.Out, c); unkept != nil {
		return graderError{unkept}
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

// check refuses flags that do not go together.
func (o *classOptions) check(cmd *cobra.Command) error {
	if err := checkJobs(cmd, o.jobs, o.fleet.leastJobs()); err != nil {
		return err
	}
	return o.fleet.check(cmd, o)
}

// checkJobs refuses fewer jobs than can be.
func checkJobs(cmd *cobra.Command, jobs, least int) error {
	if !cmd.Flags().Changed("jobs") || jobs >= least {
		return nil
	}
	return usageError{fmt.Sprintf("--jobs is how many are graded at once, not %d", jobs),
		fmt.Sprintf("give %d or more, or leave it out: processors and memory say how many", least)}
}

// machine is this one, connected when there is something to grade.
type machine struct {
	cmd    *cobra.Command
	engine *engine.Engine
	lock   *class.Lock     // to grade on; may be nil
	refs   func() []string // the base images that the submissions name
}

func (m *machine) ready(bases map[string]string) (err error) {
	if m.engine, err = connect(m.cmd); err != nil {
		return err
	}
	m.engine.Pin(bases)
	if m.lock == nil {
		return nil
	}
	if err := m.hold(m.lock); err != nil {
		return err
	}
	if others := unlocked(m.lock, m.refs()); others != "" {
		say(m.cmd.ErrOrStderr(), "taskgrader: the lock does not have, so that today's are taken: "+others)
	}
	return nil
}

func (m *machine) bases() map[string]string {
	if m.engine == nil {
		return nil
	}
	return m.engine.Pinned()
}

func (m *machine) open(ctx context.Context, job check.Job) (grader.Session, error) {
	return m.engine.Open(ctx, job)
}

func (m *machine) close() {
	if m.engine != nil {
		_ = m.engine.Close()
		m.engine = nil
	}
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
			Fix: "each child folder, .zip, .tar.gz or .tgz is one"}
		if _, err := os.Stat(filepath.Join(dir, dockerfile.Find(os.DirFS(dir)))); err == nil {
			refused.Fix = fmt.Sprintf("it looks like one submission: taskgrader grade %s", dir)
		}
		return nil, refused
	}
	return found, nil
}

// ours returns what a run ended with: a mistake of the caller, or a fault of ours.
func ours(err error) error {
	var refused *batch.RefusedError
	var fault graderError
	var usage usageError
	var all several
	var problems option.Problems
	if errors.As(err, &refused) || errors.As(err, &fault) || errors.As(err, &usage) || errors.As(err, &all) ||
		errors.As(err, &problems) {
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
	say(line string) // from any goroutine
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
func (noProgress) say(string)        {}
func (noProgress) done()             {}

// lineProgress is one line for each submission that is graded.
type lineProgress struct{ out io.Writer }

func (p lineProgress) event(e batch.Event) {
	if e.Row != nil && e.Row.Now {
		by := ""
		if e.Row.Machine != "" {
			by = " (" + e.Row.Machine + ")"
		}
		say(p.out, fmt.Sprintf("%d/%d %s: %s%s", e.Done, e.Total, e.ID, e.Row.Line(), by))
	}
}

func (p lineProgress) say(line string) { say(p.out, line) }
func (lineProgress) done()             {}

// barProgress is a bar for the class and a line for each worker.
type barProgress struct {
	out     io.Writer
	mu      sync.Mutex
	screen  *mpb.Progress
	total   *mpb.Bar
	workers []*barOfOne
}

// barOfOne is what one submission is about.
type barOfOne struct {
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

func (p *barProgress) newWorker() *barOfOne {
	w := &barOfOne{}
	w.what.Store(new(string))
	w.bar = p.screen.New(0, mpb.NopStyle(), mpb.PrependDecorators(
		decor.Any(func(decor.Statistics) string { return *w.what.Load() })))
	return w
}

// say writes a line above the bars.
func (p *barProgress) say(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.screen == nil {
		say(p.out, line)
		return
	}
	fmt.Fprintln(p.screen, clearLine+plain.Text(line))
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
