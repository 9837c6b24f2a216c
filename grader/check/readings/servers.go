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

var uvicorn = tool{name: "uvicorn", entries: []entry{
	on("no-module", `Could not import module "([^"]+)"`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		return noServed(s, m[1], h) || unknownModule(m[1], h)
	}),
	on("no-attribute", `Attribute "([^"]+)" not found in module "([^"]+)"`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool { return noAttribute(s, m[2], m[1], h) }),
	on("app-in-place-of-name", `You must pass the application as an import string to enable '([^']+)'`, "", "").with(
		func(s *Scene, _ []string, h *check.Hint) bool {
			gives := regexp.MustCompile(`(\b(?:uvicorn\.)?run\(\s*)(\w+)(\s*[,)])`)
			p, m := s.grep(regexp.MustCompile(`\buvicorn\.run\(\s*(\w+)\s*[,)]`), ".py")
			if p.file == "" {
				return false
			}
			module := strings.ReplaceAll(strings.TrimSuffix(p.file, ".py"), "/", ".")
			if rest, ok := strings.CutPrefix(s.where(p.file), strings.TrimSuffix(s.workdir(), "/")+"/"); ok {
				module = strings.ReplaceAll(strings.TrimSuffix(rest, ".py"), "/", ".")
			}
			h.Cause = fmt.Sprintf("%s, gives uvicorn the app itself, and with reload or workers it wants the app's "+
				"name, to load it "+
				"in processes of its own: `%s`.", p, p.code())
			h.Advice = "Give it the name; an image needs no reload."
			h.Edit = p.replace(gives, `${1}"`+module+":"+m[1]+`"${3}`)
			return true
		}),
	on("no-colon", `Import string "([^"]*)" must be in format`,
		`uvicorn is to load "$1", which names a module without the app in it.`,
		`Write MODULE:APP, such as main:app.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		module := strings.ReplaceAll(strings.TrimSuffix(m[1], ".py"), "/", ".")
		h.Edit = s.inCommand(regexp.MustCompile(`(^|[\s"'])`+regexp.QuoteMeta(m[1])+`($|[\s"'])`),
			"${1}"+module+":app${2}")
		if h.Edit != nil {
			h.Advice = "Name both."
		}
		return m[1] != ""
	}),
	on("cannot-bind",
		`(?:could not bind on any address out of \[\('([^']+)', (\d+)\)\]|error while attempting to bind on address `+
			`\('([^']+)', (\d+)[^)]*\): cannot assign requested address)`, "", "").
		with(func(s *Scene, m []string, h *check.Hint) bool { return foreignAddress(s, m[1]+m[3], h) }),
}}

func unknownModule(module string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf("%s.py is where it should be, and what it imports in turn could not be imported.",
		strings.ReplaceAll(module, ".", "/"))
	h.Advice = "Look at its imports."
	return true
}

