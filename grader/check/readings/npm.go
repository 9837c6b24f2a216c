package readings

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

var npm = tool{name: "npm", entries: []entry{
	on("lock-missing", `can only install with an existing package-lock\.json`, "",
		"").with(func(s *Scene, _ []string, h *check.Hint) bool {
		if found := s.named("package-lock.json"); len(found) > 0 {
			if e := s.withCopy("package.json", "package-lock.json"); e != nil && s.hidden(found[0]) == "" {
				h.Cause, h.Edit = "npm ci wants package-lock.json, which no COPY before this step brings in.", e
				return true
			}
			return s.notCopied(found[0], inside(s.workdir(), "package-lock.json"), h)
		}
		h.Cause, h.Advice = "npm ci wants package-lock.json, and the folder has none.",
			"Run npm install and hand in package-lock.json with a COPY of it, or let this step do without."
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\bnpm (?:ci|clean-install)\b`), "npm install")
		return true
	}),
	on("lock-stale", `npm ci. can only install packages when your package\.json and package-lock\.json[^\n]*in sync`,
		`package-lock.json does not fit package.json.`,
		`Run npm install, and hand in the new package-lock.json; or let this step do without it.`).
		with(func(s *Scene, _ []string, h *check.Hint) bool {
			h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\bnpm (?:ci|clean-install)\b`), "npm install")
			return true
		}),
	on("login", `npm (?:error|ERR!) code (?:E401|E403|ENEEDAUTH)\n([^\n]*)`,
		`The index of the packages wants to know who asks, or refuses it.`,
		`Take the packages from the public index: no line of .npmrc with another registry or a token.`).with(
		func(s *Scene, _ []string, h *check.Hint) bool {
			if p, _ := s.grepIn(".npmrc", regexp.MustCompile(`registry|_auth`)); p.file != "" {
				h.Cause = fmt.Sprintf("The index of the packages wants to know who asks, as %s, has it.", p)
				if variable.MatchString(p.text) {
					h.Cause = fmt.Sprintf("%s, names a token by a variable, and nothing sets that while the image is "+
						"built: `%s`.", p, p.code())
					h.Advice = "Where the packages are public, take the line out."
				}
				h.Edit = p.without()
			}
			return true
		}),
	on("integrity", `npm (?:error|ERR!) code EINTEGRITY`, `A package that was fetched is not the one whose sum `+
		`package-lock.json has.`, `Remove package-lock.json and node_modules at home, run npm install, and hand in `+
		`the new package-lock.json.`),
	on("package-unknown",
		`npm (?:error|ERR!) 404 +(?:The requested resource )?'([^'\n]+)' (?:could not be found|is not in)`, "",
		"").with(npmUnknown),
	on("package-not-found", `npm (?:error|ERR!) 404 Not Found - GET \S*/([^/\s]+)`, "", "").with(npmUnknown),
	on("version-unknown", `No matching version found for ([^\s]+[^\s.])\.?`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		name, version := splitVersion(m[1])
		if s.ofNodeItself(name, h) {
			return true
		}
		h.Cause, h.Advice = fmt.Sprintf("The index has no %s of version %s.", name, version),
			"Ask for a version that there is."
		if p, ok := s.dependency(name); ok {
			h.Cause = fmt.Sprintf("%s, asks for %s %s, and the index has no such version.", p, name, version)
			h.Edit = p.replace(regexp.MustCompile(`("`+regexp.QuoteMeta(name)+`"\s*:\s*)"[^"]*"`), `${1}"`+
				versionOfNode(name, version)+`"`)
			if h.Edit != nil {
				h.Advice = "Ask for one that there is."
			}
		}
		return true
	}),
	on("not-json",
		`(?:JSON\.parse|EJSONPARSE)[^\n]*?(?:Invalid package\.json: )?(?:JSONParseError|Failed to parse json|`+
			`Unexpected token|Expected)[^\n]*`, "", "").with(npmJSON),
	on("no-package-json", `(?:enoent|ENOENT)[^\n]*open '([^']*package\.json)'`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		if found := s.named("package.json"); len(found) > 0 {
			if found[0] == "package.json" && s.has("package-lock.json") && s.hidden("package-lock.json") == "" &&
				s.earlier()[inside(path.Dir(m[1]), "package.json")] == "" {
				h.Cause, h.Edit = "No COPY before this step brings package.json in.",
					s.above(false, "COPY package.json package-lock.json ./")
				return true
			}
			if at := s.earlier()[m[1]]; at == "" && s.started {
				if there := path.Dir(s.where(found[0])); s.where(found[0]) != "" {
					h.Cause = fmt.Sprintf("npm looks for package.json in %s, and it is in %s.", path.Dir(m[1]), there)
					h.Advice, h.Edit = "Let it be looked for there.", s.above(false, "WORKDIR "+there)
					return true
				}
			}
			return s.notCopied(found[0], m[1], h)
		}
		h.Cause, h.Advice = "The folder has no package.json, which npm installs from.",
			"Make one with npm init, and hand it in."
		return true
	}),
	on("in-the-top-folder", `Tracker "idealTree" already exists`,
		`npm installs in the top folder of the image here, which it refuses: no WORKDIR stands above this step.`,
		`Write one above it, and let package.json be copied there.`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		if s.Step == nil {
			return true
		}
		for _, in := range s.File.Final().Instructions {
			first := s.File.Final().Instructions[0]
			if in.Name == "WORKDIR" && in.Line > s.Step.Line && first.Line <= s.Step.Line {
				h.Cause = fmt.Sprintf("npm installs in the top folder of the image here, which it refuses: WORKDIR "+
					"stands below, on line %d.", in.Line)
				h.Advice, h.Edit = "It belongs above.", check.EditOf(s.File.Name, s.File.Move(in, first))
				break
			}
		}
		return true
	}),
	on("no-workspaces", `No workspaces found:[^\n]*\n[^\n]*--workspace=(\S+)`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		h.Cause = fmt.Sprintf("package.json names no workspace %s.", m[1])
		h.Advice = `Name its folder there, as in "workspaces": ["` + m[1] + `"].`
		if lines := s.lines("package.json"); len(lines) > 0 && s.has(path.Join(m[1], "package.json")) &&
			!strings.Contains(strings.Join(lines, ""), `"workspaces"`) {
			h.Advice = "Name its folder there."
			h.Edit = place{"package.json", 1, lines[0]}.replace(regexp.MustCompile(`^\s*\{`), `{"workspaces": `+
				`["`+m[1]+`"],`)
		}
		return true
	}),
	on("script-missing", `Missing script: "?([\w:.-]+)"?`, "", "").with(scriptMissing),
	on("no-tests", `(?m)^Error: no test specified`, `The script test of package.json is that of npm init, which only `+
		`says this and fails.`, `Write tests and name them there, or take npm test out of this `+
		`step.`).with(func(s *Scene,
		_ []string, h *check.Hint) bool {
		if p, _ := s.grep(regexp.MustCompile(`no test specified`), ".json"); p.file != "" {
			h.Cause = fmt.Sprintf("%s, is the script test of npm init, which only says this and fails.", p)
		}
		if h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\s*&&\s*npm (?:run )?test\b`), ""); h.Edit == nil &&
			s.Step != nil && len(s.Step.Commands()) == 1 {
			h.Edit = check.EditOf(s.File.Name, s.File.Change(*s.Step))
		}
		return true
	}),
	on("peers", `ERESOLVE[^\n]*`, `Two packages want different versions of a third.`,
		`Change one of their versions in package.json, so that npm install runs at home.`).with(func(s *Scene,
		_ []string, h *check.Hint) bool {
		found, peer := regexp.MustCompile(`Found: (\S+)`).FindStringSubmatch(s.log),
			regexp.MustCompile(`peer (?:optional )?(\S+) from (\S+)`).FindStringSubmatch(s.log)
		if found != nil && peer != nil {
			h.Cause = fmt.Sprintf("%s wants %s, and package.json brings %s.", peer[2],
				strings.ReplaceAll(peer[1], `"`, ""), found[1])
			h.Advice = "Ask for versions in package.json that go together, so that npm install runs at home."
		}
		if e := s.inInstruction(s.Step, regexp.MustCompile(`\bnpm (install|i|ci)\b`),
			"npm ${1} --legacy-peer-deps"); e != nil {
			h.Advice, h.Edit = strings.TrimSuffix(h.Advice, ".")+", or let npm take them as they are.", e
		}
		return true
	}),
	on("git-missing", `(?:spawn git|syscall spawn git|path git)[^\n]*`,
		`A dependency is fetched with git, and the image has no git at this step.`,
		`Install git before it, or name the package by a version that the index has.`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		if debian, _ := s.system(); debian {
			h.Advice = "Install git before it."
			h.Edit = s.above(true, "RUN apt-get update && apt-get install -y --no-install-recommends git "+
				"ca-certificates")
		}
		return true
	}),
	on("gyp-no-python", `gyp ERR! find Python|gyp ERR! stack Error: Could not find any Python`,
		`A package is compiled here, which needs Python, make and a compiler, and the image has none.`,
		`Install python3, make and g++ before it, or take a package that need not be compiled.`),
	on("gyp-no-make", `gyp ERR! (?:stack Error: )?not found: make`,
		`A package is compiled here, which needs make and a compiler, and the image has none.`,
		`Install make and g++ before it, or take a package that need not be compiled.`),
	on("engine", `(?:EBADENGINE|Unsupported engine|The engine "node" is incompatible)[^\n]*`,
		`A package wants another Node than the image has.`,
		`Begin with the base image of that Node, or take another version of the package.`).with(func(s *Scene,
		_ []string, h *check.Hint) bool {
		wants, has := regexp.MustCompile(`(?:Required: \{"node":|Expected version `+
			`)"([^"]+)"`).FindStringSubmatch(s.log),
			regexp.MustCompile(`(?:"node":|Got )"(v?[\d.]+)"`).FindStringSubmatch(s.log)
		if wants != nil && has != nil {
			h.Cause = fmt.Sprintf("A package wants Node %s, and the image has %s.", wants[1], has[1])
			p, _ := s.grep(regexp.MustCompile(`"node"\s*:\s*"`+regexp.QuoteMeta(wants[1])+`"`), ".json")
			if path.Base(p.file) == "package.json" {
				h.Cause = fmt.Sprintf("%s, wants Node %s, and the image has %s.", p, wants[1], has[1])
				h.Advice = "Begin with the base image of that Node, or let engines name the one that the image has."
			}
			if major := regexp.MustCompile(`^\D*(1[68]|2[0246])\b`).FindStringSubmatch(wants[1]); major != nil {
				for _, stage := range s.File.Stages {
					if e := s.dockerfileLine(stage.Line).replace(nodeImage, "${1}"+major[1]); e != nil &&
						h.Edit == nil && (s.Step == nil || stage.Line <= s.Step.Line) {
						h.Advice, h.Edit = "Begin with that Node.", e
					}
				}
			}
		}
		return true
	}),
	on("not-permitted", `npm (?:error|ERR!) (?:Error: )?EACCES: permission denied, \w+ '([^'\n]+)'`,
		`npm may not write to $1.`, ``).with(beforeUser),
	on("bad-name", `Invalid (?:package|tag) name "([^"\n]+)"[^\n]*`,
		`npm takes $1 for the name of a package, and it is none.`, `Write the name as it is in the index.`),
	on("unknown-command", `Unknown command: "([^"\n]+)"`, `npm has no command $1.`,
		`Write npm install, npm ci or npm run NAME.`),
}}

