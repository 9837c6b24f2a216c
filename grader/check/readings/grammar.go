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
	case last == p.line && opensBlock.MatchString(code) && strings.HasSuffix(code, ":"):
		h.Advice, h.Edit = "Close it.", &check.Edit{File: p.file, Line: p.line, Old: p.text,
			New: strings.TrimSuffix(code, ":") + string(by) + ":" + comment}
	case last == p.line && !strings.HasSuffix(code, ","):
		h.Advice, h.Edit = "Close it.", &check.Edit{File: p.file, Line: p.line, Old: p.text,
			New: code + string(by) + comment}
	}
	return true
}

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
