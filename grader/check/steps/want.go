package steps

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/taskgrader/taskgrader/grader/option"
)

// Want is the status codes that are right, or how many answers of a step with times have each.
type Want struct {
	Codes
	Counts []CodeCount
}

// CodeCount is how many answers have a code, or one of its class.
type CodeCount struct {
	Code  string
	Times int
}

// UnmarshalOption reads codes, or a mapping from them to numbers.
func (w *Want) UnmarshalOption(v option.Value) (ps option.Problems) {
	*w = Want{}
	if v.Kind != option.Map {
		return w.Codes.UnmarshalOption(v)
	}
	if len(v.Fields) == 0 {
		return v.Problem("want at least one status code")
	}
	for _, f := range v.Fields {
		n, err := strconv.Atoi(f.Value.Text)
		switch {
		case !codeText.MatchString(f.Key.Text):
			ps = append(ps, f.Key.Problem("want a status code such as 200, or a class such as 2xx, not %s",
				f.Key.Describe())...)
		case f.Value.Kind != option.Int || err != nil || n < 0 || n > 10000:
			ps = append(ps, f.Value.Problem("want how many answers have the code, not %s", f.Value.Describe())...)
			if f.Value.Kind == option.Map {
				ps[len(ps)-1].Hint = "write either for what each answer holds: [{want: " + f.Key.Text + ", json: …}, …]"
			}
		case slices.Contains(w.Codes, f.Key.Text):
			ps = append(ps, f.Key.Problem("key %q is already on line %d", f.Key.Text, v.Line)...)
		default:
			w.Counts = append(w.Counts, CodeCount{f.Key.Text, n})
			w.Codes = append(w.Codes, f.Key.Text)
		}
	}
	return ps
}

func (w Want) total() (n int) {
	for _, c := range w.Counts {
		n += c.Times
	}
	return n
}

// String returns how a student reads it.
func (w Want) String() string {
	if len(w.Counts) == 0 {
		return w.Codes.String()
	}
	var parts []string
	for _, c := range w.Counts {
		parts = append(parts, fmt.Sprintf("%s %s", often(c.Times), c.Code))
	}
	return strings.Join(parts, " and ")
}

// OptionSchema describes it to editors.
func (Want) OptionSchema() *jsonschema.Schema {
	codes := Codes{}.OptionSchema()
	codes.AnyOf = append(codes.AnyOf, &jsonschema.Schema{Type: "object", MinProperties: jsonschema.Ptr(1),
		PropertyNames:        &jsonschema.Schema{Pattern: codeText.String()},
		AdditionalProperties: &jsonschema.Schema{Type: "integer"}})
	return codes
}

// Pattern is what a text must match: a regular expression, one that it must not match, or that it
// is not there.
type Pattern struct {
	re          option.Regexp
	not, absent bool
}

var notPattern = regexp.MustCompile(`^<not (/.+/)>$`)

// UnmarshalOption reads /…/, <not /…/> or <absent>.
func (p *Pattern) UnmarshalOption(v option.Value) option.Problems {
	*p = Pattern{}
	if v.Kind == option.String && v.Text == "<absent>" {
		p.absent = true
		return nil
	}
	if m := notPattern.FindStringSubmatch(v.Text); m != nil && v.Kind == option.String {
		p.not, v.Text = true, m[1]
	}
	ps := p.re.UnmarshalOption(v)
	if len(ps) > 0 && ps[0].Hint == "" {
		ps[0].Hint = patternFor(v)
	}
	return ps
}

// patternFor says how what is no pattern is written as one; empty where that is not known.
func patternFor(v option.Value) string {
	if len(v.Items)+len(v.Fields) > 0 || v.Text == "" || isRegexp(v.Text) {
		return ""
	}
	if m := flagged.FindStringSubmatch(v.Text); m != nil {
		return fmt.Sprintf("write /%s%s/", flags(m[2]), m[1])
	}
	if not, ok := strings.CutPrefix(v.Text, "not "); ok && isRegexp(not) {
		return "write <not " + not + ">"
	}
	switch v.Text {
	case "<any>", "<string>":
		return "write /./ for any text"
	case "<int>":
		return "write /^[0-9]+$/ for a whole number"
	}
	if isHole(v.Text) {
		return "this is a text, and no JSON: write what it is like as a regular expression"
	}
	pattern := strings.ReplaceAll(v.Text, "/", `\/`)
	if !reference.MatchString(v.Text) {
		pattern = strings.ReplaceAll(regexp.QuoteMeta(v.Text), "/", `\/`)
	}
	return "write /" + pattern + "/ for a text that holds it, or /^" + pattern + "$/ for one that is it"
}

// written reports whether there is one.
func (p Pattern) written() bool { return p.re.Regexp != nil || p.absent }

// IsZero reports whether there is none.
func (p Pattern) IsZero() bool { return !p.written() }

// with returns the pattern with variables put in.
func (p Pattern) with(v vars) Pattern {
	if p.re.Regexp != nil {
		p.re.Regexp = v.regexp(p.re)
	}
	return p
}

// holds reports whether a text is as it must be; there says whether there is one.
func (p Pattern) holds(text string, there bool) bool {
	switch {
	case p.absent:
		return !there
	case p.not:
		return !p.re.MatchString(text)
	}
	return p.re.MatchString(text)
}

// String returns how a student reads it, after the name of what must be so.
func (p Pattern) String() string {
	switch {
	case p.absent:
		return "that is not there"
	case p.not:
		return "that does not match /" + cut(p.re.String(), showBytes) + "/"
	}
	return "matching /" + cut(p.re.String(), showBytes) + "/"
}

