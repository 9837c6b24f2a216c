package readings

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// container are the engine's words for a program that it does not start.
var container = tool{name: "docker", entries: []entry{
	on("list-in-other-quotes", `exec: "(\[[^"\n]*)": [^\n]*`, "", "").with(singleQuotes),
	on("not-executable", `exec:? "?([^"\s:]+)"?: permission denied`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		if notExecutable(s, m, h) {
			return true
		}
		h.Cause, h.Advice = fmt.Sprintf("%s may not be run in the image.", m[1]),
			fmt.Sprintf("Give it the right with RUN chmod +x %s.", m[1])
		if at := inside(s.workdir(), m[1]); s.has(strings.TrimPrefix(at, "/")) || s.arrives(path.Base(m[1])) {
			h.Edit = s.asRoot("RUN chmod +x " + at)
		} else if own := s.ownPath(s.folderPath(at)); own != "" && s.isFolder(own) {
			h.Cause, h.Advice = fmt.Sprintf("%s is a folder, and no program.", m[1]), "Let CMD name the program in it."
		}
		return true
	}),
	on("a-folder", `exec: "([^"]+)": is a directory`, `$1 is a folder, and no program.`, `Let CMD name a program.`),
	on("not-found",
		`(?:exec: "([^"]+)": executable file not found in \$PATH|exec: "([^"]+)": stat [^\n]*: no such file or `+
			`directory|exec:? "?([^"\s:]+)"?: no such file or directory)`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		name := m[1] + m[2] + m[3]
		switch {
		case s.shellWords(name, h):
			return true
		case strings.Contains(name, " "):
			h.Cause = fmt.Sprintf(
				"CMD's list has the whole command as one word, %q: Docker looks for a program of that name.", name)
			h.Advice = "Write each word as an element of its own."
			words := strings.Fields(name)
			quoted := make([]string, len(words))
			for i, w := range words {
				quoted[i] = fmt.Sprintf("%q", w)
			}
			h.Edit = s.inCommand(regexp.MustCompile(`"`+regexp.QuoteMeta(name)+`"`),
				strings.ReplaceAll(strings.Join(quoted, ", "), "$", "$$"))
			return true
		case regexp.MustCompile(`^\w+=`).MatchString(name):
			h.Cause, h.Advice = fmt.Sprintf("CMD begins with an assignment, %s, which only a shell understands.", name),
				"Write it as a line of its own."
			h.Edit = s.above(false, "ENV "+name)
			return true
		case s.venvMoved(h), strings.Contains(name, "/bin/") && s.venvUnused(h), strings.Contains(name, "/bin/") &&
			s.otherPython(h):
			return true
		case strings.Contains(name, "venv/") && !strings.Contains(strings.Join(s.lines(s.File.Name), "\n"), " venv"):
			h.Cause = fmt.Sprintf(
				"CMD names a program of a virtual environment, %s, and no line of the Dockerfile makes one.", name)
			h.Advice = "Name the program alone, as the build installs it."
			h.Edit = s.inCommand(regexp.MustCompile(regexp.QuoteMeta(name)), path.Base(name))
			return true
		case !strings.Contains(name, "/") && s.landed()[inside(s.workdir(), name)] != "" && !scripted(name) &&
			!strings.HasSuffix(name, ".py"):
			h.Cause = fmt.Sprintf("%s is at %s, and a name without / is looked for in PATH alone.", name,
				inside(s.workdir(), name))
			h.Advice = "Name it with its folder."
			h.Edit = s.inCommand(regexp.MustCompile(`"`+regexp.QuoteMeta(name)+`"`), `"./`+name+`"`)
			return true
		case scripted(name) && !strings.Contains(name, "/"):
			h.Cause = fmt.Sprintf("CMD names %s as a program, and Docker finds none of that name.", name)
			h.Advice = "Let Node start it."
			h.Edit = s.inCommand(regexp.MustCompile(`\[\s*"`+regexp.QuoteMeta(name)+`"`), `["node", "`+name+`"`)
			return true
		case strings.Contains(name, "/"), strings.HasSuffix(name, ".sh"):
			if base := path.Base(name); provides[base] != "" && path.IsAbs(name) && len(s.named(base)) == 0 {
				return notInPath(s, name, h)
			}
			if s.alienBinary(name, h) || script(s, name, h) {
				return true
			}
			h.Cause, h.Advice = fmt.Sprintf(
				"%s is not in the image, or the interpreter that its first line names is not.", name),
				"COPY it, and let CMD name it as it is called there."
			return true
		case strings.HasSuffix(name, ".py"):
			h.Cause, h.Advice = fmt.Sprintf("CMD names %s as a program, and Docker finds none of that name.", name),
				"Let Python start it."
			h.Edit = s.inCommand(regexp.MustCompile(`\[\s*"`+regexp.QuoteMeta(name)+`"`), `["python", "`+name+`"`)
			return true
		}
		return notInPath(s, name, h)
	}),
	on("format", `(?:exec "?([^"\s:]+)"?: )?exec format error`,
		`What CMD names is no program of this kind of machine, nor a script with #!/bin/sh as its first line.`,
		`Give a script that first line, or build the program for this kind of machine.`).with(func(s *Scene, m []string,
		h *check.Hint) bool {
		if s.alienBinary(m[1], h) {
			return true
		}
		if by := map[string]string{".js": "node", ".mjs": "node", ".cjs": "node",
			".py": "python"}[path.Ext(m[1])]; by != "" {
			h.Cause = fmt.Sprintf("%s is started as a program, and its first line does not say with #! what runs it.",
				m[1])
			h.Advice = fmt.Sprintf("Let %s start it.", by)
			h.Edit = s.inCommand(regexp.MustCompile(`\[\s*"`+regexp.QuoteMeta(m[1])+`"`), `["`+by+`", `+
				`"`+strings.TrimPrefix(m[1],
				"./")+`"`)
			return true
		}
		for _, file := range s.files() {
			if lines := s.lines(file); len(lines) > 0 && strings.HasPrefix(lines[0], "\ufeff#!") {
				h.Cause = fmt.Sprintf("%s begins with a byte order mark (BOM), which an editor of Windows writes, and "+
					"not with #!, so Docker does not know what to run it with.", file)
				h.Advice = "Save it as UTF-8 without BOM."
				if at := s.where(file); at != "" {
					h.Advice = "Save it as UTF-8 without BOM, or let the build take the mark out."
					h.Edit = s.asRoot(`RUN sed -i '1s/^\xEF\xBB\xBF//' ` + at)
				}
				break
			}
			if lines := s.lines(file); strings.HasSuffix(file, ".sh") && s.File != nil &&
				strings.Contains(strings.Join(s.File.Lines, "\n"), path.Base(file)) && len(lines) > 0 &&
				!strings.HasPrefix(lines[0], "#!") {
				h.Cause = fmt.Sprintf("%s does not begin with #!/bin/sh, so Docker does not know what to run it with.",
					file)
				h.Advice, h.Edit = "Write it there.", &check.Edit{File: file, New: "#!/bin/sh"}
				break
			}
		}
		return true
	}),
	on("no-user", `unable to find (user|group) ([^:\s]+)`, `The image has no $1 $2, which USER names.`,
		`Make it before USER names it.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		if plain := strings.Trim(m[2], `;,"'`); plain != m[2] {
			h.Cause = fmt.Sprintf("The image has no %s %s: what stands around the name is a part of it.", m[1], m[2])
			h.Advice = "Write the name alone."
			for _, in := range s.File.Effective() {
				if in.Name == "USER" && strings.Contains(in.Text, m[2]) {
					h.Edit = s.inInstruction(&in, regexp.MustCompile(regexp.QuoteMeta(m[2])), plain)
				}
			}
			return true
		}
		if m[1] == "user" {
			line := "RUN useradd --create-home " + m[2]
			if _, alpine := s.system(); alpine {
				line = "RUN adduser -D " + m[2]
			}
			h.Edit = s.above(true, line)
		}
		return true
	}),
	on("workdir", `chdir to cwd \("?([^")]+)"?\)[^\n]*permission denied`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		who, line := s.user()
		h.Cause = fmt.Sprintf("The program runs as %s (USER, line %d), who may not enter the WORKDIR %s.", who, line,
			m[1])
		h.Advice = "Choose a WORKDIR outside of root's own folder, or give it to that user."
		h.Edit = s.asRoot("RUN chown -R " + who + " " + m[1])
		return who != ""
	}),
	on("no-command", `(?i)no command specified`, "", "").with(noCommand),
	on("refused", `^Error response from daemon: ([^\n]*)`, `Docker does not start the image: $1`,
		`Look at USER, WORKDIR and VOLUME.`),
}}

