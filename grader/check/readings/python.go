package readings

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

var python = tool{name: "python", entries: []entry{
	on("test-failed", `(?m)^FAILED ([\w./-]+)(?:::([\w\[\]:.-]+))?(?: - ([^\n]*))?$`, "", "").
		with(func(s *Scene, m []string, h *check.Hint) bool {
			if s.started {
				return false
			}
			h.Cause = fmt.Sprintf("The build runs the tests, and %s of %s fails", cmp.Or(m[2], "one"), m[1])
			if m[3] != "" {
				h.Cause += ": " + m[3]
			}
			h.Advice = "Correct what it tests, or the test."
			return true
		}),
	on("no-tests", `no tests ran in|(?m)collected 0 items\s*$`, "", "").with(noTests),
	on("hides-a-library", `\(consider renaming '([^'\n]+)' (?:since|if) it has the same name as (the standard `+
		`library|a `+
		`(?:third-party )?library|[^\n]*library)`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		file := s.own(m[1])
		name := strings.TrimSuffix(path.Base(m[1]), ".py")
		what := "a package"
		if strings.Contains(m[2], "standard") {
			what = "Python's own module"
		}
		h.Cause = fmt.Sprintf("%s has the name of %s %s, and Python takes the file for it%s.", cmp.Or(file, m[1]),
			what, name,
			s.at())
		h.Advice = "Give the file another name, wherever it is named."
		return true
	}),
	on("circular", `cannot import name '(\w+)' from partially initialized module '([\w.]+)'[^\n]*`, "",
		"").with(circular),
	on("circular-attribute", `partially initialized module '([\w.]+)' has no attribute '(\w+)'[^\n]*`, "",
		"").with(circular),
	on("multipart", `Form data requires "python-multipart" to be installed`,
		`The program reads a form, which FastAPI does with python-multipart, and nothing installs it.`,
		`Install python-multipart.`).with(needs("python-multipart")),
	on("email-validator", `email-validator is not installed`,
		`The program has an EmailStr, which pydantic checks with email-validator, and nothing installs it.`,
		`Install pydantic[email].`).with(needs("email-validator")),
	on("greenlet", `the greenlet library is required to use this function`,
		`SQLAlchemy's asyncio wants greenlet, and nothing installs it.`, `Install greenlet.`).with(needs("greenlet")),
	on("async-driver", `The asyncio extension requires an async driver[^\n]*The loaded '(\w+)' is not async`,
		`create_async_engine got an address of $1, which is not async.`,
		`Name an async driver in the address, such as postgresql+asyncpg:// or sqlite+aiosqlite://, and install it.`).
		with(func(s *Scene, m []string, h *check.Hint) bool {
			p, by := s.asyncAddress()
			if by == nil {
				return true
			}
			h.Cause = fmt.Sprintf("%s, has an address of %s, which is not async, for create_async_engine.", p, m[1])
			h.Advice = fmt.Sprintf("Install %s too, and name it in the address.", by.driver)
			if _, ok := s.requires(by.driver); ok {
				h.Advice = fmt.Sprintf("%s is.", by.driver)
			}
			h.Edit = p.replace(withoutDriver, "${1}"+by.scheme+"://")
			return true
		}),
	on("needs-package",
		"(?:please install|run `?pip install|[Ii]nstall it with `?pip install|[Yy]ou can install [^\\n]*pip "+
			"install|to install it:? pip install|Try: pip install|requires `?the|[Pp]lease `?pip install|must be "+
			"installed[^\\n]*pip install) "+
			"?[`'\"]*([A-Za-z][\\w.-]*(?:\\[[\\w,-]+\\])?)[`'\"]*", "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		if slices.Contains(stdlib, m[1]) || m[1] == "--upgrade" {
			return false
		}
		if provides[m[1]] != "" {
			return ofSystem(s, m[1], h)
		}
		h.Cause, h.Advice = fmt.Sprintf("The program wants the package %s, and nothing installs it.", m[1]),
			fmt.Sprintf("Install %s.", m[1])
		return needs(m[1])(s, m, h)
	}),
	on("needs-program", `(?m)^[^\n]*\b(\w+) is not installed or it's not in your PATH`, "", "").with(func(s *Scene,
		m []string, h *check.Hint) bool {
		return ofSystem(s, m[1], h)
	}),
	on("coverage", `Coverage failure: total of ([\d.]+) is less than fail-under=([\d.]+)|Required test coverage of `+
		`([\d.]+)% not reached\. Total coverage: ([\d.]+)`,
		`The tests run $1$4 % of the program, and the step wants $2$3 %.`,
		`Write more tests, or ask for less with --cov-fail-under.`),
	on("no-screen", `no display name and no \$DISPLAY|cannot connect to X server|could not connect to display`, "",
		"").with(func(s *Scene, _ []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("The program opens a window%s, and a container has no screen.", s.at())
		h.Advice = "Let it do without; matplotlib draws without one after matplotlib.use(\"Agg\")."
		return true
	}),
	on("model-fetched", `couldn't connect to 'https://huggingface\.co'|LocalEntryNotFoundError|`+
		`huggingface\.co[^\n]*Max retries exceeded`, "", "").with(func(s *Scene, _ []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("The program fetches a model when it starts%s, and here it runs without a network.",
			s.at())
		h.Advice = "Let a RUN of the build load the model once, so that it lies in the image."
		return true
	}),
	on("cryptography", `'?cryptography'? package is required`,
		`The driver wants the package cryptography, and nothing installs it.`,
		`Install cryptography.`).with(needs("cryptography")),
	on("base-settings", "`?BaseSettings`? has been moved to the `?pydantic-settings`? package", "",
		"").with(baseSettings),
	refuses("pydantic-1", "(?m)(?:PydanticUserError|pydantic\\.errors\\.\\w+): ([^\\n]+)",
		`{at} makes what the installed pydantic does not take: $1.`,
		`Change it as these words say; a program that was written for pydantic 1 can ask for pydantic<2.`),
	on("old-with-new", `(?m)^(?:\w+\.)*ImportError: cannot import name '(\w+)' from '([\w.]+)'(?: \((\S+)\))?`, "",
		"").with(importName),
	on("relative", `attempted relative import (?:with no known parent package|beyond top-level package)`, "",
		"").with(func(s *Scene, _ []string, h *check.Hint) bool {
		p, ok := s.frame()
		if !ok {
			return false
		}
		h.Cause = fmt.Sprintf("%s, imports from its own package with a dot, and what CMD starts is not in a package.",
			p)
		h.Advice = "Import it without the dot, or let CMD name the package too (app.main:app)."
		h.Edit = p.replace(regexp.MustCompile(`\bfrom \.+(\w[\w.]*) import\b`), "from ${1} import")
		if h.Edit != nil {
			h.Advice = "Import it without the dot."
		}
		return true
	}),
	on("shared-library", `([^\s"']+\.so[\w.]*): cannot open shared object file|cannot load library '([\w.+-]+)'|`+
		`failed to find libmagic`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		m[1] = cmp.Or(m[1], m[2], "libmagic.so.1")
		if strings.HasPrefix(m[1], "libpython") && s.otherPython(h) {
			return true
		}
		h.Cause, h.Advice = fmt.Sprintf("A package wants the library %s, and the image has none.", m[1]),
			"Install the system's package that has it."
		if strings.HasPrefix(m[1], "libclntsh") {
			h.Advice = "Take python-oracledb, which needs no client of Oracle's."
			return true
		}
		by := libraryPackages[regexp.MustCompile(`\.so[\w.]*$`).ReplaceAllString(m[1], "")]
		if debian, _ := s.system(); by != "" && debian {
			h.Advice, h.Edit = fmt.Sprintf("Install %s.", strings.ReplaceAll(by, " ", " and ")), s.above(true,
				"RUN apt-get update && apt-get install -y --no-install-recommends "+by+
					" && rm -rf /var/lib/apt/lists/*")
		}
		return true
	}),
	on("old-for-python",
		`(?m)^(?:TypeError: ForwardRef\._evaluate\(\) missing|AssertionError: [^\n]*directly inherits TypingOnly|`+
			`AttributeError: 'typing\.Union' object has no attribute|AttributeError: module '(?:pkgutil|inspect|`+
			`collections|asyncio|ssl|unittest|configparser)' has no attribute|`+
			`ImportError: cannot import name '\w+' from 'collections'|(?:pydantic\.errors\.)?ConfigError: unable to `+
			`infer type)[^\n]*`, "", "").with(oldForPython),
	on("no-main-file", `No module named '?([\w.]+)\.__main__'?; '[\w.]+' is a package`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("python -m %s starts %s/__main__.py, and there is none.", m[1],
			strings.ReplaceAll(m[1], ".", "/"))
		h.Advice = "Let CMD name a module that starts the server, or the server itself."
		if command, in := s.Command(), s.commandInstruction(); command != "" && in != nil && in.Name == "CMD" &&
			in.Line == in.EndLine && s.File.Last("ENTRYPOINT") == nil {
			h.Advice = "Let CMD start the server."
			h.Edit = &check.Edit{File: s.File.Name, Line: in.Line, Old: s.File.Lines[in.Line-1], New: command}
		}
		return true
	}),
	on("hidden-by-file", `No module named '([\w.]+)'; '([\w.]+)' is not a package`, "", "").with(hiddenByFile),
	on("path-as-module", `No module named '?([\w.-]*/[\w./-]*)`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		module := strings.ReplaceAll(strings.TrimSuffix(strings.Trim(m[1], "./"), ".py"), "/", ".")
		h.Cause = fmt.Sprintf("python -m runs a module, and %s is a path: a module has dots for / and no .py.", m[1])
		h.Advice = fmt.Sprintf("Name %s.", module)
		if h.Edit = s.inCommand(word(m[1]), "${1}"+module+"${2}"); h.Edit != nil {
			h.Advice = ""
		}
		return true
	}),
	on("app-as-module", `No module named '?([\w.]+:\w+)`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("python -m runs a module, and %s is what a server is told to serve.", m[1])
		h.Advice = "Name the server before it: uvicorn for FastAPI, gunicorn for Flask."
		if _, ok := s.requires("uvicorn"); ok {
			h.Advice = "Name the server before it."
			h.Edit = s.inCommand(regexp.MustCompile(`("-m",\s*)"`+regexp.QuoteMeta(m[1])+`"`), `${1}"uvicorn", "`+m[1]+
				`", "--host", "0.0.0.0", "--port", "8000"`)
		}
		return true
	}),
	on("no-module", `(?:ModuleNotFoundError|ImportError): No module named '?([\w.]+)'?`, "", "").with(noModule),
	on("no-main-module",
		`(?:/python[\d.]*|^python[\d.]*): (?:Error while finding module specification for '[\w.]+' `+
			`\(ModuleNotFoundError: )?No module named '?([\w.]+)`, "", "").with(noModule),
	on("file-as-module", `Try using '([\w.]+)' instead of '([\w.]+\.py)' as the module name`,
		`python -m wants the name of a module, $1, and CMD names the file.`,
		`Write it without .py.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		if h.Edit = s.inCommand(word(m[2]), "${1}"+m[1]+"${2}"); h.Edit != nil {
			h.Advice = ""
		}
		return true
	}),
	on("template", `jinja2\.exceptions\.TemplateNotFound: (\S+)`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause, h.Advice = fmt.Sprintf("The program wants the template %s, which is not where it looks in the image.",
			m[1]), "Look at the folder that the program names, and at which COPY brings it in."
		for _, file := range s.named(path.Base(m[1])) {
			if s.where(file) == "" {
				return s.notCopied(file, inside(s.workdir(), file), h)
			}
		}
		return true
	}),
	on("quotes-within", `File "<string>", line \d+[^\n]*\n(?:[^\n]*\n){1,4}?\s*(?P<line>(?:Name|Syntax)Error: `+
		`[^\n]*)`, "", "").
		with(withinQuotes),
	on("indented-document", `File "<stdin>", line \d+\n(?:[^\n]*\n){1,3}?\s*(?P<line>IndentationError: unexpected `+
		`indent)`, "", "").
		with(indentedDocument),
	on("syntax",
		`(?s)File "([^"\n]+)", line (\d+)\n[^\n]*\n[^\n]*?\n?(?P<line>(?:Syntax|Indentation|Tab)Error: [^\n]*)`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		file := s.own(m[1])
		if pkg := packageFile.FindStringSubmatch(m[1]); file == "" && pkg != nil {
			h.Cause = fmt.Sprintf("The installed %s%s is not for this Python, which cannot read it: %s", pkg[1], s.at(),
				m[3])
			h.Advice = fmt.Sprintf("Take another version of %s, or the package that is meant in its place.", pkg[1])
			if by := map[string]string{"jose": "python-jose"}[pkg[1]]; by != "" {
				h.Advice = fmt.Sprintf("The package that is meant is called %s.", by)
				h.Edit = s.pin(pkg[1], by)
			}
			return true
		}
		if file == "" {
			file = m[1]
		}
		h.Cause = fmt.Sprintf("Python cannot read %s, line %s: %s.", file, m[2], m[3])
		h.Advice = fmt.Sprintf("Correct line %s; the mistake may begin on the line above it.", m[2])
		if strings.Contains(m[3], "outside") {
			h.Advice = "Write it in a function: await and async stand in an async def, return and yield in any."
		}
		if file != m[1] || s.own(m[1]) != "" {
			s.syntaxOf(file, m[2], h)
		}
		return true
	}),
	on("no-such-file", `can't (?:open file|find '__main__' module in) '([^'\n]+)'`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		if list, _ := s.requires(path.Base(m[1])); s.started && strings.HasPrefix(m[1], "/root/") &&
			s.locked(list, h) {
			return true
		}
		return notThere(s, m[1], h)
	}),
	on("directory-missing", `RuntimeError: Directory '([^'\n]+)' does not exist`, "", "").with(folderMissing),
	on("file-missing", `FileNotFoundError: (?:\[Errno 2\] )?(?:No such file or directory|[^\n:]*\(No such file or `+
		`directory\)): `+
		`'([^'\n]+)'`, "",
		"").with(folderMissing),
	on("file-of-logging", `FileNotFoundError: ([\w./-]+) doesn't exist`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		return folderMissing(s, m, h)
	}),
	on("settings-not-read", `(?:NoSectionError: No section: '|KeyError: ')(\w+)'`, "", "").with(notReadINI),
	on("file-of-option", `(?m)^FileNotFoundError: \[Errno 2\] No such file or directory$`, "", "").with(fileOfOption),
	on("no-account", `getpwuid\(\): uid not found: (\d+)|OSError: No username set in the environment`, "", "").with(
		func(s *Scene, _ []string, h *check.Hint) bool {
			who, line := s.user()
			if who == "" {
				return false
			}
			h.Cause = fmt.Sprintf("The program asks what its user is called%s, and USER %s (line %d) is a number "+
				"that no account of "+
				"the image has.", s.at(), who, line)
			h.Advice = "Make an account, and let USER name it."
			if strings.Trim(who, "0123456789") == "" {
				h.Edit = s.above(true, "RUN useradd --create-home --uid "+who+" app")
			}
			return true
		}),
	on("not-in-ascii", `UnicodeEncodeError: '(?:ascii|latin-1|charmap)' codec can't encode`, "",
		"").with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		h.Cause = fmt.Sprintf("The program writes a letter that the encoding of its output does not have%s.", s.at())
		h.Advice = "Let Python write UTF-8."
		h.Edit = s.above(false, "ENV PYTHONUTF8=1")
		return true
	}),
	on("a-folder", `IsADirectoryError: \[Errno 21\] Is a directory: '([^'\n]+)'`, "", "").with(opensFolder),
	refuses("folder-exists", `FileExistsError: \[Errno 17\] File exists: '([^'\n]+)'`,
		`{at} makes $1, which is there already.`, `Let it be content with that: exist_ok=True.`,
		`\.mkdir\(\s*\)`, `.mkdir(exist_ok=True)`, `\bos\.mkdir\(([^(),]+)\)`, `os.makedirs(${1}, exist_ok=True)`,
		`\b(os\.makedirs\([^(),]+)\)`, `${1}, exist_ok=True)`),
	on("not-in-utf-8", `UnicodeDecodeError: '([\w-]+)' codec can't decode byte (0x\w+)`, "", "").with(notInUTF8),
	on("broken-json", `(?m)^(?:[\w.]*\.)?JSONDecodeError: ([^\n]+?): line (\d+) column (\d+)`, "", "").with(brokenJSON),
	on("broken-toml", `TOMLDecodeError: ([^\n]*?) ?\(at line (\d+), column \d+\)`, "", "").with(func(s *Scene,
		m []string, h *check.Hint) bool {
		p, ok := s.frame()
		return ok && s.reads(p) != "" && brokenTOML(s, s.reads(p), m[2], m[1], h)
	}),
	on("broken-file", `(?:in|File|file:?) ["']([^"'\n]+\.(?:ya?ml|toml|ini|cfg|conf))["'],? (?:\[)?line:? ?(\d+)`,
		"", "").
		with(func(s *Scene, m []string, h *check.Hint) bool {
			file := s.own(inside(s.workdir(), m[1]))
			if r, ok := s.raised(); ok && file != "" {
				s.says = r.line
				h.Cause = fmt.Sprintf("%s cannot be read, from line %s on: %s.", file, m[2], cmp.Or(r.words, r.class))
				h.Advice = "Write that line as the format wants it."
			}
			return h.Cause != ""
		}),
	on("not-permitted", `PermissionError: \[Errno (?:13|1)\] [^:\n]*: '([^'\n]+)'`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		if !s.started {
			h.Cause = m[1] + " may not be written."
			return beforeUser(s, m, h)
		}
		return mayNotWrite(s, m[1], h)
	}),
	on("name", `(?m)^NameError: name '(\w+)' is not defined(?:\. Did you mean: '(\w+)'\?)?`, "", "").with(noName),
	on("attribute", `(?m)^AttributeError: module '(\w+)' has no attribute '(\w+)'`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause, h.Advice = fmt.Sprintf("The installed %s has no %s%s.", m[1], m[2], s.at()),
			fmt.Sprintf("Look whether another package of that name, or another version of %s, is meant.", m[1])
		if own := s.moduleFile(m[1]); own != "" {
			h.Cause, h.Advice = fmt.Sprintf("The folder's own %s has no %s%s.", own, m[2], s.at()),
				fmt.Sprintf("Write it there; or, where a package %s is meant, give %s another name.", m[1], own)
			s.routerIn(own, m, h)
		} else if by := packages[m[1]]; by != "" {
			h.Advice = fmt.Sprintf("The package that has it is called %s.", by)
			h.Edit = s.pin(m[1], by)
		} else if r, ok := s.raised(); ok {
			s.oldFor(r.by, m[1], m[2], h)
		}
		return true
	}),
	on("keyboard", `(?m)^EOFError: EOF when reading a line|^Aborted!$`, "", "").with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		p, _ := s.grep(regexp.MustCompile(`^(?:[^#"']*\W)?input\(`), ".py")
		if p.file == "" {
			return false
		}
		h.Cause = fmt.Sprintf("%s, waits for somebody to type, and a container has no keyboard: `%s`.", p,
			p.code())
		h.Advice = "Take the value from a variable of the environment, with a default."
		return true
	}),
	on("memory", `(?m)^MemoryError`, `The program asked for more memory than it may have.`, `Load less at start.`),
	on("none",
		`(?m)^((?:\w+\.)*(?:TypeError|AttributeError|ArgumentError|ValueError|InvalidURI|`+
			`ConfigurationError)): ([^\n]*(?:NoneType|got None|\bNone\b)[^\n]*)`, "", "").with(noneForSetting),
}}