// nodeImage is a base image of Node, and which.
var nodeImage = regexp.MustCompile(`(?i)^(\s*FROM\s+(?:--\S+\s+)*(?:\S*/)?node:)\d+[\d.]*`)

var yarn = tool{name: "yarn", entries: []entry{
	on("lock-stale",
		`(?:Your lockfile needs to be updated|The lockfile would have been (?:modified|created) by this install|`+
			`ERR_PNPM_OUTDATED_LOCKFILE)[^\n]*`, `The lock file does not fit package.json.`,
		`Run the install at home, and hand in the new lock file; or take the option out that freezes it.`).
		with(without(`\s--(?:frozen-lockfile|immutable)\b`)),
	on("lock-missing", `ERR_PNPM_NO_LOCKFILE[^\n]*`, `pnpm wants pnpm-lock.yaml, which is not there at this step.`,
		`Hand it in and COPY it, or take --frozen-lockfile out.`).with(without(`\s--frozen-lockfile\b`)),
	on("other-yarn", `"packageManager": "(\w+)@([\d.]+)[^"]*"\. However the current global version of \w+ is `+
		`([\d.]*\d)`,
		`package.json asks for $1 $2 (packageManager), and the image has $3.`,
		`Let corepack bring it, with RUN corepack enable above this step; or take packageManager out of package.json.`).
		with(func(s *Scene, m []string, h *check.Hint) bool {
			if p, _ := s.grep(regexp.MustCompile(`"packageManager"`), ".json"); p.file != "" {
				h.Cause = fmt.Sprintf("%s, asks for %s %s (packageManager), and the image has %s.", p, m[1], m[2], m[3])
			}
			return true
		}),
	on("version-unknown", `Couldn't find any versions for "([^"]+)" that matches "([^"]+)"`,
		`The index has no $1 of version $2.`, `Ask for a version that there is, in package.json.`),
	on("package-unknown", `(?:registry\.\S+?/(\S+?): Not found|ERR_PNPM_FETCH_404\S* +GET \S*/(\S+?): Not Found)`,
		`There is no package $1$2 in the index.`, `Check its spelling in package.json.`),
	on("no-package-json", `(?:Couldn't find a package\.json file in "([^"]+)"|ERR_PNPM_NO_PKG_MANIFEST[^\n]*)`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		if found := s.named("package.json"); len(found) > 0 {
			return s.notCopied(found[0], inside(s.workdir(), "package.json"), h)
		}
		h.Cause, h.Advice = "The folder has no package.json.", "Make one, and hand it in."
		return true
	}),
	on("script-missing", `Command "?([\w:.-]+)"? not found`, "", "").with(scriptMissing),
}}

