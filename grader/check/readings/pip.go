package readings

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// versions are those that pip lists behind a requirement.
const versions = `\(from versions: ([^)]*)\)`

var pip = tool{name: "pip", entries: []entry{
	on("not-trusted", `The repository located at (\S+) is not a trusted or secure host`, "", "").with(func(s *Scene,
		m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("pip does not take packages from http://%s, since nobody can tell there what is "+
			"sent.", m[1])
		h.Advice = "Write https:// in the index's address."
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`http://`+regexp.QuoteMeta(m[1])), "https://"+m[1])
		if h.Edit != nil {
			h.Advice = "Write https."
		}
		return true
	}),
	on("requirement-unknown",
		`Could not find a version that satisfies the requirement ([^\s(;]+(?: ?[<>=!~]=? ?[^\s(;]+)*)(?: `+
			`\([^)]*\))?[^\n]*?`+versions,
		"", "").with(notFound),
	on("requirement-not-found", `No matching distribution found for ([^\s(;]+(?: ?[<>=!~]=? ?[^\s(;]+)*)`, "",
		"").with(notFound),
	on("versions-conflict", `Cannot install ([^\n]+?) because these package versions have conflicting dependencies`,
		`$1 do not go together.`, `Loosen the version of one of them, or take the versions out.`).with(conflict),
	on("no-conflict-found", `ResolutionImpossible`, `pip found no versions that go together.`,
		`Loosen the versions, or take them out.`).with(conflict),
	on("psycopg2-from-source", `pg_config executable not found`,
		`psycopg2 is built from its source here, which needs PostgreSQL's own headers.`,
		`psycopg2-binary is the same package, already built.`).with(func(s *Scene, _ []string, h *check.Hint) bool {
		h.Edit = s.pin("psycopg2", "psycopg2-binary")
		return true
	}),
	on("mysqlclient-from-source",
		`Can not find valid pkg-config name|mysql_config: not found|pkg-config: not found[^\n]*\n[^\n]*mysql`,
		`mysqlclient is built from its source here, which needs MySQL's headers, pkg-config and a compiler.`,
		`Install default-libmysqlclient-dev, pkg-config and gcc with apt-get before it, or take PyMySQL in its place `+
			`(and mysql+pymysql:// in the address).`).
		with(func(s *Scene, _ []string, h *check.Hint) bool {
			if debian, _ := s.system(); debian {
				if e := s.above(true,
					"RUN apt-get update && apt-get install -y default-libmysqlclient-dev pkg-config gcc "+
						"libc6-dev"); e != nil {
					h.Advice, h.Edit = "Take PyMySQL in its place (with mysql+pymysql:// in the address), or install "+
						"them before it.", e
				}
			}
			return true
		}),
	on("standing-alone", `(?i:neither 'setup\.py' nor 'pyproject\.toml' found|does not appear to be a Python project)`,
		`pip is asked to install a folder that is no Python project: it holds neither setup.py nor pyproject.toml `+
			`at this step.`,
		`Install the requirements with -r requirements.txt, or put the COPY of pyproject.toml before this step.`).
		with(standingAlone),
	on("file-of-project", `(?m)(?:[Ll]icense file|[Rr]eadme file|file) does not exist: ([\w./-]+)\s*$|package `+
		`directory '([\w./-]+)' `+
		`does not exist|error in 'egg_base' option: '([\w./-]+)' does not exist`, "", "").with(func(s *Scene,
		m []string,
		h *check.Hint) bool {
		return fileOfProject(s, []string{m[0], m[1] + m[2] + m[3]}, h)
	}),
	on("no-pip", `No module named pip\b`, `This Python has no pip.`, `Install it, as with apt-get install `+
		`python3-pip.`).with(
		func(s *Scene, _ []string, h *check.Hint) bool {
			if regexp.MustCompile(`\buv (?:venv|sync)\b`).MatchString(strings.Join(s.File.Lines,
				"\n")) {
				h.Cause = "uv makes virtual environments without pip."
				h.Advice = "Install with uv pip install."
				h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`(?:\S*python[\d.]*\s+-m\s+)pip (install|sync)\b`),
					"uv pip ${1}")
				if h.Edit != nil {
					h.Advice = "Let uv install."
				}
			}
			return true
		}),
	on("hash-of-some", `In --require-hashes mode, all requirements must have their versions pinned|Hashes are `+
		`required in `+
		`--require-hashes mode`, "", "").with(hashes),
	on("editable-elsewhere", `ERROR: (\S+) is not a valid editable requirement`, "", "").with(editableElsewhere),
	on("no-backend", `Cannot import build backend '([\w.]+)'|BackendUnavailable: Cannot import '([\w.]+)'`, "",
		"").with(
		func(s *Scene, m []string, h *check.Hint) bool { return noBackend(s, []string{m[0], m[1] + m[2]}, h) }),
	on("lacks-field", "`project` must contain \\['(\\w+)'\\] properties|required `project\\.(\\w+)` field is not set|"+
		"Either \\[project\\.(\\w+)\\] or", "", "").with(lacksField),
	on("project-config", `configuration error: ([^\n]+)`, `pyproject.toml is not as setuptools wants it: $1.`,
		`Write that field as it says.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		if p, ok := s.inProject(regexp.MustCompile(`^\s*name\s*=\s*"[^"]*"`)); ok && strings.Contains(m[1],
			"pep508-identifier") {
			h.Cause = fmt.Sprintf("%s, names the project with what a name may not have: `%s`.", p, p.code())
			h.Advice = "A name has letters, digits, -, _ and dots alone."
			name := strings.Split(p.text, `"`)[1]
			h.Edit = p.replace(regexp.MustCompile(`"[^"]*"`), `"`+strings.Trim(notInName.ReplaceAllString(name,
				"-"), "-")+`"`)
		}
		if p, ok := s.inProject(regexp.MustCompile(`^\s*version\s*=`)); ok && strings.Contains(m[1], "pep440") {
			h.Cause = fmt.Sprintf("%s, has what is no version: `%s`.", p, p.code())
			h.Advice = `Write it as numbers with dots, such as "1.0.0".`
		}
		return true
	}),
	on("toml", `TOMLDecodeError: ([^\n]*?) ?\(at line (\d+), column \d+\)`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		file := "pyproject.toml"
		if strings.Contains(s.log, "pipenv") || s.Step != nil && strings.Contains(s.Step.Text, "pipenv") {
			file = "Pipfile"
		}
		return brokenTOML(s, file, m[2], m[1], h)
	}),
	on("toml-end", `TOMLDecodeError: ([^\n]*?) ?\(at end of document\)`, `pyproject.toml ends before it is whole: $1.`,
		`Close what is open in it: a quote, a bracket.`),
	on("not-a-requirement", `Invalid requirement: '?([^'\n]*)'?`, "", "").with(noRequirement),
	on("several-packages", `Multiple top-level (?:packages|modules) discovered in a flat-layout: \[([^\]]*)\]`,
		`The step makes a package of the folder itself, and setuptools finds more than one there that it could be: $1.`,
		`Name them in pyproject.toml, or let only its dependencies be installed: the program is started from the `+
			`folder.`).with(func(s *Scene, _ []string, h *check.Hint) bool {
		lines := s.lines("pyproject.toml")
		if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "[tool.setuptools") }) {
			h.Edit = &check.Edit{File: "pyproject.toml", Line: len(lines),
				New: "[tool.setuptools]\npackages = []\npy-modules = []"}
			h.Advice = "Let only the dependencies be installed: the program is started from the folder."
		}
		return true
	}),
	on("unknown-command", `ERROR: unknown command "([^"]+)" - maybe you meant "([^"]+)"`,
		`pip has no command $1; is $2 meant?`, "").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`(\bpip[\d.]* (?:-\S+ )*)`+regexp.QuoteMeta(m[1])+`\b`),
			"${1}"+m[2])
		return true
	}),
	on("no-list", `(?:-r|--requirement) option requires 1 argument`,
		`pip is to read a list of requirements, and -r names none.`,
		`Write its name behind -r.`).with(func(s *Scene, _ []string, h *check.Hint) bool {
		if s.Step != nil {
			for _, in := range s.before() {
				if in.Name == "ARG" && len(in.Args) > 0 && !strings.Contains(in.Args[0], "=") &&
					regexp.MustCompile(`\$\{?`+regexp.QuoteMeta(in.Args[0])+`\b`).MatchString(s.Step.Text) {
					h.Cause = fmt.Sprintf("$%s is empty on line %d: ARG %s, line %d, has no value, and the build is "+
						"given none.",
						in.Args[0], s.Step.Line, in.Args[0], in.Line)
					h.Advice = "Give it one there."
					if s.has("requirements.txt") {
						h.Edit = s.inInstruction(&in, regexp.MustCompile(`\b`+in.Args[0]+`\b`),
							in.Args[0]+"=requirements.txt")
					}
					return true
				}
			}
		}
		if s.has("requirements.txt") {
			h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`(\s(?:-r|--requirement))(\s*(?:$|&))`),
				"${1} requirements.txt${2}")
		}
		return true
	}),
	on("requirements-missing", `Could not open (?:requirements|constraints?) file: \[Errno 2\][^\n]*'([^'\n]+)'`, "",
		"").with(requirementsMissing),
	on("file-of-the-folder",
		`(?:Could not install packages due to an (?:OSError|EnvironmentError): \[Errno 2\] No such file or `+
			`directory: |Requirement )'([^'\n]+)'`,
		"", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		name := strings.TrimPrefix(strings.TrimPrefix(m[1], strings.TrimSuffix(s.workdir(), "/")+"/"), "./")
		p, named := s.grepRequirements(name)
		if !named || strings.HasPrefix(strings.TrimSpace(p.text), "/") || strings.Contains(p.text, "file:") {
			return false // of another machine
		}
		h.Cause = fmt.Sprintf("%s, names the file %s, which is not at %s at this step.", p, name,
			inside(s.workdir(), name))
		if s.has(name) {
			return s.notCopied(name, inside(s.workdir(), name), h)
		}
		h.Cause = fmt.Sprintf("%s, names the file %s, and the folder has none.", p, name)
		h.Advice = "Hand it in, and COPY it before this step; or name a package of the index."
		return true
	}),
	on("path-of-elsewhere",
		`(?:Could not install packages due to an (?:OSError|`+
			`EnvironmentError): \[Errno 2\] No such file or directory: |Invalid requirement: [^\n]*?|`+
			`ERROR: Directory |Requirement )'((?:/|file:|[A-Za-z]:)[^'\n]+)'`,
		`$1 is a path of another machine, as pip freeze writes it in a conda environment: the image has no such file.`,
		`Name the package alone.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		if p, found := s.grepRequirements(strings.TrimPrefix(m[1], "file://")); found {
			if e := p.replace(regexp.MustCompile(`^\s*([\w.-]+(?:\[[\w,-]+\])?)\s*@\s*\S+`), "${1}"); e != nil {
				h.Edit = e
			}
		}
		return true
	}),
	on("not-utf-8",
		`(?:UnicodeDecodeError: 'utf-?8' codec|Invalid requirement: '\\x00|Invalid requirement: '?[^\n]*\\x00|'utf-16)`,
		`The list of requirements is not text in UTF-8.`,
		`Save it as UTF-8 (PowerShell's > writes UTF-16): pip freeze | Out-File -Encoding utf8 requirements.txt.`),
	on("no-requirement", `Invalid requirement: '?([^'\n:]+)'?`, `"$1" is no requirement.`,
		`Write it as NAME==VERSION or NAME>=VERSION.`).
		with(func(s *Scene, m []string, h *check.Hint) bool {
			if name, ok := strings.CutSuffix(m[1], ","); ok && s.Step != nil && strings.Contains(s.Step.Text, m[1]) {
				h.Cause = fmt.Sprintf("pip wants blanks alone between packages, and line %d has commas.", s.Step.Line)
				h.Advice = fmt.Sprintf("Take the comma behind %s out, and all others.", name)
				if s.Step.Line == s.Step.EndLine {
					old := s.File.Lines[s.Step.Line-1]
					h.Advice = "Take them out."
					h.Edit = &check.Edit{File: s.File.Name, Line: s.Step.Line, Old: old,
						New: regexp.MustCompile(`,(\s)`).ReplaceAllString(old, "$1")}
				}
				return true
			}
			if p, found := s.grepRequirements(strings.TrimSpace(m[1])); found {
				h.Cause = fmt.Sprintf("%q (%s) is no requirement.", strings.TrimSpace(m[1]), p)
				if e := p.replace(regexp.MustCompile(`^(\s*[\w.-]+)\s*=\s*([\w.]+)\s*$`), "${1}==${2}"); e != nil {
					h.Edit = e
				}
				if rest := pipInstall.ReplaceAllString(p.text, ""); rest != p.text {
					h.Cause = fmt.Sprintf("%s, is a command, and the list holds names of packages alone.", p)
					h.Advice = "Write each package on a line of its own."
					h.Edit = &check.Edit{File: p.file, Line: p.line, Old: p.text,
						New: strings.Join(strings.Fields(rest), "\n")}
					return true
				}
				if words := strings.Fields(p.text); len(words) > 1 && !slices.ContainsFunc(words,
					func(w string) bool { return !specifier.MatchString(w) }) {
					h.Cause = fmt.Sprintf("%s, names more than one package, and a line has one.", p)
					h.Advice = "Write each on a line of its own."
					h.Edit = &check.Edit{File: p.file, Line: p.line, Old: p.text, New: strings.Join(words, "\n")}
				}
			}
			return true
		}),
	on("python-too-old", `(?:Package '?([\w.-]+)'? )?requires a different Python: (\S+) not in '?([^'\n]+)'?`,
		`A package wants Python $3, and the image has $2.`,
		`Begin with a base image of such a Python, or take another version of the package.`).with(func(s *Scene,
		m []string, h *check.Hint) bool {
		if p, ok := s.inProject(regexp.MustCompile(`^\s*requires-python\s*=`)); ok &&
			strings.Contains(p.text, m[3]) {
			h.Cause = fmt.Sprintf("%s, asks for Python %s, and the image has %s.", p, m[3], m[2])
			h.Advice = "Let it allow the Python of the base image, or begin with another."
			h.Edit = p.replace(regexp.MustCompile(`"[^"]*"`), `">=`+versionOf.FindString(m[2])+`"`)
		}
		return true
	}),
	on("list-is-folder", `Could not open requirements file: \[Errno 21\] Is a directory: '([^'\n]+)'`,
		`$1 is a folder in the image.`, `Name the file in it.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		for _, in := range s.before() {
			made := regexp.MustCompile(`\s` + regexp.QuoteMeta(m[1]) + `/\s*$`)
			if in.Name == "COPY" && made.MatchString(s.File.Lines[in.EndLine-1]) {
				h.Cause = fmt.Sprintf("Line %d makes a folder %s and puts the file into it, since its target ends "+
					"with /.", in.Line, m[1])
				h.Advice = "Copy it beside the program."
				h.Edit = s.inInstruction(&in, made, " .")
			}
		}
		return true
	}),
	on("hash", `THESE PACKAGES DO NOT MATCH THE HASHES(?:[^\n]*\n\s+([A-Za-z][\w.-]*))?`,
		`A package that was fetched is not the one whose hash the requirements name.`,
		`Make the list anew, with the hashes of today's files, as pip-compile --generate-hashes does.`).with(func(
		s *Scene, m []string, h *check.Hint) bool {
		if p, ok := s.requires(m[1]); m[1] != "" && ok {
			h.Cause = fmt.Sprintf("%s, names a hash that the fetched %s has not.", p, m[1])
			if h.Edit = s.withoutHashes(p.file); h.Edit != nil {
				h.Advice = "Make the list anew, with the hashes of today's files, or do without."
			}
		}
		return true
	}),
	on("git-missing", `Cannot find command 'git'`,
		`A requirement is fetched with git, and the image has no git at this step.`,
		`Install git with apt-get before it, or name the package by a version that the index has.`).with(func(s *Scene,
		_ []string, h *check.Hint) bool {
		h.Edit = s.above(true, "RUN apt-get update && apt-get install -y --no-install-recommends git ca-certificates")
		return true
	}),
	on("managed", `externally-managed-environment`, `pip may not change this system's own Python.`,
		`Begin with a python base image, such as python:3.12-slim, or make a virtual environment first.`),
	on("no-such-option", `no such option: (-\S+)`, `pip has no option $1.`, `Write it as pip help install lists `+
		`it.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		if near := nearest(m[1], pipOptions); near != "" {
			h.Advice = fmt.Sprintf("Is %s meant?", near)
			h.Edit = s.inStep(m[1], near)
		}
		return true
	}),
	on("no-requirement-given", `You must give at least one requirement to install`,
		`pip install is not told what to install.`, `Name the packages, or -r requirements.txt.`),
	on("read-only-home",
		`(?:Could not install packages due to an (?:OSError|EnvironmentError)): \[Errno 13\] Permission denied: `+
			`'([^'\n]+)'`,
		`pip may not write to $1.`, `Put the install above USER.`).with(beforeUser),
}}

