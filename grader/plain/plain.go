// Package plain makes a student's text harmless to show where plain text is expected: in a
// terminal, a log, a page.
//
// [Text] keeps lines, [Line] makes one of them; neither leaves a character that steers a terminal
// or turns the direction of writing. What a format needs beyond that, its writer does. The package
// also says numbers as a person writes them.
package plain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// unseen reports whether a character does something rather than being seen: it controls a terminal
// (C0, C1), formats what stands around it (the direction of writing, joins, marks of no width,
// tags), or ends a line in its own way.
func unseen(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || r >= 0xe0000 && r <= 0xe0fff
}

// JSON writes a value as JSON, indented by some blanks, in which each character that [Text] would
// make visible stands as its escape, so that the text can be shown as it is.
func JSON(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return err
	}
	return Escape(w, b.Bytes())
}

// Escape writes JSON with what [JSON] does not write as it stands as escapes.
func Escape(w io.Writer, text []byte) error {
	var out bytes.Buffer
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == '\n' || !unseen(r): // a line's end in a text is an escape already
			out.Write(text[:size])
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
		text = text[size:]
	}
	_, err := w.Write(out.Bytes())
	return err
}

// Text makes control characters, escape sequences and marks that format the text around them
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
		case unseen(r):
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