// ofSystem says of a program that a package of Python's starts that the image has not.
func ofSystem(s *Scene, name string, h *check.Hint) bool {
	at := s.at()
	if !notInPath(s, name, h) {
		return false
	}
	h.Cause = fmt.Sprintf("The program starts %s%s. %s", name, at, h.Cause)
	return true
}

// libraryPackages are Debian's packages that have a library.
var libraryPackages = map[string]string{"libpq": "libpq5", "libGL": "libgl1", "libgthread-2.0": "libglib2.0-0",
	"libglib-2.0": "libglib2.0-0", "libmysqlclient": "libmariadb3", "libmariadb": "libmariadb3", "libgomp": "libgomp1",
	"libxml2": "libxml2", "libxslt": "libxslt1.1", "libmagic": "libmagic1", "libodbc": "unixodbc", "libSM": "libsm6",
	"libXext": "libxext6", "libXrender": "libxrender1", "libX11": "libx11-6", "libxcb": "libxcb1", "libnss3": "libnss3",
	"libsndfile": "libsndfile1", "libportaudio": "libportaudio2", "libzbar": "libzbar0", "libatomic": "libatomic1",
	"libcairo": "libcairo2", "libcairo-2": "libcairo2", "libgobject-2.0-0": "libpango-1.0-0 libpangoft2-1.0-0",
	"libpango-1.0-0": "libpango-1.0-0 libpangoft2-1.0-0", "libsqlite3": "libsqlite3-0", "libusb-1.0": "libusb-1.0-0",
	"libopus": "libopus0", "libEGL": "libegl1", "libxkbcommon": "libxkbcommon0", "libdbus-1": "libdbus-1-3",
	"libfontconfig": "libfontconfig1", "libfreetype": "libfreetype6", "libopenblas": "libopenblas0",
	"libkrb5": "libkrb5-3"}

