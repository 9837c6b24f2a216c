package readings

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// noOwnFile says why a file of the student's own is not found by who imports it.
func noOwnFile(s *Scene, m []string, h *check.Hint) bool {
	name := m[1] + m[2]
	if s.loneTool(name, h) {
		return true
	}
	base := strings.TrimSuffix(path.Base(name), path.Ext(name))
	p, ok := s.frame()
	if by := s.own(m[3]); by != "" {
		for i, line := range s.lines(by) {
			if regexp.MustCompile(`["'](?:[^"'\n]*/)?` + regexp.QuoteMeta(path.Base(name)) + `["']`).MatchString(line) {
				p, ok = place{by, i + 1, line}, true
				break
			}
		}
	}
	if ext := path.Ext(name); m[2] != "" && ext == "" && p.file == "" {
		written := regexp.MustCompile(`(["'])(\.{1,2}/(?:[^"'\n]*/)?` + regexp.QuoteMeta(path.Base(name)) + `)["']`)
		if src, got := s.grep(written, ".ts"); got != nil {
			h.Cause = fmt.Sprintf("%s, imports %s without an ending, and in a module Node wants the whole name of the "+
				"file that tsc makes.", src, got[2])
			h.Advice, h.Edit = "Write it with .js.", src.replace(written, "${1}${2}.js${1}")
			return true
		}
	}
	by, dir := "The program", s.workdir()
	if !s.started {
		by = "This step"
	}
	if ok {
		by, dir = p.String()+",", path.Dir(s.where(p.file))
	}
	h.Cause = fmt.Sprintf("%s imports %s, and the image has no %s.", by, name, inside(dir, name))
	h.Advice = "Check its name, capital letters too, and that COPY brings it in."
	for _, file := range s.files() {
		end := strings.TrimSuffix(path.Base(file), path.Ext(file))
		if !strings.EqualFold(end, base) || !scripted(file) && path.Ext(file) != ".json" {
			continue
		}
		if !s.started && s.hidden(file) == "" && !slices.Contains(slices.Collect(maps.Values(s.earlier())), file) {
			h.Cause = fmt.Sprintf("%s imports %s, and no COPY before this step brings %s in.", capital(by), name, file)
			h.Advice, h.Edit = "COPY it before this step.", s.above(false, "COPY "+file+" "+file)
			return true
		}
		if line := s.hidden(file); line != "" {
			h.Cause = fmt.Sprintf("%s imports %s; %s, keeps %s out of the image.", by, name, line, file)
			h.Advice = "Take that line out of the ignore file."
		} else if s.where(file) == "" {
			what, to := file, file
			top := strings.TrimSuffix(s.workdir(), "/") + "/"
			if below, within := strings.CutPrefix(inside(dir, name), top); within && ok {
				if to = below; path.Ext(to) != path.Ext(file) {
					to += path.Ext(file)
				}
			}
			if path.Dir(to) != "." && path.Dir(file) != "." && !s.arrives(path.Dir(file)) {
				what, to = path.Dir(file), path.Dir(to)
			}
			h.Cause = fmt.Sprintf("%s imports %s, and no COPY brings %s into the image.", by, name, what)
			h.Edit = s.beside(what + " " + to)
			h.Advice = "COPY it."
		} else {
			h.Cause = fmt.Sprintf("%s imports %s; the folder has %s.", by, name, file)
			h.Advice = "Import it by its own name."
			if rest, below := strings.CutPrefix(file, strings.TrimPrefix(path.Dir(p.file)+"/", "./")); ok && below {
				right := "./" + rest
				if m[1] != "" && path.Ext(m[1]) == "" {
					right = strings.TrimSuffix(right, path.Ext(right))
				}
				named := regexp.MustCompile(`(["'])\.{1,2}/[^"'\n]*` + regexp.QuoteMeta(path.Base(name)) + `["']`)
				h.Edit = p.replace(named, "${1}"+right+"${1}")
			}
		}
		break
	}
	return true
}