func splitVersion(what string) (name, version string) {
	at := strings.LastIndex(what, "@")
	if at <= 0 {
		return what, ""
	}
	return what[:at], what[at+1:]
}

// dependency returns the line of a package.json that asks for a package.
func (s *Scene) dependency(name string) (place, bool) {
	for _, file := range s.named("package.json") {
		for i, line := range s.lines(file) {
			if regexp.MustCompile(`"` + regexp.QuoteMeta(name) + `"\s*:\s*"`).MatchString(line) {
				return place{file, i + 1, line}, true
			}
		}
	}
	return place{}, false
}

// majors are versions of packages of Node's that there are.
var majors = map[string]int{"express": 4, "cors": 2, "dotenv": 16, "mongoose": 8, "sequelize": 6, "pg": 8, "mysql2": 3,
	"sqlite3": 5, "body-parser": 1, "nodemon": 3, "typescript": 5, "ts-node": 10, "jsonwebtoken": 9, "bcrypt": 5,
	"bcryptjs": 2, "helmet": 7, "morgan": 1, "uuid": 9, "axios": 1, "fastify": 4, "koa": 2, "knex": 3, "redis": 4,
	"ioredis": 5, "joi": 17, "zod": 3, "winston": 3, "multer": 1, "lodash": 4, "pino": 9, "jest": 29, "supertest": 7}

