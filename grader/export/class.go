package export

import (
	"cmp"
	"fmt"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/person"
	"github.com/taskgrader/taskgrader/grader/result"
)

// Of returns a class as the formats take it. Of a student's report there is no more than the row
// holds.
func Of(c class.Class) Class {
	out := Class{Rubric: c.Rubric, MaxScore: c.MaxScore}
	for _, k := range c.Checks {
		out.Checks = append(out.Checks, k.ID)
	}
	for _, row := range c.Students {
		out.Students = append(out.Students, studentOf(c, row))
	}
	return out
}

// Describe returns of a class that grade left what it was graded by. The error is an [OptionError]
// when its reports do not go together.
func (c *Class) Describe() error {
	var first string
	for _, s := range c.Students {
		if _, ok := s.Score(); !ok {
			continue
		}
		r := s.Report
		if c.Rubric.Digest == "" {
			first, c.Rubric, c.MaxScore = s.ID, r.Rubric, r.MaxScore
			for _, k := range r.Checks {
				c.Checks = append(c.Checks, k.ID)
			}
		}
		if r.Rubric.Digest != c.Rubric.Digest || r.MaxScore != c.MaxScore {
			return &OptionError{fmt.Sprintf("the reports of %q and %q are not of the same rubric and checks",
				cmp.Or(first, "the class"), s.ID),
				"export one student with --student, or grade all alike, with class"}
		}
	}
	return nil
}

func studentOf(c class.Class, r class.Row) Student {
	s := Student{ID: r.Student, Submission: r.ID, Name: r.Name, Email: r.Email, State: r.State, File: r.File,
		Team: r.Team, Matched: r.Matched, Note: r.Due, Late: r.Late, Second: r.Second}
	if s.ID == "" {
		s.ID = r.ID
	}
	if s.Matched == "" && r.Student != "" { // of an older version
		s.Matched = "roster"
	}
	s.Account = person.ID{Scope: person.Scope(r.Platform), Value: r.Number}
	if r.Platform != "" && r.Number == "" {
		s.Account.Value = r.ID
	}
	if p := r.Problem; p != nil {
		if r.State == class.Stale {
			s.Note += "; grader: "
		} else {
			s.Note = ""
		}
		s.Note += p.Phase + ": " + p.Message
	}
	if r.State == class.Missing || r.State == class.Waiting {
		return s
	}
	s.Report = &result.Report{Schema: result.Schema, Audience: result.Instructor, Status: result.Graded, Score: r.Score,
		MaxScore: r.MaxScore}
	if r.Score == nil {
		s.Report.Status = result.Error
	}
	for _, v := range r.Checks {
		check := result.Check{ID: v.ID, Hidden: true, Status: v.Status, Points: v.Points, Hint: v.Hint,
			BlockedBy: v.BlockedBy}
		for _, k := range c.Checks {
			if k.ID == v.ID {
				check.Title, check.Skill, check.MaxPoints, check.Bonus, check.Hidden = k.Title, k.Skill, k.MaxPoints,
					k.Bonus, k.Hidden
			}
		}
		s.Report.Checks = append(s.Report.Checks, check)
	}
	return s
}
