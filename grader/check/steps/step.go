// Package steps is the language of HTTP steps: one request each, what its answer must hold, and what to remember of it.
// The kinds http and env share it.
package steps

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Step is one request and what its answer must hold.
type Step struct {
	option.Pos `json:"-"`
	Send       Send                     `json:"send,omitzero" jsonschema:"the method and the path: POST /tasks"`
	Given      Send                     `json:"given,omitzero" jsonschema:"in place of send: sets up what another check judges; when it fails, that one blocks this check"`
	Body       option.Value             `json:"body,omitzero" jsonschema:"a JSON body"`
	Raw        option.Value             `json:"raw,omitzero" jsonschema:"a body as it stands"`
	Headers    map[string]string        `json:"headers,omitempty" jsonschema:"headers of the request"`
	Want       Codes                    `json:"want,omitzero" jsonschema:"a status code, a class such as 2xx, or a list of them; 2xx unless given"`
	JSON       option.Value             `json:"json,omitzero" jsonschema:"what the answer must contain at least"`
	Exact      bool                     `json:"exact,omitempty" jsonschema:"the answer holds json and nothing more"`
	Has        []option.Value           `json:"has,omitempty" jsonschema:"an item matching each of these is in the array exactly once"`
	Lacks      []option.Value           `json:"lacks,omitempty" jsonschema:"no item of the array matches any of these"`
	List       string                   `json:"list,omitempty" option:"any" jsonschema:"the path of the array in the answer; the answer itself unless given"`
	Count      Count                    `json:"count,omitzero" jsonschema:"how many items the array has: 3, >=1, <10"`
	Text       option.Regexp            `json:"text,omitzero" jsonschema:"what the answer's text must match"`
	Header     map[string]option.Regexp `json:"header,omitempty" jsonschema:"what headers of the answer must match"`
	Save       map[string]string        `json:"save,omitempty" jsonschema:"variables to make of paths in the answer"`
	Distinct   string                   `json:"distinct,omitempty" jsonschema:"a path whose value differs in each of the answers"`
	Times      int                      `json:"times,omitempty" option:"1..10000" jsonschema:"how often the request is sent; $i counts from 1"`
	Parallel   int                      `json:"parallel,omitempty" option:"1..64" jsonschema:"how many leave together"`
	Within     option.Duration          `json:"within,omitzero" jsonschema:"ask again until it holds, so long (GET only)"`
	Or         *Instead                 `json:"or,omitempty" jsonschema:"what is asked in its place where the program has no such route (404 or 405)"`

	written option.Value
}

// Instead is a request that shows the same as a step's, for programs that do not have the step's route.
type Instead struct {
	option.Pos `json:"-"`
	Send       Send           `json:"send" jsonschema:"the method and the path: GET /tasks"`
	Want       Codes          `json:"want,omitzero" jsonschema:"a status code, a class such as 2xx, or a list of them; 2xx unless given"`
	JSON       option.Value   `json:"json,omitzero" jsonschema:"what the answer must contain at least"`
	Has        []option.Value `json:"has,omitempty" jsonschema:"an item matching each of these is in the array exactly once"`
	Lacks      []option.Value `json:"lacks,omitempty" jsonschema:"no item of the array matches any of these"`
	List       string         `json:"list,omitempty" option:"any" jsonschema:"the path of the array in the answer; the answer itself unless given"`
}

// step is it as a step of its own.
func (i Instead) step() Step {
	return Step{Pos: i.Pos, Send: i.Send, Want: i.Want, JSON: i.JSON, Has: i.Has, Lacks: i.Lacks, List: i.List}
}

// ValidateOption finds what each key alone cannot show.
func (i *Instead) ValidateOption(at option.Value) option.Problems {
	s := i.step()
	return s.ValidateOption(at)
}

// request is what the step sends, whether or not it sets up.
func (s Step) request() Send {
	if s.Given.Method != "" {
		return s.Given
	}
	return s.Send
}

// place is where a key of the step is written, or the step.
func (s Step) place(key string) option.Value {
	if v, ok := s.written.Get(key); ok {
		return v
	}
	return option.Value{Pos: s.Pos}
}

// savedAt is where a variable that the step saves is named.
func (s Step) savedAt(name string) option.Value {
	save := s.place("save")
	for _, f := range save.Fields {
		if f.Key.Text == name {
			return f.Key
		}
	}
	return save
}

