package readings

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

var node = tool{name: "node", entries: []entry{
	on("path-not-exported", `Package subpath '\./([^'\n]*)' is not defined by "exports" in \S*node_modules/`+
		`((?:@[^/\s]+/)?[^/\s]+)/package\.json`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("The program wants %s/%s, which the installed %s has no more, or does not give "+
			"out%s.", m[2],
			m[1], m[2], s.at())
		h.Advice = fmt.Sprintf("Name what its manual has, or ask for the version of %s that the program is written "+
			"for.",
			m[2])
		old := regexp.MustCompile(`^(const|let|var) (\w+) = require\((["'])uuid/(v\d)["']\)`)
		if p, _ := s.grep(old, ".js.cjs.ts"); m[2] == "uuid" && p.file != "" {
			h.Advice, h.Edit = "Take it out of uuid.", p.replace(old, "${1} { ${4}: ${2} } = require(${3}uuid${3})")
		}
		return true
	}),
	on("no-file", `Error: Cannot find module '(/[^'\n]+)'`, "", "").with(nodeFile),
	on("no-own-file",
		`Cannot find module '(\.{1,2}/[^'\n]+)'|Cannot find module '(/[^'\n]+)' imported from (/[^\s'\n]+)`, "",
		"").with(noOwnFile),
	on("no-package", `Cannot find (?:module|package) '((?:@[\w.-]+/)?[A-Za-z][\w.-]*)(/[^'\n]*)?'`, "",
		"").with(nodePackage),
	on("import-outside-module", `Cannot use import statement outside a module`, "",
		"").with(func(s *Scene, _ []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("The program uses import%s, and package.json does not say that its files are modules.",
			s.at())
		h.Advice = `Put "type": "module" into package.json.`
		h.Edit = s.asModule()
		if h.Edit != nil {
			h.Advice = "Let it say so."
		}
		return true
	}),
	on("require-in-module", `require is not defined in ES module scope[^\n]*|ERR_REQUIRE_ESM[^\n]*`,
		`The program uses require, and package.json has "type": "module".`,
		`Write import in its place, or take "type": "module" out of package.json.`).with(requireInModule),
	on("old-in-module", `(__dirname|__filename|module|exports) is not defined in ES module scope`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("The program uses %s%s, which an ES module does not have.", m[1], s.at())
		h.Advice = "Write export in its place."
		by := map[string]string{"__dirname": "import.meta.dirname", "__filename": "import.meta.filename"}[m[1]]
		alone := regexp.MustCompile(`^module\.exports\s*=\s*(\w+\s*;?)\s*$`)
		if p, ok := s.frame(); ok && by == "" {
			h.Edit = p.replace(alone, "export default ${1}")
		} else if ok {
			h.Advice = "Node has " + by + " for it."
			h.Edit = p.replace(regexp.MustCompile(`\b`+m[1]+`\b`), by)
		}
		return true
	}),
	on("no-export",
		`The requested module '([^'\n]+)' does not provide an export named '(\w+)'|Named export '(\w+)' not found\. `+
			`The requested module '([^'\n]+)' is a CommonJS module`, "", "").with(noExport),
	on("json-attribute", `Module "[^"\n]*?([^"/\n]+\.json)" needs an import (?:attribute|assertion) of type`,
		`The program imports $1, and Node wants an import of JSON to say so.`,
		`Write with { type: 'json' } behind its name.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		p, _ := s.grep(regexp.MustCompile(`(?:from|import)\s*["'][^"']*`+regexp.QuoteMeta(m[1])+`["']`), ".js.mjs.ts")
		if p.file != "" {
			h.Cause = fmt.Sprintf("%s, imports %s, and Node wants an import of JSON to say so.", p, m[1])
			file := `(["'][^"']*` + regexp.QuoteMeta(m[1]) + `["'])`
			if h.Edit = p.replace(regexp.MustCompile(file+`(?:\s+assert\s*\{[^}]*\})?`),
				"${1} with { type: 'json' }"); h.Edit != nil {
				h.Advice = "Let it say so."
			}
		}
		return true
	}),
	on("path-of-express-4", `(?:Missing parameter name|Unexpected )[^\n]*pathToRegexpError[^\n]*`,
		`The program has a path as Express 4 takes it, and Express 5 is installed: * and : want a name behind them.`,
		`Write /{*rest} for *, or ask for express 4 in package.json.`).with(pathOfExpress4),
	on("no-handler",
		`(?m)^(?:Type)?Error: (?:Router\.use\(\) requires a middleware function[^\n]*|argument handler (?:is required|`+
			`must be a function)|(?:Route|Router)\.\w+\(\) requires a callback function[^\n]*|`+
			`app\.use\(\) requires a middleware function[^\n]*)`, "", "").with(noHandler),
	on("module-words",
		`(?m)^((?:file://)?/[^\n:]+):(\d+)\n(?:[^\n]*\n){1,4}?\n?(?P<line>SyntaxError: (?:await is only valid in|`+
			`Unexpected token 'export'|Cannot use 'import\.meta')[^\n]*)`, "", "").with(moduleWords),
	on("json", `SyntaxError: (/[^\n:]+\.json): [^\n]*`, "", "").with(jsonFile),
	on("no-builtin", `No such built-in module: (node:[\w/]+)`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		if s.newerNode(m[1], h) {
			return true
		}
		h.Cause = fmt.Sprintf("The program asks for %s%s, and Node has no module of that name.", m[1], s.at())
		h.Advice = "Check its spelling; what comes from npm is written without node:."
		if near := nearest(strings.TrimPrefix(m[1], "node:"), builtin); near != "" {
			h.Advice = fmt.Sprintf("Is node:%s meant?", near)
			if p, ok := s.frame(); ok {
				h.Edit = p.replace(regexp.MustCompile(regexp.QuoteMeta(m[1])+`\b`), "node:"+near)
			}
		}
		return true
	}),
	on("before-declared", `Cannot access '([\w$]+)' before initialization`, "", "").with(tooEarly),
	on("bad-option", `node: bad option: (\S+)|node: (\S+) is not allowed in NODE_OPTIONS`, "", "").with(badOption),
	on("not-caught", `(?m)UnhandledPromiseRejection: [^\n]*?with the reason "([^\n]*)"`, "", "").with(notCaught),
	on("thrown-text",
		`(?m)^((?:file://)?/[^\n:]+):(\d+)\n[^\n]*\n\s*\^+\n(?P<line>[^\n]+)\n\(Use .node --trace-uncaught`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		file := s.own(strings.TrimPrefix(m[1], "file://"))
		if file == "" {
			return false
		}
		if own := s.ownWords(m[3]); own != nil && strings.Contains(own.Cause, "wants") {
			*h = *own
			return true
		}
		h.Cause = fmt.Sprintf("%s, line %s, throws this text, and nothing catches it.", file, m[2])
		h.Advice = "Look at what leads to that line."
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
		if strings.Contains(m[3], "Unexpected end of input") {
			h.Cause = fmt.Sprintf("%s comes to its end before all is closed: one } or ) too few stands in it.", file)
			h.Advice = "Look for the block or the call that is not closed; an editor shows which bracket belongs to " +
				"which."
			return true
		}
		if p, ok := s.lineOf(file, m[2]); ok {
			h.Cause = strings.TrimSuffix(h.Cause, ".") + fmt.Sprintf(". The line is `%s`.", p.code())
			if old := s.olderNode(p); old != "" {
				h.Cause, h.Advice = old, "Begin with a newer Node."
				h.Edit = s.dockerfileLine(s.File.Final().Line).replace(nodeImage, "${1}22")
			}
			s.declaredTwice(p, m[3], h)
			p.closedInNode(m[3], h)
		}
		if path.Ext(file) == ".ts" {
			h.Cause = fmt.Sprintf("Node is to run %s, which is TypeScript; this version reads JavaScript alone.",
				file)
			h.Advice = "Let the build run tsc, and CMD start the JavaScript that it makes."
		}
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
		mayNotWrite(s, m[1], h)
		at := inside(s.workdir(), m[1])
		if dir := path.Dir(at); strings.Contains(m[0], "mkdir") && dir != s.workdir() && !s.landsIn(dir) &&
			h.Edit != nil {
			h.Edit = s.makes(at) // and leave the folder above to root
			h.Advice = "Make it for that user."
		}
		return true
	}),
	on("fastify-plugin", `fastify-plugin: (\S+) - expected '([^']+)' fastify version, '([^']+)' is installed`,
		`The installed $1 is for Fastify $2, and Fastify $3 is installed.`,
		`Run npm install $1@latest, and hand in what that changes.`),
	on("driver", `(?:Please install|package has not been found installed\. Please run "npm install) (\w[\w-]*)`+
		`(?: package manually|")`,
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
		if file, scripts := s.scripts(); !strings.Contains(strings.Join(s.commandWords(), " "), "--env-file") {
			for name, text := range scripts {
				for i, line := range s.lines(file) {
					option := regexp.MustCompile(`--env-file[= ]` + regexp.QuoteMeta(m[1]) + ` +`)
					if !strings.Contains(text, "--env-file") || !strings.Contains(line, `"`+name+`"`) ||
						!option.MatchString(line) {
						continue
					}
					h.Cause = fmt.Sprintf("%s, line %d, lets Node read %s in the script %s, and the image has no "+
						"such file: "+
						"secrets do not belong there.", file, i+1, m[1], name)
					h.Edit = place{file, i + 1, line}.replace(option, "")
					return true
				}
			}
		}
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
	on("other-libc", `(?m)^[^\n]*Error loading shared library [^\n]*\(needed by [^\n]*`, "", "").with(otherLibc),
	on("native",
		`(?m)^[^\n]*(?:invalid ELF header|was compiled against a different Node\.js version|`+
			`Could not locate the bindings file)[^\n]*`, "", "").with(native),
	on("native-not-loaded", `ERR_DLOPEN_FAILED`, "", "").with(native),
	on("typescript", `Unknown file extension "\.ts"`, `Node is to run TypeScript, which this version does not read.`,
		`Let the build run tsc, and CMD start the JavaScript that it makes.`),
	on("of-undefined", `(?m)^TypeError: Cannot (?:read|set) propert(?:y|ies) (?:'(\w+)' )?of (undefined|null)`+
		`(?: \((?:reading|setting) '(\w+)'\))?|^TypeError: Cannot destructure property '(\w+)' of '([^'\n]+)' as `+
		`it is `+
		`(undefined|null)`, "", "").with(ofUndefined),
	on("constant", `(?m)^TypeError: Assignment to constant variable`, "", "").with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		p, ok := s.frame()
		if !ok {
			return false
		}
		h.Cause = fmt.Sprintf("%s, gives a new value to what const declares: `%s`.", p,
			p.code())
		h.Advice = "Declare it with let."
		name := regexp.MustCompile(`^\s*(?:(?:\+\+|--)\s*)?([A-Za-z_$][\w$]*)\s*(?:[-+*/]?=[^=]|\+\+|--|;|` +
			`$)`).FindStringSubmatch(
			p.text)
		for i, line := range s.lines(p.file) {
			if name != nil && regexp.MustCompile(`^\s*const\s+`+regexp.QuoteMeta(name[1])+`\b`).MatchString(line) {
				h.Edit = place{p.file, i + 1, line}.replace(regexp.MustCompile(`\bconst\b`), "let")
			}
		}
		return true
	}),
	on("folder-imported", `Directory import '([^'\n]+)' is not supported`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		base := path.Base(m[1])
		p, _ := s.grep(regexp.MustCompile(`(?:from|import)\s*\(?["'][^"']*\b`+regexp.QuoteMeta(base)+`/?["']`),
			".js.mjs.ts")
		h.Cause = fmt.Sprintf("The program imports the folder %s, and an ES module names the file.", base)
		h.Advice = "Name the file in it, such as index.js."
		if p.file != "" {
			h.Cause = fmt.Sprintf("%s, imports the folder %s, and an ES module names the file.", p, base)
			if s.has(path.Join(path.Dir(p.file), base, "index.js")) {
				h.Advice = "Name it."
				h.Edit = p.replace(regexp.MustCompile(`(["'][^"']*\b`+regexp.QuoteMeta(base)+`)/?(["'])`),
					"${1}/index.js${2}")
			}
		}
		return true
	}),
	on("listens-on-address", `listen E\w+: [^\n]*?(\w+://\S+)`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		h.Cause = fmt.Sprintf("The program is to listen on %s%s, which is an address and no port.", m[1], s.at())
		h.Advice = "Give listen the number of the port alone."
		number := regexp.MustCompile(`:(\d+)`).FindStringSubmatch(m[1])
		if p, ok := s.frame(); ok && number != nil {
			h.Edit = p.replace(regexp.MustCompile(`["']`+regexp.QuoteMeta(m[1])+`["']`), number[1])
		}
		return true
	}),
	on("no-new", `(?m)^TypeError: Class constructor ([\w$]+) cannot be invoked without 'new'`, "",
		"").with(func(s *Scene,
		m []string, h *check.Hint) bool {
		p, ok := s.frame()
		if !ok {
			return false
		}
		h.Cause = fmt.Sprintf("%s, calls the class %s as a function.", p, m[1])
		h.Advice = "A class is made a thing of with new."
		h.Edit = p.replace(regexp.MustCompile(`\b`+regexp.QuoteMeta(m[1])+`\(`), "new "+m[1]+"(")
		return true
	}),
	on("no-await", `(?m)^TypeError: ([\w$.]+) is not a function or its return value is not iterable`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		p, ok := s.frame()
		made, _ := s.grep(regexp.MustCompile(`async function `+regexp.QuoteMeta(m[1])+`\b|\b`+regexp.QuoteMeta(m[1])+
			`\s*=\s*async\b`), ".js.mjs.cjs.ts")
		if !ok || made.file == "" {
			return false
		}
		h.Cause = fmt.Sprintf("%s, goes through what %s gives, and %s is async (%s): it gives a promise.", p, m[1],
			m[1], made)
		h.Advice = "Wait for it, with await, inside of an async function."
		return true
	}),
	on("json-data", `(?m)^SyntaxError: (?:Unexpected end of JSON input|[^\n]*\bin JSON at position \d+[^\n]*|`+
		`[^\n]*is not valid `+
		`JSON)`, "", "").with(func(s *Scene, _ []string, h *check.Hint) bool {
		p, ok := s.frame()
		return ok && s.reads(p) != "" && s.notJSON(s.reads(p), h)
	}),
	on("settings-of-zod", `ZodError: \[`, "", "").with(func(s *Scene, _ []string, h *check.Hint) bool {
		at := strings.LastIndex(s.log, "ZodError: [")
		var names []string
		for _, m := range regexp.MustCompile(`"path": \[\s*"(\w+)"\s*\]`).FindAllStringSubmatch(s.log[at:], -1) {
			if !s.sets(m[1]) && !slices.Contains(names, m[1]) {
				names = append(names, m[1])
			}
		}
		p, _ := s.grep(regexp.MustCompile(`arse\(\s*process\.env`), ".js.mjs.cjs.ts")
		return len(names) > 0 && p.file != "" && missing(s, names, h)
	}),
	on("log-target", `unable to determine transport target for "([^"]+)"`, "", "").with(nodePackage),
	on("fastify-listen", `Cannot create property 'host' on (?:number|string)|FST_ERR_LISTEN_OPTIONS_INVALID|`+
		`Variadic listen method`, "", "").with(func(s *Scene, _ []string, h *check.Hint) bool {
		p, ok := s.frame()
		if !ok {
			return false
		}
		h.Cause = fmt.Sprintf("%s, gives listen of Fastify a port as older versions took it; it wants an object.", p)
		h.Advice = "Write listen({ port: 8000, host: '0.0.0.0' })."
		h.Edit = p.replace(regexp.MustCompile(`\.listen\(\s*(\d+|[\w.]+)\s*,\s*(["'][^"']*["'])`), ".listen({ "+
			"port: ${1}, host: ${2} }")
		if h.Edit == nil {
			h.Edit = p.replace(regexp.MustCompile(`\.listen\(\s*(\d+|[\w.]+)\s*([,)])`), ".listen({ port: ${1}, "+
				"host: '0.0.0.0' }${2}")
		}
		if h.Edit != nil {
			h.Advice = "Write it so."
		}
		return true
	}),
	on("no-name", `(?m)^ReferenceError: ([\w$]+) is not defined$`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		p, ok := s.frame()
		if !ok {
			return false
		}
		if s.newerNode(m[1], h) {
			return true
		}
		h.Cause = fmt.Sprintf("%s, uses %s, which nothing above it declares.", p, m[1])
		h.Advice = fmt.Sprintf("Declare %s, or correct its spelling; what comes from a package is imported first.",
			m[1])
		for i, line := range s.lines(p.file) {
			got := regexp.MustCompile(`^\s*(?:export\s+)?(?:const|let|var|function|` +
				`class)\s+([\w$]+)`).FindStringSubmatch(line)
			if got != nil && (strings.EqualFold(got[1], m[1]) || nearest(m[1], []string{got[1]}) != "") {
				h.Cause = fmt.Sprintf("%s, uses %s, which nothing above it declares; line %d declares %s.", p, m[1],
					i+1, got[1])
				h.Advice = "Is that the one meant?"
				h.Edit = p.replace(regexp.MustCompile(`\b`+regexp.QuoteMeta(m[1])+`\b`), got[1])
				return true
			}
		}
		first := s.lines(p.file)[0]
		if _, asked := s.dependency(m[1]); asked && strings.Contains(first, "require(") {
			h.Advice = "It comes from a package."
			h.Edit = &check.Edit{File: p.file, New: "const " + m[1] + " = require('" + m[1] + "');"}
		}
		return true
	}),
	on("no-function", `(?m)^TypeError: ([\w$]+)\.([\w$]+) is not a function`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		p, ok := s.frame()
		if !ok || !strings.Contains(p.text, m[2]) {
			return false
		}
		if s.newerNode(m[1]+"."+m[2], h) || s.notCalled(m[1], h) || s.exportMisspelt(h) {
			return true
		}
		h.Cause = fmt.Sprintf("%s, calls %s.%s, and %s has no function of that name.", p, m[1], m[2], m[1])
		h.Advice = "Check its spelling, capital letters too, and what it was imported from."
		if near := nearest(m[2], functions); near != "" {
			h.Advice = fmt.Sprintf("Is %s meant?", near)
			h.Edit = p.replace(regexp.MustCompile(`\.`+regexp.QuoteMeta(m[2])+`\b`), "."+near)
		}
		return true
	}),
	on("heap", `(?:JavaScript heap out of memory|Reached heap limit)`,
		`The program asked for more memory than it may have.`, `Load less at start.`),
}}

