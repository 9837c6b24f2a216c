// Package roster says who is in a class, and whose a submission is.
//
// [Read] reads the file, a list of one's own or the gradebook of a learning platform in any of its
// languages; [Roster.Match] finds the student of each submission by number, address or name. Where
// two are claimed by one, or one by two, nobody is guessed: both are named.
package roster

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/option"
	"github.com/taskgrader/taskgrader/grader/person"
	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/sheet"
)

// Student is one row of a roster.
type Student struct {
	ID    string // as the roster has it
	Name  string // empty when the roster has none
	Email string // empty when the roster has none
	Team  string // whose submission is this student's too; empty when the roster has none
	Line  int    // of the roster's file

	others   []string    // what else identifies the student: a login, a number
	accounts []person.ID // on platforms
}

// Roster is who is in the class, in the order of its file.
type Roster struct {
	Students []Student
	Notes    []string // what of the file was not used, each with its line
}

// What columns are called, by what they hold; the first of a list that a roster has is the one.
// Case, and whether words are joined by a space, a line or nothing, make no difference.
var (
	idHeaders = append([]string{"id", "studentid", "identifier", "sisuserid", "idnumber", "orgdefinedid",
		"studentnumber", "matriculationnumber", "matrikelnummer", "matrikelnr", "matrnr", "numéroétudiant",
		"matricola", "matrícula", "numerostudente", "studentnummer", "学号", "學號", "学籍番号", "학번", "sid", "uid", "userid",
		"netid"}, slices.Concat(headings("ID number"), headings("Username"),
		[]string{"login", "loginid", "sisloginid", "integrationid", "githubusername", "github", "githubid",
			"lmsuserid"})...)
	nameHeaders  = slices.Concat([]string{"name", "studentname", "student", "displayname"}, headings("Full name"))
	firstHeaders = slices.Concat([]string{"givenname", "given", "first"}, headings("First name"))
	lastHeaders  = slices.Concat([]string{"familyname", "surname", "last"}, headings("Last name"))
	emailHeaders = slices.Concat([]string{"email", "mail", "studentemail", "schoolemail"}, headings("Email address"))
	teamHeaders  = slices.Concat([]string{"team", "teamname", "groupname", "équipe", "equipo", "equipe", "squadra",
		"lag", "チーム"}, headings("Group"))

	// What other programs' rosters and gradebooks have besides, of no use here.
	otherHeaders = []string{"section", "sections", "course", "role", "roles", "rootaccount", "status",
		"endoflineindicator", "lastaccess", "department", "institution", "city", "country", "phone", "notes"}
)

// headings returns sheet's, as they are compared.
func headings(english string) (out []string) {
	for _, h := range sheet.Headings(english) {
		out = append(out, person.Letters(h))
	}
	return out
}

// Read reads a roster: a [sheet.Table] with a column for ids. The error is a [sheet.Error] when the
// file can be read.
func Read(file string) (*Roster, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("reading the roster: %w", err)
	}
	defer f.Close()
	return Parse(file, f)
}

// Parse returns [Read] of a text; file is the name to show in errors.
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
	roster.Notes = p.notes
	if len(roster.Students) == 0 {
		return nil, p.Mistake(1, "", "the roster has a header and no students")
	}
	return roster, nil
}

const headerFix = "the first line names the columns, such as: id,name,email"

type rosterParser struct {
	*sheet.Table
	columns rosterColumns
	ids     map[string]int // the line of each
	notes   []string
}

// rosterColumns are where things are; -1 is nowhere.
type rosterColumns struct {
	id, name, first, last, email, team int
	others                             []int
	account                            int // a platform's own number
	scope                              person.Scope
}

func (p *rosterParser) header() error {
	line, record := p.HeaderLine(), p.Header
	names := make([]string, len(record))
	for i, cell := range record {
		names[i] = person.Letters(cell)
		if at := slices.Index(names[:i], names[i]); at >= 0 && names[i] != "" {
			return p.Mistake(line, "", "columns %d and %d are both called %q", at+1, i+1, strings.TrimSpace(cell))
		}
	}
	used := map[int]bool{}
	find := func(headers []string) int {
		for _, h := range headers {
			if i := slices.Index(names, h); i >= 0 && !used[i] {
				used[i] = true
				return i
			}
		}
		return -1
	}
	c := rosterColumns{account: -1}
	canvas := len(names) > 2 && names[0] == "student" && names[1] == "id"
	if canvas {
		c.account, c.scope = find([]string{"id"}), person.CanvasUser
		c.id = find([]string{"sisloginid", "sisuserid", "integrationid"})
	} else {
		c.account, c.scope = p.participants(names), person.Participant
		used[c.account] = true
		c.id = find(idHeaders)
	}
	if c.name = slices.IndexFunc(names, bothNames); c.name >= 0 {
		used[c.name] = true
	}
	// what is the whole name in one language is a half of it in another
	if c.last, c.first = find(lastHeaders), find(firstHeaders); c.last < 0 || c.first < 0 {
		delete(used, c.last)
		delete(used, c.first)
		c.last, c.first = -1, -1
	}
	if c.name < 0 {
		c.name = find(nameHeaders)
	}
	if c.name < 0 {
		c.last, c.first = max(c.last, find(lastHeaders)), max(c.first, find(firstHeaders))
	}
	c.email, c.team = find(emailHeaders), find(teamHeaders)
	for _, other := range []int{c.email, c.account, find([]string{"identifier"})} {
		if c.id < 0 {
			c.id = other
		}
	}
	if c.id < 0 {
		return p.Mistake(line, headerFix, "no column holds the students' ids, only %s", quoted(record))
	}
	for i, name := range names {
		switch {
		case i == c.id || i == c.account:
		case slices.Contains(idHeaders, name):
			c.others = append(c.others, i)
		case used[i], name == "", canvas, slices.Contains(sheet.Worksheet(), strings.TrimSpace(record[i])),
			slices.Contains(otherHeaders, name):
		default:
			p.unknown(record[i])
		}
	}
	p.columns = c
	return nil
}