// OptionSchema describes it to editors.
func (Pattern) OptionSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^(/[\s\S]+/|<not /[\s\S]+/>|<absent>)$`,
		Examples: List{"/ok/", "<not /Traceback/>", "<absent>"}}
}

// Patterns are what a text must match, each of them; of a header, each by one of its values.
type Patterns []Pattern

// absent reports whether there must be no text.
func (p Patterns) absent() bool {
	return slices.ContainsFunc(p, func(one Pattern) bool { return one.absent })
}

// UnmarshalOption reads a pattern or a list of them.
func (p *Patterns) UnmarshalOption(v option.Value) (ps option.Problems) {
	items := v.OneOrMore()
	if len(items) == 0 {
		return v.Problem("the list is empty")
	}
	*p = make(Patterns, len(items))
	for i, item := range items {
		ps = append(ps, (*p)[i].UnmarshalOption(item)...)
	}
	return ps
}

// OptionSchema describes them to editors.
func (Patterns) OptionSchema() *jsonschema.Schema {
	one := Pattern{}.OptionSchema()
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{one, {Type: "array", Items: one,
		MinItems: jsonschema.Ptr(1)}}}
}

// with returns the patterns with variables put in.
func (p Patterns) with(v vars) Patterns {
	filled := make(Patterns, len(p))
	for i, one := range p {
		filled[i] = one.with(v)
	}
	return filled
}

// Pace is how long an answer may take, and at least takes.
type Pace struct{ Least, Most option.Duration }

// UnmarshalOption reads 300ms, or 1s..2s.
func (p *Pace) UnmarshalOption(v option.Value) (ps option.Problems) {
	least, most, span := strings.Cut(v.Text, "..")
	*p = Pace{}
	if !span || v.Kind != option.String {
		return p.Most.UnmarshalOption(v)
	}
	for i, text := range []string{least, most} {
		one := v
		one.Text = text
		if ps = []*option.Duration{&p.Least, &p.Most}[i].UnmarshalOption(one); len(ps) > 0 {
			return ps
		}
	}
	if p.Least >= p.Most {
		return v.Problem("nothing takes from %s to %s", p.Least, p.Most)
	}
	return nil
}

// IsZero reports whether there is none.
func (p Pace) IsZero() bool { return p == Pace{} }

// OptionSchema describes it to editors.
func (Pace) OptionSchema() *jsonschema.Schema {
	one := option.Duration(0).OptionSchema()
	return &jsonschema.Schema{Type: "string", Pattern: strings.TrimSuffix(one.Pattern, "$") + `(\.\.` +
		strings.Trim(one.Pattern, "^$") + `)?$`, Examples: List{"300ms", "1s..2s"}}
}

// Order is how an array is sorted: by the first key and, where that is the same, by the next.
type Order []SortKey

// SortKey is a path into each item, the direction, and whether large and small letters are one.
type SortKey struct {
	Path   string
	Desc   bool
	NoCase bool
}

var sortText = regexp.MustCompile(`^(\S+?)(?: (asc|desc))?( nocase)?$`)

// UnmarshalOption reads "created desc" or "title nocase", or a list of such.
func (o *Order) UnmarshalOption(v option.Value) option.Problems {
	*o = nil
	items := v.OneOrMore()
	if len(items) == 0 {
		return v.Problem("the list is empty")
	}
	for _, item := range items {
		m := sortText.FindStringSubmatch(item.Text)
		if m == nil || item.Kind != option.String || !IsPath(m[1]) || strings.ContainsAny(m[1][:1], "+-") {
			ps := item.Problem("want a path and asc or desc, such as created desc, not %s", item.Describe())
			words := strings.Fields(strings.ToLower(item.Text))
			switch key, falls := strings.CutPrefix(item.Text, "-"); {
			case falls && m != nil:
				ps[0].Hint = "write " + key + " desc"
			case strings.Contains(item.Text, ","):
				ps[0].Hint = "write several as a list: [title, created desc]"
			case item.Kind == option.Map && len(item.Fields) == 1:
				ps[0].Hint = "write " + item.Fields[0].Key.Text + " " + item.Fields[0].Value.Text
			case len(words) == 2 && (strings.HasPrefix(words[1], "asc") || strings.HasPrefix(words[1], "desc")):
				ps[0].Hint = "write " + strings.Fields(item.Text)[0] + " " + strings.TrimSuffix(words[1], "ending")
			case len(words) > 1 && strings.Contains(words[len(words)-1], "case"):
				ps[0].Hint = "write " + strings.Fields(item.Text)[0] + " nocase"
			}
			return ps
		}
		*o = append(*o, SortKey{m[1], m[2] == "desc", m[3] != ""})
	}
	return nil
}

// String returns how a student reads it.
func (o Order) String() string {
	var parts []string
	for _, key := range o {
		direction := "rising"
		if key.Desc {
			direction = "falling"
		}
		if key.NoCase {
			direction += ", whatever the case"
		}
		parts = append(parts, key.Path+" "+direction)
	}
	return strings.Join(parts, ", then ")
}

// OptionSchema describes it to editors.
func (Order) OptionSchema() *jsonschema.Schema {
	one := &jsonschema.Schema{Type: "string", Pattern: `^\S+( (asc|desc))?( nocase)?$`,
		Examples: List{"created desc", "title nocase"}}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{one, {Type: "array", Items: one,
		MinItems: jsonschema.Ptr(1)}}}
}
