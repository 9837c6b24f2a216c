package stop

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/advice"
)

// nodeFiles end as the programs of Node do. Node itself has a handler for SIGTERM and SIGINT, which
// sets the terminal back and sends the signal again, and process 1 does not end by that.
var nodeFiles = []string{".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"}

var shells = []string{"sh", "bash", "dash", "ash"}

// why returns what kept a program from ending, by what process 1 was when the signal came.
func why(t check.Source, inside []check.Process, first check.Process, signal string, number int) check.Hint {
	bit := uint64(1) << (number - 1)
	program := path.Base(slices.Concat(first.Command, []string{""})[0])
	children := slices.DeleteFunc(slices.Clone(inside), func(p check.Process) bool { return p.Parent != first.ID })
	switch {
	case slices.Contains(shells, program) && len(children) > 0 && first.Catches&bit == 0:
		h := check.Hint{Cause: fmt.Sprintf("%s is process 1, and it hands no signal on to `%s`.", program,
			shown(children[0])), Edit: withExec(t, first)}
		if h.Edit == nil {
			h.Advice = "Write exec before that command, so that it takes the place of the shell."
		}
		return h
	case !first.Answers(number) || program == "node" && !check.Mentions(t.FS(), signal, nodeFiles...):
		h := check.Hint{Cause: fmt.Sprintf(
			"`%s` is process 1 and has no handler for %s, and process 1 gets no signal without one.", shown(first),
			signal)}
		if h.Edit = handler(t, first); h.Edit == nil && program != "node" {
			h.Edit = interrupt(t, first, number)
		}
		if h.Edit == nil {
			h.Advice = advice.Of(t.FS()).Stop()
		}
		return h
	case first.Ignores&bit != 0:
		return check.Hint{Cause: fmt.Sprintf("`%s` is process 1 and ignores %s.", shown(first), signal),
			Advice: "Let it end when the signal comes."}
	}
	cause := fmt.Sprintf("`%s` is process 1 and has a handler for %s, which did not end it.", shown(first), signal)
	if len(children) > 0 {
		cause = fmt.Sprintf("`%s` is process 1 and has a handler for %s; it went on, with `%s`, which it started.",
			shown(first), signal, shown(children[0]))
	}
	return check.Hint{Cause: cause, Advice: "Let the handler end the program, and what it waits for."}
}

// shown returns the beginning of a command.
func shown(p check.Process) string {
	const most = 80
	text := strings.Join(strings.Fields(p.String()), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// interrupt returns the line that has docker stop send SIGINT, where the program has a handler for
// that, as Python has.
func interrupt(t check.Source, first check.Process, number int) *check.Edit {
	parsed, err := t.Dockerfile()
	if err != nil || number == sigint || first.Catches>>(sigint-1)&1 == 0 {
		return nil
	}
	start := parsed.Lasts("ENTRYPOINT", "CMD")
	if len(start) == 0 {
		return nil
	}
	return check.EditOf(parsed.Name, parsed.Above(*start[0], "STOPSIGNAL SIGINT"))
}

var scripts = regexp.MustCompile(`\.[cm]?js$`)

// handler returns the line that gives a program of Node a handler, at its end.
func handler(t check.Source, first check.Process) *check.Edit {
	if path.Base(slices.Concat(first.Command, []string{""})[0]) != "node" {
		return nil
	}
	for _, word := range first.Command[1:] {
		if name := path.Clean(strings.TrimPrefix(word, "/")); scripts.MatchString(word) {
			for ; name != "."; name = below(name) { // /app/index.js is index.js in the folder
				if edit := exits(t, name); edit != nil {
					return edit
				}
			}
		}
	}
	if name := check.StartedFile(t); scripts.MatchString(name) { // COPY src . brings src/index.js in as index.js
		return exits(t, name)
	}
	return nil
}

// exits returns the line at the end of a file that ends the program on SIGTERM; nil where there is no such
// file.
func exits(t check.Source, name string) *check.Edit {
	text, err := fs.ReadFile(t.FS(), name)
	if err != nil {
		return nil
	}
	lines := strings.Count(strings.TrimRight(string(text), "\n"), "\n") + 1
	return &check.Edit{File: name, Line: lines, New: `process.on("SIGTERM", () => process.exit(0));`}
}

// below returns a path without its first folder, or a dot.
func below(name string) string {
	_, rest, found := strings.Cut(name, "/")
	if !found {
		return "."
	}
	return rest
}
