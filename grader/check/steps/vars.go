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

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// vars are the variables of a check: fresh values, and what was saved. Those of a person are called
// ann.mail.
type vars Object

var (
	reference    = regexp.MustCompile(`\$\$|\$\{[^{}]*\}|\$[a-zA-Z_]\w*(?:\.[a-zA-Z_]\w*)?`)
	variableText = regexp.MustCompile(`^[a-zA-Z_]\w*(?:\.[a-zA-Z_]\w*)?$`)
	variable     = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
)

// counter counts the requests of a step with times, from 1.
const counter = "i"

// fill puts variables into a text. A reference to a list, beside $i, is its item for that turn.
func (v vars) fill(text string, escape func(string) string) string {
	return reference.ReplaceAllStringFunc(text, func(ref string) string {
		if ref == "$$" {
			return "$"
		}
		value, rest := v.referred(ref)
		return escape(plainText(value)) + rest
	})
}

// referred returns what a reference stands for, and what of it is text after all: of $a.b where
// there is no a.b.
func (v vars) referred(ref string) (value JSON, rest string) {
	name, ok := strings.CutPrefix(ref, "${")
	if name = strings.TrimSuffix(name, "}"); ok && !variableText.MatchString(name) &&
		!strings.HasPrefix(name, unusedPrefix) {
		made, err := v.made(name)
		if err != nil {
			return ref, ""
		}
		return made, ""
	}
	name = strings.TrimPrefix(name, "$")
	if owner, field, dotted := strings.Cut(name, "."); dotted && !ok {
		if _, known := v[name]; !known {
			return v.value(owner), "." + field
		}
	}
	return v.value(name), ""
}

