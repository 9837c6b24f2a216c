package steps

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/taskgrader/taskgrader/grader/option"
)

// Send is a method and a path.
type Send struct{ Method, Path string }

var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}

// UnmarshalOption reads "METHOD /path", or "METHOD $x" for the address that a variable holds.
func (s *Send) UnmarshalOption(v option.Value) option.Problems {
	method, path, _ := strings.Cut(v.Text, " ")
	if v.Kind != option.String || path == "" {
		ps := v.Problem("want a method and a path, such as GET /tasks, not %s", v.Describe())
		if strings.HasPrefix(v.Text, "/") {
			ps[0].Hint = "write GET " + v.Text
		}
		return ps
	}
	if !slices.Contains(methods, method) {
		word := v
		word.Text = method
		return option.Unknown("method", word, methods)
	}
	s.Method, s.Path = method, path
	if s.follows() {
		return nil
	}
	v.Text = path
	return CheckPath(v)
}

// follows reports whether an address is asked that a variable holds.
func (s Send) follows() bool { return oneVariable.MatchString(s.Path) }

var madeText = regexp.MustCompile(`\$\{[^{}]*\}`)

// CheckPath finds what is no path of a request; where none is written there is nothing to find.
func CheckPath(v option.Value) option.Problems {
	path := madeText.ReplaceAllString(v.Text, "")
	if m := holeInPath.FindString(path); m != "" {
		ps := v.Problem("%s stands for what an answer may hold, and a path is sent", m)
		ps[0].Hint = "write ${not x} for an id that was never given out"
		return ps
	}
	if m := template.FindStringSubmatch(path); m != nil {
		ps := v.Problem("%s is no variable, and would be sent as it stands", cmp.Or(m[1], m[2]))
		ps[0].Hint, ps[0].Warning = "write $"+strings.Trim(m[1]+m[2], "{:}")+" for the value of a variable", true
		return ps
	}
	if v.Line == 0 || strings.HasPrefix(path, "/") && !strings.ContainsFunc(path, unicode.IsSpace) {
		return nil
	}
	ps := v.Problem("a path begins with / and has no blanks, not %s", v.Describe())
	if m := wholeAddress.FindStringSubmatch(path); m != nil {
		ps[0].Hint = "write the path alone, " + cmp.Or(m[1], m[2], "/") + ": where the program answers is known"
	} else if strings.HasPrefix(path, "/") {
		ps[0].Hint = "write %20 for a blank, and what a query holds as query: {q: a b}"
	} else if plainPath.MatchString(path) {
		ps[0].Hint = "write /" + path
	}
	return ps
}

// plainPath is a path without its slash.
var plainPath = regexp.MustCompile(`^[\w$][\w$/-]*$`)

// template is a part of a path as frameworks write it.
var template = regexp.MustCompile(`/(?:[^{/]*[^{/])?(\{[a-zA-Z_]\w*\})(?:[^}]|$)|/(:[a-zA-Z_]\w*)`)

// wholeAddress is a path with where it is asked before it.
var wholeAddress = regexp.MustCompile(`^(?:https?://)?[\w.-]+(?::\d+)(/\S*)?$|^https?://[^/]+(/\S*)?$`)

// String returns how it is written.
func (s Send) String() string { return s.Method + " " + s.Path }

// OptionSchema describes it to editors.
func (Send) OptionSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^(` + strings.Join(methods, "|") +
		`) (/(\$\{[^{}]*\}|\S)*|\$\{?[a-zA-Z_][\w.]*\}?)$`}
}

// Codes are the status codes that are right. Without any, 2xx.
type Codes []string

var codeText = regexp.MustCompile(`^[1-5]([0-9][0-9]|xx)$`)

// UnmarshalOption reads a code, a class or a list of them.
func (c *Codes) UnmarshalOption(v option.Value) option.Problems {
	*c = nil // what is written takes the place of a default
	items := v.OneOrMore()
	if len(items) == 0 {
		return v.Problem("want at least one status code")
	}
	for _, item := range items {
		if !codeText.MatchString(item.Text) {
			ps := item.Problem("want a status code such as 200, or a class such as 2xx, not %s", item.Describe())
			ps[0].Hint = codesMeant(item)
			return ps
		}
		if slices.Contains(*c, item.Text) {
			return item.Problem("%s is already in the list", item.Text)
		}
		*c = append(*c, item.Text)
	}
	return nil
}

// Match reports whether a status is one of them.
func (c Codes) Match(status int) bool {
	if len(c) == 0 {
		return status/100 == 2
	}
	text := strconv.Itoa(status)
	return slices.ContainsFunc(c, func(code string) bool {
		return code == text || strings.HasSuffix(code, "xx") && code[0] == text[0]
	})
}

// String returns how a student reads them: 200 or 201.
func (c Codes) String() string {
	if len(c) == 0 {
		return "2xx"
	}
	return strings.Join(c, " or ")
}

// OptionSchema describes them to editors.
func (Codes) OptionSchema() *jsonschema.Schema {
	one := &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "integer"},
		{Type: "string", Pattern: codeText.String()}}}
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

// Match reports whether a number is as counted.
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

// String returns how a student reads it.
func (c Count) String() string {
	words := map[string]string{">=": "at least %d items", "<=": "at most %d items", ">": "more than %d items",
		"<": "fewer than %d items", "==": "exactly %d items"}
	return fmt.Sprintf(words[c.Op], c.N)
}

// OptionSchema describes it to editors.
func (Count) OptionSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "integer"},
		{Type: "string", Pattern: countText.String()}}}
}