func (s *Scene) isFolder(name string) bool {
	entries, err := s.Folder.Open(name)
	if err != nil {
		return false
	}
	defer entries.Close()
	info, err := entries.Stat()
	return err == nil && info.IsDir()
}

// noCommand reports whether nothing is started, and what the folder has to start.
func noCommand(s *Scene, _ []string, h *check.Hint) bool {
	h.Cause = "The Dockerfile has no CMD, so the container runs what its base image starts by itself."
	h.Advice = "Add a CMD that starts the program."
	if command := s.Command(); command != "" && s.File != nil && len(s.File.Lines) > 0 {
		h.Edit = &check.Edit{File: s.File.Name, Line: len(s.File.Lines), New: command}
		h.Advice = "Start the program."
	}
	return true
}

// Ended returns what to say of a program that came to its end without a fault.
func Ended(s Scene) check.Hint {
	s.started = true
	var h check.Hint
	if s.File != nil && s.File.Last("CMD", "ENTRYPOINT") == nil {
		noCommand(&s, nil, &h)
		return h
	}
	h.Cause, h.Advice = "What CMD starts came to its end.", "Let CMD start the web server, which keeps running."
	in := s.commandInstruction()
	if in == nil {
		return h
	}
	if wrong := s.asList(); wrong != nil {
		return *wrong
	}
	if s.endsByNature(in, &h) {
		return h
	}
	if p, _ := s.grep(exitsAtOnce, ".js.mjs.cjs.ts"); p.file != "" {
		if served, _ := s.grep(listensAt, ".js.mjs.cjs.ts"); served.file == p.file {
			h.Cause = fmt.Sprintf("%s, ends the program when it has just begun to listen: `%s`.", p,
				strings.TrimSpace(p.text))
			h.Advice = "Take it out."
			if edit := p.without(); s.holds(*edit) {
				h.Advice, h.Edit = "", edit
			}
			return h
		}
	}
	if len(in.Args) == 0 {
		h.Cause = fmt.Sprintf("%s, line %d, names nothing to start.", in.Name, in.Line)
		return h
	}
	if background.MatchString(in.Text) && !in.Exec {
		h.Cause = fmt.Sprintf("Line %d starts the program in the background, with & at its end: the shell ends, and "+
			"the container with it.", in.Line)
		h.Advice = "Start it without &."
		h.Edit = s.inInstruction(in, background, "")
		return h
	}
	if len(in.Args) == 1 && interactive.MatchString(in.Args[0]) && s.File.Last("ENTRYPOINT") == nil {
		h.Cause = fmt.Sprintf("Line %d starts %s without a program, which waits for a keyboard that no container has, "+
			"and ends.", in.Line, in.Args[0])
		h.Advice = "Start the program."
		if command := s.Command(); command != "" && in.Line == in.EndLine {
			h.Edit = &check.Edit{File: s.File.Name, Line: in.Line, Old: s.File.Lines[in.Line-1], New: command}
		}
		return h
	}
	for _, other := range s.File.Final().Instructions {
		if other.Name == "CMD" && in.Name == "CMD" && other.Line < in.Line {
			h.Cause = fmt.Sprintf("There are two CMD lines, and Docker takes the last alone: line %d, which came "+
				"to its end.",
				in.Line)
			h.Advice = fmt.Sprintf("Keep the one that starts the web server; line %d is the other.", other.Line)
			if in.Line == in.EndLine && regexp.MustCompile(
				`uvicorn|gunicorn|flask|fastapi|hypercorn|runserver|node|npm`).MatchString(other.Text) {
				h.Advice = fmt.Sprintf("Keep line %d, which starts a server.", other.Line)
				h.Edit = place{s.File.Name, in.Line, s.File.Lines[in.Line-1]}.without()
			}
			return h
		}
	}
	if m := startsPython.FindStringSubmatch(strings.Join(in.Args, " ")); m != nil {
		file := s.own(inside(s.workdir(), m[1]))
		if m[1] == "" {
			file = s.moduleFile(m[2])
		}
		if file != "" && s.neverRuns(file, &h) {
			return h
		}
	}
	if s.endsBefore(&h) || s.neverListens(in, &h) {
		return h
	}
	if m := regexp.MustCompile(`python3?["',\s]+(?:-u["',\s]+)?([\w./-]+\.py)`).FindStringSubmatch(strings.Join(in.Args,
		" ")); m != nil {
		file := s.own(inside(s.workdir(), m[1]))
		text := strings.Join(s.lines(file), "\n")
		if name, line := s.appIn(file); name != "" &&
			!regexp.MustCompile(`uvicorn\.run|\.run\(|serve\(|runserver`).MatchString(text) {
			h.Cause = fmt.Sprintf(
				"CMD starts %s, which makes the app (line %d) and does not serve it, so it came to its end.", m[1],
				line)
			if command := s.Command(); command != "" && in.Line == in.EndLine && in.Name == "CMD" {
				edit := check.Edit{File: s.File.Name, Line: in.Line, Old: s.File.Lines[in.Line-1], New: command}
				if s.holds(edit) {
					h.Advice, h.Edit = "Let CMD start the server.", &edit
				}
			}
		}
	}
	return h
}

