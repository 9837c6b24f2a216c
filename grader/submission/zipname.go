package submission

import (
	"archive/zip"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// zipNames returns the names in a zip, as Unicode and with slashes between folders. A zip does not
// say in which code page a name is that is not UTF-8, so it is read in the one in which all its
// names make most sense.
func zipNames(files []*zip.File) []string {
	names := make([]string, len(files))
	var foreign []string
	slashed := false
	for i, f := range files {
		names[i] = f.Name
		if name, ok := unicodeName(f); ok {
			names[i] = name
		}
		if !utf8.ValidString(names[i]) {
			foreign = append(foreign, names[i])
		}
		slashed = slashed || strings.Contains(names[i], "/")
	}
	decode := likeliest(foreign)
	for i, name := range names {
		known := utf8.ValidString(name)
		if !known {
			name = decode(name)
		}
		if known || !slashed { // else it may be a part of a character
			name = strings.ReplaceAll(name, `\`, "/")
		}
		names[i] = name
	}
	return names
}

// unicodeName returns the name that Info-ZIP and 7-Zip write beside one in a code page, where it is
// of this very name.
func unicodeName(f *zip.File) (string, bool) {
	const unicodePath = 0x7075
	for extra := f.Extra; len(extra) >= 4; {
		tag, size := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if extra = extra[4:]; size > len(extra) {
			break
		}
		field := extra[:size]
		extra = extra[size:]
		if tag == unicodePath && size > 5 && field[0] == 1 &&
			binary.LittleEndian.Uint32(field[1:]) == crc32.ChecksumIEEE([]byte(f.Name)) {
			return string(field[5:]), utf8.Valid(field[5:])
		}
	}
	return "", false
}

// codePage is an encoding of names, and which of its characters names are made of; pages share most
// of their bytes, and differ in what is common.
type codePage struct {
	encoding.Encoding
	common func(r rune, raw []byte) bool
}

// codePages are tried in this order: of two that fit equally well the first is taken.
func codePages() []codePage {
	letter := func(script *unicode.RangeTable) func(rune, []byte) bool {
		return func(r rune, _ []byte) bool { return unicode.Is(script, r) }
	}
	lead := func(first, last, trail byte) func(rune, []byte) bool {
		return func(_ rune, raw []byte) bool {
			return len(raw) == 2 && raw[0] >= first && raw[0] <= last && raw[1] >= trail
		}
	}
	kanji := lead(0x88, 0x98, 0)
	return []codePage{
		{charmap.CodePage437, letter(unicode.Latin)},
		{charmap.CodePage850, letter(unicode.Latin)},
		{japanese.ShiftJIS, func(r rune, raw []byte) bool { return r >= 'ぁ' && r <= 'ー' || kanji(r, raw) }},
		{simplifiedchinese.GBK, lead(0xb0, 0xd7, 0xa1)},
		{traditionalchinese.Big5, lead(0xa4, 0xc6, 0)},
		{charmap.CodePage866, letter(unicode.Cyrillic)},
	}
}

// likeliest returns how to read names that are all in one code page.
func likeliest(names []string) func(string) string {
	var best codePage
	most := -1.0
	for _, page := range codePages() {
		if n := page.sense(names); n > most {
			best, most = page, n
		}
	}
	return func(name string) string {
		text, err := best.NewDecoder().String(name)
		if err != nil {
			return strings.ToValidUTF8(name, "�")
		}
		return text
	}
}

// sense returns how much sense names make in a code page, from 0 to 1; less than 0 is that they are
// not in it. What is seldom in a name counts a little, and what never is nothing: a letter of Latin
// among as many others with accents, too.
func (p codePage) sense(names []string) float64 {
	const seldom = 0.4
	sum, n := 0.0, 0
	decoder, encoder := p.NewDecoder(), p.NewEncoder()
	for _, name := range names {
		text, err := decoder.String(name)
		if err != nil || strings.ContainsRune(text, utf8.RuneError) {
			return -1
		}
		for _, word := range strings.FieldsFunc(text, func(r rune) bool {
			return !unicode.IsLetter(r) && r < utf8.RuneSelf
		}) {
			letters := []rune(word)
			accents := len(slices.DeleteFunc(slices.Clone(letters), func(r rune) bool { return r < utf8.RuneSelf }))
			for _, r := range letters {
				raw, err := encoder.String(string(r))
				if r < utf8.RuneSelf || err != nil {
					continue
				}
				n++
				switch crowded := unicode.Is(unicode.Latin, r) && 2*accents >= len(letters); {
				case p.common(r, []byte(raw)) && !crowded:
					sum++
				case unicode.IsLetter(r) && !unicode.Is(unicode.Co, r) && !(r >= '･' && r <= 'ﾟ'):
					sum += seldom
				}
			}
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}
