package batch

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/taskgrader/taskgrader/grader"
	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/reports"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/roster"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
)

// run is one run over a class. What it holds of a student is a Row, so that its memory does not
// grow with the reports.
type run struct {
	grade   Grade
	rubric  *rubric.Rubric
	entries []submission.Entry
	options Options
	seed    string
	bases   map[string]string // of an earlier run
	helped  []class.Machine   // in earlier runs
	asked   int               // checks in a whole report
	matches []roster.Match    // of the entries
	texts   class.Interner
	failing atomic.Int32 // students in a row that ended in an error

	journal *reports.Journal // of the rows that are finished

	rows []class.Row // of the entries; after plan, only RunFunc's goroutine uses them

	mu   sync.Mutex // around Progress
	done int
}

func newRun(grade Grade, r *rubric.Rubric, entries []submission.Entry, o Options, before *class.Class) *run {
	run := &run{grade: grade, rubric: r, entries: entries, options: o, seed: o.Seed, asked: len(r.Select(o.Only)),
		matches: make([]roster.Match, len(entries)), rows: make([]class.Row, len(entries))}
	if run.seed == "" && before != nil {
		run.seed = before.Seed
	}
	if before != nil && !o.Fresh {
		run.bases, run.helped = before.Bases, before.Machines
	}
	if run.seed == "" {
		run.seed = grader.NewSeed()
	}
	if o.Roster != nil {
		run.matches = o.Roster.Match(entries)
	}
	return run
}

// person returns name and e-mail address of an entry's student: the roster's, or what the
// submission tells. A team has no address.
func (r *run) person(i int) (name, email string) {
	name = r.entries[i].Name
	if m := r.matches[i]; len(m.Students) > 0 {
		s := r.options.Roster.Students[m.Students[0]]
		if m.By == roster.ByTeam {
			return s.Team, ""
		}
		name, email = cmp.Or(s.Name, name), s.Email
	}
	return name, email
}

// class returns the class as it is now.
func (r *run) class(begun time.Time) class.Class {
	c := class.Class{Schema: class.Schema, Rubric: r.rubric.Source(),
		Grader: result.Grader{Version: r.options.Version}, Seed: r.seed, Only: sorted(r.options.Only), Bases: r.bases,
		StartedAt:  begun.UTC().Truncate(time.Second),
		DurationMS: time.Since(begun).Milliseconds(), Jobs: r.options.Jobs, Complete: true,
		Skills: []class.Skill{}, Checks: []class.Check{}, Students: []class.Row{}, Ignored: r.options.Ignored}
	if r.options.Bases != nil {
		if bases := r.options.Bases(); len(bases) > 0 { // none before anything is graded
			c.Bases = bases
		}
	}
	if c.Machines = r.helped; r.options.Machines != nil {
		now := r.options.Machines()
		c.Jobs = 0
		for _, m := range now {
			c.Jobs += m.Slots
		}
		c.Machines = class.AddMachines(r.helped, now)
	}
	asked, skills := r.rubric.Select(r.options.Only), map[string]bool{}
	var most []float64
	slices.Sort(asked) // the rubric's order
	for _, i := range asked {
		k := r.rubric.Checks[i]
		c.Checks = append(c.Checks, class.Check{ID: k.ID, Title: k.Title, Skill: k.Skill,
			MaxPoints: result.Round(k.Points), Bonus: k.Bonus, Hidden: k.Hidden})
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
	graded := map[string]bool{} // a team's row is there for each member
	for _, row := range c.Students {
		if row.Now {
			graded[row.ID] = true
		}
		c.Complete = c.Complete && row.State != class.Waiting && row.State != class.Stale
	}
	c.Graded = len(graded)
	c.Duplicates = class.Duplicates(c.Students)
	return c
}

// students returns the rows: of the roster in its order, handed in or not, then of the others, and
// of those that do not count.
func (r *run) students() []class.Row {
	var listed []roster.Student
	if r.options.Roster != nil {
		listed = r.options.Roster.Students
	}
	out := make([]class.Row, 0, len(listed)+len(r.entries)) // a large class is copied once
	for _, s := range listed {
		out = append(out, class.Row{Student: s.ID, Name: s.Name, Email: s.Email, State: class.Missing})
	}
	counts := r.counting()
	shown := make([]bool, len(r.entries))
	for n, i := range counts.students {
		row, s := r.rows[i], listed[n]
		if row.Student, row.Matched = s.ID, r.matches[i].By; row.Matched == roster.ByTeam {
			row.Name, row.Email, row.Team = cmp.Or(s.Name, s.ID), s.Email, row.Name
		}
		out[n], shown[i] = row, true
	}
	for i, row := range r.rows {
		if shown[i] {
			continue
		}
		if other := counts.instead(r, i); other >= 0 {
			row.Second, row.Counts = true, r.entries[other].ID
			if m := r.matches[i]; len(m.Students) > 0 {
				row.Student, row.Matched = listed[m.Students[0]].ID, m.By
			}
		}
		out = append(out, row)
	}
	slices.SortStableFunc(out[len(listed):], func(a, b class.Row) int { return strings.Compare(a.ID, b.ID) })
	return out
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
