// Package plain makes a student's text harmless to show where plain text is expected: in a
// terminal, a log, a page. What a format needs beyond that, its writer does. It also says numbers
// as a person writes them.
package plain

import (
	"fmt"
	"strings"
	"unicode"
)

// Text makes control characters, escape sequences and marks that turn the direction of writing
// visible, and ends lines with \n alone.
func Text(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r':
			return -1
		case r < 0x20:
			return 0x2400 + r // the picture of the control character
		case r == 0x7f, r >= 0x80 && r < 0xa0, unicode.Is(unicode.Bidi_Control, r), r == 0xfeff, r >= 0xe0000 &&
			r <= 0xe007f, r == 0x2028, r == 0x2029:
			return '\ufffd'
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// Line returns Text on one line without needless spaces, cut to width characters.
func Line(s string, width int) string {
	return Cut(strings.Join(strings.Fields(Text(s)), " "), width)
}

// Cut returns the first width characters; the last of them says that there were more.
func Cut(s string, width int) string {
	if len(s) <= width {
		return s
	}
	if runes := []rune(s); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return s
}

// Points returns a number as a person writes it, to hundredths.
func Points(n float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", n), "0"), ".")
}

// Plural returns a number with its noun: 1 check, 2 checks.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Percent returns a part of a whole in per cent, to tenths; of nothing it is 0.
func Percent(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(int(1000*part/whole+0.5)) / 10
}
