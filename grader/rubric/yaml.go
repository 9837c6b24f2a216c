package rubric

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/taskgrader/taskgrader/grader/option"
)

// maxValues bounds what aliases may make of a small text.
const maxValues = 100_000

// read makes a value of a YAML text.
func read(file string, text []byte) (option.Value, option.Problems) {
	at := func(line, column int) option.Pos { return option.Pos{File: file, Line: line, Column: column} }
	if line, column, ok := notUTF8(text); ok {
		if bytes.IndexByte(text, 0) >= 0 {
			return option.Value{}, option.Problems{{Pos: at(1, 1), Message: "this is no text",
				Hint: "name the rubric's YAML file"}}
		}
		return option.Value{}, option.Problems{{Pos: at(line, column), Message: "a byte that is no UTF-8 text",
			Hint: "save the file as UTF-8"}}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	if err := decoder.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			return option.Value{}, option.Problems{{Pos: at(1, 1), Message: "the rubric is empty",
				Hint: "start from one that works: taskgrader rubric show --source task-api"}}
		}
		return option.Value{}, option.Problems{syntaxProblem(file, text, err)}
	}
	if err := decoder.Decode(&second); err == nil {
		return option.Value{}, option.Problems{{Pos: at(second.Line, 1),
			Message: "a rubric is one document, and a second begins here", Hint: "remove the --- line"}}
	} else if !errors.Is(err, io.EOF) {
		return option.Value{}, option.Problems{syntaxProblem(file, text, err)}
	}
	r := reader{file: file}
	v := r.value(document.Content[0])
	return v, r.problems
}

// notUTF8 returns where a text stops being UTF-8, which YAML does not say. UTF-16, which begins
// with a mark of its own, is left to YAML.
func notUTF8(text []byte) (line, column int, ok bool) {
	if utf8.Valid(text) || bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return 0, 0, false
	}
	at := 0
	for at < len(text) {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	line, column = place(text[:at])
	return line, column, true
}

// place returns where a text ends.
func place(before []byte) (line, column int) {
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
}

func isControl(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f }

// plainer says what YAML means by the complaints that instructors meet, and what to do.
var plainer = map[string]struct{ message, hint string }{
	"mapping values are not allowed in this " +
		"context": {"a : where none can be: the indentation is wrong, or a text with : in it has no quotes", usual},
	"did not find expected node content": {"no value where one must be", flow},
	"did not find expected key": {"no key where one must be: the indentation is wrong, or a - " +
		"is missing", usual},
	"found unexpected end of stream": {"the text ends inside quotes", usual},
	"could not find expected ':'": {"a key without its colon",
		"write key: value, with a blank after the colon"},
	"did not find expected ',' or '}'": {"this { does not end as it should", flow},
	"did not find expected ',' or ']'": {"this [ does not end as it should", flow},
	"found character that cannot start any token": {"a text cannot begin so",
		"put quotes around a text that begins with @, %, |, > or a backquote"},
	"found unknown escape character": {`a backslash inside "…" that means nothing`,
		"double it, or put the text between '…'"},
	"found incompatible YAML document": {"a %YAML line of another version", "remove it"},
	"did not find expected alphabetic or numeric character": {"* and & mean something else at the beginning of a text",
		"put quotes around a text that begins with * or &"},
	"did not find expected whitespace or line break": {"! means something else at the beginning of a text",
		"put quotes around a text that begins with !"},
	"exceeded max depth of 10000": {"lists in lists without an end", ""},
	"control characters are not allowed": {"a control character",
		"remove it; it may not be visible in your editor"},
}

const (
	usual = "YAML wants two blanks for each level, no tabs, and quotes around text with : or # in it"
	flow  = "inside { } and [ ], put quotes around a text with ? [ ] { } : or a comma in it, and close each bracket"
)

