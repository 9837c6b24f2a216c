package readings

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

var python = tool{name: "python", entries: []entry{
	on("circular", `cannot import name '(\w+)' from partially initialized module '([\w.]+)'[^\n]*`, "", "").with(circular),
	on("circular-attribute", `partially initialized module '([\w.]+)' has no attribute '(\w+)'[^\n]*`, "", "").with(circular),
	on("multipart", `Form data requires "python-multipart" to be installed`, `The program reads a form, which FastAPI does with python-multipart, and nothing installs it.`, `Install python-multipart.`).with(needs("python-multipart")),
	on("email-validator", `email-validator is not installed`, `The program has an EmailStr, which pydantic checks with email-validator, and nothing installs it.`, `Install pydantic[email].`).with(needs("email-validator")),
	on("greenlet", `the greenlet library is required to use this function`, `SQLAlchemy's asyncio wants greenlet, and nothing installs it.`, `Install greenlet.`).with(needs("greenlet")),
	on("async-driver", `The asyncio extension requires an async driver[^\n]*The loaded '(\w+)' is not async`, `create_async_engine got an address of $1, which is not async.`, `Name an async driver in the address, such as postgresql+asyncpg:// or sqlite+aiosqlite://, and install it.`),
	on("needs-package", "(?:please install|run `?pip install|[Ii]nstall it with `?pip install|[Yy]ou can install [^\\n]*pip install|to install it:? pip install|Try: pip install|requires `?the|[Pp]lease `?pip install|must be installed[^\\n]*pip install) ?[`'\"]*([A-Za-z][\\w.-]*(?:\\[[\\w,-]+\\])?)[`'\"]*", "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		if slices.Contains(stdlib, m[1]) || m[1] == "--upgrade" {
			return false
		}
		h.Cause, h.Advice = fmt.Sprintf("The program wants the package %s, and nothing installs it.", m[1]), fmt.Sprintf("Install %s.", m[1])
		return needs(m[1])(s, m, h)
	}),
	on("cryptography", `'?cryptography'? package is required`, `The driver wants the package cryptography, and nothing installs it.`, `Install cryptography.`).with(needs("cryptography")),
	on("base-settings", "`?BaseSettings`? has been moved to the `?pydantic-settings`? package", "", "").with(baseSettings),
	on("pydantic-1", "(?m)(?:PydanticUserError|pydantic\\.errors\\.\\w+): ([^\\n]+)", `The program is written for another pydantic than is installed: $1`, `Change that line as pydantic 2 wants it, or ask for pydantic<2 in the requirements.`),
	on("old-with-new", `(?m)^(?:\w+\.)*ImportError: cannot import name '(\w+)' from '([\w.]+)'(?: \((\S+)\))?`, "", "").with(importName),
	on("relative", `attempted relative import (?:with no known parent package|beyond top-level package)`, "", "").with(func(s *Scene, _ []string, h *check.Hint) bool {
		p, ok := s.frame()
		if !ok {
			return false
		}
		h.Cause = fmt.Sprintf("%s, imports from its own package with a dot, and what CMD starts is not in a package.", p)
		h.Advice = "Import it without the dot, or let CMD name the package too (app.main:app)."
		h.Edit = p.replace(regexp.MustCompile(`\bfrom \.+(\w[\w.]*) import\b`), "from ${1} import")
		if h.Edit != nil {
			h.Advice = "Import it without the dot."
		}
		return true
	}),
	on("shared-library", `(\S+\.so[\w.]*): cannot open shared object file`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause, h.Advice = fmt.Sprintf("A package wants the library %s, and the image has none.", m[1]), "Install the system's package that has it."
		by := map[string]string{"libpq.so.5": "libpq5", "libGL.so.1": "libgl1", "libgthread-2.0.so.0": "libglib2.0-0", "libmysqlclient.so.21": "libmariadb3", "libmariadb.so.3": "libmariadb3", "libgomp.so.1": "libgomp1", "libxml2.so.2": "libxml2", "libmagic.so.1": "libmagic1"}[m[1]]
		if debian, _ := s.system(); by != "" && debian {
			h.Advice, h.Edit = fmt.Sprintf("%s has it.", by), s.above(true, "RUN apt-get update && apt-get install -y --no-install-recommends "+by+" && rm -rf /var/lib/apt/lists/*")
		}
		return true
	}),
	on("no-module", `(?:ModuleNotFoundError|ImportError): No module named '?([\w.]+)'?`, "", "").with(noModule),
	on("no-main-module", `(?:/python[\d.]*|^python[\d.]*): (?:Error while finding module specification for '[\w.]+' \(ModuleNotFoundError: )?No module named '?([\w.]+)`, "", "").with(noModule),
	on("syntax", `(?s)File "([^"\n]+)", line (\d+)\n[^\n]*\n[^\n]*?\n?(?P<line>(?:Syntax|Indentation|Tab)Error: [^\n]*)`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		file := s.own(m[1])
		if file == "" {
			file = m[1]
		}
		h.Cause = fmt.Sprintf("Python cannot read %s, line %s: %s.", file, m[2], m[3])
		h.Advice = fmt.Sprintf("Correct line %s; the mistake may begin on the line above it.", m[2])
		return true
	}),
	on("no-such-file", `can't (?:open file|find '__main__' module in) '([^'\n]+)'`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool { return notThere(s, m[1], h) }),
	on("directory-missing", `RuntimeError: Directory '([^'\n]+)' does not exist`, "", "").with(folderMissing),
	on("file-missing", `FileNotFoundError: \[Errno 2\] No such file or directory: '([^'\n]+)'`, "", "").with(folderMissing),
	on("not-permitted", `PermissionError: \[Errno (?:13|1)\] [^:\n]*: '([^'\n]+)'`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		if !s.started {
			h.Cause = m[1] + " may not be written."
			return beforeUser(s, m, h)
		}
		return mayNotWrite(s, m[1], h)
	}),
	on("memory", `(?m)^MemoryError`, `The program asked for more memory than it may have.`, `Load less at start.`),
	on("none", `(?m)^((?:\w+\.)*(?:TypeError|AttributeError|ArgumentError|ValueError|InvalidURI|ConfigurationError)): ([^\n]*(?:NoneType|got None|\bNone\b)[^\n]*)`, "", "").with(noneForSetting),
}}

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
		h.Cause = fmt.Sprintf("Two files import each other, which is a circular import: %s, asks %s for a name that it has not made yet.", p, strings.ReplaceAll(module, ".", "/")+".py")
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
	h.Edit = p.replace(regexp.MustCompile(`from pydantic import BaseSettings\s*$`), "from pydantic_settings import BaseSettings")
	return true
}

