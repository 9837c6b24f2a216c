package listen

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/advice"
)

// portHint says where the port is set: in the words of what starts, in an ENV line, or in the program.
func portHint(t check.Target, got, wanted int) check.Hint {
	from, to := strconv.Itoa(got), strconv.Itoa(wanted)
	patterns := []*regexp.Regexp{
		regexp.MustCompile(`((?:--port|-p|--bind|-b|runserver)\b["',= ]+(?:[\w.\[\]:*-]*:)?)` + from + `\b`),
		regexp.MustCompile(`((?:\d+\.\d+\.\d+\.\d+|\[::\])?:)` + from + `\b`),
	}
	if edit := inStart(t, patterns, "${1}"+to); edit != nil {
		return check.Hint{Edit: edit}
	}
	if edit := inDockerfile(t, "ENV", regexp.MustCompile(`(PORT[ =]+["']?)`+from+`\b`), "${1}"+to); edit != nil {
		return check.Hint{Cause: "The program takes its port from this variable.", Edit: edit}
	}
	if edit := inProgram(t, regexp.MustCompile(`(?i)((?:port\w*["']?\s*(?:[:=]|\|\||\?\?|,)[^\n]*?|listen(?:AndServe)?\([^\n]*?|process\.env\.PORT[^\n]*?|:)["']?)\b`+from+`\b`), "${1}"+to); edit != nil {
		return check.Hint{Cause: fmt.Sprintf("%s sets the port.", edit.File), Edit: edit}
	}
	return check.Advise(advice.Of(t.FS()).Listen(wanted))
}

// hostHint says where the address is set.
func hostHint(t check.Target, wanted int) check.Hint {
	const inside = "Inside a container, localhost is the container alone."
	local := regexp.MustCompile(`\b(127\.0\.0\.1|localhost)\b`)
	if edit := inStart(t, []*regexp.Regexp{local}, "0.0.0.0"); edit != nil {
		return check.Hint{Cause: inside, Edit: edit}
	}
	if edit := inDockerfile(t, "ENV", regexp.MustCompile(`(HOST\w*[ =]+["']?)(?:127\.0\.0\.1|localhost)\b`), "${1}0.0.0.0"); edit != nil {
		return check.Hint{Cause: inside, Edit: edit}
	}
	if edit := inProgram(t, regexp.MustCompile(`(?i)((?:host\w*["']?\s*[:=]\s*|listen\([^\n]*?|serve\(\s*|HTTPServer\(\(\s*)["'])(?:127\.0\.0\.1|localhost)\b`), "${1}0.0.0.0"); edit != nil {
		return check.Hint{Cause: inside, Edit: edit}
	}
	if edit := withHost(t); edit != nil {
		return check.Hint{Cause: inside, Edit: edit}
	}
	return check.Hint{Cause: inside, Advice: advice.Of(t.FS()).Listen(wanted)}
}

// inStart is the edit of what starts.
func inStart(t check.Source, patterns []*regexp.Regexp, with string) *check.Edit {
	for _, pattern := range patterns {
		for _, name := range []string{"CMD", "ENTRYPOINT"} {
			if edit := inDockerfile(t, name, pattern, with); edit != nil {
				return edit
			}
		}
	}
	return nil
}

// inDockerfile is the edit of the last instruction of a name.
func inDockerfile(t check.Source, name string, pattern *regexp.Regexp, with string) *check.Edit {
	parsed, err := t.Dockerfile()
	if err != nil {
		return nil
	}
	all := parsed.Effective()
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Name != name {
			continue
		}
		if edit := check.Rewrite(t.FS(), parsed.Name, all[i].Line, all[i].EndLine, pattern, with); edit != nil || name != "ENV" {
			return edit
		}
	}
	return nil
}

// servers listen on localhost alone unless they are told otherwise.
var servers = regexp.MustCompile(`"(?:uvicorn|hypercorn)", *"[\w.]+:\w+"|"(?:flask|fastapi)", *(?:"--app", *"[^"]+", *)?"(?:run|dev)"(?:, *"[\w./]+\.py")?`)

// withHost is the list of CMD with a host, for servers that have none.
func withHost(t check.Source) *check.Edit {
	parsed, err := t.Dockerfile()
	if err != nil {
		return nil
	}
	for _, name := range []string{"CMD", "ENTRYPOINT"} {
		if in := parsed.Last(name); in != nil && strings.Contains(in.Text, "--host") {
			return nil
		}
	}
	return inStart(t, []*regexp.Regexp{servers}, `${0}, "--host", "0.0.0.0"`)
}

var programs = regexp.MustCompile(`\.(py|js|mjs|cjs|ts|go|rb|php|rs|java|kt)$`)

const mostBytes = 256 << 10

// inProgram is the edit of the one line of the program that a pattern matches; nil where there are none or several.
func inProgram(t check.Source, pattern *regexp.Regexp, with string) *check.Edit {
	var found *check.Edit
	several := false
	_ = fs.WalkDir(t.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case err != nil:
			return nil
		case e.IsDir() && name != "." && (strings.HasPrefix(base, ".") || base == "node_modules" || base == "venv" || strings.HasPrefix(base, "test")):
			return fs.SkipDir
		case !e.Type().IsRegular() || !programs.MatchString(name) || strings.HasPrefix(base, "test"):
			return nil
		}
		text, err := fs.ReadFile(t.FS(), name)
		if err != nil || len(text) > mostBytes {
			return nil
		}
		for n, line := range strings.Split(string(text), "\n") {
			comment := strings.HasPrefix(strings.TrimSpace(line), "#") || strings.HasPrefix(strings.TrimSpace(line), "//")
			if !comment && pattern.MatchString(line) {
				several = several || found != nil
				found = check.Rewrite(t.FS(), name, n+1, n+1, pattern, with)
			}
		}
		return nil
	})
	if several {
		return nil
	}
	return found
}