var misspeltExport = regexp.MustCompile(`^(module\.export|modules\.exports?|module\.expors|` +
	`module\.export[^s\s.]\w*|export\.\w+)(\s*=[^=]|\.\w+\s*=)`)

// exportMisspelt reports whether a file of the program exports by a name that Node does not know,
// and
// says so.
func (s *Scene) exportMisspelt(h *check.Hint) bool {
	p, m := s.grep(misspeltExport, ".js.cjs.ts")
	if m == nil {
		return false
	}
	by := "module.exports"
	if rest, ok := strings.CutPrefix(m[1], "export."); ok {
		by = "exports." + rest
	}
	h.Cause = fmt.Sprintf("%s, writes %s, and Node takes what a file gives away from %s.", p, m[1], by)
	h.Advice = "Write it so."
	h.Edit = p.replace(misspeltExport, by+"${2}")
	return true
}

var starred = regexp.MustCompile(`\.(?:get|post|put|patch|delete|all|use|options)\(\s*["']([^"']*[*][^"']*)["']`)

// pathOfExpress4 writes a * as Express 5 takes it.
func pathOfExpress4(s *Scene, m []string, h *check.Hint) bool {
	p, got := s.grep(starred, ".js.mjs.cjs.ts")
	if got == nil || strings.HasPrefix(m[0], "Unexpected") {
		return true
	}
	h.Cause = fmt.Sprintf("%s, has the path %s, as Express 4 takes it: Express 5, which is installed, wants a name "+
		"behind *.", p, got[1])
	h.Advice = "Give it one."
	h.Edit = p.replace(regexp.MustCompile(`(["'](?:[^"'*]*/)?)/?\*(["'])`), "${1}/{*rest}${2}")
	if h.Edit != nil {
		h.Edit.New = strings.Replace(h.Edit.New, "//{*rest}", "/{*rest}", 1)
	}
	return true
}