// oldFor says of a package that uses what another has not that their versions do not go together, and
// reports whether a package does so.
func (s *Scene) oldFor(who, other, name string, h *check.Hint) bool {
	if who == "" || who == other || strings.Contains(who, " ") || strings.HasPrefix(who, "Python") {
		return false
	}
	at := ""
	p, ok := s.requires(who)
	if ok {
		at = " (" + p.String() + ")"
	}
	h.Cause = fmt.Sprintf("The installed %s%s uses %s of %s, which is not there: the versions do not go together.",
		who, at, name, other)
	h.Advice = fmt.Sprintf("Take the version of %s out, so that one which fits is taken, or pin both.", who)
	if ok && strings.Contains(p.text, "=") {
		if h.Edit = s.pin(canonical(who), canonical(who)); h.Edit != nil {
			h.Advice = "Let a version be taken that fits."
		}
	}
	return true
}

// routerIn adds to a hint what a file calls its router or app, where a program asks for another name.
func (s *Scene) routerIn(file string, m []string, h *check.Hint) {
	p, ok := s.frame()
	if !ok || m[2] != "router" && m[2] != "app" && m[2] != "bp" && m[2] != "blueprint" && m[2] != "api" {
		return
	}
	for i, line := range s.lines(file) {
		got := makesRouter.FindStringSubmatch(line)
		if got == nil {
			continue
		}
		h.Cause = strings.TrimSuffix(h.Cause, ".") + fmt.Sprintf("; line %d makes %s.", i+1, got[1])
		h.Advice = "Name that."
		h.Edit = p.replace(regexp.MustCompile(`\.`+m[2]+`\b`), "."+got[1])
		return
	}
}