var (
	exitsAtOnce = regexp.MustCompile(`^process\.exit\((?:0|)\)`)
	background  = regexp.MustCompile(`\s+&\s*$`)
	interactive = regexp.MustCompile(`^(?:/(?:usr/)?bin/)?(?:node|python[\d.]*|bash|sh)$`)
	socketFile  = regexp.MustCompile(`unix:[^\s"']+`)
	asksMongo   = regexp.MustCompile(`^[^#\s].*\.(?:server_info\(|list_database_names\(|command\(\s*["']ping|` +
		`create_index\(|` +
		`count_documents\(|insert_(?:one|many)\(|find_one\()`)
	endless = regexp.MustCompile(`^while\s*\(?(?:True|1)\)?\s*:`)
)

// startsPython is a command that gives Python a file or a module.
var startsPython = regexp.MustCompile(`python[\d.]*\s+(?:-[uOBE]\s+)*(?:([\w./-]+\.py)|-m\s+([\w.]+))`)

// Silent returns what to say of a program that goes on and listens on no port, and whether there is
// anything to say; port is the one that is wanted.
func Silent(s Scene, port int) (h check.Hint, ok bool) {
	s.started = true
	in := s.commandInstruction()
	if in == nil {
		return h, false
	}
	if at := socketFile.FindString(in.Text); at != "" {
		h.Cause = fmt.Sprintf("Line %d lets the program listen on a file, %s, and on no port.", in.Line, at)
		h.Advice = "Let it listen on a port."
		h.Edit = s.inInstruction(in, socketFile, fmt.Sprintf("0.0.0.0:%d", port))
		return h, true
	}
	if wrong := s.portGiven(); wrong != nil {
		return *wrong, true
	}
	if h, ok := s.fetchedByNpx(in); ok {
		return h, true
	}
	if p, _ := s.grep(asksMongo, ".py"); p.file != "" {
		client, _ := s.grep(regexp.MustCompile(`\bMongoClient\(`), ".py")
		limited, _ := s.grep(regexp.MustCompile(`(?i)serverSelectionTimeoutMS`), ".py")
		if client.file != "" && limited.file == "" {
			h.Cause = fmt.Sprintf("%s, asks MongoDB while the file is loaded, before a server could listen, and "+
				"pymongo waits half "+
				"a minute for it: `%s`.", p, p.code())
			h.Advice = "Ask it at the first request, or let the start go on without it: MongoClient(…, " +
				"serverSelectionTimeoutMS=1000), with try … except around what asks."
			return h, true
		}
	}
	if m := idle.FindStringSubmatch(strings.Join(in.Args, " ")); m != nil {
		h.Cause = fmt.Sprintf("Line %d starts %s, which goes on and serves nothing: no line starts the program.",
			in.Line, m[1])
		h.Advice = "Let CMD start the program."
		if command := s.Command(); command != "" {
			h.Advice, h.Edit = "Start the program.", check.EditOf(s.File.Name, s.File.Change(*in, command))
		}
		return h, true
	}
	if p, m := s.grep(muchLater, ".js.mjs.cjs.ts"); m != nil {
		if served, _ := s.grep(listensAt, ".js.mjs.cjs.ts"); served.file == p.file {
			h.Cause = fmt.Sprintf("%s, lets what stands above it wait for %s milliseconds.", p, m[1])
			h.Advice = "Listen at once, and do the rest later."
			return h, true
		}
	}
	if p, _ := s.grep(endless, ".py"); p.file != "" {
		h.Cause = fmt.Sprintf("%s, goes round without end before a server could listen: `%s`.", p, p.text)
		h.Advice = "Do that in a thread or a task of the program, or take it out."
		return h, true
	}
	text := strings.Join(in.Args, " ")
	if strings.Contains(text, "0.0.0.0") && strings.Contains(text, fmt.Sprint(port)) {
		h.Cause = "What CMD starts goes on, and has not come to listen, though CMD names the right address."
		h.Advice = "Look at what the program does while its files are loaded: a loop, or waiting for another server."
		return h, true
	}
	return h, false
}