var pipInstall = regexp.MustCompile(`^\s*(?:(?:RUN|python3? -m|uv)\s+)?pip3?\s+install\s+(?:-\S+\s+)*`)

// pipOptions are the options of pip install that are written in Dockerfiles.
var pipOptions = strings.Fields(`--no-cache-dir --requirement --upgrade --user --target --prefix --index-url
	--extra-index-url --trusted-host --default-timeout --timeout --retries --no-deps --pre --editable --constraint
	--no-build-isolation --only-binary --no-binary --break-system-packages --root-user-action --ignore-installed
	--force-reinstall --quiet --verbose --find-links --no-index --disable-pip-version-check --require-hashes
	--prefer-binary`)

// notInName is what the name of a project may not have.
var notInName = regexp.MustCompile(`[^\w.-]+`)

// stdlib is what comes with Python and is often listed as a requirement.
var stdlib = strings.Fields(`abc argparse array ast asyncio base64 bisect calendar collections concurrent configparser
	contextlib copy csv ctypes datetime decimal difflib enum fractions functools getpass glob gzip hashlib heapq hmac
	html http importlib inspect io ipaddress itertools json logging math mimetypes multiprocessing operator os pathlib
	pickle platform pprint queue random re secrets select shelve shutil signal smtplib socket sqlite3 ssl statistics
	string struct subprocess sys tempfile textwrap threading time timeit tkinter traceback types unittest urllib urllib2
	uuid venv warnings weakref xml zipfile zlib zoneinfo`)