var (
	yamlLine   = regexp.MustCompile(`line (\d+): `)
	yamlAnchor = regexp.MustCompile(`^unknown anchor '(.+)' referenced$`)

	// Each finds, as its first group, what is wrong on a line.
	tab        = regexp.MustCompile(`^ *(\t)`)
	noColon    = regexp.MustCompile(`^\s*([^\s#:-][^:]*)$`)
	apostrophe = regexp.MustCompile(`[:\-,{\[] *'[^']*(')[^',}\]\s]`)
	midQuote   = regexp.MustCompile(`[{,\[:] *[^\s"'{}\[\],:#][^"'{}\[\],:]* (["'])`)
	noText     = regexp.MustCompile("[\\[{,:-] *([@%`|>])")
	starred    = regexp.MustCompile(`(?:^|[\s\[{,:])([*&!])`)
	comment    = regexp.MustCompile(`[{\[][^'"]*[:,\[{] (#[^\s]+[^}\]]*[}\]].*)$`)
	escape     = regexp.MustCompile(`"(?:[^"\\]|\\[0abtnvfre "'\\N_LPxuU\t])*(\\)[^0abtnvfre "'\\N_LPxuU\t]`)
)

// syntaxProblem returns YAML's complaint at its line. yaml.v3 is now and then one line early with a
// key that has no colon.
func syntaxProblem(file string, text []byte, err error) option.Problem {
	p := option.Problem{Pos: option.Pos{File: file, Line: 1, Column: 1},
		Message: strings.TrimPrefix(err.Error(), "yaml: "),
		Hint:    usual}
	if m := yamlLine.FindStringSubmatchIndex(p.Message); m != nil {
		p.Line, _ = strconv.Atoi(p.Message[m[2]:m[3]])
		p.Message = p.Message[:m[0]] + p.Message[m[1]:]
		if strings.HasPrefix(p.Message, "did not find expected") {
			p.Line++ // these it counts from 0
		}
	}
	lines := strings.Split(string(text), "\n")
	p.Line = min(p.Line, len(lines))
	// what is missing at the end is missing on the last line
	for p.Line > 1 && strings.TrimSpace(lines[p.Line-1]) == "" {
		p.Line--
	}
	// find moves the problem to the first line, on the way from one to the other, that the pattern
	// matches.
	find := func(from, to int, pattern *regexp.Regexp) bool {
		step := 1
		if to < from {
			step = -1
		}
		for n := from; n != to+step; n += step {
			if n < 1 || n > len(lines) {
				continue
			}
			if at := pattern.FindStringSubmatchIndex(lines[n-1]); at != nil {
				p.Line, p.Column = n, utf8.RuneCountInString(lines[n-1][:at[2]])+1
				return true
			}
		}
		return false
	}
	switch m := yamlAnchor.FindStringSubmatch(p.Message); {
	// what most often is wrong
	case (strings.Contains(p.Message, "token") || strings.Contains(p.Message, "tab character")) &&
		find(1, len(lines), tab):
		p.Message = "a tab, where YAML wants blanks"
		return p
	case p.Message == "could not find expected ':'":
		find(p.Line-1, p.Line+1, noColon)
	case p.Message == "did not find expected key" && find(p.Line+2, p.Line-2, apostrophe):
		p.Message, p.Hint = "an apostrophe ends the text", `put a text with an apostrophe between "…"`
		return p
	case p.Message == "did not find expected alphabetic or numeric character" ||
		p.Message == "did not find expected whitespace or line break":
		if !find(p.Line, p.Line-1, starred) {
			if line, column, mark := bracketInText(lines, p.Line); line > 0 {
				p.Line, p.Column, p.Message = line, column, fmt.Sprintf("a %s inside a text that has no quotes", mark)
				p.Hint = flow
				return p
			}
		}
	case p.Message == "did not find expected key" && misplaced(lines, p.Line) > 0:
		p.Line = misplaced(lines, p.Line)
	case p.Message == "found unknown escape character":
		find(p.Line, p.Line-1, escape)
	case p.Message == "control characters are not allowed":
		if at := bytes.IndexFunc(text, isControl); at >= 0 {
			p.Line, p.Column = place(text[:at])
		}
	case p.Message == "found unexpected end of stream" && find(p.Line, 1, midQuote):
		p.Message, p.Hint = "quotes that begin in the middle of a text",
			`put the whole text between them: "GET /notes?tag=a"`
		return p
	case m != nil && find(1, len(lines), regexp.MustCompile(`(\*`+regexp.QuoteMeta(m[1])+
		`)`)): // of which YAML says no line
		p.Message, p.Hint = fmt.Sprintf("*%s means a value named &%s before, and there is none", m[1], m[1]),
			"quote a text that begins with *"
		return p
	}
	if strings.HasPrefix(p.Message, "did not find expected") {
		if find(p.Line, p.Line-2, comment) {
			p.Message, p.Hint = "a # that begins a comment, here inside { } or [ ]",
				"put quotes around a text that begins with #"
			return p
		}
		if line, column := tooMany(lines); line > 0 {
			p.Line, p.Column, p.Message = line, column, "a bracket too many"
			p.Hint = "close each { and [ once"
			return p
		}
	}
	noToken := p.Message == "found character that cannot start any token"
	if strings.HasSuffix(p.Message, "' or '}'") || strings.HasSuffix(p.Message, "' or ']'") || noToken ||
		p.Message == "did not find expected node content" {
		if !noToken && find(p.Line, p.Line+1, apostrophe) {
			p.Message, p.Hint = "an apostrophe ends the text", `put a text with an apostrophe between "…"`
			return p
		}
		if line, column, mark := bracketInText(lines, p.Line); line > 0 {
			p.Line, p.Column, p.Message = line, column, fmt.Sprintf("a %s inside a text that has no quotes", mark)
			p.Hint = flow
			return p
		}
	}
	if noToken {
		find(p.Line, p.Line+1, noText)
	}
	if said, ok := plainer[p.Message]; ok {
		p.Message, p.Hint = said.message, said.hint
	}
	p.Line = min(max(p.Line, 1), max(len(lines), 1))
	if line := lines[p.Line-1]; p.Column == 1 {
		p.Column = len(line) - len(strings.TrimLeft(line, " ")) + 1
	}
	return p
}