// loneTool reports whether what Node does not find belongs to npm or another tool of which a COPY
// brought the first file alone, and says so.
func (s *Scene) loneTool(name string, h *check.Hint) bool {
	m := regexp.MustCompile(`- /usr/(?:local/)?bin/(npm|npx|yarn|pnpm|corepack)\b`).FindStringSubmatch(s.log)
	if m == nil || !strings.HasPrefix(name, "../") {
		return false
	}
	h.Cause = fmt.Sprintf("%s in the image is its first file alone, and looks for the others in %s beside it.", m[1],
		path.Dir(name))
	for _, in := range s.before() {
		if in.Name == "COPY" && strings.Contains(in.Text, "/bin/"+m[1]) {
			h.Cause = fmt.Sprintf("Line %d copies the first file of %s alone, which looks for the others in %s "+
				"beside it.",
				in.Line, m[1], path.Dir(name))
		}
	}
	h.Advice = "Begin with node's own image, which has all of it; or let npm run in a stage with that image, and " +
		"copy what " +
		"it makes."
	return true
}

// nodeFile says why Node does not find the file that it is to run.
func nodeFile(s *Scene, m []string, h *check.Hint) bool {
	at := m[1]
	base := path.Base(at)
	by := "CMD"
	if !s.started {
		by = "this step"
	}
	if s.notAsWritten(at, h) {
		return true
	}
	var script place // that names the file, where CMD does not
	file, scripts := s.scripts()
	for name, text := range scripts {
		if strings.Contains(text, strings.TrimSuffix(base, path.Ext(base))) &&
			regexp.MustCompile(`(?m)^> `).MatchString(s.log) {
			for i, line := range s.lines(file) {
				if strings.Contains(line, `"`+name+`"`) && strings.Contains(line, text) {
					script = place{file, i + 1, line}
					by = fmt.Sprintf("the script %s of %s,", name, script)
				}
			}
		}
	}
	if p := s.fileNamer(base); script.file == "" && p.file != "" {
		by, script = p.String()+",", p
	}
	h.Cause = fmt.Sprintf("%s starts %s, which is not in the image.", capital(by), at)
	h.Advice = "Name a file that is there."
	if s.folderLeftBehind(at, h) {
		return true
	}
	if found := s.named(base); len(found) > 0 {
		where := s.where(found[0])
		if !s.started {
			where = ""
			for inner, file := range s.earlier() {
				if file == found[0] {
					where = inner
				}
			}
		}
		switch {
		case s.hidden(found[0]) != "":
			h.Cause = fmt.Sprintf("%s starts %s; %s, keeps %s out of the image.", capital(by), at, s.hidden(found[0]),
				found[0])
			h.Advice = "Take that line out of the ignore file."
		case where == "":
			h.Cause = fmt.Sprintf("%s starts %s, and no COPY brings %s into the image.", capital(by), at, found[0])
			if !s.started {
				h.Cause = fmt.Sprintf("%s starts %s, and no COPY before this step brings %s in.", capital(by), at,
					found[0])
				h.Advice, h.Edit = "", s.above(false, "COPY "+path.Dir(found[0])+" "+path.Dir(strings.TrimPrefix(at,
					strings.TrimSuffix(s.workdir(), "/")+"/")))
				if path.Dir(found[0]) == "." {
					h.Edit = s.above(false, "COPY "+found[0]+" .")
				}
				return true
			}
			h.Advice, h.Edit = "", s.beside(found[0]+" "+strings.TrimPrefix(at,
				strings.TrimSuffix(s.workdir(), "/")+"/"))
		default:
			h.Cause = fmt.Sprintf("%s starts %s; it is at %s.", capital(by), at, where)
			h.Advice = "Name it as it lies there."
			h.Edit = renamed(s, script, base, strings.TrimPrefix(where, strings.TrimSuffix(s.workdir(), "/")+"/"))
		}
		return true
	}
	if rest := strings.TrimPrefix(at, strings.TrimSuffix(s.workdir(), "/")+"/"); made.MatchString(rest) {
		h.Cause = fmt.Sprintf("%s starts %s, which a build of the program makes, and the image has none.",
			capital(by), at)
		h.Advice = "Let a RUN make it, as with npm run build."
		built := slices.ContainsFunc(s.File.Stages, func(stage dockerfile.Stage) bool {
			return slices.ContainsFunc(stage.Instructions, func(in dockerfile.Instruction) bool {
				return in.Name == "RUN" && regexp.MustCompile(`\b(?:run build|tsc|build)\b`).MatchString(in.Text)
			})
		})
		if out, line := s.outDir(); built && out != "" && !strings.HasPrefix(rest, out+"/") {
			_, below, _ := strings.Cut(rest, "/")
			h.Cause = fmt.Sprintf("%s starts %s, and tsc writes to %s, as %s, says.", capital(by), at, out, line)
			h.Advice = "Start it there."
			h.Edit = renamed(s, script, base, path.Join(out, below))
		}
		if scripts["build"] != "" && !built {
			h.Cause = fmt.Sprintf("%s starts %s, which the script build of %s makes, and no line of the Dockerfile "+
				"runs that.", capital(by), at, file)
			h.Advice, h.Edit = "Let the build run it.", s.asRoot("RUN npm run build")
		}
		return true
	}
	program := s.nodeProgram()
	if program == "" {
		for _, name := range s.files() {
			if strings.HasSuffix(name, ".js") && !strings.Contains(name, "test") && !strings.Contains(name, "config") {
				program = name
				break
			}
		}
	}
	if where := s.where(program); program != "" && where != "" {
		h.Cause = fmt.Sprintf("%s starts %s, and neither the image nor the folder has it; the folder has %s.",
			capital(by), at, program)
		h.Advice = "Start that."
		h.Edit = renamed(s, script, base, strings.TrimPrefix(where, strings.TrimSuffix(s.workdir(), "/")+"/"))
	}
	return true
}