var (
	required = regexp.MustCompile(`require\(\s*["'](\.{1,2}/[^"']+)["']\s*\)`)
	router   = regexp.MustCompile(`^(?:const|let|var)\s+(\w+)\s*=\s*(?:\w+\.|require\(["']express["']\)\.)?Router\(`)
)

// noHandler says what the student's line gives Express that is no function.
func noHandler(s *Scene, _ []string, h *check.Hint) bool {
	p, ok := s.frame()
	if !ok {
		return false
	}
	h.Cause = fmt.Sprintf("%s, gives Express what is no function and no router: `%s`.", p,
		p.code())
	h.Advice = "Look at where it comes from: it is not exported there, or by another name."
	name := required.FindStringSubmatch(p.text)
	if name == nil {
		for _, w := range regexp.MustCompile(`[A-Za-z_]\w*`).FindAllString(p.text, -1) {
			from, got := s.grep(regexp.MustCompile(`\b`+w+`\b\s*\}?\s*=\s*`+required.String()), ".js.cjs.ts")
			if got != nil && from.file == p.file {
				name = got
			}
		}
	}
	if name == nil {
		return true
	}
	file := s.imported(p, name[1])
	lines := s.lines(file)
	if s.exportMisspelt(h) {
		return true
	}
	text := strings.Join(lines, "\n")
	if m := exportedAlone.FindStringSubmatch(text); m != nil && !strings.Contains(p.text, "."+m[1]) {
		from, _ := s.grepIn(p.file, regexp.MustCompile(regexp.QuoteMeta(name[0])))
		h.Cause = fmt.Sprintf("%s, gives Express all that %s exports, which is an object with %s in it: `%s`.", p, file,
			m[1], p.code())
		h.Advice = fmt.Sprintf("Take %s out of it where it is required.", m[1])
		if !strings.Contains(from.text, "{") && !strings.Contains(from.text, name[0]+".") {
			h.Edit = from.replace(regexp.MustCompile(regexp.QuoteMeta(name[0])), name[0]+"."+m[1])
		}
		return true
	}
	if len(lines) == 0 || strings.Contains(text, "exports") {
		var given []string
		for _, m := range exported.FindAllStringSubmatch(text, -1) {
			given = append(given, m[1])
		}
		for _, m := range regexp.MustCompile(`\b\w+\.(\w+)\s*[,)]`).FindAllStringSubmatch(p.text, -1) {
			if len(given) > 0 && !slices.Contains(given, m[1]) {
				h.Cause = fmt.Sprintf("%s, uses %s of %s, which exports %s, and nothing of that name.", p, m[1], file,
					check.And(given))
				h.Advice = "Name one of those, or export it there."
				if near := nearest(m[1], given); near != "" || len(given) == 1 {
					h.Edit = p.replace(regexp.MustCompile(`(\.)`+m[1]+`(\s*[,)])`), "${1}"+cmp.Or(near, given[0])+
						"${2}")
				}
			}
		}
		return true
	}
	h.Cause = fmt.Sprintf("%s, gives Express what %s exports, and %s exports nothing.", p, file, file)
	h.Advice = "Export the router at its end, with module.exports = NAME."
	for _, line := range lines {
		if m := router.FindStringSubmatch(line); m != nil {
			h.Edit = &check.Edit{File: file, Line: len(lines), New: "module.exports = " + m[1] + ";"}
			h.Advice = "Export the router at its end."
		}
	}
	return true
}

