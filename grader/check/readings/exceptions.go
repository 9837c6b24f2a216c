package readings

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// exceptions are what is left to say where no entry knows the exception: the student's line that it
// came from, and what raised it.
var exceptions = tool{name: "exceptions", entries: []entry{
	on("no-key", `(?m)^(?:\w+\.)?KeyError: (['"])([^'"\n]+)['"]$`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		p, ok := s.frame()
		if !ok || !strings.Contains(p.text, "'"+m[2]+"'") && !strings.Contains(p.text, `"`+m[2]+`"`) ||
			len(s.readOn(p)) > 0 {
			return false
		}
		h.Cause = fmt.Sprintf("%s, asks for the key %q, which is not in there: `%s`.", p, m[2], p.code())
		h.Advice = fmt.Sprintf("Look how it is spelt where that is made; .get(%q) gives None where it is not "+
			"there.", m[2])
		return true
	}),
	on("traceback", `Traceback \(most recent call last\)`, "", "").with(uncaught),
	on("exception",
		`(?m)^(?:Uncaught )?((?:[\w$]+\.)*\w*(?:Error|Exception|Exit|Interrupt)\b(?: \[\w+\])?(?:: [^\n]*)?)$`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		p, ok := s.frame()
		if !ok {
			return false
		}
		h.Cause = fmt.Sprintf("The program ended with an exception, raised from %s: `%s`.", p, p.code())
		if s.answers {
			h.Cause = fmt.Sprintf("The exception is raised from %s: `%s`.", p, p.code())
			h.Advice = "Look at that line with the exception's words."
			return true
		}
		h.Advice = "Look at that line with the exception's words: the log below has the whole of it."
		s.givenBy(p, m[1], h)
		return true
	}),
	on("own-line", `[\w./-]*\w\.\w+(?::\d|\(\d+,\d+\)| on line \d)`, "", "").with(ownLine),
}}

var (
	// pointsAt is a place in a file as compilers and test runners write it.
	pointsAt = regexp.MustCompile(`([\w./@-]*\w\.\w+)(?::(\d+)(?::\d+)?|\((\d+),\d+\)| on line (\d+))`)
	// failing is a line that says what is wrong.
	failing = regexp.MustCompile(`(?i)\b(?:\w*error|emerg|fatal|fail(?:ed|ure|ing)?|cannot|could not|expected|` +
		`unexpected|invalid|undefined|unknown|not found)\b|[✕✗●✖×]`)
	// around is what stands beside those words: the time, the project, what led to the place.
	around = regexp.MustCompile(`^\d{4}/[\d/:. -]+(?:\[(\w+)\] [\d#: ]+)?|\s*\[(?:\S+\.\w+proj|plugin [\w-]+)\]$|` +
		`\s+(?:in|at)\s*$|^[✘✖×] \[ERROR\] `)
	harmless = regexp.MustCompile(`(?i)warn|deprecat|notice|^\s*[-+] `)
)

// ownLine is what is left to say of a log that no exception is in: the first place of a file of the
// student's beside which the log says that something is wrong, and what it says there.
func ownLine(s *Scene, _ []string, h *check.Hint) bool {
	lines := strings.Split(s.log, "\n")
	for i, line := range lines {
		m := pointsAt.FindStringSubmatch(line)
		if m == nil || harmless.MatchString(line) {
			continue
		}
		name := m[1]
		if !path.IsAbs(name) {
			name = inside(s.workdir(), name)
		}
		p, ok := s.lineOf(s.own(name), m[2]+m[3]+m[4])
		if !ok {
			continue
		}
		says := said(lines, i, m[0])
		if says == "" {
			continue
		}
		s.says = tidy(says)
		words := strings.Trim(around.ReplaceAllString(strings.Replace(s.says, m[0], "", 1), ""), " :-–>|✘✖×")
		h.Cause = fmt.Sprintf("The log points at %s: %s. The line is `%s`.", p, strings.TrimSuffix(short(words), "."),
			p.code())
		h.Advice = "Correct what it says of that line, so that the same command ends well at home."
		if s.started {
			h.Advice = "Look at that line with those words."
		}
		return true
	}
	return false
}

// mostAbove is how many lines above a place are looked at for what is said of it.
const mostAbove = 12