var gunicorn = tool{name: "gunicorn", entries: []entry{
	on("no-attribute", `Failed to find attribute '(\w+)' in '([\w.]+)'`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool { return noAttribute(s, m[2], m[1], h) }),
	on("no-worker", `class uri '([^']+)' invalid or not found`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		all := regexp.MustCompile(`No module named '([\w.]+)'`).FindAllStringSubmatch(s.log, -1)
		if all == nil {
			h.Cause, h.Advice = fmt.Sprintf("gunicorn finds no worker %s.", m[1]),
				"Write the worker as its package has it, such as uvicorn.workers.UvicornWorker."
			return true
		}
		lacks := all[len(all)-1][1]
		if right := "uvicorn.workers.UvicornWorker"; strings.HasPrefix(lacks, "uvicorn.") && !strings.HasPrefix(m[1],
			"uvicorn.workers") {
			h.Cause = fmt.Sprintf("gunicorn finds no worker %s: uvicorn has none of that name.", m[1])
			h.Advice = "It is called " + right + "."
			h.Edit = s.inCommand(word(m[1]), "${1}"+right+"${2}")
			return true
		}
		return noPackage(s, strings.Split(lacks, ".")[0], h)
	}),
	on("not-callable", `Application object must be callable`, `What CMD names for gunicorn is no application.`,
		`Name the variable that holds the app, as in main:app.`),
	on("no-application", `No application module specified`, `gunicorn is not told what to serve.`,
		`Write MODULE:APP, such as main:app, at the end of its command.`),
	on("cannot-bind", `(?:Invalid address: \('([^']+)', (\d+)\)|Can't connect to \('([^']+)', (\d+)\))`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool { return foreignAddress(s, m[1]+m[3], h) }),
	on("no-config", `(?m)^Error: '([^'\n]+)' doesn't exist`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		return optionPath(s, []string{m[0], "-c", m[1]}, h)
	}),
	on("log-folder", `Error: '([^'\n]+)' isn't writable \[(FileNotFoundError|PermissionError)`, "", "").with(
		func(s *Scene, m []string, h *check.Hint) bool {
			if m[2] == "PermissionError" {
				return mayNotWrite(s, m[1], h)
			}
			return folderMissing(s, m[:2], h)
		}),
	on("config-broken", `Failed to read config file: (\S+)`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		file := s.own(m[1])
		if file == "" || !uncaught(s, m, h) {
			return false
		}
		if got := regexp.MustCompile(`(?s)File "[^"\n]*` + regexp.QuoteMeta(file) + `", line ` +
			`(\d+)\n`).FindStringSubmatch(
			s.log); got != nil {
			r, _ := s.raised()
			h.Cause = fmt.Sprintf("gunicorn cannot read %s, line %s: %s.", file, got[1], cmp.Or(r.words, r.class))
			h.Advice, h.Edit = "It is a program of Python: write values as Python has them, text in quotes.", nil
			s.syntaxOf(file, got[1], h)
			if p, ok := s.lineOf(file, got[1]); ok {
				if h.Edit = p.replace(regexp.MustCompile(`^(\w+\s*=\s*)([\d.]+:\d+|`+
					`[\w.]+\.[\w.]+)\s*$`),
					`${1}"${2}"`); h.Edit != nil {
					h.Advice = "Text stands in quotes there."
				}
			}
		}
		return true
	}),
	on("timeout", `\[CRITICAL\] WORKER TIMEOUT[^\n]*`,
		`gunicorn ended a worker that was not heard of for 30 seconds: what is loaded, or asked for, takes longer.`,
		`Do less there, or give it longer: --timeout 120.`),
	on("chdir", `can't chdir to '([^'\n]+)'`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause, h.Advice = fmt.Sprintf("gunicorn is to work in %s, which is not in the image.", m[1]),
			"Name the folder that holds the program, or leave it to WORKDIR."
		return true
	}),
}}

// others are the words of further servers.
var others = tool{name: "servers", entries: []entry{
	on("hypercorn", `Cannot load application from '([\w.]+):(\w+)', (application|module) not found`, "", "").with(
		func(s *Scene, m []string, h *check.Hint) bool {
			if m[3] == "module" {
				return noServed(s, m[1], h) || unknownModule(m[1], h)
			}
			return noAttribute(s, m[1], m[2], h)
		}),
	on("waitress", `(?s)There was an exception \(\w*ImportError|There was an exception \(ModuleNotFoundError\).*No `+
		`module named `+
		`'([\w.]+)'`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		asked, _ := s.asked()
		if asked == "" || m[1] != asked {
			return false
		}
		return noServed(s, asked, h)
	}),
	on("waitress-name", `Bad (?:module|object name) '([\w.]+)'`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		asked, attribute := s.asked()
		if m[1] == attribute {
			return noAttribute(s, asked, attribute, h)
		}
		return asked != "" && noServed(s, asked, h)
	}),
	on("asked-attribute", `(?m)^AttributeError: module '([\w.]+)' has no attribute '(\w+)'`, "", "").with(func(s *Scene,
		m []string, h *check.Hint) bool {
		asked, attribute := s.asked()
		_, own := s.frame()
		return asked == m[1] && attribute == m[2] && !own && noAttribute(s, asked, attribute, h)
	}),
	on("celery-module", `Unable to load celery application\.\s+The module ([\w.]+) was not found`, "",
		"").with(celeryApp),
	on("celery-attribute", `Unable to load celery application\.\s+Module '([\w.]+)' has no attribute '(\w+)'`, "",
		"").with(celeryApp),
	on("litestar", `(?:Could not find (?:any )?(?:Litestar|Sanic|Quart) app|Module is not a Sanic app)[^\n]*`,
		`The server finds no app in what CMD names.`, `Name the file that makes it, and the variable: MODULE:APP.`),
}}