// ValidateOption finds what each key alone cannot show.
func (s *Step) ValidateOption(at option.Value) option.Problems {
	var ps option.Problems
	s.written = at
	place := s.place
	switch given := s.Given.Method != ""; {
	case given && s.Send.Method != "":
		ps = append(ps, place("given").Problem("a step is sent or given, not both")...)
	case !given && s.Send.Method == "":
		return at.Problem(`missing key "send"`)
	}
	if s.Or != nil && (s.Given.Method != "" || s.Times > 0) {
		ps = append(ps, place("or").Problem("or stands beside send, in a step that is sent once")...)
	}
	if s.Body.Line > 0 && s.Raw.Line > 0 {
		ps = append(ps, place("raw").Problem("a step has a body or a raw body, not both")...)
	}
	if method := s.request().Method; s.Within > 0 && method != http.MethodGet {
		ps = append(ps, place("within").Problem("within asks again and again, so it is for GET alone, not %s", method)...)
	}
	if s.Exact && s.JSON.Line == 0 {
		ps = append(ps, place("exact").Problem("exact needs json beside it")...)
	}
	if s.Parallel > 0 && s.Times == 0 {
		ps = append(ps, place("parallel").Problem("parallel needs times beside it")...)
	}
	if s.Distinct != "" && s.Times == 0 {
		ps = append(ps, place("distinct").Problem("distinct needs times beside it")...)
	}
	if s.List != "" && len(s.Has)+len(s.Lacks) == 0 && s.Count.Op == "" {
		ps = append(ps, place("list").Problem("list needs has, lacks or count beside it")...)
	}
	for _, v := range slices.Concat([]option.Value{s.JSON}, s.Has, s.Lacks) {
		v.EachText(func(text option.Value) { ps = append(ps, checkHole(text)...) })
	}
	if s.Body.Kind == option.String && strings.ContainsAny(s.Body.Text[:min(1, len(s.Body.Text))], "{[") && json.Valid([]byte(s.Body.Text)) {
		wrong := s.Body.Problem("body is JSON already, and this would be sent as one text")
		wrong[0].Hint = "remove the quotes, or write raw for what is sent as it stands"
		ps = append(ps, wrong...)
	}
	s.Body.EachText(func(text option.Value) { ps = append(ps, checkSent(text)...) })
	at.EachText(func(text option.Value) { ps = append(ps, checkOpen(text)...) })
	for name, path := range s.Save {
		switch written := s.savedAt(name); {
		case !variable.MatchString(name):
			ps = append(ps, written.Problem("a variable's name is letters, digits and _, not %q", name)...)
		case !IsPath(strings.TrimSuffix(path, maybe)):
			ps = append(ps, written.Problem("want a path into the answer, such as id or items[0].id, not %q", path)...)
		default:
			ps = append(ps, reserved(written)...)
		}
	}
	for key, path := range map[string]string{"list": s.List, "distinct": s.Distinct} {
		if _, ok := at.Get(key); ok && !IsPath(path) {
			ps = append(ps, place(key).Problem("want a path into the answer, such as id or items[0].id, not %q", path)...)
		}
	}
	for name, value := range s.Headers {
		switch {
		case !headerName.MatchString(name) || strings.ContainsAny(value, "\r\n\x00"):
			ps = append(ps, place("headers").Problem("%q is no header of a request: a name is letters, digits and -, and a value is one line", name)...)
		case slices.Contains(ours, http.CanonicalHeaderKey(name)):
			ps = append(ps, place("headers").Problem("%s is made of where and what is sent, and cannot be another", name)...)
		}
	}
	for name := range s.Header {
		if !headerName.MatchString(name) {
			ps = append(ps, place("header").Problem("%q is no name of a header: it is letters, digits and -", name)...)
		}
	}
	if at, ok := at.Get("raw"); ok && (at.Kind == option.List || at.Kind == option.Map) {
		ps = append(ps, at.Problem("raw is a text that is sent as it stands, not %s: use body for JSON", at.Describe())...)
	}
	option.Sort(ps)
	return ps
}

// ours are headers of a request that are not the rubric's to set.
var ours = []string{"Host", "Content-Length", "Transfer-Encoding"}

var (
	pathText   = regexp.MustCompile(`^(\$\.?)?([^.\[\]]+|\[\d+\])?(\.[^.\[\]]+|\[\d+\])*$`)
	headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
)

// IsPath says whether a text is a path into an answer, for [At].
func IsPath(text string) bool { return pathText.MatchString(text) }

// maybe ends the path of a saved value that need not be there. Where it is not, nothing is wanted of what holds the variable.
const maybe = "?"

var variable = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// ValidateLimits finds steps that ask again for longer than the program may be asked.
func ValidateLimits(all []Step, l check.Limits) (ps option.Problems) {
	for _, s := range all {
		within, _ := s.written.Get("within")
		ps = append(ps, check.Outlasts(within, l.Run.Time, "limits.run.time")...)
	}
	return ps
}

