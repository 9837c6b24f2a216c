package report

import (
	"fmt"
	"strings"
	"unicode"
)

// clean makes a student's text harmless to show: control characters, escape sequences and marks that turn the direction
// of writing become visible. Line ends and tabs stay.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r':
			return -1
		case r < 0x20:
			return 0x2400 + r // the picture of the control character
		case r == 0x7f, r >= 0x80 && r < 0xa0, unicode.Is(unicode.Bidi_Control, r), r == 0xfeff, r >= 0xe0000 && r <= 0xe007f, r == 0x2028, r == 0x2029:
			return '\ufffd'
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// oneLine is clean on one line, and cut.
func oneLine(s string, width int) string {
	s = strings.Join(strings.Fields(clean(s)), " ")
	if runes := []rune(s); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return s
}

// points is a number as a person writes it.
func points(n float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", n), "0"), ".")
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