// makesCelery is a line that makes the app of Celery.
var makesCelery = regexp.MustCompile(`^(\w+)\s*=\s*(?:\w+\.)?Celery\(`)

// celeryApp says where the app of Celery is, that -A is to name.
func celeryApp(s *Scene, m []string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf("celery -A names %s, and there is no app of Celery.", m[1])
	h.Advice = "Name the module that makes it."
	for _, file := range s.files() {
		for i, line := range s.lines(file) {
			got := makesCelery.FindStringSubmatch(line)
			if !strings.HasSuffix(file, ".py") || got == nil {
				continue
			}
			module := strings.ReplaceAll(strings.TrimSuffix(file, ".py"), "/", ".")
			if rest, ok := strings.CutPrefix(s.where(file), strings.TrimSuffix(s.workdir(), "/")+"/"); ok {
				module = strings.ReplaceAll(strings.TrimSuffix(rest, ".py"), "/", ".")
			}
			h.Cause = fmt.Sprintf("celery -A names %s; the app of Celery is %s in %s, line %d.", m[1], got[1], file,
				i+1)
			h.Edit = s.inCommand(regexp.MustCompile(`((?:-A|--app)(?:",\s*"|[ =]))[\w.:]+`), "${1}"+module+":"+got[1])
			if h.Edit != nil {
				h.Advice = "Name that."
			}
			return true
		}
	}
	return true
}

var flask = tool{name: "flask", entries: []entry{
	on("no-app", `Could not locate a Flask application`, "", "").with(flaskApp),
	on("not-found", `Could not import '([\w.]+)'`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		return flaskApp(s, m, h)
	}),
	on("no-factory", `Failed to find (?:Flask application or factory in module|attribute '(\w+)' in)\s+'([\w.]+)'`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		file := s.moduleFile(m[2])
		h.Cause, h.Advice = fmt.Sprintf("%s holds no Flask app that flask finds by itself.", m[2]),
			"Name it: --app MODULE:VARIABLE."
		if file != "" {
			if name, line := s.appIn(file); name != "" {
				h.Cause = fmt.Sprintf("%s, line %d, calls its Flask app %s.", file, line, name)
				h.Advice = "Name it."
				h.Edit = s.inCommand(regexp.MustCompile(`(--app|-A)(["',= ]+)`+regexp.QuoteMeta(m[2])+`(?::\w+)?`),
					"${1}${2}"+m[2]+":"+name)
				if h.Edit == nil {
					h.Edit = s.above(false, "ENV FLASK_APP="+m[2]+":"+name)
				}
			}
		}
		return true
	}),
	on("factory-called", `The factory '(\w+)' in module '([\w.]+)' could not be called with the `+
		`specified arguments`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("flask calls %s() of %s to get the app, with no argument, and it wants one.", m[1], m[2])
		def := regexp.MustCompile(`^(def ` + m[1] + `\(\s*)(\w+)(\s*(?::\s*[^=,)]+)?)\)`)
		h.Advice = "Give its argument a default."
		if p, _ := s.grepIn(s.moduleFile(m[2]), def); p.file != "" {
			h.Cause = fmt.Sprintf("flask calls %s() to get the app, with no argument, and it wants one: %s.", m[1], p)
			h.Edit = p.replace(def, "${1}${2}${3}=None)")
		}
		return true
	}),
	on("app-behind-run", `Error: No such option:? '?(?:--app|-A)\b`, "", "").with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		h.Edit = s.inCommand(regexp.MustCompile(`"run",(.*?)\s*"(--app|-A)",\s*("[^"]+"),?`), `"${2}", ${3}, `+
			`"run",${1}`)
		if h.Edit == nil {
			h.Edit = s.inCommand(regexp.MustCompile(`\brun\b(.*?)\s(--app|-A)[ =](\S+)`), `${2} ${3} run${1}`)
		}
		h.Cause = "--app is an option of flask and not of flask run, so it stands before run."
		h.Advice = "Write flask --app MODULE run."
		if h.Edit != nil {
			h.Advice = "Write it so."
		}
		return strings.Contains(s.log, "flask run")
	}),
	on("no-such-command", `Error: No such command '([\w-]+)'`, `flask has no command $1 here.`,
		`Write flask run, or install the extension that brings it.`).with(func(s *Scene, m []string,
		h *check.Hint) bool {
		if m[1] != "db" {
			return true
		}
		h.Cause = "flask db is a command of Flask-Migrate, and the app that flask loads has none."
		h.Advice = "Write migrate = Migrate(app, db) where the app is made."
		if _, ok := s.requires("flask-migrate"); !ok {
			h.Cause = "flask db is a command of Flask-Migrate, which nothing installs."
			h.Advice = "Install Flask-Migrate, and write migrate = Migrate(app, db) where the app is made."
			h.Edit = s.add("Flask-Migrate")
		}
		return true
	}),
}}