// said returns the line of a log that says what is wrong at the place which one of its lines names: it
// is that line, the one below, or the nearest above; empty where none does.
func said(lines []string, i int, at string) string {
	if before, after, _ := strings.Cut(lines[i], at); strings.Trim(before, " ./") == "" &&
		len(strings.Fields(strings.Trim(after, " :-"))) > 1 {
		return lines[i] // a linter's
	}
	if strings.HasPrefix(strings.TrimSpace(lines[i]), "-->") && i > 0 && strings.TrimSpace(lines[i-1]) != "" {
		return lines[i-1] // Rust's, and what learnt of it
	}
	near := []int{i, i + 1}
	for n := 1; n <= mostAbove; n++ {
		near = append(near, i-n)
	}
	for _, n := range near {
		if n >= 0 && n < len(lines) && failing.MatchString(lines[n]) && !harmless.MatchString(lines[n]) {
			return lines[n]
		}
	}
	return ""
}

// code returns the line as a sentence repeats it.
func (p place) code() string { return short(strings.TrimSpace(p.text)) }

// raised is what a traceback of Python ends with.
type raised struct {
	class string // without its package
	words string // empty where it says none
	line  string // both, as the log has them
	by    string // the package that raised it; empty where that is a line of the student's
}

var (
	exceptionLine = regexp.MustCompile(`^((?:[A-Za-z_]\w*\.)*([A-Za-z_]\w*))(?:: (.*))?$`)
	pythonFrame   = regexp.MustCompile(`^\s+File "([^"]+)", line \d+`)
	richFrame     = regexp.MustCompile(`^│\s+(/[^\s:]+\.py):\d+ in `)
	packageFile   = regexp.MustCompile(`(?:site-packages|dist-packages)/(\w+)`)
	libraryFile   = regexp.MustCompile(`/lib/python[\d.]+/(\w+)`)
)

// raised returns what the last traceback of the log ends with; ok is false where there is none.
func (s *Scene) raised() (r raised, ok bool) {
	within, last, prefix := false, "", ""
	for line := range strings.Lines(s.log) {
		line = strings.TrimRight(line, "\r\n")
		if strings.Contains(line, "Traceback (most recent call last)") && !strings.HasPrefix(last,
			"--- Logging error") {
			within, ok, r = true, false, raised{}
			prefix, _, _ = strings.Cut(line, "Traceback")
			if strings.Trim(prefix, " |") != "" {
				prefix = ""
			}
			continue
		}
		last, line = line, strings.TrimPrefix(line, prefix)
		if !within {
			continue
		}
		if strings.HasPrefix(line, "│") || strings.HasPrefix(line, "╰") { // Rich's
			if m := richFrame.FindStringSubmatch(line); m != nil {
				r.by = s.maker(m[1])
			}
			continue
		}
		if m := pythonFrame.FindStringSubmatch(line); m != nil {
			r.by = s.maker(m[1])
			continue
		}
		if line == "" || line[0] == ' ' {
			continue
		}
		within = false
		if m := exceptionLine.FindStringSubmatch(line); m != nil {
			r.class, r.words, r.line, ok = m[2], strings.TrimSpace(m[3]), tidy(line), true
		}
	}
	return r, ok
}

// maker returns whose a file of a traceback is: a package's name, Python, or empty where it is the
// student's own.
func (s *Scene) maker(file string) string {
	if m := packageFile.FindStringSubmatch(file); m != nil {
		return m[1]
	}
	if m := libraryFile.FindStringSubmatch(file); m != nil {
		return "Python's " + m[1]
	}
	if strings.HasPrefix(file, "<") {
		return "Python"
	}
	if s.own(file) != "" {
		return ""
	}
	return "what CMD starts"
}

// uncaught says which line of the student's an exception came from, who raised it, and with which
// words; and where a variable of the environment is on that line, who gives it its value.
func uncaught(s *Scene, _ []string, h *check.Hint) bool {
	r, ok := s.raised()
	if !ok {
		return false
	}
	s.says = r.line
	p, own := s.frame()
	says := r.class
	if r.words != "" {
		says += ": " + r.words
	}
	switch {
	case s.answers && own:
		h.Cause = fmt.Sprintf("The exception is raised from %s: `%s`.", p, p.code())
		h.Advice = "Look at that line with the exception's words."
	case !own && s.answers, !own && r.by == "":
		return false
	case !own:
		h.Cause = fmt.Sprintf("%s ends with %s, and no line of the program is in its traceback.", capital(r.by), says)
		h.Advice = "Look at the words of CMD, and at what ENV sets: they are what it goes by."
		if !s.started {
			h.Cause = fmt.Sprintf("%s ends with %s.", capital(r.by), says)
			h.Advice = "Look at the words of this step with those of the exception."
		}
		return true
	case r.by == "":
		h.Cause = fmt.Sprintf("%s, raises %s. The line is `%s`.", p, says, p.code())
		h.Advice = "Look at that line with the exception's words: the log below has the whole of it."
	default:
		h.Cause = fmt.Sprintf("%s, makes %s raise %s. The line is `%s`.", p, r.by, says, p.code())
		h.Advice = "Change what that line gives it, as the exception's words say."
	}
	s.givenBy(p, r.words, h)
	return true
}

