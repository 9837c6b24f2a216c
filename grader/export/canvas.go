package export

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/person"
	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/sheet"
)

func canvas() Format {
	return Format{Name: "canvas", Summary: "a CSV for Canvas's gradebook import", Ending: ".csv",
		Takes:   []string{TakesAssignment, TakesGradebook, TakesIDColumn},
		Example: `canvas reports --gradebook Grades-CS101.csv --assignment "Task API (12345)" --out upload.csv`,
		Manual: `Download the gradebook (Grades, Export, Export Entire Gradebook) and name it with --gradebook: Canvas's
own ids are taken from it, and so is the header of the assignment. Students are found by the number in the name of their
submission, their id, login, e-mail address, or name, as long as it is nobody else's. Then import the file (Grades,
Import).

Without --gradebook, the ids go into the column that --id-column names: "SIS Login ID" unless given, "SIS User ID" or
"ID". An assignment without its Canvas number in parentheses is found by its exact title, and made when there is none.

Whoever has no score, because we could not grade, or nothing was handed in, has no row, because Canvas takes an empty
cell for a deletion; they are named on stderr. Scores have two decimals, and with bonus may be above the points
possible.`,
		All: writeCanvas}
}

// identity are the columns that tell a student, in Canvas's order. The first two and the last are
// always there.
var identity = []string{"Student", "ID", "SIS User ID", "SIS Login ID", "Integration ID", "Root Account", "Section"}

// reserved are columns that Canvas works out itself: an assignment called so is passed over.
var reserved = regexp.MustCompile(`(?i)\b(current|final|override) (score|points|grade)\b`)

func writeCanvas(w io.Writer, c Class, o Options) ([]Note, error) {
	if o.IDColumn == "" {
		o.IDColumn = "SIS Login ID"
	}
	if !slices.Contains([]string{"ID", "SIS User ID", "SIS Login ID"}, o.IDColumn) {
		return nil, &OptionError{Text: fmt.Sprintf("Canvas has no column %q for ids", o.IDColumn),
			Fix: `use "SIS Login ID", "SIS User ID" or "ID"`}
	}
	assignment := title(c, o)
	if reserved.MatchString(assignment) {
		return nil, &OptionError{Text: fmt.Sprintf("Canvas takes %q for a column of its own, and passes it over",
			assignment), Fix: "give another title with --assignment"}
	}
	if o.Sheet != nil {
		return mergeCanvas(w, c, o, assignment)
	}
	out := csv.NewWriter(w)
	columns := []string{"Student", "ID", "SIS User ID", "SIS Login ID", "Section"}
	_ = out.Write(append(slices.Clone(columns), cell(assignment)))
	_ = out.Write([]string{"    Points Possible", "", "", "", "", fixed(c.MaxScore)})
	notes := grades(c, func(s Student, score float64) {
		record := []string{cell(s.Name), "", "", "", "", fixed(score)}
		if s.Team == "" {
			record[1] = cell(s.Account.In(person.CanvasUser))
		}
		// a platform's number is nobody's id
		if at := slices.Index(columns, o.IDColumn); record[at] == "" && s.ID != s.Account.Value {
			record[at] = cell(s.ID)
		}
		o.fill(who(s), s, "its own row")
		_ = out.Write(record)
	})
	if !endsInNumber.MatchString(assignment) {
		notes = append(notes,
			Note{What: fmt.Sprintf(
				"Canvas makes a new assignment unless one is called exactly %q; --assignment \"%s (12345)\" names "+
					"one by its number", assignment, assignment)})
	}
	out.Flush()
	return notes, out.Error()
}

var endsInNumber = regexp.MustCompile(`\s*\((\d+)\)$`)

