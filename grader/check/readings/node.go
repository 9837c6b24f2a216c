package readings

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

var node = tool{name: "node", entries: []entry{
	on("no-file", `Error: Cannot find module '(/[^'\n]+)'`, "", "").with(nodeFile),
	on("no-own-file", `(?:Cannot find module '(\.{1,2}/[^'\n]+)'|Cannot find module '(/[^'\n]+)' imported from)`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		name := m[1] + m[2]
		p, ok := s.frame()
		by := "the program"
		dir := s.workdir()
		if ok {
			by = p.String() + ","
			dir = path.Dir(s.where(p.file))
		}
		at := inside(dir, name)
		h.Cause = fmt.Sprintf("%s imports %s, and the image has no %s.", capital(by), name, at)
		h.Advice = "Check its name, capital letters too, and that COPY brings it in."
		base := strings.TrimSuffix(path.Base(name), path.Ext(name))
		for _, file := range s.files() {
			end := strings.TrimSuffix(path.Base(file), path.Ext(file))
			if !strings.EqualFold(end, base) {
				continue
			}
			if line := s.hidden(file); line != "" {
				h.Cause = fmt.Sprintf("%s imports %s; %s, keeps %s out of the image.", capital(by), name, line, file)
				h.Advice = "Take that line out of the ignore file."
			} else if s.where(file) == "" {
				h.Cause = fmt.Sprintf("%s imports %s, and no COPY brings %s into the image.", capital(by), name, file)
				h.Edit = s.beside(file + " " + file)
				h.Advice = "COPY it."
			} else {
				h.Cause = fmt.Sprintf("%s imports %s; the folder has %s.", capital(by), name, file)
				h.Advice = "Import it by its own name."
				if ok && end != base {
					h.Edit = p.replace(regexp.MustCompile(regexp.QuoteMeta(base)), end)
				}
			}
			break
		}
		return true
	}),
	on("no-package", `Cannot find (?:module|package) '((?:@[\w.-]+/)?[A-Za-z][\w.-]*)(?:/[^'\n]*)?'`, "",
		"").with(nodePackage),
	on("import-outside-module", `Cannot use import statement outside a module`, "",
		"").with(func(s *Scene, _ []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("The program uses import%s, and package.json does not say that its files are modules.",
			s.at())
		h.Advice = `Put "type": "module" into package.json.`
		for i, line := range s.lines("package.json") {
			if strings.Contains(line, `"type"`) {
				h.Edit = place{"package.json", i + 1, line}.replace(regexp.MustCompile(`"type"\s*:\s*"\w*"`),
					`"type": "module"`)
				break
			}
		}
		if h.Edit == nil {
			if lines := s.lines("package.json"); len(lines) > 0 {
				h.Edit = place{"package.json", 1, lines[0]}.replace(regexp.MustCompile(`^\s*\{`), `{"type": "module",`)
			}
		}
		if h.Edit != nil {
			h.Advice = "Let it say so."
		}
		return true
	}),
	on("require-in-module", `require is not defined in ES module scope[^\n]*|ERR_REQUIRE_ESM[^\n]*`,
		`The program uses require, and package.json has "type": "module".`,
		`Write import in its place, or take "type": "module" out of package.json.`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		if p, ok := s.frame(); ok {
			h.Cause = fmt.Sprintf("%s, uses require where only import is had.", p)
		}
		return true
	}),
	on("syntax", `(?m)^((?:file://)?/[^\n:]+):(\d+)\n(?:[^\n]*\n){1,4}?\n?(?P<line>SyntaxError: [^\n]*)`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		file := s.own(strings.TrimPrefix(m[1], "file://"))
		if file == "" {
			return false
		}
		h.Cause, h.Advice = fmt.Sprintf("Node cannot read %s, line %s: %s.", file, m[2], m[3]),
			"Correct that line; the mistake may begin on the one above it."
		return true
	}),
	on("not-there", `ENOENT: no such file or directory, (\w+) '([^'\n]+)'`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		return folderMissing(s, []string{m[0], m[2]}, h)
	}),
	on("not-permitted", `EACCES: permission denied, (?:open|mkdir|unlink|scandir) '([^'\n]+)'`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		if !s.started {
			h.Cause = m[1] + " may not be written."
			return beforeUser(s, m, h)
		}
		return mayNotWrite(s, m[1], h)
	}),
	on("type", `(?m)^(\S+\.tsx?)(?:\((\d+),\d+\)|:(\d+):\d+) ?[:-] error TS\d+: ([^\n]*)`,
		`TypeScript finds a mistake in $1, line $2$3: $4`,
		`Correct that line, so that npm run build ends well at home.`),
	on("driver", `Please install (\w[\w-]*) package manually`,
		`The program wants the package $1, and package.json does not name it.`,
		`Run npm install $1, and hand in package.json and package-lock.json.`),
	on("old-webpack", `digital envelope routines::unsupported`,
		`A tool of the build is older than this Node, whose OpenSSL no longer has what it uses.`,
		`Take a newer version of it, or let Node take the old way.`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		h.Edit = s.above(false, "ENV NODE_OPTIONS=--openssl-legacy-provider")
		return true
	}),
	on("env-file", `(?m)^node: (\S*\.env\S*): not found`,
		`CMD lets Node read $1, which is not in the image: secrets do not belong there.`,
		`Start without it, and pass the variables with docker run -e.`).with(func(s *Scene, m []string,
		h *check.Hint) bool {
		h.Edit = s.inCommand(regexp.MustCompile(`"--env-file(?:=`+regexp.QuoteMeta(m[1])+`"|", *"`+
			regexp.QuoteMeta(m[1])+`"), *|--env-file[= ]`+regexp.QuoteMeta(m[1])+` +`), "")
		return true
	}),
	on("prisma-generate", `@prisma/client did not initialize yet`, `Prisma's client was not generated in the image.`,
		`Let the build run npx prisma generate, below the npm install.`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		if _, ok := s.dependency("prisma"); ok {
			if h.Edit = s.asRoot("RUN npx prisma generate"); h.Edit != nil {
				h.Advice = "Let the build do so."
			}
		}
		return true
	}),
	on("no-build", `Could not find a production build[^\n]*`,
		`next start serves what next build makes, and no line of the Dockerfile builds it.`,
		`Let the build run it.`).with(func(s *Scene, _ []string, h *check.Hint) bool {
		if p, _ := s.grep(regexp.MustCompile(`"build"\s*:`), ".json"); p.file != "" {
			h.Edit = s.asRoot("RUN npm run build")
		}
		return true
	}),
	on("native",
		`(?:invalid ELF header|was compiled against a different Node\.js version|ERR_DLOPEN_FAILED|`+
			`Could not locate the bindings file)[^\n]*`, `A package in node_modules was built for another machine, `+
			`as when the folder's own node_modules is copied into the image.`, `List node_modules in .dockerignore, `+
			`and let npm install run in the build.`).with(func(s *Scene, _ []string, h *check.Hint) bool {
		if s.Ignore != nil && s.Ignore.File != "" {
			h.Edit = &check.Edit{File: s.Ignore.File, Line: len(s.Ignore.Lines), New: "node_modules"}
			h.Advice = "Keep it out, and let npm install run in the build."
		}
		return true
	}),
	on("typescript", `Unknown file extension "\.ts"`, `Node is to run TypeScript, which this version does not read.`,
		`Let the build run tsc, and CMD start the JavaScript that it makes.`),
	on("heap", `(?:JavaScript heap out of memory|Reached heap limit)`,
		`The program asked for more memory than it may have.`, `Load less at start.`),
}}

