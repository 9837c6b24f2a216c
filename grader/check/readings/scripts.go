package readings

import (
	"bytes"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// crlf reports whether a script has the line ends of Windows. The name is where the log has it, or
// empty.
func crlf(s *Scene, name string, h *check.Hint) bool {
	var found string
	if name != "" {
		if file := s.own(inside(s.workdir(), name)); file != "" && s.carriage(file) {
			found = file
		}
	} else {
		for _, file := range s.files() {
			if s.carriage(file) {
				found = file
				break
			}
		}
	}
	if found == "" {
		return false
	}
	h.Cause = fmt.Sprintf(
		"%s has the line ends of Windows (CRLF), so its first line names a program with a carriage return, which no "+
			"image has.", found)
	if !strings.HasPrefix(string(s.head(found)), "#!") {
		h.Cause = fmt.Sprintf("%s has the line ends of Windows (CRLF): sh takes the carriage return for a part of "+
			"each "+
			"last word.", found)
	}
	h.Advice = "Save it with plain line ends (LF)."
	at := s.where(found)
	if !s.started {
		for inner, file := range s.earlier() {
			if file == found {
				at = inner
			}
		}
	}
	if at != "" {
		run, also := `RUN sed -i 's/\r$//' `+at, ""
		if denied.MatchString(s.log) {
			run, also = run+" && chmod +x "+at, ", and give it its x bit, which it lacks, too"
		}
		if h.Edit = s.asRoot(run); h.Edit != nil {
			h.Advice = "Save it with plain line ends (LF), or let the build take them out" + also + "."
		}
	}
	return true
}

var denied = regexp.MustCompile(`(?i)permission denied`)

func (s *Scene) carriage(file string) bool {
	text, err := fs.ReadFile(s.Folder, file)
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return err == nil && (bytes.HasPrefix(text, []byte("#!")) || strings.HasSuffix(file, ".sh")) &&
		bytes.HasSuffix(line, []byte("\r"))
}

// script says why a script that CMD or a step names cannot be run.
func script(s *Scene, name string, h *check.Hint) bool {
	if crlf(s, name, h) {
		return true
	}
	at := inside(s.workdir(), name)
	if file := s.own(at); file != "" && s.earlier()[at] == file {
		if first := strings.TrimSpace(strings.Join(s.lines(file)[:min(1, len(s.lines(file)))],
			"")); strings.HasPrefix(first, "#!") {
			program := strings.Fields(strings.TrimPrefix(first, "#!") + " ")
			if len(program) > 0 {
				h.Cause = fmt.Sprintf("%s is in the image; what its first line names, %s, is not.", file,
					program[len(program)-1])
				h.Advice = "Let its first line be #!/bin/sh."
				h.Edit = place{file, 1, s.lines(file)[0]}.replace(regexp.MustCompile(`^.*$`), "#!/bin/sh")
				if regexp.MustCompile(`\[\[|\bsource\b|function |\$\{\w+\^|<<<|pipefail`).MatchString(
					strings.Join(s.lines(file), "\n")) {
					h.Advice, h.Edit = "Install that program on a line before.", nil
				}
				return true
			}
		}
	}
	return notThere(s, name, h)
}

// notExecutable says of a script that may not be run how it comes to that.
func notExecutable(s *Scene, m []string, h *check.Hint) bool {
	name := m[1]
	file := s.own(inside(s.workdir(), name))
	if file == "" || !strings.HasPrefix(string(s.head(file)), "#!") && !strings.HasSuffix(file, ".sh") {
		return false
	}
	h.Cause = fmt.Sprintf("%s is in the image, and may not be run: the file has no x bit.", file)
	h.Advice = "Give it one with chmod +x."
	if s.started {
		at := s.where(file)
		if at == "" {
			at = inside(s.workdir(), name)
		}
		h.Edit = s.asRoot("RUN chmod +x " + at)
	} else if h.Edit = s.inStep(name, "chmod +x "+name+" && "+name); h.Edit == nil {
		h.Advice = "Give it one with chmod +x, or start it with sh."
	}
	if h.Edit != nil {
		h.Advice = "Give it one."
	}
	return true
}

func (s *Scene) head(file string) []byte {
	text, _ := fs.ReadFile(s.Folder, file)
	return text[:min(len(text), 2)]
}
