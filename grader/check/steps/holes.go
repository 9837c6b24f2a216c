package steps

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/taskgrader/taskgrader/grader/option"
)

// sort is what a hole is about: it decides what is advised where a value is not as wanted.
type sort int

const (
	ofType     sort = iota // the type of a value
	ofForm                 // how a text is written
	ofRange                // what values may be there
	ofRelation             // how it stands to another value
	ofOther                // that it is another than one
	ofAbsence              // that it is not there
)

// hole is a value that many values match.
type hole struct {
	says  string // as a student reads it
	sort  sort
	holds func(got JSON, in scene) bool
}

func (h hole) String() string { return h.says }

// scene is what a hole may look at besides the value in its place.
type scene struct {
	answer JSON      // the whole of it
	asked  time.Time // when the request was sent
}

// plainHoles are those of one word.
var plainHoles = map[string]hole{
	"any":    {"anything", ofType, func(JSON, scene) bool { return true }},
	"string": {"text", ofType, func(got JSON, _ scene) bool { _, ok := got.(string); return ok }},
	"number": {"a number", ofType, func(got JSON, _ scene) bool { _, ok := got.(json.Number); return ok }},
	"int":    {"a whole number", ofType, isInt},
	"bool":   {"true or false", ofType, func(got JSON, _ scene) bool { _, ok := got.(bool); return ok }},
	"null":   {"null", ofType, func(got JSON, _ scene) bool { return got == nil }},
	"uuid":   {"a UUID", ofForm, ofText(uuidText.MatchString)},
	"time": {"a time (ISO 8601, such as 2026-01-31T12:00:00)", ofForm,
		ofText(func(s string) bool { _, _, ok := readTime(s); return ok })},
	"date": {"a date, such as 2026-01-31", ofForm,
		ofText(func(s string) bool { _, err := time.Parse(time.DateOnly, s); return err == nil })},
	"list":   {"an array", ofType, func(got JSON, _ scene) bool { _, ok := got.(List); return ok }},
	"object": {"an object", ofType, func(got JSON, _ scene) bool { _, ok := got.(Object); return ok }},
	"now":    fromNow(0),
	"mail":   {"an e-mail address", ofForm, ofText(isMail)},
	"url":    {"an address that begins with http:// or https://", ofForm, ofText(isURL)},
	"absent": {nothing, ofAbsence, func(JSON, scene) bool { return false }},
}

// holes are what can stand for any value of a sort, as they are listed.
var holes = []string{"<any>", "<string>", "<string 1..50>", "<number>", "<number >= 3>", "<int>", "<int 1..5>",
	"<bool>", "<null>", "<uuid>", "<time>", "<time utc>",
	"<date>", "<now>", "<now + 14d>", "<list>", "<object>", "<mail>", "<url>", "<absent>", "<not $x>", "<one of a, b>",
	"<string or null>", "<$n + 1>", "<more than $n>", "<after $t>", "<length of data>", "<sum of items.price>",
	"<json web token>"}

var uuidText = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// isHole reports whether a text is written as a hole is: <…>, but for marks of HTML.
func isHole(text string) bool {
	if len(text) < 3 || text[0] != '<' || text[len(text)-1] != '>' || strings.Contains(text[1:], "</") ||
		strings.ContainsAny(text, "\n") {
		return false
	}
	first := text[1]
	return first >= 'a' && first <= 'z' || first >= 'A' && first <= 'Z' || first == '$' || first == '(' ||
		first == ' ' ||
		first == '/' && strings.LastIndexByte(text, '/') > 1 ||
		first >= '0' && first <= '9' && (strings.Contains(text, "$") || isMoment(text[1:len(text)-1]))
}

// errUnknownHole is that a hole's first word is none.
var errUnknownHole = errors.New("unknown hole")