// needs asks for a package that the program wants.
func needs(name string) func(*Scene, []string, *check.Hint) bool {
	return func(s *Scene, _ []string, h *check.Hint) bool {
		h.Edit = s.add(name)
		if h.Edit != nil {
			h.Advice = ""
		}
		return true
	}
}

func circular(s *Scene, m []string, h *check.Hint) bool {
	module := m[2]
	if strings.Contains(m[0], "has no attribute") {
		module = m[1]
	}
	h.Cause = fmt.Sprintf("Two files import each other: %s is asked for a name before it has made it.", module+".py")
	h.Advice = "Move what both need into a third file that imports neither."
	if p, ok := s.frame(); ok {
		if path.Base(p.file) == module+".py" {
			if _, asked := s.requires(module); !asked && !slices.Contains(stdlib, module) &&
				!slices.Contains(popular, module) {
				h.Cause = fmt.Sprintf("%s, imports from %s, which is the file itself.", p, p.file)
				h.Advice = "What the file makes need not be imported in it."
				h.Edit = p.without()
				return true
			}
			h.Cause = fmt.Sprintf("%s, means the package %s, and Python takes %s for it, which has the same name.", p,
				module, p.file)
			h.Advice = fmt.Sprintf("Give %s another name, in the Dockerfile too.", p.file)
			return true
		}
		h.Cause = fmt.Sprintf(
			"Two files import each other, which is a circular import: %s, asks %s for a name that it has not made yet.",
			p, cmp.Or(s.moduleFile(module), strings.ReplaceAll(module, ".", "/")+".py"))
	}
	return true
}