// exportedAlone is a file of Node's that exports an object with one thing in it.
var exportedAlone = regexp.MustCompile(`(?m)^module\.exports\s*=\s*\{\s*(\w+)\s*,?\s*\}`)

// functions are those of Express, of its answers, and of Node that are misspelt most.
var functions = strings.Fields(`listen get post put patch delete use all route set json send`)

// native says of a package that was compiled elsewhere that it is not for this machine.
func native(s *Scene, _ []string, h *check.Hint) bool {
	h.Cause = "A package in node_modules was built for another machine, as when the folder's own node_modules is " +
		"copied into the image."
	h.Advice = "List node_modules in .dockerignore, and let npm install run in the build."
	if s.Ignore != nil && s.Ignore.File != "" {
		h.Edit = &check.Edit{File: s.Ignore.File, Line: len(s.Ignore.Lines), New: "node_modules"}
		h.Advice = "Keep it out, and let npm install run in the build."
	}
	return true
}

// otherLibc says of a package that was compiled on Debian that the image which is started is
// Alpine's, or the other way about.
func otherLibc(s *Scene, m []string, h *check.Hint) bool {
	stage := s.installingStage()
	final := s.File.Final()
	if stage == nil && !strings.Contains(final.Base, "alpine") {
		return native(s, m, h)
	}
	if stage == nil {
		h.Cause = "A package has a part that was built for Debian's C library, which Alpine has not."
		h.Advice = "Begin with the -slim image."
		h.Edit = s.dockerfileLine(final.Line).replace(regexp.MustCompile(`(?i)^(\s*FROM\s.*\bnode:\d+)-alpine[\d.]*`),
			"${1}-slim")
		return true
	}
	h.Cause = fmt.Sprintf("The packages are installed on %s (line %d) and started on %s (line %d), whose C library is "+
		"another.", stage.Base, stage.Line, final.Base, final.Line)
	h.Advice = "Begin both stages with the same image."
	h.Edit = check.EditOf(s.File.Name, s.File.Rebase(stage, final.Base))
	return true
}

