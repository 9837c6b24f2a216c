package readings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

var (
	opensBlock = regexp.MustCompile(`^\s*(?:async\s+)?(?:def|class|if|elif|else|for|while|try|except|finally|with|` +
		`match|case)\b`)
	noColonThere = regexp.MustCompile(`(?:expected ':'|invalid syntax$)`)
	blockWanted  = regexp.MustCompile(`expected an indented block(?:.* on line (\d+))?`)
	neverClosed  = regexp.MustCompile(`'([(\[{])' was never closed`)
)

// closers are the brackets that end what each one opens.
var closers = map[rune]rune{'(': ')', '[': ']', '{': '}'}

// mended says of a line that Python cannot read how it is written, where that is certain, and
// reports whether it is; said is what Python says of it.
func (s *Scene) mended(p place, said string, h *check.Hint) bool {
	code, comment := withoutComment(p.text)
	switch open := unclosed(code); {
	case noColonThere.MatchString(said) && opensBlock.MatchString(code) && open == "" && !strings.HasSuffix(code, ":"):
		by := regexp.MustCompile(`^(\s*)else\s+if\b`).ReplaceAllString(code, "${1}elif")
		h.Cause = fmt.Sprintf("%s, lacks the colon at its end: `%s`.", p, p.code())
		h.Advice, h.Edit = "Write it.", &check.Edit{File: p.file, Line: p.line, Old: p.text, New: by + ":" + comment}
	case regexp.MustCompile(`^\s*else\s+if\b`).MatchString(code):
		h.Cause = fmt.Sprintf("%s, says else if, which Python writes as one word: `%s`.", p, p.code())
		h.Advice, h.Edit = "Write elif.", p.replace(regexp.MustCompile(`\belse\s+if\b`), "elif")
	case blockWanted.MatchString(said):
		return s.indented(p, blockWanted.FindStringSubmatch(said)[1], h)
	case strings.Contains(said, "unexpected indent") || strings.Contains(said, "unindent does not match"):
		return s.levelled(p, h)
	case neverClosed.MatchString(said):
		return s.closed(p, neverClosed.FindStringSubmatch(said)[1], h)
	case opensBlock.MatchString(code) && strings.HasSuffix(code, ":") && open == "(" && said == "invalid syntax":
		return s.closed(p, open, h)
	case strings.HasPrefix(said, "unmatched '") || strings.Contains(said, "does not match opening parenthesis"):
		return p.surplus(h)
	case strings.Contains(said, "Maybe you meant '=='"):
		h.Cause = fmt.Sprintf("%s, gives a value with = where it is to compare: `%s`.", p, p.code())
		h.Advice, h.Edit = "To compare is ==.", p.replace(regexp.MustCompile(`([^=!<>:])=([^=])`), "${1}==${2}")
	case strings.Contains(said, "follows parameter with a default"),
		said == "non-default argument follows default argument":
		return p.reordered(h)
	case strings.Contains(said, "inconsistent use of tabs"):
		h.Cause = fmt.Sprintf("%s, is indented by a tab, and lines around it by blanks: `%s`.", p, p.code())
		h.Advice = "Indent all lines of a block by blanks, four for each step."
		if in := indent(p.text); strings.Trim(in, "\t") == "" {
			h.Advice, h.Edit = "Indent it by blanks.", &check.Edit{File: p.file, Line: p.line, Old: p.text,
				New: strings.Repeat("    ", len(in)) + strings.TrimLeft(p.text, "\t")}
		}
	case strings.HasPrefix(said, "unterminated string literal") &&
		strings.Count(code, `"`)%2+strings.Count(code, "'")%2 == 1:
		return p.quoted(h)
	case strings.HasPrefix(said, "invalid syntax") && p.line > 1:
		return s.commaAbove(p, said, h)
	default:
		return false
	}
	return true
}