// importName says of a name that a module has not whether an old package meets a new one.
func importName(s *Scene, m []string, h *check.Hint) bool {
	name, module := m[1], m[2]
	if file := s.moduleFile(module); file != "" {
		h.Cause = fmt.Sprintf("%s has no %s, which %s.", file, name, s.importedBy())
		h.Advice = "Check the name on both sides."
		return true
	}
	top, _, _ := strings.Cut(module, ".")
	who := ""
	for _, f := range regexp.MustCompile(`File "[^"]*(?:site-packages|dist-packages)/([\w]+)(?:/|\.py)`).FindAllStringSubmatch(s.log, -1) {
		if f[1] != top && !slices.Contains([]string{"uvicorn", "gunicorn", "click", "importlib"}, f[1]) {
			who = f[1]
		}
	}
	h.Cause = fmt.Sprintf("The installed %s has no %s.", top, name)
	h.Advice = fmt.Sprintf("Ask for a version of %s that has it.", top)
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

func (s *Scene) importedBy() string {
	if p, ok := s.frame(); ok {
		return p.String() + ", imports"
	}
	return "the program imports"
}

// packages are the names under which Python's indexes have what is imported by another.
var packages = map[string]string{"dotenv": "python-dotenv", "jose": "python-jose[cryptography]", "jwt": "PyJWT", "multipart": "python-multipart", "yaml": "PyYAML", "PIL": "Pillow", "psycopg2": "psycopg2-binary", "psycopg": "psycopg[binary]", "MySQLdb": "mysqlclient",
	"pkg_resources": "setuptools", "distutils": "setuptools", "cv2": "opencv-python-headless", "sklearn": "scikit-learn", "bs4": "beautifulsoup4", "dateutil": "python-dateutil", "decouple": "python-decouple", "environ": "django-environ", "corsheaders": "django-cors-headers",
	"rest_framework": "djangorestframework", "rest_framework_simplejwt": "djangorestframework-simplejwt", "slugify": "python-slugify", "magic": "python-magic", "git": "GitPython", "Crypto": "pycryptodome", "OpenSSL": "pyOpenSSL", "socketio": "python-socketio", "attr": "attrs",
	"fastapi_jwt_auth": "fastapi-jwt-auth", "flask_jwt_extended": "Flask-JWT-Extended", "flask_sqlalchemy": "Flask-SQLAlchemy", "flask_cors": "Flask-Cors", "flask_migrate": "Flask-Migrate", "flask_restful": "Flask-RESTful", "flask_login": "Flask-Login", "flask_marshmallow": "flask-marshmallow",
	"pydantic_settings": "pydantic-settings", "email_validator": "email-validator", "prometheus_client": "prometheus-client", "google": "google-api-python-client", "telegram": "python-telegram-bot", "mysql": "mysql-connector-python", "bson": "pymongo", "starlette": "starlette", "zmq": "pyzmq", "serial": "pyserial", "discord": "discord.py", "markdown": "Markdown", "dns": "dnspython", "nacl": "PyNaCl", "whitenoise": "whitenoise", "dj_database_url": "dj-database-url"}

// moduleFile is the student's file that a module is, or empty. It may lie in another folder than Python looks in.
func (s *Scene) moduleFile(module string) string {
	all := s.files()
	for name := strings.ReplaceAll(module, ".", "/"); name != ""; {
		best := ""
		for _, file := range all {
			for _, end := range []string{name + ".py", name + "/__init__.py"} {
				if (file == end || strings.HasSuffix(file, "/"+end)) && (best == "" || strings.Count(file, "/") < strings.Count(best, "/")) {
					best = file
				}
			}
		}
		if best != "" {
			return best
		}
		_, after, ok := strings.Cut(name, "/")
		if !ok {
			break
		}
		name = after
	}
	return ""
}

// moduleFolder is the student's folder that is a package without __init__.py, or empty.
func (s *Scene) moduleFolder(module string) string {
	top, _, _ := strings.Cut(module, ".")
	best := ""
	for _, file := range s.files() {
		if !strings.HasSuffix(file, ".py") {
			continue
		}
		for dir := path.Dir(file); dir != "."; dir = path.Dir(dir) {
			if path.Base(dir) == top && (best == "" || len(dir) < len(best)) {
				best = dir
			}
		}
	}
	return best
}

// asked is the module that the server is to load, as CMD has it (app.main of app.main:app), and the name in it.
func (s *Scene) asked() (module, attribute string) {
	if s.File == nil {
		return "", ""
	}
	for _, name := range []string{"CMD", "ENTRYPOINT"} {
		if in := s.File.Last(name); in != nil {
			if m := regexp.MustCompile(`(?:^|[\s"'])([A-Za-z_][\w.]*):([A-Za-z_]\w*)(?:\(\))?(?:$|[\s"'])`).FindStringSubmatch(strings.Join(in.Args, " ")); m != nil {
				return m[1], m[2]
			}
		}
	}
	return "", ""
}

// noModule says why Python finds no module: it is the student's own file that is elsewhere, or a package that nothing
// installs.
func noModule(s *Scene, m []string, h *check.Hint) bool {
	module := strings.TrimSuffix(m[1], ".")
	top, _, _ := strings.Cut(module, ".")
	if asked, _ := s.asked(); asked != "" && (asked == module || strings.HasPrefix(asked, top+".") || asked == top) && s.started {
		if _, inside := s.frame(); !inside || s.moduleFile(top) == "" && s.moduleFolder(top) == "" {
			return noServed(s, asked, h)
		}
	}
	file := s.moduleFile(module)
	dir := s.moduleFolder(module)
	if file == "" || dir != "" && path.Base(path.Dir(file)) != top && path.Base(strings.TrimSuffix(file, ".py")) != top {
		file = s.moduleFile(top)
	}
	if file != "" || dir != "" {
		return ownModule(s, top, file, dir, h)
	}
	return noPackage(s, top, h)
}

// ownModule says why Python does not find a file of the student's.
func ownModule(s *Scene, top, file, dir string, h *check.Hint) bool {
	own := file
	if own == "" {
		own = dir + "/"
	}
	probe := file
	if probe == "" || path.Base(path.Dir(probe)) == top {
		for _, name := range s.files() {
			if strings.HasPrefix(name, dir+"/") && dir != "" && strings.HasSuffix(name, ".py") {
				probe = name
				break
			}
		}
	}
	if dir == "" && file != "" && strings.HasSuffix(file, "__init__.py") {
		dir = path.Dir(file)
	}
	by := s.importedBy()
	if line := s.hidden(probe); line != "" {
		h.Cause = fmt.Sprintf("%s %s, which is in the folder; %s, keeps it out of the image.", by, top, line)
		h.Advice = "Take that line out of the ignore file, or add one with ! below it."
		return true
	}
	at := s.where(probe)
	if at == "" {
		h.Cause = fmt.Sprintf("%s %s, which is the folder's own %s: no COPY brings it into the image.", by, top, own)
		what := strings.TrimSuffix(own, "/")
		if dir != "" {
			what = dir
			h.Edit = s.beside(dir + " " + path.Base(dir))
		} else {
			h.Edit = s.beside(file + " .")
		}
		h.Advice = fmt.Sprintf("COPY %s as well.", what)
		if h.Edit != nil {
			h.Advice = ""
		}
		return true
	}
	root := path.Dir(at)
	if dir != "" {
		root = strings.TrimSuffix(at, strings.TrimPrefix(probe, path.Dir(dir)+"/"))
		if path.Dir(dir) == "." {
			root = strings.TrimSuffix(at, probe)
		}
		root = path.Clean("/" + root)
	}
	h.Cause = fmt.Sprintf("%s %s, which is at %s in the image: Python looks in the folder of the program and in %s, not in %s.", by, top, path.Join(root, top), s.workdir(), root)
	h.Advice = "Put it where Python looks, or let PYTHONPATH name its folder."
	if root != s.workdir() {
		h.Edit = s.above(false, "ENV PYTHONPATH="+root)
		if h.Edit != nil {
			h.Advice = "Let Python look there too."
		}
	} else {
		h.Edit = s.above(false, "ENV PYTHONPATH="+root)
		h.Cause = fmt.Sprintf("%s %s, which is at %s in the image: Python looks in the folder of the program that it was started with, which is another.", by, top, path.Join(root, top))
		h.Advice = "Let Python look there too."
	}
	return true
}

// beside is the edit that copies something more, below the last COPY from the folder.
func (s *Scene) beside(copied string) *check.Edit {
	if s.File == nil {
		return nil
	}
	last := 0
	for _, in := range s.File.Final().Instructions {
		if _, other := s.from(in, len(s.File.Stages)-1); in.Name == "COPY" && !other {
			last = in.EndLine
		}
	}
	if last == 0 {
		return s.above(true, "COPY "+copied)
	}
	return &check.Edit{File: s.File.Name, Line: last, New: "COPY " + copied}
}

// noServed says why a server does not find the module that CMD names.
func noServed(s *Scene, asked string, h *check.Hint) bool {
	want := strings.ReplaceAll(asked, ".", "/") + ".py"
	dir := s.workdir()
	file := s.moduleFile(asked)
	if file == "" {
		var programs []string
		for _, name := range s.files() {
			if strings.HasSuffix(name, ".py") && regexp.MustCompile(`(?m)^\w+\s*(?::[^=\n]+)?=\s*(?:\w+\.)?(?:FastAPI|Flask|Starlette|Sanic|Quart|create_app)\(`).MatchString(strings.Join(s.lines(name), "\n")) {
				programs = append(programs, name)
			}
		}
		if len(programs) == 0 {
			h.Cause = fmt.Sprintf("CMD names %s, which is %s, and the folder has no such file.", asked, want)
			h.Advice = "Let CMD name the file that makes the app."
			return true
		}
		file = programs[0]
	}
	if line := s.hidden(file); line != "" {
		h.Cause = fmt.Sprintf("CMD names %s, and %s, keeps %s out of the image.", asked, line, file)
		h.Advice = "Take that line out of the ignore file, or add !" + file + " below it."
		return true
	}
	at := s.where(file)
	if at == "" {
		h.Cause = fmt.Sprintf("CMD names %s, and no COPY brings %s into the image.", asked, file)
		source, to := file, path.Dir(want)+"/"
		if dir := path.Dir(file); dir != "." {
			source = dir + "/"
		}
		h.Edit = s.beside(source + " " + to)
		if h.Edit == nil {
			h.Advice = fmt.Sprintf("COPY %s into it.", file)
		}
		return true
	}
	h.Cause = fmt.Sprintf("CMD names %s, so %s is looked for in %s; %s is at %s.", asked, want, dir, file, at)
	h.Advice = "Let CMD name it as it lies there."
	if rest, ok := strings.CutPrefix(at, strings.TrimSuffix(dir, "/")+"/"); ok {
		module := strings.ReplaceAll(strings.TrimSuffix(strings.TrimSuffix(rest, ".py"), "/__init__"), "/", ".")
		if module == asked {
			return false
		}
		_, attribute := s.asked()
		if attribute == "" {
			attribute = "app"
		}
		h.Edit = s.inCommand(regexp.MustCompile(`(^|[\s"'=])`+regexp.QuoteMeta(asked)+`(:|$|[\s"'])`), "${1}"+module+"${2}")
		if h.Edit == nil {
			h.Advice = fmt.Sprintf("It is %s:%s there.", module, attribute)
		}
		return true
	}
	home := strings.TrimSuffix(at, "/"+want)
	if home == at || home == "" {
		home = path.Dir(at)
	}
	if home == "/" && !strings.HasSuffix(at, want) {
		return true
	}
	h.Advice = "Let it be looked for there."
	h.Edit = s.above(false, "WORKDIR "+home)
	return true
}

// noPackage says of a module that is a package whether the submission asks for it.
func noPackage(s *Scene, top string, h *check.Hint) bool {
	name := packages[top]
	if name == "" {
		name = strings.ReplaceAll(top, "_", "-")
	}
	plain, _, _ := strings.Cut(name, "[")
	by := strings.TrimSuffix(s.importedBy(), " imports")
	if by == "the program" {
		by = "the program"
		if strings.Contains(s.log, "class uri") {
			by = "gunicorn's worker"
		}
	}
	p, ok := s.requires(plain)
	if !ok {
		p, ok = s.requires(top)
	}
	if top == "psycopg" {
		if old, has := s.requires("psycopg2-binary"); has && !ok {
			h.Cause = fmt.Sprintf("SQLAlchemy takes postgresql:// for psycopg, version 3; %s, installs psycopg2.", old)
			h.Advice = "Write postgresql+psycopg2:// in the address, or install psycopg[binary]."
			if p, _ := s.grep(regexp.MustCompile(`(['"])postgres(?:ql)?://`), ""); p.file != "" {
				h.Edit = p.replace(regexp.MustCompile(`(['"])postgres(?:ql)?://`), "${1}postgresql+psycopg2://")
				h.Advice = "Name the driver in the address."
			}
			return true
		}
	}
	switch {
	case ok && s.syncs():
		h.Cause = fmt.Sprintf("%s, asks for %s, which uv installs into .venv; CMD starts another Python, which has it not.", p, plain)
		h.Advice = "Let the programs of .venv come first."
		h.Edit = s.venvPath()
	case ok:
		h.Cause = fmt.Sprintf("%s wants %s. %s, asks for it, and no step of this image has installed it where Python looks.", capital(by), top, p)
		h.Advice = "Install the requirements in the image that is started, with the Python that starts the program."
		if e := s.install(p.file); e != nil {
			h.Advice, h.Edit = "No line installs them.", e
		}
	default:
		h.Cause = fmt.Sprintf("%s wants %s, and no line of the Dockerfile installs %s.", capital(by), top, plain)
		if list := s.list(); list != "" {
			h.Cause = fmt.Sprintf("%s wants %s, and %s does not name %s.", capital(by), top, list, plain)
		}
		h.Advice = fmt.Sprintf("Install %s.", name)
		if h.Edit = s.add(name); h.Edit != nil {
			h.Advice = ""
		} else if s.has("uv.lock") || s.has("pyproject.toml") {
			h.Advice = fmt.Sprintf("Add it with uv add %s, and hand in what that changes.", name)
			if s.has("poetry.lock") {
				h.Advice = fmt.Sprintf("Add it with poetry add %s, and hand in what that changes.", name)
			}
		}
	}
	return true
}

// list is the list of requirements that the build installs, or empty.
func (s *Scene) list() string {
	for _, file := range s.files() {
		if requirers.MatchString(file) {
			return file
		}
	}
	return ""
}

// install is the edit that installs a list of requirements, where no line of the Dockerfile does.
func (s *Scene) install(list string) *check.Edit {
	if s.File == nil || !strings.HasSuffix(list, ".txt") {
		return nil
	}
	for _, stage := range s.File.Stages {
		for _, in := range stage.Instructions {
			for _, c := range in.Commands() {
				if in.Name == "RUN" && c.Installs() && c.Program != "apt-get" && c.Program != "apt" {
					return nil
				}
			}
		}
	}
	if at := s.where(list); at != "" {
		return s.above(true, "RUN pip install --no-cache-dir -r "+at)
	}
	return s.above(true, "COPY "+list+" .", "RUN pip install --no-cache-dir -r "+list)
}

func capital(s string) string {
	if s == "" || strings.Contains(strings.Fields(s)[0], ".") {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// syncs says whether uv installs into a .venv of the image.
func (s *Scene) syncs() bool {
	if s.File == nil {
		return false
	}
	for _, stage := range s.File.Stages {
		for _, in := range stage.Instructions {
			for _, a := range in.Assignments() {
				if a.Name == "UV_PROJECT_ENVIRONMENT" || a.Name == "UV_SYSTEM_PYTHON" {
					return false
				}
			}
			for _, c := range in.Commands() {
				if in.Name == "RUN" && c.Program == "uv" && len(c.Args) > 0 && c.Args[0] == "sync" {
					return true
				}
			}
		}
	}
	return false
}

// venvPath is the edit that puts the programs of .venv before the others.
func (s *Scene) venvPath() *check.Edit {
	for i, stage := range s.File.Stages {
		dir := "/"
		for _, in := range stage.Instructions {
			if in.Name == "WORKDIR" && len(in.Args) > 0 {
				dir = inside(dir, in.Args[0])
			}
			for _, c := range in.Commands() {
				if in.Name == "RUN" && c.Program == "uv" && len(c.Args) > 0 && c.Args[0] == "sync" {
					if i < len(s.File.Stages)-1 {
						dir = s.workdir()
					}
					return s.above(false, `ENV PATH="`+path.Join(dir, ".venv/bin")+`:$PATH"`)
				}
			}
		}
	}
	return nil
}

// notInPath says of a program that the image has not what would bring it.
func notInPath(s *Scene, name string, h *check.Hint) bool {
	base := path.Base(name)
	h.Cause = fmt.Sprintf("The image has no program %s.", base)
	if !s.started {
		h.Cause = fmt.Sprintf("The image has no program %s at this step.", base)
	}
	debian, alpine := s.system()
	if name := brings[base]; name != "" {
		plain, _, _ := strings.Cut(name, "[")
		p, ok := s.requires(plain)
		switch {
		case s.started && s.syncs() && ok:
			h.Cause = fmt.Sprintf("uv sync installs %s into .venv, where a plain %s is not found.", base, base)
			h.Advice = "Let the programs of .venv come first."
			h.Edit = s.venvPath()
		case s.started && s.poetryVenv() && ok:
			h.Cause = fmt.Sprintf("Poetry installs %s into an environment of its own, where a plain %s is not found.", base, base)
			h.Advice = "Let Poetry install into the image's own Python."
			h.Edit = s.beforePoetry()
		case s.started && ok && s.built() && len(s.File.Stages) > 1:
			h.Cause = fmt.Sprintf("%s, installs %s in another stage, and COPY --from brings no program %s from there.", p, base, base)
			h.Advice = fmt.Sprintf("COPY /usr/local/bin from that stage too, or start it with python -m %s.", base)
			if e := s.inCommand(regexp.MustCompile(`\[\s*"`+regexp.QuoteMeta(base)+`"`), `["python", "-m", "`+base+`"`); e != nil {
				h.Advice, h.Edit = "Python finds it as a module.", e
			}
		case ok && s.started:
			h.Cause = fmt.Sprintf("The image has no program %s: %s names it, and no step of this image has installed it.", base, p)
			h.Advice = "Install the requirements in the image that is started."
			if e := s.install(p.file); e != nil {
				h.Advice, h.Edit = "", e
			}
		default:
			h.Cause += fmt.Sprintf(" No line installs %s.", plain)
			h.Advice = fmt.Sprintf("Install %s.", plain)
			if s.started {
				h.Edit = s.add(name)
			}
			if h.Edit == nil {
				h.Advice = fmt.Sprintf("Install %s on a line before: pip install %s.", plain, name)
				if e := s.above(true, "RUN pip install --no-cache-dir "+name); e != nil && (s.started || debian || alpine) && !slices.Contains([]string{"uvicorn", "gunicorn"}, base) || s.started && e != nil && !s.has("pyproject.toml") {
					h.Advice, h.Edit = fmt.Sprintf("Install %s on a line before.", plain), e
				}
			}
		}
		return true
	}
	what, known := provides[base]
	switch {
	case base == "python" || base == "pip" || base == "python3" || base == "pip3":
		h.Advice = "Begin with a python base image, such as python:3.12-slim."
	case (base == "node" || base == "npm" || base == "npx") && debian:
		h.Advice = "Begin with a node base image, or install nodejs and npm with apt-get on a line before."
	case base == "yarn" || base == "pnpm":
		h.Advice = fmt.Sprintf("Install it on a line before: npm install -g %s.", base)
		h.Edit = s.above(true, "RUN npm install -g "+base)
	case s.nodeTool(base):
		h.Cause = fmt.Sprintf("The image has no program %s, which is in package.json's devDependencies or not in it at all.", base)
		h.Advice = "Install the devDependencies too in the stage that builds, or put it under dependencies."
	case known && debian:
		h.Advice = fmt.Sprintf("Install %s on a line before.", base)
		if e := s.above(true, "RUN apt-get update && apt-get install -y --no-install-recommends "+what+extra(base)); e != nil {
			h.Edit = e
		}
	case known && alpine:
		if at := strings.Fields(what); len(at) == 1 && base != "gcc" && base != "g++" {
			h.Edit = s.above(true, "RUN apk add --no-cache "+base)
		}
		h.Advice = fmt.Sprintf("Install %s with apk on a line before.", base)
	case base == "bash" && alpine:
		h.Advice, h.Edit = "Alpine has sh alone.", s.above(true, "RUN apk add --no-cache bash")
	case s.started:
		h.Advice = "Let CMD name a program that is there, or install it in a RUN."
	default:
		h.Advice = fmt.Sprintf("Install what has %s on a line before, or copy it in.", base)
	}
	return true
}

// extra is what curl and wget want for https.
func extra(base string) string {
	if base == "curl" || base == "wget" || base == "git" {
		return " ca-certificates"
	}
	return ""
}

// nodeTool says whether a program is one that packages of Node bring.
func (s *Scene) nodeTool(name string) bool {
	return slices.Contains([]string{"tsc", "ts-node", "nodemon", "vite", "next", "nest", "webpack", "tsx", "prisma", "jest", "eslint", "rimraf", "babel", "react-scripts", "ng", "pm2", "sequelize", "sequelize-cli", "concurrently", "cross-env"}, name) && s.has("package.json")
}

// poetryVenv says whether Poetry installs into an environment of its own.
func (s *Scene) poetryVenv() bool {
	found := false
	if s.File == nil {
		return false
	}
	for _, stage := range s.File.Stages {
		for _, in := range stage.Instructions {
			if regexp.MustCompile(`POETRY_VIRTUALENVS_CREATE[= ]"?(?:false|0)|virtualenvs\.create false`).MatchString(in.Text) {
				return false
			}
			for _, c := range in.Commands() {
				found = found || in.Name == "RUN" && c.Program == "poetry" && c.Has("install")
			}
		}
	}
	return found
}

func (s *Scene) beforePoetry() *check.Edit {
	for _, in := range s.File.Effective() {
		for _, c := range in.Commands() {
			if in.Name == "RUN" && c.Program == "poetry" && c.Has("install") {
				return &check.Edit{File: s.File.Name, Line: in.Line - 1, New: "ENV POETRY_VIRTUALENVS_CREATE=false"}
			}
		}
	}
	return nil
}

// built says whether what asks for a package is used by a stage before the last alone.
func (s *Scene) built() bool {
	for _, in := range s.File.Effective() {
		for _, c := range in.Commands() {
			if in.Name == "RUN" && c.Pip() {
				return false
			}
		}
	}
	for _, stage := range s.File.Stages[:len(s.File.Stages)-1] {
		for _, in := range stage.Instructions {
			for _, c := range in.Commands() {
				if in.Name == "RUN" && c.Pip() {
					return true
				}
			}
		}
	}
	return false
}

// folderMissing says of a path that the program opens whether its folder is to be made, or the file to be copied.
func folderMissing(s *Scene, m []string, h *check.Hint) bool {
	name := m[1]
	at := inside(s.workdir(), name)
	if !s.started {
		return notThere(s, name, h)
	}
	rest := s.folderPath(at)
	if own := s.ownPath(rest); own != "" {
		if line := s.hidden(own); line != "" {
			h.Cause = fmt.Sprintf("The program opens %s%s, which is in the folder; %s, keeps it out of the image.", name, s.at(), line)
			h.Advice = "Take that line out of the ignore file, or add !" + own + " below it."
			return true
		}
		if !s.arrives(own) {
			h.Cause = fmt.Sprintf("The program opens %s%s: it is in the folder as %s, and no COPY brings it into the image.", name, s.at(), own)
			var to string
			if !path.IsAbs(name) || strings.HasPrefix(at, s.workdir()+"/") {
				to = strings.TrimPrefix(at, s.workdir()+"/")
			} else {
				to = at
			}
			h.Edit = s.beside(own + " " + to)
			if h.Edit == nil {
				h.Advice = "COPY it."
			}
			return true
		}
	}
	dir := path.Dir(at)
	if strings.Contains(m[0], "Directory '") {
		dir = at
	}
	if dir == s.workdir() || dir == "/" || s.landsIn(dir) && dir != at {
		h.Cause = fmt.Sprintf("The program opens %s%s, and neither the image nor the folder has it.", name, s.at())
		h.Advice = "Hand it in and COPY it, or let the program go on without it."
		return true
	}
	h.Cause = fmt.Sprintf("The program opens %s%s, and the image has no folder %s.", name, s.at(), dir)
	h.Advice = "Make it in the image with mkdir."
	if h.Edit = s.makes(dir); h.Edit != nil {
		h.Advice = "Make it."
	}
	return true
}

// makes is the edit that makes a folder in the image, for the user that the program runs as.
func (s *Scene) makes(dir string) *check.Edit {
	line := "RUN mkdir -p " + dir
	if name, _ := s.user(); name != "" {
		line += " && chown " + name + " " + dir
	}
	return s.above(true, line)
}

// folderPath is a path of the image without the working directory.
func (s *Scene) folderPath(at string) string {
	return strings.TrimPrefix(strings.TrimPrefix(at, strings.TrimSuffix(s.workdir(), "/")), "/")
}

// ownPath is the file or folder of the submission at the end of a path, or empty.
func (s *Scene) ownPath(rest string) string {
	for rest != "" && rest != "." {
		if s.has(rest) {
			return rest
		}
		_, after, ok := strings.Cut(rest, "/")
		if !ok {
			break
		}
		rest = after
	}
	return ""
}

// arrives says whether COPY brings a path of the folder, or something below it, into the image.
func (s *Scene) arrives(own string) bool {
	for _, file := range s.landed() {
		if file == own || strings.HasPrefix(file, own+"/") {
			return true
		}
	}
	return false
}

// landsIn says whether COPY brings something into a folder of the image.
func (s *Scene) landsIn(dir string) bool {
	for inner := range s.landed() {
		if strings.HasPrefix(inner, dir+"/") {
			return true
		}
	}
	return false
}

// mayNotWrite says who may not write where.
func mayNotWrite(s *Scene, name string, h *check.Hint) bool {
	at := inside(s.workdir(), name)
	who, line := s.user()
	if who == "" {
		h.Cause = fmt.Sprintf("The program may not write %s%s.", name, s.at())
		h.Advice = "Let it write elsewhere, such as in /tmp."
		return true
	}
	dir := path.Dir(at)
	h.Cause = fmt.Sprintf("The program writes %s%s as %s (USER, line %d), who may not write in %s.", name, s.at(), who, line, dir)
	h.Advice = "Give the folder to that user with chown."
	if slices.Contains([]string{"/", "/usr", "/etc", "/bin", "/var", "/root"}, dir) {
		h.Advice = "Let the program write below its WORKDIR, in a folder that chown gives to that user."
		return true
	}
	if h.Edit = s.owns(dir); h.Edit != nil {
		h.Advice = "Give the folder to that user."
	}
	return true
}

// owns is the edit that gives a folder of the image to the user that the program runs as.
func (s *Scene) owns(dir string) *check.Edit {
	who, _ := s.user()
	if strings.ContainsAny(who, "$") {
		return nil
	}
	line := "RUN chown -R " + who + " " + dir
	if dir != s.workdir() && !s.landsIn(dir) {
		line = "RUN mkdir -p " + dir + " && chown -R " + who + " " + dir
	}
	return s.above(true, line)
}