// windows is what runs on Windows alone.
var windows = strings.Fields(
	`pywin32 pywin32-ctypes pypiwin32 pywinpty wmi winshell win32-setctime comtypes pywinauto winreg win-inet-pton ` +
		`pycaw windows-curses`)

// meant is what a name that no index has stands for.
var meant = map[string]string{"dotenv": "python-dotenv", "jwt": "PyJWT", "sklearn": "scikit-learn", "pil": "Pillow",
	"cv2": "opencv-python-headless", "bs4": "beautifulsoup4",
	"yaml": "PyYAML", "fast-api": "fastapi", "flask-sql-alchemy": "Flask-SQLAlchemy", "sql-alchemy": "sqlalchemy",
	"psycopg2-bin": "psycopg2-binary", "uvicorn-standard": "uvicorn[standard]", "fastapi-standard": "fastapi[standard]"}

// popular is what a misspelt name is compared with.
var popular = strings.Fields(`fastapi uvicorn gunicorn flask django starlette pydantic pydantic-settings sqlalchemy
	alembic psycopg2-binary psycopg asyncpg pymysql aiomysql pymongo motor redis celery requests httpx aiohttp aiofiles
	python-multipart python-dotenv python-jose passlib bcrypt pyjwt jinja2 werkzeug marshmallow flask-sqlalchemy
	flask-cors flask-migrate djangorestframework django-cors-headers email-validator python-decouple environs pytest
	numpy pandas sqlmodel tortoise-orm loguru orjson ujson uvloop httptools websockets click typer rich cryptography
	pillow beautifulsoup4 lxml boto3 itsdangerous markupsafe mysqlclient greenlet aiosqlite`)

