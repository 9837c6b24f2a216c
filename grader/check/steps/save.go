package steps

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// maybe ends the path of a saved value that need not be there. Where it is not, nothing is wanted
// of what holds the variable.
const maybe = "?"

// Source is where in an answer a saved value is: at a path, in a header, in a cookie, or in its
// text. With a header, a text is looked for in the header's values.
type Source struct {
	path           string
	header, cookie string
	text           option.Regexp
}

// UnmarshalOption reads a path, {header: NAME}, {cookie: NAME} or {text: /…/}, or header and text.
func (s *Source) UnmarshalOption(v option.Value) option.Problems {
	if v.Kind != option.Map {
		if v.Kind == option.List || v.Kind == option.Null {
			return v.Wrong("text")
		}
		s.path = v.Text
		return nil
	}
	var form source
	if ps := option.Decode(v, &form); len(ps) > 0 {
		return ps
	}
	if len(v.Fields) != 1 && (len(v.Fields) != 2 || form.Header == "" || form.Text.Regexp == nil) {
		return v.Problem("want one of header, cookie and text, or header and text")
	}
	if form.Text.Regexp != nil && form.Text.NumSubexp() != 1 {
		text, _ := v.Get("text")
		return text.Problem("want one group, between ( and ), around what is saved: /%s/ has %d", form.Text,
			form.Text.NumSubexp())
	}
	*s = Source{header: form.Header, cookie: form.Cookie, text: form.Text}
	return nil
}

// source is one that is no path, as it is written.
type source struct {
	Header string        `json:"header,omitempty"`
	Cookie string        `json:"cookie,omitempty"`
	Text   option.Regexp `json:"text,omitzero"`
}

// OptionSynonyms returns words that are near, with what is meant here.
func (source) OptionSynonyms() map[string]string {
	return map[string]string{"headers": "header", "cookies": "cookie", "regex": "text", "regexp": "text",
		"pattern": "text", "body": "text", "match": "text"}
}

// headerPath is a header as other tools write it.
var headerPath = regexp.MustCompile(`^(?i:headers?)\.([A-Z][A-Za-z0-9-]*)$`)

// namedPath is a header or a cookie as other tools write it.
var namedPath = regexp.MustCompile(`^(?i:(header|cookie)s?)(?:[ :]+|\[['"]?|\.)([A-Za-z][\w-]*)(?:['"]?\])?$`)

// answerPath is a path as other tools write it, with the answer itself before it.
var answerPath = regexp.MustCompile(
	`^(?:response|res|resp|answer|json|body)(?:\.(?:json|body|data))?(?:\(\))?[.]([\w.\[\]]+)$`)

// Check finds a path that is none.
func (s Source) Check(at option.Value) (ps option.Problems) {
	if m := namedPath.FindStringSubmatch(s.path); m != nil && strings.Contains(s.path, ".") &&
		!headerPath.MatchString(s.path) {
		return warn(at, s.meant(), "a path begins in the answer itself, so %s is a key of it that holds %s",
			s.path[:len(s.path)-len(m[2])-1], m[2])
	}
	if s.path != "" && (s.meant() != "" || !IsPath(strings.TrimSuffix(s.path, maybe))) {
		ps = at.Problem("want a path into the answer, such as id or items[0].id, not %q", s.path)
		ps[0].Hint = s.meant()
		if m := answerPath.FindStringSubmatch(s.path); m != nil && IsPath(s.path) {
			ps = warn(at, "write "+m[1]+" where the answer has no such key",
				"a path begins in the answer itself, so %s is a key of it that holds %s",
				s.path[:len(s.path)-len(m[1])-1], m[1])
		}
	}
	return ps
}

// Find returns the value in an answer as text; empty where it is not there, or nothing.
func (s Source) Find(a check.Answer) string {
	value, err := Decode(a.Body)
	if err != nil {
		value = absent{}
	}
	switch found := s.find(value, a).(type) {
	case nil, absent, bool:
		return ""
	default:
		return plainText(found)
	}
}

// meant returns how what was probably meant is written.
func (s Source) meant() string {
	if m := headerPath.FindStringSubmatch(s.path); m != nil {
		return "write {header: " + m[1] + "}"
	}
	if m := namedPath.FindStringSubmatch(s.path); m != nil {
		return "write {" + strings.ToLower(m[1]) + ": " + m[2] + "}"
	}
	if m := answerPath.FindStringSubmatch(s.path); m != nil {
		return "write " + m[1] + ": a path begins in the answer"
	}
	if strings.HasPrefix(s.path, "/") {
		return "write {text: /…(…)…/} for what a pattern finds in the answer"
	}
	return ""
}

// ofJSON reports whether the answer must be JSON for it.
func (s Source) ofJSON() bool { return s.header == "" && s.cookie == "" && s.text.Regexp == nil }

