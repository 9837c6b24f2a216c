package steps

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

var pathKey = regexp.MustCompile(`^\$\.|^\w+(\.\w+|\[\d+\])+$`)

// checkKeys finds keys of what is wanted that were meant as something else: a path, or a key of the
// step.
func checkKeys(v option.Value) (ps option.Problems) {
	for _, f := range v.Fields {
		if pathKey.MatchString(f.Key.Text) {
			wrong := f.Key.Problem("%q is a key of that name, and no path", f.Key.Text)
			wrong[0].Warning = true
			wrong[0].Hint = "write one mapping in another, as {a: {b: 1}}, and for an item of a list has"
			if key := strings.TrimPrefix(f.Key.Text, "$."); variable.MatchString(key) {
				wrong[0].Hint = "write " + key + ": json begins at the answer itself"
			}
			ps = append(ps, wrong...)
		}
		if slices.Contains([]string{"has", "lacks", "every"}, f.Key.Text) && len(v.Fields) == 1 &&
			(f.Value.Kind == option.List || f.Value.Kind == option.Map) {
			wrong := f.Key.Problem("%q stands for a key of the answer here", f.Key.Text)
			wrong[0].Hint, wrong[0].Warning = fmt.Sprintf("write %s beside json, and list for where the array is",
				f.Key.Text), true
			ps = append(ps, wrong...)
		}
		ps = append(ps, checkKeys(f.Value)...)
	}
	for _, item := range v.Items {
		ps = append(ps, checkKeys(item)...)
	}
	return ps
}

// ways are the keys that say what a step does: each has one of them.
var ways = []string{"send", "given", "restart", "wait", "exec"}

// ValidateOption finds what each key alone cannot show.
func (s *Step) ValidateOption(at option.Value) option.Problems {
	var ps option.Problems
	s.written = at
	place := s.place
	var way []string
	for _, key := range ways {
		if _, ok := at.Get(key); ok {
			way = append(way, key)
		}
	}
	switch {
	case len(way) == 0:
		return at.Problem(`missing key "send"`)
	case len(way) > 1 && way[0] == "send" && way[1] == "given":
		ps = append(ps, place("given").Problem("a step is sent or given, not both")...)
	case len(way) > 1:
		ps = append(ps, place(way[1]).Problem("a step has one of send, given, restart, wait and exec, not %s and %s",
			way[0], way[1])...)
	case way[0] != "send" && way[0] != "given":
		for _, f := range at.Fields {
			if key := f.Key.Text; key != way[0] && (key != "stdout" || way[0] != "exec") &&
				slices.Contains(option.Names[Step](), key) {
				ps = append(ps, f.Key.Problem("%s is for a request, and %s sends none", key, way[0])...)
			}
		}
		if at, ok := at.Get("exec"); ok && (len(s.Exec) == 0 || strings.TrimSpace(s.Exec[0]) == "") &&
			at.Kind == option.List {
			ps = append(ps, at.Problem("exec wants at least the name of a program")...)
		}
		if s.Wait.Std() > mostWait {
			ps = append(ps, place("wait").Problem("a check may wait %s at most", option.Duration(mostWait))...)
		}
		return ps
	}
	if _, ok := at.Get("stdout"); ok {
		ps = append(ps, place("stdout").Problem("stdout needs exec beside it")...)
	}
	if s.Or != nil && (s.Given.Method != "" || s.Times > 0) {
		ps = append(ps, place("or").Problem("or stands beside send, in a step that is sent once")...)
	}
	if s.Meanwhile != nil && (s.Times > 0 || s.Within > 0 || s.Or != nil) {
		ps = append(ps, place("meanwhile").Problem("meanwhile stands in a step that is sent once, without times, "+
			"within and or")...)
	}
	if _, weighs := at.Get("weight"); weighs && s.Given.Method != "" {
		ps = append(ps, place("weight").Problem("a step that is given earns nothing, so it has no weight")...)
	}
	ps = append(ps, s.validateRequest(at)...)
	if method := s.request().Method; s.Within > 0 && method != http.MethodGet && method != "" {
		ps = append(ps, place("within").Problem("within asks again and again, so it is for GET alone, not %s",
			method)...)
	} else if s.Within > 0 && s.Times > 0 {
		ps = append(ps, place("within").Problem(
			"within asks again until the answer holds, and times so often in any case: one of them")...)
	}
	if _, times := at.Get("times"); !times {
		for _, key := range []string{"parallel", "distinct"} {
			if _, ok := at.Get(key); ok {
				ps = append(ps, place(key).Problem("%s needs times beside it", key)...)
			}
		}
		if len(s.Want.Counts) > 0 {
			ps = append(ps, place("want").Problem("so many of each code needs times beside it")...)
		}
	} else if n := s.Want.total(); n > 0 && n != s.Times && s.Times > 0 {
		ps = append(ps, place("want").Problem("the codes are of %d answers, and times is %d", n, s.Times)...)
	}
	ps = append(ps, validateWants(*s)...)
	if s.Want.bodiless() {
		for name, source := range s.Save {
			if source.ofJSON() && !strings.HasSuffix(source.path, maybe) {
				ps = append(ps, s.savedAt(name).Problem("an answer with %s has no body, so nothing of it can be saved",
					s.Want)...)
			}
		}
	}
	for name, source := range s.Save {
		switch written := s.savedAt(name); {
		case !variable.MatchString(name):
			ps = append(ps, written.Problem("a variable's name is letters, digits and _, not %q", name)...)
		default:
			ps = append(ps, source.Check(written)...)
			ps = append(ps, reserved(written)...)
		}
	}
	if at, ok := at.Get("distinct"); ok && (!IsPath(s.Distinct) || at.Kind == option.Bool) {
		ps = append(ps, place("distinct").Problem("want a path into the answer, such as id or items[0].id, not %q",
			s.Distinct)...)
	}
	at.EachText(func(text option.Value) { ps = append(ps, checkOpen(text)...) })
	for _, f := range at.Fields {
		f.Value.EachText(func(text option.Value) {
			if f.Key.Text != "headers" && strings.Contains(text.Text, "${hmac ") {
				ps = append(ps, text.Problem("${hmac …} signs the body that is sent, and stands in headers alone")...)
			}
		})
	}
	option.Sort(ps)
	return ps
}

