package steps

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/taskgrader/taskgrader/grader/option"
)

// holes are what can stand for any value of a sort.
var holes = []string{"<any>", "<string>", "<number>", "<int>", "<bool>", "<null>", "<uuid>", "<time>", "<absent>"}

var (
	holeText = regexp.MustCompile(`^<[a-z][a-z0-9_-]*( \$\{?[a-zA-Z_]\w*\}?)?>$`)
	// almostHole is a hole with a slip in it: <not x>, <any, <ANY>.
	almostHole = regexp.MustCompile(`(?i)^<\s*(any|string|number|int|bool|null|uuid|time|absent|not)\b`)
	notHole    = regexp.MustCompile(`^<not \$\{?([a-zA-Z_]\w*)\}?>$`)
	uuidText   = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

// checkHole finds a hole or regular expression that means nothing.
func checkHole(v option.Value) (ps option.Problems) {
	if (holeText.MatchString(v.Text) || almostHole.MatchString(v.Text)) && !isHole(v.Text) {
		ps = append(ps, option.Unknown("hole", v, append(slices.Clone(holes), "<not $x>"))...)
		ps[0].Hint = strings.TrimPrefix(ps[0].Hint+"; "+itself(v), "; ")
	}
	if isRegexp(v.Text) {
		if _, err := regexp.Compile(v.Text[1 : len(v.Text)-1]); err != nil {
			ps = append(ps, v.Problem("%s is no regular expression: %s", v.Text, strings.TrimPrefix(err.Error(), "error parsing regexp: "))...)
		}
	}
	return ps
}

// CheckWanted finds what no answer can be, where there are no variables.
func CheckWanted(want option.Value) (ps option.Problems) {
	want.EachText(func(text option.Value) { ps = append(ps, checkHole(text)...) })
	uses(want, func(name string, at option.Value) {
		at.Text = name
		ps = append(ps, option.Unknown("variable", at, nil)...)
	})
	return ps
}

// checkSent finds what stands for something in an answer, and would be sent as it is written.
func checkSent(v option.Value) option.Problems {
	if !isHole(v.Text) {
		return nil
	}
	ps := v.Problem("%s stands for what an answer may hold, and this is sent", v.Text)
	ps[0].Hint = itself(v)
	return ps
}

func isHole(text string) bool { return slices.Contains(holes, text) || notHole.MatchString(text) }

func itself(v option.Value) string { return `write \` + v.Text + " for the text itself" }

var open = regexp.MustCompile(`\$\{([^a-zA-Z_}]|\w*[^\w}]|\w*$|\})`)

// checkOpen finds a ${ that names no variable.
func checkOpen(v option.Value) option.Problems {
	if isRegexp(v.Text) || !open.MatchString(unusedText.ReplaceAllString(strings.ReplaceAll(v.Text, "$$", ""), "")) {
		return nil
	}
	ps := v.Problem("${ begins a variable, and none is named in %s", v.Describe())
	ps[0].Hint = "write ${name}, or $${ for the text itself"
	return ps
}

func isRegexp(s string) bool { return len(s) > 2 && s[0] == '/' && s[len(s)-1] == '/' }

// difference is one path at which an answer is not what was wanted.
type difference struct{ path, want, got string }

// absent stands for a value that is not there.
type absent struct{}

// match compares an answer with what it must contain at least, or, where exact, hold and nothing more. Values of want
// may be holes.
func match(path string, want, got any, exact bool) []difference {
	miss := func() []difference { return []difference{{path, Show(plain(want)), Show(got)}} }
	switch w := want.(type) {
	case hole:
		if w.holds(got) {
			return nil
		}
		return []difference{{path, w.String(), Show(got)}}
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return miss()
		}
		var out []difference
		for _, key := range sortedKeys(w) {
			value, there := g[key]
			if !there {
				value = absent{}
			}
			out = append(out, match(path+"."+key, w[key], value, exact)...)
		}
		if exact {
			for _, key := range sortedKeys(g) {
				if _, ok := w[key]; !ok {
					out = append(out, difference{path + "." + key, nothing, Show(g[key])})
				}
			}
		}
		return out
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return miss()
		}
		var out []difference
		for i := range w {
			out = append(out, match(fmt.Sprintf("%s[%d]", path, i), w[i], g[i], exact)...)
		}
		return out
	}
	if equal(want, got) {
		return nil
	}
	return miss()
}

// Difference is the first path at which got does not contain what was wanted: "$.title", and both values as they are
// shown. It is empty where there is none.
func Difference(want, got any) (path, wanted, found string) {
	if d := match("$", want, got, false); len(d) > 0 {
		return d[0].path, d[0].want, d[0].got
	}
	return "", "", ""
}

// equal compares scalars; numbers by value, so that 1 is 1.0.
func equal(a, b any) bool {
	x, okX := rational(a)
	y, okY := rational(b)
	if okX && okY {
		return x.Cmp(y) == 0
	}
	return okX == okY && reflect.DeepEqual(a, b)
}

func rational(v any) (*big.Rat, bool) {
	var text string
	switch n := v.(type) {
	case json.Number:
		text = n.String()
	case int64:
		text = strconv.FormatInt(n, 10)
	case float64:
		text = strconv.FormatFloat(n, 'g', -1, 64)
	default:
		return nil, false
	}
	if len(text) > 400 || strings.ContainsAny(text, "eE") && len(text[strings.IndexAny(text, "eE"):]) > 4 {
		return nil, false // an exponent can make a number of any length
	}
	return new(big.Rat).SetString(text)
}

// hole is a value that many values match.
type hole struct {
	kind string
	re   *regexp.Regexp
	not  any
}

func (h hole) String() string {
	switch {
	case h.re != nil:
		return "text that matches /" + h.re.String() + "/"
	case h.kind == "<not>":
		return butText + Show(h.not)
	case h.kind == "<absent>":
		return nothing
	}
	return map[string]string{"<any>": "anything", "<string>": "text", "<number>": "a number", "<int>": "a whole number", "<bool>": "true or false",
		"<null>": "null", "<uuid>": "a UUID", "<time>": "a time (RFC 3339)"}[h.kind]
}

func (h hole) holds(got any) bool {
	if _, missing := got.(absent); missing {
		return h.kind == "<absent>"
	}
	text, isText := got.(string)
	number, isNumber := got.(json.Number)
	switch {
	case h.re != nil:
		if isNumber {
			return h.re.MatchString(number.String())
		}
		return isText && h.re.MatchString(text)
	case h.kind == "<not>":
		return len(match("", h.not, got, true)) > 0
	case h.kind == "<any>":
		return true
	case h.kind == "<string>":
		return isText
	case h.kind == "<number>":
		return isNumber
	case h.kind == "<int>":
		r, ok := rational(got)
		return isNumber && ok && r.IsInt()
	case h.kind == "<bool>":
		_, ok := got.(bool)
		return ok
	case h.kind == "<null>":
		return got == nil
	case h.kind == "<uuid>":
		return isText && uuidText.MatchString(text)
	case h.kind == "<time>":
		_, err := time.Parse(time.RFC3339, text)
		return isText && err == nil
	}
	return false
}

// showBytes is how much of one value is shown.
const showBytes = 300

// butText begins how a value is shown that must be another.
const butText = "anything but "

// nothing is how a value that is not there is shown.
const nothing = "nothing"

// Show is a value as JSON, cut.
func Show(v any) string {
	if _, ok := v.(absent); ok {
		return nothing
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return cut(strings.TrimSpace(b.String()), showBytes)
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// At is the value at a path such as id, task.id or items[0].id, and whether there is one; the empty path is the value itself.
func At(v any, path string) (any, bool) {
	v = at(v, path)
	_, missing := v.(absent)
	return v, !missing
}

// at is the value at a path such as id, task.id or items[0].id; the empty path is the value itself.
func at(v any, path string) any {
	path = strings.TrimPrefix(strings.TrimPrefix(path, "$"), ".")
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		switch container := v.(type) {
		case map[string]any:
			next, ok := container[part]
			if !ok {
				return absent{}
			}
			v = next
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(container) {
				return absent{}
			}
			v = container[i]
		default:
			return absent{}
		}
	}
	return v
}