func baseSettings(s *Scene, _ []string, h *check.Hint) bool {
	h.Cause = "BaseSettings is no longer in pydantic: it is in the package pydantic-settings."
	h.Advice = "Install pydantic-settings, and import BaseSettings from pydantic_settings."
	p, _ := s.grep(regexp.MustCompile(`from pydantic import .*\bBaseSettings\b`), ".py")
	if p.file == "" {
		return true
	}
	h.Cause = fmt.Sprintf("%s, imports BaseSettings from pydantic: it is in the package pydantic-settings today.", p)
	if _, ok := s.requires("pydantic-settings"); !ok {
		h.Edit = s.add("pydantic-settings")
		h.Advice = fmt.Sprintf("Import it from pydantic_settings (%s), and install that.", p)
		return true
	}
	h.Advice = "Import it from there."
	h.Edit = p.replace(regexp.MustCompile(`from pydantic import BaseSettings\s*$`),
		"from pydantic_settings import BaseSettings")
	return true
}

// importName says of a name that a module has not whether an old package meets a new one.
func importName(s *Scene, m []string, h *check.Hint) bool {
	name, module := m[1], m[2]
	if movedName(s, name, module, h) {
		return true
	}
	if right := regexp.MustCompile(`cannot import name '` + name + `' from '` + regexp.QuoteMeta(module) +
		`'[^\n]*Did you mean: '(\w+)'\?`).FindStringSubmatch(s.log); right != nil {
		if p, ok := s.frame(); ok {
			h.Cause = fmt.Sprintf("%s, imports %s from %s, which has no such name: there it is %s.", p, name, module,
				right[1])
			h.Advice, h.Edit = s.respelt(p, name, right[1])
			return true
		}
	}
	if file := s.moduleFile(module); file != "" {
		h.Cause = fmt.Sprintf("%s has no %s, which %s.", file, name, s.importedBy())
		h.Advice = "Check the name on both sides."
		s.definedElsewhere(name, module, file, h)
		return true
	}
	top, _, _ := strings.Cut(module, ".")
	who := s.packageOf(top, "uvicorn", "gunicorn", "click", "importlib")
	h.Cause = fmt.Sprintf("The installed %s has no %s.", top, name)
	h.Advice = fmt.Sprintf("Ask for a version of %s that has it.", top)
	if p, ok := s.frame(); ok && who == "" {
		h.Cause = fmt.Sprintf("%s, imports %s from %s, and the installed %s has none there.", p, name, module, top)
		h.Advice = fmt.Sprintf("Check its spelling, and where the installed version has it; or ask for the version "+
			"of %s "+
			"that the program is written for.", top)
	}
	if who != "" {
		h.Cause = fmt.Sprintf("An old %s meets a new %s, which has no %s any more.", who, top, name)
		h.Advice = fmt.Sprintf("Take the version of %s out, so that one which fits is taken, or pin both.", who)
		if p, ok := s.requires(who); ok && strings.Contains(p.text, "=") {
			h.Cause = fmt.Sprintf("An old %s (%s) meets a new %s, which has no %s any more.", who, p, top, name)
			if h.Edit = s.pin(who, who); h.Edit != nil {
				h.Advice = "Let a version be taken that fits."
			}
		}
	}
	return true
}

