package class

import (
	"fmt"
	"strings"
	"unicode"
)

// clean makes a student's text harmless to show on one line: control characters, escape sequences and marks that turn the
// direction of writing become visible.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r' || r == 0x2028 || r == 0x2029:
			return ' '
		case r < 0x20:
			return 0x2400 + r // the picture of the control character
		case r == 0x7f, r >= 0x80 && r < 0xa0, unicode.Is(unicode.Bidi_Control, r), r == 0xfeff, r >= 0xe0000 && r <= 0xe007f:
			return '\ufffd'
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// oneLine is clean without needless spaces, and cut.
func oneLine(s string, width int) string {
	s = strings.Join(strings.Fields(clean(s)), " ")
	if len(s) <= width {
		return s
	}
	if runes := []rune(s); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return s
}

// points is a number as a person writes it.
func points(n float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", n), "0"), ".")
}
