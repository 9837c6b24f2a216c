package export

import (
	"cmp"
	"encoding/csv"
	"io"
	"iter"
	"slices"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
)

func csvFormat() Format {
	return Format{Name: "csv", Summary: "one row for each student, with the points of each check", Ending: ".csv",
		Example: "csv reports --out grades.csv",
		Manual: `The columns are id, name, email, status, score, max_score, late, submission, one for each check by its
id, and note.

The score of a student whom we could not grade is the word error, and of one who still waits the word waiting: no
program takes either for a grade. Of a student who handed in nothing it is empty, for you to say. A score with bonus may
be above max_score. A cell that a spreadsheet would take for a formula begins with an apostrophe.`,
		All: func(w io.Writer, c Class, o Options) ([]Note, error) {
			return grades(c, func(s Student, _ float64) { o.fill(who(s), s, "its own row") }), CSV(w, c)
		}}
}

// CSV writes the grades: one row for each student, with the points of each check.
func CSV(w io.Writer, c Class) error {
	return writeCSV(w, c.Checks, c.MaxScore, slices.Values(c.Students))
}

// ClassCSV writes CSV of a class, whose students it holds one at a time.
func ClassCSV(w io.Writer, c class.Class) error {
	var checks []string
	for _, k := range c.Checks {
		checks = append(checks, k.ID)
	}
	return writeCSV(w, checks, c.MaxScore, func(yield func(Student) bool) {
		for _, row := range c.Students {
			if !yield(studentOf(c, row)) {
				return
			}
		}
	})
}

func writeCSV(w io.Writer, checks []string, most float64, students iter.Seq[Student]) error {
	out := csv.NewWriter(w)
	header := []string{"id", "name", "email", "status", "score", "max_score", "late", "submission"}
	for _, id := range checks {
		header = append(header, cell(id))
	}
	if err := out.Write(append(header, "note")); err != nil {
		return err
	}
	for s := range students {
		id := s.ID
		if s.Second { // must not be taken for the student's grade, nor for another's
			id = cmp.Or(s.File, s.Submission)
		}
		score, late := word(s), ""
		if n, ok := s.Score(); ok && !s.Second {
			score = plain.Points(n)
		}
		if s.Late {
			late = "late"
		}
		record := []string{cell(id), cell(s.Name), cell(s.Email), string(s.State), score, plain.Points(most), late,
			cell(s.Submission)}
		for _, check := range checks {
			record = append(record, checkCell(s, check))
		}
		if err := out.Write(append(record, cell(remark(s)))); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// word stands where there are no points. It is never a number, and empty only of who handed in
// nothing.
func word(s Student) string {
	if _, ok := s.Score(); ok && s.Second {
		return "not counted"
	}
	switch s.State {
	case class.Missing:
		return ""
	case class.Waiting:
		return string(class.Waiting)
	}
	return string(class.Error)
}

func checkCell(s Student, id string) string {
	if s.Report != nil {
		for _, c := range s.Report.Checks {
			switch {
			case c.ID != id:
			case c.Status == result.Error:
				return string(class.Error)
			default:
				return plain.Points(c.Points)
			}
		}
	}
	return word(s)
}

func remark(s Student) string {
	out := ""
	add := func(text string) {
		if out != "" {
			out += "; "
		}
		out += text
	}
	if s.Second {
		add("another submission of " + who(s) + " counts")
	}
	switch s.State {
	case class.Missing:
		add("handed in nothing")
	case class.Stale:
		add("an earlier grade; " + s.Note)
	case class.Error:
		add("grader: " + s.Note)
	}
	return out
}