// flaskNames is where FLASK_APP or --app names a file or module.
var flaskNames = regexp.MustCompile(`((?:FLASK_APP[= ]|--app[",\s=]+|-A[",\s=]+)"?)([\w./-]+)`)

// flaskApp names the file that makes the Flask app.
func flaskApp(s *Scene, m []string, h *check.Hint) bool {
	for _, file := range s.files() {
		if !strings.HasSuffix(file, ".py") {
			continue
		}
		if name, line := s.appIn(file); name != "" {
			module := strings.ReplaceAll(strings.TrimSuffix(file, ".py"), "/", ".")
			h.Cause = fmt.Sprintf("flask looks for app.py or wsgi.py; the app is %s in %s, line %d.", name, file, line)
			h.Advice = "Name it, with FLASK_APP or --app."
			at := s.where(file)
			if at == "" {
				h.Cause = fmt.Sprintf("flask looks for the app, which is %s in %s: no COPY brings that into the image.",
					name, file)
				h.Edit = s.beside(file + " .")
				return true
			}
			if rest, ok := strings.CutPrefix(at, strings.TrimSuffix(s.workdir(), "/")+"/"); ok {
				module = strings.ReplaceAll(strings.TrimSuffix(rest, ".py"), "/", ".")
			}
			for _, in := range s.File.Effective() {
				got := flaskNames.FindStringSubmatch(in.Text)
				if got == nil || len(m) < 2 || strings.TrimSuffix(got[2], ".py") != m[1] || m[1] == module {
					continue
				}
				h.Cause = fmt.Sprintf("%s, line %d, names %s, which is no file; the app is %s in %s, line %d.", in.Name,
					in.Line, got[2], name, file, line)
				h.Advice = "Name that."
				h.Edit = s.inInstruction(&in, flaskNames, "${1}"+module)
				return true
			}
			if module == "app" || module == "wsgi" {
				return false
			}
			h.Edit = s.above(false, "ENV FLASK_APP="+module+":"+name)
			if h.Edit != nil {
				h.Advice = "Name it."
			}
			return true
		}
	}
	h.Cause, h.Advice = "flask looks for app.py or wsgi.py, and the folder has no file that makes a Flask app.",
		"Name the file with FLASK_APP or --app."
	return true
}

var makesApp = regexp.MustCompile(
	`^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)*(?:FastAPI|Flask|Starlette|Sanic|Quart|APIFlask|OpenAPI|create_app|make_app|` +
		`get_app|get_wsgi_application|get_asgi_application)\(`)

