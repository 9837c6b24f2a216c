package readings

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// builtin are the modules that Node has of its own.
var builtin = strings.Fields(`assert async_hooks buffer child_process cluster crypto dgram dns dns/promises events fs
	fs/promises http http2 https inspector module net os path perf_hooks process querystring readline
	readline/promises stream stream/promises stream/web string_decoder timers timers/promises tls tty url util v8 vm
	worker_threads zlib`)

// nodeSince is the first Node that has a module or a function.
var nodeSince = map[string]string{"node:sqlite": "22", "node:test": "18", "node:sea": "20", "Object.groupBy": "21",
	"Map.groupBy": "21", "Array.fromAsync": "22", "Promise.withResolvers": "22", "Promise.try": "24",
	"fs.globSync": "22", "fs.glob": "22", "process.loadEnvFile": "20.12", "process.getBuiltinModule": "22",
	"RegExp.escape": "24", "URL.parse": "22", "crypto.hash": "20.12", "util.styleText": "20.12",
	"structuredClone": "17", "fetch": "18", "WebSocket": "22", "navigator": "21", "File": "20", "Iterator": "22"}

// nodeIs returns the version of Node that the log names, or empty.
func (s *Scene) nodeIs() string {
	if m := regexp.MustCompile(`(?m)^Node\.js v([\d.]+)`).FindStringSubmatch(s.log); m != nil {
		return m[1]
	}
	return ""
}

// newerNode reports whether what the program uses came with a newer Node, and says so.
func (s *Scene) newerNode(what string, h *check.Hint) bool {
	first := nodeSince[what]
	if first == "" {
		return false
	}
	is := "that of the image is older"
	if v := s.nodeIs(); v != "" {
		is = "the image has Node " + v
	}
	h.Cause = fmt.Sprintf("The program uses %s%s, which Node has since version %s, and %s.", what, s.at(), first, is)
	major, _, _ := strings.Cut(first, ".")
	if major < "22" {
		major = "22"
	}
	h.Advice = fmt.Sprintf("Begin with a newer Node: FROM node:%s-slim.", major)
	return true
}

// otherName reports whether a module that is not found is one of Node's or of package.json's by
// another name, and says so.
func (s *Scene) otherName(name, whole string, h *check.Hint) bool {
	by := ""
	switch {
	case slices.Contains(builtin, strings.ToLower(whole)):
		by = strings.ToLower(whole)
	case slices.Contains(builtin, name) && nearest(whole, builtin) != "":
		by = nearest(whole, builtin)
	case name != strings.ToLower(name):
		by = strings.ToLower(name)
		if _, asked := s.dependency(by); !asked {
			return false
		}
	default:
		var asked []string
		for _, m := range regexp.MustCompile(`"((?:@[\w.-]+/)?[\w.-]+)"\s*:\s*"[\^~>=<*\dlfghw]`).FindAllStringSubmatch(
			strings.Join(s.lines("package.json"), "\n"), -1) {
			asked = append(asked, m[1])
		}
		if by = nearest(name, append(asked, builtin...)); by == "" {
			return false
		}
	}
	h.Cause = fmt.Sprintf("The program asks for %s%s; the module is called %s.", whole, s.at(), by)
	h.Advice = "Write it so."
	if p, ok := s.frame(); ok {
		h.Edit = p.replace(regexp.MustCompile(`(["'])`+regexp.QuoteMeta(whole)+`(["'])`), "${1}"+by+"${2}")
	}
	return true
}

// fromFolder reports whether package.json takes a package from a folder that is not in the image.
func (s *Scene) fromFolder(name string, h *check.Hint) bool {
	p, ok := s.dependency(name)
	if !ok {
		return false
	}
	m := regexp.MustCompile(`"(?:file|link|portal):([^"]+)"`).FindStringSubmatch(p.text)
	if m == nil {
		return false
	}
	at := path.Join(path.Dir(p.file), m[1])
	h.Cause = fmt.Sprintf("%s, takes %s from the folder %s, which the image does not have.", p, name, m[1])
	h.Advice = "Hand that folder in, COPY it before npm install, and name it as it lies there."
	switch {
	case strings.HasPrefix(at, "../"):
		h.Cause = fmt.Sprintf("%s, takes %s from %s, which is outside of the folder that is handed in: no image "+
			"gets it.",
			p, name, m[1])
		h.Advice = "Put it into the folder, and name it there."
	case s.has(at):
		h.Advice = fmt.Sprintf("COPY %s before npm install runs.", at)
	}
	return true
}