var specifier = regexp.MustCompile(`^([A-Za-z0-9][\w.-]*)(\[[^\]]*\])?\s*([<>=!~].*)?$`)

// notFound says why an index has nothing for a requirement.
func notFound(s *Scene, m []string, h *check.Hint) bool {
	asked := strings.TrimRight(m[1], ".,")
	parts := specifier.FindStringSubmatch(asked)
	if parts == nil {
		return false
	}
	name, version := parts[1], parts[3]
	p, known := s.requires(name)
	where := ""
	if known {
		where = " (" + p.String() + ")"
	}
	lacks := len(m) < 3 || strings.TrimSpace(m[2]) == "" || m[2] == "none"
	switch {
	case s.noDashR(name, h):
	case strings.EqualFold(name, "python"):
		h.Cause = fmt.Sprintf("%s%s is no package: the image's Python is that of its base image, FROM.", asked, where)
		if known && whole(p) {
			h.Edit = p.without()
		} else {
			h.Advice = "Take it out of the requirements."
		}
	case canonical(name) == "pkg-resources":
		h.Cause = fmt.Sprintf("%s%s is no package: pip freeze lists it so on Ubuntu.", asked, where)
		if known && whole(p) {
			h.Edit = p.without()
		} else {
			h.Advice = "Take it out of the requirements."
		}
	case slices.Contains(stdlib, strings.ToLower(name)) && lacks:
		h.Cause = fmt.Sprintf("%s%s is part of Python: there is no such package to install.", name, where)
		if known && whole(p) {
			h.Edit = p.without()
		} else {
			h.Advice = "Take it out of the requirements."
		}
	case slices.Contains(windows, canonical(name)):
		h.Cause = fmt.Sprintf("%s%s is a package of Windows alone, as pip freeze lists it there; the image is Linux.",
			name, where)
		if known && whole(p) {
			h.Edit = p.without()
		} else {
			h.Advice = "Take it out of the requirements."
		}
	case !lacks:
		all := strings.Split(m[2], ", ")
		last := all[len(all)-1]
		h.Cause = fmt.Sprintf("%s%s: the index has no such version for this Python; its newest is %s.", asked, where,
			last)
		if strings.Contains(version, ",") {
			h.Cause = fmt.Sprintf("%s%s: no version is all of that at once; the newest is %s.", asked, where, last)
		}
		h.Advice = "Ask for a version that there is."
		if stable := newest(all); stable != "" && known {
			h.Cause = strings.Replace(h.Cause, "newest is "+last, "newest is "+stable, 1)
			h.Edit = s.pin(name, name+parts[2]+fitting(version, all))
		}
		if h.Edit != nil {
			h.Advice = ""
		}
	default:
		h.Cause = fmt.Sprintf("No package satisfies %s%s: the index has none of that name, or none for this Python.",
			asked, where)
		h.Advice = fmt.Sprintf("Check the spelling of %s.", name)
		right := meant[canonical(name)]
		if near := option.Suggest(canonical(name), popular); right == "" && near != canonical(name) {
			right = near
		}
		if right != "" {
			h.Advice = fmt.Sprintf("Is %s meant?", right)
			h.Edit = s.pin(name, right+version)
		}
	}
	return true
}

