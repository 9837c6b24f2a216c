package batch

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/taskgrader/taskgrader/grader"
	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
)

// run is one run over a class. What it holds of a student is a Row, so that its memory does not grow with the reports.
type run struct {
	grade   Grade
	rubric  *rubric.Rubric
	entries []submission.Entry
	options Options
	seed    string
	asked   int   // checks in a whole report
	student []int // of each entry: index into the roster, or -1
	texts   class.Interner
	failing atomic.Int32 // students in a row that ended in an error

	rows []class.Row // of the entries; after plan, only RunFunc's goroutine uses them

	mu   sync.Mutex // around Progress
	done int
}

func newRun(grade Grade, r *rubric.Rubric, entries []submission.Entry, o Options, before *class.Class) *run {
	run := &run{grade: grade, rubric: r, entries: entries, options: o, seed: o.Seed, asked: len(r.Select(o.Only)),
		student: make([]int, len(entries)), rows: make([]class.Row, len(entries))}
	if run.seed == "" && before != nil {
		run.seed = before.Seed
	}
	if run.seed == "" {
		run.seed = grader.NewSeed()
	}
	for i := range run.student {
		run.student[i] = -1
	}
	if o.Roster != nil {
		run.student = o.Roster.Match(entries)
	}
	return run
}

// person is name and e-mail address of an entry's student: the roster's, or what the hand-in tells.
func (r *run) person(i int) (name, email string) {
	if n := r.student[i]; n >= 0 {
		s := r.options.Roster.Students[n]
		if s.Name != "" {
			return s.Name, s.Email
		}
		return r.entries[i].Name, s.Email
	}
	return r.entries[i].Name, ""
}

// class is the class as it is now.
func (r *run) class(begun time.Time) class.Class {
	c := class.Class{Schema: class.Schema, Rubric: r.rubric.Source(),
		Grader: result.Grader{Version: r.options.Version}, Seed: r.seed, Only: sorted(r.options.Only), StartedAt: begun.UTC().Truncate(time.Second),
		DurationMS: time.Since(begun).Milliseconds(), Jobs: r.options.Jobs, Complete: true,
		Skills: []class.Skill{}, Checks: []class.Check{}, Students: []class.Row{}, Ignored: r.options.Ignored}
	asked, skills := r.rubric.Select(r.options.Only), map[string]bool{}
	var most []float64
	slices.Sort(asked) // the rubric's order
	for _, i := range asked {
		k := r.rubric.Checks[i]
		c.Checks = append(c.Checks, class.Check{ID: k.ID, Title: k.Title, Skill: k.Skill, MaxPoints: result.Round(k.Points), Bonus: k.Bonus, Hidden: k.Hidden})
		if !k.Bonus {
			most, skills[k.Skill] = append(most, result.Round(k.Points)), true
		}
	}
	c.MaxScore = result.Sum(most...)
	for _, s := range r.rubric.Skills {
		if skills[s.ID] {
			c.Skills = append(c.Skills, class.Skill(s))
		}
	}
	c.Students = r.students()
	for _, row := range c.Students {
		if row.Now {
			c.Graded++
		}
		c.Complete = c.Complete && row.State != class.Waiting && row.State != class.Stale
	}
	c.Duplicates = class.Duplicates(c.Students)
	return c
}

// students are the rows: of the roster in its order, handed in or not, then of the others.
func (r *run) students() []class.Row {
	var out, others []class.Row
	if r.options.Roster != nil {
		for _, s := range r.options.Roster.Students {
			out = append(out, class.Row{Student: s.ID, Name: s.Name, Email: s.Email, State: class.Missing})
		}
	}
	for i, row := range r.rows {
		n := r.student[i]
		switch {
		case n < 0:
			others = append(others, row)
		case out[n].State == class.Missing:
			row.Student = out[n].Student
			out[n] = row
		default:
			row.Student, row.Second = out[n].Student, true
			others = append(others, row)
		}
	}
	slices.SortStableFunc(others, func(a, b class.Row) int { return strings.Compare(a.ID, b.ID) })
	return append(out, others...)
}

func sorted(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}

// say tells what goes on, one at a time.
func (r *run) say(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Row != nil {
		r.done++
	}
	e.Done, e.Total = r.done, len(r.entries)
	r.options.Progress(e)
}
