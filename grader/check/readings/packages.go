package readings

import (
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// packages are the names under which Python's indexes have what is imported by another.
var packages = map[string]string{"pythonjsonlogger": "python-json-logger", "dotenv": "python-dotenv",
	"jose": "python-jose[cryptography]", "jwt": "PyJWT",
	"multipart": "python-multipart", "yaml": "PyYAML", "PIL": "Pillow", "psycopg2": "psycopg2-binary",
	"psycopg": "psycopg[binary]", "MySQLdb": "mysqlclient",
	"pkg_resources": "setuptools", "distutils": "setuptools", "cv2": "opencv-python-headless",
	"sklearn": "scikit-learn", "bs4": "beautifulsoup4", "dateutil": "python-dateutil", "decouple": "python-decouple",
	"environ": "django-environ", "corsheaders": "django-cors-headers",
	"rest_framework": "djangorestframework", "rest_framework_simplejwt": "djangorestframework-simplejwt",
	"slugify": "python-slugify", "magic": "python-magic", "git": "GitPython", "Crypto": "pycryptodome",
	"OpenSSL": "pyOpenSSL", "socketio": "python-socketio", "attr": "attrs",
	"fastapi_jwt_auth": "fastapi-jwt-auth", "flask_jwt_extended": "Flask-JWT-Extended",
	"flask_sqlalchemy": "Flask-SQLAlchemy", "flask_cors": "Flask-Cors", "flask_migrate": "Flask-Migrate",
	"flask_restful": "Flask-RESTful", "flask_login": "Flask-Login", "flask_marshmallow": "flask-marshmallow",
	"pydantic_settings": "pydantic-settings", "email_validator": "email-validator",
	"prometheus_client": "prometheus-client", "google": "google-api-python-client", "telegram": "python-telegram-bot",
	"mysql": "mysql-connector-python", "bson": "pymongo", "starlette": "starlette", "zmq": "pyzmq",
	"serial": "pyserial", "discord": "discord.py", "markdown": "Markdown", "dns": "dnspython", "nacl": "PyNaCl",
	"whitenoise": "whitenoise", "dj_database_url": "dj-database-url"}

// sameName are packages that are imported by their own name, with _ for -; what is neither here nor
// in packages may be anybody's.
var sameName = strings.Fields(`fastapi uvicorn flask django starlette pydantic sqlalchemy sqlmodel alembic requests
	httpx aiohttp redis pymongo motor beanie asyncpg aiosqlite aiomysql pymysql passlib bcrypt gunicorn hypercorn jinja2
	celery loguru structlog numpy pandas aiofiles databases psutil pytz tzdata orjson ujson boto3 openai pika peewee
	marshmallow werkzeug itsdangerous click typer rich uvloop pendulum tenacity slowapi sentry-sdk apscheduler faker
	websockets httptools cryptography pytest setuptools markupsafe waitress eventlet gevent greenlet quart sanic tornado
	bottle falcon responses attrs cachetools ormar tortoise mongoengine elasticsearch kafka-python langchain anyio
	watchfiles python-multipart fastapi-mail fastapi-users fastapi-pagination fastapi-cors pymssql pyodbc oracledb minio
	stripe twilio graphene strawberry-graphql ariadne scipy matplotlib torch transformers tensorflow tabulate colorama
	tqdm toml tomli polars httpcore h11 tomlkit mangum nanoid shortuuid ulid argon2-cffi psycopg2-binary flasgger
	connexion cheroot cherrypy paste bjoern gunicorn trio curio msgpack pyjwt hiredis aioredis h2 tomli_w
	uvicorn typing_extensions`)

var (
	pythonFile = regexp.MustCompile(`\.py$`)
	imports    = regexp.MustCompile(`(?m)^\s*(?:import|from)\s+(\w+)`)
)

// Imported returns the packages that the Python files of a folder import, and of servers those that a
// command names, by the names that Python's index has for them, sorted. What may be anybody's is not in it.
func Imported(folder fs.FS, command []string) []string {
	found := map[string]bool{}
	add := func(module string) {
		name := packages[module]
		if plain := strings.ReplaceAll(module, "_", "-"); name == "" && slices.Contains(sameName, plain) {
			name = plain
		}
		for _, own := range []string{module, module + ".py"} {
			if _, err := fs.Stat(folder, own); err == nil {
				return
			}
		}
		if name != "" && name != "setuptools" && module != "google" {
			found[name] = true
		}
	}
	check.EachProgram(folder, pythonFile, func(_, text string) {
		for _, m := range imports.FindAllStringSubmatch(text, -1) {
			add(m[1])
		}
	})
	for _, word := range command {
		if slices.Contains([]string{"uvicorn", "gunicorn", "hypercorn", "waitress", "flask"}, word) {
			add(word)
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// noPackage says of a module that is a package whether the submission asks for it.
func noPackage(s *Scene, top string, h *check.Hint) bool {
	name := packages[top]
	if name == "" {
		name = strings.ReplaceAll(top, "_", "-")
	}
	plain, _, _ := strings.Cut(name, "[")
	_, by := s.namesModule(top)
	by = strings.TrimSuffix(strings.TrimSuffix(strings.Replace(by, "The program", "the program", 1), " imports"),
		" names")
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
	if top == "pkg_resources" {
		h.Cause = fmt.Sprintf("%s wants pkg_resources, which the newest setuptools has no more.", capital(by))
		if who := s.packageOf(); who != "" {
			h.Cause = fmt.Sprintf("The installed %s wants pkg_resources, which the newest setuptools has no more.", who)
		}
		h.Advice = "Ask for an older one, setuptools<81."
		if h.Edit = s.pin("setuptools", "setuptools<81"); h.Edit == nil {
			h.Edit = s.add("setuptools<81")
		}
		return true
	}
	if _, has := s.requires("pymysql"); top == "MySQLdb" && !ok {
		h.Cause = "SQLAlchemy takes mysql:// for mysqlclient, which nothing installs, and which would have to " +
			"be compiled."
		h.Advice = "Write mysql+pymysql:// in the address, and install PyMySQL."
		if p, _ := s.grep(regexp.MustCompile(`(['"])mysql://`), ""); p.file != "" && has {
			h.Advice = "Name the driver in the address."
			h.Edit = p.replace(regexp.MustCompile(`(['"])mysql://`), "${1}mysql+pymysql://")
		} else if !has {
			h.Edit = s.add("pymysql")
			h.Advice = "Install PyMySQL, and write mysql+pymysql:// in the address."
		}
		return true
	}
	if lower := strings.ToLower(top); lower != top && packages[top] == "" && (slices.Contains(sameName, lower) ||
		packages[lower] != "") {
		at, _ := s.namesModule(top)
		h.Cause = fmt.Sprintf("%s wants %s, and the module is called %s: Python tells capital letters apart.",
			capital(by), top,
			lower)
		h.Advice, h.Edit = "Write it so.", at.replace(regexp.MustCompile(`\b(from|import)\s+`+top+`\b`), "${1} "+lower)
		if strings.HasPrefix(at.text, "import ") {
			h.Advice, h.Edit = s.respelt(at, top, lower)
		}
		return true
	}
	switch {
	case ok && s.started && s.poetryApart(plain, by+" does not look", h):
	case ok && s.leftBehind(h):
	case ok && s.started && s.pipenvEarly(h):
	case ok && s.syncs():
		h.Cause = fmt.Sprintf(
			"%s, asks for %s, which uv installs into .venv; CMD starts another Python, which has it not.", p, plain)
		h.Advice = "Let the programs of .venv come first."
		h.Edit = s.venvPath()
	case ok && s.started && (s.pipenvVenv(h) || s.locked(p, h) || s.broughtAside(h) || s.aside(h) ||
		s.venvUnused(h)):
	case ok:
		h.Cause = fmt.Sprintf(
			"%s wants %s. %s, asks for it, and no step of this image has installed it where Python looks.", capital(by),
			top, p)
		h.Advice = "Install the requirements in the image that is started, with the Python that starts the program."
		if e := s.install(p.file); e != nil {
			h.Advice, h.Edit = "No line installs them.", e
		}
	case packages[top] == "" && !slices.Contains(sameName, plain):
		h.Cause = fmt.Sprintf(
			"%s wants %s, which is no file of the folder, and nothing installs a package of that name.", capital(by),
			top)
		if near := nearest(top, slices.Concat(sameName, slices.Sorted(maps.Keys(packages)))); near != "" &&
			len(top) > 4 &&
			!s.has(near+".py") {
			p, _ := s.namesModule(top)
			h.Cause = fmt.Sprintf("%s wants %s, which is no file of the folder, and no package that is installed.",
				capital(by), top)
			h.Advice = fmt.Sprintf("Is %s meant?", near)
			h.Edit = p.replace(regexp.MustCompile(`\b`+regexp.QuoteMeta(top)+`\b`), near)
			return true
		}
		h.Advice = fmt.Sprintf(
			"If it is your own, hand in %s.py and COPY it; if it is a package, name that where the others are named.",
			top)
	default:
		h.Cause = fmt.Sprintf("%s wants %s, and no line of the Dockerfile installs %s.", capital(by), top, plain)
		if list := s.list(); list != "" {
			h.Cause = fmt.Sprintf("%s wants %s, and %s does not name %s.", capital(by), top, list, plain)
		}
		if p, by := s.asyncAddress(); top == "greenlet" && by != nil {
			h.Cause += fmt.Sprintf(" The address in %s, wants an async driver besides: %s://, with the package %s.", p,
				by.scheme, by.driver)
		}
		h.Advice = fmt.Sprintf("Install %s.", name)
		if h.Edit = s.add(name); h.Edit != nil {
			h.Advice = ""
		} else if e := s.above(true, "RUN pip install --no-cache-dir "+name); !s.started && e != nil &&
			startsPython.MatchString(s.Step.Text) && !s.has("pyproject.toml") && s.list() == "" {
			h.Advice, h.Edit = fmt.Sprintf("Install %s on a line before.", plain), e
		} else if s.has("uv.lock") || s.has("pyproject.toml") {
			h.Advice = fmt.Sprintf("Add it with uv add %s, and hand in what that changes.", name)
			if s.has("poetry.lock") {
				h.Advice = fmt.Sprintf("Add it with poetry add %s, and hand in what that changes.", name)
			}
		}
	}
	return true
}

// list returns the list of requirements that the build installs, or empty.
func (s *Scene) list() string {
	for _, file := range s.files() {
		if requirers.MatchString(file) {
			return file
		}
	}
	return ""
}

// install returns the edit that installs a list of requirements, where no line of the Dockerfile
// does.
func (s *Scene) install(list string) *check.Edit {
	if !strings.HasSuffix(list, ".txt") {
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
		return s.asRoot("RUN pip install --no-cache-dir -r " + at)
	}
	return s.above(true, "COPY "+list+" .", "RUN pip install --no-cache-dir -r "+list)
}

func capital(s string) string {
	if s == "" || strings.Contains(strings.Fields(s)[0], ".") {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// extra returns what curl and wget want for https.
func extra(base string) string {
	if base == "curl" || base == "wget" || base == "git" {
		return " ca-certificates"
	}
	return ""
}

// asyncDriver is how an address of SQLAlchemy begins that names an async driver, and its package.
type asyncDriver struct{ scheme, driver string }

var (
	asyncDrivers = map[string]*asyncDriver{"sqlite": {"sqlite+aiosqlite", "aiosqlite"},
		"postgresql": {"postgresql+asyncpg", "asyncpg"}, "postgres": {"postgresql+asyncpg", "asyncpg"},
		"mysql": {"mysql+aiomysql", "aiomysql"}}
	withoutDriver = regexp.MustCompile(
		`(["'=])(sqlite|postgres(?:ql)?|mysql)(?:\+(?:pysqlite|psycopg2|pymysql|mysqldb))?://`)
)

// asyncAddress returns the line of a program with create_async_engine whose address names no async
// driver, and what to name there; nil where there is no such line.
func (s *Scene) asyncAddress() (place, *asyncDriver) {
	if p, _ := s.grep(regexp.MustCompile(`create_async_engine\(`), ".py"); p.file == "" {
		return p, nil
	}
	if p, m := s.grep(withoutDriver, ".py"); m != nil {
		return p, asyncDrivers[m[2]]
	}
	for _, in := range s.File.Effective() {
		if m := withoutDriver.FindStringSubmatch(in.Text); m != nil && in.Name == "ENV" && in.Line == in.EndLine {
			return s.dockerfileLine(in.Line), asyncDrivers[m[2]]
		}
	}
	return place{}, nil
}