// builtElsewhere says of a program that another stage built, and which the image has, that the image
// has not the C library which it was built against; and reports whether that is so.
func (s *Scene) builtElsewhere(name string, h *check.Hint) bool {
	stage := s.installingStage()
	if stage == nil || strings.Contains(stage.Base, "alpine") {
		return false
	}
	for _, in := range stage.Instructions {
		m := regexp.MustCompile(`\bgo build\b[^&|;\n]*? -o[ =](\S+)`).FindStringSubmatch(in.Text)
		if in.Name != "RUN" || m == nil || path.Base(m[1]) != path.Base(name) ||
			strings.Contains(in.Text, "CGO_ENABLED") {
			continue
		}
		h.Cause = fmt.Sprintf("%s was built on %s (line %d), against a C library that %s has not.", name, stage.Base,
			in.Line, s.File.Final().Base)
		h.Advice = "Build it without one."
		h.Edit = s.inInstruction(&in, regexp.MustCompile(`\bgo build\b`), "CGO_ENABLED=0 go build")
		return true
	}
	return false
}

// small are the images that have not Debian's C library.
var small = regexp.MustCompile(`alpine|busybox|^scratch$|distroless/static`)

// installingStage returns the stage from which the image that is started takes files, where one of
// both is Alpine and the other is not; or nil.
func (s *Scene) installingStage() *dockerfile.Stage {
	final := s.File.Final()
	for _, in := range final.Instructions {
		from, other := s.from(in, len(s.File.Stages)-1)
		if in.Name != "COPY" || !other || from < 0 {
			continue
		}
		stage := &s.File.Stages[from]
		if small.MatchString(stage.Base) != small.MatchString(final.Base) {
			return stage
		}
	}
	return nil
}