var npx = regexp.MustCompile(`\b(?:npx|npm["',\s]+exec)["',\s]+(?:--?[\w-]+["',\s]+)*((?:@[\w.-]+/)?[a-z][\w.-]*)`)

// fetchedByNpx reports whether npx is to fetch a package when the program starts, and what to say.
func (s *Scene) fetchedByNpx(in *dockerfile.Instruction) (h check.Hint, ok bool) {
	text, by := strings.Join(in.Args, " "), fmt.Sprintf("%s, line %d,", in.Name, in.Line)
	if file, scripts := s.scripts(); regexp.MustCompile(`npm["',\s]+(?:run["',\s]+)?start`).MatchString(text) {
		text, by = scripts["start"], "The script start of "+file
	}
	m := npx.FindStringSubmatch(text)
	if m == nil {
		return h, false
	}
	name := map[string]string{"tsc": "typescript", "nest": "@nestjs/cli"}[m[1]]
	if name == "" {
		name, _ = splitVersion(m[1])
	}
	if _, asked := s.dependency(name); asked {
		return h, false
	}
	h.Cause = fmt.Sprintf("%s lets npx fetch %s from the network each time that the container starts, and here is "+
		"none: "+
		"package.json does not name it.", by, name)
	h.Advice = "Install it when the image is built."
	h.Edit = s.above(true, "RUN npm install -g "+name)
	return h, true
}