// outDir returns the folder that tsc writes to, and the line that says so; empty where none does.
func (s *Scene) outDir() (folder string, line place) {
	line, m := s.grepIn("tsconfig.json", regexp.MustCompile(`"outDir"\s*:\s*"([^"]+)"`))
	if m == nil {
		return "", line
	}
	return path.Clean(m[1]), line
}

var made = regexp.MustCompile(`(?:^|/)(?:dist|build|out|lib)/`)

// ofModules is what only an ES module has outside of a function.
var ofModules = regexp.MustCompile(`^(?:[^\s/*].*)?\b(await|import\s+[\w{*]|export)\b`)

// lastRequired are packages that became ES modules, with the last major version that require takes.
var lastRequired = map[string]string{"node-fetch": "2.7.0", "chalk": "4.1.2", "nanoid": "3.3.7", "got": "11.8.6",
	"execa": "5.1.1", "ora": "5.4.1", "inquirer": "8.2.6", "p-limit": "3.1.0", "file-type": "16.5.4",
	"lowdb": "1.0.0", "strip-ansi": "6.0.1", "uuid": "9.0.1"}

// requireInModule says what makes Node take a file with require for an ES module.
func requireInModule(s *Scene, _ []string, h *check.Hint) bool {
	p, ok := s.frame()
	if !ok {
		return true
	}
	if m := regexp.MustCompile(`require\(\) of ES Module \S*/node_modules/((?:@[\w.-]+/)?[\w.-]+)/`).FindStringSubmatch(
		s.log); m != nil {
		h.Cause = fmt.Sprintf("%s, uses require for %s, which is an ES module alone in the installed version.", p, m[1])
		h.Advice = fmt.Sprintf("Write const x = await import(\"%s\") in an async function, or ask for a version that "+
			"require takes.", m[1])
		if by := lastRequired[m[1]]; by != "" {
			if asked, ok := s.dependency(m[1]); ok {
				h.Advice = "Ask for the last version that require takes."
				h.Edit = asked.replace(regexp.MustCompile(`("`+regexp.QuoteMeta(m[1])+`"\s*:\s*)"[^"]*"`),
					`${1}"^`+by+`"`)
			}
		}
		return true
	}
	h.Cause = fmt.Sprintf("%s, uses require where only import is had.", p)
	manifest := strings.Join(s.lines("package.json"), "\n")
	if strings.HasSuffix(p.file, ".mjs") || regexp.MustCompile(`"type"\s*:\s*"module"`).MatchString(manifest) {
		modules, _ := s.grep(ofModules, ".js")
		by, _ := s.grepIn("package.json", regexp.MustCompile(`^\s*"type"\s*:\s*"module"\s*,\s*$`))
		if by.file != "" && modules.file == "" && strings.HasSuffix(p.file, ".js") {
			h.Cause = fmt.Sprintf("%s, uses require, and %s, makes each .js file an ES module, where only import is "+
				"had.", p, by)
			h.Advice, h.Edit = "All of the program uses require, so leave that out.", by.without()
		}
		return true
	}
	h.Advice = "Write import in its place."
	for i, line := range s.lines(p.file) {
		if m := ofModules.FindStringSubmatch(line); m != nil {
			word := strings.Fields(m[1])[0]
			h.Cause = fmt.Sprintf("%s, uses require, and line %d has %s outside of a function, which makes the file "+
				"an ES module: there only import is had.", p, i+1, word)
			if word == "await" {
				h.Advice = "Put the await into an async function, or write import for each require."
				h.Edit = s.imports(p.file)
			}
			break
		}
	}
	return true
}