// appIn returns the variable of a file that holds the app, and its line.
func (s *Scene) appIn(file string) (name string, line int) {
	for i, text := range s.lines(file) {
		if m := makesApp.FindStringSubmatch(text); m != nil {
			return m[1], i + 1
		}
	}
	return "", 0
}

var makes = regexp.MustCompile(`^(?:async )?def (create_app|make_app|get_app|build_app|app_factory)\(([^)]*)\)`)

// factory returns the function of a file that makes the app and wants no argument, and its line.
func (s *Scene) factory(file string) (name string, line int) {
	for i, text := range s.lines(file) {
		m := makes.FindStringSubmatch(text)
		if m != nil && !slices.ContainsFunc(strings.Split(m[2], ","), func(p string) bool {
			return strings.TrimSpace(p) != "" && !strings.Contains(p, "=")
		}) {
			return m[1], i + 1
		}
	}
	return "", 0
}

// noAttribute reports whether the module is there, and the app in it has another name.
func noAttribute(s *Scene, module, attribute string, h *check.Hint) bool {
	attribute, called := strings.CutSuffix(attribute, "()")
	file := s.moduleFile(module)
	if pack := strings.ReplaceAll(module, ".", "/"); s.has(pack+".py") && s.has(pack+"/__init__.py") {
		h.Cause = fmt.Sprintf("The folder has %s.py and the package %s/, and Python takes the package %s/ for %s: "+
			"that has "+
			"no %s.", pack, pack, pack, module, attribute)
		h.Advice = fmt.Sprintf("Give %s.py another name, such as main.py, and let CMD name that.", pack)
		return true
	}
	if folder := s.moduleFolder(module); folder != "" && (file == "" || file == folder+"/__init__.py") &&
		s.inPackage(module, attribute, folder, h) {
		return true
	}
	if file == "" {
		file = module + ".py"
	}
	who, by := s.namer(module)
	if who != "CMD" {
		h.Cause = fmt.Sprintf("%s names %s in %s, which has no variable %s.", who, attribute, file, attribute)
		h.Advice = "Name the variable that holds the app."
		if name, line := s.appIn(file); name != "" && name != attribute {
			h.Cause = fmt.Sprintf("%s names %s in %s; the app there is called %s (line %d).", who, attribute, file,
				name, line)
			h.Edit = by.replace(regexp.MustCompile(regexp.QuoteMeta(module)+`:`+regexp.QuoteMeta(attribute)+`\b`),
				module+":"+name)
		}
		return true
	}
	h.Cause = fmt.Sprintf("CMD names %s in %s, which has no variable %s.", attribute, file, attribute)
	h.Advice = "Let CMD name the variable that holds the app."
	if _, named := s.asked(); named == "" && attribute == "application" {
		h.Cause = fmt.Sprintf("CMD names %s alone, and the server then takes the variable application in it: %s has "+
			"none.",
			module, file)
		if name, line := s.appIn(file); name != "" {
			h.Cause = fmt.Sprintf("CMD names %s alone, and the server then takes the variable application in it; "+
				"the app "+
				"there is called %s (line %d).", module, name, line)
			if h.Edit = s.inCommand(word(module), "${1}"+module+":"+name+"${2}"); h.Edit != nil {
				h.Advice = "Let CMD name that."
			}
		}
		return true
	}
	if name, line := s.factory(file); name != "" && (name != attribute || called) {
		h.Cause = fmt.Sprintf("CMD names %s in %s; there the app is made by the function %s (line %d).", attribute,
			file, name, line)
		h.Advice = fmt.Sprintf("Call it in %s: app = %s().", file, name)
		named := regexp.MustCompile(regexp.QuoteMeta(module) + `:` + regexp.QuoteMeta(attribute) + `\b(?:\(\))?`)
		for server, by := range map[string]string{"uvicorn": module + ":" + name + `", "--factory`,
			"gunicorn": module + ":" + name + "()"} {
			if in := s.commandInstruction(); in != nil && in.Exec && slices.Contains(in.Args, server) {
				if e := s.inCommand(named, strings.ReplaceAll(by, "$", "$$")); e != nil {
					h.Advice, h.Edit = "Let CMD call it.", e
				}
			}
		}
	}
	if name, line := s.appIn(file); name != "" && name != attribute {
		h.Cause = fmt.Sprintf("CMD names %s in %s; the app there is called %s (line %d).", attribute, file, name, line)
		h.Edit = s.inCommand(regexp.MustCompile(regexp.QuoteMeta(module)+`:`+regexp.QuoteMeta(attribute)+`\b`),
			module+":"+name)
		if h.Edit != nil {
			h.Advice = "Let CMD name that."
		}
	}
	return true
}

