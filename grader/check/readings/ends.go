package readings

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// Ended returns what to say of a program that came to its end without a fault.
func Ended(s Scene) check.Hint {
	s.started = true
	var h check.Hint
	if s.File.Last("CMD", "ENTRYPOINT") == nil {
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
	if deaf := s.deaf(); deaf != nil {
		return *deaf
	}
	if s.endsByNature(in, &h) || s.leavesBehind(in, &h) {
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
				h.Edit = s.dockerfileLine(in.Line).without()
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

var (
	encrypts = regexp.MustCompile(`(?:(?:,\s*|\s+)["']?--(?:ssl-)?(?:keyfile|certfile|ca-certs)["']?` +
		`(?:=|[\s,]+["']?)[^\s"',\]]+["']?)+`)
	encrypted = regexp.MustCompile(`\bssl_(?:keyfile|certfile|context)\s*=|\bssl\.\w*wrap_socket|\.wrap_socket\(|` +
		`\bhttps\.createServer\(|ListenAndServeTLS\(`)
)

// Mute returns what to say of a program that listens where it should, and gives no answer.
func Mute(s Scene) (h check.Hint) {
	h.Advice = "Serve HTTP: who puts the service before the world adds HTTPS."
	if in := s.commandInstruction(); in != nil && encrypts.MatchString(in.Text) {
		h.Cause = fmt.Sprintf("Line %d lets the program speak HTTPS, and it is asked by HTTP.", in.Line)
		h.Edit = s.inInstruction(in, encrypts, "")
		return h
	}
	if p, _ := s.grep(encrypted, ".py.js.mjs.cjs.ts.go"); p.file != "" {
		h.Cause = fmt.Sprintf("%s, lets the program speak HTTPS, and it is asked by HTTP: `%s`.", p, p.code())
		return h
	}
	h.Cause = "It listens where it should, and gives no answer in HTTP."
	h.Advice = "Look at what each request waits for, such as a lock, a sleep, or another server that is not there."
	return h
}

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
	if asleep := s.sleeps(); asleep != nil {
		return *asleep, true
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

// interpreter is a program that does nothing without what CMD would give it.
var interpreter = regexp.MustCompile(`^(?:/\S+/)?(?:python[\d.]*|node|uvicorn|gunicorn|flask|npm|java|sh|bash)$`)

// deaf returns what to say of an ENTRYPOINT that is no list and one program, which the shell starts
// without what CMD names; nil elsewhere.
func (s *Scene) deaf() *check.Hint {
	entry, command := s.File.Last("ENTRYPOINT"), s.File.Last("CMD")
	if entry == nil || command == nil || entry.Exec || len(entry.Args) != 1 || !interpreter.MatchString(entry.Args[0]) {
		return nil
	}
	h := check.Hint{Cause: fmt.Sprintf("ENTRYPOINT, line %d, is no list, so a shell starts %s alone, and what CMD "+
		"names "+
		"(line %d) is not heard.", entry.Line, entry.Args[0], command.Line), Advice: "Make it a list."}
	h.Edit = check.EditOf(s.File.Name, s.File.Change(*entry, fmt.Sprintf("ENTRYPOINT [%q]", entry.Args[0])))
	return &h
}

// scriptNamed returns the script of the folder that an instruction starts, or empty.
func (s *Scene) scriptNamed(in *dockerfile.Instruction) (file string) {
	for _, word := range in.Args {
		if found := s.own(inside(s.workdir(), word)); found != "" {
			file = found
		}
	}
	if lines := s.lines(file); len(lines) == 0 || !strings.HasSuffix(file, ".sh") && !strings.HasPrefix(lines[0],
		"#!") {
		return ""
	}
	return file
}

var (
	handsOver = regexp.MustCompile(`\$@|\$\*|\bexec\b|\$\{@|&\s*$`)
	quiet     = regexp.MustCompile(`^(?:#.*|set\b.*|echo\b.*|printf\b.*|mkdir\b.*|export\b.*|cd\b.*|chown\b.*|` +
		`chmod\b.*|touch\b.*|cp\b.*|rm\b.*|ls\b.*|\w+=\S*|if\b.*|then|else|fi|date)?$`)
)

// endsAlone returns that the script of an ENTRYPOINT does nothing that goes on, and does not
// hand over to CMD; nil where that is not so.
func (s *Scene) endsAlone() *check.Hint {
	entry, command := s.File.Last("ENTRYPOINT"), s.File.Last("CMD")
	if entry == nil || command == nil || !entry.Exec {
		return nil
	}
	file := s.scriptNamed(entry)
	if file == "" {
		return nil
	}
	lines := s.lines(file)
	for _, line := range lines {
		if handsOver.MatchString(line) || !quiet.MatchString(strings.TrimSpace(line)) {
			return nil
		}
	}
	return &check.Hint{
		Cause: fmt.Sprintf("ENTRYPOINT starts %s, which comes to its end, and no line of it starts what CMD names "+
			"(line %d).", file, command.Line),
		Advice: "Let it end with that.",
		Edit:   &check.Edit{File: file, Line: len(lines), New: `exec "$@"`}}
}

// HandsNothingOver returns what to say where the script of an ENTRYPOINT ends and does not start
// what CMD names, and whether that is so.
func HandsNothingOver(s Scene) (h check.Hint, ok bool) {
	s.started = true
	if hint := s.endsAlone(); hint != nil {
		return *hint, true
	}
	return h, false
}

// leavesBehind reports whether a script comes to its end while what it started in the background
// would go on, or has nothing to start because there is no CMD.
func (s *Scene) leavesBehind(in *dockerfile.Instruction, h *check.Hint) bool {
	file := s.scriptNamed(in)
	if file == "" {
		return false
	}
	lines := s.lines(file)
	text := strings.Join(lines, "\n")
	if s.File.Last("CMD") == nil && regexp.MustCompile(`(?m)^exec "?\$@"?\s*$`).MatchString(text) {
		h.Cause = fmt.Sprintf("ENTRYPOINT starts %s, which goes on with what CMD names, and the Dockerfile has no "+
			"CMD.", file)
		h.Advice = "Add a CMD that starts the program."
		if command := s.Command(); command != "" {
			h.Advice = "Start the program."
			h.Edit = &check.Edit{File: s.File.Name, Line: len(s.File.Lines), New: command}
		}
		return true
	}
	var left []place
	alone := true // nothing but words follows
	for i, line := range lines {
		switch line = strings.TrimSpace(line); {
		case line == "" || strings.HasPrefix(line, "#"):
		case regexp.MustCompile(`^wait\b|\$@`).MatchString(line):
			return false
		case regexp.MustCompile(`[^&]&$`).MatchString(line):
			left, alone = append(left, place{file, i + 1, lines[i]}), true
		case !strings.HasPrefix(line, "echo"):
			alone = false
		}
	}
	if len(left) == 0 {
		return false
	}
	last := left[len(left)-1]
	h.Cause = fmt.Sprintf("%s, starts a program in the background, with & at its end: the script comes to its end, "+
		"and "+
		"the container with it.", last)
	h.Advice = "Let the script wait for it at its end."
	h.Edit = &check.Edit{File: file, Line: len(lines), New: "wait"}
	if alone && len(left) == 1 {
		h.Advice, h.Edit = "Start it without &.", last.replace(regexp.MustCompile(`\s*&\s*$`), "")
	}
	return true
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

// neverListens reports whether Node runs a program of which no file listens.
func (s *Scene) neverListens(in *dockerfile.Instruction, h *check.Hint) bool {
	text := strings.Join(in.Args, " ")
	var script place
	if list, scripts := s.scripts(); regexp.MustCompile(`npm["',\s]+(?:run["',\s]+)?start`).MatchString(text) {
		text = scripts["start"]
		script, _ = s.grepIn(list, regexp.MustCompile(`"start"\s*:`))
	}
	m := nodeRuns.FindStringSubmatch(text)
	if m == nil {
		return false
	}
	file := s.own(inside(s.workdir(), m[1]))
	if file == "" {
		return false
	}
	if p, _ := s.grep(listensAt, ".js.mjs.cjs.ts"); p.file != "" {
		other, _ := s.grep(regexp.MustCompile(`\.listen\(`), ".js.mjs.cjs")
		own, _ := s.grepIn(file, listensAt)
		if own.file != "" || other.file == "" || s.where(other.file) == "" || strings.Contains(
			strings.Join(s.lines(file), "\n"), strings.TrimSuffix(path.Base(other.file), path.Ext(other.file))) {
			return false
		}
		h.Cause = fmt.Sprintf("CMD starts %s, which listens on no port and so came to its end; %s, listens.", file,
			other)
		h.Advice = "Start that."
		h.Edit = renamed(s, script, path.Base(m[1]), s.fromWorkdir(other.file))
		return true
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
			p.code())
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
		} else if s.poetryInstalls() != nil {
			run = `"poetry", "run", `
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

var (
	nodeRuns    = regexp.MustCompile(`\bnode["',\s]+(?:--?[\w-]+["',\s]+)*([\w./-]+\.[cm]?js)\b`)
	listensAt   = regexp.MustCompile(`\.listen\(|\bserve\(|Deno\.serve|\.start\(`)
	makesServer = regexp.MustCompile(`^(?:const|let|var)\s+(\w+)\s*=\s*express\(\)`)
)

var (
	idle      = regexp.MustCompile(`^(?:exec )?(tail|sleep|cat|yes|watch)\b(?: -f /dev/null| infinity| \d+)?\s*$`)
	muchLater = regexp.MustCompile(`^\s*\}\s*,\s*(\d{5,})\s*\)`)
	asking    = regexp.MustCompile(`\.question\(|\bprompt\(|prompt-sync|inquirer`)
	chores    = regexp.MustCompile(`\b(?:npm|yarn|pnpm)["',\s]+(?:(install|ci|i)\b|(?:run["',\s]+)?(build|test|` +
		`lint|migrate|seed|compile)\b)`)
)