// whole reports whether a line of requirements asks for one package and does nothing else.
func whole(p place) bool {
	return strings.HasSuffix(p.file, ".txt")
}

// newest returns the last version of a list that is no pre-release.
func newest(all []string) string {
	for _, v := range slices.Backward(all) {
		if stable.MatchString(v) {
			return v
		}
	}
	return ""
}

var (
	wishes = regexp.MustCompile(`(?m)^\s*(The user requested (\S.*)|(\S+) (\S+) depends on (\S.*))$`)
)

// conflict names the two that exclude each other in the words of the list below.
func conflict(s *Scene, m []string, h *check.Hint) bool {
	at := strings.LastIndex(s.log, "The conflict is caused by:")
	if at < 0 {
		return true
	}
	var asked, depends [][]string
	for _, w := range wishes.FindAllStringSubmatch(s.log[at:], -1) {
		if w[2] != "" {
			asked = append(asked, w)
		} else {
			depends = append(depends, w)
		}
	}
	if len(depends) == 0 {
		return true
	}
	if len(asked) > 0 {
		h.Cause = fmt.Sprintf("%s and %s %s do not go together: %s %s wants %s.", asked[0][2], depends[0][3],
			depends[0][4], depends[0][3], depends[0][4], depends[0][5])
		name := specifier.FindStringSubmatch(strings.Fields(asked[0][2])[0])
		if name != nil {
			h.Advice = fmt.Sprintf("Let pip choose the version of %s: name it without one, or not at all.", name[1])
			h.Edit = s.pin(name[1], name[1])
			if h.Edit != nil {
				h.Advice = "Let pip choose the version."
			}
		}
		return true
	}
	if len(depends) > 1 {
		h.Cause = fmt.Sprintf("%s %s wants %s, and %s %s wants %s: they do not go together.", depends[0][3],
			depends[0][4], depends[0][5], depends[1][3], depends[1][4], depends[1][5])
	}
	return true
}