// inPackage reports whether what CMD names is a folder, and a file in it makes the app.
func (s *Scene) inPackage(module, attribute, folder string, h *check.Hint) bool {
	if name, _ := s.appIn(folder + "/__init__.py"); name != "" {
		return false
	}
	for _, file := range s.files() {
		name, line := s.appIn(file)
		rest, within := strings.CutPrefix(file, folder+"/")
		if name == "" || !within || !strings.HasSuffix(rest, ".py") {
			continue
		}
		inner := module + "." + strings.ReplaceAll(strings.TrimSuffix(rest, ".py"), "/", ".")
		h.Cause = fmt.Sprintf("CMD names %s in %s, which is a folder; the app is in %s (line %d).", attribute, module,
			file, line)
		h.Advice = "Let CMD name that."
		h.Edit = s.inCommand(regexp.MustCompile(`\b`+regexp.QuoteMeta(module+":"+attribute)+`\b`), inner+":"+name)
		return true
	}
	return false
}

var fastapi = tool{name: "fastapi", entries: []entry{
	on("no-extra", `To use the fastapi command, please install "?fastapi\[standard\]`,
		`The command fastapi comes with fastapi[standard], and fastapi alone is installed.`,
		`Install fastapi[standard].`).with(func(s *Scene, _ []string, h *check.Hint) bool {
		by := "fastapi[standard]"
		if p, ok := s.requires("fastapi"); ok {
			h.Cause = fmt.Sprintf("The command fastapi comes with fastapi[standard]; %s, asks for fastapi alone.", p)
			if p.file == s.File.Name && !strings.Contains(p.text, `"fastapi`) {
				by = `"fastapi[standard]"`
			}
			h.Edit = p.replace(regexp.MustCompile(`(^|[\s"'])fastapi(=|<|>|~|!|$|[\s"',;])`), "${1}"+by+"${2}")
		}
		if h.Edit != nil {
			h.Advice = "Ask for it."
			if s.has("uv.lock") && h.Edit.File == "pyproject.toml" {
				h.Advice, h.Edit = "Run uv add \"fastapi[standard]\", and hand in pyproject.toml and uv.lock.", nil
			}
		}
		return true
	}),
	on("no-path", `(?:Path does not exist|Could not find a default file to run)[^\n]*`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		for _, file := range s.files() {
			if name, line := s.appIn(file); strings.HasSuffix(file, ".py") && name != "" {
				at := s.where(file)
				h.Cause = fmt.Sprintf("fastapi finds no file to run where it looks; the app is in %s, line %d.", file,
					line)
				if at == "" {
					h.Cause = fmt.Sprintf(
						"fastapi finds no file to run: the app is in %s, and no COPY brings that into the image.", file)
					h.Edit = s.beside(file + " .")
					return true
				}
				h.Advice = fmt.Sprintf("Let CMD name it: fastapi run %s.", at)
				h.Edit = s.inCommand(regexp.MustCompile(`"fastapi",\s*"(run|dev)"(?:,\s*"[^"-][^"]*")?`),
					`"fastapi", "${1}", "`+at+`"`)
				if h.Edit != nil {
					h.Advice = "Let CMD name it."
				}
				return true
			}
		}
		h.Cause, h.Advice = "fastapi finds no file to run.", "Let CMD name the file that makes the app."
		return true
	}),
	on("no-app", `Could not find FastAPI app in module[^\n]*`, `The file that fastapi runs holds no FastAPI app.`,
		`Name the file that makes it, or the variable with --app.`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		for _, file := range s.files() {
			name, line := s.appIn(file)
			at := s.where(file)
			if name == "" || at == "" || !strings.HasSuffix(file, ".py") {
				continue
			}
			h.Cause = fmt.Sprintf("The file that fastapi runs holds no FastAPI app; %s, line %d, makes one.", file,
				line)
			h.Edit = s.inCommand(regexp.MustCompile(`"fastapi",\s*"(run|dev)"(?:,\s*"[^"-][^"]*")?`),
				`"fastapi", "${1}", "`+at+`"`)
			if h.Edit != nil {
				h.Advice = "Let CMD name that."
			}
			break
		}
		return true
	}),
}}

