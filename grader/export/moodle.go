package export

import (
	"fmt"
	"html"
	"io"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/person"
	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/sheet"
)

func moodle() Format {
	return Format{Name: "moodle", Summary: "fills a grading worksheet that was downloaded from Moodle", Ending: ".csv",
		Takes:   []string{TakesWorksheet, TakesHeader, TakesFeedback},
		Example: `moodle reports --worksheet Grades-CS101-Task.csv --out upload.csv`,
		Manual: `Moodle knows the students of an assignment by numbers of its own, so its worksheet has to be filled:
open the assignment, View all submissions, Download grading worksheet. Name that file with --worksheet and upload what
comes out with Upload grading worksheet. The column Grade is filled, and with --feedback the column Feedback comments,
too; all other columns, rows and cells stay as they are. Students are found by the number in the name of their
submission, their e-mail address, id number or user name, or their name, as long as it is nobody else's.

Headers in some thirty of Moodle's languages are known. In another say what they are called there:
--header Grade=Mark --header "Last modified (grade)=Marked on".

A row whose name or address is another's stays as it is, and both are named: a participant's number is of one
assignment's worksheet. A team's grade goes to the members, by the column Group.

The row of whoever has no score, because we could not grade, or nothing was handed in, stays as it is, and they are
named on stderr. Moodle passes over a grade above the assignment's maximum without a word: a lower maximum than the
rubric's is refused, and a score that is above it by its bonus is named on stderr.`,
		All: writeMoodle}
}

func writeMoodle(w io.Writer, c Class, o Options) ([]Note, error) {
	if o.Sheet == nil {
		return nil, &OptionError{Text: "moodle needs --worksheet FILE.csv",
			Fix: "download it from the assignment: View all submissions, Download grading worksheet"}
	}
	for english := range o.Headers {
		if sheet.Headings(english) == nil {
			return nil, &OptionError{Text: fmt.Sprintf("no column of the worksheet is %q in English", english),
				Fix: `they are "Identifier", "Grade", "Last modified (grade)", "Email address", "ID number", "Full ` +
					`name", "Maximum Grade" and "Feedback comments"`}
		}
	}
	t, err := sheet.Read(o.Sheet.Name, o.Sheet.Text)
	if err != nil {
		return nil, err
	}
	column := func(english string) int {
		if local, ok := o.Headers[english]; ok {
			return t.Column(local)
		}
		return t.Column(sheet.Headings(english)...)
	}
	required := []string{"Identifier", "Grade", "Last modified (grade)"} // Moodle refuses a file without
	if o.Feedback {
		required = append(required, "Feedback comments")
	}
	for _, english := range required {
		if column(english) < 0 {
			return nil, missingColumn(t, english, o.Headers[english])
		}
	}
	grade, maximum, feedback, changeable := column("Grade"), column("Maximum Grade"), column("Feedback comments"),
		column("Grade can be changed")
	f := newFinder(o.Sheet.Name, person.Participant, false)
	for row := range t.Rows {
		if most, ok := number(t.Cell(row, maximum)); ok && most < c.MaxScore {
			return nil,
				t.Mistake(t.Line(row),
					fmt.Sprintf("set the assignment's maximum grade to %s in Moodle, and download the worksheet again",
						plain.Points(c.MaxScore)),
					"the maximum grade is %s and the rubric has %s points: Moodle would pass over the higher grades",
					plain.Points(most), plain.Points(c.MaxScore))
		}
		cell := func(english string) string { return t.Cell(row, column(english)) }
		f.add(sheetRow{at: row, number: trailingDigits(cell("Identifier")),
			ids: []string{cell("ID number"), cell("Username")}, address: cell("Email address"),
			name: cell("Full name"), group: cell("Group")})
	}
	var students []Student
	notes := grades(c, func(s Student, _ float64) { students = append(students, s) })
	left, err := f.fill(t, students,
		"name the worksheet of this class's assignment; a --roster with Moodle's e-mail addresses or id numbers, "+
			"given to class, finds the rest", o, func(s Student, r sheetRow) {
			score, _ := s.Score()
			row := r.at
			switch most, limited := number(t.Cell(row, maximum)); {
			case slices.Contains(no, t.Cell(row, changeable)):
				notes = append(notes, Note{Who: s.ID, What: "left out: Moodle says that this grade cannot be changed"})
				return
			case limited && score > most:
				notes = append(notes,
					Note{Who: s.ID,
						What: fmt.Sprintf(
							"%s points are more than Moodle's maximum of %s, and Moodle passes over such a grade: "+
								"raise the maximum", plain.Points(score), plain.Points(most))})
			}
			t.Rows[row][grade] = fixed(score)
			if o.Feedback {
				t.Rows[row][feedback] = comment(s)
			}
		})
	if err != nil {
		return nil, err
	}
	return append(notes, left...), t.Write(w)
}

// no is what Moodle writes for it. Where it is not known the row is filled, and Moodle passes over
// it.
var no = []string{"No", "Nein", "Non", "Não", "Nee", "Nie", "Nej", "Nei", "Ei", "Ne", "Hayır", "Нет", "Ні", "Όχι",
	"Nem", "לא", "لا", "Nu", "Ez", "いいえ", "否", "아니오"}

func missingColumn(t *sheet.Table, english, local string) error {
	var headers []string
	for _, h := range t.Header {
		headers = append(headers, fmt.Sprintf("%q", plain.Line(h, 40)))
	}
	looked := english
	if local != "" {
		looked = local
	}
	fix := fmt.Sprintf("Say what it is called in your Moodle's language: --header %q", english+"=…")
	if english == "Feedback comments" {
		fix = "Switch on feedback comments in the assignment's settings and download the worksheet again, or leave " +
			"--feedback out."
	}
	return t.Mistake(1, fix, "no column is called %q, only %s", looked,
		strings.Join(headers[:min(len(headers), 12)], ", "))
}

// comment returns the score and what was not passed, as the HTML that Moodle takes it for.
func comment(s Student) string {
	student := s.Report.For(result.Student)
	score, _ := s.Score()
	lines := []string{fmt.Sprintf("%s of %s points.", plain.Points(score), plain.Points(s.Report.MaxScore))}
	for _, c := range student.Checks {
		if c.Status != result.Pass && len(lines) < 20 {
			line := fmt.Sprintf("%s: %s of %s.", heading(c, 100), plain.Points(c.Points), plain.Points(c.MaxPoints))
			if hint := plain.Line(c.Hint, 200); hint != "" && c.Status != result.Blocked {
				line += " " + hint
			}
			lines = append(lines, line)
		}
	}
	for i, line := range lines {
		lines[i] = html.EscapeString(line)
	}
	return strings.Join(lines, "<br>")
}

// trailingDigits returns the number at the end of "Participant 123", which stands there in any
// language.
func trailingDigits(s string) string {
	return s[len(strings.TrimRight(s, "0123456789")):]
}