// endsBefore reports whether a script that ENTRYPOINT starts ends before what CMD names is started.
func (s *Scene) endsBefore(h *check.Hint) bool {
	entry, command := s.both()
	if command == nil || len(entry.Args) == 0 {
		return false
	}
	var file string
	for _, word := range entry.Args {
		if found := s.own(inside(s.workdir(), word)); found != "" {
			file = found
		}
	}
	lines := s.lines(file)
	text := strings.Join(lines, "\n")
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "#!") || strings.Contains(text, "$@") ||
		strings.Contains(text, "$*") {
		return false
	}
	h.Cause = fmt.Sprintf("ENTRYPOINT starts %s, which comes to its end and never starts what CMD names (line %d).",
		file, command.Line)
	h.Advice = "Let its last line start it."
	h.Edit = &check.Edit{File: file, Line: len(lines), New: `exec "$@"`}
	return true
}

var (
	nodeRuns    = regexp.MustCompile(`\bnode["',\s]+(?:--?[\w-]+["',\s]+)*([\w./-]+\.[cm]?js)\b`)
	listensAt   = regexp.MustCompile(`\.listen\(|\bserve\(|Deno\.serve|\.start\(`)
	makesServer = regexp.MustCompile(`^(?:const|let|var)\s+(\w+)\s*=\s*express\(\)`)
)

// neverListens reports whether Node runs a program of which no file listens.
func (s *Scene) neverListens(in *dockerfile.Instruction, h *check.Hint) bool {
	text := strings.Join(in.Args, " ")
	if _, scripts := s.scripts(); regexp.MustCompile(`npm["',\s]+(?:run["',\s]+)?start`).MatchString(text) {
		text = scripts["start"]
	}
	m := nodeRuns.FindStringSubmatch(text)
	if m == nil {
		return false
	}
	file := s.own(inside(s.workdir(), m[1]))
	if p, _ := s.grep(listensAt, ".js.mjs.cjs.ts"); file == "" || p.file != "" {
		return false
	}
	h.Cause = fmt.Sprintf("CMD starts %s, and no line of the program listens on a port, so it came to its end.", file)
	h.Advice = "Let it listen."
	lines := s.lines(file)
	for _, line := range lines {
		if got := makesServer.FindStringSubmatch(line); got != nil {
			h.Edit = &check.Edit{File: file, Line: len(lines), New: got[1] + `.listen(8000, "0.0.0.0");`}
		}
	}
	return true
}

var (
	idle      = regexp.MustCompile(`^(?:exec )?(tail|sleep|cat|yes|watch)\b(?: -f /dev/null| infinity| \d+)?\s*$`)
	muchLater = regexp.MustCompile(`^\s*\}\s*,\s*(\d{5,})\s*\)`)
	asking    = regexp.MustCompile(`\.question\(|\bprompt\(|prompt-sync|inquirer`)
	chores    = regexp.MustCompile(`\b(?:npm|yarn|pnpm)["',\s]+(?:(install|ci|i)\b|(?:run["',\s]+)?(build|test|` +
		`lint|migrate|seed|compile)\b)`)
)

// endsByNature reports whether CMD starts what comes to its end when its work is done, or asks at a
// keyboard.
func (s *Scene) endsByNature(in *dockerfile.Instruction, h *check.Hint) bool {
	if m := chores.FindStringSubmatch(strings.Join(in.Args, " ")); m != nil && !strings.Contains(in.Text, "&&") &&
		!strings.Contains(in.Text, "start") {
		what := "the script " + m[2] + " of package.json"
		if m[1] != "" {
			what = "npm " + m[1]
		}
		h.Cause = fmt.Sprintf("Line %d runs %s, which comes to its end when that is done, and no server.", in.Line,
			what)
		h.Advice = "That belongs into a RUN; let CMD start the program."
		if command := s.Command(); command != "" {
			h.Edit = check.EditOf(s.File.Name, s.File.Change(*in, command))
		}
		return true
	}
	if p, _ := s.grep(asking, ".js.mjs.cjs.ts"); p.file != "" {
		h.Cause = fmt.Sprintf("%s, asks at a keyboard, which no container has, and so it ends: `%s`.", p,
			short(strings.TrimSpace(p.text)))
		h.Advice = "Take the value from a variable."
		return true
	}
	return false
}

// Command returns a CMD line that starts what the folder holds, or empty.
func (s *Scene) Command() string {
	dir := strings.TrimSuffix(s.workdir(), "/") + "/"
	installs := func(name string) bool { _, ok := s.requires(name); return ok }
	for _, file := range s.files() {
		at := s.where(file)
		rest, ok := strings.CutPrefix(at, dir)
		if !ok {
			continue
		}
		if path.Base(file) == "manage.py" {
			return `CMD ["python", "` + rest + `", "runserver", "0.0.0.0:8000"]`
		}
		name, line := "", 0
		if strings.HasSuffix(file, ".py") {
			name, line = s.appIn(file)
		}
		if name == "" {
			continue
		}
		module := strings.ReplaceAll(strings.TrimSuffix(rest, ".py"), "/", ".")
		run := ""
		if s.syncs() {
			run = `"uv", "run", "--no-sync", `
		}
		if text := s.lines(file)[line-1]; strings.Contains(text, "Flask(") {
			if installs("gunicorn") {
				return `CMD [` + run + `"gunicorn", "--bind", "0.0.0.0:8000", "` + module + `:` + name + `"]`
			}
			return `CMD [` + run + `"flask", "--app", "` + module + `:` + name +
				`", "run", "--host", "0.0.0.0", "--port", "8000"]`
		}
		return `CMD [` + run + `"uvicorn", "` + module + `:` + name + `", "--host", "0.0.0.0", "--port", "8000"]`
	}
	if _, scripts := s.scripts(); scripts["start"] != "" {
		return `CMD ["npm", "start"]`
	}
	if program := s.nodeProgram(); program != "" {
		if rest, ok := strings.CutPrefix(s.where(program), dir); ok {
			return `CMD ["node", "` + rest + `"]`
		}
	}
	return ""
}

