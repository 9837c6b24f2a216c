package readings

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

var (
	whenMain   = regexp.MustCompile(`^(if\s+__name__\s*==\s*)(["'])(\w*)(["']\s*:.*)$`)
	definesRun = regexp.MustCompile(`^(async )?def (main|run|serve|start)\(\s*\)`)
	endsItself = regexp.MustCompile(`^(?:sys\.)?(?:exit|quit)\(\s*0?\s*\)`)
)

// neverRuns says of a program of Python that came to its end why it did not come to its server: the
// block that starts it is never entered, or its function never called, or not awaited; and reports
// whether that is so.
func (s *Scene) neverRuns(file string, h *check.Hint) bool {
	lines := s.lines(file)
	for i, line := range lines {
		p := place{file, i + 1, line}
		if m := whenMain.FindStringSubmatch(line); m != nil && m[3] != "__main__" {
			h.Cause = fmt.Sprintf("%s, asks for the name %q, which a program never has, so what stands below is not "+
				"run.", p,
				m[3])
			h.Advice = "It is __main__."
			h.Edit = &check.Edit{File: file, Line: i + 1, Old: line, New: m[1] + m[2] + "__main__" + m[4]}
			return true
		}
		if endsItself.MatchString(line) {
			h.Cause = fmt.Sprintf("%s, ends the program: `%s`.", p, p.code())
			h.Advice = "Take that out, and let the server run."
			return true
		}
		m := definesRun.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		call := regexp.MustCompile(`(^|[^\w.])(` + m[2] + `\(\s*\))`)
		var called *place
		for j, other := range lines {
			if j != i && call.MatchString(other) && !strings.HasPrefix(strings.TrimSpace(other), "#") {
				called = &place{file, j + 1, other}
			}
		}
		switch {
		case called == nil:
			h.Cause = fmt.Sprintf("%s, has the function %s, which nothing calls, so the program ends without it.",
				p, m[2])
			h.Advice = "Call it at the end of the file."
			by := m[2] + "()"
			if m[1] != "" {
				by = "asyncio.run(" + by + ")"
				h.Advice = "Call it at the end of the file, and import asyncio."
			}
			h.Edit = &check.Edit{File: file, Line: len(lines), New: "if __name__ == \"__main__\":\n    " + by}
			return true
		case m[1] != "" && !strings.Contains(called.text, "await") && !strings.Contains(called.text, "run"):
			h.Cause = fmt.Sprintf("%s, calls %s, which is async: without await or asyncio.run it never runs.",
				called, m[2])
			h.Advice = "Let asyncio run it, and import asyncio."
			h.Edit = called.replace(call, "${1}asyncio.run(${2})")
			return true
		}
	}
	return false
}
