// Package roster says who is in a class, and whose a submission is.
//
// [Read] reads the file; [Roster.Match] finds the student of each submission.
package roster

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/taskgrader/taskgrader/grader/sheet"
)

// Student is one row of a roster.
type Student struct {
	ID    string // as the roster has it
	Name  string // empty when the roster has none
	Email string // empty when the roster has none
	Line  int    // of the roster's file

	others []string // what else identifies the student: a login, a number
}

// Roster is who is in the class, in the order of its file.
type Roster struct {
	Students []Student
}

// What columns are called, by what they hold; the first of a list that a roster has is the one. Case, and whether words
// are joined by a space, a line or nothing, make no difference.
var (
	idHeaders = []string{"id", "studentid", "identifier", "sisuserid", "idnumber", "orgdefinedid", "studentnumber", "matriculationnumber",
		"matrikelnummer", "sid", "uid", "userid", "netid", "username", "login", "loginid", "sisloginid", "githubusername", "github", "githubid"}
	nameHeaders  = []string{"name", "fullname", "studentname", "student", "displayname"}
	firstHeaders = []string{"firstname", "givenname", "given", "first"}
	lastHeaders  = []string{"lastname", "familyname", "surname", "last"}
	emailHeaders = []string{"email", "emailaddress", "mail", "studentemail", "schoolemail"}
)

// Read reads a roster: a [sheet.Table] with a column for ids. The error is a [sheet.Error] when the file can be read.
func Read(file string) (*Roster, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("reading the roster: %w", err)
	}
	defer f.Close()
	return Parse(file, f)
}

// Parse is [Read] of a text; file is the name to show in errors.
func Parse(file string, in io.Reader) (*Roster, error) {
	text, err := io.ReadAll(io.LimitReader(in, 50<<20))
	if err != nil {
		return nil, fmt.Errorf("reading the roster: %w", err)
	}
	table, err := sheet.Read(file, text)
	if err != nil {
		return nil, err
	}
	p := rosterParser{Table: table, ids: map[string]int{}}
	if err := p.header(); err != nil {
		return nil, err
	}
	roster := &Roster{}
	for i, record := range table.Rows {
		student, err := p.row(table.Line(i), record)
		if err != nil {
			return nil, err
		}
		if student != nil {
			roster.Students = append(roster.Students, *student)
		}
	}
	if len(roster.Students) == 0 {
		return nil, p.Mistake(1, "", "the roster has a header and no students")
	}
	return roster, nil
}

const headerFix = "The first line names the columns, such as: id,name,email"

type rosterParser struct {
	*sheet.Table
	columns rosterColumns
	ids     map[string]int // the line of each
}

// rosterColumns are where things are; -1 is nowhere.
type rosterColumns struct {
	id, name, first, last, email int
	others                       []int
}

func (p *rosterParser) header() error {
	line, record := p.HeaderLine(), p.Header
	names := make([]string, len(record))
	for i, cell := range record {
		names[i] = letters(cell)
		if at := slices.Index(names[:i], names[i]); at >= 0 && names[i] != "" {
			return p.Mistake(line, "", "columns %d and %d are both called %q", at+1, i+1, strings.TrimSpace(cell))
		}
	}
	find := func(headers []string) int {
		for _, h := range headers {
			if i := slices.Index(names, h); i >= 0 {
				return i
			}
		}
		return -1
	}
	c := rosterColumns{id: find(idHeaders), name: find(nameHeaders), first: find(firstHeaders), last: find(lastHeaders), email: find(emailHeaders)}
	if c.id < 0 {
		c.id = c.email
	}
	if c.id < 0 {
		return p.Mistake(line, headerFix, "no column holds the students' ids, only %s", quoted(record))
	}
	for i, name := range names {
		if i != c.id && slices.Contains(idHeaders, name) {
			c.others = append(c.others, i)
		}
	}
	p.columns = c
	return nil
}

// row is one student, or nil for a row that is nobody's.
func (p *rosterParser) row(line int, record []string) (*Student, error) {
	c := p.columns
	cell := func(i int) string {
		if i < 0 {
			return ""
		}
		return strings.Join(strings.Fields(record[i]), " ")
	}
	if strings.HasPrefix(cell(c.name), "Points Possible") {
		return nil, nil
	}
	s := &Student{ID: strings.TrimPrefix(cell(c.id), "Participant "), Name: cell(c.name), Email: cell(c.email), Line: line}
	if s.Name == "" {
		s.Name = strings.TrimSpace(cell(c.first) + " " + cell(c.last))
	}
	for _, i := range c.others {
		if other := cell(i); other != "" {
			s.others = append(s.others, other)
		}
	}
	if s.ID == "" && s.Name == "Test Student" || s.Name == "Student, Test" { // Canvas's own
		return nil, nil
	}
	if s.ID == "" {
		return nil, p.Mistake(line, "Every student needs an id that no other has.", "%s has no id", orNobody(s.Name))
	}
	if first, ok := p.ids[strings.ToLower(s.ID)]; ok {
		return nil, p.Mistake(line, "Every student needs an id that no other has.", "the id %q is that of line %d too", s.ID, first)
	}
	if s.Email != "" && !strings.Contains(s.Email, "@") {
		return nil, p.Mistake(line, "", "%q is no e-mail address", s.Email)
	}
	p.ids[strings.ToLower(s.ID)] = line
	return s, nil
}

func orNobody(name string) string {
	if name == "" {
		return "this row"
	}
	return fmt.Sprintf("%q", name)
}

func quoted(cells []string) string {
	var out []string
	for _, c := range cells {
		out = append(out, fmt.Sprintf("%q", strings.TrimSpace(c)))
	}
	return strings.Join(out, ", ")
}

// letters is a text's letters and digits, in lower case and composed.
func letters(s string) string { return strings.ReplaceAll(words(s), " ", "") }

// words is letters with the words apart.
func words(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(norm.NFC.String(s)), func(r rune) bool {
		return !wordRune(r)
	}), " ")
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }
