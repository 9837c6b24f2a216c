package class

import (
	"io"

	"github.com/taskgrader/taskgrader/grader/export"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/submission"
)

// CSV writes the grades: one row for each student, with the points of each check. The score of who could not be graded
// for a reason of ours is the word error, never 0 and never empty, so that no gradebook takes it for a grade; of who
// handed in nothing it is empty, for the instructor to say.
func CSV(w io.Writer, c Class) error { return export.CSV(w, c.Export()) }

// Export is the class as the outside formats take it. Of a student's report there is no more than the row holds.
func (c Class) Export() export.Class {
	out := export.Class{Rubric: c.Rubric, MaxScore: c.MaxScore}
	for _, k := range c.Checks {
		out.Checks = append(out.Checks, k.ID)
	}
	for _, row := range c.Students {
		out.Students = append(out.Students, c.student(row))
	}
	return out
}

func (c Class) student(r Row) export.Student {
	s := export.Student{ID: r.Student, Submission: r.ID, Name: r.Name, Email: r.Email, State: export.State(r.State), Note: r.Due, Late: r.Late, Second: r.Second}
	if s.ID == "" {
		s.ID = r.ID
	}
	if id, form := submission.Recognise(r.File); id == r.ID && (form == submission.Canvas || form == submission.Moodle) {
		s.Platform = string(form)
	}
	if p := r.Problem; p != nil {
		if r.State == Stale {
			s.Note += "; grader: "
		} else {
			s.Note = ""
		}
		s.Note += p.Phase + ": " + p.Message
	}
	if r.State == Missing || r.State == Waiting {
		return s
	}
	s.Report = &result.Report{Schema: result.Schema, Audience: result.Instructor, Status: result.Graded, Score: r.Score, MaxScore: r.MaxScore}
	if r.Score == nil {
		s.Report.Status = result.Error
	}
	for _, v := range r.Checks {
		check := result.Check{ID: v.ID, Hidden: true, Status: v.Status, Points: v.Points, Hint: v.Hint, BlockedBy: v.BlockedBy}
		for _, k := range c.Checks {
			if k.ID == v.ID {
				check.Title, check.Skill, check.MaxPoints, check.Bonus, check.Hidden = k.Title, k.Skill, k.MaxPoints, k.Bonus, k.Hidden
			}
		}
		s.Report.Checks = append(s.Report.Checks, check)
	}
	return s
}