// requirementsMissing says why -r finds no file.
func requirementsMissing(s *Scene, m []string, h *check.Hint) bool {
	name := m[1]
	base := path.Base(name)
	at := inside(s.workdir(), name)
	landed := s.earlier()
	var beside []string
	for inner := range landed {
		if path.Dir(inner) == path.Dir(at) {
			beside = append(beside, path.Base(inner))
		}
	}
	slices.Sort(beside)
	folder := s.named(base)
	switch near := option.Suggest(base, beside); {
	case near != "" && near != base:
		h.Cause = fmt.Sprintf("There is no %s at this step: the file is named %s.", name, near)
		h.Edit = s.inStep(name, strings.TrimSuffix(name, base)+near)
	case len(folder) > 0:
		return s.notCopied(folder[0], at, h)
	default:
		var lists []string
		for _, file := range s.files() {
			if requirers.MatchString(file) {
				lists = append(lists, file)
			}
		}
		h.Cause = fmt.Sprintf("There is no %s at this step, and none in the folder.", name)
		h.Advice = "Hand it in, and COPY it before this step."
		if near := option.Suggest(base, lists); near != "" {
			h.Cause = fmt.Sprintf("There is no %s at this step; the folder has %s.", name, near)
			h.Advice = fmt.Sprintf("COPY %s before this step, and name it here.", near)
		} else if slices.Contains(lists, "pyproject.toml") {
			h.Cause = fmt.Sprintf("There is no %s at this step, and none in the folder: it has pyproject.toml.", name)
		}
	}
	return true
}

