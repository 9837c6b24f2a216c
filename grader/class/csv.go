package class

import (
	"encoding/csv"
	"io"
	"strings"
	"unicode"
)

// CSV writes the grades: one row for each student, with the points of each check. The score of who could not be graded
// for a reason of ours is the word error, never 0 and never empty, so that no gradebook takes it for a grade; of who
// handed in nothing it is empty, for the instructor to say.
func CSV(w io.Writer, c Class) error {
	out := csv.NewWriter(w)
	header := []string{"id", "name", "email", "status", "score", "max_score", "late", "submission"}
	for _, k := range c.Checks {
		header = append(header, text(k.ID))
	}
	if err := out.Write(append(header, "note")); err != nil {
		return err
	}
	for _, row := range c.Students {
		id := row.Student
		if id == "" || row.Second { // a second hand-in must not be taken for the student's grade
			id = row.ID
		}
		record := []string{text(id), text(row.Name), text(row.Email), string(row.State), score(row), points(c.MaxScore), late(row), text(row.ID)}
		for _, k := range c.Checks {
			record = append(record, cell(row, k.ID))
		}
		if err := out.Write(append(record, text(note(row)))); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func score(row Row) string {
	switch {
	case row.State == Missing:
		return ""
	case row.Score == nil:
		return string(row.State)
	}
	return points(*row.Score)
}

func late(row Row) string {
	if row.Late {
		return "late"
	}
	return ""
}

// cell is the points of one check.
func cell(row Row, id string) string {
	for _, v := range row.Checks {
		if v.ID == id {
			if v.Status == "error" {
				return "error"
			}
			return points(v.Points)
		}
	}
	if row.State == Missing {
		return ""
	}
	return string(row.State)
}

func note(row Row) string {
	var notes []string
	if row.Second {
		notes = append(notes, "another hand-in of "+row.Student)
	}
	if row.State == Stale {
		notes = append(notes, "an earlier grade; "+row.Due)
	}
	if row.State == Missing {
		notes = append(notes, "handed in nothing")
	}
	if p := row.Problem; p != nil {
		notes = append(notes, "grader: "+p.Phase+": "+p.Message)
	}
	return strings.Join(notes, "; ")
}

// text is a cell that no spreadsheet takes for a formula: one that begins like it, whatever that cannot be seen comes first,
// gets an apostrophe before it.
func text(s string) string {
	s = oneLine(s, 500)
	seen := strings.TrimLeftFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	if strings.IndexFunc(seen, func(r rune) bool { return strings.ContainsRune("=+-@|%＝＋－＠", r) }) == 0 {
		return "'" + s
	}
	return s
}
