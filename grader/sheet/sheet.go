// Package sheet reads the tables that other programs and people write: CSV with a header.
//
// It takes commas, semicolons and tabs, byte order marks and quotes, and keeps the line of every
// row, so that a mistake is told with its place. A [Table] is written back as it was but for the
// cells that were set: what other programs read again must not change in anything else.
package sheet

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
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

// Hint returns the fix.
func (e *Error) Hint() string { return e.Fix }

// Table is a header and rows, each with a cell for every column.
type Table struct {
	File   string
	Header []string
	Rows   [][]string

	at    int   // the line of the header
	lines []int // of each row
	form  form
}

// form is how a table is written down: what Write keeps of it.
type form struct {
	comma rune
	crlf  bool
	mark  bool   // a byte order mark
	wide  string // of UTF-16: which of its marks; else empty
	sep   string // the line that tells Excel the separator, or empty
}

// The marks of UTF-16.
const (
	little = "\xff\xfe"
	big    = "\xfe\xff"
)

// sepLine is the first line of a file in which Excel is told the separator.
var sepLine = regexp.MustCompile(`(?i)^"?sep=([,;|:\t])"?[;,\t ]*(?:\n|$)`)

// Read reads a table in UTF-8, or as Excel writes "Unicode text", separated by commas, semicolons
// or tabs, or what a first line as "sep=;" says. Rows without anything are left out. file is the
// name to show in errors, of type *[Error].
func Read(file string, text []byte) (*Table, error) {
	t := &Table{File: file}
	text = t.form.utf8(text)
	for i, line := range bytes.Split(text, []byte("\n")) {
		if !utf8.Valid(line) || bytes.ContainsRune(line, 0) {
			return nil, t.Mistake(i+1, `save it as "CSV UTF-8"`, "this line is not UTF-8 text")
		}
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	t.form.crlf = bytes.HasSuffix(first, []byte("\r"))
	text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	text = bytes.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
	t.form.comma = separator(text)
	above := 0
	if m := sepLine.FindSubmatch(text); m != nil {
		t.form.comma = rune(m[1][0])
		t.form.sep, text, above = strings.TrimSuffix(string(m[0]), "\n"), text[len(m[0]):], 1
	}
	err := t.parse(text, above, false)
	if errors.Is(err, csv.ErrBareQuote) && t.form.comma != '\t' { // a space before it, as people write
		err = t.parse(text, above, true)
	}
	var wrong *csv.ParseError
	switch {
	case errors.As(err, &wrong):
		return nil, t.Mistake(wrong.Line+above, "put a text that holds a quote in quotes, and write the quote twice",
			"%v", wrong.Err)
	case err != nil:
		return nil, err
	case t.Header == nil:
		return nil, t.Mistake(1, "", "the file is empty")
	}
	return t, nil
}

// parse reads the text that stands below some lines.
func (t *Table) parse(text []byte, above int, trim bool) error {
	t.Header, t.Rows, t.lines = nil, nil, nil
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord, r.Comma, r.TrimLeadingSpace = -1, t.form.comma, trim
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		line, _ := r.FieldPos(0)
		line += above
		switch {
		case strings.TrimSpace(strings.Join(record, "")) == "":
		case t.Header == nil:
			t.Header, t.at = record, line
		case len(record) > len(t.Header) && strings.Join(record[len(t.Header):], "") != "":
			return t.Mistake(line, "put a text that holds the separator in quotes", "%d cells, and the header has %d",
				len(record), len(t.Header))
		default:
			record = append(record, make([]string, max(0, len(t.Header)-len(record)))...)
			t.Rows, t.lines = append(t.Rows, record[:len(t.Header)]), append(t.lines, line)
		}
	}
}

// utf8 makes UTF-8 without a mark of a text in UTF-8 or UTF-16, and notes which it was.
func (f *form) utf8(text []byte) []byte {
	for _, mark := range []string{little, big} {
		if !bytes.HasPrefix(text, []byte(mark)) {
			continue
		}
		f.wide = mark
		var units []uint16
		for i := 2; i+1 < len(text); i += 2 {
			units = append(units, f.order().Uint16(text[i:]))
		}
		return []byte(strings.TrimPrefix(string(utf16.Decode(units)), "\ufeff"))
	}
	f.mark = bytes.HasPrefix(text, []byte("\ufeff"))
	return bytes.TrimPrefix(text, []byte("\ufeff"))
}

func (f *form) order() interface {
	binary.ByteOrder
	binary.AppendByteOrder
} {
	if f.wide == big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// separator returns the one of the three that the header has most of.
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

// Mistake returns an [Error] at a line of the file.
func (t *Table) Mistake(line int, fix, format string, args ...any) error {
	return &Error{File: t.File, Line: line, Text: fmt.Sprintf(format, args...), Fix: fix}
}

// HeaderLine returns where in the file the header stands, from 1.
func (t *Table) HeaderLine() int { return t.at }

// Line returns where in the file a row begins, from 1.
func (t *Table) Line(row int) int { return t.lines[row] }

// Column returns where the first of several names is in the header, or -1.
func (t *Table) Column(names ...string) int {
	for _, name := range names {
		if i := slices.IndexFunc(t.Header, func(h string) bool {
			return strings.EqualFold(strings.TrimSpace(h), name)
		}); i >= 0 && name != "" {
			return i
		}
	}
	return -1
}

// Cell returns what a row has in a column, without spaces around it; nothing where there is no such
// column.
func (t *Table) Cell(row, column int) string {
	if column < 0 {
		return ""
	}
	return strings.TrimSpace(t.Rows[row][column])
}

// Write writes the table as it is by now, in the form in which it came: the separator, the line
// ends, the encoding.
func (t *Table) Write(w io.Writer) error {
	return t.WriteRows(w, append([][]string{t.Header}, t.Rows...))
}

// WriteRows writes other rows, of which the first is the header, as [Table.Write] does.
func (t *Table) WriteRows(w io.Writer, rows [][]string) error {
	var b bytes.Buffer
	if t.form.mark {
		b.WriteString("\ufeff")
	}
	if t.form.sep != "" {
		b.WriteString(t.form.sep + map[bool]string{false: "\n", true: "\r\n"}[t.form.crlf])
	}
	out := csv.NewWriter(&b)
	out.Comma, out.UseCRLF = t.form.comma, t.form.crlf
	if err := out.WriteAll(rows); err != nil {
		return err
	}
	text := b.Bytes()
	if t.form.wide != "" {
		text = []byte(t.form.wide)
		for _, unit := range utf16.Encode([]rune(b.String())) {
			text = t.form.order().AppendUint16(text, unit)
		}
	}
	_, err := w.Write(text)
	return err
}