// nodeGrammars are what newer versions of Node can read, by what the line has.
var nodeGrammars = []struct {
	since      int
	what, line string
}{{15, "an assignment with ??=, ||= or &&=", `(\?\?|\|\||&&)=`}, {14, "?. or ??", `\?\.[\w(\[]|\?\?`},
	{12, "a field of a class", `^\s+(?:static\s+|#)\w+\s*=[^=>]`}}

// olderNode returns that a line has what Node can read only since a later version than that of the
// base image; or nothing.
func (s *Scene) olderNode(p place) string {
	m := regexp.MustCompile(`\bnode:(\d+)`).FindStringSubmatch(s.File.Final().Base)
	if m == nil {
		return ""
	}
	has, _ := strconv.Atoi(m[1])
	for _, g := range nodeGrammars {
		if has < g.since && regexp.MustCompile(g.line).MatchString(p.text) {
			return fmt.Sprintf("%s, has %s, which Node can read since %d; the image has %d: `%s`.", p, g.what, g.since,
				has, p.code())
		}
	}
	return ""
}

// declaredTwice says of a name that a program declares twice where it does so first.
func (s *Scene) declaredTwice(p place, said string, h *check.Hint) {
	m := regexp.MustCompile(`Identifier '([\w$]+)' has already been declared`).FindStringSubmatch(said)
	if m == nil {
		return
	}
	declares := regexp.MustCompile(`^(?:const|let|var|function|class|import)\b[^=(]*\b` + regexp.QuoteMeta(m[1]) + `\b`)
	first := place{file: p.file, line: p.line - 1}
	for lines := s.lines(p.file); ; first.line-- {
		if first.line == 0 {
			return
		}
		first.text = lines[first.line-1]
		code := strings.TrimSpace(first.text)
		if code != "" && len(indent(first.text)) < len(indent(p.text)) {
			return // it may be what a function takes
		}
		if indent(first.text) == indent(p.text) && declares.MatchString(code) {
			break
		}
	}
	h.Cause = fmt.Sprintf("%s, declares %s, which line %d has declared already: `%s`.", p, m[1], first.line, p.code())
	h.Advice = "Take one of them out, or give it another name."
	if first.text == p.text {
		h.Advice, h.Edit = "Once is enough.", p.without()
	}
}

