// Package sheet reads the tables that other programs and people write: CSV with a header.
package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Error is a mistake in a table.
type Error struct {
	File string
	Line int
	Text string
	Fix  string // may be empty
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text) }

// Hint is the fix.
func (e *Error) Hint() string { return e.Fix }

// Table is a header and rows, each with a cell for every column.
type Table struct {
	File   string
	Header []string
	Rows   [][]string

	at    int   // the line of the header
	lines []int // of each row
}

// Read reads a table in UTF-8, or as Excel writes "Unicode text", separated by commas, semicolons or tabs. Rows without
// anything are left out. file is the name to show in errors, which are of type *[Error].
func Read(file string, text []byte) (*Table, error) {
	t := &Table{File: file}
	text = utf8Of(text)
	for i, line := range bytes.Split(text, []byte("\n")) {
		if !utf8.Valid(line) || bytes.ContainsRune(line, 0) {
			return nil, t.Mistake(i+1, `Save it as "CSV UTF-8".`, "this line is not UTF-8 text")
		}
	}
	text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	text = bytes.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
	err := t.parse(text, false)
	if errors.Is(err, csv.ErrBareQuote) && separator(text) != '\t' { // a space before it, as people write
		err = t.parse(text, true)
	}
	var wrong *csv.ParseError
	switch {
	case errors.As(err, &wrong):
		return nil, t.Mistake(wrong.Line, "Put a text that holds a quote in quotes, and write the quote twice.", "%v", wrong.Err)
	case err != nil:
		return nil, err
	case t.Header == nil:
		return nil, t.Mistake(1, "", "the file is empty")
	}
	return t, nil
}

func (t *Table) parse(text []byte, trim bool) error {
	t.Header, t.Rows, t.lines = nil, nil, nil
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord, r.Comma, r.TrimLeadingSpace = -1, separator(text), trim
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		line, _ := r.FieldPos(0)
		switch {
		case strings.TrimSpace(strings.Join(record, "")) == "":
		case t.Header == nil:
			t.Header, t.at = record, line
		case len(record) > len(t.Header) && strings.Join(record[len(t.Header):], "") != "":
			return t.Mistake(line, "Put a text that holds the separator in quotes.", "%d cells, and the header has %d", len(record), len(t.Header))
		default:
			record = append(record, make([]string, max(0, len(t.Header)-len(record)))...)
			t.Rows, t.lines = append(t.Rows, record[:len(t.Header)]), append(t.lines, line)
		}
	}
}

// utf8Of makes UTF-8 without a mark of it from UTF-16 with one.
func utf8Of(text []byte) []byte {
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
	return bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
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

// Mistake is an [Error] at a line of the file.
func (t *Table) Mistake(line int, fix, format string, args ...any) error {
	return &Error{File: t.File, Line: line, Text: fmt.Sprintf(format, args...), Fix: fix}
}

// HeaderLine is where in the file the header stands, from 1.
func (t *Table) HeaderLine() int { return t.at }

// Line is where in the file a row begins, from 1.
func (t *Table) Line(row int) int { return t.lines[row] }

// Column is where the first of several names is in the header, or -1.
func (t *Table) Column(names ...string) int {
	for _, name := range names {
		if i := slices.IndexFunc(t.Header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) }); i >= 0 && name != "" {
			return i
		}
	}
	return -1
}

// Cell is what a row has in a column, without spaces around it; nothing where there is no such column.
func (t *Table) Cell(row, column int) string {
	if column < 0 {
		return ""
	}
	return strings.TrimSpace(t.Rows[row][column])
}

// Write writes the table as it is by now, separated by commas.
func (t *Table) Write(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(t.Header); err != nil {
		return err
	}
	return out.WriteAll(t.Rows)
}