// validateRequest finds what cannot be sent.
func (s *Step) validateRequest(at option.Value) (ps option.Problems) {
	var bodies []string
	for _, key := range []string{"body", "raw", "form", "multipart"} {
		if _, ok := at.Get(key); ok {
			bodies = append(bodies, key)
		}
	}
	switch method := s.request().Method; {
	case len(bodies) > 1 && bodies[1] == "raw":
		ps = append(ps, s.place("raw").Problem("a step has a body or a raw body, not both")...)
	case len(bodies) > 1:
		ps = append(ps, s.place(bodies[1]).Problem("a step has one of body, raw, form and multipart, not %s and %s",
			bodies[0], bodies[1])...)
	case len(bodies) > 0 && method == http.MethodHead:
		ps = append(ps, s.place(bodies[0]).Problem("HEAD sends no body")...)
	}
	ps = append(ps, checkJSONText(s.Body, "body")...)
	s.Body.EachText(func(text option.Value) {
		ps = append(append(ps, CheckSent(text)...), checkPlain(text)...)
	})
	if body := s.place("body"); s.Body.Line > 0 && s.request().Method == http.MethodGet {
		ps = append(ps, warn(body, "write query for what a query holds",
			"most programs do not read the body of a GET")...)
	}
	ps = append(ps, s.checkSides()...)
	for name, value := range s.Headers {
		switch {
		case !headerName.MatchString(name) || strings.ContainsAny(value, "\r\n\x00"):
			ps = append(ps, s.place("headers").Problem(
				"%q is no header of a request: a name is letters, digits and -, and a value is one line", name)...)
		case slices.Contains(ours, http.CanonicalHeaderKey(name)):
			ps = append(ps, s.place("headers").Problem("%s is made of where and what is sent, and cannot be another",
				name)...)
		}
	}
	if at, ok := at.Get("raw"); ok && at.Kind == option.Map {
		var written raw
		wrong := option.Decode(at, &written)
		if f := (File{Hex: written.Hex, From: written.From}); len(wrong) == 0 {
			if wrong = f.ValidateOption(at); len(wrong) == 0 {
				s.bytes = f.data
			}
		}
		if len(wrong) > 0 {
			wrong[0].Hint = "raw is sent as it stands: a text, {hex: 00ff} or {from: FILE}; use body for JSON"
		}
		ps = append(ps, wrong...)
	} else if ok && (at.Kind == option.List || at.Kind == option.Null) {
		ps = append(ps, at.Problem("raw is a text that is sent as it stands, not %s: use body for JSON",
			at.Describe())...)
	}
	return ps
}