// sockets are the words of programs that may not or cannot listen where they want to.
var sockets = tool{name: "sockets", entries: []entry{
	on("privileged",
		`\('[^']*', (\d+)[^)]*\): (?:\[errno \d+\] )?permission denied|listen EACCES: permission denied `+
			`[\w.:]*?:(\d+)|bind\(\) to [\w.:]*:(\d+) failed \(13`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause, h.Advice = fmt.Sprintf("Only root may listen on port %s, as on all below 1024.", m[1]+m[2]+m[3]),
			"Let the program listen on 8000."
		h.Edit = s.inCommand(word(m[1]+m[2]+m[3]), "${1}8000${2}")
		return true
	}),
	on("port-too-high", `port must be 0-65535|Port should be >= 0 and < 65536[^\n]*`,
		`The program is to listen on a port above 65535, and there is none.`,
		`Let it listen on 8000.`).with(func(s *Scene, _ []string, h *check.Hint) bool {
		h.Edit = s.inCommand(noPort, "8000")
		return true
	}),
	on("no-number", `RangeError \[ERR_SOCKET_BAD_PORT\][^\n]*|listen tcp\d?:? [^\n]*(?:unknown port|invalid port|`+
		`missing port|`+
		`too many colons)[^\n]*`, `The program is to listen on what is no port.`,
		`Give it a number from 1 to 65535.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		if strings.Contains(m[0], "NaN") && noneForSetting(s, m, h) {
			return true
		}
		if wrong := s.portGiven(); wrong != nil {
			*h = *wrong
			return true
		}
		got := regexp.MustCompile(`Received (?:type (\w+) )?\(?'?([^)'\n]*)`).FindStringSubmatch(m[0])
		if got != nil && got[2] != "" {
			h.Cause = fmt.Sprintf("The program is to listen on %s%s, and that is no port.", got[2], s.at())
		}
		h.Edit = s.inCommand(noPort, "8000")
		return true
	}),
	on("in-use", `(?i)address (?:is )?already in use|Connection in use: \(|EADDRINUSE: |port \d+ is in use`,
		`The port is taken inside the container: the server is started twice.`,
		`Start it once: CMD, or the script or program that it starts, starts it again.`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		if p, ok := s.frame(); ok && strings.Contains(p.text, "listen(") {
			h.Cause = fmt.Sprintf("%s, listens on a port on which the program listens already.", p)
			h.Advice = "Let it listen once."
		}
		return true
	}),
	on("not-ours",
		`(?:[Cc]annot assign requested address|EADDRNOTAVAIL)[^\n]*?(?:\('?([\d.:a-f]+)'?, ?(\d+)|([\d.]+):(\d+)|$)`,
		"", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		address := m[1] + m[3]
		if address == "" {
			if got := regexp.MustCompile(`address \('([^']+)', (\d+)`).FindStringSubmatch(s.log); got != nil {
				address = got[1]
			}
		}
		return address != "" && foreignAddress(s, address, h)
	}),
	on("not-expanded", `(?m)'(\$\{?(\w+)[^']*)' is not a valid (?:integer|port number)`, "", "").with(notExpanded),
	on("empty", `(?m)^Error: '' is not a valid port number|Invalid value for '--?[\w-]+'(?: / '[^']*')?: '' is not`,
		"", "").with(
		func(s *Scene, _ []string, h *check.Hint) bool { return s.emptyInCommand(h) }),
	on("blanks-in-env", `['"](=(?: [^'"\n]*)?)['"]`, "", "").with(blanksInEnv),
	on("no-such-path", `Invalid value for '(--?[\w-]+)'[^:\n]*: (?:Path|File|Directory) '([^'\n]+)' does not exist`, "",
		"").with(optionPath),
	on("usage",
		`(?m)^(?:Error: |[\w.-]+: error: |error: )((?:No such option|Invalid value|Missing argument|Got unexpected|`+
			`unrecognized arguments|no such option|unexpected argument|the following arguments are required|`+
			`argument [^:\n]+: |Option '?-[\w-]+'? requires an argument|No such command|Missing option|Missing `+
			`command|ambiguous option)[^\n]*)`,
		"", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		if entry, command := s.both(); command != nil && len(command.Args) > 1 &&
			path.Base(entry.Args[len(entry.Args)-1]) == path.Base(command.Args[0]) {
			h.Cause = fmt.Sprintf("ENTRYPOINT and CMD are one command together, so %s stands in it twice.",
				command.Args[0])
			h.Advice = "Leave ENTRYPOINT out, so that CMD is the whole command."
			h.Edit = place{s.File.Name, entry.Line, s.File.Lines[entry.Line-1]}.without()
			return true
		}
		if got := regexp.MustCompile(`^Option '?(-[\w-]+)'? requires an ` +
			`argument`).FindStringSubmatch(m[1]); got != nil {
			h.Cause = fmt.Sprintf("CMD's %s wants a value, and there is none behind it.", got[1])
			h.Advice = "Write it there."
			if s.emptyInCommand(h) {
				return true
			}
			if by := map[string]string{"--host": "0.0.0.0", "--port": "8000", "-h": "0.0.0.0",
				"-p": "8000"}[got[1]]; by != "" {
				h.Edit = s.inCommand(regexp.MustCompile(`"`+got[1]+`"(\s*\])`), `"`+got[1]+`", "`+by+`"${1}`)
			}
			return true
		}
		h.Cause = fmt.Sprintf("CMD's words are not as its program wants them: %s.", strings.TrimSuffix(m[1], "."))
		h.Advice = "Write them as its --help lists them."
		if got := regexp.MustCompile(
			`No such option:? '?(-[\w-]+)'?\.? ?\(?(?:Did you mean (?:one of: )?'?(-[\w-]+))?|unrecognized ` +
				`arguments: (-[\w-]+)`).FindStringSubmatch(m[1]); got != nil {
			near := got[2]
			if near == "" {
				near = nearest(got[1]+got[3], []string{"--host", "--port", "--workers", "--reload", "--bind",
					"--app-dir", "--log-level", "--worker-class"})
			}
			if near != "" {
				h.Cause = fmt.Sprintf("CMD's program has no option %s.", got[1]+got[3])
				h.Advice = fmt.Sprintf("Is %s meant?", near)
				h.Edit = s.inCommand(word(got[1]+got[3]), "${1}"+near+"${2}")
			}
		}
		return true
	}),
}}

