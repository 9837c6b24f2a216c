package readings

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"

	"github.com/taskgrader/taskgrader/grader/check"
)

// golang are the words of the go command.
var golang = tool{name: "golang", entries: []entry{
	on("no-mod", `go\.mod file not found|cannot find main module`, "", "").with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		if found := s.named("go.mod"); len(found) > 0 {
			return s.notCopied(found[0], inside(s.workdir(), "go.mod"), h)
		}
		h.Cause, h.Advice = "The folder has no go.mod, which says what the program is built from.",
			"Run go mod init NAME and go mod tidy, and hand in go.mod and go.sum."
		return true
	}),
	on("no-sum", `missing go\.sum entry for [^\n]*|go: updates to go\.(?:mod|sum) needed[^\n]*`, "",
		"").with(func(s *Scene, _ []string, h *check.Hint) bool {
		h.Cause, h.Advice = "go.sum does not name all that go.mod asks for.", "Run go mod tidy, and hand in both."
		switch found := s.named("go.sum"); {
		case len(found) == 0:
			h.Cause = "The folder has no go.sum, which names what go.mod asks for."
		case s.earlier()[inside(s.workdir(), "go.sum")] == "":
			s.notCopied(found[0], inside(s.workdir(), "go.sum"), h)
			if e := s.withCopy("go.mod", found[0]); e != nil && s.hidden(found[0]) == "" {
				h.Advice, h.Edit = "COPY both.", e
			}
		}
		return true
	}),
	on("no-module", `(?m)^(?:\./)?([\w./-]+\.go):(\d+):\d+: no required module provides package ([^\s;:]+)`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("%s imports %s, and go.mod does not name its module.", s.lineSaid(m[1], m[2]), m[3])
		h.Advice = fmt.Sprintf("Run go get %s, and hand in go.mod and go.sum.", m[3])
		return true
	}),
	on("version", `go\.mod requires go >= (\d+\.\d+)[\d.]* \(running go (\d+\.\d+)`, "", "").with(func(s *Scene,
		m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("go.mod asks for Go %s, and the image has %s.", m[1], m[2])
		if p, _ := s.grepIn("go.mod", regexp.MustCompile(`^go \d`)); p.file != "" {
			h.Cause = fmt.Sprintf("%s, asks for Go %s, and the image has %s.", p, m[1], m[2])
		}
		h.Advice = "Begin with the image of that Go."
		return fromOf(`\bgolang:`)(s, []string{m[0], m[2], m[1]}, h)
	}),
	on("no-files", `no Go files in (\S+)`, `$1 has no file of Go at this step.`,
		`Name the folder that has package main.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		p, _ := s.grep(regexp.MustCompile(`^package main\b`), ".go")
		if p.file == "" {
			return true
		}
		if !slices.Contains(slices.Collect(maps.Values(s.earlier())), p.file) {
			return s.notCopied(p.file, inside(m[1], p.file), h)
		}
		dir := "./" + path.Dir(p.file)
		h.Cause = fmt.Sprintf("%s has no file of Go: the program is in %s.", m[1], path.Dir(p.file))
		h.Advice = fmt.Sprintf("Build %s.", dir)
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`(\bgo build\b[^&|;\n]*\s)\.(\s|$)`), "${1}"+dir+"${2}")
		return true
	}),
	on("no-cgo", `requires cgo to work`, `The program was built with CGO_ENABLED=0, and go-sqlite3 is written in C.`,
		`Build it with CGO_ENABLED=1, in an image that has gcc.`).with(func(s *Scene, _ []string, h *check.Hint) bool {
		for i := range s.File.Lines {
			if e := s.dockerfileLine(i+1).replace(regexp.MustCompile(`\bCGO_ENABLED=0\b`), "CGO_ENABLED=1"); e != nil {
				h.Edit = e
				break
			}
		}
		return true
	}),
	on("compiler", `(?m)^(?:vet: )?(?:\./)?([\w./-]+\.go):(\d+):(?:\d+:)? ([^\n]+)`, "",
		"").first().with(diagnosed("Go")),
}}

// lineSaid returns a line of a file, by its number as a log has it, as a sentence begins with it.
func (s *Scene) lineSaid(file, number string) string {
	if own := s.own(inside(s.workdir(), file)); own != "" {
		file = own
	}
	return fmt.Sprintf("%s, line %s,", file, number)
}

// diagnosed says which line of the student's a compiler does not take, and why; of several, the
// first, which the others often follow from.
func diagnosed(language string) func(*Scene, []string, *check.Hint) bool {
	return func(s *Scene, m []string, h *check.Hint) bool {
		file := s.own(inside(s.workdir(), m[1]))
		p, ok := s.lineOf(file, m[2])
		if !ok {
			return false
		}
		h.Cause = fmt.Sprintf("%s, is not as %s wants it: %s. The line is `%s`.", p, language, short(m[3]), p.code())
		h.Advice = "Correct that line, so that the same command ends well at home."
		return true
	}
}

// grepIn returns the first line of a file that a pattern matches, and what it found there.
func (s *Scene) grepIn(file string, pattern *regexp.Regexp) (place, []string) {
	for i, line := range s.lines(file) {
		if m := pattern.FindStringSubmatch(line); m != nil {
			return place{file, i + 1, line}, m
		}
	}
	return place{}, nil
}
