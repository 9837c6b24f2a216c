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
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// portHint returns where the port is set: in the words of what starts, in an ENV line, or in the
// program.
func portHint(t check.Target, got, wanted int) check.Hint {
	to := strconv.Itoa(wanted)
	number := `\b` + strconv.Itoa(got) + `\b`
	if edit := portEdit(t, got, wanted); edit != nil {
		cause := ""
		if regexp.MustCompile(`(?i)^\s*(env|arg)\b`).MatchString(edit.Old) {
			cause = "The program takes its port from this variable."
		}
		return check.Hint{Cause: cause, Edit: edit}
	}
	if edit := withOption(t, wanted, port); edit != nil {
		return check.Hint{Cause: fmt.Sprintf("CMD names no port, and without one it is %d.", got), Edit: edit}
	}
	for _, pattern := range []string{`(?i)((?:\.run|listen(?:AndServe)?|serve|Server|SocketAddress)\([^\n]*?)`,
		`(?i)(port\w*["']?\s*(?::\s*\w+\s*)?(?:=|:|\|\||\?\?|,)[^\n]*?)`, `(--port[ =]|\s-p[ =]|:)`} {
		if edit := inProgram(t, regexp.MustCompile(pattern+number), "${1}"+to); edit != nil {
			return check.Hint{Cause: fmt.Sprintf("%s sets the port.", edit.File), Edit: edit}
		}
	}
	if edit := inProgram(t, regexp.MustCompile(`(listen\(\s*process\.env\.\w*PORT)(\s*[,)])`),
		"${1} || "+to+"${2}"); edit != nil {
		return check.Hint{Cause: fmt.Sprintf("%s takes the port from a variable that nothing sets.", edit.File),
			Edit: edit}
	}
	if edit := inCall(t, "port="+to); edit != nil {
		return check.Hint{Cause: fmt.Sprintf("%s names no port, and without one it is %d.", edit.File, got), Edit: edit}
	}
	return check.Advise(advice.Of(t.FS()).Listen(wanted))
}

// portEdit returns the line of the Dockerfile that names the port, with another.
func portEdit(t check.Source, got, wanted int) *check.Edit {
	to, number := strconv.Itoa(wanted), `\b`+strconv.Itoa(got)+`\b`
	patterns := []*regexp.Regexp{
		regexp.MustCompile(`((?:--port|-p|--bind|-b|runserver)\b["',= ]+(?:[\w.\[\]:*-]*:)?)` + number),
		regexp.MustCompile(`((?:\d+\.\d+\.\d+\.\d+|\[::\])?:)` + number),
		regexp.MustCompile(`(\$\{\w*PORT:-)` + number),
	}
	if edit := inStart(t, patterns, "${1}"+to); edit != nil {
		return edit
	}
	for _, name := range []string{"ENV", "ARG"} {
		if edit := inDockerfile(t, name, regexp.MustCompile(`(PORT[ =]+["']?)`+number), "${1}"+to); edit != nil {
			return edit
		}
	}
	return nil
}

var (
	// local is the address that nothing outside the container reaches, and bindsLocal an option that
	// names it.
	local      = regexp.MustCompile(`\b(127\.0\.0\.1|localhost)\b`)
	bindsLocal = regexp.MustCompile(`((?:--host|-h|--bind|-b)\b["',= ]+)(?:127\.0\.0\.1|localhost)\b`)
)

// hostHint returns where the address is set.
func hostHint(t check.Target, wanted int) check.Hint {
	h := check.Hint{Cause: "Inside a container, localhost is the container alone."}
	h.Edit = inStart(t, []*regexp.Regexp{local}, "0.0.0.0")
	for _, name := range []string{"ENV", "ARG"} {
		if h.Edit == nil {
			h.Edit = inDockerfile(t, name, regexp.MustCompile(`(HOST\w*[ =]+["']?)(?:127\.0\.0\.1|localhost)\b`),
				"${1}0.0.0.0")
		}
	}
	if h.Edit == nil {
		h.Edit = withOption(t, t.Started().Port, host)
	}
	if h.Edit == nil {
		h.Edit = inProgram(t, regexp.MustCompile(
			`(?i)((?:host\w*["']?\s*(?::\s*\w+\s*)?[:=]\s*|listen\([^\n]*?|serve\(\s*|Server\(\(?\s*|`+
				`SocketAddress\(\s*|ListenAndServe\(\s*|(?:os\.getenv|`+
				`environ\.get)\(["']\w*HOST["'],\s*)["'\x60])(?:127\.0\.0\.1|localhost)\b`), "${1}0.0.0.0")
	}
	if h.Edit == nil {
		h.Edit = inCall(t, `host="0.0.0.0"`)
	}
	if h.Edit == nil {
		h.Edit = inProgram(t, regexp.MustCompile(`(\.listen\(\s*\{)(\s*port\b)`), `${1} host: "0.0.0.0",${2}`)
	}
	if h.Edit == nil {
		h.Advice = advice.Of(t.FS()).Listen(wanted)
	}
	return h
}

