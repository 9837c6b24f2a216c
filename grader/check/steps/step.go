// Package steps is the language of HTTP steps: one request each, what its answer must hold, and
// what to remember of it.
//
// The kinds http, env and crud share it. A [Step] is read from the rubric with its place; [Run]
// sends steps in turn, with variables that earlier answers gave, and stops at the first that fails
// unless each has points of its own. What differs is told by its path, with what was wanted and
// what came.
package steps

import (
	"regexp"
	"slices"
	"time"

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

var pathText = regexp.MustCompile(`^(\$\.?)?([^.\[\]*]+|\[\d+\])?(\.[^.\[\]*]+|\[\d+\])*$`)

// IsPath reports whether a text is a path into an answer, for [At].
func IsPath(text string) bool { return pathText.MatchString(text) }

// Owns reports whether steps need a container that is no other check's: one that they restart.
func Owns(all []Step) bool {
	return slices.ContainsFunc(all, func(s Step) bool { return s.Restart != "" })
}