// readHole reads what stands between < and >. value gives a variable's value; what is not there yet
// may be nil.
func readHole(text string, value func(name string) JSON) (hole, error) {
	for at := len(text); ; {
		if at = strings.LastIndex(text[:at], " or "); at < 0 {
			break
		}
		left, err := readHole(text[:at], value)
		right, failed := readHole(text[at+len(" or "):], value)
		if err == nil && failed == nil {
			return hole{left.says + " or " + right.says, left.sort,
				func(got JSON, in scene) bool { return either(left, got, in) || either(right, got, in) }}, nil
		}
	}
	word, rest, more := strings.Cut(text, " ")
	plain, isPlain := plainHoles[word]
	switch {
	case isPlain && !more:
		return plain, nil
	case text == "time utc":
		return hole{"a time with its zone (RFC 3339, such as 2026-01-31T12:00:00Z)", ofForm,
			ofText(func(s string) bool {
				_, zoned, ok := readTime(s)
				return ok && zoned
			})}, nil
	case text == "json web token":
		return hole{"a JSON Web Token", ofForm, ofText(isToken)}, nil
	case nowText.MatchString(text):
		away, _ := awayFromNow(text)
		return fromNow(away), nil
	case word == "sum" && strings.HasPrefix(rest, "of ") && IsPath(strings.TrimPrefix(rest, "of ")):
		return sumOf(strings.TrimPrefix(rest, "of ")), nil
	case word == "string" || word == "int" || word == "number":
		return inRange(plain, word == "string", rest, value)
	case word == "not" && more:
		return but(rest, value)
	case word == "one" && strings.HasPrefix(rest, "of "):
		return oneOf(strings.TrimPrefix(rest, "of "), value)
	case (word == "more" || word == "less") && strings.HasPrefix(rest, "than "):
		return compared(word, strings.TrimPrefix(rest, "than "), value)
	case (word == "after" || word == "before") && more:
		return compared(word, rest, value)
	case word == "length" && strings.HasPrefix(rest, "of ") && IsPath(strings.TrimPrefix(rest, "of ")):
		return lengthOf(strings.TrimPrefix(rest, "of ")), nil
	case isRegexp(text):
		re, err := regexp.Compile(fillPattern(text[1:len(text)-1], func(ref string) (JSON, string) {
			return value(strings.Trim(ref, "${}")), ""
		}))
		if err != nil {
			return hole{}, fmt.Errorf("%s is no regular expression: %s", text,
				strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
		return matching(re), nil
	case text != "" && strings.Contains("$(0123456789", text[:1]):
		wanted, err := evaluate(text, value, false)
		if err != nil {
			return hole{}, err
		}
		says := Show(wanted)
		if written, _ := wanted.(string); isMoment(written) && len(written) > len(time.DateOnly) {
			says = momentText + written
		}
		return hole{says, ofRelation, func(got JSON, _ scene) bool {
			a, isA := readMoment(wanted)
			b, isB := readMoment(got)
			return same(wanted, got) || isA && isB && a.Equal(b) || span.MatchString(text) && isA && isDay(got, wanted)
		}}, nil
	}
	return hole{}, errUnknownHole
}

// either reports whether a hole holds of a value, or of none.
func either(h hole, got JSON, in scene) bool {
	if _, missing := got.(absent); missing {
		return h.sort == ofAbsence
	}
	return h.holds(got, in)
}

func ofText(holds func(string) bool) func(JSON, scene) bool {
	return func(got JSON, _ scene) bool { text, ok := got.(string); return ok && holds(text) }
}

func isInt(got JSON, _ scene) bool {
	_, isNumber := got.(json.Number)
	r, ok := rational(got)
	return isNumber && ok && r.IsInt()
}

func isMail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// isToken reports whether a text is three parts in base64, the first of which is an object with a
// key alg.
func isToken(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return false
	}
	for _, part := range parts {
		if _, err := base64.RawURLEncoding.DecodeString(part); err != nil {
			return false
		}
	}
	head, _ := base64.RawURLEncoding.DecodeString(parts[0])
	var header struct{ Alg string }
	return json.Unmarshal(head, &header) == nil && header.Alg != ""
}

func matching(re *regexp.Regexp) hole {
	return hole{"text that matches /" + re.String() + "/", ofForm, func(got JSON, _ scene) bool {
		if n, ok := got.(json.Number); ok {
			return re.MatchString(n.String())
		}
		text, ok := got.(string)
		return ok && re.MatchString(text)
	}}
}

// but returns the hole of all that another is not: a variable's value, a hole, or a pattern.
func but(text string, value func(string) JSON) (hole, error) {
	if oneVariable.MatchString(text) {
		not := value(strings.Trim(text, "${}"))
		return hole{butText + Show(not), ofOther,
			func(got JSON, in scene) bool { return len(in.match("", not, got, true)) > 0 }}, nil
	}
	h, err := readHole(text, value)
	if err != nil {
		return h, err
	}
	return hole{butText + h.says, ofOther, func(got JSON, in scene) bool { return !h.holds(got, in) }}, nil
}

func oneOf(text string, value func(string) JSON) (hole, error) {
	var words []string
	var values List
	for _, word := range strings.Split(text, ",") {
		word = strings.TrimSpace(word)
		if word == "" || strings.ContainsAny(word[:1], `["'`) {
			return hole{}, fmt.Errorf("one of what? write <one of a, b>")
		}
		if oneVariable.MatchString(word) {
			v := value(strings.Trim(word, "${}"))
			values, words = append(values, v), append(words, Show(v))
			continue
		}
		values, words = append(values, word), append(words, word)
	}
	return hole{"one of " + strings.Join(words, ", "), ofRange, func(got JSON, _ scene) bool {
		return slices.ContainsFunc(values, func(v JSON) bool { return same(v, got) || v == Show(got) })
	}}, nil
}

// lengthOf returns the hole of how many items the array at a path of the same answer has.
func lengthOf(path string) hole {
	return hole{"the length of " + path, ofRelation, func(got JSON, in scene) bool {
		list, ok := at(in.answer, path).(List)
		return ok && same(json.Number(fmt.Sprint(len(list))), got)
	}}
}

// sumOf returns the hole of what numbers in an array of the same answer come to: those at a path, or
// of a key that each item of the array above it has. What a program adds up in binary may be off by
// a rounding.
func sumOf(path string) hole {
	return hole{"the sum of " + path, ofRelation, func(got JSON, in scene) bool {
		list, ok := at(in.answer, path).(List)
		key := ""
		if cut := strings.LastIndexByte(path, '.'); !ok && cut > 0 {
			key = path[cut+1:]
			list, ok = at(in.answer, path[:cut]).(List)
		}
		sum := new(big.Rat)
		for _, item := range list {
			n, isNumber := rational(at(item, key))
			if ok = ok && isNumber; isNumber {
				sum.Add(sum, n)
			}
		}
		n, isNumber := rational(got)
		return ok && isNumber && new(big.Rat).Abs(sum.Sub(sum, n)).Cmp(big.NewRat(1, 1e9)) < 0
	}}
}

var rangeText = regexp.MustCompile(`^(?:(\S+)\.\.(\S+)|(>=|<=|>|<)\s*(.+))$`)

// inRange returns the hole of numbers, or of texts by their length, within bounds.
func inRange(of hole, text bool, bounds string, value func(string) JSON) (hole, error) {
	m := rangeText.FindStringSubmatch(bounds)
	if m == nil {
		return hole{}, fmt.Errorf("want bounds such as 1..5 or >= 3, not %q", bounds)
	}
	low, err := number(m[1]+m[4], value)
	if err != nil {
		return hole{}, err
	}
	says := fmt.Sprintf("%s %s", map[string]string{">=": "at least", "<=": "at most", ">": "more than",
		"<": "less than"}[m[3]], decimal(low))
	within := func(n *big.Rat) bool { return Count{Op: m[3]}.Match(n.Cmp(low)) }
	if m[3] == "" {
		high, err := number(m[2], value)
		if err != nil {
			return hole{}, err
		}
		if high.Cmp(low) < 0 {
			return hole{}, fmt.Errorf("nothing is from %s to %s", decimal(low), decimal(high))
		}
		says = fmt.Sprintf("from %s to %s", decimal(low), decimal(high))
		within = func(n *big.Rat) bool { return n.Cmp(low) >= 0 && n.Cmp(high) <= 0 }
	}
	if text {
		return hole{"text of " + says + " letters", ofRange,
			ofText(func(s string) bool { return within(big.NewRat(int64(utf8.RuneCountInString(s)), 1)) })}, nil
	}
	return hole{of.says + " " + says, ofRange, func(got JSON, in scene) bool {
		n, ok := rational(got)
		return of.holds(got, in) && ok && within(n)
	}}, nil
}

// compared returns the hole of what is more, less, after or before a value: numbers, or times.
func compared(word, than string, value func(string) JSON) (hole, error) {
	away, ofNow := awayFromNow(than)
	var bound JSON = "that of the request"
	if away != 0 {
		bound = "that of the request" + strings.TrimPrefix(than, "now")
	}
	if !ofNow {
		var err error
		if bound, err = evaluate(than, value, false); err != nil {
			return hole{}, err
		}
	}
	sign := 1
	if word == "less" || word == "before" {
		sign = -1
	}
	says := fmt.Sprintf("%s than %s", word, Show(bound))
	switch {
	case ofNow:
		says = fmt.Sprintf("a time %s %s", word, bound)
	case word == "after" || word == "before":
		says = fmt.Sprintf("a time %s %s", word, Show(bound))
	}
	return hole{says, ofRelation, func(got JSON, in scene) bool {
		if ofNow {
			t, ok := readInstant(got)
			return ok && t.Compare(in.asked.Add(away)) == sign
		}
		if a, ok := numeric(got); ok {
			b, ok := numeric(bound)
			return ok && a.Cmp(b) == sign
		}
		a, isA := readMoment(got)
		b, isB := readMoment(bound)
		return isA && isB && a.Compare(b) == sign
	}}, nil
}

// same compares numbers by value, also one that was read out of a text, and else what equal does.
func same(want, got JSON) bool {
	if equal(want, got) {
		return true
	}
	if _, isNumber := got.(json.Number); !isNumber {
		return false
	}
	a, okA := numeric(want)
	b, okB := numeric(got)
	return okA && okB && a.Cmp(b) == 0
}

// numeric returns the number that a value is, or that a text is of.
func numeric(v JSON) (*big.Rat, bool) {
	if text, ok := v.(string); ok {
		v = json.Number(strings.TrimSpace(text))
	}
	if r, ok := v.(*big.Rat); ok {
		return r, true
	}
	return rational(v)
}

// checkHole finds a hole or regular expression that means nothing.
func checkHole(v option.Value) (ps option.Problems) {
	switch {
	case isHole(v.Text):
		_, err := readHole(v.Text[1:len(v.Text)-1], func(string) JSON { return json.Number("1") })
		switch {
		case errors.Is(err, errUnknownHole) && meantHole(v.Text) != "":
			ps = append(ps, v.Problem("unknown hole %q (did you mean %q?)", v.Text, meantHole(v.Text))...)
			ps[0].Hint = itself(v)
		case errors.Is(err, errUnknownHole) && strings.Contains(v.Text, "|"):
			ps = append(ps, v.Problem("unknown hole %q (did you mean \"<one of %s>\"?)", v.Text,
				strings.Join(strings.FieldsFunc(strings.Trim(v.Text, "<>"), func(r rune) bool { return r == '|' }),
					", "))...)
			ps[0].Hint = itself(v)
		case errors.Is(err, errUnknownHole):
			ps = append(ps, option.Unknown("hole", v, holes)...)
			ps[0].Hint = strings.TrimPrefix(ps[0].Hint+"; "+itself(v), "; ")
		case err != nil:
			ps = append(ps, v.Problem("%s: %s", v.Text, err)...)
			ps[0].Hint = itself(v)
		}
	case almostHole.MatchString(v.Text) && !strings.Contains(v.Text, "</"):
		ps = append(ps, option.Unknown("hole", v, holes)...)
		ps[0].Hint = strings.TrimPrefix(ps[0].Hint+"; "+itself(v), "; ")
	case isRegexp(v.Text):
		if _, err := regexp.Compile(v.Text[1 : len(v.Text)-1]); err != nil {
			ps = append(ps, v.Problem("%s is no regular expression: %s", v.Text,
				strings.TrimPrefix(err.Error(), "error parsing regexp: "))...)
			ps[0].Hint = option.PatternHint(v.Text)
		}
	case slices.Contains(typeWords, v.Text):
		ps = append(ps, v.Problem("%q is the word itself", v.Text)...)
		ps[0].Hint, ps[0].Warning = fmt.Sprintf("write %s for any value of the sort",
			cmp.Or(meantHole("<"+v.Text+">"), "<"+v.Text+">")), true
	case v.Text == "...":
		ps = append(ps, v.Problem("... is a text like any other, and stands for no items")...)
		ps[0].Hint = "want one item with has, or something of each with every"
	default:
		ps = checkMeant(v)
	}
	return ps
}

// meantWords are words of other tools and languages for what a hole is.
var meantWords = map[string]string{"date …": "<after $t>", "time …": "<after $t>", "now …": "<now + 14d>",
	"one": "<one of a, b>", "not": "<not $x>", "sum": "<sum of items.price>", "str": "<string>",
	"text": "<string>", "integer": "<int>", "float": "<number>",
	"double": "<number>", "decimal": "<number>", "boolean": "<bool>", "none": "<null>", "nil": "<null>",
	"datetime": "<time>", "timestamp": "<time>", "iso": "<time>", "iso8601": "<time>", "email": "<mail>",
	"uri":   "<url>",
	"uuid4": "<uuid>", "guid": "<uuid>", "jwt": "<json web token>", "token": "<json web token>", "array": "<list>",
	"dict": "<object>", "map": "<object>", "today": "<now>", "total": "<sum of items.price>", "anything": "<any>",
	"length": "<length of data>",
	"len":    "<length of data>", "size": "<length of data>", "count": "<length of data>",
	"optional": "<string or null>",
	"nullable": "<string or null>", "maybe": "<string or null>", "greater": "<more than $n>", "enum": "<one of a, b>",
	"oneof": "<one of a, b>", "between": "<int 1..5>", "regex": "/regex/", "matches": "/regex/", "missing": "<absent>",
	"undefined": "<absent>"}

// typeWords are those that are hardly ever the text of an answer.
var typeWords = []string{"string", "str", "int", "integer", "number", "float", "bool", "boolean", "uuid", "datetime"}

// meantHole returns the hole that was probably meant, or empty.
func meantHole(text string) string {
	word, more, _ := strings.Cut(strings.ToLower(strings.Trim(text, "<>")), " ")
	if _, plain := plainHoles[word]; plain && more != "" {
		return cmp.Or(meantWords[word+" …"], "<"+word+">")
	}
	return meantWords[word]
}

var (
	// almostHole is a hole with a slip in it: <any, <any x.
	almostHole = regexp.MustCompile(`(?i)^<\s*(any|string|number|int|bool|null|uuid|time|date|absent|not)\b[^>]*$`)
)

// CheckWanted finds what no answer can be, where there are no variables.
func CheckWanted(want option.Value) (ps option.Problems) {
	want.EachText(func(text option.Value) { ps = append(ps, checkHole(text)...) })
	uses(want, func(name string, at option.Value) {
		at.Text = name
		ps = append(ps, option.Unknown("variable", at, nil)...)
	})
	return ps
}

// CheckSent finds what stands for something in an answer, and would be sent as it is written.
func CheckSent(v option.Value) option.Problems {
	if !isHole(v.Text) {
		return nil
	}
	if _, err := readHole(v.Text[1:len(v.Text)-1], func(string) JSON { return json.Number("1") }); err != nil {
		return nil
	}
	ps := v.Problem("%s stands for what an answer may hold, and this is sent", v.Text)
	ps[0].Hint = itself(v)
	return ps
}

func itself(v option.Value) string { return `write \` + v.Text + " for the text itself" }

func isRegexp(s string) bool { return len(s) > 2 && s[0] == '/' && s[len(s)-1] == '/' }