var blanksAround = regexp.MustCompile(`^(?i:ENV)\s+(\w+)\s+=\s*(\S+)$`)

// emptyInCommand says which variable of CMD is empty, since nothing sets it, and gives it a value;
// and reports whether there is one.
func (s *Scene) emptyInCommand(h *check.Hint) bool {
	in := s.commandInstruction()
	if in == nil {
		return false
	}
	for _, m := range variable.FindAllStringSubmatch(strings.Join(in.Args, " "), -1) {
		if s.sets(m[1]) {
			continue
		}
		h.Cause = fmt.Sprintf("$%s in %s, line %d, is empty: nothing sets it.", m[1], in.Name, in.Line)
		by := "${" + m[1] + ":-" + s.value(m[1], "") + "}"
		h.Advice = fmt.Sprintf("Write %s, which has a value where nothing sets it.", by)
		written := regexp.MustCompile(`\$(?:` + m[1] + `\b|\{` + m[1] + `\})`)
		if h.Edit = s.inInstruction(in, written, strings.ReplaceAll(by, "$", "$$")); h.Edit != nil {
			h.Advice = "Give it a value where nothing sets it."
		}
		return true
	}
	return false
}

// blanksInEnv reports whether an ENV has blanks around its =, which Docker takes into the value.
func blanksInEnv(s *Scene, m []string, h *check.Hint) bool {
	if s.File == nil {
		return false
	}
	for _, in := range s.File.Effective() {
		got := blanksAround.FindStringSubmatch(in.Text)
		if got == nil || !strings.HasPrefix("= "+got[2], m[1]) {
			continue
		}
		h.Cause = fmt.Sprintf("Line %d sets %s to \"= %s\": with blanks before it, the = is a part of the value.",
			in.Line, got[1], got[2])
		h.Advice = "Write it without blanks."
		h.Edit = &check.Edit{File: s.File.Name, Line: in.Line, Old: s.File.Lines[in.Line-1],
			New: "ENV " + got[1] + "=" + got[2]}
		return in.Line == in.EndLine
	}
	return false
}

