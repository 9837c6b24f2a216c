// Package person tells people by what is written of them: an id in its scope, a name, an address.
//
// [ID] is a number or login with the scope in which it is somebody's; [Compare] says how far two
// spellings of a name are one person's; [NameKeys] are the ways in which a name is found.
package person

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Scope is where an id is somebody's. The same number is another's elsewhere.
type Scope string

// The scopes that the names of downloads have ids of.
const (
	Anywhere    Scope = ""            // the school's own: a student number, a login
	Participant Scope = "moodle"      // of one assignment's worksheet, or, of a team's folder, the group's number
	CanvasUser  Scope = "canvas"      // Canvas's internal id
	Brightspace Scope = "brightspace" // Brightspace's internal id
)

// ID is an id in its scope. The zero ID is nobody's.
type ID struct {
	Scope Scope
	Value string
}

// In returns the value of an id of a scope, and empty of any other's.
func (id ID) In(s Scope) string {
	if id.Scope != s {
		return ""
	}
	return id.Value
}

// Likeness is how far two names are one person's.
type Likeness int

// The likenesses. Unknown is that one is empty, or that the two are in different scripts.
const (
	Unknown Likeness = iota
	Other
	Akin // a word in common: enough where an address says the same
	Same // the same words in any order, or all words of the shorter one
)

// Compare returns how far two names are one person's, whatever order, capitals, accents and
// punctuation they are written in.
func Compare(a, b string) Likeness {
	if !slices.ContainsFunc(scripts(a), func(s string) bool { return slices.Contains(scripts(b), s) }) {
		return Unknown
	}
	found := Other
	for _, german := range []bool{false, true} {
		for _, too := range []bool{false, true} {
			found = max(found, compare(fold(a, german), fold(b, too)))
		}
	}
	return found
}

func compare(a, b string) Likeness {
	for _, key := range joined(a) {
		if slices.Contains(joined(b), key) {
			return Same
		}
	}
	first, second := parts(a), parts(b)
	if len(first) > len(second) {
		first, second = second, first
	}
	common := 0
	for _, word := range first {
		if slices.Contains(second, word) {
			common++
		}
	}
	switch {
	case common == len(first):
		return Same
	case common > 0:
		return Akin
	}
	return Other
}

// Words returns a text's words of letters and digits, in lower case and composed, a space apart.
func Words(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(norm.NFC.String(s)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	}), " ")
}

// Letters returns [Words] without the spaces.
func Letters(s string) string { return strings.ReplaceAll(Words(s), " ", "") }

// NameKeys returns the ways in which a name may be written without spaces: as it is, and with the
// last word, or what stands after a comma, first; accents do not count.
func NameKeys(name string) []string {
	if name == "" {
		return nil
	}
	keys := append(joined(fold(name, false)), joined(fold(name, true))...)
	slices.Sort(keys)
	return slices.Compact(keys)
}

// joined returns the ways in which the words of a folded name may be joined.
func joined(name string) []string {
	if last, first, ok := strings.Cut(name, ","); ok {
		return []string{Letters(name), Letters(first) + Letters(last)}
	}
	keys := []string{Letters(name)}
	if w := parts(name); len(w) > 1 {
		keys = append(keys, w[len(w)-1]+strings.Join(w[:len(w)-1], ""), strings.Join(w[1:], "")+w[0])
	}
	return keys
}

func parts(name string) []string { return strings.Fields(Words(name)) }

// letters are what is written for a letter that has no accent to take off.
var letters = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th",
	"ı", "i")

// umlauts is how Germans write them where there are none.
var umlauts = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue")

// fold returns a name in lower case, without what people leave out where their keyboard lacks it.
func fold(name string, german bool) string {
	name = strings.ToLower(norm.NFC.String(name))
	if german {
		name = umlauts.Replace(name)
	}
	return strings.Map(func(r rune) rune {
		if r >= 0x300 && r <= 0x36f { // accents
			return -1
		}
		return r
	}, norm.NFD.String(letters.Replace(name)))
}

// scripts returns those that a name's letters are of.
func scripts(name string) (out []string) {
	for script, table := range unicode.Scripts {
		if script != "Common" && script != "Inherited" && strings.IndexFunc(name,
			func(r rune) bool { return unicode.Is(table, r) }) >= 0 {
			out = append(out, script)
		}
	}
	if len(out) == 0 && strings.IndexFunc(name, unicode.IsDigit) >= 0 {
		out = append(out, "digits")
	}
	return out
}

// SameAddress reports whether two e-mail addresses are one.
func SameAddress(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}
