package steps

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/option"
)

// vars are the variables of a check: fresh values, and what was saved.
type vars map[string]any

var reference = regexp.MustCompile(`\$\$|\$\{(?:not )?[a-zA-Z_]\w*\}|\$[a-zA-Z_]\w*`)

// counter counts the requests of a step with times, from 1.
const counter = "i"

// fill puts variables into a text. A reference to a list, beside $i, is its item for that turn.
func (v vars) fill(text string, escape func(string) string) string {
	return reference.ReplaceAllStringFunc(text, func(ref string) string {
		if ref == "$$" {
			return "$"
		}
		return escape(plainText(v.value(strings.Trim(ref, "${}"))))
	})
}

func (v vars) value(name string) any {
	value := v[name]
	if list, ok := value.(saved); ok {
		if i, ok := v[counter].(int64); ok && int(i) <= len(list) {
			return list[i-1]
		}
		if len(list) > 0 {
			return list[0]
		}
		return nil
	}
	return value
}

// saved is what a step with times saved: one value a request.
type saved []any

func plainText(value any) string {
	switch x := value.(type) {
	case string:
		return x
	case json.Number:
		return x.String()
	case int64:
		return strconv.FormatInt(x, 10)
	}
	return fmt.Sprint(value)
}

func asIs(s string) string { return s }

// inPattern is a reference in a regular expression, where $ alone is an end; or what a backslash takes its meaning from.
var inPattern = regexp.MustCompile(`\\.|\$\{(?:not )?[a-zA-Z_]\w*\}|\$[a-zA-Z_]\w*`)

// longest is what a variable may put into a regular expression, in bytes. Longer values match nothing.
const longest = 4 << 10

// pattern puts variables into a regular expression, where they stand for themselves.
func (v vars) pattern(re string) string {
	return inPattern.ReplaceAllStringFunc(re, func(ref string) string {
		if ref[0] != '$' {
			return ref
		}
		text := plainText(v.value(strings.Trim(ref, "${}")))
		if len(text) > longest {
			return `[^\s\S]`
		}
		return regexp.QuoteMeta(text)
	})
}

// regexp is a regular expression with variables put in.
func (v vars) regexp(written option.Regexp) *regexp.Regexp {
	filled := v.pattern(written.String())
	if filled == written.String() {
		return written.Regexp
	}
	re, err := regexp.Compile(filled)
	if err != nil {
		return written.Regexp
	}
	return re
}

// path fills a path; what is put in is escaped, so that it stays one part of it.
func (v vars) path(text string) string { return v.fill(text, url.PathEscape) }

// data is a written value with variables put in. A text that is one variable and no more takes its type.
func (v vars) data(value option.Value, withHoles bool) any {
	switch value.Kind {
	case option.List:
		out := make([]any, len(value.Items))
		for i, item := range value.Items {
			out[i] = v.data(item, withHoles)
		}
		return out
	case option.Map:
		out := map[string]any{}
		for _, f := range value.Fields {
			wanted := v.data(f.Value, withHoles)
			if _, nothing := wanted.(absent); !nothing {
				out[v.fill(f.Key.Text, asIs)] = wanted
			}
		}
		return out
	case option.String:
		return v.text(value.Text, withHoles)
	}
	return value.Interface()
}

func (v vars) text(text string, withHoles bool) any {
	if withHoles {
		if m := notHole.FindStringSubmatch(text); m != nil {
			not := v.value(m[1])
			if _, nothing := not.(absent); nothing {
				return not
			}
			return hole{kind: "<not>", not: not}
		}
		if slices.Contains(holes, text) {
			return hole{kind: text}
		}
		if isRegexp(text) {
			if re, err := regexp.Compile(v.pattern(text[1 : len(text)-1])); err == nil {
				return hole{re: re}
			}
		}
	}
	if strings.HasPrefix(text, `\<`) || strings.HasPrefix(text, `\/`) {
		text = text[1:]
	}
	if m := reference.FindString(text); m == text && m != "$$" && m != "" {
		return v.value(strings.Trim(m, "${}"))
	}
	return v.fill(text, asIs)
}

// plain is a wanted value for showing: holes as their words.
func plain(want any) any {
	switch w := want.(type) {
	case hole:
		return "<" + w.String() + ">"
	case map[string]any:
		out := map[string]any{}
		for k, x := range w {
			out[k] = plain(x)
		}
		return out
	case []any:
		out := make([]any, len(w))
		for i, x := range w {
			out[i] = plain(x)
		}
		return out
	}
	return want
}