// givenBy adds to a hint which variable of the environment is behind a line that failed: one that
// the line reads, or one whose value the exception repeats.
func (s *Scene) givenBy(p place, words string, h *check.Hint) {
	read := s.readOn(p)
	if unset := s.unset(p); len(unset) > 0 {
		var more check.Hint
		missing(s, unset, &more)
		h.Cause += fmt.Sprintf(" Nothing sets %s.", variables(unset))
		h.Advice, h.Edit = more.Advice, more.Edit
		return
	}
	if in, a := s.assignment(read, words); in != nil {
		h.Cause += fmt.Sprintf(" %s, line %d, sets %s", s.File.Name, in.Line, a.Name)
		if !secret(a.Name) {
			h.Cause += fmt.Sprintf(" to `%s`", short(a.Value))
		}
		h.Cause += "."
		h.Advice = fmt.Sprintf("Give %s a value there that the program can read.", a.Name)
		line, comment, ok := dockerfile.CutComment(s.File.Lines[in.Line-1])
		if ok && in.Line == in.EndLine && strings.HasSuffix(a.Value, comment) {
			h.Advice = "What stands behind # is a part of the value: a comment has a line of its own."
			h.Edit = check.EditOf(s.File.Name, s.File.Change(*in, comment, line))
		}
	}
}

// unset returns the variables behind a line that nothing gives a value.
func (s *Scene) unset(p place) []string {
	return slices.DeleteFunc(s.readOn(p), func(name string) bool { return s.sets(name) || s.hasDefault(name) })
}

// assignment returns the ENV line that gives one of the variables a value, or gives a value that a
// text has in quotes.
func (s *Scene) assignment(names []string, quoted string) (*dockerfile.Instruction, *dockerfile.Assignment) {
	for _, in := range s.File.Effective() {
		for _, a := range in.Assignments() {
			if in.Name != "ENV" || a.Value == "" {
				continue
			}
			repeats := strings.Contains(quoted, "'"+a.Value+"'") || strings.Contains(quoted, `"`+a.Value+`"`)
			for _, name := range names {
				repeats = repeats || strings.EqualFold(name, a.Name)
			}
			if repeats {
				return &in, &a
			}
		}
	}
	return nil, nil
}

// hasDefault reports whether the program has a value for a variable that nobody sets.
func (s *Scene) hasDefault(name string) bool {
	p, _ := s.grep(regexp.MustCompile(`(?:getenv|environ\.get|config|env)\(\s*["']`+regexp.QuoteMeta(name)+
		`["']\s*,|["']`+regexp.QuoteMeta(name)+`["']\)\s*or\b|process\.env\.`+regexp.QuoteMeta(name)+
		`\s*(?:\|\||\?\?)`), ".py.js.mjs.cjs.ts")
	return p.file != ""
}

// readOn returns the variables of the environment that a line reads, or that were read into a name
// which it uses.
func (s *Scene) readOn(p place) (names []string) {
	for _, m := range readsVariable.FindAllStringSubmatch(s.call(p), -1) {
		names = append(names, m[1])
	}
	if len(names) > 0 {
		return names
	}
	for _, word := range regexp.MustCompile(`[A-Za-z_]\w*`).FindAllString(p.text, -1) {
		for _, ends := range []string{".py", ".js.mjs.cjs.ts"} {
			from, got := s.grep(regexp.MustCompile(`^\s*(?:self\.|const |let |var )?`+word+
				`\s*(?::\s*\w+)?\s*=\s*.*?`+readsVariable.String()), ends)
			if got != nil && (from.line != p.line || from.file != p.file) {
				for _, m := range readsVariable.FindAllStringSubmatch(s.call(from), -1) {
					names = append(names, m[1])
				}
			}
		}
	}
	return names
}

// mostOfCall is how many lines of a call are looked at.
const mostOfCall = 12

// call returns a line with those below it that belong to the same brackets.
func (s *Scene) call(p place) string {
	text, lines := p.text, s.lines(p.file)
	for _, line := range lines[p.line:min(len(lines), p.line+mostOfCall)] {
		if strings.Count(text, "(") <= strings.Count(text, ")") {
			break
		}
		text += "\n" + line
	}
	return text
}

// readsVariable is how a program reads a variable of the environment.
var readsVariable = regexp.MustCompile(`(?:environ(?:\.get\(|\[)|getenv\(|process\.env(?:\.|\[))\s*["']?([A-Za-z_]\w*)`)
