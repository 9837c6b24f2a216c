package secrets

import (
	"bytes"
	"encoding/ascii85"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// needles are what is looked for, all at once, told apart by how they begin.
type needles struct {
	maybe [1 << sumBits]bool // by a sum of the first bytes
	known map[uint64][]needle
}

type needle struct {
	name string
	text []byte
}

const (
	firstBytes = 8  // by which needles are told apart; none is shorter
	sumBits    = 16 // of a sum of them
)

func sum(first uint64) uint64 { return first * 0x9e3779b97f4a7c15 >> (64 - sumBits) }

func (n *needles) add(name string, text []byte) {
	first := binary.LittleEndian.Uint64(text)
	n.maybe[sum(first)] = true
	n.known[first] = append(n.known[first], needle{name, text})
}

// in reports the names of those that stand in a text.
func (n *needles) in(text []byte, report func(string)) {
	for i := range max(0, len(text)-firstBytes+1) {
		first := binary.LittleEndian.Uint64(text[i:])
		if !n.maybe[sum(first)] {
			continue
		}
		for _, known := range n.known[first] {
			if bytes.HasPrefix(text[i:], known.text) {
				report(known.name)
			}
		}
	}
}

// enough is how many letters of a text in a row say that it is there: nobody writes as many by
// chance, and who cuts it in two or three leaves as many together.
const enough = 8

// forms returns what stands in a file where tools that everybody has wrote a text into it, in one of
// their ways: pieces of it, any of which will do. What stands between letters and numbers is not part of
// them, but for those of letters that are none.
func forms(text string) (found [][]byte) {
	add := func(form string, n int) {
		for piece := range slices.Chunk([]byte(form), n) {
			if len(piece) == n {
				backwards := slices.Clone(piece)
				slices.Reverse(backwards)
				found = append(found, piece, backwards)
			}
		}
	}
	for _, form := range []string{text, strings.ToUpper(text), strings.ToLower(text), strings.Map(rot13, text),
		strings.Map(swapped, text)} {
		add(form, enough)
	}
	low := hex.EncodeToString([]byte(text))
	add(low, 2*enough)
	add(strings.ToUpper(low), 2*enough)
	for _, e := range encodings {
		for _, form := range e.of(text) {
			add(form, e.pieces())
			if e.name == "base64" { // and once more
				for _, again := range e.of(form) {
					add(again, 2*e.pieces())
				}
			}
		}
	}
	for _, verb := range []string{"%d", "%o", "%03o", "u%04x", "%08b"} {
		for letters := range slices.Chunk([]byte(text), enough) {
			var number []byte
			for _, letter := range letters {
				number = fmt.Appendf(number, verb, letter)
			}
			found = append(found, number)
		}
	}
	return found
}

// encoding writes each group of letters as a longer one.
type encoding struct {
	name    string
	in, out int // letters of a group
	encode  func([]byte) string
}

var encodings = []encoding{
	{"base64", 3, 4, base64.RawStdEncoding.EncodeToString},
	{"uuencode", 3, 4, base64.NewEncoding(alphabet(' ', 64)).WithPadding(base64.NoPadding).EncodeToString},
	{"base32", 5, 8, base32.StdEncoding.EncodeToString},
	{"ascii85", 4, 5, func(b []byte) string { return ascii(b) }},
	{"base85", 4, 5, func(b []byte) string {
		return strings.Map(func(r rune) rune { return rune(letters85[r-'!']) }, ascii(b))
	}},
}

// letters85 are those of RFC 1924, which git and Python write.
const letters85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"

// alphabet returns so many letters of ASCII from one on.
func alphabet(first byte, n int) string {
	all := make([]byte, n)
	for i := range all {
		all[i] = first + byte(i)
	}
	return string(all)
}

func ascii(b []byte) string {
	out := make([]byte, ascii85.MaxEncodedLen(len(b)))
	return string(out[:ascii85.Encode(out, b)])
}

// of returns how a text may stand in an encoded one: where a group begins, what stands before
// decides.
func (e encoding) of(text string) (found []string) {
	for shift := range e.in {
		groups := (shift + len(text)) / e.in
		encoded := e.encode(append(bytes.Repeat([]byte("x"), shift), text...)[:groups*e.in])
		if shift > 0 {
			encoded = encoded[e.out:]
		}
		found = append(found, encoded)
	}
	return found
}

// pieces returns how long a piece is that holds enough letters.
func (e encoding) pieces() int { return (enough + e.in - 1) / e.in * e.out }

func rot13(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z':
		return 'a' + (r-'a'+13)%26
	case r >= 'A' && r <= 'Z':
		return 'A' + (r-'A'+13)%26
	}
	return r
}

// swapped returns a small letter for a large one, and a large for a small.
func swapped(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
		return r ^ ' '
	}
	return r
}