// optionPath says why what an option of CMD names is not in the image.
func optionPath(s *Scene, m []string, h *check.Hint) bool {
	option, name := m[1], m[2]
	at := inside(s.workdir(), name)
	h.Cause = fmt.Sprintf("CMD's %s names %s, and the image has no such file.", option, at)
	h.Advice = "Hand it in and COPY it, or leave the option out."
	file := s.own(name)
	if line := s.hidden(strings.TrimPrefix(path.Clean(name), "./")); line != "" {
		h.Cause = fmt.Sprintf("CMD's %s names %s, and %s, keeps it out of the image.", option, name, line)
	} else if file != "" && !strings.HasPrefix(path.Base(name), ".env") {
		return s.notCopied(file, at, h)
	} else if found := s.named(path.Base(name)); len(found) > 0 {
		there := s.where(found[0])
		if there == "" {
			return s.notCopied(found[0], at, h)
		}
		h.Cause = fmt.Sprintf("CMD's %s names %s, and it is at %s.", option, at, there)
		h.Advice = "Name it as it lies there."
		beside := strings.TrimPrefix(there, strings.TrimSuffix(s.workdir(), "/")+"/")
		h.Edit = s.inCommand(word(name), "${1}"+beside+"${2}")
		return true
	}
	if strings.HasPrefix(path.Base(name), ".env") {
		h.Advice = "Secrets do not belong into the image: start without it, and pass variables with docker run -e."
		quoted := regexp.QuoteMeta(`"`+option+`"`) + `,\s*` + regexp.QuoteMeta(`"`+name+`"`)
		bare := regexp.QuoteMeta(option) + `[= ]` + regexp.QuoteMeta(name)
		h.Edit = s.inCommand(regexp.MustCompile(`,\s*(?:`+quoted+`|"`+bare+`")|\s+`+bare), "")
	}
	return true
}

// noPort is a number above those of ports.
var noPort = regexp.MustCompile(`\b(?:6553[6-9]|655[4-9]\d|65[6-9]\d\d|6[6-9]\d{3}|[7-9]\d{4}|\d{6,})\b`)

// notExpanded reports whether nothing puts a variable into the words of a list.
func notExpanded(s *Scene, m []string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf(
		"CMD is a list, and in a list nothing puts the value of %s in: its program gets the letters %s.", m[2], m[1])
	h.Advice = "Let sh start the program, with exec before it."
	in := s.commandInstruction()
	if in == nil || !in.Exec || !strings.Contains(strings.Join(in.Args, " "), m[1]) ||
		strings.ContainsAny(strings.Join(in.Args, ""), " \"'\\&|;<>()*") {
		return true
	}
	command := "exec " + strings.Join(in.Args, " ")
	if !s.sets(m[2]) {
		command = regexp.MustCompile(`\$(?:`+m[2]+`\b|\{`+m[2]+`\})`).ReplaceAllLiteralString(command,
			"${"+m[2]+":-"+s.value(m[2], "")+"}")
	}
	if h.Edit = check.EditOf(s.File.Name, s.File.Change(*in, in.Name+" "+
		dockerfile.List([]string{"sh", "-c", command}))); h.Edit != nil {
		h.Advice = "Let sh start it."
	}
	return true
}

// waiting are scripts and programs that wait for another server, and still do.
var waiting = tool{name: "waiting", entries: []entry{
	on("for-a-server",
		`(?i)(?:(?:waiting|wait) for (?:the )?(?:database|postgres\w*|mysql\w*|mariadb|db|mongo\w*|redis|rabbitmq|`+
			`\S+:\d+)|(?:database|postgres\w*|mysql|db|redis) (?:is )?(?:unavailable|not ready|not available|`+
			`is starting up)|[\w.-]+:\d+ - no (?:response|attempt)|still waiting)[^\n]*`, "", "").
		with(func(s *Scene, m []string, h *check.Hint) bool {
			h.Cause = "The program is still waiting for its database, and none is there: here it runs alone, without " +
				"compose. CMD itself is right."
			h.Advice = "Let the waiting come to an end, and the start go on without it."
			if addressed(s, m, &check.Hint{}) {
				var more check.Hint
				if _, ok := s.frame(); !ok && addressed(s, m, &more) && strings.Contains(more.Cause, " at ") {
					h.Cause = "It is still waiting for its database. " + more.Cause
				}
			}
			return true
		}),
	on("timed-out", `timeout occurred after waiting \d+ seconds for ([\w.-]+):(\d+)`, "", "").with(server("", "")),
}}

// builtins are commands that are a shell's own, and no programs.
var builtins = []string{"cd", "export", "source", ".", "set", "ulimit", "umask"}

// shellWords reports whether CMD's list begins with a word that only a shell knows.
func (s *Scene) shellWords(name string, h *check.Hint) bool {
	in := s.commandInstruction()
	if in == nil || !in.Exec || !slices.Contains(builtins, name) || len(in.Args) == 0 || in.Args[0] != name {
		return false
	}
	h.Cause = fmt.Sprintf("%s is a word of the shell, and no program: a list is started without a shell.", name)
	h.Advice = "Let sh read it."
	words := slices.Clone(in.Args)
	if last := slices.Index(words, "&&"); last >= 0 && !slices.Contains(words[last+1:], "&&") && len(words) > last+1 {
		words[last] += " exec"
	}
	if slices.ContainsFunc(words, func(w string) bool { return strings.ContainsAny(w, `"'`) }) {
		return true
	}
	h.Edit = s.command("sh", "-c", strings.Join(words, " "))
	return true
}