// OptionSchema describes it to editors.
func (Source) OptionSchema() *jsonschema.Schema {
	one := func(name, says string, s *jsonschema.Schema) *jsonschema.Schema {
		s.Description = says
		return &jsonschema.Schema{Type: "object", Required: []string{name},
			AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
			Properties:           map[string]*jsonschema.Schema{name: s}}
	}
	text := []string{"string", "number", "boolean"}
	header := one("header", "the name of a header of the answer", &jsonschema.Schema{Types: text, Pattern: `\S`})
	header.Properties["text"] = option.Regexp{}.OptionSchema()
	header.Properties["text"].Description = "a regular expression with one group, for a part of the header"
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Types: text, Description: "a path into the answer"},
		header,
		one("cookie", "the name of a cookie that the answer sets", &jsonschema.Schema{Types: text, Pattern: `\S`}),
		one("text", "a regular expression with one group", option.Regexp{}.OptionSchema())}}
}

// find returns the value in an answer whose JSON is given; absent where it is not there.
func (s Source) find(value JSON, a check.Answer) JSON {
	switch {
	case s.header != "":
		for _, value := range a.Header.Values(s.header) {
			if s.text.Regexp == nil {
				return value
			}
			if m := s.text.FindStringSubmatch(value); m != nil {
				return m[1]
			}
		}
		return absent{}
	case s.cookie != "":
		for _, c := range (&http.Response{Header: a.Header}).Cookies() {
			if c.Name == s.cookie {
				return c.Value
			}
		}
		return absent{}
	case s.text.Regexp != nil:
		if m := s.text.FindSubmatch(a.Body); m != nil {
			return string(m[1])
		}
		return absent{}
	}
	path, _ := strings.CutSuffix(s.path, maybe)
	return at(value, path)
}

// optional reports whether it need not be there.
func (s Source) optional() bool { return strings.HasSuffix(s.path, maybe) }

// name returns what a student reads for the value: the id, the header Location.
func (s Source) name() string {
	switch {
	case s.header != "" && s.text.Regexp != nil:
		return "header " + s.header + " that /" + cut(s.text.String(), showBytes) + "/ finds"
	case s.header != "":
		return "header " + s.header
	case s.cookie != "":
		return "cookie " + s.cookie
	case s.text.Regexp != nil:
		return "text that /" + cut(s.text.String(), showBytes) + "/ finds"
	}
	return strings.TrimSuffix(s.path, maybe)
}

// missing returns what is wrong with an answer that lacks it.
func (s Source) missing(value JSON, a check.Answer, request string) *miss {
	m := &miss{want: "an answer with " + s.name(), got: Show(value), stored: s.ofJSON()}
	switch {
	case s.header != "" || s.cookie != "":
		m.want, m.got = "an answer with the "+s.name(), "an answer without it"
		m.hint = fmt.Sprintf("Let the answer to %s have the %s.", request, s.name())
	case s.text.Regexp != nil:
		m.want, m.got, m.hint = "an answer with a "+s.name(), quoted(a.Body),
			fmt.Sprintf("Compare the text that %s answers with the pattern, letter by letter.", request)
	default:
		if m.hint = elsewhere(value, s.name(), nil, nil); m.hint == "" {
			m.hint = fmt.Sprintf("Put %s into what %s answers.", s.name(), request)
		}
	}
	return m
}

// found returns the values that a step saves of one answer, by name; what is not there is not among
// them.
func (s Step) found(value JSON, a check.Answer) vars {
	found := vars{}
	for name, source := range s.Save {
		got := source.find(value, a)
		if _, missing := got.(absent); !missing || source.optional() {
			found[name] = got
		}
	}
	return found
}

// lacksSaved returns what is wrong with an answer of which not all could be saved.
func (s Step) lacksSaved(value JSON, a check.Answer, request string) *miss {
	for _, name := range slices.Sorted(maps.Keys(s.Save)) {
		source := s.Save[name]
		if _, missing := source.find(value, a).(absent); missing && !source.optional() {
			return source.missing(value, a, request)
		}
	}
	return nil
}

var addressName = regexp.MustCompile(`(?i)(^|[._])(url|uri|href|link|location|self)\??$`)

// address reports whether a saved value is an address, by its name.
func (s Source) address() bool {
	return s.header != "" && strings.EqualFold(s.header, "Location") || s.path != "" && addressName.MatchString(s.path)
}

// checkAddresses finds addresses that are put into a path, where they would be escaped as one part
// of it.
func checkAddresses(all []Step) (ps option.Problems) {
	for _, s := range all {
		name, whole := strings.CutPrefix(s.request().Path, "/$")
		name = strings.Trim(name, "{}")
		for _, before := range all {
			if before.precedes(s) && whole && before.Save[name].address() {
				wrong := s.place("send").Problem(
					"$%s is an address, and in /$%s it would be escaped as one part of a path", name, name)
				wrong[0].Hint = fmt.Sprintf("write send: %s $%s", s.request().Method, name)
				ps = append(ps, wrong...)
				break
			}
		}
	}
	return ps
}

// savedPaths returns the paths that the step saves of, sorted.
func (s Step) savedPaths() (paths []string) {
	for _, source := range s.Save {
		if source.path != "" {
			paths = append(paths, source.path)
		}
	}
	slices.Sort(paths)
	return paths
}
