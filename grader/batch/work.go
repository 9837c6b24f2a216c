package batch

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
)

const (
	// grace is how long a grading may clean up after its time is over before it is left alone.
	grace = 30 * time.Second
	// shown is how often the class's page is written while it is graded, and leisure how many times
	// as long as that takes lies between: that of a large class takes seconds.
	shown   = 30 * time.Second
	leisure = 20
)

var errDeadline = errors.New("the deadline of this student")

// finished is a row with its place.
type finished struct {
	index int
	row   class.Row
}

// work grades what is to be graded, and ends when all is, or the context does.
func (r *run) work(ctx context.Context, all []todo, begun time.Time) {
	tasks, rows := make(chan todo), make(chan finished)
	var workers sync.WaitGroup
	for n := range min(r.options.Jobs, len(all)) {
		workers.Go(func() {
			for t := range tasks {
				if row, ok := r.one(ctx, n, t); ok {
					rows <- finished{t.index, row}
				}
				r.say(Event{Worker: n})
			}
		})
	}
	go func() {
		defer close(rows)
		defer workers.Wait()
		defer close(tasks)
		for _, t := range all {
			select {
			case tasks <- t:
			case <-ctx.Done():
				return
			}
		}
	}()
	again := time.NewTimer(shown)
	defer again.Stop()
	for {
		select {
		case f, open := <-rows:
			if !open {
				return
			}
			r.place(f.index, f.row)
			_ = r.journal.Add(r.rows[f.index]) // without it the next run reads the report
			r.say(Event{Worker: -1, ID: f.row.ID, Row: &r.rows[f.index]})
		case <-again.C:
			writing := time.Now()
			_ = r.options.Out.WriteClassPages(r.class(begun)) // the end says what is wrong
			again.Reset(max(shown, leisure*time.Since(writing)))
		}
	}
}

// one grades one student and puts the report on disk. It reports whether it was finished.
func (r *run) one(ctx context.Context, worker int, t todo) (class.Row, bool) {
	e := r.entries[t.index]
	task := Task{Entry: e, Seed: StudentSeed(r.seed, e.ID)}
	packed, _ := e.ArchiveDigest()
	rep, attempts := r.attempts(ctx, worker, task)
	if ctx.Err() != nil && rep.Status == result.Error {
		return class.Row{}, false
	}
	rep.Submission.ID = e.ID
	rep.Submission.Name, rep.Submission.Email = r.person(t.index)
	row := class.RowOf(rep, &r.texts)
	row.Attempts, row.Now = attempts, true
	if again, err := e.ArchiveDigest(); err == nil && again == packed {
		row.ArchiveDigest = packed
	}
	if row.State == class.Error && r.keeps(t.was, row) {
		stale := *t.was
		stale.State, stale.Due, stale.Problem, stale.Now = class.Stale, t.why, row.Problem, true
		return stale, true
	}
	if old, err := r.options.Out.Read(result.Instructor, e.ID); err == nil {
		rep.History = r.history(old, row, t.why)
	}
	err := r.options.Out.Write(rep)
	var stamp class.FileStat
	if err == nil {
		stamp, err = r.options.Out.Stat(e.ID)
	}
	if err != nil {
		row.State, row.Score, row.Problem = class.Error, nil, &result.Problem{Phase: "report", Message: err.Error()}
		return row, true
	}
	row.Report = &stamp
	if row.State == class.Graded && t.was != nil && t.was.State != class.Error {
		row.Before = class.Compare(*t.was, row, t.why)
	}
	return row, true
}

// remembered is how many earlier verdicts a report keeps.
const remembered = 10

// history returns the earlier verdicts on a student, the replaced report's own among them.
func (r *run) history(old result.Report, now class.Row, why string) []result.Earlier {
	e := result.Earlier{StartedAt: old.StartedAt, Score: old.Score, Why: why}
	if was := class.RowOf(old, &r.texts); was.State == class.Graded && now.State == class.Graded {
		e.Changes = class.Compare(was, now, why).Changes
	}
	all := append(old.History, e)
	return all[max(0, len(all)-remembered):]
}

// keeps reports whether an earlier score outlives a fault of ours: it is of the same submission and
// rubric.
func (r *run) keeps(was *class.Row, now class.Row) bool {
	return was != nil && was.Score != nil && was.Rubric == r.rubric.Digest && len(was.Checks) == r.asked &&
		(now.Digest == "" || now.Digest == was.Digest)
}

// attempts grades until it is no fault of ours any more, or has failed often enough.
func (r *run) attempts(ctx context.Context, worker int, t Task) (result.Report, int) {
	wait := r.options.Wait
	for n := 1; ; n++ {
		rep, late := r.attempt(ctx, worker, t)
		if rep.Status != result.Error && rep.Score != nil {
			r.failing.Store(0)
			return rep, n
		}
		rep.Status, rep.Score = result.Error, nil
		// When one student after another fails, the fault lies elsewhere, and waiting for each
		// would take the night.
		hopeless := int(r.failing.Load()) >= max(3, r.options.Jobs)
		if ctx.Err() != nil || late || hopeless || n > r.options.Retries {
			r.failing.Add(1)
			return rep, n
		}
		r.say(Event{Worker: worker, ID: t.Entry.ID, What: "waiting to try again"})
		select {
		case <-ctx.Done():
			return rep, n
		case <-time.After(wait):
		}
		wait *= 2
	}
}

// attempt grades once, and reports whether the deadline ended it.
func (r *run) attempt(ctx context.Context, worker int, t Task) (result.Report, bool) {
	rep := Bounded(r.grade, r.rubric, r.options)(ctx, t, func(what string) {
		r.say(Event{Worker: worker, ID: t.Entry.ID, What: what})
	})
	return rep, rep.Status == result.Error && rep.Problem != nil && rep.Problem.Phase == phaseDeadline
}

const phaseDeadline = "deadline"

// Bounded returns a Grade that ends: with a panic, which is a fault of ours, and at the deadline of
// the options, or what the rubric's limits add up to. A grading that does not even end then is left
// alone.
func Bounded(grade Grade, r *rubric.Rubric, o Options) Grade {
	o = o.withDefaults(r)
	return func(ctx context.Context, t Task, progress func(string)) result.Report {
		limited, cancel := context.WithTimeoutCause(ctx, o.Deadline, errDeadline)
		defer cancel()
		done := make(chan result.Report, 1)
		go func() {
			defer func() {
				if p := recover(); p != nil {
					done <- Failed(r, t, o.Version, "check", fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
				}
			}()
			done <- grade(limited, t, func(what string) {
				if limited.Err() == nil {
					progress(what)
				}
			})
		}()
		overdue := fmt.Errorf("grading took longer than %s", o.Deadline)
		var rep result.Report
		select {
		case rep = <-done:
		case <-limited.Done():
			select {
			case rep = <-done:
			case <-time.After(grace):
				return Failed(r, t, o.Version, phaseDeadline, fmt.Errorf("%w, and does not end", overdue))
			}
		}
		if rep.Status == result.Error && errors.Is(context.Cause(limited), errDeadline) {
			rep.Problem = &result.Problem{Phase: phaseDeadline, Message: overdue.Error()}
		}
		return rep
	}
}
