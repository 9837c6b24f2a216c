// Package steps is the language of HTTP steps: one request each, what its answer must hold, and
// what to remember of it.
//
// The kinds http, env and crud share it. A [Step] is read from the rubric with its place; [Run]
// sends steps in turn, with variables that earlier answers gave, and stops at the first that fails
// unless each has points of its own. What differs is told by its path, with what was wanted and
// what came.
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

// Step is one request and what its answer must hold, or something else that is done between two.
type Step struct {
	option.Pos `json:"-"`
	Send       Send                `json:"send,omitzero" jsonschema:"the method and the path: POST /tasks; or a variable that holds an address: GET $u"`
	Given      Send                `json:"given,omitzero" jsonschema:"in place of send: sets up what another check judges; when it fails, that one blocks this check"`
	Restart    string              `json:"restart,omitempty" option:"container|new" jsonschema:"in place of send: container, as docker restart does; or new, another container with the same volume"`
	Wait       option.Duration     `json:"wait,omitzero" jsonschema:"in place of send: lets time pass, 30s a check at most"`
	Exec       []string            `json:"exec,omitempty" option:"any" jsonschema:"in place of send: a command inside the container, which must end with 0"`
	Stdout     Pattern             `json:"stdout,omitzero" jsonschema:"what the output of exec must match"`
	As         string              `json:"as,omitempty" jsonschema:"who asks: one of people, or nobody"`
	Query      Fields              `json:"query,omitzero" jsonschema:"what the path's query holds, each escaped"`
	Body       option.Value        `json:"body,omitzero" jsonschema:"a JSON body"`
	Raw        Raw                 `json:"raw,omitzero" jsonschema:"a body as it stands: a text, {hex: 00ff}, or {from: FILE} beside the rubric"`
	Form       Fields              `json:"form,omitzero" jsonschema:"a body as an HTML form sends it, each value escaped"`
	Multipart  Parts               `json:"multipart,omitzero" jsonschema:"a body as a form with files sends it"`
	Headers    map[string]string   `json:"headers,omitempty" jsonschema:"headers of the request"`
	Want       Want                `json:"want,omitzero" jsonschema:"a status code, a class such as 2xx, or a list of them; with times also how many of each: {201: 1, 409: 9}; 2xx unless given"`
	JSON       option.Value        `json:"json,omitzero" jsonschema:"what the answer must contain at least"`
	Exact      bool                `json:"exact,omitempty" jsonschema:"the answer holds json and nothing more"`
	Has        []option.Value      `json:"has,omitempty" jsonschema:"an item matching each of these is in the array exactly once"`
	Lacks      []option.Value      `json:"lacks,omitempty" jsonschema:"no item of the array matches any of these"`
	Every      option.Value        `json:"every,omitzero" jsonschema:"what each item of the array must contain at least"`
	Sorted     Order               `json:"sorted,omitzero" jsonschema:"how the array is sorted: created desc, title nocase, or several such"`
	Unique     string              `json:"unique,omitempty" jsonschema:"a path whose value differs in each item of the array"`
	List       string              `json:"list,omitempty" option:"any" jsonschema:"the path of the array in the answer; the answer itself unless given"`
	Count      Count               `json:"count,omitzero" jsonschema:"how many items the array has: 3, >=1, <10"`
	Text       Patterns            `json:"text,omitzero" jsonschema:"what the answer's text must match: /regex/, a list of them, <not /regex/>, or <absent>"`
	Header     map[string]Patterns `json:"header,omitempty" jsonschema:"what headers of the answer must match: /regex/, a list of them, <not /regex/>, or <absent>"`
	Either     []Alternative       `json:"either,omitempty" jsonschema:"answers that are right, each with want and what it must hold"`
	Log        Patterns            `json:"log,omitzero" jsonschema:"what the program writes to its log within a second: /regex/, a list of them, or <not /regex/>"`
	Faster     Pace                `json:"faster,omitzero" jsonschema:"how long the answer may take: 300ms; or a span that it takes, 1s..2s"`
	Save       map[string]Source   `json:"save,omitempty" jsonschema:"variables to make of the answer: of a path, {header: NAME}, {cookie: NAME}, {text: /regex with a group/}, or header and text"`
	Distinct   string              `json:"distinct,omitempty" jsonschema:"a path whose value differs in each of the answers"`
	Times      int                 `json:"times,omitempty" option:"1..10000" jsonschema:"how often the request is sent; $i counts from 1"`
	Parallel   int                 `json:"parallel,omitempty" option:"1..64" jsonschema:"how many leave together"`
	Within     option.Duration     `json:"within,omitzero" jsonschema:"ask again until it holds, so long (GET only)"`
	Or         *Instead            `json:"or,omitempty" jsonschema:"what is asked in its place where the program has no such route (404 or 405)"`
	Meanwhile  *Meanwhile          `json:"meanwhile,omitempty" jsonschema:"a request that is sent while the answer is waited for"`
	Weight     float64             `json:"weight,omitempty" option:"0..1000" jsonschema:"its share of the points of a partial check; 1 unless given"`

	written option.Value
	bytes   []byte             // of raw, where it is no text
	who     *person            // who asks; nil is nobody
	cast    map[string]*person // all who may be named
}

