package readings

import (
	"fmt"

	"github.com/taskgrader/taskgrader/grader/check"
)

// java are the words of Java, and of Go.
var java = tool{name: "java", entries: []entry{
	on("no-jar", `Unable to access jarfile (\S+)`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause, h.Advice = fmt.Sprintf("There is no %s in the image.", inside(s.workdir(), m[1])),
			"COPY it from where the build puts it, under that name."
		return true
	}),
	on("no-main", `no main manifest attribute, in (\S+)`, `$1 names no class to start.`,
		`Build it with the plugin that makes a jar which can be started (spring-boot-maven-plugin).`),
	on("go-open", `(?m)^(?:panic: |\d{4}/\d\d/\d\d \d\d:\d\d:\d\d )?[^\n]*\bopen ([^\s:]+): no such file or `+
		`directory`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool { return s.started && folderMissing(s, m, h) }),
	on("go-write", `(?m)^[^\n]*\b(?:open|mkdir) ([^\s:]+): permission denied`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		return s.started && mayNotWrite(s, m[1], h)
	}),
	on("panic", `(?m)^panic: ([^\n]*)`, `The program ended itself: $1`,
		`Look at the first line below it that names a file of the program.`),
}}
