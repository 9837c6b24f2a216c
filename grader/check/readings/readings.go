// Package readings reads what programs write when they fail: one table, an entry for each tool and
// cause, in a file for each tool, with the log of a real run beside it in testdata. Begin with
// [Build] and [Start].
package readings

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/taskgrader/taskgrader/grader/check"
)

// Finding is what a log means.
type Finding struct {
	Tool string // whose words were read
	Name string // of the entry in the table
	Line string // the line of the log that says it
	Hint check.Hint
	File string // the student's file that the log points at; empty where it points at none
	At   int    // the line of it
	// Download is that a host did not answer, which is for the grader to look at before it is said
	// of anyone.
	Download bool
}

// Build reads the log of a step that failed. ok is false where no entry of the table knows it; then
// Line is the line that most likely says why, and there is no hint.
func Build(log string, s Scene) (f Finding, ok bool) {
	f, ok = s.read(log, building)
	if hint := s.lost(); hint != nil && !f.Download {
		return f.lost(hint, &s), true
	}
	if !ok {
		return s.fallback(f)
	}
	return f, ok
}

// fallback returns what can be said of a log that no entry reads: what the program itself says in
// it, or what a step tests that writes nothing.
func (s *Scene) fallback(f Finding) (Finding, bool) {
	hint := s.ownWords(f.Line)
	if hint == nil && f.Line == "" && !s.started {
		hint = s.tested()
	}
	if hint == nil {
		return f, false
	}
	f.Tool, f.Name, f.Hint = "program", "own-words", *hint
	if f.Hint.Edit != nil && !s.holds(*f.Hint.Edit) {
		f.Hint.Edit = nil
	}
	return f, true
}

// lost returns the finding with what to say of a line of the Dockerfile in place of its own hint.
func (f Finding) lost(hint *check.Hint, s *Scene) Finding {
	f.Tool, f.Name, f.Hint, f.File = "dockerfile", "lost", *hint, s.File.Name
	if s.Step != nil {
		f.At = s.Step.Line
	}
	if hint.Edit != nil && s.holds(*hint.Edit) {
		f.At = hint.Edit.Line
	} else {
		f.Hint.Edit = nil
	}
	return f
}

// Start reads the log of a program that did not come up, in the same way.
func Start(log string, s Scene) (f Finding, ok bool) {
	s.started = true
	f, ok = s.read(log, starting)
	for _, lose := range []func(*Scene) *check.Hint{(*Scene).swallowed, (*Scene).carriageReturns, (*Scene).lostFolder,
		(*Scene).lostExport,
		(*Scene).asList, (*Scene).emptied, (*Scene).deaf, (*Scene).testedLast} {
		if s.Step != nil {
			if hint := lose(&s); hint != nil {
				return f.lost(hint, &s), true
			}
		}
	}
	if !ok {
		return s.fallback(f)
	}
	return f, ok
}

// Answer reads the log of a program that runs and answered with a fault of its own: what it wrote
// of the last one. ok is false where no entry of the table knows that.
func Answer(log string, s Scene) (f Finding, ok bool) {
	log = unpacked(Clean(log))
	at := strings.LastIndex(log, "Traceback (most recent call last)")
	if all := ofNode.FindAllStringIndex(log, -1); all != nil {
		at = max(at, all[len(all)-1][0])
	}
	if at < 0 {
		return f, false
	}
	s.started, s.answers = true, true
	return s.read(log[at:], answering)
}

// tool is the part of the table that one program's words have.
type tool struct {
	name    string
	wraps   bool // it breaks its sentences over lines, so they are also looked for in the log as one line
	entries []entry
}

// entry is one text by which a program says what is wrong.
type entry struct {
	name    string
	pattern func() *regexp.Regexp // made when it is first asked: most runs need none
	// cause and advice are sentences; $1 and so on are what the pattern found.
	cause, advice string
	// more says what the scene adds, and may say all; nil adds nothing. Where it answers false the
	// entry does not apply.
	more func(s *Scene, m []string, h *check.Hint) bool
	// download is that the entry is about a host that did not answer.
	download bool
	earliest bool // of several places the first counts, and not the last
}

// on returns an entry: a log which the pattern matches has this cause, and that advice is the fix.
func on(name, pattern, cause, advice string) entry {
	return entry{name: name, cause: cause, advice: advice,
		pattern: sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })}
}

// with gives the entry what the scene adds.
func (e entry) with(more func(s *Scene, m []string, h *check.Hint) bool) entry {
	e.more = more
	return e
}

// first lets the first place count that the pattern matches, where others follow from it.
func (e entry) first() entry {
	e.earliest = true
	return e
}

