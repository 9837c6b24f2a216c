package readings

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// holds reports whether an edit can be made in the folder, and leaves a Dockerfile that can be
// read.
func (s *Scene) holds(e check.Edit) bool {
	text, err := fs.ReadFile(s.Folder, e.File)
	if err != nil {
		return false
	}
	after, err := e.Apply(string(text))
	if err != nil || after == string(text) {
		return false
	}
	if e.File == s.File.Name {
		_, err = dockerfile.Parse(e.File, []byte(after))
	}
	return err == nil
}

// replace returns the edit of a line of the student's in which a pattern is replaced once, or nil
// where it is not there.
func (p place) replace(pattern *regexp.Regexp, by string) *check.Edit {
	at := pattern.FindStringSubmatchIndex(p.text)
	if at == nil {
		return nil
	}
	text := p.text[:at[0]] + string(pattern.ExpandString(nil, by, p.text, at)) + p.text[at[1]:]
	return &check.Edit{File: p.file, Line: p.line, Old: p.text, New: text}
}

// word returns a pattern of a text that stands by itself.
func word(text string) *regexp.Regexp {
	return regexp.MustCompile(`(^|[\s"'=/&;|(,])` + regexp.QuoteMeta(text) + `($|[\s"'&;|),:])`)
}

// inStep returns the edit of the step's line in which a word is replaced.
func (s *Scene) inStep(old, by string) *check.Edit {
	return s.inInstruction(s.Step, word(old), "${1}"+strings.ReplaceAll(by, "$", "$$")+"${2}")
}

func (s *Scene) inInstruction(in *dockerfile.Instruction, pattern *regexp.Regexp, by string) *check.Edit {
	if in == nil {
		return nil
	}
	for n := in.Line; n <= in.EndLine && n <= len(s.File.Lines); n++ {
		if e := s.dockerfileLine(n).replace(pattern, by); e != nil {
			return e
		}
	}
	return nil
}

// inValue returns the edit of an ENV line in which a value is replaced.
func (s *Scene) inValue(pattern *regexp.Regexp, by string) *check.Edit {
	for _, in := range s.File.Effective() {
		if in.Name == "ENV" {
			if e := s.inInstruction(&in, pattern, by); e != nil {
				return e
			}
		}
	}
	return nil
}

// above returns the edit that puts lines before the step, or before the USER that comes before it
// where they need root.
func (s *Scene) above(root bool, lines ...string) *check.Edit {
	if s.Step == nil {
		return nil
	}
	at := s.Step.Line
	if s.started {
		if in := s.File.Last("CMD", "ENTRYPOINT"); in != nil {
			at = in.Line
		}
		for _, in := range s.File.Final().Instructions { // ENTRYPOINT may stand before CMD
			if in.Name == "ENTRYPOINT" || in.Name == "CMD" {
				at = min(at, in.Line)
			}
		}
	}
	if _, line := s.user(); root && line > 0 && s.File.At(line) != nil {
		at = min(at, line)
	}
	return &check.Edit{File: s.File.Name, Line: at - 1, New: strings.Join(lines, "\n")}
}

// below returns the edit that puts a line behind the COPY that names a file, or nil where none does.
func (s *Scene) below(file, line string) *check.Edit {
	for _, in := range s.File.Final().Instructions {
		if slices.ContainsFunc(in.Sources(), func(source string) bool { return path.Base(source) == file }) {
			return &check.Edit{File: s.File.Name, Line: in.EndLine, New: line}
		}
	}
	return nil
}

// asRoot returns the edit that puts lines before the step which work on what earlier lines brought
// in: in the place of the USER that comes before, where anything was brought in since.
func (s *Scene) asRoot(lines ...string) *check.Edit {
	name, line := s.user()
	e := s.above(false, lines...)
	if line == 0 || e == nil {
		return e
	}
	if !slices.ContainsFunc(s.before(), func(in dockerfile.Instruction) bool {
		return in.Line > line && slices.Contains([]string{"COPY", "ADD", "RUN", "WORKDIR"}, in.Name)
	}) {
		return s.above(true, lines...)
	}
	e.New = "USER root\n" + e.New + "\nUSER " + name
	return e
}