var alembic = tool{name: "alembic", entries: []entry{
	on("no-revision", `(?m)^KeyError: '(\w+)'$|Can't locate revision identified by '(\w+)'`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		revision := m[1] + m[2]
		if r, _ := s.raised(); m[1] != "" && r.by != "alembic" {
			return false
		}
		after := regexp.MustCompile(`^down_revision\b[^=]*=\s*["']` + revision + `["']`)
		if p, _ := s.grep(after, ".py"); p.file != "" {
			h.Cause = fmt.Sprintf("%s, follows the migration %s, which no file of the folder is.", p, revision)
			h.Advice = "Hand in that file, too; where it is the first, write down_revision = None."
			h.Edit = p.replace(regexp.MustCompile(`=\s*["']`+revision+`["']`), "= None")
			return true
		}
		h.Cause = fmt.Sprintf("The database names the migration %s, which no file of the folder is.", revision)
		h.Advice = "Hand in that file, too, or begin with an empty database."
		return true
	}),
	on("no-config", `(?:No 'script_location' key found in configuration|No config file '?([^'\n]*)'? found)`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		if found := s.named("alembic.ini"); len(found) > 0 {
			if at := s.where(found[0]); at == "" {
				if line := s.hidden(found[0]); line != "" {
					h.Cause = fmt.Sprintf("alembic reads alembic.ini, and %s, keeps it out of the image.", line)
					h.Advice = "Take that line out of the ignore file."
					return true
				}
				h.Cause = fmt.Sprintf("alembic reads alembic.ini, and no COPY brings %s into the image.", found[0])
				h.Edit = s.beside(found[0] + " .")
				if h.Edit == nil {
					h.Advice = "COPY it, and the folder of migrations."
				}
				return true
			} else if at != inside(s.workdir(), "alembic.ini") {
				h.Cause = fmt.Sprintf("alembic reads alembic.ini in %s; it is at %s.", s.workdir(), at)
				h.Advice = "Name it."
				h.Edit = s.inCommand(regexp.MustCompile(`\balembic (upgrade|stamp|current)`), "alembic -c "+at+" ${1}")
				return true
			}
			h.Cause, h.Advice = fmt.Sprintf("%s has no script_location.", found[0]),
				"Add script_location = and the folder of migrations to its [alembic]."
			return true
		}
		h.Cause, h.Advice = "alembic reads alembic.ini, and the folder has none.",
			"Hand in alembic.ini with its folder of migrations, or take alembic out of the command."
		h.Edit = s.inCommand(regexp.MustCompile(`alembic (?:-c \S+ )?upgrade \w+ && `), "")
		if h.Edit != nil {
			h.Advice = "Hand in alembic.ini with its folder of migrations, or start without."
		}
		return true
	}),
	on("no-scripts", `Path doesn't exist: '?([^\s'.]+(?:\.\w+)*)'?\.? +Please use the 'init' command`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		p, _ := s.grep(regexp.MustCompile(`^\s*script_location\s*=`), ".ini")
		if rest := path.Base(m[1]); p.file != "" && s.has(path.Join(path.Dir(p.file), rest, "env.py")) &&
			path.Dir(p.file) != "." && s.where(p.file) != "" {
			h.Cause = fmt.Sprintf("%s, names the folder %s, which alembic looks for in %s, and it is beside that "+
				"file.", p,
				m[1], s.workdir())
			h.Advice = "Name it from there on."
			h.Edit = p.replace(regexp.MustCompile(`=.*$`), "= %(here)s/"+rest)
			return true
		}
		return folderMissing(s, m[:2], h)
	}),
	on("no-env", `Can't find Python file (\S+)`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		return notThere(s, m[1], h)
	}),
}}

