package export

import (
	"strings"
	"unicode"

	"github.com/taskgrader/taskgrader/grader/plain"
)

// cell returns a text that no spreadsheet takes for a formula: one that begins like it, whatever
// that cannot be seen comes first, gets an apostrophe before it. It is one line, so that no reader
// that splits lines is led astray.
func cell(s string) string {
	s = plain.Line(s, 500)
	seen := strings.TrimLeftFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == unicode.ReplacementChar })
	if strings.IndexFunc(seen, func(r rune) bool { return strings.ContainsRune("=+-@|%＝＋－＠", r) }) == 0 {
		return "'" + s
	}
	return s
}