// misplaced returns the first line, from one on, that begins at a column where no level of the text
// around it does; 0 where there is none.
func misplaced(lines []string, from int) int {
	var levels []int
	open := 0 // of { and [
	for n := from; n <= len(lines); n++ {
		line := lines[n-1]
		text := strings.TrimLeft(line, " ")
		at := len(line) - len(text)
		if text == "" || text[0] == '#' {
			continue
		}
		within := open > 0
		open += strings.Count(line, "{") + strings.Count(line, "[")
		open -= strings.Count(line, "}") + strings.Count(line, "]")
		if within {
			continue
		}
		deepest := -1
		for len(levels) > 0 && levels[len(levels)-1] > at {
			deepest = max(deepest, levels[len(levels)-1])
			levels = levels[:len(levels)-1]
		}
		if deepest >= 0 && (len(levels) == 0 || levels[len(levels)-1] != at) {
			return n
		}
		if len(levels) == 0 || levels[len(levels)-1] != at {
			levels = append(levels, at)
		}
		for strings.HasPrefix(text, "- ") {
			inner := strings.TrimLeft(text[1:], " ")
			at += len(text) - len(inner)
			text, levels = inner, append(levels, at)
		}
	}
	return 0
}

// tooMany returns where a line closes more brackets than are open; 0 where none does.
func tooMany(lines []string) (line, column int) {
	depth, quote := 0, rune(0)
	for n, text := range lines {
		before := ' '
		for i, c := range []rune(text) {
			switch {
			case quote != 0:
				if c == quote && before != '\\' {
					quote = 0
				}
			case c == '#' && before == ' ':
				quote = '\n'
			case (c == '"' || c == '\'') && strings.ContainsRune(" [{,:(", before):
				quote = c
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				if depth--; depth < 0 {
					return n + 1, i + 1
				}
			}
			before = c
		}
		if quote == '\n' {
			quote = 0
		}
	}
	return 0, 0
}