// openText is the rest of a line behind a quote that nothing closes: what may be a path, and what goes on.
var openText = regexp.MustCompile(`^([\w/:.-]+)([,)].*)$`)

// closedInNode says of a line that a bracket or a text in it has no end, where it is clear where that is.
func (p place) closedInNode(said string, h *check.Hint) {
	last := strings.LastIndexAny(p.text, "'\"")
	ended := strings.HasSuffix(p.text, ";")
	switch {
	case strings.Contains(said, "missing ) after argument list") && ended && unclosed(p.text) == "(":
		h.Cause = fmt.Sprintf("%s, opens a bracket that is not closed: `%s`.", p, p.code())
		h.Advice, h.Edit = "Close it.", p.replace(regexp.MustCompile(`;$`), ");")
	case strings.Contains(said, "Invalid or unexpected token") && last >= 0 &&
		strings.Count(p.text, p.text[last:last+1])%2 == 1:
		m := openText.FindStringSubmatch(p.text[last+1:])
		if m == nil {
			return
		}
		h.Cause = fmt.Sprintf("%s, begins a text with %c and does not end it: `%s`.", p, p.text[last], p.code())
		h.Advice, h.Edit = "End it.", &check.Edit{File: p.file, Line: p.line, Old: p.text,
			New: p.text[:last+1] + m[1] + p.text[last:last+1] + m[2]}
	}
}