// versionOfNode returns the version to ask for in the place of one that there is not: any of the same
// major version where that is one that there was, or of the one known.
func versionOfNode(name, asked string) string {
	known, ok := majors[name]
	if !ok {
		return "latest"
	}
	m := regexp.MustCompile(`^\D*(\d{1,3})\.`).FindStringSubmatch(asked)
	if m != nil {
		if major, _ := strconv.Atoi(m[1]); major > 0 && major < known {
			known = major
		}
	}
	return fmt.Sprintf("^%d.0.0", known)
}

var popularNode = strings.Fields(`express cors dotenv mongoose sequelize pg mysql2 sqlite3 better-sqlite3 body-parser
	nodemon typescript ts-node jsonwebtoken bcrypt bcryptjs helmet morgan uuid axios fastify koa prisma knex redis
	ioredis joi zod winston multer express-validator passport socket.io lodash`)

// ofNodeItself says of a package that is asked for that it is a module of Node's own, and reports
// whether that is so.
func (s *Scene) ofNodeItself(name string, h *check.Hint) bool {
	if !slices.Contains(builtin, name) {
		return false
	}
	h.Cause, h.Advice = fmt.Sprintf("Node has the module %s of its own.", name),
		"Do not ask for it."
	p, ok := s.dependency(name)
	if !ok {
		return true
	}
	h.Cause = fmt.Sprintf("%s, asks for %s, a module that Node has of its own.", p, name)
	lines := s.lines(p.file)
	if strings.HasSuffix(strings.TrimSpace(p.text), ",") && strings.HasPrefix(strings.TrimSpace(p.text), `"`+name) {
		h.Edit = p.without()
	} else if p.line > 1 && strings.HasSuffix(lines[p.line-2], ",") && strings.HasPrefix(strings.TrimSpace(p.text),
		`"`+name) {
		h.Edit = &check.Edit{File: p.file, Line: p.line - 1, Old: lines[p.line-2] + "\n" + p.text,
			New: strings.TrimSuffix(lines[p.line-2], ",")}
	}
	return true
}