// without returns the edit that takes a whole line out.
func (p place) without() *check.Edit {
	return &check.Edit{File: p.file, Line: p.line, Old: p.text}
}

var separators = regexp.MustCompile(`[-_.]+`)

// canonical returns a package's name as indexes compare it.
func canonical(name string) string {
	name, _, _ = strings.Cut(name, "[")
	return strings.ToLower(separators.ReplaceAllString(name, "-"))
}

var (
	requirement = regexp.MustCompile(`^\s*["']?([A-Za-z0-9][\w.-]*(?:\[[\w,\s.-]*\])?)\s*(?:$|["'=<>!~;@#,]|\s)`)
	requirers   = regexp.MustCompile(
		`(^|/)(requirements[\w.-]*\.txt|requirements/[\w.-]+\.txt|pyproject\.toml|Pipfile)$`)
)

// requires returns the line by which the submission asks for a Python package: on the step that
// failed, in a list that the step names, in another list, or in another RUN of the Dockerfile.
func (s *Scene) requires(name string) (place, bool) {
	name = canonical(name)
	by, installed := s.installed(name)
	if installed && s.Step != nil && s.Step.Line <= by.line && by.line <= s.Step.EndLine {
		return by, true
	}
	files := slices.DeleteFunc(slices.Clone(s.files()), func(file string) bool { return !requirers.MatchString(file) })
	unnamed := func(file string) int {
		if s.Step != nil && strings.Contains(s.Step.Text, path.Base(file)) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(files, func(a, b string) int { return unnamed(a) - unnamed(b) })
	for _, file := range files {
		for i, line := range s.lines(file) {
			m := requirement.FindStringSubmatch(line)
			if m != nil && canonical(m[1]) == name {
				return place{file, i + 1, line}, true
			}
			if strings.HasPrefix(strings.TrimSpace(line), "dependencies") && quotes(line, name) {
				return place{file, i + 1, line}, true
			}
		}
	}
	return by, installed
}

// quotes reports whether a line of pyproject.toml has the package in quotes.
func quotes(line, name string) bool {
	for _, m := range regexp.MustCompile(`["']([A-Za-z0-9][\w.-]*)`).FindAllStringSubmatch(line, -1) {
		if canonical(m[1]) == name {
			return true
		}
	}
	return false
}

// installed returns the line of the Dockerfile on which a RUN names a Python package.
func (s *Scene) installed(name string) (place, bool) {
	for _, stage := range s.File.Stages {
		for _, in := range stage.Instructions {
			if in.Name != "RUN" {
				continue
			}
			for _, c := range in.Commands() {
				if !c.Installs() {
					continue
				}
				for _, arg := range c.Args {
					if m := requirement.FindStringSubmatch(strings.Trim(arg, `"'`)); m != nil &&
						canonical(m[1]) == canonical(name) {
						for n := in.Line; n <= in.EndLine && n <= len(s.File.Lines); n++ {
							if strings.Contains(s.File.Lines[n-1], arg) {
								return s.dockerfileLine(n), true
							}
						}
					}
				}
			}
		}
	}
	return place{}, false
}

// pin returns the edit that makes the line which asks for a package ask for something else.
func (s *Scene) pin(name, by string) *check.Edit {
	p, ok := s.requires(name)
	if !ok {
		return nil
	}
	pattern := regexp.MustCompile(`(?i)(^|[\s"'])` + looseName(name) +
		`(\[[\w,\s.-]*\])?(?:\s*[=<>!~]=?=?\s*[\w.*!+-]+(?:\s*,\s*[=<>!~]=?\s*[\w.*!+-]+)*)?`)
	if at := pattern.FindStringSubmatchIndex(p.text); p.file == s.File.Name && at != nil &&
		strings.ContainsAny(by, "<>[") && !strings.ContainsAny(p.text[at[2]:at[3]], `"'`) {
		by = `"` + by + `"` // the shell has signs of its own
	}
	return p.replace(pattern, "${1}"+by)
}

func looseName(name string) string {
	return strings.ReplaceAll(regexp.QuoteMeta(canonical(name)), "-", `[-_.]`)
}

// add returns the edit that asks for one more Python package, where the others are asked for.
func (s *Scene) add(name string) *check.Edit {
	if _, ok := s.requires(name); ok {
		return nil
	}
	var file string
	var direct *dockerfile.Instruction
	for _, stage := range s.File.Stages {
		for i, in := range stage.Instructions {
			for _, c := range in.Commands() {
				if in.Name != "RUN" || !c.Pip() {
					continue
				}
				for j, arg := range c.Args {
					switch {
					case (arg == "-r" || arg == "--requirement") && j+1 < len(c.Args):
						if found := s.own(c.Args[j+1]); found != "" {
							file = found
						}
					case strings.HasPrefix(arg, "-r") && len(arg) > 2:
						if found := s.own(strings.TrimPrefix(arg, "-r")); found != "" {
							file = found
						}
					}
				}
				if c.Has("install") && requirement.MatchString(c.Args[len(c.Args)-1]) && file == "" &&
					!slices.Contains([]string{"pip", "uv", "poetry", "pipenv", "."}, c.Args[len(c.Args)-1]) {
					direct = &stage.Instructions[i]
				}
			}
		}
	}
	switch {
	case file != "":
		lines := s.lines(file)
		if len(lines) == 1 && strings.TrimSpace(lines[0]) == "" {
			return nil
		}
		return &check.Edit{File: file, Line: len(lines), New: name}
	case direct != nil && direct.Line == direct.EndLine && !direct.Exec:
		if strings.ContainsAny(name, "[]<>") {
			name = `"` + name + `"`
		}
		return s.inInstruction(direct, regexp.MustCompile(`(pip[\d.]* install)\b((?:\s+-[^\s&;|]+)*)`),
			"${1}${2} "+name)
	}
	if list := "pyproject.toml"; s.has(list) && !s.has("uv.lock") && !s.has("poetry.lock") {
		for i, line := range s.lines(list) {
			p := place{list, i + 1, line}
			if regexp.MustCompile(`^dependencies\s*=\s*\[\s*$`).MatchString(line) {
				return &check.Edit{File: list, Line: i + 1, New: `    "` + name + `",`}
			}
			if e := p.replace(regexp.MustCompile(`^(dependencies\s*=\s*\[.*["'])\s*,?\s*\]\s*$`),
				"${1}, \""+name+"\"]"); e != nil {
				return e
			}
		}
	}
	return nil
}

// inCommand returns the edit of the line that starts the program.
func (s *Scene) inCommand(pattern *regexp.Regexp, by string) *check.Edit {
	for _, in := range s.File.Lasts("CMD", "ENTRYPOINT") {
		if e := s.inInstruction(in, pattern, by); e != nil {
			return e
		}
	}
	return nil
}

// command returns the edit that makes CMD start a program with these words, where CMD is one line
// and there is no ENTRYPOINT.
func (s *Scene) command(words ...string) *check.Edit {
	if s.File.Last("ENTRYPOINT") != nil {
		return nil
	}
	in := s.File.Last("CMD")
	if in == nil || in.Line != in.EndLine {
		return nil
	}
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	return &check.Edit{File: s.File.Name, Line: in.Line, Old: s.File.Lines[in.Line-1],
		New: "CMD [" + strings.Join(quoted, ", ") + "]"}
}

// without takes an option out of the step, which can do without it.
func without(option string) func(*Scene, []string, *check.Hint) bool {
	return func(s *Scene, _ []string, h *check.Hint) bool {
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(option), "")
		return true
	}
}