// bracketInText returns the first bracket or question mark in the middle of a text without quotes,
// inside the { } or [ ] that are open on a line or begin on it: there YAML ends the text.
func bracketInText(lines []string, at int) (line, column int, mark string) {
	begin := at
	for begin > 1 && !strings.HasPrefix(strings.TrimLeft(lines[begin-1], " "), "- ") {
		begin--
	}
	depth, quote, text := 0, rune(0), false
	for n := begin; n <= min(at+1, len(lines)); n++ {
		before := ' '
		for i, c := range []rune(lines[n-1]) {
			switch {
			case quote != 0:
				if c == quote && before != '\\' {
					quote = 0
				}
			case text && depth > 0 && strings.ContainsRune("[{", c) && before != ' ', text && depth > 0 && c == '?':
				return n, i + 1, string(c)
			case !text && strings.ContainsRune("[{", c):
				depth++
			case strings.ContainsRune("]}", c) && depth > 0:
				depth--
				text = false
			case c == ',' && depth > 0, c == ':' || c == ' ' && before == ':':
				text = false
			case !text && (c == '"' || c == '\''):
				quote = c
			case c != ' ' && c != '-' || text:
				text = true
			}
			before = c
		}
		text = false
	}
	return 0, 0, ""
}

var octal = regexp.MustCompile(`^0[0-7]+$`)

type reader struct {
	file     string
	count    int
	problems option.Problems
}

func (r *reader) value(n *yaml.Node) option.Value {
	v := option.Value{Pos: option.Pos{File: r.file, Line: n.Line, Column: n.Column}, Text: n.Value}
	if r.count++; r.count > maxValues {
		if r.count == maxValues+1 {
			r.problems = append(r.problems, v.Problem("more than %d values", maxValues)...)
		}
		return v
	}
	if n.Style&yaml.TaggedStyle != 0 {
		p := v.Problem("%s is not read here", n.Tag)
		p[0].Hint = "remove it, or quote a text that begins with !"
		r.problems = append(r.problems, p...)
	}
	switch n.Kind {
	case yaml.AliasNode:
		aliased := r.value(n.Alias)
		aliased.Pos = v.Pos
		return aliased
	case yaml.SequenceNode:
		v.Kind = option.List
		for _, item := range n.Content {
			v.Items = append(v.Items, r.value(item))
		}
	case yaml.MappingNode:
		v.Kind = option.Map
		for i := 0; i+1 < len(n.Content); i += 2 {
			before := r.problems
			key := r.value(n.Content[i])
			if n.Content[i].Kind != yaml.ScalarNode || n.Content[i].Tag == "!!merge" {
				r.problems = before
				p := key.Problem("a key must be plain text")
				p[0].Hint = "quote a text that begins with { or ["
				if n.Content[i].Tag == "!!merge" {
					p = key.Problem("<< is not read here")
					p[0].Hint = "write the keys out"
				}
				r.problems = append(r.problems, p...)
				continue
			}
			value := n.Content[i+1]
			if name, _, colon := strings.Cut(key.Text, ":"); n.Style&yaml.FlowStyle != 0 && n.Content[i].Style == 0 &&
				value.ShortTag() == "!!null" && value.Value == "" && colon {
				p := key.Problem("a blank is missing after %q", name+":")
				p[0].Hint = "write key: value; a text with a colon in it wants quotes"
				r.problems = append(r.problems, p...)
			} else if n.Style&yaml.FlowStyle != 0 && value.ShortTag() == "!!null" && value.Value == "" {
				p := key.Problem("%q has no value", key.Text)
				p[0].Hint = "put quotes around a text with a comma in it, and write null for nothing"
				p[0].Warning = !strings.ContainsAny(key.Text, " $") || n.Content[i].Style != 0
				r.problems = append(r.problems, p...)
			}
			v.Fields = append(v.Fields, option.Field{Key: key, Value: r.value(value)})
		}
	default:
		v.Kind, v.Plain = scalarKind(n), n.Style == 0
		if v.Kind == option.Int && octal.MatchString(n.Value) {
			p := v.Problem("%s is read as the number %v, since it begins with 0", n.Value, v.Interface())
			p[0].Hint, p[0].Warning = "put quotes around a text of digits", true
			r.problems = append(r.problems, p...)
		}
		if v.Kind == option.Bool {
			v.Text = strings.ToLower(v.Text)
		}
	}
	return v
}

func scalarKind(n *yaml.Node) option.Kind {
	switch n.ShortTag() {
	case "!!null":
		return option.Null
	case "!!bool":
		return option.Bool
	case "!!int":
		return option.Int
	case "!!float":
		return option.Float
	}
	return option.String
}

// plural returns the number with its word.
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