// imports returns the edit that writes import in the place of each require of a file, where those name
// packages alone, one a line.
func (s *Scene) imports(file string) *check.Edit {
	plain := regexp.MustCompile(`^(?:const|let|var)\s+(\w+|\{[\w\s,]+\})\s*=\s*require\((["'][\w@][\w@./:-]*["'])\)` +
		`\s*;?\s*$`)
	lines, first, last := s.lines(file), -1, -1
	by := slices.Clone(lines)
	for i, line := range lines {
		if !strings.Contains(line, "require(") {
			continue
		}
		m := plain.FindStringSubmatch(line)
		if m == nil {
			return nil
		}
		if first < 0 {
			first = i
		}
		last = i
		by[i] = "import " + m[1] + " from " + m[2] + ";"
	}
	if first < 0 {
		return nil
	}
	return &check.Edit{File: file, Line: first + 1, Old: strings.Join(lines[first:last+1], "\n"),
		New: strings.Join(by[first:last+1], "\n")}
}

// imported returns the student's file that a line of p names as NAME relative to it, or empty.
func (s *Scene) imported(p place, name string) string {
	for _, end := range []string{"", ".js", ".mjs", ".cjs", "/index.js"} {
		if file := path.Join(path.Dir(p.file), name) + end; s.has(file) && !s.isFolder(file) {
			return file
		}
	}
	return ""
}

// noExport says what a module exports where it has no such name.
func noExport(s *Scene, m []string, h *check.Hint) bool {
	module, name := m[1]+m[4], m[2]+m[3]
	at := regexp.MustCompile(`(?m)^((?:file://)?/[^\n:]+):(\d+)\n`).FindStringSubmatch(s.log)
	p, _ := s.frame()
	if at != nil {
		if file := s.own(strings.TrimPrefix(at[1], "file://")); file != "" {
			p, _ = s.lineOf(file, at[2])
		}
	}
	if p.file == "" {
		return false
	}
	h.Cause = fmt.Sprintf("%s, imports %s from %s, which exports no such name.", p, name, module)
	h.Advice = "Check the name on both sides."
	file := s.imported(p, module)
	text := strings.Join(s.lines(file), "\n")
	switch {
	case name == "default":
		h.Cause = fmt.Sprintf("%s, imports what %s exports by default, and it exports nothing so.", p, module)
		h.Advice = "Write export default there, or import a name that it exports in { }."
	case m[3] != "" || strings.Contains(text, "module.exports"):
		h.Cause = fmt.Sprintf("%s, imports %s by its name from %s, which is a CommonJS module.", p, name, module)
		h.Advice = fmt.Sprintf("Import the whole of it, and take %s out of that.", name)
	case strings.Contains(text, "export default"):
		h.Cause = fmt.Sprintf("%s, imports %s from %s, which has a default export and no such name.", p, name, module)
		h.Advice = "Import it without braces."
		h.Edit = p.replace(regexp.MustCompile(`\{\s*`+name+`\s*\}`), name)
	}
	return true
}

// exported is a name that a CommonJS module gives away.
var exported = regexp.MustCompile(`(?m)^(?:module\.)?exports\.(\w+)\s*=`)