// oldForPython says which package is older than the Python that it runs on.
func oldForPython(s *Scene, _ []string, h *check.Hint) bool {
	who := s.packageOf()
	p, ok := s.requires(who)
	if !ok {
		return false
	}
	h.Cause = fmt.Sprintf("%s, asks for a %s that is older than the image's Python, and does not run on it.", p, who)
	h.Advice = fmt.Sprintf("Take a newer version of %s.", who)
	if !s.has("uv.lock") && !s.has("poetry.lock") && !s.has("Pipfile.lock") {
		if h.Edit = s.pin(who, who); h.Edit != nil {
			h.Advice = "Let a version be taken that fits."
		}
	}
	return true
}

// packageOf returns the package that the last line of a traceback is of, Python's own and some others
// aside; empty where that is the student's.
func (s *Scene) packageOf(aside ...string) (who string) {
	for _, line := range strings.Split(s.log, "\n") {
		m := pythonFrame.FindStringSubmatch(line)
		if m == nil || strings.HasPrefix(m[1], "<") {
			continue
		}
		if got := packageFile.FindStringSubmatch(m[1]); got != nil {
			if !slices.Contains(aside, got[1]) {
				who = got[1]
			}
		} else if s.own(m[1]) != "" {
			who = ""
		}
	}
	return who
}