// inStart returns the edit of what starts.
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

// inDockerfile returns the edit of the last instruction of a name.
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
		if edit := check.Rewrite(t.FS(), parsed.Name, all[i].Line, all[i].EndLine, pattern, with); edit != nil ||
			name != "ENV" {
			return edit
		}
	}
	return nil
}

// server is a program that a command starts, and the options by which it is told where to listen.
type server struct {
	list, shell *regexp.Regexp // its words in a list, and in a shell, behind which an option may stand
	host, port  []string       // with %[1]s for the address, and %[2]d for the port
	told        *regexp.Regexp // that the command names the port, or the address, already
}

const (
	host = iota
	port
)

var servers = []server{
	{words(`"uvicorn"(?:, *"[^"]*")*?, *"[A-Za-z_][\w.]*:\w+(?:\(\))?"`),
		words(`\buvicorn(?: +[^\s&|;"]+)*? +[A-Za-z_][\w.]*:[A-Za-z_]\w*`), []string{"--host", "%[1]s"},
		[]string{"--port", "%[2]d"}, words(`--host|--port|--uds|--fd`)},
	{words(`"flask"(?:, *"[^"]*")*?, *"run"`), words(`\bflask(?: +[^\s&|;"]+)*? +run\b`), []string{"--host", "%[1]s"},
		[]string{"--port", "%[2]d"}, words(`--host|--port|-h\b|-p\b`)},
	{words(`"fastapi", *"(?:run|dev)"(?:, *"[\w./]+\.py")?`), words(`\bfastapi +(?:run|dev)(?: +[\w./]+\.py)?`),
		[]string{"--host", "%[1]s"}, []string{"--port", "%[2]d"}, words(`--host|--port`)},
	{words(`"(?:gunicorn|hypercorn)"`), words(`\b(?:gunicorn|hypercorn)\b`), []string{"--bind", "%[1]s:%[2]d"},
		[]string{"--bind", "%[1]s:%[2]d"}, words(`--bind|-b\b|-c\b|--config`)},
}

func words(pattern string) *regexp.Regexp { return regexp.MustCompile(pattern) }

// withOption returns the command with an option that says where to listen, for servers that are
// told nothing of it.
func withOption(t check.Source, number, which int) *check.Edit {
	parsed, err := t.Dockerfile()
	if err != nil {
		return nil
	}
	for _, s := range servers {
		option := s.host
		if which == port {
			option = s.port
		}
		said := fmt.Sprintf(strings.Join(option, " "), "0.0.0.0", number)
		for _, in := range parsed.Lasts("CMD", "ENTRYPOINT") {
			pattern, with := s.shell, "${0} "+said
			if s.list.MatchString(in.Text) {
				pattern, with = s.list, `${0}, "`+strings.Join(strings.Fields(said), `", "`)+`"`
			}
			at := pattern.FindStringIndex(in.Text)
			if at == nil || told(s, in.Text[at[0]:]+" "+behind(parsed, in), option[0]) {
				continue
			}
			if edit := inDockerfile(t, in.Name, pattern, with); edit != nil {
				return edit
			}
		}
		if edit := inScript(t, s, option[0], "${0} "+said); edit != nil {
			return edit
		}
	}
	return nil
}

// behind returns what CMD adds to an ENTRYPOINT that is a list; nothing to a CMD.
func behind(file *dockerfile.File, in *dockerfile.Instruction) string {
	if cmd := file.Last("CMD"); in.Name == "ENTRYPOINT" && in.Exec && cmd != nil {
		return cmd.Text
	}
	return ""
}

