package submission

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
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

// RosterError is a mistake in a roster's file.
type RosterError struct {
	File string
	Line int
	Text string
	Fix  string // may be empty
}

func (e *RosterError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text) }

// Hint is the fix.
func (e *RosterError) Hint() string { return e.Fix }

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

// ReadRoster reads a roster: CSV with a header, separated by commas, semicolons or tabs, in UTF-8 or as Excel writes
// "Unicode text". The error is a [RosterError] when the file can be read.
func ReadRoster(file string) (*Roster, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("reading the roster: %w", err)
	}
	defer f.Close()
	return ParseRoster(file, f)
}

// ParseRoster is [ReadRoster] of a text; file is the name to show in errors.
func ParseRoster(file string, in io.Reader) (*Roster, error) {
	text, err := io.ReadAll(io.LimitReader(in, 50<<20))
	if err != nil {
		return nil, fmt.Errorf("reading the roster: %w", err)
	}
	p := rosterParser{file: file, ids: map[string]int{}}
	if text, err = p.decode(text); err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord, r.Comma = -1, separator(text)
	r.TrimLeadingSpace = r.Comma != '\t' // else it would swallow empty cells
	roster := &Roster{}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			return nil, p.error(wrong.Line, "Put a text that holds a quote in quotes, and write the quote twice.", "%v", wrong.Err)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the roster: %w", err)
		}
		line, _ := r.FieldPos(0)
		if p.columns == nil {
			if err := p.header(line, record); err != nil {
				return nil, err
			}
			continue
		}
		student, err := p.row(line, record)
		if err != nil {
			return nil, err
		}
		if student != nil {
			roster.Students = append(roster.Students, *student)
		}
	}
	if p.columns == nil {
		return nil, p.error(1, headerFix, "the roster is empty")
	}
	if len(roster.Students) == 0 {
		return nil, p.error(1, "", "the roster has a header and no students")
	}
	return roster, nil
}

const headerFix = "The first line names the columns, such as: id,name,email"

type rosterParser struct {
	file    string
	columns *rosterColumns
	ids     map[string]int // the line of each
}

// rosterColumns are where things are; -1 is nowhere.
type rosterColumns struct {
	id, name, first, last, email int
	others                       []int
}

func (p *rosterParser) error(line int, fix, format string, args ...any) error {
	return &RosterError{File: p.file, Line: line, Text: fmt.Sprintf(format, args...), Fix: fix}
}

// decode makes UTF-8 without a mark of it.
func (p *rosterParser) decode(text []byte) ([]byte, error) {
	if little := bytes.HasPrefix(text, []byte{0xff, 0xfe}); little || bytes.HasPrefix(text, []byte{0xfe, 0xff}) {
		var units []uint16
		for i := 2; i+1 < len(text); i += 2 {
			low, high := text[i], text[i+1]
			if !little {
				low, high = high, low
			}
			units = append(units, uint16(low)|uint16(high)<<8)
		}
		text = []byte(string(utf16.Decode(units)))
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	for i, line := range bytes.Split(text, []byte("\n")) {
		if !utf8.Valid(line) || bytes.ContainsRune(line, 0) {
			return nil, p.error(i+1, `Save it as "CSV UTF-8".`, "this line is not UTF-8 text")
		}
	}
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(text, []byte("\r"), []byte("\n")), nil
}

// separator is the one of the three that the header has most of.
func separator(text []byte) rune {
	header, _, _ := bytes.Cut(bytes.TrimLeft(text, "\n"), []byte("\n"))
	best := ','
	for _, r := range ";\t" {
		if bytes.Count(header, []byte(string(r))) > bytes.Count(header, []byte(string(best))) {
			best = r
		}
	}
	return best
}

func (p *rosterParser) header(line int, record []string) error {
	names := make([]string, len(record))
	for i, cell := range record {
		names[i] = letters(cell)
		if at := slices.Index(names[:i], names[i]); at >= 0 && names[i] != "" {
			return p.error(line, "", "columns %d and %d are both called %q", at+1, i+1, strings.TrimSpace(cell))
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
	c := &rosterColumns{id: find(idHeaders), name: find(nameHeaders), first: find(firstHeaders), last: find(lastHeaders), email: find(emailHeaders)}
	if c.id < 0 {
		c.id = c.email
	}
	if c.id < 0 {
		return p.error(line, headerFix, "no column holds the students' ids, only %s", quoted(record))
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
		if i < 0 || i >= len(record) {
			return ""
		}
		return strings.Join(strings.Fields(record[i]), " ")
	}
	if strings.TrimSpace(strings.Join(record, "")) == "" || strings.HasPrefix(cell(c.name), "Points Possible") {
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
		return nil, p.error(line, "Every student needs an id that no other has.", "%s has no id", orNobody(s.Name))
	}
	if first, ok := p.ids[strings.ToLower(s.ID)]; ok {
		return nil, p.error(line, "Every student needs an id that no other has.", "the id %q is that of line %d too", s.ID, first)
	}
	if s.Email != "" && !strings.Contains(s.Email, "@") {
		return nil, p.error(line, "", "%q is no e-mail address", s.Email)
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