// bodiless are codes whose answers have no body.
var bodiless = []string{"204", "205", "304"}

// bodiless reports whether no answer with one of the codes has a body.
func (c Codes) bodiless() bool {
	return len(c) > 0 && !slices.ContainsFunc(c, func(code string) bool { return !slices.Contains(bodiless, code) })
}

// validateWants finds what no answer can be.
func validateWants(s Step) (ps option.Problems) {
	written := func(keys ...string) (found []string) {
		for _, key := range keys {
			if _, ok := s.written.Get(key); ok {
				found = append(found, key)
			}
		}
		return found
	}
	ofBody := written("json", "has", "lacks", "every", "sorted", "unique", "count", "text", "distinct")
	switch {
	case len(ofBody) > 0 && s.request().Method == http.MethodHead:
		ps = append(ps, s.place(ofBody[0]).Problem("an answer to HEAD has no body, so %s can never hold", ofBody[0])...)
	case len(ofBody) > 0 && s.Want.bodiless() && !s.Text.absent():
		ps = append(ps, s.place(ofBody[0]).Problem("an answer with %s has no body, so %s can never hold", s.Want,
			ofBody[0])...)
	}
	for i, l := range s.Lacks {
		if slices.ContainsFunc(s.Has, func(h option.Value) bool {
			return reflect.DeepEqual(h.Interface(), l.Interface())
		}) {
			ps = append(ps, s.Lacks[i].Problem("has wants what lacks refuses here, so the step can never hold")...)
		}
	}
	if _, ok := s.written.Get("exact"); ok && len(written("json")) == 0 {
		ps = append(ps, s.place("exact").Problem("exact needs json beside it")...)
	}
	if s.List != "" && len(written("has", "lacks", "count", "every", "sorted", "unique")) == 0 {
		ps = append(ps, s.place("list").Problem("list needs has, lacks, count, every, sorted or unique beside it")...)
	}
	if len(s.Either) > 0 {
		if other := written("want", "json", "exact", "has", "lacks", "list", "text", "header"); len(other) > 0 {
			ps = append(ps, s.place(other[0]).Problem("%s stands in each answer of either, not beside it", other[0])...)
		}
		if len(s.Either) == 1 {
			ps = append(ps, s.place("either").Problem("either wants at least two answers")...)
		}
	}
	for _, v := range slices.Concat([]option.Value{s.JSON, s.Every}, s.Has, s.Lacks) {
		v.EachText(func(text option.Value) { ps = append(ps, checkHole(text)...) })
		ps = append(ps, checkKeys(v)...)
	}
	ps = append(append(ps, s.checkCount()...), checkJSONText(s.JSON, "json")...)
	if s.Every.Kind == option.List {
		ps = append(ps, warn(s.Every, "remove the [ ] for what each item holds",
			"every is what one item is, and here each item would be a list")...)
	}
	if _, ok := s.written.Get("text"); ok && s.Text.absent() {
		for _, key := range ofBody {
			if key != "text" {
				ps = append(ps, s.place(key).Problem("an answer without text has no body, so %s can never hold",
					key)...)
				break
			}
		}
	}
	if at := slices.IndexFunc(s.Want.Codes, func(c string) bool { return slices.Contains(bodiless, c) }); at >= 0 &&
		len(s.Want.Codes) > 1 && len(ofBody) > 0 && len(s.Want.Counts) == 0 && !s.Text.absent() {
		ps = append(ps, warn(s.place(ofBody[0]), fmt.Sprintf("write either: [{want: %s, %s: …}, {want: %s}]",
			s.Want.Codes[(at+1)%len(s.Want.Codes)], ofBody[0], s.Want.Codes[at]),
			"an answer with %s has no body, so %s can never hold of it", s.Want.Codes[at], ofBody[0])...)
	}
	for key, path := range map[string]string{"list": s.List, "unique": s.Unique} {
		if at, ok := s.written.Get(key); ok && (!IsPath(path) || at.Kind == option.Bool) {
			ps = append(ps, s.place(key).Problem("want a path into the answer, such as id or items[0].id, not %q",
				path)...)
		}
	}
	for name := range s.Header {
		if !headerName.MatchString(name) {
			ps = append(ps, s.place("header").Problem("%q is no name of a header: it is letters, digits and -",
				name)...)
		}
	}
	return ps
}