// nodeFile says why Node does not find the file that it is to run.
func nodeFile(s *Scene, m []string, h *check.Hint) bool {
	at := m[1]
	base := path.Base(at)
	by := "CMD"
	var script place
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
	h.Cause = fmt.Sprintf("%s starts %s, which is not in the image.", capital(by), at)
	h.Advice = "Name a file that is there."
	if found := s.named(base); len(found) > 0 {
		where := s.where(found[0])
		switch {
		case s.hidden(found[0]) != "":
			h.Cause = fmt.Sprintf("%s starts %s; %s, keeps %s out of the image.", capital(by), at, s.hidden(found[0]),
				found[0])
			h.Advice = "Take that line out of the ignore file."
		case where == "":
			h.Cause = fmt.Sprintf("%s starts %s, and no COPY brings %s into the image.", capital(by), at, found[0])
			h.Advice, h.Edit = "", s.beside(found[0]+" "+strings.TrimPrefix(at,
				strings.TrimSuffix(s.workdir(), "/")+"/"))
		default:
			h.Cause = fmt.Sprintf("%s starts %s; it is at %s.", capital(by), at, where)
			h.Advice = "Name it as it lies there."
			h.Edit = renamed(s, script, base, strings.TrimPrefix(where, strings.TrimSuffix(s.workdir(), "/")+"/"))
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
	} else if strings.HasPrefix(strings.TrimPrefix(at, strings.TrimSuffix(s.workdir(), "/")+"/"), "dist/") ||
		strings.Contains(at, "/build/") {
		h.Advice = "It is made by the build of TypeScript: let a RUN make it."
	}
	return true
}

// renamed returns the edit that starts another file: in the script of package.json, or in CMD.
func renamed(s *Scene, script place, base, by string) *check.Edit {
	pattern := regexp.MustCompile(`(^|[\s"'])(?:[\w./-]*/)?` + regexp.QuoteMeta(base) + `($|[\s"'])`)
	if script.file != "" {
		return script.replace(pattern, "${1}"+by+"${2}")
	}
	return s.inCommand(pattern, "${1}"+by+"${2}")
}

// nodePackage says of a package that Node does not find whether package.json asks for it.
func nodePackage(s *Scene, m []string, h *check.Hint) bool {
	name := m[1]
	if p, ok := s.dependency(name); ok {
		h.Cause = fmt.Sprintf("%s, asks for %s, and it is not installed where the program looks.", p, name)
		h.Advice = "Let npm install run in the image that is started, in the folder of package.json."
		installs := false
		if s.File != nil {
			for _, in := range s.File.Effective() {
				for _, c := range in.Commands() {
					installs = installs || in.Name == "RUN" && c.Installs()
				}
			}
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
	if s.has("package-lock.json") {
		return true
	}
	for i, line := range s.lines("package.json") {
		p := place{"package.json", i + 1, line}
		if e := p.replace(regexp.MustCompile(`"dependencies"\s*:\s*\{\s*\}`),
			`"dependencies": {"`+name+`": "*"}`); e != nil {
			h.Edit = e
		} else if e := p.replace(regexp.MustCompile(`"dependencies"\s*:\s*\{(\s*(?:"|$))`),
			`"dependencies": {"`+name+`": "*",${1}`); e != nil {
			h.Edit = e
		}
	}
	if h.Edit == nil {
		if lines := s.lines("package.json"); len(lines) > 0 && !strings.Contains(strings.Join(lines, ""),
			`"dependencies"`) {
			h.Edit = place{"package.json", 1, lines[0]}.replace(regexp.MustCompile(`^\s*\{`),
				`{"dependencies": {"`+name+`": "*"},`)
		}
	}
	if h.Edit != nil {
		h.Advice = "Add it."
	}
	return true
}

var devHeading = regexp.MustCompile(`"devDependencies"`)

// development reports whether a package stands under devDependencies, and the build leaves those
// out.
func (s *Scene) development(name string) bool {
	text := strings.Join(s.lines("package.json"), "\n")
	at := strings.Index(text, `"devDependencies"`)
	if at < 0 || !strings.Contains(text[at:], `"`+name+`"`) || s.File == nil {
		return false
	}
	return regexp.MustCompile(`--omit[= ]dev|--production|--only=prod|NODE_ENV[= ]production`).MatchString(
		strings.Join(s.File.Lines, "\n"))
}

var java = tool{name: "java", entries: []entry{
	on("no-jar", `Unable to access jarfile (\S+)`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause, h.Advice = fmt.Sprintf("There is no %s in the image.", inside(s.workdir(), m[1])),
			"COPY it from where the build puts it, under that name."
		return true
	}),
	on("no-main", `no main manifest attribute, in (\S+)`, `$1 names no class to start.`,
		`Build it with the plugin that makes a jar which can be started (spring-boot-maven-plugin).`),
	on("panic", `(?m)^panic: ([^\n]*)`, `The program ended itself: $1`,
		`Look at the line that the log names below it.`),
}}
