package sheet_test

import (
	"bytes"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/sheet"
)

var cases = []struct {
	name, text string
	header     []string
	rows       [][]string
	lines      []int
	err        string
}{
	{name: "plain", text: "a,b\n1,2\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}}, lines: []int{2}},
	{name: "a mark, CRLF, empty lines, short rows", text: "\ufeff\r\na;b\r\n\r\n1\r\n;\r\n3;4\r\n",
		header: []string{"a", "b"}, rows: [][]string{{"1", ""}, {"3", "4"}}, lines: []int{4, 6}},
	{name: "tabs, an empty cell", text: "a\tb\tc\n1\t\t3\n", header: []string{"a", "b", "c"},
		rows: [][]string{{"1", "", "3"}}, lines: []int{2}},
	{name: "UTF-16", text: "\xff\xfea\x00,\x00b\x00\n\x001\x00,\x00\xe9\x00", header: []string{"a", "b"},
		rows: [][]string{{"1", "é"}}, lines: []int{2}},
	{name: "spaces stay", text: "a,b\n  1,2\n", header: []string{"a", "b"}, rows: [][]string{{"  1", "2"}},
		lines: []int{2}},
	{name: "a space before a quote", text: "a, b\n1, \"2,3\"\n", header: []string{"a", "b"},
		rows: [][]string{{"1", "2,3"}}, lines: []int{2}},
	{name: "control characters go", text: "a,b\n1\x1b[31m,2\n", header: []string{"a", "b"},
		rows: [][]string{{"1[31m", "2"}}, lines: []int{2}},
	{name: "empty cells beyond the header", text: "a,b\n1,2,,\n", header: []string{"a", "b"},
		rows: [][]string{{"1", "2"}}, lines: []int{2}},
	{name: "the line for Excel", text: "\ufeffsep=;\r\na;b\r\n1,5;2\r\n", header: []string{"a", "b"},
		rows: [][]string{{"1,5", "2"}}, lines: []int{3}},
	{name: "the line for Excel, an odd separator", text: "\"sep=|\"\na|b\n1|2\n", header: []string{"a", "b"},
		rows: [][]string{{"1", "2"}}, lines: []int{3}},
	{name: "too wide below the line for Excel", text: "sep=,\na,b\n1,2,3\n",
		err: "f.csv:3: 3 cells, and the header has 2"},
	{name: "nothing", text: "\n\n", err: "f.csv:1: the file is empty"},
	{name: "too wide", text: "a,b\n1,2,3\n", err: "f.csv:2: 3 cells, and the header has 2"},
	{name: "a quote inside", text: "a,b\n1,2\"\n", err: `f.csv:2: bare " in non-quoted-field`},
	{name: "not UTF-8", text: "a,b\n\xdc,2\n", err: "f.csv:2: this line is not UTF-8 text"},
	{name: "a zero byte", text: "a,b\n\x00,2\n", err: "f.csv:2: this line is not UTF-8 text"},
}

func TestRead(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := sheet.Read("f.csv", []byte(c.text))
			if c.err != "" {
				require.EqualError(t, err, c.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.header, got.Header)
			assert.Equal(t, c.rows, got.Rows)
			for i, line := range c.lines {
				assert.Equal(t, line, got.Line(i))
			}
		})
	}
}

// TestWriteKeepsTheForm: separator, line ends, mark, encoding and the line for Excel come out as
// they went in.
func TestWriteKeepsTheForm(t *testing.T) {
	wide := func(mark string, s string) string {
		out := mark
		for _, u := range utf16.Encode([]rune(s)) {
			low, high := byte(u), byte(u>>8)
			if mark == "\xfe\xff" {
				low, high = high, low
			}
			out += string([]byte{low, high})
		}
		return out
	}
	for _, text := range []string{"a,b\n1,2\n", "a;b\n\"1;5\";2\n", "\ufeffa;b\r\n\"1\r\n2\";é\r\n",
		"sep=;\r\na;b\r\n1,5;2\r\n", "\ufeffsep=\t\na\tb\n1\t2\n",
		wide("\xff\xfe", "a\tb\r\nJosé\t🙂\r\n"), wide("\xfe\xff", "a,b\n1,2\n")} {
		table, err := sheet.Read("f.csv", []byte(text))
		require.NoError(t, err)
		var out bytes.Buffer
		require.NoError(t, table.Write(&out))
		assert.Equal(t, text, out.String())
	}
}

// FuzzRead: whatever the text, it is refused with its place, or every row has a cell for each
// column.
func FuzzRead(f *testing.F) {
	for _, c := range cases {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		table, err := sheet.Read("f.csv", []byte(text))
		if err != nil {
			require.ErrorContains(t, err, "f.csv:")
			return
		}
		for i, row := range table.Rows {
			require.Len(t, row, len(table.Header))
			require.Positive(t, table.Line(i))
		}
		var out bytes.Buffer
		require.NoError(t, table.Write(&out))
	})
}
