package option

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

var (
	unmarshaler = reflect.TypeFor[Unmarshaler]()
	valueType   = reflect.TypeFor[Value]()
	posType     = reflect.TypeFor[Pos]()
)

// Decode fills the variable that into points to, and gives all that is wrong, in the order of the
// text. Fields are named by their json tags; one without omitempty or omitzero must be there. A
// field of type [Value] takes what is written, an untagged field of type [Pos] the place.
//
// A list has items, none of them twice, and a text says something, unless the field's option tag is
// "any"; a list of "empty" may have none. Other such tags are "1..64", which bounds a number, or
// each in a list, and "open|none", which are the only texts.
func Decode(v Value, into any) Problems {
	ps := decode(v, reflect.ValueOf(into).Elem())
	Sort(ps)
	return ps
}

// Sort puts problems in the order of the text.
func Sort(ps Problems) {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
}

func decode(v Value, to reflect.Value) Problems {
	if to.Type() == valueType {
		to.Set(reflect.ValueOf(v))
		return nil
	}
	if u, ok := to.Addr().Interface().(Unmarshaler); ok {
		return u.UnmarshalOption(v)
	}
	ps := decodeKind(v, to)
	if check, ok := to.Addr().Interface().(Validator); ok && ps.Readable() {
		ps = append(ps, beside(ps, check.ValidateOption(v))...)
	}
	return ps
}

// follows is what is said of a whole that lacks something.
var follows = regexp.MustCompile(`^missing key | needs | has one of | wants at least `)

// beside returns problems of a whole that do not follow from unknown keys in it, each of which may
// have been meant as what a whole misses.
func beside(keys, whole Problems) (out Problems) {
	for _, p := range whole {
		if len(keys) == 0 || !follows.MatchString(p.Message) {
			out = append(out, p)
		}
	}
	return out
}

func decodeKind(v Value, to reflect.Value) Problems {
	wrong := func(want string) Problems { return v.Wrong(want) }
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		return decode(v, to.Elem())
	case reflect.Struct:
		return decodeStruct(v, to)
	case reflect.Slice:
		if v.Kind != List {
			return wrong("a list")
		}
		var ps Problems
		out := reflect.MakeSlice(to.Type(), len(v.Items), len(v.Items))
		for i, item := range v.Items {
			ps = append(ps, decode(item, out.Index(i))...)
		}
		to.Set(out)
		return ps
	case reflect.Map:
		if v.Kind != Map {
			return wrong("a mapping")
		}
		ps := duplicates(v)
		out := reflect.MakeMap(to.Type())
		for _, f := range v.Fields {
			item := reflect.New(to.Type().Elem()).Elem()
			ps = append(ps, decode(f.Value, item)...)
			out.SetMapIndex(reflect.ValueOf(f.Key.Text).Convert(to.Type().Key()), item)
		}
		to.Set(out)
		return ps
	case reflect.String:
		if v.Kind == List || v.Kind == Map || v.Kind == Null {
			return wrong("text")
		}
		if strings.ContainsFunc(v.Text, control) {
			return v.Problem("%s holds a control character", v.Describe())
		}
		to.SetString(v.Text)
	case reflect.Bool:
		if v.Kind != Bool {
			return wrong("true or false")
		}
		to.SetBool(v.Text == "true")
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(v.Text, 0, 64)
		if v.Kind != Int || err != nil {
			return wrong("a whole number")
		}
		to.SetInt(n)
	case reflect.Float64:
		n, err := strconv.ParseFloat(v.Text, 64)
		if v.Kind != Int && v.Kind != Float || err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return wrong("a number")
		}
		to.SetFloat(n)
	default:
		panic(fmt.Sprintf("option: cannot decode into %s", to.Type()))
	}
	return nil
}