var django = tool{name: "django", entries: []entry{
	on("secret-key", `The SECRET_KEY setting must not be empty`, "",
		"").with(func(s *Scene, _ []string, h *check.Hint) bool { return missing(s, []string{"SECRET_KEY"}, h) }),
	on("not-configured", `(?:ImproperlyConfigured: )?Set the (\w+) environment variable`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool { return missing(s, []string{m[1]}, h) }),
	on("no-hosts", `CommandError: You must set settings\.ALLOWED_HOSTS if DEBUG is False`,
		`DEBUG is False, and ALLOWED_HOSTS lists no name under which Django may be asked.`,
		`Write ALLOWED_HOSTS = ["*"] in the settings, or the names.`).with(allowedHosts),
	on("other-host", `(?:DisallowedHost: )?Invalid HTTP_HOST header: '([^'\n]+)'[^\n]*`,
		`Django was asked as $1, and ALLOWED_HOSTS does not list that name.`,
		`Write ALLOWED_HOSTS = ["*"] in the settings, or the names.`).with(allowedHosts),
	on("not-ready", `AppRegistryNotReady: ([^\n]+)`, "", "").with(func(s *Scene, _ []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("A model is imported%s before Django has been set up.", s.at())
		h.Advice = "Import it in a function, or call django.setup() above it."
		return true
	}),
	on("no-app-label", `No installed app with label '(\w+)'`, `INSTALLED_APPS lists no app $1, and something asks `+
		`for it.`,
		`Add it there.`),
	on("checks", `SystemCheckError: System check identified some issues:\s+ERRORS:\s+(?P<line>([^\n]+))`,
		`Django's own checks found: $2`, `Change the settings, or the model, as it says.`),
	on("no-settings", `ImproperlyConfigured: Requested setting \w+, but settings are not configured`,
		`Nothing says which settings Django is to use.`, `Set DJANGO_SETTINGS_MODULE.`),
	on("improper", `django\S*\.ImproperlyConfigured: ([^\n]+)`, `Django's settings are not as it wants them: $1`,
		`Change them as it says.`),
}}

// allowedHosts lets Django be asked under any name.
func allowedHosts(s *Scene, _ []string, h *check.Hint) bool {
	pattern := regexp.MustCompile(`^(ALLOWED_HOSTS\s*=\s*)\[[^\]]*\]`)
	if p, _ := s.grep(pattern, ".py"); p.file != "" {
		h.Cause = strings.Replace(h.Cause, "ALLOWED_HOSTS", fmt.Sprintf("ALLOWED_HOSTS (%s)", p), 1)
		if h.Edit = p.replace(pattern, `${1}["*"]`); h.Edit != nil {
			h.Advice = "Let it be asked under any."
		}
	}
	return true
}

// foreignAddress reports whether the address to listen on is not one of the container.
func foreignAddress(s *Scene, address string, h *check.Hint) bool {
	if address == "0.0.0.0" {
		return false
	}
	h.Cause = fmt.Sprintf("The program is to listen on %s, which is no address of the container.", address)
	h.Advice = "Let it listen on all of its addresses, 0.0.0.0."
	h.Edit = s.inCommand(regexp.MustCompile(`(^|[\s"'=])`+regexp.QuoteMeta(address)+`($|[\s"':])`), "${1}0.0.0.0${2}")
	if h.Edit == nil {
		if p, _ := s.grep(regexp.MustCompile(`["']`+regexp.QuoteMeta(address)+`["']`), ".py.js.ts"); p.file != "" {
			h.Edit = p.replace(regexp.MustCompile(regexp.QuoteMeta(address)), "0.0.0.0")
		}
	}
	return true
}