// Alternative is an answer that is right, beside others.
type Alternative struct {
	option.Pos `json:"-"`
	Want       Codes               `json:"want,omitzero" jsonschema:"a status code, a class such as 2xx, or a list of them; 2xx unless given"`
	JSON       option.Value        `json:"json,omitzero" jsonschema:"what the answer must contain at least"`
	Exact      bool                `json:"exact,omitempty" jsonschema:"the answer holds json and nothing more"`
	Has        []option.Value      `json:"has,omitempty" jsonschema:"an item matching each of these is in the array exactly once"`
	Lacks      []option.Value      `json:"lacks,omitempty" jsonschema:"no item of the array matches any of these"`
	List       string              `json:"list,omitempty" option:"any" jsonschema:"the path of the array in the answer; the answer itself unless given"`
	Text       Patterns            `json:"text,omitzero" jsonschema:"what the answer's text must match"`
	Header     map[string]Patterns `json:"header,omitempty" jsonschema:"what headers of the answer must match"`
}

// of returns the step with the alternative in the place of what it wants.
func (a Alternative) of(s Step) Step {
	s.Either, s.Want = nil, Want{Codes: a.Want}
	s.JSON, s.Exact, s.Has, s.Lacks, s.List, s.Text, s.Header = a.JSON, a.Exact, a.Has, a.Lacks, a.List, a.Text,
		a.Header
	return s
}

// ValidateOption finds what each key alone cannot show.
func (a *Alternative) ValidateOption(at option.Value) option.Problems {
	return validateWants(a.of(Step{Pos: a.Pos, written: at}))
}

// Instead is a request that shows the same as a step's, for programs that do not have the step's
// route.
type Instead struct {
	option.Pos `json:"-"`
	Send       Send           `json:"send" jsonschema:"the method and the path: GET /tasks"`
	Want       Codes          `json:"want,omitzero" jsonschema:"a status code, a class such as 2xx, or a list of them; 2xx unless given"`
	JSON       option.Value   `json:"json,omitzero" jsonschema:"what the answer must contain at least"`
	Has        []option.Value `json:"has,omitempty" jsonschema:"an item matching each of these is in the array exactly once"`
	Lacks      []option.Value `json:"lacks,omitempty" jsonschema:"no item of the array matches any of these"`
	List       string         `json:"list,omitempty" option:"any" jsonschema:"the path of the array in the answer; the answer itself unless given"`
}

// of returns the step with the request in the place of its own.
func (i Instead) of(s Step) Step {
	return Step{Pos: i.Pos, who: s.who, Send: i.Send, Want: Want{Codes: i.Want}, JSON: i.JSON, Has: i.Has,
		Lacks: i.Lacks, List: i.List}
}

// ValidateOption finds what each key alone cannot show.
func (i *Instead) ValidateOption(at option.Value) option.Problems {
	s := i.of(Step{})
	return s.ValidateOption(at)
}

// Meanwhile is a request that is sent while the answer to a step's own is waited for.
type Meanwhile struct {
	option.Pos `json:"-"`
	Send       Send              `json:"send" jsonschema:"the method and the path: POST /tasks"`
	After      option.Duration   `json:"after,omitzero" jsonschema:"how long after the step's own request it leaves; 500ms unless given"`
	As         string            `json:"as,omitempty" jsonschema:"who asks: one of people, or nobody"`
	Body       option.Value      `json:"body,omitzero" jsonschema:"a JSON body"`
	Headers    map[string]string `json:"headers,omitempty" jsonschema:"headers of the request"`
	Want       Codes             `json:"want,omitzero" jsonschema:"a status code, a class such as 2xx, or a list of them; 2xx unless given"`
	JSON       option.Value      `json:"json,omitzero" jsonschema:"what the answer must contain at least"`
	Faster     Pace              `json:"faster,omitzero" jsonschema:"how long the answer may take: 300ms"`

	step Step
}