// ours are headers of a request that are not the rubric's to set.
var ours = []string{"Host", "Content-Length", "Transfer-Encoding"}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// mostWait is how long the waits of a check may take together.
const mostWait = 30 * time.Second

// ValidateLimits finds steps that ask again for longer than the program may be asked.
func ValidateLimits(all []Step, l check.Limits) (ps option.Problems) {
	for _, s := range all {
		within, _ := s.written.Get("within")
		ps = append(ps, check.Outlasts(within, l.Run.Time, "limits.run.time")...)
	}
	return ps
}

// ValidateGiven wants a step that is judged, and no more waiting than may be.
func ValidateGiven(all []Step, at option.Value) option.Problems {
	var waits time.Duration
	for _, s := range all {
		if waits += s.Wait.Std(); waits > mostWait && s.Wait.Std() <= mostWait {
			return s.place("wait").Problem("a check may wait %s at most, and with this one it is %s",
				option.Duration(mostWait), option.Duration(waits))
		}
	}
	if len(all) > 0 && len(Sends(all)) == 0 && !slices.ContainsFunc(all, Step.unread) {
		return at.Problem("every step is given, and none is asked: want at least one send")
	}
	return nil
}

var open = regexp.MustCompile(`\$\{([^}]*)(\}|$)`)

// unmade says what is wrong with what ${…} is to make something of, or is empty.
func unmade(word, rest string) string {
	switch first, _, _ := strings.Cut(rest, " "); {
	case word == "repeat":
		if _, err := (vars{}).repeat(rest); err != nil {
			return err.Error()
		}
	case word == "jwt" && (rest == "" || strings.Contains(first, "=")):
		return "${jwt …} wants the secret first, or none: ${jwt $secret sub=$id exp=1h}"
	case (word == "hmac" || word == "base64") && rest == "":
		return fmt.Sprintf("${%s …} wants what it is made of: ${%s $a}", word, word)
	}
	return ""
}

// mustache is a variable as other tools write it.
var mustache = regexp.MustCompile(`\{\{\s*([a-zA-Z_]\w*)\s*\}\}`)

// checkOpen finds a ${ that names no variable, and makes nothing.
func checkOpen(v option.Value) option.Problems {
	if isRegexp(v.Text) {
		return nil
	}
	if m := mustache.FindStringSubmatch(v.Text); m != nil {
		ps := v.Problem("%s is a text like any other, and no variable", m[0])
		ps[0].Hint, ps[0].Warning = "write $"+m[1]+" for the variable", true
		return ps
	}
	for _, m := range open.FindAllStringSubmatch(strings.ReplaceAll(v.Text, "$$", ""), -1) {
		named := variableText.MatchString(m[1]) && m[2] != "" && !slices.Contains(makers, m[1])
		if named || unusedText.MatchString(m[0]) {
			continue
		}
		one := func(string) any { return json.Number("1") }
		word, rest, _ := strings.Cut(m[1], " ")
		if wrong := unmade(word, rest); wrong != "" && m[2] != "" {
			return v.Problem("%s", wrong)
		}
		if nowText.MatchString(m[1]) && m[2] != "" {
			continue
		}
		if _, err := evaluate(m[1], one, true); m[2] != "" && (err == nil && m[1] != "" ||
			slices.Contains(makers, word) && rest != "") {
			continue
		}
		ps := v.Problem("${ begins a variable, and none is named in %s", v.Describe())
		ps[0].Hint = "write ${name}, or $${ for the text itself"
		return ps
	}
	return nil
}
