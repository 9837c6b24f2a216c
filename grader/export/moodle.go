package export

import (
	"fmt"
	"html"
	"io"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/sheet"
)

func moodle() Format {
	return Format{Name: "moodle", Summary: "fills a grading worksheet that was downloaded from Moodle", Ending: ".csv", Takes: []string{TakesWorksheet, TakesHeader, TakesFeedback},
		Example: `moodle reports --worksheet Grades-CS101-Task.csv --out upload.csv`,
		Manual: `Moodle knows the students of an assignment by numbers of its own, so its worksheet has to be filled: open the assignment,
View all submissions, Download grading worksheet. Name that file with --worksheet and upload what comes out with Upload
grading worksheet. The column Grade is filled, and with --feedback the column Feedback comments, too; all other columns,
rows and cells stay as they are. Students are found by the number in the name of their hand-in, their e-mail address, id
number or user name, or their name, as long as it is nobody else's.

Headers in English, German, French and Spanish are known. In another language say what they are called there:
--header Grade=Voto --header Identifier=Identificativo --header "Last modified (grade)=Ultima modifica (valutazione)".

The row of whoever has no score, because we could not grade, or nothing was handed in, stays as it is, and they are named
on stderr. Moodle passes over a grade above the assignment's maximum without a word: a lower maximum than the rubric's is
refused, and a score that is above it by its bonus is named on stderr.`,
		All: writeMoodle}
}

// The columns of Moodle's worksheet by their English names, and what they are called in other languages.
var moodleColumns = map[string][]string{
	"Identifier":            {"ID", "Identifiant", "Identificador"},
	"Full name":             {"Vollständiger Name", "Nom complet", "Nombre completo"},
	"Email address":         {"E-Mail-Adresse", "Adresse de courriel", "Dirección de correo"},
	"ID number":             {"ID-Nummer", "Numéro d’identification", "Numéro d'identification", "Número de ID"},
	"Username":              {"Anmeldename", "Nom d’utilisateur", "Nom d'utilisateur", "Nombre de usuario"},
	"Grade":                 {"Bewertung", "Note", "Calificación"},
	"Maximum Grade":         {"Bestwertung", "Note maximale", "Calificación máxima"},
	"Grade can be changed":  {"Bewertung kann geändert werden", "La note peut être modifiée", "La calificación puede ser cambiada"},
	"Last modified (grade)": {"Zuletzt geändert (Bewertung)", "Dernière modification (note)", "Última modificación (calificación)"},
	"Feedback comments":     {"Feedback als Kommentar", "Feedback par commentaires", "Comentarios de retroalimentación"},
}

func writeMoodle(w io.Writer, c Class, o Options) ([]Note, error) {
	if o.Sheet == nil {
		return nil, &OptionError{Text: "moodle needs --worksheet FILE.csv", Fix: "Download it from the assignment: View all submissions, Download grading worksheet."}
	}
	for english := range o.Headers {
		if _, ok := moodleColumns[english]; !ok {
			return nil, &OptionError{Text: fmt.Sprintf("no column of the worksheet is %q in English", english), Fix: `They are "Identifier", "Grade", "Last modified (grade)", "Email address", "ID number", "Full name", "Maximum Grade" and "Feedback comments".`}
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
		return t.Column(append([]string{english}, moodleColumns[english]...)...)
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
	grade, maximum, feedback, changeable := column("Grade"), column("Maximum Grade"), column("Feedback comments"), column("Grade can be changed")
	f := newFinder(3)
	for row := range t.Rows {
		if most, ok := number(t.Cell(row, maximum)); ok && most < c.MaxScore {
			return nil, t.Mistake(t.Line(row), fmt.Sprintf("Set the assignment's maximum grade to %s in Moodle, and download the worksheet again.", plain.Points(c.MaxScore)),
				"the maximum grade is %s and the rubric has %s points: Moodle would pass over the higher grades", plain.Points(most), plain.Points(c.MaxScore))
		}
		f.add(0, trailingDigits(t.Cell(row, column("Identifier"))), row)
		for _, english := range []string{"Email address", "ID number", "Username"} {
			f.add(1, t.Cell(row, column(english)), row)
		}
		f.add(2, nameKey(t.Cell(row, column("Full name"))), row)
	}
	var students []Student
	notes := grades(c, func(s Student, _ float64) { students = append(students, s) })
	found := f.match(students, moodleKeys)
	if err := foundNobody(t, found, "Name the worksheet of this class's assignment; a --roster with Moodle's e-mail addresses or id numbers, given to class, finds the rest."); err != nil {
		return nil, err
	}
	for i, row := range found {
		s := students[i]
		score, _ := s.Score()
		if row < 0 {
			notes = append(notes, Note{Who: s.ID, What: fmt.Sprintf("left out: no row of %s is this student's alone", o.Sheet.Name)})
			continue
		}
		switch most, limited := number(t.Cell(row, maximum)); {
		case slices.Contains([]string{"No", "Nein", "Non"}, t.Cell(row, changeable)):
			notes = append(notes, Note{Who: s.ID, What: "left out: Moodle says that this grade cannot be changed"})
			continue
		case limited && score > most:
			notes = append(notes, Note{Who: s.ID, What: fmt.Sprintf("%s points are more than Moodle's maximum of %s, and Moodle passes over such a grade: raise the maximum", plain.Points(score), plain.Points(most))})
		}
		t.Rows[row][grade] = fixed(score)
		if o.Feedback {
			t.Rows[row][feedback] = comment(s)
		}
	}
	return notes, t.Write(w)
}

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
		fix = "Switch on feedback comments in the assignment's settings and download the worksheet again, or leave --feedback out."
	}
	return t.Mistake(1, fix, "no column is called %q, only %s", looked, strings.Join(headers[:min(len(headers), 12)], ", "))
}

func moodleKeys(s Student, rank int) []string {
	switch rank {
	case 0:
		if s.Platform == "moodle" { // another's number may be the same as this student's id
			return []string{s.Submission}
		}
		return nil
	case 1:
		return []string{s.Email, s.ID}
	}
	return []string{nameKey(s.Name)}
}

// comment is the score and what was not passed, as the HTML that Moodle takes it for.
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

// trailingDigits is the number at the end of "Participant 123", which stands there in any language.
func trailingDigits(s string) string {
	return s[len(strings.TrimRight(s, "0123456789")):]
}
