package sheet_test

import (
	"bytes"
	"testing"

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
	{name: "a mark, CRLF, empty lines, short rows", text: "\ufeff\r\na;b\r\n\r\n1\r\n;\r\n3;4\r\n", header: []string{"a", "b"}, rows: [][]string{{"1", ""}, {"3", "4"}}, lines: []int{4, 6}},
	{name: "tabs, an empty cell", text: "a\tb\tc\n1\t\t3\n", header: []string{"a", "b", "c"}, rows: [][]string{{"1", "", "3"}}, lines: []int{2}},
	{name: "UTF-16", text: "\xff\xfea\x00,\x00b\x00\n\x001\x00,\x00\xe9\x00", header: []string{"a", "b"}, rows: [][]string{{"1", "é"}}, lines: []int{2}},
	{name: "spaces stay", text: "a,b\n  1,2\n", header: []string{"a", "b"}, rows: [][]string{{"  1", "2"}}, lines: []int{2}},
	{name: "a space before a quote", text: "a, b\n1, \"2,3\"\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2,3"}}, lines: []int{2}},
	{name: "control characters go", text: "a,b\n1\x1b[31m,2\n", header: []string{"a", "b"}, rows: [][]string{{"1[31m", "2"}}, lines: []int{2}},
	{name: "empty cells beyond the header", text: "a,b\n1,2,,\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}}, lines: []int{2}},
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

// FuzzRead: whatever the text, it is refused with its place, or every row has a cell for each column.
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