// earlier returns what COPY brought in before the step.
func (s *Scene) earlier() map[string]string {
	if s.started || s.Step == nil {
		return s.landed()
	}
	for i, stage := range s.File.Stages {
		for j, in := range stage.Instructions {
			if in.Line == s.Step.Line {
				cut := *s
				file := *s.File
				file.Stages = slices.Clone(s.File.Stages[:i+1])
				file.Stages[i].Instructions = stage.Instructions[:j]
				cut.File = &file
				return cut.stage(i, s.files())
			}
		}
	}
	return nil
}

// withoutHashes returns the edit that takes the hashes out of a list, where each stands on the line of
// its package.
func (s *Scene) withoutHashes(file string) *check.Edit {
	old := s.lines(file)
	hash := regexp.MustCompile(`\s+--hash=\S+`)
	var lines []string
	for _, line := range old {
		lines = append(lines, hash.ReplaceAllString(line, ""))
	}
	if text := strings.Join(lines, "\n"); len(old) < 40 && !strings.Contains(text, "\\") &&
		!strings.Contains(text, "--") {
		return &check.Edit{File: file, Line: 1, Old: strings.Join(old, "\n"), New: text}
	}
	return nil
}

// notCopied reports whether a file of the folder is not in the image where it is looked for: an
// ignore line, a COPY that comes later, or none.
func (s *Scene) notCopied(name, at string, h *check.Hint) bool {
	if by := s.hidden(name); by != "" {
		h.Cause, h.Advice = fmt.Sprintf("%s is in the folder, but %s, keeps it out of the build.", name, by),
			"Take the line out, or add !"+name+" below it."
		h.Edit = s.shown(name)
		if check.IsPrivate(name) {
			h.Advice = "Secrets do not belong into the image: do without the file, and pass what it sets with " +
				"docker run -e " +
				"or --env-file."
		}
		return true
	}
	for inner, file := range s.earlier() {
		if file == name && inner == at {
			return false
		}
	}
	for inner, file := range s.earlier() {
		if file == name {
			h.Cause = fmt.Sprintf("%s is at %s, and was looked for at %s.", name, inner, at)
			h.Advice = "Name it as it is called there."
			h.Edit = s.inStep(name, inner)
			return true
		}
	}
	h.Cause = fmt.Sprintf("No COPY before this step brings %s in.", name)
	h.Advice = fmt.Sprintf("COPY %s before this step.", name)
	if s.Step != nil {
		to := strings.TrimPrefix(at, strings.TrimSuffix(s.workdir(), "/")+"/")
		if path.Base(to) == path.Base(name) && !strings.Contains(to, "/") && !s.isFolder(name) {
			to = "."
		}
		if h.Edit = s.above(false, "COPY "+name+" "+to); h.Edit != nil {
			h.Advice = ""
		}
	}
	return true
}

// grepRequirements returns the line of a list of requirements that holds a text.
func (s *Scene) grepRequirements(text string) (place, bool) {
	for _, file := range s.files() {
		if !requirers.MatchString(file) {
			continue
		}
		if data, err := fs.ReadFile(s.Folder, file); err != nil || len(data) > mostBytes {
			continue
		}
		for i, line := range s.lines(file) {
			if text != "" && strings.Contains(line, text) {
				return place{file, i + 1, line}, true
			}
		}
	}
	return place{}, false
}