func (v vars) value(name string) JSON {
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
type saved List

func plainText(value JSON) string {
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

// inPattern is a reference in a regular expression, where $ alone is an end; or what a backslash
// takes its meaning from.
var inPattern = regexp.MustCompile(
	`\\.|\$\{(?:not )?[a-zA-Z_]\w*(?:\.[a-zA-Z_]\w*)?\}|\$\{\(*[\w.]+\)*(?: [-+*/] \(*[\w.]+\)*)+\}|` +
		`\$[a-zA-Z_]\w*(?:\.[a-zA-Z_]\w*)?`)

// longest is what a variable may put into a regular expression, in bytes. Longer values match
// nothing.
const longest = 4 << 10

// pattern puts variables into a regular expression, where they stand for themselves.
func (v vars) pattern(re string) string { return fillPattern(re, v.referred) }

// fillPattern puts what references stand for into a regular expression. referred gives the value of
// one, and what of it is text after all.
func fillPattern(re string, referred func(ref string) (value JSON, rest string)) string {
	return inPattern.ReplaceAllStringFunc(re, func(ref string) string {
		if ref[0] != '$' {
			return ref
		}
		value, rest := referred(ref)
		return literal(value) + rest
	})
}

func literal(value JSON) string {
	text := plainText(value)
	if len(text) > longest {
		return `[^\s\S]`
	}
	return regexp.QuoteMeta(text)
}

// regexp returns a regular expression with variables put in.
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

// data returns a written value with variables put in. A text that is one variable and no more takes
// its type.
func (v vars) data(value option.Value, withHoles bool) JSON {
	switch value.Kind {
	case option.List:
		out := make(List, len(value.Items))
		for i, item := range value.Items {
			out[i] = v.data(item, withHoles)
		}
		return out
	case option.Map:
		out := Object{}
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

// notWorkedOut begins what is said of a hole whose variables have no value that it can be made of.
const notWorkedOut = "a value that is worked out of another: "

func (v vars) text(text string, withHoles bool) JSON {
	if withHoles && isHole(text) {
		missing := false
		h, err := readHole(text[1:len(text)-1], func(name string) JSON {
			value := v.value(name)
			if _, nothing := value.(absent); nothing {
				missing = true
			}
			return value
		})
		switch {
		case missing: // nothing is wanted of what holds a value that need not be there
			return absent{}
		case err == nil:
			return h
		default:
			return hole{notWorkedOut + err.Error(), ofRelation, func(JSON, scene) bool { return false }}
		}
	}
	if withHoles && isRegexp(text) {
		if re, err := regexp.Compile(v.pattern(text[1 : len(text)-1])); err == nil {
			return matching(re)
		}
	}
	if strings.HasPrefix(text, `\<`) || strings.HasPrefix(text, `\/`) {
		text = text[1:]
	}
	if m := reference.FindString(text); m == text && m != "$$" && m != "" {
		if value, rest := v.referred(m); rest == "" {
			return value
		}
	}
	return v.fill(text, asIs)
}

// plain returns a wanted value for showing: holes as their words.
func plain(want JSON) JSON {
	return Mapped(want, func(v JSON) JSON {
		if h, ok := v.(hole); ok {
			return "<" + h.String() + ">"
		}
		return v
	})
}

// Mapped returns a copy of a value as JSON has it, with what has no parts changed by a function.
func Mapped(v JSON, leaf func(JSON) JSON) JSON {
	switch v := v.(type) {
	case Object:
		out := make(Object, len(v))
		for key, item := range v {
			out[key] = Mapped(item, leaf)
		}
		return out
	case List:
		out := make(List, len(v))
		for i, item := range v {
			out[i] = Mapped(item, leaf)
		}
		return out
	}
	return leaf(v)
}

var bareName = regexp.MustCompile(`[a-zA-Z_]\w*(?:\.[a-zA-Z_]\w*)?`)

// references returns the variables that a text names.
func references(text string) (names []string) {
	switch {
	case isRegexp(text):
		for _, m := range inPattern.FindAllString(text, -1) {
			if m[0] == '$' {
				names = append(names, bareName.FindAllString(strings.TrimPrefix(strings.Trim(m, "${}"), unusedPrefix),
					-1)...)
			}
		}
		return names
	}
	for _, m := range reference.FindAllString(text, -1) {
		name, braced := strings.CutPrefix(m, "${")
		name = strings.TrimSuffix(strings.TrimPrefix(name, "$"), "}")
		word, rest, _ := strings.Cut(name, " ")
		switch {
		case m == "$$" || braced && strings.Contains(name, " ") && nowText.MatchString(name):
		case braced && strings.HasPrefix(name, unusedPrefix):
			names = append(names, strings.TrimPrefix(name, unusedPrefix))
		case braced && slices.Contains(makers, word):
			names = append(names, references(rest)...)
		case braced && !variableText.MatchString(name):
			names = append(names, bareName.FindAllString(name, -1)...)
		default:
			names = append(names, name)
		}
	}
	return names
}

// uses returns the variables that a value names, each at its place.
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

// wants are the keys of a step that are about the answer: what the step saves may be used there.
var wants = []string{"json", "has", "lacks", "every", "text", "header", "either", "log"}

// uses returns the variables that a step names, each at its place and with the part of the step
// that it is in. of reports whether that part is about the answer.
func (s Step) uses(found func(name string, at, part option.Value, ofAnswer bool)) {
	for _, f := range s.written.Fields {
		switch f.Key.Text {
		case "save", "as", "list", "distinct", "unique", "sorted", "count", "want", "times", "parallel", "within",
			"faster", "weight", "wait", "restart", "exact":
			continue
		}
		ofAnswer := slices.Contains(wants, f.Key.Text)
		if f.Key.Text == "has" || f.Key.Text == "lacks" {
			for _, item := range f.Value.Items {
				uses(item, func(name string, at option.Value) { found(name, at, item, ofAnswer) })
			}
			continue
		}
		uses(f.Value, func(name string, at option.Value) { found(name, at, f.Value, ofAnswer) })
	}
}

// ValidateScope finds variables that no step makes, or that nothing uses, and says which of the
// fresh names are used. It gives each step the person who asks.
func ValidateScope(all []Step, scope check.Scope) (used []string, ps option.Problems) {
	people, wrong := readPeople(scope)
	ps = append(ps, wrong...)
	known := slices.Clone(people.names)
	for _, v := range scope.Fresh.Names() {
		ps = append(ps, reserved(v)...)
		known = append(known, v.Text)
	}
	for _, v := range scope.Shared.Names() {
		known = append(known, v.Text)
	}
	var own []string // that are meant to be made, whatever is wrong with how
	for i := range all {
		s := &all[i]
		ps = append(ps, people.assign(s, scope.As)...)
		if s.Meanwhile != nil {
			ps = append(ps, people.assign(&s.Meanwhile.step, scope.As)...)
		}
		own = append(own, meant(*s)...)
	}
	more, wrong := validateVars(all, known, own)
	ps = append(ps, wrong...)
	ps = append(ps, checkAddresses(all)...)
	for _, s := range all {
		if at, ok := s.written.Get("weight"); ok && !scope.Partial {
			wrong := at.Problem("weight is a share of a partial check's points, and this check is all or nothing")
			wrong[0].Hint, wrong[0].Warning = "write partial: true beside http, or leave weight out", true
			ps = append(ps, wrong...)
		}
	}
	ps = append(ps, checkSums(all, append(slices.Clone(scope.Fresh), scope.Shared...))...)
	ps = append(ps, checkFields(all)...)
	if !ps.Fatal() {
		ps = append(ps, checkUnsent(all, scope.Fresh)...)
	}
	if len(ps) == 0 && len(scope.Fresh)+len(people.names)+len(scope.Shared) == 0 {
		ps = checkFresh(all)
	}
	option.Sort(ps)
	return append(used, more...), ps
}

// checkFresh finds steps that want back what they send, or what a step above sent, where nothing that is
// sent is new in each run: a program may answer with what the rubric says.
func checkFresh(all []Step) option.Problems {
	var before []string
	for _, s := range all {
		var sent, wanted, texts []string
		for _, key := range []string{"body", "form", "query", "multipart"} {
			sent = append(sent, leaves(s.place(key))...)
		}
		for _, key := range []string{"json", "has", "every"} {
			wanted = append(wanted, leaves(s.place(key))...)
		}
		for _, key := range []string{"header", "text"} {
			texts = append(texts, patterns(s.place(key))...)
		}
		before = append(before, sent...)
		for _, value := range before {
			if s.request().Method != "" && (slices.Contains(sent, value) && slices.Contains(wanted, value) ||
				len(value) >= leastToldApart && (slices.Contains(wanted, value) || tellsApart(texts, value))) {
				ps := s.place("send").Problem("nothing that this check sends is new in each run, so that a " +
					"program may answer with what the rubric says")
				ps[0].Hint, ps[0].Warning = "write fresh: [a] beside http, and send $a", true
				return ps
			}
		}
	}
	return nil
}

// leastToldApart is the length of a text that hardly stands in an answer by chance.
const leastToldApart = 4

// tellsApart reports whether a pattern is met by a value and not by any.
func tellsApart(patterns []string, value string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		re, err := regexp.Compile(pattern)
		return err == nil && re.MatchString(value) && !re.MatchString(strings.Repeat("-", len(value)))
	})
}

// patterns returns what a value wants of texts, as regular expressions.
func patterns(v option.Value) (all []string) {
	if v.Kind == option.String && isRegexp(v.Text) {
		all = append(all, strings.ReplaceAll(v.Text[1:len(v.Text)-1], `\/`, "/"))
	}
	for _, item := range v.Items {
		all = append(all, patterns(item)...)
	}
	for _, f := range v.Fields {
		all = append(all, patterns(f.Value)...)
	}
	return all
}

// leaves returns the texts and numbers that a value holds, as they are written.
func leaves(v option.Value) (all []string) {
	switch v.Kind {
	case option.String, option.Int, option.Float:
		if v.Line > 0 && !isHole(v.Text) && !isRegexp(v.Text) {
			return []string{v.Text}
		}
	}
	for _, item := range v.Items {
		all = append(all, leaves(item)...)
	}
	for _, f := range v.Fields {
		all = append(all, leaves(f.Value)...)
	}
	return all
}

// meant returns the names in a mapping under a key that is none of a step: it may have been meant
// as save.
func meant(s Step) (names []string) {
	known := option.Names[Step]()
	for _, f := range s.written.Fields {
		if !slices.Contains(known, f.Key.Text) {
			for _, inner := range f.Value.Fields {
				names = append(names, inner.Key.Text)
			}
		}
	}
	return names
}

// validateVars returns ValidateScope for the variables alone.
func validateVars(all []Step, known, meant []string) (used []string, ps option.Problems) {
	known = slices.Clone(known)
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
		owner, _, dotted := strings.Cut(name, ".")
		if dotted && !slices.Contains(known, name) && !slices.ContainsFunc(known, func(other string) bool {
			return strings.HasPrefix(other, owner+".")
		}) {
			name = owner
		}
		switch {
		case name == counter && times > 0 || slices.Contains(known, name):
			used = append(used, name)
		case name == counter:
			ps = append(ps, at.Problem("$i counts the requests of a step, and nothing here has times")...)
		case later(name) != 0:
			used = append(used, name)
			ps = append(ps, at.Problem("$%s is saved only later, on line %d", name, later(name))...)
		case slices.Contains(meant, name):
			used = append(used, name)
		default:
			word := at
			word.Text = name
			wrong := option.Unknown("variable", word, known)
			if hint := freshMeant(name); hint != "" && !strings.Contains(wrong[0].Message, "did you mean") {
				wrong[0].Hint = strings.TrimPrefix(wrong[0].Hint+"; "+hint, "; ")
			}
			ps = append(ps, wrong...)
		}
	}
	for _, s := range all {
		s.uses(func(name string, at, part option.Value, ofAnswer bool) {
			times := s.Times
			if namesList(part, all) { // $name of a saved list means each in turn, and $i counts them
				times = 1
			}
			if _, own := s.Save[name]; own && ofAnswer {
				used = append(used, name)
				return
			}
			mark(name, at, times)
		})
		for _, name := range slices.Sorted(maps.Keys(s.Save)) {
			known = append(known, name)
			savedAt[name] = s.savedAt(name).Pos
		}
	}
	for _, name := range slices.Sorted(maps.Keys(savedAt)) {
		if !slices.Contains(used, name) {
			ps = append(ps, option.Problem{Pos: savedAt[name], Message: fmt.Sprintf("saved variable %q is used nowhere",
				name), Warning: true})
		}
	}
	return used, ps
}

// freshMeant says how a value is made that other tools have a variable for; empty where it is not
// known.
func freshMeant(name string) string {
	word := strings.TrimPrefix(strings.ToLower(name), "random")
	if word == "now" || word == "timestamp" || word == "today" {
		return "write <now> in json, and ${now + 1h} in what is sent"
	}
	sort := map[string]string{"uuid": "uuid", "guid": "uuid", "email": "mail", "mail": "mail", "word": "word",
		"name": "word", "username": "word", "slug": "word", "int": "int", "number": "int", "integer": "int",
		"date": "date", "password": "password", "text": "text", "title": "text", "string": "text"}[word]
	if sort == "" {
		return ""
	}
	return fmt.Sprintf("write fresh: {%s: %s} beside http for a new one", name, sort)
}

// reserved finds the name that is the counter's.
func reserved(name option.Value) option.Problems {
	if name.Text != counter {
		return nil
	}
	return name.Problem("$%s counts the requests of a step with times: take another name", counter)
}

// namesList reports whether a value names a variable that a step with times saves.
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
