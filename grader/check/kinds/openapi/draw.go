package openapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/steps"
)

// drawer makes values of schemas.
type drawer struct {
	rand *rand.Rand
	// known returns the id of something that a key such as category_id may name; nil where there is
	// none.
	known func(key string, number bool) any
	drawn int // parts of the value that is drawn now
}

// much says how much of what need not be there is drawn.
type much int

const (
	least much = iota
	some
	all
)

// deepest is how far down optional parts of a schema are drawn. What must be there is drawn as far
// as lowest, and of one value no more than mostDrawn parts: a schema may be part of itself, and a few
// lines may ask for a list of lists of lists.
const (
	deepest   = 4
	lowest    = 40
	mostDrawn = 500
)

// value returns a value as a schema has it. key is what it is the value of.
func (d *drawer) value(s *openapi3.Schema, key string, m much, depth int) any {
	if depth == 0 {
		d.drawn = 0
	}
	if d.drawn++; depth > lowest || d.drawn > mostDrawn {
		return nil
	}
	if s = whole(s); s == nil {
		return check.Word(d.rand)
	}
	if s.Const != nil {
		return s.Const
	}
	if len(s.Enum) > 0 {
		return s.Enum[d.rand.IntN(len(s.Enum))]
	}
	if variants := slices.Concat(s.OneOf, s.AnyOf); len(variants) > 0 {
		return d.value(variant(variants, d.rand), key, m, depth)
	}
	switch kind(s) {
	case "object":
		return d.object(s, m, depth)
	case "array":
		n := int(s.MinItems)
		if m != least && (s.MaxItems == nil || *s.MaxItems > s.MinItems) && depth < deepest {
			n++
		}
		list := make(steps.List, min(n, 50))
		for i := range list {
			list[i] = d.value(valueOf(s.Items), key, m, depth+1)
		}
		return list
	case "integer":
		if id := d.named(key, true); id != nil {
			return id
		}
		return d.integer(s)
	case "number":
		return json.Number(strconv.FormatFloat(d.within(s, 0, 100), 'f', 2, 64))
	case "boolean":
		return d.rand.IntN(2) == 0
	case "null":
		return nil
	}
	if id := d.named(key, false); id != nil {
		return text(id)
	}
	return d.text(s, key)
}

// named returns the id of what a key names.
func (d *drawer) named(key string, number bool) any {
	if d.known == nil {
		return nil
	}
	return d.known(key, number)
}

// object returns what must be in an object, and as much of the rest as is asked for.
func (d *drawer) object(s *openapi3.Schema, m much, depth int) steps.Object {
	out := steps.Object{}
	for _, key := range slices.Sorted(maps.Keys(s.Properties)) {
		property := valueOf(s.Properties[key])
		required := slices.Contains(s.Required, key)
		if property != nil && property.ReadOnly || !required && (depth >= deepest || m == least ||
			m == some && d.rand.IntN(2) == 0) {
			continue
		}
		out[key] = d.value(property, key, m, depth+1)
	}
	if len(s.Properties) == 0 && m == all && depth < deepest {
		out["key"] = d.value(valueOf(s.AdditionalProperties.Schema), "", m, depth+1)
	}
	return out
}

// integer returns a small number that is allowed.
func (d *drawer) integer(s *openapi3.Schema) json.Number {
	n := math.Round(d.within(s, 1, 20))
	if s.MultipleOf != nil && *s.MultipleOf > 0 {
		n = math.Ceil(n / *s.MultipleOf) * *s.MultipleOf
	}
	return json.Number(strconv.FormatFloat(n, 'f', 0, 64))
}

// within returns a number between the bounds of a schema, and between these where there are none.
func (d *drawer) within(s *openapi3.Schema, low, high float64) float64 {
	least, most := bounds(s)
	switch {
	case least != nil && most != nil:
		low, high = *least, *most
	case least != nil:
		low, high = *least, max(high, *least+10)
	case most != nil:
		low, high = min(low, *most-10), *most
	}
	if whole := math.Floor(high) - math.Ceil(low); whole >= 0 {
		return math.Ceil(low) + float64(d.rand.IntN(int(min(whole, 1000))+1))
	}
	return (low + high) / 2
}

// bounds returns the smallest and the largest number that a schema allows; nil is none.
func bounds(s *openapi3.Schema) (least, most *float64) {
	least, most = s.Min, s.Max
	step := func(at *float64, bound openapi3.ExclusiveBound, by float64) *float64 {
		switch {
		case bound.Value != nil:
			n := *bound.Value + by
			return &n
		case bound.Bool != nil && *bound.Bool && at != nil:
			n := *at + by
			return &n
		}
		return at
	}
	return step(least, s.ExclusiveMin, 1), step(most, s.ExclusiveMax, -1)
}

// moments are keys whose texts are dates, whether or not a schema says so.
var moments = regexp.MustCompile(`(?i)date|(^|_)(day|due|deadline|born|birthday|when|since|until|start|end|from|` +
	`to)(_|$)|_at$|_on$`)