// ValidateGiven wants a step that is judged.
func ValidateGiven(all []Step, at option.Value) option.Problems {
	if len(all) > 0 && len(Sends(all)) == 0 {
		return at.Problem("every step is given, and none is asked: want at least one send")
	}
	return nil
}

// Send is a method and a path.
type Send struct{ Method, Path string }

var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}

// UnmarshalOption reads "METHOD /path".
func (s *Send) UnmarshalOption(v option.Value) option.Problems {
	method, path, _ := strings.Cut(v.Text, " ")
	if v.Kind != option.String || path == "" {
		return v.Problem("want a method and a path, such as GET /tasks, not %s", v.Describe())
	}
	if !slices.Contains(methods, method) {
		word := v
		word.Text = method
		return option.Unknown("method", word, methods)
	}
	s.Method, s.Path = method, path
	v.Text = path
	return CheckPath(v)
}

// CheckPath finds what is no path of a request; where none is written there is nothing to find.
func CheckPath(v option.Value) option.Problems {
	path := unusedText.ReplaceAllString(v.Text, "")
	if m := holeInPath.FindString(path); m != "" {
		ps := v.Problem("%s stands for what an answer may hold, and a path is sent", m)
		ps[0].Hint = "write ${not x} for an id that was never given out"
		return ps
	}
	if v.Line == 0 || strings.HasPrefix(path, "/") && !strings.ContainsFunc(path, unicode.IsSpace) {
		return nil
	}
	return v.Problem("a path begins with / and has no blanks, not %s", v.Describe())
}

// String is how it is written.
func (s Send) String() string { return s.Method + " " + s.Path }

// OptionSchema describes it to editors.
func (Send) OptionSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^(` + strings.Join(methods, "|") + `) /(\$\{not \w+\}|\S)*$`}
}

// Codes are the status codes that are right. Without any, 2xx.
type Codes []string

var codeText = regexp.MustCompile(`^[1-5]([0-9][0-9]|xx)$`)

// UnmarshalOption reads a code, a class or a list of them.
func (c *Codes) UnmarshalOption(v option.Value) option.Problems {
	*c = nil // what is written takes the place of a default
	items := []option.Value{v}
	if v.Kind == option.List {
		items = v.Items
	}
	if len(items) == 0 {
		return v.Problem("want at least one status code")
	}
	for _, item := range items {
		if !codeText.MatchString(item.Text) {
			return item.Problem("want a status code such as 200, or a class such as 2xx, not %s", item.Describe())
		}
		if slices.Contains(*c, item.Text) {
			return item.Problem("%s is already in the list", item.Text)
		}
		*c = append(*c, item.Text)
	}
	return nil
}

// Match says whether a status is one of them.
func (c Codes) Match(status int) bool {
	if len(c) == 0 {
		return status/100 == 2
	}
	text := strconv.Itoa(status)
	return slices.ContainsFunc(c, func(code string) bool { return code == text || strings.HasSuffix(code, "xx") && code[0] == text[0] })
}

// String is how a student reads them: 200 or 201.
func (c Codes) String() string {
	if len(c) == 0 {
		return "2xx"
	}
	return strings.Join(c, " or ")
}

// OptionSchema describes them to editors.
func (Codes) OptionSchema() *jsonschema.Schema {
	one := &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "integer"}, {Type: "string", Pattern: codeText.String()}}}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{one, {Type: "array", Items: one}}}
}

// Count is a number of items.
type Count struct {
	Op string // ==, >=, <=, >, <
	N  int
}

var countText = regexp.MustCompile(`^(>=|<=|>|<|==)? ?(\d{1,9})$`)

// UnmarshalOption reads 3 or ">=1".
func (c *Count) UnmarshalOption(v option.Value) option.Problems {
	m := countText.FindStringSubmatch(v.Text)
	if m == nil || m[1] == "<" && strings.Trim(m[2], "0") == "" {
		return v.Problem(`want a count such as 3 or ">=1", not %s`, v.Describe())
	}
	c.Op = m[1]
	if c.Op == "" {
		c.Op = "=="
	}
	c.N, _ = strconv.Atoi(m[2])
	return nil
}

// Match says whether a number is as counted.
func (c Count) Match(n int) bool {
	switch c.Op {
	case ">=":
		return n >= c.N
	case "<=":
		return n <= c.N
	case ">":
		return n > c.N
	case "<":
		return n < c.N
	}
	return n == c.N
}

// String is how a student reads it.
func (c Count) String() string {
	words := map[string]string{">=": "at least %d items", "<=": "at most %d items", ">": "more than %d items", "<": "fewer than %d items", "==": "exactly %d items"}
	return fmt.Sprintf(words[c.Op], c.N)
}

// OptionSchema describes it to editors.
func (Count) OptionSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "integer"}, {Type: "string", Pattern: countText.String()}}}
}