// withoutComment returns a line of Python without the comment at its end, and that.
func withoutComment(line string) (code, comment string) {
	quote := rune(0)
	for i, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case quote == 0 && r == '#':
			code = strings.TrimRight(line[:i], " \t")
			return code, line[len(code):]
		}
	}
	return strings.TrimRight(line, " \t"), ""
}

// unclosed returns the brackets that a text of Python opens and does not close, the outermost
// first.
func unclosed(text string) string {
	var open []rune
	quote := rune(0)
	for _, r := range text {
		switch {
		case quote != 0:
			if r == quote || r == '\n' {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case closers[r] != 0:
			open = append(open, r)
		case len(open) > 0 && closers[open[len(open)-1]] == r:
			open = open[:len(open)-1]
		}
	}
	return string(open)
}

// indent returns the blanks that a line begins with.
func indent(line string) string { return line[:len(line)-len(strings.TrimLeft(line, " \t"))] }

// indented says of a line at which a block is missing that it belongs to the block, or that
// there is none; number is of the line that opens it, where Python says so.
func (s *Scene) indented(p place, number string, h *check.Hint) bool {
	lines := s.lines(p.file)
	above, ok := s.lineOf(p.file, number)
	for n := p.line - 1; n > 0 && !ok; n-- {
		if opensBlock.MatchString(lines[n-1]) {
			above, ok = place{p.file, n, lines[n-1]}, true
		}
	}
	if !ok {
		return false
	}
	inner := indent(above.text) + "    "
	h.Cause = fmt.Sprintf("%s, opens a block with `%s`, and nothing below it is indented: line %d is `%s`.", above,
		above.code(), p.line, p.code())
	h.Advice = "Indent what belongs to it by four blanks more than that line."
	if strings.HasPrefix(strings.TrimSpace(p.text), "@") || regexp.MustCompile(
		`^\s*(?:async\s+)?(?:def|class)\b`).MatchString(p.text) || above.line+1 < p.line {
		h.Cause = fmt.Sprintf("%s, opens a block with `%s`, and there is nothing in it.", above, above.code())
		h.Advice, h.Edit = "pass does nothing, and is enough.", &check.Edit{File: p.file, Line: above.line,
			New: inner + "pass"}
		return true
	}
	last := p.line
	for last < len(lines) && indent(lines[last]) == indent(p.text) && strings.TrimSpace(lines[last]) != "" {
		last++
	}
	if last-p.line > 3 || last < len(lines) && strings.TrimSpace(lines[last]) != "" &&
		len(indent(lines[last])) > len(indent(p.text)) {
		return true
	}
	old := lines[p.line-1 : last]
	by := make([]string, len(old))
	for i, line := range old {
		by[i] = inner + strings.TrimLeft(line, " \t")
	}
	h.Advice, h.Edit = "Indent it.", &check.Edit{File: p.file, Line: p.line, Old: strings.Join(old, "\n"),
		New: strings.Join(by, "\n")}
	return true
}

// levelled says of a line that is indented as no line above it is how far that is.
func (s *Scene) levelled(p place, h *check.Hint) bool {
	lines := s.lines(p.file)
	n := p.line - 1
	for n > 0 && strings.TrimSpace(lines[n-1]) == "" {
		n--
	}
	if n == 0 {
		h.Cause = fmt.Sprintf("%s, begins with blanks, and it is in no block: `%s`.", p, p.code())
		h.Advice, h.Edit = "Write it without.", p.replace(regexp.MustCompile(`^\s+`), "")
		return true
	}
	above := place{p.file, n, lines[n-1]}
	have, want := len(indent(p.text)), len(indent(above.text))
	if strings.Contains(indent(p.text)+indent(above.text), "\t") {
		return false
	}
	h.Cause = fmt.Sprintf("%s, is indented by %d blanks, and the line above it by %d: `%s`.", p, have, want, p.code())
	h.Advice = "Indent both alike, where they belong to one block."
	if have-want < 4 && want-have < 3 && unclosed(above.text) == "" {
		h.Advice, h.Edit = "Indent both alike.", &check.Edit{File: p.file, Line: p.line, Old: p.text,
			New: indent(above.text) + strings.TrimLeft(p.text, " ")}
	}
	return true
}

// closed says of a line that opens a bracket where it belongs closed.
func (s *Scene) closed(p place, bracket string, h *check.Hint) bool {
	lines := s.lines(p.file)
	last := p.line
	for last < len(lines) && len(indent(lines[last])) > len(indent(p.text)) {
		last++
	}
	code, comment := withoutComment(p.text)
	open := unclosed(strings.Join(lines[p.line-1:last], "\n"))
	h.Cause = fmt.Sprintf("%s, opens a bracket, %s, which is not closed again: `%s`.", p, bracket, p.code())
	h.Advice = "Close it where it ends."
	block := opensBlock.MatchString(code) && strings.HasSuffix(code, ":") && unclosed(code) != ""
	if block { // what is below is its body
		open, last = unclosed(code), p.line
	}
	if open == "" || strings.Trim(open, bracket) != "" && last > p.line {
		return true
	}
	by := []rune(open)
	slices.Reverse(by)
	for i, r := range by {
		by[i] = closers[r]
	}
	switch {
	case last > p.line && open == bracket: // over several lines: the end has a line of its own
		h.Advice, h.Edit = "Close it.", &check.Edit{File: p.file, Line: last, New: indent(p.text) + string(by)}
	case block:
		h.Advice, h.Edit = "Close it.", &check.Edit{File: p.file, Line: p.line, Old: p.text,
			New: strings.TrimSuffix(code, ":") + string(by) + ":" + comment}
	case last == p.line && !strings.HasSuffix(code, ","):
		h.Advice, h.Edit = "Close it.", &check.Edit{File: p.file, Line: p.line, Old: p.text,
			New: code + string(by) + comment}
	}
	return true
}

// surplus says of a line that it closes a bracket which is not open, or is another one.
func (p place) surplus(h *check.Hint) bool {
	var open []rune
	for i, r := range p.text {
		switch {
		case r == '"' || r == '\'' || r == '#':
			return false
		case closers[r] != 0:
			open = append(open, closers[r])
		case !strings.ContainsRune(")]}", r):
		case len(open) > 0 && open[len(open)-1] == r:
			open = open[:len(open)-1]
		case len(open) == 0:
			h.Cause = fmt.Sprintf("%s, closes a bracket, %c, which is not open: `%s`.", p, r, p.code())
			h.Advice, h.Edit = "Take it out.", &check.Edit{File: p.file, Line: p.line, Old: p.text,
				New: p.text[:i] + p.text[i+1:]}
			return true
		default:
			h.Cause = fmt.Sprintf("%s, closes with %c a bracket that %c closes: `%s`.", p, r, open[len(open)-1],
				p.code())
			h.Advice, h.Edit = "Write that.", &check.Edit{File: p.file, Line: p.line, Old: p.text,
				New: p.text[:i] + string(open[len(open)-1]) + p.text[i+1:]}
			return true
		}
	}
	return false
}

var parameters = regexp.MustCompile(`^(\s*(?:async\s+)?def\s+\w+\()(.*)(\)[^()]*:\s*)$`)

// reordered says of the line that begins a function that parameters with a default come last.
func (p place) reordered(h *check.Hint) bool {
	h.Cause = fmt.Sprintf("%s, has a parameter without a default behind one with a default: `%s`.", p, p.code())
	h.Advice = "Write those that have a default last."
	m := parameters.FindStringSubmatch(p.text)
	if m == nil || strings.ContainsAny(m[2], "*/([{") {
		return true
	}
	all := strings.Split(m[2], ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	slices.SortStableFunc(all, func(a, b string) int {
		return strings.Count(a, "=") - strings.Count(b, "=")
	})
	h.Edit = &check.Edit{File: p.file, Line: p.line, Old: p.text, New: m[1] + strings.Join(all, ", ") + m[3]}
	return true
}

// quoted says of a line that a text in it has no end, which it has before what closes the line.
func (p place) quoted(h *check.Hint) bool {
	quote := `"`
	if strings.Count(p.text, `"`)%2 == 0 {
		quote = "'"
	}
	h.Cause = fmt.Sprintf("%s, begins a text with %s and does not end it: `%s`.", p, quote, p.code())
	h.Advice = "Write that sign at its end, too."
	last := p.text[strings.LastIndex(p.text, quote)+1:]
	end := len(strings.TrimRight(last, ")]},: \t"))
	by := p.text[:len(p.text)-len(last)+end] + quote + last[end:]
	if end > 0 && unclosed(by) == "" && !strings.ContainsAny(last[:end], "()[]{},") {
		h.Advice, h.Edit = "End it.", &check.Edit{File: p.file, Line: p.line, Old: p.text, New: by}
	}
	return true
}

// commaAbove says that a comma lacks between two lines of what is in brackets, and reports whether that
// is so.
func (s *Scene) commaAbove(p place, said string, h *check.Hint) bool {
	if strings.Contains(said, "forgot a comma") { // which names the line above
		lines := s.lines(p.file)
		if p.line >= len(lines) {
			return false
		}
		p = place{p.file, p.line + 1, lines[p.line]}
	}
	above, _ := s.lineOf(p.file, fmt.Sprint(p.line-1))
	code, comment := withoutComment(above.text)
	first := p.line - 1
	for lines := s.lines(p.file); first > 1 && len(indent(lines[first-1])) >= len(indent(p.text)); {
		first--
	}
	open := unclosed(strings.Join(s.lines(p.file)[first-1:p.line-1], "\n"))
	if open == "" || indent(above.text) != indent(p.text) || code == "" ||
		strings.ContainsAny(code[len(code)-1:], ",([{:=+-*/.|&") || !keyed.MatchString(p.text) {
		return false
	}
	h.Cause = fmt.Sprintf("%s, lacks a comma at its end: `%s`.", above, above.code())
	h.Advice, h.Edit = "Write it.", &check.Edit{File: p.file, Line: above.line, Old: above.text,
		New: code + "," + comment}
	return true
}

// keyed is a line that begins a further element of a list, a call or a dict.
var keyed = regexp.MustCompile(`^\s*(?:["'][^"']*["']\s*[:,]?|\w+\s*=|\w+\s*,)`)

// respelt returns what to do where a name of a file is written as it is not called: the edit of all
// lines that have it, where these stand together, else none and a sentence that names them.
func (s *Scene) respelt(p place, name, by string) (advice string, edit *check.Edit) {
	lines := slices.Clone(s.lines(p.file))
	pattern := regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`)
	from := regexp.MustCompile(`^\s*from\s+\S+\s+import\b`)
	var at []string
	first, last := 0, 0
	for i, line := range lines {
		head := from.FindString(line)
		if strings.HasPrefix(strings.TrimSpace(line), "import ") && i+1 != p.line {
			continue
		}
		changed := head + pattern.ReplaceAllLiteralString(line[len(head):], by)
		if changed == line {
			continue
		}
		if first == 0 {
			first = i + 1
		}
		last = i + 1
		at, lines[i] = append(at, fmt.Sprint(i+1)), changed
	}
	switch {
	case len(at) == 0:
		return fmt.Sprintf("Write %s.", by), nil
	case last-first < 8:
		return "Write it so.", &check.Edit{File: p.file, Line: first,
			Old: strings.Join(s.lines(p.file)[first-1:last], "\n"), New: strings.Join(lines[first-1:last], "\n")}
	}
	return fmt.Sprintf("Write %s in %s, lines %s.", by, p.file, check.And(at)), nil
}
