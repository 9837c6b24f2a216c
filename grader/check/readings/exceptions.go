package readings

import (
	"fmt"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// exceptions are what is left to say where no entry knows the exception: the student's line that it
// came from.
var exceptions = tool{name: "exceptions", entries: []entry{
	on("exception",
		`(?m)^(?:Uncaught )?((?:[\w$]+\.)*\w*(?:Error|Exception|Exit|Interrupt)\b(?: \[\w+\])?(?:: [^\n]*)?)$`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		p, ok := s.frame()
		if !ok {
			return false
		}
		h.Cause = fmt.Sprintf("The program ended with an exception, raised from %s: `%s`.", p,
			short(strings.TrimSpace(p.text)))
		if s.answers {
			h.Cause = fmt.Sprintf("The exception is raised from %s: `%s`.", p, short(strings.TrimSpace(p.text)))
			h.Advice = "Look at that line with the exception's words."
			return true
		}
		h.Advice = "Look at that line with the exception's words: the log below has the whole of it."
		return true
	}),
}}