// gone are modules that came with Python, and since which version they do not.
var gone = map[string]string{"imp": "3.12", "asyncore": "3.12", "asynchat": "3.12", "smtpd": "3.12", "cgi": "3.13",
	"cgitb": "3.13", "crypt": "3.13", "imghdr": "3.13", "telnetlib": "3.13",
	"nntplib": "3.13", "pipes": "3.13", "sndhdr": "3.13", "uu": "3.13", "xdrlib": "3.13", "audioop": "3.13",
	"chunk": "3.13", "mailcap": "3.13"}

// goneModule says of a module that Python had who still asks for it.
func goneModule(s *Scene, name string, h *check.Hint) bool {
	h.Cause, h.Advice = fmt.Sprintf("%s %s, which Python has no more since %s.", capital(s.importedBy()), name,
		gone[name]), "Do without it, or begin with an older Python."
	if who := s.packageOf(); who != "" {
		h.Cause, h.Advice = fmt.Sprintf("The installed %s imports %s, which Python has no more since %s.", who, name,
			gone[name]), fmt.Sprintf("Take a newer version of %s.", who)
		if p, ok := s.requires(who); ok && strings.Contains(p.text, "=") {
			if h.Edit = s.pin(who, who); h.Edit != nil {
				h.Advice = "Let a version be taken that fits."
			}
		}
	}
	return true
}