// renamed returns the edit that starts another file: in the script of package.json, or in CMD.
func renamed(s *Scene, script place, base, by string) *check.Edit {
	pattern := regexp.MustCompile(`(^|[\s"'(])(?:[\w./-]*/)?` + regexp.QuoteMeta(base) + `($|[\s"';)])`)
	if script.file != "" {
		return script.replace(pattern, "${1}"+by+"${2}")
	}
	if e := s.inCommand(pattern, "${1}"+by+"${2}"); e != nil {
		return e
	}
	return s.inValue(regexp.MustCompile(`(=["']?)(?:[\w./-]*/)?`+regexp.QuoteMeta(base)+`($|[\s"'])`), "${1}"+by+"${2}")
}

// nodePackage says of a package that Node does not find whether package.json asks for it.
func nodePackage(s *Scene, m []string, h *check.Hint) bool {
	name := m[1]
	if s.fromFolder(name, h) {
		return true
	}
	_, asked := s.dependency(name)
	if !asked && s.otherName(name, strings.Join(m[1:], ""), h) {
		return true
	}
	if p, ok := s.dependency(name); ok {
		h.Cause = fmt.Sprintf("%s, asks for %s, and it is not installed where the program looks.", p, name)
		h.Advice = "Let npm install run in the image that is started, in the folder of package.json."
		installs := false
		for _, in := range s.File.Effective() {
			for _, c := range in.Commands() {
				installs = installs || in.Name == "RUN" && c.Installs()
			}
		}
		if !installs && s.leftInStage(p, name, h) {
			return true
		}
		if !installs {
			h.Cause = fmt.Sprintf("%s, asks for %s, and no line of the Dockerfile installs it.", p, name)
			if h.Edit = s.asRoot("RUN npm install"); h.Edit != nil {
				h.Advice = ""
			}
		} else if s.development(name) {
			h.Cause = fmt.Sprintf("%s, asks for %s under devDependencies, which the build leaves out.", p, name)
			h.Advice = "Put it under dependencies."
			list := strings.Join(s.lines("package.json"), "\n")
			if heading, _ := s.grep(devHeading, ".json"); heading.file == "package.json" &&
				!strings.Contains(list, `"dependencies"`) {
				h.Advice = "What the program runs with are dependencies."
				h.Edit = heading.replace(devHeading, `"dependencies"`)
			}
		}
		return true
	}
	h.Cause = fmt.Sprintf("The program uses %s%s, and package.json does not name it.", name, s.at())
	h.Advice = fmt.Sprintf("Add it to package.json: npm install %s.", name)
	if h.Edit = s.addDependency(name); h.Edit != nil {
		h.Advice = "Add it."
	}
	return true
}

// addDependency returns the edit that asks for one more package of Node's, where no lock has to follow.
func (s *Scene) addDependency(name string) (e *check.Edit) {
	if s.has("package-lock.json") || s.has("yarn.lock") || s.has("pnpm-lock.yaml") {
		return nil
	}
	by := `"` + name + `": "*"`
	for i, line := range s.lines("package.json") {
		p := place{"package.json", i + 1, line}
		if e := p.replace(regexp.MustCompile(`"dependencies"\s*:\s*\{\s*\}`), `"dependencies": {`+by+`}`); e != nil {
			return e
		}
		if e := p.replace(regexp.MustCompile(`"dependencies"\s*:\s*\{(\s*(?:"|$))`),
			`"dependencies": {`+by+`,${1}`); e != nil {
			return e
		}
	}
	if lines := s.lines("package.json"); len(lines) > 0 && !strings.Contains(strings.Join(lines, ""),
		`"dependencies"`) {
		return place{"package.json", 1, lines[0]}.replace(regexp.MustCompile(`^\s*\{`), `{"dependencies": {`+by+`},`)
	}
	return nil
}

var devHeading = regexp.MustCompile(`"devDependencies"`)

// development reports whether a package stands under devDependencies, and the build leaves those
// out.
func (s *Scene) development(name string) bool {
	text := strings.Join(s.lines("package.json"), "\n")
	at := strings.Index(text, `"devDependencies"`)
	if at < 0 || !strings.Contains(text[at:], `"`+name+`"`) {
		return false
	}
	return regexp.MustCompile(`--omit[= ]dev|--production|--only=prod|NODE_ENV[= ]production`).MatchString(
		strings.Join(s.File.Lines, "\n"))
}