// bothNames reports whether a column is called by both halves of a name, as in "Nachname, Vorname".
func bothNames(name string) bool {
	for _, last := range lastHeaders {
		for _, first := range firstHeaders {
			if first != last && (name == last+first || name == first+last) {
				return true
			}
		}
	}
	return false
}

// participant is what Moodle writes before the number of a participant.
var participant = regexp.MustCompile(
	`(?i)^(participante?|partecipante|teilnehmer(/in|in)?|deelnemer|uczestnik|deltag[ae]re?|účastník|участник|` +
		`учасник|osallistuja|résztvevő|katılımcı|parte-hartzailea|συμμετέχων|参加者|参与者|參與者|참여자) ?\d+$`)

// participants returns the column in which Moodle's worksheet counts the participants of one
// assignment, or -1.
func (p *rosterParser) participants(names []string) int {
	column := slices.IndexFunc(names, func(name string) bool { return slices.Contains(headings("Identifier"), name) })
	if column < 0 || len(p.Rows) == 0 {
		return -1
	}
	if p.Column(sheet.Headings("Last modified (grade)")...) < 0 && !participant.MatchString(p.Cell(0, column)) {
		return -1
	}
	return column
}

// unknown notes a column that has no use, with the one that was probably meant.
func (p *rosterParser) unknown(header string) {
	known := slices.Concat([]string{"id", "name", "email", "team", "login"},
		[]string{"full name", "first name", "last name", "email address", "mail address", "student id", "group",
			"username"})
	note := fmt.Sprintf("%s:%d: the column %q is not used", p.File, p.HeaderLine(), plain.Line(header, 60))
	if near := option.Suggest(strings.ToLower(strings.TrimSpace(header)), known); near != "" {
		note += fmt.Sprintf(" (did you mean %q?)", near)
	}
	p.notes = append(p.notes, note)
}

// row returns one student, or nil for a row that is nobody's.
func (p *rosterParser) row(line int, record []string) (*Student, error) {
	c := p.columns
	cell := func(i int) string {
		if i < 0 {
			return ""
		}
		return strings.Join(strings.Fields(record[i]), " ")
	}
	id := func(i int) string { return strings.TrimPrefix(cell(i), "#") } // as Brightspace writes it
	s := &Student{ID: id(c.id), Name: cell(c.name), Email: cell(c.email), Team: cell(c.team), Line: line}
	if s.Name == "" {
		s.Name = strings.TrimSpace(cell(c.first) + " " + cell(c.last))
	}
	if account := trailingDigits(cell(c.account)); account != "" {
		s.accounts = append(s.accounts, person.ID{Scope: c.scope, Value: account})
		if c.id == c.account {
			s.ID = account
		}
	}
	if c.scope == person.CanvasUser && (s.Name == "" || strings.HasPrefix(s.Name, "Points Possible") ||
		s.Name == "Test Student" || s.Name == "Student, Test") {
		return nil, nil // Canvas's own rows
	}
	if c.scope == person.CanvasUser && s.ID == "" {
		s.ID = id(c.account)
	}
	for _, i := range c.others {
		if other := id(i); other != "" {
			s.others = append(s.others, other)
		}
	}
	if s.ID == "" {
		return nil, p.Mistake(line, "every student needs an id that no other has", "%s has no id", orNobody(s.Name))
	}
	if first, ok := p.ids[strings.ToLower(s.ID)]; ok {
		return nil, p.Mistake(line, "every student needs an id that no other has", "the id %q is that of line %d too",
			s.ID, first)
	}
	if s.Email != "" && !strings.Contains(s.Email, "@") {
		return nil, p.Mistake(line, "", "%q is no e-mail address", s.Email)
	}
	p.ids[strings.ToLower(s.ID)] = line
	return s, nil
}

func trailingDigits(s string) string { return s[len(strings.TrimRight(s, "0123456789")):] }

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