// known are names that programs use and forget to import, and from where.
var known = map[string]string{"Optional": "typing", "List": "typing", "Dict": "typing", "Union": "typing",
	"Any": "typing", "Annotated": "typing", "Literal": "typing", "datetime": "datetime", "timedelta": "datetime",
	"date": "datetime",
	"Path": "pathlib", "Enum": "enum", "dataclass": "dataclasses", "uuid4": "uuid", "UUID": "uuid",
	"HTTPException": "fastapi", "Depends": "fastapi", "status": "fastapi", "FastAPI": "fastapi", "Query": "fastapi",
	"Body": "fastapi", "Request": "fastapi",
	"BaseModel": "pydantic", "Field": "pydantic", "CORSMiddleware": "fastapi.middleware.cors", "Flask": "flask",
	"jsonify": "flask", "request": "flask", "Column": "sqlalchemy", "Integer": "sqlalchemy", "String": "sqlalchemy",
	"Session":       "sqlalchemy.orm",
	"create_engine": "sqlalchemy", "sessionmaker": "sqlalchemy.orm", "load_dotenv": "dotenv",
	"declarative_base": "sqlalchemy.orm", "DeclarativeBase": "sqlalchemy.orm", "relationship": "sqlalchemy.orm",
	"Mapped": "sqlalchemy.orm", "mapped_column": "sqlalchemy.orm", "IntegrityError": "sqlalchemy.exc",
	"AsyncSession": "sqlalchemy.ext.asyncio", "create_async_engine": "sqlalchemy.ext.asyncio",
	"async_sessionmaker": "sqlalchemy.ext.asyncio", "ForeignKey": "sqlalchemy", "select": "sqlalchemy",
	"text": "sqlalchemy", "Boolean": "sqlalchemy", "DateTime": "sqlalchemy", "APIRouter": "fastapi",
	"Response": "fastapi", "Form": "fastapi", "Header": "fastapi", "BackgroundTasks": "fastapi",
	"UploadFile": "fastapi", "JSONResponse": "fastapi.responses", "HTMLResponse": "fastapi.responses",
	"FileResponse": "fastapi.responses", "PlainTextResponse": "fastapi.responses",
	"RedirectResponse": "fastapi.responses", "StreamingResponse": "fastapi.responses",
	"StaticFiles": "fastapi.staticfiles", "Jinja2Templates": "fastapi.templating", "TestClient": "fastapi.testclient",
	"RequestValidationError": "fastapi.exceptions", "OAuth2PasswordBearer": "fastapi.security",
	"OAuth2PasswordRequestForm": "fastapi.security", "HTTPBearer": "fastapi.security",
	"jsonable_encoder": "fastapi.encoders", "run_in_threadpool": "fastapi.concurrency", "EmailStr": "pydantic",
	"ConfigDict": "pydantic", "field_validator": "pydantic", "ValidationError": "pydantic",
	"asynccontextmanager": "contextlib", "contextmanager": "contextlib", "Blueprint": "flask",
	"render_template": "flask", "abort": "flask", "secure_filename": "werkzeug.utils",
	"generate_password_hash": "werkzeug.security", "check_password_hash": "werkzeug.security",
	"Markup": "markupsafe", "escape": "markupsafe", "ObjectId": "bson", "MongoClient": "pymongo",
	"CryptContext": "passlib.context", "partial": "functools", "lru_cache": "functools", "wraps": "functools",
	"defaultdict": "collections", "Counter": "collections", "sleep": "time", "Decimal": "decimal",
	"StrEnum": "enum", "ZoneInfo": "zoneinfo", "UTC": "datetime", "timezone": "datetime",
	"Generator": "collections.abc", "AsyncGenerator": "collections.abc", "Callable": "collections.abc",
	"Iterable": "collections.abc", "Mapping": "collections.abc", "MutableMapping": "collections.abc",
	"Iterator": "collections.abc", "Sequence": "collections.abc", "Hashable": "collections.abc",
	"Sized": "collections.abc", "Self": "typing", "override": "typing"}

// noName says of a name that nothing defines where it comes from, where that is known.
func noName(s *Scene, m []string, h *check.Hint) bool {
	p, ok := s.frame()
	if !ok {
		return false
	}
	h.Cause = fmt.Sprintf("%s, uses %s, which nothing above it defines or imports.", p, m[1])
	h.Advice = fmt.Sprintf("Define or import %s, or correct its spelling.", m[1])
	if m[2] != "" && m[2] != m[1] {
		h.Advice, h.Edit = "Is "+m[2]+" meant?", p.replace(regexp.MustCompile(`\b`+m[1]+`\b`), m[2])
	}
	if e := p.replace(regexp.MustCompile(`\b(Flask|FastAPI|getLogger)\((name|main)\)`), "${1}(__name__)"); e != nil &&
		(m[1] == "name" || m[1] == "main") {
		h.Advice, h.Edit = "Python's own name of the module has two underscores on each side.", e
		return true
	}
	line := ""
	if from := known[m[1]]; from != "" {
		line = "from " + from + " import " + m[1]
	} else if slices.Contains(stdlib, m[1]) {
		line = "import " + m[1]
	}
	if first := s.lines(p.file); line != "" && !strings.HasPrefix(first[0], "from __future__") &&
		!strings.HasPrefix(first[0], `"""`) {
		h.Advice, h.Edit = "Import it.", &check.Edit{File: p.file, New: line}
	}
	return true
}

func (s *Scene) importedBy() string {
	if p, ok := s.frame(); ok {
		return p.String() + ", imports"
	}
	return "the program imports"
}