// text returns a text that is allowed.
func (d *drawer) text(s *openapi3.Schema, key string) string {
	day := time.Date(2020, 1, 1, 9, 30, 0, 0, time.UTC).AddDate(0, 0, d.rand.IntN(3000))
	switch {
	case s.Pattern != "":
		if text, ok := d.pattern(s.Pattern); ok {
			return text
		}
	case s.Format == "date" || s.Format == "" && moments.MatchString(key) && s.MaxLength == nil:
		return day.Format(time.DateOnly)
	case s.Format == "date-time":
		return day.Format(time.RFC3339)
	case s.Format == "time":
		return day.Format(time.TimeOnly)
	case s.Format == "duration":
		return "PT1H"
	case s.Format == "uuid" || s.Format == "uuid4":
		return check.FreshValue{Sort: "uuid"}.Make(d.rand).(string)
	case s.Format == "email" || s.Format == "" && strings.Contains(strings.ToLower(key), "mail"):
		return check.FreshValue{Sort: "mail"}.Make(d.rand).(string)
	case s.Format == "uri" || s.Format == "url" || s.Format == "" && strings.Contains(strings.ToLower(key), "url"):
		return "https://example.org/" + check.FreshValue{Sort: "word"}.Make(d.rand).(string)
	case s.Format == "ipv4":
		return "192.0.2.7"
	case s.Format == "password" || strings.Contains(strings.ToLower(key), "password"):
		return fit(check.FreshValue{Sort: "password"}.Make(d.rand).(string), s)
	case strings.Contains(strings.ToLower(key), "name"):
		return fit(check.FreshValue{Sort: "word"}.Make(d.rand).(string), s)
	}
	return fit(check.Word(d.rand), s)
}

// fit returns a text of a length that is allowed.
func fit(text string, s *openapi3.Schema) string {
	letters := []rune(text)
	for len(letters) > 0 && uint64(len(letters)) < min(s.MinLength, 2000) {
		letters = append(letters, letters...)
	}
	if s.MaxLength != nil && uint64(len(letters)) > *s.MaxLength {
		letters = letters[uint64(len(letters))-*s.MaxLength:] // the end is what is new
	}
	return string(letters)
}

// pattern returns a text that a regular expression matches, where one is found.
func (d *drawer) pattern(pattern string) (string, bool) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", false
	}
	var b strings.Builder
	d.matching(re.Simplify(), &b)
	matched, err := regexp.MatchString(pattern, b.String())
	return b.String(), err == nil && matched
}

func (d *drawer) matching(re *syntax.Regexp, b *strings.Builder) {
	repeat := func(n int) {
		for range n {
			d.matching(re.Sub[0], b)
		}
	}
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		if len(re.Rune) > 1 {
			i := d.rand.IntN(len(re.Rune)/2) * 2
			b.WriteRune(re.Rune[i] + rune(d.rand.IntN(int(min(re.Rune[i+1]-re.Rune[i], 25))+1)))
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteRune('a' + rune(d.rand.IntN(26)))
	case syntax.OpCapture, syntax.OpPlus:
		repeat(1)
	case syntax.OpConcat:
		for _, part := range re.Sub {
			d.matching(part, b)
		}
	case syntax.OpAlternate:
		d.matching(re.Sub[d.rand.IntN(len(re.Sub))], b)
	case syntax.OpRepeat:
		repeat(re.Min)
	}
}

// valueOf returns the schema that is referred to; nil where there is none.
func valueOf(ref *openapi3.SchemaRef) *openapi3.Schema {
	if ref == nil {
		return nil
	}
	return ref.Value
}

// variant returns one of several schemas, other than null.
func variant(refs openapi3.SchemaRefs, r *rand.Rand) *openapi3.Schema {
	var real []*openapi3.Schema
	for _, ref := range refs {
		if s := valueOf(ref); s != nil && kind(s) != "null" {
			real = append(real, s)
		}
	}
	if len(real) == 0 {
		return valueOf(refs[0])
	}
	if r == nil {
		return real[0]
	}
	return real[r.IntN(len(real))]
}

// whole returns a schema with what it is all of in one.
func whole(s *openapi3.Schema) *openapi3.Schema {
	if s == nil || len(s.AllOf) == 0 {
		return s
	}
	one := *s
	one.AllOf, one.Properties, one.Required = nil, maps.Clone(s.Properties), slices.Clone(s.Required)
	for _, ref := range s.AllOf {
		part := whole(valueOf(ref))
		if part == nil {
			continue
		}
		if one.Type == nil {
			one.Type = part.Type
		}
		if one.Properties == nil && len(part.Properties) > 0 {
			one.Properties = openapi3.Schemas{}
		}
		maps.Copy(one.Properties, part.Properties)
		one.Required = append(one.Required, part.Required...)
		if len(one.Enum) == 0 {
			one.Enum = part.Enum
		}
		one.OneOf, one.AnyOf = append(one.OneOf, part.OneOf...), append(one.AnyOf, part.AnyOf...)
		if one.Format == "" {
			one.Format = part.Format
		}
		if one.Items == nil {
			one.Items = part.Items
		}
	}
	return &one
}

// kind returns the type of a schema's values; of several, the first that is not null.
func kind(s *openapi3.Schema) string {
	types := s.Type.Slice()
	for _, name := range types {
		if name != "null" {
			return name
		}
	}
	switch {
	case len(types) > 0:
		return types[0]
	case len(s.Properties) > 0 || s.AdditionalProperties.Schema != nil:
		return "object"
	case s.Items != nil:
		return "array"
	}
	return ""
}

// cut shortens a text for showing.
func cut(text string, most int) string {
	if letters := []rune(text); len(letters) > most {
		return fmt.Sprintf("%s… (%d letters)", string(letters[:most]), len(letters))
	}
	return text
}
