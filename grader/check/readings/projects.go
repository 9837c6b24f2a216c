package readings

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// isolated says of a module that setup.py imports, directly or through the program, that nothing is
// installed yet where pip runs it.
func isolated(s *Scene, name string, h *check.Hint) bool {
	at := regexp.MustCompile(`File "<string>", line (\d+), in <module>`).FindAllStringSubmatch(s.log, -1)
	if s.started || len(at) == 0 || !strings.Contains(s.log, "build_meta") || !s.has("setup.py") {
		return false
	}
	h.Cause = fmt.Sprintf("setup.py, line %s, imports %s, and where pip runs setup.py no package is installed yet.",
		at[len(at)-1][1], name)
	if p, ok := s.frame(); ok && path.Base(p.file) != "setup.py" {
		h.Cause = fmt.Sprintf("setup.py, line %s, imports from the program, which imports %s (%s): where pip runs "+
			"setup.py no package is installed yet.", at[len(at)-1][1], name, p)
	}
	h.Advice = "Let setup.py import nothing of the program: write the version into it as text."
	return true
}

// project returns the file that makes a package of the folder, which the folder need not have.
func (s *Scene) project() string {
	if s.has("pyproject.toml") {
		return "pyproject.toml"
	}
	return "setup.py"
}

// listInstead returns the edit by which the step installs requirements.txt in the place of the
// folder itself.
func (s *Scene) listInstead() *check.Edit {
	return s.inInstruction(s.Step, regexp.MustCompile(`(install\b.*?)\s(?:-e )?\.(\s|$)`),
		"${1} -r requirements.txt${2}")
}

// fileOfProject says of a file that pyproject.toml or setup.py names that it is not in the image.
func fileOfProject(s *Scene, m []string, h *check.Hint) bool {
	if s.started {
		return false
	}
	by := s.project()
	if p, ok := s.inProject(regexp.MustCompile(`["']` + regexp.QuoteMeta(m[1]) + `["']`)); ok {
		by = p.String() + ","
	}
	if s.has(m[1]) && s.notCopied(m[1], inside(s.workdir(), m[1]), h) {
		h.Cause = fmt.Sprintf("%s names %s. %s", by, m[1], h.Cause)
		return true
	}
	h.Cause = fmt.Sprintf("%s names %s, and neither the image nor the folder has it.", by, m[1])
	h.Advice = "Hand it in and COPY it before this step, or take that out."
	return true
}

// ownProject says of the folder itself, which a step builds as a package, what that ended with.
func ownProject(s *Scene, _ []string, h *check.Hint) bool {
	s.says = telling(s.log)
	by := s.project()
	if s.started || s.says == "" || !s.has(by) {
		return false
	}
	h.Cause = fmt.Sprintf("The step builds the folder itself as a package, as %s says, and that ends with: %s", by,
		s.says)
	h.Advice = fmt.Sprintf("Correct that in %s; or install what the program depends on alone, since CMD starts it "+
		"from its folder.", by)
	if s.has("requirements.txt") {
		h.Edit = s.listInstead()
	}
	return true
}

// projects are the last words of a step that builds the folder itself.
var projects = tool{name: "project", entries: []entry{
	on("own-project", "Failed to build [`']?(?:file://|\\S+ @ file://)|╰─> from file://", "", "").with(ownProject),
}}

// withinQuotes says of a program that a step gives to python -c that its quotes end it.
func withinQuotes(s *Scene, _ []string, h *check.Hint) bool {
	if s.started || s.Step == nil {
		return false
	}
	given := regexp.MustCompile(`(-c\s+)"(.*)"(\s*)$`)
	m := given.FindStringSubmatch(s.Step.Text)
	if m == nil || !regexp.MustCompile(`[^\\]"`).MatchString(m[2]) {
		return false
	}
	h.Cause = fmt.Sprintf("Line %d gives Python its program in double quotes, and the first double quote within "+
		"ends it.",
		s.Step.Line)
	h.Advice = "Write single quotes within."
	if !strings.ContainsAny(m[2], "'$`") {
		if h.Edit = s.inInstruction(s.Step, given, "${1}'${2}'${3}"); h.Edit != nil {
			h.Advice = "Put single quotes around it."
		}
	}
	return true
}

// documentOfPython says of a here-document whose lines are Python that a shell is given them, and
// reports whether that is so.
func documentOfPython(s *Scene, h *check.Hint) bool {
	bare := regexp.MustCompile(`^(\s*RUN\s+)(<<-?\s*["']?\w+["']?\s*)$`)
	if s.started || s.Step == nil || !bare.MatchString(s.File.Lines[s.Step.Line-1]) ||
		s.Step.Line >= len(s.File.Lines) || !regexp.MustCompile(`^(?:import|from) [\w.]+`).MatchString(
		s.File.Lines[s.Step.Line]) {
		return false
	}
	h.Cause = fmt.Sprintf("The lines below line %d are Python, and a shell is given them.", s.Step.Line)
	h.Advice = "Give them to Python."
	h.Edit = s.dockerfileLine(s.Step.Line).replace(bare, "${1}python3 ${2}")
	return true
}

// indentedDocument says of a here-document for Python that its lines are indented, and writes them
// without.
func indentedDocument(s *Scene, _ []string, h *check.Hint) bool {
	in := s.Step
	if s.started || in == nil || !strings.Contains(s.File.Lines[in.Line-1], "<<") {
		return false
	}
	end := in.Line
	word := regexp.MustCompile(`<<-?\s*["']?(\w+)`).FindStringSubmatch(s.File.Lines[in.Line-1])
	for word != nil && end < len(s.File.Lines) && strings.TrimSpace(s.File.Lines[end]) != word[1] {
		end++
	}
	lines := s.File.Lines[in.Line:end]
	least := -1
	for _, line := range lines {
		blank := len(line) - len(strings.TrimLeft(line, " \t"))
		if strings.TrimSpace(line) != "" && (least < 0 || blank < least) {
			least = blank
		}
	}
	h.Cause = fmt.Sprintf("The lines below line %d are given to Python as they stand, with the blanks that they "+
		"begin with.",
		in.Line)
	h.Advice = "Begin them without."
	if least > 0 && len(lines) < mostLines {
		var out []string
		for _, line := range lines {
			out = append(out, line[min(least, len(line)):])
		}
		h.Edit = &check.Edit{File: s.File.Name, Line: in.Line + 1, Old: strings.Join(lines, "\n"),
			New: strings.Join(out, "\n")}
	}
	return true
}