// moduleWords says what only an ES module may have, where the file is none.
func moduleWords(s *Scene, m []string, h *check.Hint) bool {
	file, line, what := s.own(strings.TrimPrefix(m[1], "file://")), m[2], ""
	switch {
	case file == "":
		return false
	case strings.Contains(m[3], "await is only valid"):
		what = "await outside of an async function"
	case strings.Contains(m[3], "import.meta"):
		what = "import.meta"
	default:
		what = "export"
	}
	h.Cause = fmt.Sprintf("%s, line %s, has %s, which only an ES module may, and Node takes the file for CommonJS.",
		file,
		line, what)
	h.Advice = `Put "type": "module" into package.json, and write import in place of require.`
	requires := slices.ContainsFunc(s.lines(file), func(l string) bool { return strings.Contains(l, "require(") })
	if what == "await outside of an async function" && requires {
		h.Advice = "Put it into an async function, as with (async () => { … })(); or make it an ES module: " +
			`"type": "module" in package.json, and import in place of each require.`
		return true
	}
	if !requires {
		h.Advice = `Put "type": "module" into package.json.`
		if h.Edit = s.asModule(); h.Edit != nil {
			h.Advice = "Let package.json say so."
		}
	}
	return true
}

// asModule returns the edit by which package.json says that its files are modules.
func (s *Scene) asModule() *check.Edit {
	lines := s.lines("package.json")
	for i, line := range lines {
		if strings.Contains(line, `"type"`) {
			return place{"package.json", i + 1, line}.replace(regexp.MustCompile(`"type"\s*:\s*"\w*"`),
				`"type": "module"`)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return place{"package.json", 1, lines[0]}.replace(regexp.MustCompile(`^\s*\{`), `{"type": "module",`)
}

// jsonFile says where a file of the student's is no JSON.
func jsonFile(s *Scene, m []string, h *check.Hint) bool {
	file := s.own(m[1])
	if file == "" {
		return false
	}
	return s.notJSON(file, h)
}

// notJSON reports whether a file is no JSON, and says where.
func (s *Scene) notJSON(file string, h *check.Hint) bool {
	text := strings.Join(s.lines(file), "\n")
	var any any
	err := json.Unmarshal([]byte(text), &any)
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return false
	}
	if strings.TrimSpace(text) == "" {
		h.Cause, h.Advice = fmt.Sprintf("%s is empty, which is no JSON.", file), "Write {} or [] into it at least."
		return true
	}
	before := text[:min(int(syntax.Offset), len(text))]
	line := strings.Count(before, "\n")
	h.Cause = fmt.Sprintf("%s, line %d, is not JSON: %s.", file, line+1, strings.TrimPrefix(syntax.Error(), "json: "))
	h.Advice = "Write it as JSON: names in double quotes, no comments, no comma before a closing bracket."
	for _, slip := range notInJSON {
		by := slip.pattern.ReplaceAllString(text, slip.by)
		if e := oneEdit(file, text, by); e != nil && json.Unmarshal([]byte(by), &any) == nil {
			h.Cause = fmt.Sprintf("%s, line %d, is not JSON: %s.", file, e.Line, slip.what)
			h.Advice, h.Edit = "", e
			return true
		}
	}
	fixed := comma.ReplaceAllString(text, "$1$2")
	old, new := strings.Split(text, "\n"), strings.Split(fixed, "\n")
	if json.Unmarshal([]byte(fixed), &any) == nil && len(old) == len(new) {
		for i := range old {
			if old[i] != new[i] {
				h.Cause = fmt.Sprintf("%s, line %d, is not JSON: there is a comma before the closing bracket.", file,
					i+1)
				h.Advice, h.Edit = "", &check.Edit{File: file, Line: i + 1, Old: old[i], New: new[i]}
				break
			}
		}
	}
	return true
}

// notInJSON is what JavaScript has and JSON has not, and what to write for it.
var notInJSON = []struct {
	what    string
	pattern *regexp.Regexp
	by      string
}{
	{"there is a comment, which JSON does not have",
		regexp.MustCompile(`(?m)^[ \t]*//.*\n|[ \t]+//[^"\n]*$|^[ \t]*/\*[^*]*\*/[ \t]*\n`), ""},
	{"there are single quotes, and JSON has double ones", regexp.MustCompile(`'([^'"\n]*)'`), `"${1}"`},
}

// oneEdit returns the edit that makes a text another one, where they differ in a few lines
// together; else nil.
func oneEdit(file, text, by string) *check.Edit {
	old, new := strings.Split(text, "\n"), strings.Split(by, "\n")
	first := 0
	for first < min(len(old), len(new)) && old[first] == new[first] {
		first++
	}
	last := 0
	for last < min(len(old), len(new))-first && old[len(old)-1-last] == new[len(new)-1-last] {
		last++
	}
	if gone := len(old) - last - first; gone < 1 || gone > 6 {
		return nil
	}
	return &check.Edit{File: file, Line: first + 1, Old: strings.Join(old[first:len(old)-last], "\n"),
		New: strings.Join(new[first:len(new)-last], "\n")}
}

// tooEarly says that a variable is used above the line that declares it.
func tooEarly(s *Scene, m []string, h *check.Hint) bool {
	p, ok := s.frame()
	if !ok {
		return false
	}
	declares := regexp.MustCompile(`^\s*(?:export\s+)?(?:const|let|class)\s+\{?[^=]*\b` + regexp.QuoteMeta(m[1]) + `\b`)
	h.Cause = fmt.Sprintf("%s, uses %s before the line that declares it has run.", p, m[1])
	h.Advice = "Move it below that line."
	for i, line := range s.lines(p.file) {
		if declares.MatchString(line) && i+1 > p.line {
			h.Cause = fmt.Sprintf("%s, uses %s, which line %d declares: there it is not yet.", p, m[1], i+1)
			h.Advice = fmt.Sprintf("Move it below line %d.", i+1)
			break
		}
	}
	return true
}

// notCalled reports whether a variable is a function that was to be called, as express is, and says
// so.
func (s *Scene) notCalled(name string, h *check.Hint) bool {
	p, got := s.grep(regexp.MustCompile(`(?:const|let|var)\s+`+regexp.QuoteMeta(name)+
		`\s*=\s*(require\(\s*["'](?:express|fastify)["']\s*\)|express|fastify)\s*;?\s*$`), ".js.mjs.cjs.ts")
	if got == nil || strings.Contains(got[1], name) {
		return false
	}
	h.Cause = fmt.Sprintf("%s is a function that makes the app, and %s, does not call it.", got[1], p)
	h.Advice = "Call it, with () behind it."
	h.Edit = p.replace(regexp.MustCompile(regexp.QuoteMeta(got[1])+`(\s*;?\s*)$`), got[1]+"()${1}")
	return true
}

// badOption says which option of CMD, a script or NODE_OPTIONS Node does not know.
func badOption(s *Scene, m []string, h *check.Hint) bool {
	name := strings.TrimSuffix(m[1]+m[2], "=")
	near := nearest(name, []string{"--watch", "--env-file", "--import", "--require", "--inspect", "--loader",
		"--max-old-space-size", "--experimental-strip-types", "--enable-source-maps", "--trace-warnings", "--test",
		"--no-warnings", "--trace-uncaught"})
	by, edit := "Node is started with", s.inCommand(word(name), "${1}"+near+"${2}")
	if m[2] != "" {
		by, edit = "NODE_OPTIONS has", nil
	}
	h.Cause = fmt.Sprintf("%s %s, an option that it does not know.", by, name)
	if m[2] != "" {
		h.Cause = fmt.Sprintf("NODE_OPTIONS has %s, which Node does not know, or not there.", name)
	}
	h.Advice = "Take it out, or correct it; node --help lists them."
	if m[2] != "" {
		for _, in := range s.File.Effective() {
			if in.Name == "ENV" && strings.Contains(in.Text, name) {
				h.Cause = fmt.Sprintf("NODE_OPTIONS, line %d, has %s, which Node does not know, or not there.", in.Line,
					name)
				if near != "" {
					edit = s.inInstruction(&in, regexp.MustCompile(regexp.QuoteMeta(name)+`\b`), near)
				}
			}
		}
	}
	if near != "" {
		h.Advice, h.Edit = fmt.Sprintf("Is %s meant?", near), edit
	}
	return true
}

// notCaught says of a promise that was rejected with a plain text where the program has that text.
func notCaught(s *Scene, m []string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf("A promise was rejected with %q, and nothing catches that.", short(m[1]))
	if p, ok := s.writes(m[1]); ok {
		h.Cause = fmt.Sprintf("A promise was rejected with %q, which is from %s, and nothing catches that.",
			short(m[1]), p)
	}
	h.Advice = "Mend what the text says, or catch it where the function is called: await in try … catch, or .catch()."
	return true
}

// notAsWritten reports whether the file that Node is to run is written so that it cannot be found
// whatever the image has: with backslashes, or a variable that nothing puts in; or is that of a
// program which ENTRYPOINT starts already, or below a file.
func (s *Scene) notAsWritten(at string, h *check.Hint) bool {
	base := path.Base(at)
	if strings.Contains(s.log, `valid "main" entry`) || at == s.workdir() {
		return s.noMain(h)
	}
	if m := variable.FindStringSubmatch(base); m != nil && s.started {
		return notExpanded(s, []string{"", m[0], m[1]}, h)
	}
	if entry, command := s.both(); command != nil && len(command.Args) > 0 && len(entry.Args) == 1 &&
		base == path.Base(command.Args[0]) && path.Ext(base) == "" && len(s.named(base)) == 0 {
		what := base
		if path.Base(entry.Args[0]) == base {
			what = "the second " + base
		}
		h.Cause = fmt.Sprintf("ENTRYPOINT and CMD are one command together, %s %s: so %s takes %s for its file.",
			entry.Args[0], strings.Join(command.Args, " "), path.Base(entry.Args[0]), what)
		h.Advice = "Keep the ENTRYPOINT out, so that CMD is the whole command."
		h.Edit = s.dockerfileLine(entry.Line).without()
		return true
	}
	if strings.Contains(at, `\`) {
		h.Cause = fmt.Sprintf("%s is written with a backslash, as Windows has it; in an image folders have / "+
			"between them.",
			base)
		h.Advice = "Write it with /."
		h.Edit = s.inCommand(regexp.MustCompile(`([\w.-]+)\\{1,2}([\w.-]+\.[cm]?[jt]s)`), "${1}/${2}")
		return true
	}
	if file, script, ok := s.glued(base); ok {
		h.Cause = fmt.Sprintf("%s, names the file with backslashes, as Windows has it, which the shell takes out.",
			script)
		h.Advice = "Write it with /."
		h.Edit = script.replace(regexp.MustCompile(`[\w.]*(?:\\\\[\w.-]+)+`), file)
		return true
	}
	for inner, file := range s.landed() {
		if strings.HasPrefix(at, inner+"/") {
			h.Cause = fmt.Sprintf("%s is a file in the image, and no folder: COPY put %s there under that name.",
				inner, file)
			h.Advice = "The target of a COPY is a folder where it ends with /."
			for _, in := range s.File.Effective() {
				if in.Name == "COPY" && len(in.Args) == 2 && inside(s.workdir(), in.Args[1]) == inner {
					h.Edit = s.inInstruction(&in, regexp.MustCompile(regexp.QuoteMeta(in.Args[1])+`\s*$`), in.Args[1]+
						"/")
				}
			}
			return true
		}
	}
	return false
}

// glued returns the file of the folder whose path without its slashes is the name, and the script
// of
// package.json that names it with backslashes.
func (s *Scene) glued(name string) (file string, script place, ok bool) {
	for _, file := range s.files() {
		if flat := strings.ReplaceAll(file, "/", ""); !strings.Contains(file, "/") || flat != strings.TrimPrefix(name,
			".") {
			continue
		}
		for i, line := range s.lines("package.json") {
			if strings.Contains(line, `\\`) && strings.Contains(line, path.Base(file)) {
				return file, place{"package.json", i + 1, line}, true
			}
		}
	}
	return "", place{}, false
}

var mainOf = regexp.MustCompile(`"main"\s*:\s*"([^"]*)"`)

// noMain says which file package.json names as main, where Node is to run a folder.
func (s *Scene) noMain(h *check.Hint) bool {
	h.Cause = "Node is to run a folder, and package.json does not say with main which file of it."
	h.Advice = "Let CMD name the file."
	program := ""
	for _, file := range []string{"server.js", "index.js", "app.js", "main.js", "src/server.js", "src/index.js",
		"src/app.js"} {
		if program == "" && s.has(file) && s.where(file) != "" {
			program = file
		}
	}
	p, m := s.grep(mainOf, ".json")
	if m == nil || p.file != "package.json" {
		h.Edit = s.command("node", program)
		if program == "" {
			h.Edit = nil
		}
		return true
	}
	h.Cause = fmt.Sprintf("%s, names %s as main, which is not in the image.", p, m[1])
	h.Advice = "Name the file that there is, and COPY it."
	if program != "" {
		h.Advice, h.Edit = "Name the one that is there.", p.replace(mainOf, `"main": "`+program+`"`)
	}
	return true
}

// fileNamer returns the line of a script or program of the student's that names a file which CMD
// and
// ENTRYPOINT do not name.
func (s *Scene) fileNamer(base string) place {
	if s.Step == nil {
		return place{}
	}
	texts := []*dockerfile.Instruction{s.Step}
	if s.started {
		texts = s.File.Lasts("CMD", "ENTRYPOINT")
	}
	for _, in := range texts {
		if strings.Contains(in.Text, base) || strings.Contains(in.Text, strings.TrimSuffix(base, path.Ext(base))) {
			return place{}
		}
	}
	quoted := regexp.QuoteMeta(base)
	if p, _ := s.grep(regexp.MustCompile(`\bnode\b.*(?:^|[\s"'/])`+quoted+`(?:$|[\s"'])`), ".sh"); p.file != "" {
		return p
	}
	p, _ := s.grep(regexp.MustCompile(`["'](?:[\w./-]*/)?`+quoted+`["']`), ".js.mjs.cjs.ts")
	return p
}

// ofUndefined says what is undefined in the student's own line, and of the body of a request what
// reads it.
func ofUndefined(s *Scene, m []string, h *check.Hint) bool {
	p, ok := s.frame()
	if !ok {
		return false
	}
	name, is, what := m[1]+m[3]+m[4], m[2]+m[6], m[5]
	if what == "" {
		got := regexp.MustCompile(`([A-Za-z_$][\w$.]*(?:\([^()]*\)|\[[^\]]*\])?)(?:\.`+name+`\b|\[["']?`+name+
			`["']?\])`).FindAllStringSubmatch(p.text, -1)
		if len(got) != 1 {
			return false
		}
		what = got[0][1]
	}
	h.Cause = fmt.Sprintf("%s, takes %s of %s, which is %s there.", p, name, what, is)
	h.Advice = fmt.Sprintf("Look at where %s gets its value.", what)
	if regexp.MustCompile(`\breq(?:uest)?\.body$`).MatchString(what) {
		read, _ := s.grep(regexp.MustCompile(`(?:express|bodyParser)\.json\(`), ".js.mjs.cjs.ts")
		late := read.file == p.file && read.line > p.line && strings.Contains(read.text, ".use(")
		if read.file != "" && !late {
			return true
		}
		h.Cause = fmt.Sprintf("%s, takes %s of %s, and no line of the program reads the body of a request.", p,
			name, what)
		if late {
			h.Cause = fmt.Sprintf("%s, takes %s of %s, and line %d lets Express read the body below that route, which "+
				"is too late for it.", p, name, what, read.line)
		}
		h.Advice = "Let Express read it, above the routes: app.use(express.json())."
		app, got := s.grep(regexp.MustCompile(`^(?:const|let|var)\s+(\w+)\s*=\s*express\(\)`), ".js.mjs.cjs.ts")
		if got != nil {
			h.Advice = "Let Express read it, above the routes."
			h.Edit = &check.Edit{File: app.file, Line: app.line, New: got[1] + ".use(express.json());"}
		}
		return true
	}
	root, key, _ := strings.Cut(what, ".")
	if from, got := s.grep(regexp.MustCompile(`\b`+regexp.QuoteMeta(root)+
		`\s*=\s*require\(\s*["'](\.{1,2}/[^"']+\.json)["']`),
		".js.cjs.ts"); got != nil && key != "" {
		file := path.Join(path.Dir(from.file), got[1])
		var all map[string]json.RawMessage
		if json.Unmarshal([]byte(strings.Join(s.lines(file), "\n")), &all) == nil && all[key] == nil {
			h.Cause = fmt.Sprintf("%s, takes %s of %s, and %s has no %s.", p, name, what, file, key)
			h.Advice = fmt.Sprintf("What it has is %s.", check.And(slices.Sorted(maps.Keys(all))))
		}
	}
	return true
}

// folderLeftBehind reports whether a COPY --from brings what is in a folder, and not the folder, in
// which a file is looked for.
func (s *Scene) folderLeftBehind(at string, h *check.Hint) bool {
	if !s.started {
		return false
	}
	for dir, in := range placed(s.File.Final().Instructions) {
		if in.Name != "COPY" || len(in.Args) != 2 || in.Exec || len(in.Sources()) > 0 || in.Line != in.EndLine {
			continue
		}
		target, folder := inside(dir, in.Args[1]), path.Base(in.Args[0])
		if !strings.HasPrefix(at, strings.TrimSuffix(target, "/")+"/"+folder+"/") || strings.Contains(folder, ".") ||
			path.Base(target) == folder {
			continue
		}
		h.Cause = fmt.Sprintf("Line %d copies what is in %s to %s, without the folder %s: the file is looked for "+
			"in %s.",
			in.Line, in.Args[0], target, folder, path.Dir(at))
		h.Advice = "Give the target its name."
		h.Edit = s.inInstruction(&in, regexp.MustCompile(regexp.QuoteMeta(in.Args[1])+`\s*$`),
			strings.TrimSuffix(in.Args[1], "/")+"/"+folder)
		return true
	}
	return false
}

// leftInStage reports whether a stage that the image is not built on installs the packages, and
// what
// brings them from there.
func (s *Scene) leftInStage(p place, name string, h *check.Hint) bool {
	for i, stage := range s.File.Stages[:len(s.File.Stages)-1] {
		for dir, in := range placed(stage.Instructions) {
			if in.Name != "RUN" || !slices.ContainsFunc(in.Commands(), func(c dockerfile.Command) bool {
				return c.Installs() && slices.Contains([]string{"npm", "yarn", "pnpm", "bun"}, c.Program)
			}) {
				continue
			}
			from := stage.Name
			if from == "" {
				from = fmt.Sprint(i)
			}
			h.Cause = fmt.Sprintf("%s, asks for %s: line %d installs it in the stage %s, and no COPY brings "+
				"node_modules from "+
				"there.", p, name, in.Line, from)
			h.Advice = "Bring them."
			h.Edit = s.above(true, "COPY --from="+from+" "+path.Join(dir, "node_modules")+" ./node_modules")
			return true
		}
	}
	return false
}