// inScript returns the line of the script that is started, by which it starts a server that is told
// nothing of an option.
func inScript(t check.Source, s server, option, with string) *check.Edit {
	name := check.StartedFile(t)
	text, err := fs.ReadFile(t.FS(), name)
	if err != nil || path.Ext(name) != ".sh" || len(text) > mostBytes {
		return nil
	}
	for n, line := range strings.Split(string(text), "\n") {
		at := s.shell.FindStringIndex(line)
		if at != nil && !told(s, line[at[0]:], option) && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			return check.Rewrite(t.FS(), name, n+1, n+1, s.shell, with)
		}
	}
	return nil
}

// told reports whether a command has an option already, or one in its place.
func told(s server, command, option string) bool {
	for _, word := range s.told.FindAllString(command, -1) {
		if word == option || !strings.HasPrefix(word, "--host") && !strings.HasPrefix(word, "--port") {
			return true
		}
	}
	return false
}

// calls are the lines of Python that start a server, with what stands before and behind the first
// argument.
var calls = []*regexp.Regexp{regexp.MustCompile(`\b((?:uvicorn|socketio)\.run\((?:[\w.]+|"[^"]+"|'[^']+'))()`),
	regexp.MustCompile(`\b((?:app|application|server)\.run\()(\w|\))`)}

// inCall returns the call by which the program starts its server with an argument more, where none
// of its lines has that.
func inCall(t check.Source, argument string) *check.Edit {
	name, _, _ := strings.Cut(argument, "=")
	started := check.StartedFile(t)
	text, err := fs.ReadFile(t.FS(), started)
	if err != nil || !strings.HasSuffix(started, ".py") || regexp.MustCompile(`\b`+name+`\s*=`).Match(text) {
		return nil
	}
	for i, pattern := range calls {
		for n, line := range strings.Split(string(text), "\n") {
			m := pattern.FindStringSubmatch(line)
			if m == nil || strings.HasPrefix(strings.TrimSpace(line), "#") {
				continue
			}
			with := "${1}, " + argument + "${2}"
			if i == 1 && m[2] == ")" {
				with = "${1}" + argument + "${2}"
			} else if i == 1 {
				with = "${1}" + argument + ", ${2}"
			}
			return check.Rewrite(t.FS(), started, n+1, n+1, pattern, with)
		}
	}
	return nil
}

var (
	programs = regexp.MustCompile(`\.(py|js|mjs|cjs|ts|go|rb|php|rs|java|kt|sh)$|^(.*/)?package\.json$`)
	remark   = regexp.MustCompile(`^\s*(#|//|\*)|\b(print|console\.\w+|log(ger|ging)?\.\w+|echo|Print\w*)\b ?\(?`)
)

const mostBytes = 256 << 10

// inProgram returns the edit of the one line that a pattern matches, of the file that is started,
// or else of the whole program; nil where there are none or several.
func inProgram(t check.Source, pattern *regexp.Regexp, with string) *check.Edit {
	if started := check.StartedFile(t); started != "" {
		if edit, n := inFile(t, started, pattern, with); n > 0 {
			return edit
		}
	}
	var found *check.Edit
	lines := 0
	check.EachProgram(t.FS(), programs, func(name, text string) {
		if edit, n := inText(t, name, text, pattern, with); n > 0 {
			found, lines = edit, lines+n
		}
	})
	if lines > 1 {
		return nil
	}
	return found
}

// inFile returns the edit of the one line of a file that a pattern matches, and how many it
// matches.
func inFile(t check.Source, name string, pattern *regexp.Regexp, with string) (edit *check.Edit, lines int) {
	text, err := fs.ReadFile(t.FS(), name)
	if err != nil || len(text) > mostBytes {
		return nil, 0
	}
	return inText(t, name, string(text), pattern, with)
}

// inText is inFile of a text that was read.
func inText(t check.Source, name, text string, pattern *regexp.Regexp, with string) (edit *check.Edit, lines int) {
	for n, line := range strings.Split(text, "\n") {
		found, said := pattern.FindStringIndex(line), remark.FindStringIndex(line)
		if found != nil && (said == nil || found[0] < said[0]) {
			edit, lines = check.Rewrite(t.FS(), name, n+1, n+1, pattern, with), lines+1
		}
	}
	if lines > 1 {
		return nil, lines
	}
	return edit, lines
}