func npmUnknown(s *Scene, m []string, h *check.Hint) bool {
	name, version := splitVersion(strings.ReplaceAll(m[1], "%2f", "/"))
	if p, _ := s.grep(regexp.MustCompile(`"(?:devD|peerD|d)ependencies"\s*:\s*\[`), ".json"); p.file != "" &&
		regexp.MustCompile(`^\d+$`).MatchString(name) {
		h.Cause = fmt.Sprintf("%s, has the dependencies as a list, and npm takes each one's number for its name.", p)
		h.Advice = `Write them in braces, each with its version: {"NAME": "^1.0.0"}.`
		return true
	}
	if s.ofNodeItself(name, h) {
		return true
	}
	h.Cause, h.Advice = fmt.Sprintf("There is no package %s in the index.", name),
		fmt.Sprintf("Check the spelling of %s.", name)
	p, ok := s.dependency(name)
	if ok {
		h.Cause = fmt.Sprintf("%s, asks for %s, and the index has no such package.", p, name)
	}
	if near := nearest(name, popularNode); near != "" {
		h.Advice = fmt.Sprintf("Is %s meant?", near)
		if ok && version != "" {
			h.Edit = p.replace(regexp.MustCompile(`"`+regexp.QuoteMeta(name)+`"`), `"`+near+`"`)
		}
	}
	return true
}

var comma = regexp.MustCompile(`,(\s*)([}\]])`)

// npmJSON says where package.json is wrong, as this program's own reader finds it.
func npmJSON(s *Scene, _ []string, h *check.Hint) bool {
	h.Cause, h.Advice = "package.json is not JSON.",
		"Write it as JSON: names in double quotes, no comments, no comma before a closing bracket."
	for _, file := range s.named("package.json") {
		if s.notJSON(file, h) {
			return true
		}
	}
	return true
}

// scripts returns those of package.json.
func (s *Scene) scripts() (file string, scripts map[string]string) {
	for _, file := range s.named("package.json") {
		var p struct{ Scripts map[string]string }
		if json.Unmarshal([]byte(strings.Join(s.lines(file), "\n")), &p) == nil {
			return file, p.Scripts
		}
	}
	return "package.json", nil
}

func scriptMissing(s *Scene, m []string, h *check.Hint) bool {
	file, scripts := s.scripts()
	var names []string
	for name := range scripts {
		names = append(names, name)
	}
	slices.Sort(names)
	h.Cause = fmt.Sprintf("%s has no script %q.", file, m[1])
	for i, line := range s.lines(file) {
		key := regexp.MustCompile(`^\s*\{?\s*"(\w+)"\s*:\s*\{`).FindStringSubmatch(line)
		if key != nil && key[1] != "scripts" && (strings.EqualFold(key[1], "scripts") ||
			nearest(key[1], []string{"scripts"}) != "") && len(names) == 0 {
			h.Cause = fmt.Sprintf("%s, line %d, has %q, which npm does not know: its scripts stand under "+
				"\"scripts\".", file,
				i+1, key[1])
			h.Advice = "Write it so."
			h.Edit = place{file, i + 1, line}.replace(regexp.MustCompile(`"`+key[1]+`"`), `"scripts"`)
			return true
		}
	}
	if len(names) > 0 {
		h.Cause = fmt.Sprintf("%s has no script %q; it has %s.", file, m[1], strings.Join(names, ", "))
	}
	if !s.started {
		h.Advice = fmt.Sprintf("Add %q to its scripts, or take this step out.", m[1])
		if near := nearest(m[1], names); near != "" {
			h.Advice, h.Edit = fmt.Sprintf("Is %s meant?", near), s.inStep(m[1], near)
		}
		return true
	}
	h.Advice = fmt.Sprintf("Add %q to its scripts, or let CMD start the program itself.", m[1])
	if scripts["start"] != "" && m[1] != "start" {
		h.Advice = `Start the one that is there.`
		h.Edit = s.inCommand(regexp.MustCompile(`"run",\s*"`+regexp.QuoteMeta(m[1])+`"`), `"start"`)
		if h.Edit == nil {
			h.Edit = s.inCommand(regexp.MustCompile(`\b(npm|yarn|pnpm) (?:run )?`+regexp.QuoteMeta(m[1])+`\b`),
				`${1} start`)
		}
		return true
	}
	if program := s.nodeProgram(); program != "" {
		h.Advice = "Let CMD start the program itself."
		if h.Edit = s.command("node", s.fromWorkdir(program)); h.Edit == nil {
			h.Advice = fmt.Sprintf(`Let CMD start the program itself: CMD ["node", %q].`, s.fromWorkdir(program))
		}
	}
	return true
}