// mergeCanvas writes the rows of the gradebook that have a score, with the columns that tell a
// student as they are there.
func mergeCanvas(w io.Writer, c Class, o Options, assignment string) ([]Note, error) {
	t, err := sheet.Read(o.Sheet.Name, o.Sheet.Text)
	if err != nil {
		return nil, err
	}
	section := t.Column("Section")
	if t.Column("Student") != 0 || t.Column("ID") != 1 || section < 2 {
		return nil, t.Mistake(1, "export the gradebook from Canvas: Grades, Export, Export Entire Gradebook",
			"this is no gradebook of Canvas: its columns do not begin with Student and ID, or there is no Section")
	}
	at, err := findAssignment(t, section, assignment)
	if err != nil {
		return nil, err
	}
	var columns []int
	for i, h := range t.Header[:section+1] {
		if slices.Contains(identity, strings.TrimSpace(h)) {
			columns = append(columns, i)
		}
	}
	f := newFinder(o.Sheet.Name, person.CanvasUser, true)
	var notes []Note
	for row := range t.Rows {
		name := t.Cell(row, 0)
		switch {
		case strings.Contains(name, "Points Possible"):
			if strings.EqualFold(t.Cell(row, at), "(read only)") {
				return nil, t.Mistake(t.Line(row), "name an assignment with --assignment",
					"the column %q is one that Canvas works out itself, and does not import", t.Header[at])
			}
			if possible, ok := number(t.Cell(row, at)); ok && hundredths(possible) != hundredths(c.MaxScore) {
				notes = append(notes,
					Note{What: fmt.Sprintf(
						"the assignment has %s points in Canvas, and the rubric %s; the points are written as they are",
						plain.Points(possible), plain.Points(c.MaxScore))})
			}
			continue
		case name == "Student, Test", name == "Test Student", t.Cell(row, 1) == "": // no student's
			continue
		}
		r := sheetRow{at: row, number: t.Cell(row, 1), name: name}
		for _, h := range []string{"SIS User ID", "SIS Login ID", "Integration ID"} {
			r.ids = append(r.ids, t.Cell(row, t.Column(h)))
		}
		f.add(r)
	}
	scores := map[int]float64{}
	var students []Student
	notes = append(grades(c, func(s Student, _ float64) { students = append(students, s) }), notes...)
	left, err := f.fill(t, students,
		"name the gradebook of this class; a --roster with Canvas's ids, logins or e-mail addresses, given to class, "+
			"finds the rest", o, func(s Student, r sheetRow) {
			scores[r.at], _ = s.Score()
		})
	if err != nil {
		return nil, err
	}
	notes = append(notes, left...)
	pick := func(record []string) []string {
		var cells []string
		for _, i := range columns {
			cells = append(cells, record[i])
		}
		return cells
	}
	out := [][]string{append(pick(t.Header), t.Header[at])}
	points := make([]string, len(t.Header))
	points[0] = "    Points Possible"
	out = append(out, append(pick(points), fixed(c.MaxScore)))
	for row := range t.Rows {
		if score, ok := scores[row]; ok {
			record := slices.Clone(t.Rows[row])
			record[0] = cell(record[0]) // a name, by which nobody is found who has an id
			out = append(out, append(pick(record), fixed(score)))
		}
	}
	return notes, t.WriteRows(w, out)
}

// findAssignment returns the column of an assignment: by its whole header, its title, or its
// number.
func findAssignment(t *sheet.Table, section int, assignment string) (int, error) {
	var found []int
	var titles []string
	for i := section + 1; i < len(t.Header); i++ {
		header := strings.TrimSpace(t.Header[i])
		number := endsInNumber.FindStringSubmatch(header)
		if number == nil {
			continue
		}
		titles = append(titles, fmt.Sprintf("%q", header))
		wanted := endsInNumber.FindStringSubmatch(assignment)
		switch {
		case header == assignment, number[1] == assignment, wanted != nil && wanted[1] == number[1]:
			return i, nil
		case wanted == nil && strings.EqualFold(endsInNumber.ReplaceAllString(header, ""), assignment):
			found = append(found, i)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return 0, t.Mistake(1, "name it with its number: --assignment \""+t.Header[found[0]]+"\"",
			"%d assignments are called %q", len(found), assignment)
	case len(titles) == 0:
		return 0, t.Mistake(1, "make it in Canvas, and export the gradebook again",
			"there are no assignments in this gradebook")
	}
	return 0, t.Mistake(1, "name one of these with --assignment: "+strings.Join(titles[:min(len(titles), 5)], ", "),
		"no assignment is called %q", assignment)
}

// number reads a number with either decimal sign, and reports whether it is one. A comma before a
// point parts thousands.
func number(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if strings.Contains(s, ".") {
		s = strings.ReplaceAll(s, ",", "")
	}
	n, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	return n, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
}