// The parts of the table that a build, a start and a failed answer are read by, the most telling
// first: an exception's name says less than the driver that raised it, and a shell's "not found"
// less than either.
var (
	building = []tool{network, apt, apk, pip, uv, poetry, pipenv, npm, yarn, compilers, users, libraries,
		frameworks, settings,
		databases, django, typescript, python, node, golang, java, toolchains, shell, disk, projects, exceptions}
	starting = []tool{container, uv, poetry, gunicorn, uvicorn, others, flask, fastapi, alembic, pydantic, libraries,
		frameworks,
		settings, sockets, databases,
		django, typescript, python, npm, node, golang, java, toolchains, shell, waiting, exceptions}
	answering = []tool{pydantic, libraries, frameworks, settings, databases, django, python, node, exceptions}
)

// ofNode is where an exception of Node's begins in a log: its words, and below them the first call.
var ofNode = regexp.MustCompile(`(?m)^(?:Uncaught )?(?:[\w$]+\.)*\w*Error\b[^\n]*\n(?:[^\n]+\n){0,3}?\s+at `)

var (
	escapes = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\n]*\x07`)
	frames  = regexp.MustCompile(`[│╭╮╯╰├─▶×╵└┬┌┐┘]+|\[\w+Exception\]:|\s+`)
)

// Clean returns a log without colours and carriage returns.
func Clean(log string) string {
	return strings.ReplaceAll(strings.ReplaceAll(escapes.ReplaceAllString(log, ""), "\r\n", "\n"), "\r", "\n")
}

func (s *Scene) read(log string, tools []tool) (Finding, bool) {
	s.log = unpacked(Clean(log))
	tools = slices.Clone(tools)
	slices.SortStableFunc(tools, func(a, b tool) int { return s.rank(a) - s.rank(b) })
	one := strings.Join(strings.Fields(frames.ReplaceAllString(s.log, " ")), " ")
	for _, t := range tools {
		texts := []string{s.log}
		if t.wraps {
			texts = append(texts, one)
		}
		for _, e := range t.entries {
			for _, text := range texts {
				all := e.pattern().FindAllStringSubmatchIndex(text, -1)
				if all == nil {
					continue
				}
				at := all[len(all)-1] // the last is what ended it
				if e.earliest {
					at = all[0]
				}
				if f, ok := s.found(t, e, text, at); ok {
					return f, true
				}
			}
		}
	}
	return Finding{Line: telling(s.log)}, false
}

// rank puts the words of what the step runs before those of what it does not.
func (s *Scene) rank(t tool) int {
	switch {
	case t.name == network.name:
		return 0
	case s.Step != nil && strings.Contains(s.Step.Text, t.name):
		return 1
	}
	return 2
}

// found makes a finding of an entry and the place where its pattern is in a text.
func (s *Scene) found(t tool, e entry, text string, at []int) (Finding, bool) {
	m := make([]string, len(at)/2)
	for i := range m {
		if at[2*i] >= 0 {
			m[i] = text[at[2*i]:at[2*i+1]]
		}
	}
	put := func(template string) string {
		return short(string(e.pattern().ExpandString(nil, template, text, at)))
	}
	h := check.Hint{Cause: put(e.cause), Advice: put(e.advice)}
	s.says = ""
	if e.more != nil && !e.more(s, m, &h) {
		return Finding{}, false
	}
	if t.name == databases.name && !s.started {
		s.whileBuilt(&h)
	}
	if h.Edit != nil && !s.holds(*h.Edit) {
		h.Edit = nil
	}
	from, to := at[0], at[1]
	if i := 2 * max(0, e.pattern().SubexpIndex("line")); at[i] >= 0 {
		from, to = at[i], at[i+1]
	}
	h.Cause = twoStops.ReplaceAllString(h.Cause, "$1.$2")
	if h.Cause != "" && !strings.ContainsAny(h.Cause[len(h.Cause)-1:], ".:!?…)") {
		h.Cause += "."
	}
	f := Finding{Tool: t.name, Name: e.name, Line: lineAt(text, from, to), Hint: h, Download: e.download}
	if s.says != "" {
		f.Line = s.says
	}
	if h.Edit != nil {
		f.File, f.At = h.Edit.File, h.Edit.Line
	} else if p, ok := s.frame(); ok {
		f.File, f.At = p.file, p.line
	}
	return f, true
}

// twoStops are those of a sentence that ends with a sentence.
var twoStops = regexp.MustCompile(`([\w)'"\x60])\.\.(\s|$)`)

// lineAt returns the line of a text in which a match begins; of a text that is one line, the match.
func lineAt(text string, from, to int) string {
	if !strings.Contains(text, "\n") {
		return tidy(text[from:to])
	}
	for from < to && strings.ContainsRune(" \n\t", rune(text[from])) {
		from++
	}
	begin := strings.LastIndexByte(text[:from], '\n') + 1
	end := strings.IndexByte(text[from:], '\n')
	if end < 0 {
		end = len(text) - from
	}
	return tidy(text[begin : from+end])
}

var (
	bullets = regexp.MustCompile(`^[\s│╭╰├─▶×>]+|[\s│╮╯]+$`)
	refused = regexp.MustCompile(
		`^(?:docker: )?Error response from daemon: .*(?:OCI runtime create failed|container init|process ` +
			`caused)[^"]*: ?(exec: ".*)$`)
	listed = regexp.MustCompile(`\(from versions: ([^)]{60,})\)`)
)

// tidy returns a line of a log without what frames it, and without a list that has no end.
func tidy(line string) string {
	line = refused.ReplaceAllString(bullets.ReplaceAllString(line, ""), "$1")
	line = listed.ReplaceAllStringFunc(line, func(list string) string {
		all := strings.Split(strings.TrimSuffix(strings.TrimPrefix(list, "(from versions: "), ")"), ", ")
		return "(from versions: …, " + strings.Join(all[max(0, len(all)-3):], ", ") + ")"
	})
	return short(line)
}

var (
	// says is a line that says why, wherever it stands: an error of a tool, or an exception of a
	// language.
	says = regexp.MustCompile(
		`^\s*(?:cause: |E: |Fatal Python error|ERROR:? |error:? |Error:? |FATAL:? |fatal: |npm (?:error|ERR!) |` +
			`panic: |\{.*"level(?:name)?": ?(?:[56]0\b|"(?i:error|fatal|critical)")|` +
			`(?:[\w$]+\.)*\w*(?:Error|Exception|Rejection)\b(?: \[\w+\])?: ?)`)
	// empty is a line that says nothing of its own: where more is to be read, the end of a frame,
	// what a server says last.
	empty = regexp.MustCompile(
		`(?i)^\W*$|complete log of this run|See above|for (?:more|further) (?:information|details)|` +
			`likely not a problem with pip|Failed to build '|when (?:getting requirements|calling build backend)|` +
			`metadata-generation-failed|subprocess-exited-with-error|did not run successfully|exit code: \d|` +
			`\[end of output\]|Preparing metadata|npm (?:error|ERR!)\s*$|Background on this error|^Node\.js v\d|` +
			`application (?:startup failed|shutdown complete)|Shutting down|Reason: (?:Worker|App) failed|` +
			`Worker exiting|Worker \(pid:\d+\) (?:exited with code|was sent)|Finished server process|` +
			`Waiting for application|Control socket listening|Exiting\.*$|npm notice|^\s*(?:at |File ")|new release ` +
			`of pip|To update, run|^[\s~^]+$|^\(Use .node ` +
			`--trace|` +
			`^\s+(?:code|errno|syscall|path|address|port|hostname|requireStack|library|reason|type|name): |` +
			`Error is not recoverable: exiting now|Child returned status|^make: \*\*\* \[|use -\[v\]S to pass|` +
			`^npm (?:error|ERR!) (?:the command again|If you believe|permissions of|It is likely|The operation was|` +
			`errno |code |` +
			`syscall |path |dest |enoent This is|enoent$|command (?:sh|failed)|\}|\{)|` +
			`\[Help \d\]|[Rr]e-run Maven|^\[ERROR\]\s*$|errors and possible solutions, please|pris\.ly/d/|` +
			`^\s*throw \w+;?$|info Visit https://yarnpkg|list of sources could not be read`)
)

// telling returns the line of a log that most likely says why it ended: the last that calls itself
// an error, or else the last that says something.
func telling(log string) string {
	last, said, open := "", "", false
	for line := range strings.Lines(log) {
		switch {
		case empty.MatchString(line):
			continue
		case open: // what was said goes on
			said += line
		case says.MatchString(line):
			said = line
		}
		open = !open && said != "" && strings.HasSuffix(said, line) && strings.HasSuffix(strings.TrimSpace(line), ":")
		last = line
	}
	if said != "" {
		last = said
	}
	return tidy(last)
}

// longest is how many bytes of a program's text are repeated in one sentence.
const longest = 400

func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "…"
	}
	return s
}

// From returns so many lines of a log, the last ones, unless the line that says why stands above
// those: then from a little above it on.
func From(log, line string, lines int) string {
	all := strings.Split(strings.TrimSpace(Clean(log)), "\n")
	from := max(0, len(all)-lines)
	for i := from - 1; i >= 0 && line != ""; i-- {
		if tidy(all[i]) == line {
			from = max(0, i-before)
			break
		}
	}
	return strings.Join(all[from:min(len(all), from+lines)], "\n")
}

// before is how many lines are shown above the one that says why.
const before = 6

// Tail returns the last lines.
func Tail(log string, lines int) string {
	all := strings.Split(strings.TrimSpace(Clean(log)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