// nodeProgram returns the file with which a Node program most likely begins.
func (s *Scene) nodeProgram() string {
	var main struct{ Main string }
	_ = json.Unmarshal([]byte(strings.Join(s.lines("package.json"), "\n")), &main)
	for _, name := range []string{main.Main, "server.js", "index.js", "app.js", "main.js", "src/server.js",
		"src/index.js", "src/app.js", "dist/index.js"} {
		if name != "" && s.has(path.Clean(name)) {
			return path.Clean(name)
		}
	}
	return ""
}

// withCopy adds a file to the COPY that brings another in.
func (s *Scene) withCopy(beside, name string) *check.Edit {
	if s.Step == nil {
		return nil
	}
	for _, in := range s.before() {
		if in.Name == "COPY" && !in.Exec && len(in.Args) == 2 && strings.TrimPrefix(in.Args[0], "./") == beside &&
			in.Line == in.EndLine {
			to := in.Args[1]
			if to == "." || to == "./" {
				to = "./"
			} else if !strings.HasSuffix(to, "/") {
				return nil
			}
			p := s.dockerfileLine(in.Line)
			return p.replace(regexp.MustCompile(regexp.QuoteMeta(in.Args[0])+`\s+`+regexp.QuoteMeta(in.Args[1])+`\s*$`),
				beside+" "+name+" "+to)
		}
	}
	return nil
}

// nodeToolMissing says why a program that npm brings is not there.
func (s *Scene) nodeToolMissing(program string, h *check.Hint) {
	name := program
	switch program {
	case "tsc":
		name = "typescript"
	case "nest":
		name = "@nestjs/cli"
	case "ng":
		name = "@angular/cli"
	}
	h.Cause = fmt.Sprintf("package.json does not name %s, so npm has not installed the program %s.", name, program)
	file, scripts := s.scripts()
	for i, line := range s.lines(file) {
		for script, text := range scripts {
			if strings.Contains(line, `"`+script+`"`) && word(program).MatchString(text) && strings.Contains(line,
				program) {
				h.Cause = fmt.Sprintf("%s, line %d, runs %s in the script %s, and no package that it names brings "+
					"that "+
					"program.", file, i+1, program, script)
			}
		}
	}
	h.Advice = fmt.Sprintf("Add it: npm install %s, and hand in what that changes.", name)
	p, named := s.dependency(name)
	if e := s.addDependency(name); !named && e != nil {
		h.Advice, h.Edit = "Add it.", e
	}
	left := named && s.development(name)
	if left {
		h.Cause = fmt.Sprintf("%s, has %s under devDependencies, which this install leaves out.", p, name)
	}
	switch {
	case s.started && program == "nodemon" && (left || !named):
		h.Advice = "nodemon starts a program anew when its file changes; in a container nothing changes."
		if file := s.nodeProgram(); file != "" {
			h.Advice += " Let node start it."
			h.Edit = s.command("node", s.fromWorkdir(file))
		}
	case left:
		h.Advice = "Install the devDependencies too in the stage that builds, or put it under dependencies."
		if regexp.MustCompile(`(?m)^> \S+ (?:prepare|postinstall|prepublish)$`).MatchString(s.log) {
			h.Cause = strings.TrimSuffix(h.Cause, ".") + ", and npm runs it after the install."
			h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`(\bnpm (?:ci|install|i)\b)`), "${1} --ignore-scripts")
			if h.Edit != nil {
				h.Advice = "Let npm install without running scripts."
			}
		}
	case named:
		h.Cause = fmt.Sprintf("%s, asks for %s, and no step before this one has installed it here.", p, name)
		h.Advice = "Run npm install before it, in the folder of package.json."
	}
}
