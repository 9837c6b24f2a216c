package openapi

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// oddity is one value that is put in the place of another, or that is left out.
type oddity struct {
	param string // the key of a parameter; empty for the body
	path  []any  // in the body: keys and indices
	value any
	gone  bool
	tier  int // what shows most comes first
}

// alphabets is text of several of them.
const alphabets = "日本語 Ελληνικά é😀"

// The texts that numbers are written in: more than 64 bits hold, and more than any program counts.
const (
	tooLarge  = json.Number("9223372036854775808")
	tooSmall  = json.Number("-9223372036854775809")
	enormous  = json.Number("1000000000000000000000000000000")
	moreThan4 = json.Number("2147483648")
)

// values returns what is odd in the place of a schema's values, what shows most first. It is valid
// and not: a program answers both with what it says itself.
func values(s *openapi3.Schema, key string) []any {
	long := strings.Repeat("a", 5000)
	if s = whole(s); s == nil {
		return []any{alphabets, tooLarge, "", nil, []any{}, map[string]any{}, long, true}
	}
	if variants := slices.Concat(s.OneOf, s.AnyOf); len(variants) > 0 {
		return values(variant(variants, nil), key)
	}
	if len(s.Enum) > 0 || s.Const != nil {
		return []any{"none of these", nil, "", json.Number("7"), alphabets, []any{}}
	}
	switch kind(s) {
	case "integer":
		return []any{tooLarge, json.Number("0"), json.Number("-1"), enormous, "abc", nil, moreThan4, json.Number("1.5"),
			tooSmall, "", true, []any{}, alphabets}
	case "number":
		return []any{json.Number("0"), tooLarge, json.Number("-1"), json.Number("1e308"), "abc", nil, enormous,
			json.Number("1e-320"), "", true}
	case "boolean":
		return []any{nil, "abc", json.Number("2"), "", []any{}}
	case "array":
		return []any{[]any{}, nil, "abc", map[string]any{}, []any{nil}, json.Number("7")}
	case "object":
		return []any{map[string]any{}, nil, "abc", []any{}, json.Number("7")}
	case "null":
		return []any{"abc", json.Number("7")}
	}
	switch {
	case s.Format == "date-time":
		return []any{"2024-02-29T10:00:00", "not a date", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00",
			"2024-02-30T10:00:00Z", "2024-02-29", "2024-02-29T10:00:00-11:30", json.Number("7"), nil, "", tooLarge}
	case s.Format == "date" || s.Format == "" && moments.MatchString(key):
		return []any{"not a date", "2024-02-30", "9999-12-31", "0001-01-01", "2024-02-29T10:00:00Z", "31.12.2024", "",
			nil, json.Number("7"), alphabets}
	case s.Format == "time" || s.Format == "duration":
		return []any{"not a time", "25:61:00", "", nil, json.Number("7"), alphabets}
	case s.Format == "uuid" || s.Format == "uuid4":
		return []any{"not-a-uuid", "00000000-0000-0000-0000-000000000000", alphabets, "", nil, json.Number("7"), long}
	case s.Format == "email":
		return []any{"日本@example.org", "not an address", "a@b", "", long + "@example.org", nil, json.Number("7")}
	case s.Format == "uri" || s.Format == "url":
		return []any{"http://[", "not an address", "http://例え.example/é", "", "x:", long, nil, json.Number("7")}
	case s.Format == "binary" || s.ContentMediaType != "":
		return []any{file{"a.png", "\x89PNG\r\n\x1a\n\x00\xff"}, "", file{"a", "a"}, alphabets, file{"日.txt", "a"},
			long}
	}
	return []any{fit(alphabets, s), "", nil, long, "a\x00b", `'"; --\<b>%s{}(`, json.Number("7"), "not a date", "\n",
		[]any{}, map[string]any{}, true, tooLarge}
}

// oddities returns all that may be odd in a call of an operation, one thing at a time.
func (o *operation) oddities() (odd []oddity) {
	for _, p := range o.params {
		for tier, value := range values(p.schema, p.name) {
			if p.fits(value) {
				odd = append(odd, oddity{param: p.key(), value: value, tier: tier})
			}
		}
		if p.required && p.in != "path" {
			odd = append(odd, oddity{param: p.key(), gone: true, tier: 1})
		}
	}
	if o.body == nil {
		return odd
	}
	odd = append(odd, below(o.body.schema, "", nil, 0)...)
	odd = append(odd, oddity{gone: true, tier: 1})
	if isJSON(o.body.mediaType) {
		odd = append(odd, oddity{value: raw(`{"a":`), tier: 2})
	}
	return odd
}

// fits reports whether a value can stand where the parameter does.
func (p param) fits(v any) bool {
	shown := p.text(v)
	switch p.in {
	case "path":
		return v != nil && strings.Trim(shown, ".") != "" && !strings.Contains(shown, "/")
	case "header":
		return v != nil && printable(shown) == shown
	}
	return v != nil
}

// below returns what may be odd in a value of a schema and in its parts.
func below(s *openapi3.Schema, key string, path []any, depth int) (odd []oddity) {
	for tier, value := range values(s, key) {
		odd = append(odd, oddity{path: path, value: value, tier: tier + depth/2})
	}
	if s = whole(s); s == nil || depth >= deepest {
		return odd
	}
	if variants := slices.Concat(s.OneOf, s.AnyOf); len(variants) > 0 {
		s = whole(variant(variants, nil))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		property := valueOf(s.Properties[name])
		if property != nil && property.ReadOnly {
			continue
		}
		at := append(slices.Clone(path), name)
		odd = append(odd, below(property, name, at, depth+1)...)
		if slices.Contains(s.Required, name) {
			odd = append(odd, oddity{path: at, gone: true, tier: 1})
		}
	}
	if s.Items != nil {
		odd = append(odd, below(valueOf(s.Items), key, append(slices.Clone(path), 0), depth+1)...)
	}
	return odd
}

// put makes a call odd. It reports whether there was the place for it.
func (c *call) put(o oddity) bool {
	c.odd = append(slices.Clone(c.odd), o)
	if o.param != "" {
		delete(c.links, o.param)
		if c.params[o.param] = o.value; o.gone {
			delete(c.params, o.param)
		}
		return true
	}
	for link := range c.links {
		if strings.HasPrefix(link, inBody) && (len(o.path) == 0 || o.path[0] == strings.TrimPrefix(link, inBody)) {
			delete(c.links, link)
		}
	}
	if len(o.path) == 0 {
		if c.body = o.value; o.gone {
			c.body = nothing{}
		}
		return true
	}
	changed, ok := replaced(c.body, o.path, o)
	c.body = changed
	return ok
}

// replaced returns a value with another at a path in it.
func replaced(v any, path []any, o oddity) (any, bool) {
	switch at := path[0].(type) {
	case string:
		object, ok := v.(map[string]any)
		if !ok {
			return v, false
		}
		if len(path) == 1 {
			if object[at] = o.value; o.gone {
				delete(object, at)
			}
			return object, true
		}
		object[at], ok = replaced(object[at], path[1:], o)
		return object, ok
	case int:
		list, ok := v.([]any)
		if !ok || at >= len(list) {
			return v, false
		}
		if len(path) == 1 {
			list[at] = o.value
			return list, true
		}
		list[at], ok = replaced(list[at], path[1:], o)
		return list, ok
	}
	return v, false
}
