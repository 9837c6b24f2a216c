// Package batch grades many submissions.
//
// [Run] hands out the work, keeps what is finished on disk, and writes the instructor's files. It
// knows nothing of how one submission is graded: that is a [Grade], a plain function from a [Task]
// to a report; [Local] returns the one that grades on this machine. What hands out work and what
// does it meet in these two types alone.
//
// A finished report is on disk before the next step. Killed at any moment, a run leaves whole
// files, and the next one grades only what is missing, changed, or ended in an error of ours.
package batch

import (
	"context"
	"errors"
	"time"

	"github.com/taskgrader/taskgrader/grader"
	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/reports"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/roster"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
)

// Options are what a caller may choose for a class.
type Options struct {
	Out       reports.Dir    // the folder for the reports
	Jobs      int            // how many are graded at once; 0 is [DefaultJobs]
	Roster    *roster.Roster // may be nil
	KeepFirst bool           // of two submissions of one student the first counts, not the later
	Ignored   []string       // what the class folder holds that is no submission, to be shown
	Fresh     bool           // grade all again
	Seed      string         // of the class, hexadecimal; empty is the kept one, or a new one
	Only      []string       // check ids, asked with what they need; empty is all
	Keep      bool           // leave images and containers
	Version   string         // of the grader, for the reports
	Deadline  time.Duration  // for one student; 0 is what the rubric's limits add up to, and some more
	Retries   int            // how often a fault of ours is tried again; 0 is twice, less is never
	Wait      time.Duration  // before the first of them, and twice as long before the next; 0 is two seconds
	// Ready is called once before anything is graded, not when nothing is, with the class's Bases
	// of an earlier run. Its error ends the run. It may be nil.
	Ready func(bases map[string]string) error
	// Bases returns what base images were resolved to by now, those of Ready among them. It may be
	// nil.
	Bases func() map[string]string
	// Machines returns those that grade the class, with what they came to in this run. It is nil
	// where this machine does.
	Machines func() []class.Machine
	Progress func(Event) // told what goes on, from one goroutine at a time; may be nil
}

// Task is the work on one student.
type Task struct {
	Entry submission.Entry
	Seed  string
}

// Grade grades one submission. A fault of ours is a report with status error. It is called from
// many goroutines, and may be left alone when it does not heed its context.
type Grade func(ctx context.Context, t Task, progress func(what string)) result.Report

// Event is something that went on.
type Event struct {
	Worker int        // counted from 0; -1 is none
	ID     string     // of the submission
	What   string     // is going on; empty when the worker has nothing to do
	Row    *class.Row // of a submission that is finished, or that was kept; nil else
	Done   int
	Total  int
}

// Local grades on this machine with an engine.
func Local(engine grader.Engine, r *rubric.Rubric, o Options) Grade {
	return func(ctx context.Context, t Task, progress func(string)) result.Report {
		sub, err := t.Entry.Open()
		if err != nil {
			return Failed(r, t, o.Version, "open", err)
		}
		defer sub.Close()
		return grader.Grade(ctx, engine, r, *sub, grader.Options{Seed: t.Seed, Only: o.Only, Keep: o.Keep,
			Version: o.Version, Progress: progress})
	}
}

// Run grades the entries with an engine; see [RunFunc].
func Run(ctx context.Context, engine grader.Engine, r *rubric.Rubric, entries []submission.Entry,
	o Options) (*class.Class, error) {
	return RunFunc(ctx, Local(engine, r, o), r, entries, o)
}

// RunFunc grades what of the entries is not graded yet, and writes the reports and the class's own
// files. A student whose grading fails is a row with status error, and no error here. The error is
// a [RefusedError]; or ctx's, and then the class holds what was finished; or Ready's; or that the
// class's files cannot be written.
func RunFunc(ctx context.Context, grade Grade, r *rubric.Rubric, entries []submission.Entry,
	o Options) (*class.Class, error) {
	if err := grader.CheckSeed(o.Seed); err != nil {
		return nil, err
	}
	submission.Sweep()
	unlock, err := lock(o.Out)
	if err != nil {
		return nil, err
	}
	defer unlock()
	begun := time.Now()
	before, err := load(o.Out)
	if err != nil {
		return nil, err
	}
	run := newRun(grade, r, entries, o.withDefaults(r), before)
	if err := run.refuses(before); err != nil {
		return nil, err
	}
	todo, err := run.plan(ctx, before)
	if err != nil {
		return nil, err
	}
	// the seed, and what is to be done again, outlive whatever comes
	if err := o.Out.WriteClass(run.class(begun)); err != nil {
		return nil, err
	}
	if len(todo) > 0 && o.Ready != nil {
		if err := o.Ready(run.bases); err != nil {
			return nil, err
		}
	}
	if run.journal, err = o.Out.Journal(); err != nil {
		return nil, err
	}
	run.work(ctx, todo, begun)
	c := run.class(begun)
	if err := errors.Join(o.Out.WriteClass(c), o.Out.WriteClassPages(c)); err != nil {
		return nil, errors.Join(err, run.journal.Close())
	}
	if err := run.journal.Remove(); err != nil {
		return nil, err
	}
	return &c, ctx.Err()
}

// Deadline returns how long one grading may take unless the caller says otherwise: what the
// rubric's limits add up to, and some more. It is a safety net: each limit below it is the
// student's, this one ours.
func Deadline(r *rubric.Rubric) time.Duration {
	return 2*(r.Limits.Build.Time.Std()+r.Limits.Run.Start.Std()) + r.Limits.Run.Time.Std() + 2*time.Minute
}

func (o Options) withDefaults(r *rubric.Rubric) Options {
	if o.Jobs <= 0 {
		o.Jobs = DefaultJobs(int64(r.Limits.Run.Memory))
	}
	if o.Deadline <= 0 {
		o.Deadline = Deadline(r)
	}
	switch {
	case o.Retries == 0:
		o.Retries = 2
	case o.Retries < 0:
		o.Retries = 0
	}
	if o.Wait <= 0 {
		o.Wait = 2 * time.Second
	}
	if o.Progress == nil {
		o.Progress = func(Event) {}
	}
	return o
}

// Failed returns the report on a submission that could not even be tried.
func Failed(r *rubric.Rubric, t Task, version, phase string, err error) result.Report {
	return result.Report{Schema: result.Schema, Audience: result.Instructor, Status: result.Error,
		MaxScore:   result.Round(r.Points),
		Submission: result.Submission{ID: t.Entry.ID, Name: t.Entry.Name},
		Rubric:     r.Source(), Grader: result.Grader{Version: version},
		Seed: t.Seed, StartedAt: time.Now().UTC().Truncate(time.Second), Phases: []result.Phase{},
		Skills: []result.Skill{}, Checks: []result.Check{},
		Problem: &result.Problem{Phase: phase, Message: err.Error(), Hint: grader.HintOf(err)}}
}
