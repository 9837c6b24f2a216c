package export

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SheetError is a mistake in a file that the other program gave, or that was made of it since.
type SheetError struct {
	File string
	Line int
	Text string
	Fix  string // may be empty
}

func (e *SheetError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text) }

// Hint is the fix.
func (e *SheetError) Hint() string { return e.Fix }

// table is a [Sheet] that was read: a header and rows, each with a cell for every column.
type table struct {
	file   string
	header []string
	rows   [][]string
	lines  []int // of each row
}

// readTable reads CSV in UTF-8, separated by commas, semicolons or tabs. Rows without anything are left out.
func readTable(s *Sheet) (*table, error) {
	t := &table{file: s.Name}
	text := bytes.TrimPrefix(s.Text, []byte("\xef\xbb\xbf"))
	for i, line := range bytes.Split(text, []byte("\n")) {
		if !utf8.Valid(line) || bytes.ContainsRune(line, 0) {
			return nil, t.error(i+1, `Save it as "CSV UTF-8", or download it again.`, "this line is not UTF-8 text")
		}
	}
	text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	text = bytes.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord, r.Comma = -1, separator(text)
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			return nil, t.error(wrong.Line, "Put a text that holds a quote in quotes, and write the quote twice; or download the file again.", "%v", wrong.Err)
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		switch {
		case strings.TrimSpace(strings.Join(record, "")) == "":
		case t.header == nil:
			t.header = record
		case len(record) > len(t.header) && strings.Join(record[len(t.header):], "") != "":
			return nil, t.error(line, "Put a text that holds the separator in quotes, or download the file again.", "%d cells, and the header has %d", len(record), len(t.header))
		default:
			record = append(record, make([]string, max(0, len(t.header)-len(record)))...)
			t.rows, t.lines = append(t.rows, record[:len(t.header)]), append(t.lines, line)
		}
	}
	if t.header == nil {
		return nil, t.error(1, "", "the file is empty")
	}
	return t, nil
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

func (t *table) error(line int, fix, format string, args ...any) error {
	return &SheetError{File: t.file, Line: line, Text: fmt.Sprintf(format, args...), Fix: fix}
}

// column is where the first of several names is in the header, or -1.
func (t *table) column(names ...string) int {
	for _, name := range names {
		if i := slices.IndexFunc(t.header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) }); i >= 0 && name != "" {
			return i
		}
	}
	return -1
}

// cell is what a row has in a column, without spaces around it; nothing where there is no such column.
func (t *table) cell(row, column int) string {
	if column < 0 {
		return ""
	}
	return strings.TrimSpace(t.rows[row][column])
}

func (t *table) write(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(t.header); err != nil {
		return err
	}
	return out.WriteAll(t.rows)
}

// finder finds the row of each student. Keys have ranks: what is sure comes first, and what fits two rows fits none.
type finder struct{ ranks []map[string]int }

func newFinder(ranks int) *finder {
	f := &finder{}
	for range ranks {
		f.ranks = append(f.ranks, map[string]int{})
	}
	return f
}

const several = -1

func (f *finder) add(rank int, key string, row int) {
	if key = strings.ToLower(key); key == "" {
		return
	}
	if before, ok := f.ranks[rank][key]; ok && before != row {
		row = several
	}
	f.ranks[rank][key] = row
}

// match gives each student a row of their own, or -1: first all that the first rank tells, then the second. keys are a
// student's keys of a rank.
func (f *finder) match(students []Student, keys func(s Student, rank int) []string) []int {
	rows, taken := make([]int, len(students)), map[int]bool{}
	for i := range rows {
		rows[i] = -1
	}
	for rank, known := range f.ranks {
		claims := map[int][]int{} // the students who fit a row by this rank
		for i, s := range students {
			if rows[i] >= 0 {
				continue
			}
			for _, key := range keys(s, rank) {
				if row, ok := known[strings.ToLower(key)]; ok && key != "" && row != several && !taken[row] {
					claims[row] = append(claims[row], i)
					break
				}
			}
		}
		for row, who := range claims {
			if len(who) == 1 {
				rows[who[0]], taken[row] = row, true
			}
		}
	}
	return rows
}

// foundNobody is that of several students none has a row: it is another class's file, or nothing tells who is who.
func (t *table) foundNobody(rows []int, fix string) error {
	if len(rows) == 0 || slices.ContainsFunc(rows, func(row int) bool { return row >= 0 }) {
		return nil
	}
	return t.error(1, fix, "none of the students with a score (%d) has a row of their own in it", len(rows))
}

// nameKey is a name whatever the order of its words, case and punctuation.
func nameKey(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
	slices.Sort(words)
	return strings.Join(words, " ")
}