// usualAfter is how long after a step's request another leaves meanwhile.
const usualAfter = 500 * time.Millisecond

// ValidateOption finds what each key alone cannot show, and makes the step that it is.
func (m *Meanwhile) ValidateOption(at option.Value) option.Problems {
	m.step = Step{Pos: m.Pos, Send: m.Send, As: m.As, Body: m.Body, Headers: m.Headers, Want: Want{Codes: m.Want},
		JSON: m.JSON, Faster: m.Faster}
	ps := m.step.ValidateOption(at)
	if _, given := at.Get("after"); !given {
		m.After = option.Duration(usualAfter)
	}
	if m.After.Std() > mostWait {
		after, _ := at.Get("after")
		ps = append(ps, after.Problem("a check may wait %s at most", option.Duration(mostWait))...)
	}
	return ps
}

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

// request returns what the step sends, whether or not it sets up.
func (s Step) request() Send {
	if s.Given.Method != "" {
		return s.Given
	}
	return s.Send
}

// asks reports whether the step sends a request.
func (s Step) asks() bool { return s.request().Method != "" }

// unread reports whether what the step does could not be read.
func (s Step) unread() bool { return !s.asks() && s.Wait == 0 && s.Restart == "" && len(s.Exec) == 0 }

// free reports whether the step earns nothing.
func (s Step) free() bool { return s.Send.Method == "" }

// place returns where a key of the step is written, or the step.
func (s Step) place(key string) option.Value {
	if v, ok := s.written.Get(key); ok {
		return v
	}
	return option.Value{Pos: s.Pos}
}

// savedAt returns where a variable that the step saves is named.
func (s Step) savedAt(name string) option.Value {
	save := s.place("save")
	for _, f := range save.Fields {
		if f.Key.Text == name {
			return f.Key
		}
	}
	return save
}

// precedes reports whether the step is written before another.
func (s Step) precedes(other Step) bool {
	return s.Line < other.Line || s.Line == other.Line && s.Column < other.Column
}

// lines returns the first and the last line that the step is written on.
func (s Step) lines() (first, last int) {
	last = s.Line
	var look func(v option.Value)
	look = func(v option.Value) {
		last = max(last, v.Line)
		for _, item := range v.Items {
			look(item)
		}
		for _, f := range v.Fields {
			look(f.Key)
			look(f.Value)
		}
	}
	look(s.written)
	return s.Line, last
}

// OptionSynonyms returns words of other tools, with what is meant here.
func (Step) OptionSynonyms() map[string]string {
	return map[string]string{
		"status": "want", "status_code": "want", "code": "want", "expect": "want", "expected": "want",
		"response": "want", "http": "want",
		"assert": "json", "asserts": "json", "jsonpath": "json", "schema": "every", "each": "every", "contains": "has",
		"method": "send", "url": "send", "request": "send", "points": "weight", "score": "weight", "worth": "weight",
		"bearer": "headers", "token": "headers", "authorization": "headers", "get": "send", "post": "send",
		"put":   "send",
		"patch": "send", "delete": "send", "path": "send", "endpoint": "send", "setup": "given", "background": "given",
		"data": "form", "params": "query", "files": "multipart", "file": "multipart", "cookies": "headers",
		"cookie": "headers", "auth": "as", "user": "as", "login": "as",
		"capture": "save", "captures": "save", "register": "save", "extract": "save", "set": "save",
		"retry": "within", "retries": "within", "validate": "json", "body_contains": "text",
		"contains_text": "text",
		"poll":          "within", "timeout": "within",
		"time": "faster", "duration": "faster", "slower": "faster", "repeat": "times", "delay": "wait", "sleep": "wait",
		"order": "sorted",
		"cmd":   "exec", "run": "exec", "while": "meanwhile", "during": "meanwhile", "concurrently": "meanwhile"}
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

var (
	pathText   = regexp.MustCompile(`^(\$\.?)?([^.\[\]*]+|\[\d+\])?(\.[^.\[\]*]+|\[\d+\])*$`)
	headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
)

// IsPath reports whether a text is a path into an answer, for [At].
func IsPath(text string) bool { return pathText.MatchString(text) }

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

// Owns reports whether steps need a container that is no other check's: one that they restart.
func Owns(all []Step) bool {
	return slices.ContainsFunc(all, func(s Step) bool { return s.Restart != "" })
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