// nameOf is the variable that holds a value, if one does, or empty.
func (v vars) nameOf(shown string) string {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if name != counter && Show(v[name]) == shown && len(shown) > 2 {
			return name
		}
	}
	return ""
}

// references are the variables that a text names.
func references(text string) (names []string) {
	written := reference
	if isRegexp(text) {
		written = inPattern
	}
	for _, m := range written.FindAllString(text, -1) {
		if m != "$$" && m[0] == '$' {
			names = append(names, strings.TrimPrefix(strings.Trim(m, "${}"), unusedPrefix))
		}
	}
	return names
}

// uses are the variables that a value names, each at its place.
func uses(value option.Value, found func(name string, at option.Value)) {
	for _, item := range value.Items {
		uses(item, found)
	}
	for _, f := range value.Fields {
		uses(f.Key, found)
		uses(f.Value, found)
	}
	if value.Kind == option.String {
		for _, name := range references(value.Text) {
			found(name, value)
		}
	}
}

// uses are the variables that a step names, each at its place and with the part of the step that it is in.
func (s Step) uses(found func(name string, at, part option.Value)) {
	text := func(key, text string) option.Value {
		return option.Value{Pos: s.place(key).Pos, Kind: option.String, Text: text}
	}
	key := "send"
	if s.Given.Method != "" {
		key = "given"
	}
	parts := []option.Value{text(key, s.request().Path)}
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		parts = append(parts, text("headers", s.Headers[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Header)) {
		parts = append(parts, text("header", "/"+s.Header[name].String()+"/"))
	}
	if s.Text.Regexp != nil {
		parts = append(parts, text("text", "/"+s.Text.String()+"/"))
	}
	for _, part := range slices.Concat(parts, []option.Value{s.Body, s.Raw, s.JSON}, s.Has, s.Lacks) {
		uses(part, func(name string, at option.Value) { found(name, at, part) })
	}
	if s.Or != nil {
		s.Or.step().uses(found)
	}
}

// ValidateScope finds variables that no step makes, or that nothing uses, and says which of the fresh names are used.
func ValidateScope(all []Step, fresh []option.Value) (used []string, ps option.Problems) {
	var known []string
	for _, v := range fresh {
		ps = append(ps, reserved(v)...)
		known = append(known, v.Text)
	}
	savedAt := map[string]option.Pos{}
	later := func(name string) (line int) {
		for _, s := range slices.Backward(all) {
			if _, ok := s.Save[name]; ok {
				line = s.savedAt(name).Line
			}
		}
		return line
	}
	mark := func(name string, at option.Value, times int) {
		switch {
		case name == counter && times > 0 || slices.Contains(known, name):
			used = append(used, name)
		case name == counter:
			ps = append(ps, at.Problem("$i counts the requests of a step, and nothing here has times")...)
		case later(name) != 0:
			used = append(used, name)
			ps = append(ps, at.Problem("$%s is saved only later, on line %d", name, later(name))...)
		default:
			word := at
			word.Text = name
			ps = append(ps, option.Unknown("variable", word, known)...)
		}
	}
	for _, s := range all {
		s.uses(func(name string, at, part option.Value) {
			times := s.Times
			if namesList(part, all) { // $name of a saved list means each in turn, and $i counts them
				times = 1
			}
			mark(name, at, times)
		})
		for _, name := range slices.Sorted(maps.Keys(s.Save)) {
			known = append(known, name)
			savedAt[name] = s.savedAt(name).Pos
		}
	}
	for _, name := range slices.Sorted(maps.Keys(savedAt)) {
		if len(ps) == 0 && !slices.Contains(used, name) { // else it was probably meant there
			ps = append(ps, option.Problem{Pos: savedAt[name], Message: fmt.Sprintf("saved variable %q is used nowhere", name)})
		}
	}
	option.Sort(ps)
	return used, ps
}

// reserved finds the name that is the counter's.
func reserved(name option.Value) option.Problems {
	if name.Text != counter {
		return nil
	}
	return name.Problem("$%s counts the requests of a step with times: take another name", counter)
}

// namesList says whether a value names a variable that a step with times saves.
func namesList(v option.Value, all []Step) bool {
	found := false
	uses(v, func(name string, _ option.Value) {
		for _, s := range all {
			if _, ok := s.Save[name]; ok && s.Times > 0 {
				found = true
			}
		}
	})
	return found
}