// control reports whether a letter is one that no text holds.
func control(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\t\r\n", r) }

// field is a field of a struct that is decoded into, with what its tags say.
type field struct {
	name     string
	required bool
	index    int

	any         bool // a text may be empty, and a list too, or hold something twice
	empty       bool // a list may be empty
	bounded     bool // its number, or each in its list, is from least to most
	least, most float64
	words       []string // the only texts, if any
}

// bounds returns what the field's numbers are, as people read it.
func (f field) bounds() string {
	text := func(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
	return fmt.Sprintf("from %s to %s", text(f.least), text(f.most))
}

// refuse finds what a value of the right type cannot be.
func (f field) refuse(v Value, t reflect.Type) (ps Problems) {
	isList := v.Kind == List && t.Kind() == reflect.Slice
	once := !f.any && isList && t.Elem().Kind() != reflect.Struct
	switch {
	case reflect.PointerTo(t).Implements(unmarshaler):
	case isList && len(v.Items) == 0 && !f.any && !f.empty:
		ps = v.Problem("the list is empty")
		if !f.required {
			ps[0].Hint = "write at least one, or leave the key out"
		}
	case isList:
		for i, item := range v.Items {
			same := func(other Value) bool { return other.Text == item.Text }
			if once && slices.ContainsFunc(v.Items[:i], same) {
				ps = append(ps, item.Problem("%s is already in the list", item.Describe())...)
				continue
			}
			ps = append(ps, f.refuse(item, t.Elem())...)
		}
	case f.bounded:
		if n := v.number(); n < f.least || n > f.most {
			ps = v.Problem("want a number %s, not %s", f.bounds(), v.Text)
		}
	case f.words != nil && !slices.Contains(f.words, v.Text):
		ps = Unknown(f.name, v, f.words)
	case t.Kind() == reflect.String && !f.any && strings.TrimSpace(v.Text) == "":
		ps = v.Wrong("text")
	}
	return ps
}

func fieldsOf(t reflect.Type) (fields []field, pos int) {
	pos = -1
	for i := range t.NumField() {
		f := t.Field(i)
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Type == posType && (name == "" || name == "-"):
			pos = i
		case name != "" && name != "-":
			fields = append(fields, newField(name, !strings.Contains(rest, "omit"), i, f.Tag.Get("option")))
		}
	}
	return fields, pos
}

func newField(name string, required bool, index int, tag string) field {
	f := field{name: name, required: required, index: index, any: tag == "any", empty: tag == "empty"}
	least, most, bounded := strings.Cut(tag, "..")
	switch {
	case bounded:
		f.bounded = true
		f.least, _ = strconv.ParseFloat(least, 64)
		f.most, _ = strconv.ParseFloat(most, 64)
	case tag != "" && !f.any && !f.empty:
		f.words = strings.Split(tag, "|")
	}
	return f
}

func decodeStruct(v Value, to reflect.Value) Problems {
	fields, pos := fieldsOf(to.Type())
	if v.Kind != Map {
		ps := v.Wrong("a mapping")
		if v.Kind != Null && len(fields) > 0 {
			ps[0].Hint = "write it as {" + fields[0].name + ": …}"
		}
		return ps
	}
	if pos >= 0 {
		to.Field(pos).Set(reflect.ValueOf(v.Pos))
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	ps := duplicates(v)
	seen := map[string]bool{} // keys that are written, or were probably meant
	for _, written := range v.Fields {
		if seen[written.Key.Text] {
			continue // the first counts, as it does for Get
		}
		seen[written.Key.Text] = true
		i := slices.Index(names, written.Key.Text)
		if i < 0 {
			near := Suggest(written.Key.Text, names)
			if other, ok := to.Addr().Interface().(Synonymer); ok &&
				other.OptionSynonyms()[strings.ToLower(written.Key.Text)] != "" {
				near = other.OptionSynonyms()[strings.ToLower(written.Key.Text)]
				ps = append(ps, written.Key.Problem("unknown key %q (did you mean %q?)", written.Key.Text, near)...)
			} else {
				ps = append(ps, Unknown("key", written.Key, names)...)
			}
			seen[near] = true
			continue
		}
		into := to.Field(fields[i].index)
		wrong := decode(written.Value, into)
		if !wrong.Fatal() {
			wrong = append(wrong, fields[i].refuse(written.Value, into.Type())...)
		}
		ps = append(ps, wrong...)
	}
	for _, f := range fields {
		if f.required && !seen[f.name] {
			ps = append(ps, v.Problem("missing key %q", f.name)...)
		}
	}
	return ps
}

func duplicates(v Value) (ps Problems) {
	seen := map[string]int{}
	for _, f := range v.Fields {
		if line, ok := seen[f.Key.Text]; ok {
			ps = append(ps, f.Key.Problem("key %q is already on line %d", f.Key.Text, line)...)
		}
		seen[f.Key.Text] = f.Key.Line
	}
	return ps
}

// Unknown reports that a word is none of those known, with the one that was probably meant, or all
// of them.
func Unknown(what string, word Value, known []string) Problems {
	ps := word.Problem("unknown %s %q", what, word.Text)
	if near := Suggest(word.Text, known); near != "" {
		ps[0].Message += fmt.Sprintf(" (did you mean %q?)", near)
	} else if len(known) > 0 {
		ps[0].Hint = "known: " + strings.Join(known, ", ")
	}
	return ps
}

// Suggest returns the known word that was probably meant, or empty.
func Suggest(word string, known []string) string {
	best, least := "", max(1, len(word)/3)+1
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < least && d < max(len(word), len(k)) {
			best, least = k, d
		}
	}
	return best
}

// distance counts the letters to add, drop, change or swap to make one word of another.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
