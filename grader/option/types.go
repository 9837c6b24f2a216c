package option

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

// Duration is a time in Go's notation: 300ms, 20s, 3m.
type Duration time.Duration

// Std returns the duration as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String returns the duration in the notation that it is written in: 20s, 5m.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// UnmarshalOption reads a duration greater than zero.
func (d *Duration) UnmarshalOption(v Value) Problems {
	parsed, err := time.ParseDuration(v.Text)
	if err != nil || v.Kind == Int || v.Kind == List || v.Kind == Map {
		ps := v.Problem("want a duration such as 300ms, 20s or 3m, not %s", v.Describe())
		if v.Kind == Int {
			ps[0].Hint = fmt.Sprintf("write %ss for seconds, or %sms for thousandths of one", v.Text, v.Text)
		}
		return ps
	}
	if parsed <= 0 {
		return v.Problem("a duration must be more than zero, not %s", v.Text)
	}
	*d = Duration(parsed)
	return nil
}

// OptionSchema describes a duration.
func (Duration) OptionSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^([0-9.]+(ms|s|m|h))+$`, Examples: []any{"20s", "5m"}}
}

// Size is a number of bytes, decimal as `docker images` prints it: 64KB, 100MB, 1.5GB.
type Size int64

var (
	sizeText  = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?(B|kB|KB|MB|GB)$`)
	sizeUnits = map[string]float64{"B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9}
)

// String returns the size in the largest unit that leaves at least one: 250MB.
func (s Size) String() string {
	for _, unit := range []string{"GB", "MB", "KB"} {
		if n := float64(s) / sizeUnits[unit]; n >= 1 {
			return strconv.FormatFloat(float64(int(n*10+0.5))/10, 'f', -1, 64) + unit
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// UnmarshalOption reads a size.
func (s *Size) UnmarshalOption(v Value) Problems {
	m := sizeText.FindStringSubmatch(v.Text)
	if m == nil || v.Kind == List || v.Kind == Map {
		ps := v.Problem("want a size such as 64KB, 100MB or 1.5GB, not %s", v.Describe())
		if unit := strings.TrimLeft(v.Text, "0123456789. "); len(unit) <= 3 && unit != v.Text {
			ps[0].Hint = "write " + strings.TrimSpace(strings.TrimSuffix(v.Text, unit)) + "MB for millions of bytes"
		}
		return ps
	}
	n, _ := strconv.ParseFloat(m[1], 64)
	n *= sizeUnits[m[2]]
	if n <= 0 || n > 1e15 {
		return v.Problem("a size must be more than zero and less than a million GB, not %s", v.Text)
	}
	*s = Size(n)
	return nil
}

// OptionSchema describes a size.
func (Size) OptionSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: sizeText.String(), Examples: []any{"250MB"}}
}

// Regexp is a regular expression, written between slashes.
type Regexp struct{ *regexp.Regexp }

// UnmarshalOption reads /…/.
func (r *Regexp) UnmarshalOption(v Value) Problems {
	if v.Kind != String || len(v.Text) < 3 || v.Text[0] != '/' || v.Text[len(v.Text)-1] != '/' {
		return v.Problem("want a regular expression between slashes, such as /ok/, not %s", v.Describe())
	}
	re, err := regexp.Compile(v.Text[1 : len(v.Text)-1])
	if err != nil {
		ps := v.Problem("%s is no regular expression: %s", v.Text, strings.TrimPrefix(err.Error(),
			"error parsing regexp: "))
		ps[0].Hint = PatternHint(v.Text)
		return ps
	}
	r.Regexp = re
	return nil
}

// PatternHint says what to write for what regular expressions of other languages can say, and these
// cannot; empty where that is not known.
func PatternHint(pattern string) string {
	switch {
	case strings.Contains(pattern, "(?!"), strings.Contains(pattern, "(?<!"):
		return "these expressions look neither ahead nor back: write <not /…/> for what must not match"
	case strings.Contains(pattern, "(?="), strings.Contains(pattern, "(?<="):
		return "these expressions look neither ahead nor back: write a list of patterns for what must match each"
	}
	return ""
}

// OptionSchema describes a regular expression.
func (Regexp) OptionSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^/[\s\S]+/$`, Examples: []any{"/ok/"}}
}

// Glob is a pattern of slash-separated paths: * and ? stay within one name, ** stands for any
// folders.
type Glob string

// UnmarshalOption reads a pattern.
func (g *Glob) UnmarshalOption(v Value) Problems {
	if !v.scalar() || !fs.ValidPath(v.Text) || v.Text == "." || strings.ContainsFunc(v.Text, control) {
		ps := v.Problem("want a path or a pattern inside the folder, such as **/*.py, not %s", v.Describe())
		ps[0].Hint = "write it from the top of the folder, without a / at its beginning or end, and without . and .."
		return ps
	}
	if _, err := path.Match(strings.ReplaceAll(v.Text, "**", "*"), "x"); err != nil {
		return v.Problem("%q is no pattern: a [ has no ]", v.Text)
	}
	*g = Glob(v.Text)
	return nil
}

// Match reports whether the pattern matches a path.
func (g Glob) Match(name string) bool {
	return matchParts(strings.Split(string(g), "/"), strings.Split(name, "/"))
}

// matchParts goes back to the last ** alone when a part does not match, since an earlier one could
// take no more.
func matchParts(pattern, name []string) bool {
	p, n, stars, taken := 0, 0, -1, 0
	for n < len(name) {
		if p < len(pattern) && pattern[p] == "**" {
			stars, taken = p, n
			p++
			continue
		}
		if p < len(pattern) {
			if ok, err := path.Match(pattern[p], name[n]); err == nil && ok {
				p++
				n++
				continue
			}
		}
		if stars < 0 {
			return false
		}
		taken++
		p, n = stars+1, taken
	}
	for p < len(pattern) && pattern[p] == "**" {
		p++
	}
	return p == len(pattern)
}

// OptionSchema describes a pattern.
func (Glob) OptionSchema() *jsonschema.Schema {
	const part = `([^./][^/]*|\.[^./][^/]*|\.\.[^/]+)` // neither . nor ..
	return &jsonschema.Schema{Types: scalars, Pattern: `^` + part + `(/` + part + `)*$`}
}

// Variables are names and their values, as a process or a build is given them.
type Variables map[string]string

var variableName = regexp.MustCompile(`^[^\s=]+$`)

// UnmarshalOption reads them.
func (vs *Variables) UnmarshalOption(v Value) Problems {
	read := map[string]string{}
	ps := Decode(v, &read)
	for _, f := range v.Fields {
		if !variableName.MatchString(f.Key.Text) {
			ps = append(ps, f.Key.Problem("a variable's name has no blank and no =, and is not empty: %s",
				f.Key.Describe())...)
		}
	}
	*vs = read
	return ps
}

// OptionSchema describes them.
func (Variables) OptionSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", PropertyNames: &jsonschema.Schema{Pattern: variableName.String()},
		AdditionalProperties: &jsonschema.Schema{Types: scalars}}
}

// Describe returns the value as an error shows it.
func (v Value) Describe() string {
	switch v.Kind {
	case List, Map, Null:
		return v.Kind.String()
	}
	text := v.Text
	if letters := []rune(text); len(letters) > 40 {
		text = string(letters[:40]) + "…"
	}
	return strconv.Quote(text)
}

// Problem returns one problem at the value's place.
func (v Value) Problem(format string, args ...any) Problems {
	return Problems{{Pos: v.Pos, Message: fmt.Sprintf(format, args...)}}
}

var plainWord = regexp.MustCompile(`^[a-z_]+$`)

var quotedNumber = regexp.MustCompile(`^[+-]?\d+(\.\d+)?$|^(?i:true|false)$`)

// Wrong reports that something else is wanted at the value's place, and how that is written.
func (v Value) Wrong(want string) Problems {
	ps := v.Problem("want %s, not %s", want, v.Describe())
	switch {
	case want == "a list":
		ps[0].Hint = "write a list as [a, b], or with a line for each that begins with -"
	case want == "a mapping" && v.Kind == Null:
		ps[0].Hint = "write {} where nothing more is to be said"
	case want == "a mapping" && v.Kind == String && plainWord.MatchString(v.Text):
		ps[0].Hint = fmt.Sprintf("write it as {key: value}: {%s: %s}", v.Text, v.Text)
	case want == "a mapping":
		ps[0].Hint = "write it as {key: value}"
	case want == "text" && v.Kind == List && len(v.Items) == 1:
		ps[0].Hint = "write it without the [ ]"
	case v.Kind == String && want != "text" && quotedNumber.MatchString(v.Text):
		ps[0].Hint = "remove the quotes"
	}
	return ps
}

// EachText visits the texts in the value, but for keys.
func (v Value) EachText(visit func(Value)) {
	for _, item := range v.Items {
		item.EachText(visit)
	}
	for _, f := range v.Fields {
		f.Value.EachText(visit)
	}
	if v.Kind == String {
		visit(v)
	}
}

// Interface returns the value as plain Go: nil, bool, int64, float64, string, []any,
// map[string]any.
func (v Value) Interface() any {
	switch v.Kind {
	case Null:
		return nil
	case Bool:
		return v.Text == "true"
	case Int:
		n, _ := strconv.ParseInt(v.Text, 0, 64)
		return n
	case Float:
		n, _ := strconv.ParseFloat(v.Text, 64)
		return n
	case List:
		out := make([]any, len(v.Items))
		for i, item := range v.Items {
			out[i] = item.Interface()
		}
		return out
	case Map:
		out := map[string]any{}
		for _, f := range v.Fields {
			out[f.Key.Text] = f.Value.Interface()
		}
		return out
	}
	return v.Text
}

// OneOrMore returns the items of a list, or else the value itself: of what may be written alone.
func (v Value) OneOrMore() []Value {
	if v.Kind == List {
		return v.Items
	}
	return []Value{v}
}

// scalar reports whether the value is one that is written as a text.
func (v Value) scalar() bool { return v.Kind != List && v.Kind != Map && v.Kind != Null }

// number returns the value of a number, else 0.
func (v Value) number() float64 {
	switch n := v.Interface().(type) {
	case int64:
		return float64(n)
	case float64:
		return n
	}
	return 0
}

// Get returns the value of a map's key, or of one in the map there, and so on.
func (v Value) Get(path ...string) (Value, bool) {
	if len(path) == 0 {
		return v, true
	}
	for _, f := range v.Fields {
		if f.Key.Text == path[0] {
			return f.Value.Get(path[1:]...)
		}
	}
	return Value{}, false
}
